//! Before any difference: that a replay gives what was recorded, twice the same, and no NaN.

use crate::base::shape::unravel;
use crate::base::state::State;
use crate::check::replay::flow::branch;
use crate::check::replay::values::value;
use crate::check::report::fault::{Fault, Stage};
use crate::error::{Error, NOT_TAKEN, Result};
use crate::graph::Branch;
use crate::graph::{Graph, Kind, Leaf, NodeId, Origin};
use crate::kernel::View;
use crate::plan::{Plan, PlanOptions, Seen};
use crate::tape::{Tape, Var};
use ndarray::ArrayD;
use rustc_hash::FxHashMap;

/// The state that a tape's values make: its parameters, as far as some nodes read them.
fn state(tape: &Tape, read: &[bool]) -> Result<State<f64>> {
    let mut state = State::new();
    for parameter in tape.parameters() {
        if read[parameter.id().index()] {
            state.insert(&parameter.name().unwrap_or_default(), value(tape, parameter.id())?);
        }
    }
    Ok(state)
}

/// That the loss is finite.
///
/// # Errors
///
/// The first node that holds NaN or an infinity, if it is not.
pub(super) fn finite_output(loss: Var<'_>, output: f64) -> Result<()> {
    if output.is_finite() {
        return Ok(());
    }
    let tape = loss.tape();
    let read = tape.graph().read_by([loss.id()]);
    let (node, value) = first_not_finite(tape, &read, |_| true)?
        .unwrap_or_else(|| (loss.id(), ndarray::arr0(output).into_dyn()));
    let place = value.iter().position(|x| !x.is_finite()).unwrap_or_default();
    let graph = tape.graph();
    Err(Error::NotFinite {
        what: "check",
        node: graph.describe(node),
        value: value.iter().nth(place).copied().unwrap_or(output).to_string(),
        index: unravel(place, value.shape()),
        location: graph.node(node).place(),
    })
}

/// The first of the marked nodes whose value has NaN or an infinity.
fn first_not_finite(
    tape: &Tape,
    marked: &[bool],
    which: impl Fn(NodeId) -> bool,
) -> Result<Option<(NodeId, ArrayD<f64>)>> {
    let ids: Vec<NodeId> = tape.graph().ids().filter(|id| marked.get(id.index()) == Some(&true)).collect();
    for id in ids {
        if which(id) && tape.kind(id) == Kind::Real {
            let value = value(tape, id)?;
            if value.iter().any(|x| !x.is_finite()) {
                return Ok(Some((id, value)));
            }
        }
    }
    Ok(None)
}

/// What is wrong if gradients hold NaN or an infinity: the first rule that gave one.
pub(super) fn finite_gradients(tape: &Tape, gradients: &[NodeId]) -> Result<Option<Fault>> {
    let read = tape.graph().read_by(gradients.iter().copied());
    let Some((id, value)) =
        first_not_finite(tape, &read, |id| tape.graph().node(id).origin() != Origin::Forward)?
    else {
        return Ok(None);
    };
    let of_op = tape.of_ops(|op| op.branches());
    let graph = tape.graph();
    let node = graph.node(id);
    let through = match node.origin() {
        Origin::Backward(through) => through,
        Origin::Forward | Origin::Update => id,
    };
    let place = value.iter().position(|x| !x.is_finite()).unwrap_or_default();
    let number = value.iter().nth(place).copied().unwrap_or(f64::NAN);
    let problem = format!(
        "in its derivative, {} gives {number} at index {:?}",
        graph.describe(id),
        unravel(place, value.shape())
    );
    let mut fault = Fault::new(Stage::Preflight, &graph, through, None, problem);
    // The cotangent of the branch that is not taken is 0, and 0 times an infinite derivative is NaN.
    let is_choice = |id: NodeId| matches!(branch(&graph, &of_op, id), Some(Branch::Operand(_)));
    let chosen = graph.ids().any(|id| read[id.index()] && is_choice(id));
    if number.is_nan() && chosen {
        fault.hint = Some(NOT_TAKEN.to_owned());
    }
    Ok(Some(fault))
}

