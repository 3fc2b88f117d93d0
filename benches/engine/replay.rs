//! Another run of a compiled plan. Run with `cargo bench --bench engine -- replay`.

use crate::CHAINS;
use crate::workloads::{OPS, numbers_plan, ops, small_ops_plan_with, training_step as step};
use chainrule::{PlanOptions, Precision, State};
use divan::Bencher;
use divan::counter::ItemsCount;

/// The chapter's training step: forward, backward, update; by threads.
#[divan::bench(types = [f32, f64], args = [1, 2])]
fn training_step<F: Precision>(bencher: Bencher<'_, '_>, threads: usize) {
    let (mut plan, mut state) = step::<F>(threads);
    bencher.bench_local(|| plan.run(&mut state).expect("everything was fed").nth(0)[[]]);
}

/// 1,000 small ops, forward and backward; with subnormal results as they are, and as 0.
#[divan::bench(types = [f32, f64], args = [false, true])]
fn small_ops<F: Precision>(bencher: Bencher<'_, '_>, flush: bool) {
    let options = PlanOptions::default().flush_subnormals(flush);
    let (mut plan, mut state) = (small_ops_plan_with::<F>(options), State::new());
    let bencher = bencher.counter(ItemsCount::new(OPS));
    bencher.bench_local(|| plan.run(&mut state).expect("everything was fed").nth(0)[[]]);
}

/// A graph of single numbers, forward and backward.
#[divan::bench(types = [f32, f64], sample_count = 20)]
fn scalars<F: Precision>(bencher: Bencher<'_, '_>) {
    let (mut plan, mut state) = (numbers_plan::<F>(CHAINS), State::new());
    let bencher = bencher.counter(ItemsCount::new(ops(CHAINS)));
    bencher.bench_local(|| plan.run(&mut state).expect("everything was fed").nth(0)[[]]);
}
