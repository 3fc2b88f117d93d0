//! Recording, and values computed on demand. Run with `cargo bench --bench engine -- record`.

use crate::CHAINS;
use crate::workloads::{OPS, numbers, ops, small_leaves, small_ops};
use chainrule::Tape;
use divan::Bencher;
use divan::counter::ItemsCount;

/// Single numbers, on a tape used again.
#[divan::bench]
fn scalars(bencher: Bencher<'_, '_>) {
    let mut tape = Tape::new();
    bencher.counter(ItemsCount::new(ops(CHAINS))).bench_local(|| {
        tape.reset();
        numbers(&tape, CHAINS).0.id()
    });
}

/// As `scalars`, and the value of the sum.
#[divan::bench]
fn scalars_value(bencher: Bencher<'_, '_>) {
    let mut tape = Tape::new();
    bencher.counter(ItemsCount::new(ops(CHAINS))).bench_local(|| {
        tape.reset();
        numbers(&tape, CHAINS).0.value().item()
    });
}

/// Arrays of 32 numbers, on a tape used again.
#[divan::bench]
fn arrays(bencher: Bencher<'_, '_>) {
    let mut tape = Tape::new();
    bencher.counter(ItemsCount::new(OPS)).bench_local(|| {
        tape.reset();
        small_ops(small_leaves(&tape)).id()
    });
}

/// As `arrays`, and the value of the sum.
#[divan::bench]
fn arrays_value(bencher: Bencher<'_, '_>) {
    let mut tape = Tape::new();
    bencher.counter(ItemsCount::new(OPS)).bench_local(|| {
        tape.reset();
        small_ops(small_leaves(&tape)).value().item()
    });
}
