//! Making a plan of what is recorded. Run with `cargo bench --bench engine -- compile`.

use crate::CHAINS;
use crate::workloads::{OPS, numbers, ops, small_leaves, small_ops as chain, training};
use chainrule::{Plan, Tape};
use divan::Bencher;
use divan::counter::ItemsCount;

/// The chapter's training step.
#[divan::bench]
fn training_step(bencher: Bencher<'_, '_>) {
    let tape = Tape::new();
    let (loss, updates, _) = training(&tape);
    let compile = || Plan::<f32>::compile([loss], updates.iter().copied());
    bencher.bench_local(|| compile().expect("the net compiles"));
}

/// 1,000 small ops, and their gradients.
#[divan::bench]
fn small_ops(bencher: Bencher<'_, '_>) {
    let tape = Tape::new();
    let leaves = small_leaves(&tape);
    let loss = chain(leaves);
    let gradients = loss.grad(leaves);
    let compile = || Plan::<f32>::compile([loss].into_iter().chain(gradients), []);
    bencher.counter(ItemsCount::new(OPS)).bench_local(|| compile().expect("it compiles"));
}

/// A million single numbers, without gradients.
#[divan::bench(sample_count = 10)]
fn scalars(bencher: Bencher<'_, '_>) {
    let tape = Tape::new();
    let (sum, _) = numbers(&tape, CHAINS);
    let bencher = bencher.counter(ItemsCount::new(ops(CHAINS)));
    bencher.bench_local(|| Plan::<f64>::compile([sum], []).expect("it compiles"));
}
