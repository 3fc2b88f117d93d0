//! What is counted: each workload made ready, and one step of it.

#[path = "../../workloads/mod.rs"]
pub mod workloads;

use chainrule::check::Mode;
use chainrule::{Check, Plan, Precision, State, Tape, Value, Var};

/// A plan that has run once, and its state.
pub type Ready<F> = (Plan<F>, State<F>);

fn warm<F: Precision>((mut plan, mut state): Ready<F>) -> Ready<F> {
    replay(&mut plan, &mut state);
    (plan, state)
}

/// Another run of a plan; gives its first output.
pub fn replay<F: Precision>(plan: &mut Plan<F>, state: &mut State<F>) -> F {
    plan.run(state).expect("everything was fed").nth(0)[[]]
}

/// Workload A in one thread.
pub fn training_step<F: Precision>() -> Ready<F> {
    warm(workloads::training_step(1))
}

/// Workload E.
pub fn small_ops<F: Precision>() -> Ready<F> {
    warm((workloads::small_ops_plan(), State::new()))
}

/// Workload C, so many times 1,000 ops.
pub fn numbers<F: Precision>(chains: usize) -> Ready<F> {
    warm((workloads::numbers_plan(chains), State::new()))
}

/// A tape on which `gradients` has been called on workload C, to be used again.
pub fn used(chains: usize, gradients: Gradients) -> (Tape, usize) {
    let mut tape = Tape::new();
    again(&mut tape, chains, gradients);
    (tape, chains)
}

/// How gradients are asked for.
pub type Gradients = for<'t> fn(Var<'t>, [Var<'t>; 2]) -> [Value; 2];

/// Workload C recorded anew, with its value and its gradients.
pub fn again(tape: &mut Tape, chains: usize, gradients: Gradients) -> [f64; 3] {
    tape.reset();
    let (sum, leaves) = workloads::numbers(tape, chains);
    let value = sum.value().item();
    let [da, db] = gradients(sum, leaves);
    [value, da.item(), db.item()]
}

/// Gradients as nodes, and their values.
pub fn recorded<'t>(sum: Var<'t>, leaves: [Var<'t>; 2]) -> [Value; 2] {
    sum.grad(leaves).map(Var::value)
}

/// Gradients as numbers, by the shortest way there is.
pub fn swept<'t>(sum: Var<'t>, leaves: [Var<'t>; 2]) -> [Value; 2] {
    #[cfg(feature = "sweep")]
    return sum.sweep(leaves);
    #[cfg(not(feature = "sweep"))]
    recorded(sum, leaves)
}

/// A network to check in the chapter's mode. Its tape is never freed, for the check borrows it.
pub fn check(sizes: [usize; 3]) -> Check<'static> {
    let (loss, parameters) = workloads::checked(Box::leak(Box::default()), sizes);
    let gradients = loss.try_grad(&parameters).expect("the net is differentiable");
    Check::new(loss, &parameters).gradients(&gradients).mode(Mode::CHAPTER).threads(1)
}

/// The chapter's check; whether all gradients are right.
pub fn passes(check: &Check<'_>) -> bool {
    check.run().expect("the check runs").passed()
}
