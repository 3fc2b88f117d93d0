//! Replaying the graph with one element moved at a time.

use super::element::{Compared, Element};
use super::{Check, ParameterReport, Report};
use crate::error::{Error, Result};
use crate::graph::{Graph, Kind, Leaf, NodeId};
use crate::plan::Plan;
use crate::state::State;
use crate::tape::Var;
use ndarray::Dimension;

/// Ops whose results tell on which branch of a piecewise function a point lies.
const COMPARISONS: [&str; 6] = ["greater", "greater_equal", "less", "less_equal", "equal", "not_equal"];

#[track_caller]
pub(super) fn run(check: &Check<'_>) -> Result<Report> {
    let Check { loss, ref leaves, step, tolerance } = *check;
    let tape = loss.tape();
    for &leaf in leaves {
        tape.own("check", leaf, &[loss])?;
    }
    leaves.iter().try_for_each(|leaf| check_leaf(&tape.graph(), leaf.id()))?;
    if !(step.is_finite() && step > 0.0) {
        return Err(argument(format!("a step of {step} is not a positive number")));
    }
    let gradients = loss.try_grad(leaves)?;
    let ids = leaves.iter().chain(&gradients).map(|v| v.id());
    let values = tape.values(ids)?;
    let (points, gradients_at) = values.split_at(leaves.len());

    let mut replay = Replay::new(loss, &gradients)?;
    let output = replay.output()?;
    if !output.is_finite() {
        return Err(argument(format!("the output {loss:?} is {output} at this point; it must be finite")));
    }
    let again = replay.output()?;
    if again.to_bits() != output.to_bits() {
        return Err(argument(format!(
            "two replays gave {output:e} and {again:e}; an op is not deterministic"
        )));
    }
    replay.branches_at_base = replay.branches.clone();

    let mut parameters = Vec::new();
    for ((leaf, (_, point)), (_, gradient)) in leaves.iter().zip(points).zip(gradients_at) {
        let name = leaf.name().unwrap_or_else(|| leaf.id().to_string());
        let is_parameter = tape.graph().node(leaf.id()).leaf() == Some(Leaf::Parameter);
        let parameter = is_parameter.then(|| name.clone());
        let mut report = ParameterReport::new(name, point.shape().to_vec());
        if replay.reads(*leaf) {
            for ((index, &x), &backprop) in point.indexed_iter().zip(gradient) {
                let place = Place { leaf: *leaf, parameter: parameter.as_deref(), index: index.slice(), x };
                let (compared, element) = replay.compare(&place, backprop, output, step, tolerance)?;
                report.count(place.index.to_vec(), compared, element);
            }
            report.close();
        }
        parameters.push(report);
    }
    Ok(Report { step, tolerance, output, parameters })
}

fn argument(problem: String) -> Error {
    Error::Argument { what: "check", problem }
}

fn check_leaf(graph: &Graph, id: NodeId) -> Result<()> {
    let node = graph.node(id);
    match node.leaf() {
        Some(Leaf::Input | Leaf::Parameter) if node.kind() == Kind::Real => Ok(()),
        _ => Err(argument(format!(
            "{} is not an input or a parameter; gradients are checked by moving leaves",
            graph.describe(id)
        ))),
    }
}

/// An element of a leaf, and its value.
struct Place<'t, 'i> {
    leaf: Var<'t>,
    /// Its name in the state, if it is a parameter.
    parameter: Option<&'i str>,
    index: &'i [usize],
    x: f64,
}

/// The graph as a function of its leaves, with the branches that it takes.
struct Replay<'t> {
    plan: Plan<f64>,
    state: State<f64>,
    loss: Var<'t>,
    comparisons: Vec<Var<'t>>,
    branches: Vec<bool>,
    branches_at_base: Vec<bool>,
    reads: Vec<NodeId>,
}

