//! Replaying the graph with one element moved at a time.

use super::element::{Compared, Element};
use super::{Check, ParameterReport, Report};
use crate::error::{Error, Result};
use crate::graph::{Graph, Kind, Leaf, NodeId};
use crate::plan::Plan;
use crate::state::State;
use crate::tape::Var;
use ndarray::{ArrayD, Dimension};

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
    if leaves.is_empty() {
        return Err(argument("there is no leaf to check; give at least one".to_owned()));
    }
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
    let noise = Noise::new(loss, output, gradients_at)?;

    let mut parameters = Vec::new();
    for ((leaf, (_, point)), (_, gradient)) in leaves.iter().zip(points).zip(gradients_at) {
        let name = leaf.name().unwrap_or_else(|| leaf.id().to_string());
        let is_parameter = tape.graph().node(leaf.id()).leaf() == Some(Leaf::Parameter);
        let parameter = is_parameter.then(|| name.clone());
        let mut report = ParameterReport::new(name, point.shape().to_vec());
        if replay.reads(*leaf) {
            for ((index, &x), &backprop) in point.indexed_iter().zip(gradient) {
                let place = Place { leaf: *leaf, parameter: parameter.as_deref(), index: index.slice(), x };
                let (compared, element) = replay.compare(&place, backprop, noise, step, tolerance)?;
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

/// The node whose zeros tell which branch a node takes: a comparison itself, or the condition of a `where`.
fn branch(graph: &Graph, id: NodeId) -> Option<NodeId> {
    let node = graph.node(id);
    match node.op().name.as_str() {
        name if COMPARISONS.contains(&name) => Some(id),
        "where" => node.inputs().first().copied(),
        _ => None,
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

/// What rounding can do to the output.
#[derive(Clone, Copy)]
struct Noise {
    /// A few roundings of the output itself.
    least: f64,
    /// A few roundings of the greatest number on the way to the output: where that cancels, its roundings stay.
    most: f64,
    /// The greatest derivative asked for, or 1 if all are 0.
    slope: f64,
}

impl Noise {
    fn new(loss: Var<'_>, output: f64, gradients: &[(NodeId, ArrayD<f64>)]) -> Result<Self> {
        /// Roundings that an output may have gone through without their averaging out.
        const ROUNDINGS: f64 = 4.0;
        let greatest = |values: &[(NodeId, ArrayD<f64>)]| {
            values.iter().flat_map(|(_, v)| v).filter(|x| x.is_finite()).fold(0.0_f64, |m, x| m.max(x.abs()))
        };
        let tape = loss.tape();
        let on_the_way = read_by(&tape.graph(), [loss.id()]);
        let scale = greatest(&tape.values(on_the_way)?).max(output.abs());
        let slope = greatest(gradients);
        Ok(Self {
            least: ROUNDINGS * f64::EPSILON * output.abs(),
            most: ROUNDINGS * f64::EPSILON * scale,
            slope: if slope > 0.0 { slope } else { 1.0 },
        })
    }
}

/// The nodes whose real numbers some nodes are computed from, themselves included.
fn read_by(graph: &Graph, ids: impl IntoIterator<Item = NodeId>) -> Vec<NodeId> {
    let read = graph.read_by(ids);
    graph.nodes().filter(|n| read[n.id().index()] && n.kind() == Kind::Real).map(|n| n.id()).collect()
}

impl<'t> Replay<'t> {
    fn new(loss: Var<'t>, gradients: &[Var<'t>]) -> Result<Self> {
        let tape = loss.tape();
        let (branches, parameters, reads) = {
            let graph = tape.graph();
            let all = read_by(&graph, gradients.iter().map(|g| g.id()).chain([loss.id()]));
            let mut branches: Vec<NodeId> = all.iter().filter_map(|&id| branch(&graph, id)).collect();
            branches.sort_unstable();
            branches.dedup();
            let read = read_by(&graph, branches.iter().copied().chain([loss.id()]));
            let parameters: Vec<NodeId> =
                read.into_iter().filter(|&id| graph.node(id).leaf() == Some(Leaf::Parameter)).collect();
            (branches, parameters, read_by(&graph, [loss.id()]))
        };
        let comparisons: Vec<Var<'t>> = branches.into_iter().filter_map(|id| tape.var(id)).collect();
        let plan = Plan::compile([loss].into_iter().chain(comparisons.iter().copied()), [])?;
        let mut state = State::new();
        for (id, value) in tape.values(parameters)? {
            let name = tape.graph().node(id).name().unwrap_or_default().to_owned();
            state.insert(&name, value);
        }
        Ok(Self { plan, state, loss, comparisons, branches: Vec::new(), branches_at_base: Vec::new(), reads })
    }

    /// Whether the output depends on a leaf's elements.
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

    /// The output with one element moved by `h` and by `−h`, the distance between the two, and whether all is smooth
    /// between: on the branches of the base, and inside the output's domain.
    fn both_sides(&mut self, place: &Place<'_, '_>, h: f64) -> Result<(f64, f64, f64, bool)> {
        let (above, below) = (place.x + h, place.x - h);
        if above == place.x || below == place.x {
            return Err(argument(format!(
                "the step {h:e} vanishes beside {:e}, element {:?} of {:?}; take a larger one",
                place.x, place.index, place.leaf
            )));
        }
        let (f_above, same_above) = self.at(place, above)?;
        let (f_below, same_below) = self.at(place, below)?;
        let smooth = same_above && same_below && f_above.is_finite() && f_below.is_finite();
        Ok((f_above, f_below, above - below, smooth))
    }

    /// The central difference at step h, and whether all is smooth between.
    fn difference(&mut self, place: &Place<'_, '_>, h: f64) -> Result<(f64, bool)> {
        let (above, below, distance, smooth) = self.both_sides(place, h)?;
        Ok(((above - below) / distance, smooth))
    }

    fn compare(
        &mut self,
        place: &Place<'_, '_>,
        backprop: f64,
        noise: Noise,
        h: f64,
        tolerance: f64,
    ) -> Result<(Compared, Element)> {
        let (numeric, smooth) = self.difference(place, h)?;
        let compared = Compared { backprop, numeric, error: noise.least / h };
        if !smooth && backprop.is_finite() {
            return Ok((compared, Element::Kink));
        }
        if backprop == 0.0 && numeric == 0.0 {
            let (far, _) = self.difference(place, 8.0 * h)?;
            // An output too coarse to show a slope of the size that others have says nothing.
            let fine = noise.most / (8.0 * h) <= 1e-3 * noise.slope;
            let element = if far == 0.0 && fine { Element::Zero } else { compared.verdict(tolerance) };
            return Ok((compared, element));
        }
        if compared.agrees(tolerance) || !backprop.is_finite() {
            return Ok((compared, compared.verdict(tolerance)));
        }
        // Is it the step's length? A central difference errs by h²f‴/6, so half the step shows three quarters of it.
        let (half, smooth) = self.difference(place, h / 2.0)?;
        if !smooth {
            return Ok((compared, Element::Kink));
        }
        let compared = Compared { error: compared.error + (numeric - half).abs() * 4.0 / 3.0, ..compared };
        // Is it rounding on the way to the output? No, if it is far above the worst of that.
        if compared.verdict(tolerance) != Element::Fail || compared.difference() > 16.0 * noise.most / h {
            return Ok((compared, compared.verdict(tolerance)));
        }
        let compared =
            Compared { error: compared.error + self.scatter(place, numeric, noise, h)? / h, ..compared };
        Ok((compared, compared.verdict(tolerance)))
    }

    /// How far the output lies off the straight line of slope `numeric`, at some steps below h: what rounding does to
    /// it, measured. The worst of rounding, if the output is so coarse that it stands still between two steps.
    fn scatter(&mut self, place: &Place<'_, '_>, numeric: f64, noise: Noise, h: f64) -> Result<f64> {
        let (mut off, mut seen) = (0.0_f64, Vec::new());
        // No simple fractions, at which roundings would be alike.
        for part in [0.137_1, 0.381_97, 0.618_03, 0.876_54] {
            let (above, below, distance, _) = self.both_sides(place, part * h)?;
            off = off.max((above - below - numeric * distance).abs());
            seen.extend([above.to_bits(), below.to_bits()]);
        }
        seen.sort_unstable();
        let stands_still = seen.windows(2).any(|pair| pair[0] == pair[1]);
        Ok(if stands_still { off.max(noise.most) } else { off })
    }
}
