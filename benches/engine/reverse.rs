//! Gradients, the recording and the value included: as numbers by a sweep, or recorded and then computed. Run with
//! `cargo bench --bench engine -- reverse`.

use crate::CHAINS;
use crate::workloads::{OPS, numbers, ops, small_leaves, small_ops};
use chainrule::{Tape, Value, Var};
use divan::Bencher;
use divan::counter::ItemsCount;

/// Gradients as numbers, without nodes.
fn swept<const N: usize>(loss: Var<'_>, leaves: [Var<'_>; N]) -> [Value; N] {
    loss.sweep(leaves)
}

/// Gradients as nodes, and their values.
fn recorded<const N: usize>(loss: Var<'_>, leaves: [Var<'_>; N]) -> [Value; N] {
    loss.grad(leaves).map(Var::value)
}

/// A step of workload C: recording, value and gradients.
fn of_numbers(tape: &Tape, gradients: fn(Var<'_>, [Var<'_>; 2]) -> [Value; 2]) -> (Value, [Value; 2]) {
    let (sum, leaves) = numbers(tape, CHAINS);
    (sum.value(), gradients(sum, leaves))
}

/// On a tape used again.
#[divan::bench(sample_count = 20)]
fn scalars_sweep_warm(bencher: Bencher<'_, '_>) {
    let mut tape = Tape::new();
    bencher.counter(ItemsCount::new(ops(CHAINS))).bench_local(|| {
        tape.reset();
        of_numbers(&tape, swept)
    });
}

/// On a new tape each time: what the pages of new memory cost comes on top.
#[divan::bench(sample_count = 20)]
fn scalars_sweep_cold(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(ops(CHAINS))).bench_local(|| of_numbers(&Tape::new(), swept));
}

/// On a tape used again.
#[divan::bench(sample_count = 20)]
fn scalars_grad(bencher: Bencher<'_, '_>) {
    let mut tape = Tape::new();
    bencher.counter(ItemsCount::new(ops(CHAINS))).bench_local(|| {
        tape.reset();
        of_numbers(&tape, recorded)
    });
}

/// A step of workload E on a tape used again.
fn of_arrays(bencher: Bencher<'_, '_>, gradients: fn(Var<'_>, [Var<'_>; 3]) -> [Value; 3]) {
    let mut tape = Tape::new();
    bencher.counter(ItemsCount::new(OPS)).bench_local(|| {
        tape.reset();
        let leaves = small_leaves(&tape);
        let loss = small_ops(leaves);
        (loss.value(), gradients(loss, leaves))
    });
}

#[divan::bench]
fn arrays_sweep(bencher: Bencher<'_, '_>) {
    of_arrays(bencher, swept);
}

#[divan::bench]
fn arrays_grad(bencher: Bencher<'_, '_>) {
    of_arrays(bencher, recorded);
}