impl<'t> Replay<'t> {
    fn new(loss: Var<'t>, gradients: &[Var<'t>]) -> Result<Self> {
        let tape = loss.tape();
        let (comparisons, parameters, reads) = {
            let graph = tape.graph();
            let all = graph.ancestors(gradients.iter().map(|g| g.id()).chain([loss.id()]));
            let is_comparison =
                |id: &NodeId| all[id.index()] && COMPARISONS.contains(&graph.node(*id).op().name.as_str());
            let comparisons: Vec<NodeId> = graph.ids().filter(is_comparison).collect();
            let read = graph.ancestors(comparisons.iter().copied().chain([loss.id()]));
            let of_loss = graph.ancestors([loss.id()]);
            let leaves = |marked: Vec<bool>| {
                graph.nodes().filter(move |n| marked[n.id().index()] && n.leaf().is_some())
            };
            let parameters: Vec<NodeId> =
                leaves(read).filter(|n| n.leaf() == Some(Leaf::Parameter)).map(|n| n.id()).collect();
            let reads: Vec<NodeId> = leaves(of_loss).map(|n| n.id()).collect();
            (comparisons, parameters, reads)
        };
        let comparisons: Vec<Var<'t>> = comparisons.into_iter().filter_map(|id| tape.var(id)).collect();
        let plan = Plan::compile([loss].into_iter().chain(comparisons.iter().copied()), [])?;
        let mut state = State::new();
        for (id, value) in tape.values(parameters)? {
            let name = tape.graph().node(id).name().unwrap_or_default().to_owned();
            state.insert(&name, value);
        }
        Ok(Self { plan, state, loss, comparisons, branches: Vec::new(), branches_at_base: Vec::new(), reads })
    }

    /// Whether the output depends on a leaf.
    fn reads(&self, leaf: Var<'_>) -> bool {
        self.reads.contains(&leaf.id())
    }

    /// The output where the leaves are now; the branches taken are kept.
    fn output(&mut self) -> Result<f64> {
        let out = self.plan.run(&mut self.state)?;
        self.branches.clear();
        for position in 0..self.comparisons.len() {
            self.branches.extend(out.nth(position + 1).iter().map(|&b| b != 0.0));
        }
        Ok(out.item(self.loss))
    }

    /// The output with one element moved to `x`, and whether it takes the same branches as at the base.
    fn at(&mut self, place: &Place<'_, '_>, x: f64) -> Result<(f64, bool)> {
        self.set(place, x)?;
        let output = self.output()?;
        self.set(place, place.x)?;
        Ok((output, self.branches == self.branches_at_base))
    }

    fn set(&mut self, place: &Place<'_, '_>, x: f64) -> Result<()> {
        let index = ndarray::IxDyn(place.index);
        match place.parameter.and_then(|name| self.state.get_mut(name)) {
            Some(mut array) => array[index] = x,
            None => self.plan.input_mut(place.leaf)?[index] = x,
        }
        Ok(())
    }

    /// The central difference at step h, over the distance really taken, and whether a kink was crossed.
    fn difference(&mut self, place: &Place<'_, '_>, h: f64) -> Result<(f64, bool)> {
        let (above, below) = (place.x + h, place.x - h);
        if above == place.x || below == place.x {
            return Err(argument(format!(
                "the step {h:e} vanishes beside {:e}, element {:?} of {:?}; take a larger one",
                place.x, place.index, place.leaf
            )));
        }
        let (f_above, same_above) = self.at(place, above)?;
        let (f_below, same_below) = self.at(place, below)?;
        Ok(((f_above - f_below) / (above - below), same_above && same_below))
    }

    fn compare(
        &mut self,
        place: &Place<'_, '_>,
        backprop: f64,
        output: f64,
        h: f64,
        tolerance: f64,
    ) -> Result<(Compared, Element)> {
        let (numeric, smooth) = self.difference(place, h)?;
        // Each of the two outputs carries a few roundings of its own size.
        let rounding = 4.0 * f64::EPSILON * output.abs() / h;
        let compared = Compared { backprop, numeric, error: rounding };
        if !smooth {
            return Ok((compared, Element::Kink));
        }
        if backprop == 0.0 && numeric == 0.0 {
            let (far, _) = self.difference(place, 8.0 * h)?;
            let element = if far == 0.0 { Element::Zero } else { compared.verdict(tolerance) };
            return Ok((compared, element));
        }
        if compared.agrees(tolerance) {
            return Ok((compared, compared.verdict(tolerance)));
        }
        // Is it the step's length? A central difference errs by h²f‴/6, so half the step shows three quarters of it.
        let (half, smooth) = self.difference(place, h / 2.0)?;
        if !smooth {
            return Ok((compared, Element::Kink));
        }
        let compared = Compared { error: rounding + (numeric - half).abs() * 4.0 / 3.0, ..compared };
        Ok((compared, compared.verdict(tolerance)))
    }
}
