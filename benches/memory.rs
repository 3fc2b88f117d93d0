//! How much memory a node takes, in bytes that an allocator counts. Run with `cargo bench --bench memory`; the figures
//! are the same in every run.

#[path = "../tests/support/counting.rs"]
mod counting;
#[path = "workloads/mod.rs"]
mod workloads;

use chainrule::{Plan, Tape, Var};
use counting::{HELD, MOST};
use workloads::{numbers, numbers_plan, small_leaves, small_ops, small_ops_plan};

/// Prints what a call keeps, and the most that it held, by each of so many nodes; and gives back what it keeps.
fn measure<T>(what: &str, nodes: impl FnOnce(&T) -> usize, f: impl FnOnce() -> T) -> T {
    let before = HELD.get();
    MOST.set(before);
    let kept = f();
    let (held, most) = (HELD.get() - before, MOST.get() - before);
    let nodes = nodes(&kept);
    let per = |bytes: isize| bytes as f64 / nodes as f64;
    println!("| {what} | {nodes} | {:.1} | {:.1} |", per(held), per(most));
    kept
}

/// Recording, values, sweep and recorded gradients, one after the other on one tape.
fn of_a_tape<const N: usize>(what: &str, record: impl for<'t> Fn(&'t Tape) -> (Var<'t>, [Var<'t>; N])) {
    let tape = Tape::new();
    let len = || tape.graph().len();
    let (loss, leaves) = measure(&format!("{what}: recorded"), |_| len(), || record(&tape));
    measure(&format!("{what}: values"), |_| len(), || drop(loss.value()));
    measure(&format!("{what}: sweep"), |_| len(), || drop(loss.sweep(leaves)));
    let forward = len();
    let gradients = measure(
        &format!("{what}: gradient recorded, by node of it"),
        |_| len() - forward,
        || loss.grad(leaves),
    );
    measure(
        &format!("{what}: values of the gradient, by node of it"),
        |_| len() - forward,
        || gradients.map(|dx| drop(dx.value())),
    );
}

/// A plan; its tape is no longer there.
fn of_a_plan<F: chainrule::Precision>(what: &str, plan: fn() -> Plan<F>) {
    measure(what, |plan| plan.schedule().nodes, plan);
}

fn main() {
    println!("| what | nodes | bytes kept, each | the most held, each |\n| --- | ---: | ---: | ---: |");
    of_a_tape("single numbers", |tape| numbers(tape, 1001));
    of_a_tape("arrays of 32", |tape| {
        let leaves = small_leaves(tape);
        (small_ops(leaves), leaves)
    });
    of_a_plan::<f64>("plan of single numbers with gradient, f64", || numbers_plan(1001));
    of_a_plan::<f32>("plan of arrays of 32 with gradient, f32", small_ops_plan);
}
