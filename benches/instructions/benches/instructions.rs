//! Instructions of the hot paths, each of a second run. Run with `cargo bench` in this folder.

use chainrule::{Check, Plan, Tape, Var};
use chainrule_instructions::workloads::{small_leaves, small_ops as chain};
use chainrule_instructions::{
    Ready, again, check, numbers, passes, recorded, replay, small_ops, swept, training_step, used,
};
use gungraun::{Callgrind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main};

#[library_benchmark]
#[bench::f32(training_step())]
fn replay_training_step((mut plan, mut state): Ready<f32>) -> (f32, Ready<f32>) {
    (replay(&mut plan, &mut state), (plan, state))
}

#[library_benchmark]
#[bench::f32(small_ops())]
fn replay_small_ops((mut plan, mut state): Ready<f32>) -> (f32, Ready<f32>) {
    (replay(&mut plan, &mut state), (plan, state))
}

#[library_benchmark]
#[bench::f64(numbers(100))]
fn replay_numbers((mut plan, mut state): Ready<f64>) -> (f64, Ready<f64>) {
    (replay(&mut plan, &mut state), (plan, state))
}

#[library_benchmark]
#[bench::f64(used(100, swept))]
fn record_value_sweep((mut tape, chains): (Tape, usize)) -> ([f64; 3], Tape) {
    (again(&mut tape, chains, swept), tape)
}

#[library_benchmark]
#[bench::f64(used(100, recorded))]
fn record_value_grad((mut tape, chains): (Tape, usize)) -> ([f64; 3], Tape) {
    (again(&mut tape, chains, recorded), tape)
}

#[library_benchmark]
#[bench::of_20_8_4(check([20, 8, 4]))]
fn check_chapter(check: Check<'static>) -> (bool, Check<'static>) {
    (passes(&check), check)
}

/// Workload E and its gradients, on a tape that is never freed.
fn outputs() -> Vec<Var<'static>> {
    let leaves = small_leaves(Box::leak(Box::<Tape>::default()));
    let loss = chain(leaves);
    [loss].into_iter().chain(loss.grad(leaves)).collect()
}

#[library_benchmark]
#[bench::f32(outputs())]
fn compile_small_ops(outputs: Vec<Var<'static>>) -> Plan<f32> {
    Plan::compile(outputs, []).expect("it compiles")
}

library_benchmark_group!(
    name = hot,
    benchmarks = [
        replay_training_step,
        replay_small_ops,
        replay_numbers,
        record_value_sweep,
        record_value_grad,
        check_chapter,
        compile_small_ops
    ]
);

// Instructions only: a simulated cache would take twice as long and say little of a real one.
main!(
    config = LibraryBenchmarkConfig::default().tool(Callgrind::with_args(["--cache-sim=no"])),
    library_benchmark_groups = hot
);