/// What is wrong if the loss, replayed twice, is not what was recorded: the first node that differs.
pub(super) fn reproduced(loss: Var<'_>, tamper: Option<fn(&mut Plan<f64>)>) -> Result<Option<Fault>> {
    let tape = loss.tape();
    let read = tape.graph().read_by([loss.id()]);
    let mut state = state(tape, &read)?;
    let mut recorded = FxHashMap::default();
    let ids: Vec<NodeId> = tape.graph().ids().filter(|id| read[id.index()]).collect();
    for id in ids {
        if tape.kind(id) == Kind::Real {
            recorded.insert(id, value(tape, id)?);
        }
    }
    let graph = tape.graph();
    let watch = ReplayWatch { graph: &graph, recorded: &recorded };
    // Op by op first, since a fused run would be named as one.
    let mut plain = Plan::compile_with([loss], [], PlanOptions::default().fuse(false))?;
    for _ in 0..2 {
        if let Some(fault) = watch.run(&mut plain, &mut state)? {
            return Ok(Some(fault));
        }
    }
    let mut plan = Plan::compile([loss], [])?;
    if let Some(tamper) = tamper {
        tamper(&mut plan);
    }
    watch.run(&mut plan, &mut state)
}

/// The recorded values, to hold a replay against.
struct ReplayWatch<'a> {
    graph: &'a Graph,
    recorded: &'a FxHashMap<NodeId, ArrayD<f64>>,
}

impl ReplayWatch<'_> {
    fn run(&self, plan: &mut Plan<f64>, state: &mut State<f64>) -> Result<Option<Fault>> {
        let mut fault = None;
        plan.show(state, &mut |seen| fault = fault.take().or_else(|| self.look(seen)))?;
        Ok(fault)
    }

    /// Whether numbers are those recorded, bit for bit.
    fn same(&self, node: NodeId, numbers: View<'_, f64>) -> bool {
        let Some(recorded) = self.recorded.get(&node) else { return true };
        let same = |(a, b): (&f64, &f64)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
        match (numbers.as_slice(), recorded.as_slice()) {
            (Some(a), Some(b)) if a.len() == b.len() => a.iter().zip(b).all(same),
            // An operand of an elementwise run is stretched to the shape of the result.
            _ => match recorded.broadcast(numbers.array().raw_dim()) {
                Some(recorded) => numbers.array().iter().zip(&recorded).all(same),
                None => false,
            },
        }
    }

    fn look(&self, seen: Seen<'_, f64>) -> Option<Fault> {
        match seen {
            Seen::Read { by, node, numbers } if !self.same(node, numbers) => {
                let operand = self.graph.node(by).inputs().iter().position(|&x| x == node);
                let problem = format!(
                    "the plan has overwritten {} before this node reads it: a fault of the engine",
                    self.graph.describe(node)
                );
                Some(Fault::new(Stage::Preflight, self.graph, by, operand, problem))
            }
            Seen::Written { node, numbers } => {
                let shape = self.graph.node(node).shape();
                let layout = crate::base::shape::Layout::contiguous(shape);
                let numbers = View::new(numbers, 0, &layout.shape, &layout.strides);
                let problem =
                    "it is not deterministic: replayed on the recorded operands it gives another result";
                (!self.same(node, numbers))
                    .then(|| Fault::new(Stage::Preflight, self.graph, node, None, problem.to_owned()))
            }
            Seen::Read { .. } => None,
        }
    }
}

/// The leaves among `wanted` that are neither inputs nor parameters with real numbers are refused.
pub(super) fn check_leaf(graph: &Graph, id: NodeId) -> Result<()> {
    let node = graph.node(id);
    match node.leaf() {
        Some(Leaf::Input | Leaf::Parameter) if node.kind() == Kind::Real => Ok(()),
        _ => Err(Error::Argument {
            what: "check",
            problem: format!(
                "{} is not an input or a parameter; gradients are checked by moving leaves",
                graph.describe(id)
            ),
        }),
    }
}
