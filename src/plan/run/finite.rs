//! That nothing in a run is NaN or infinite: what is given, and what every step computes.

use super::memory::Space;
use super::replay::Attend;
use crate::Float;
use crate::error::{Error, Result};
use crate::float::Written;
use crate::graph::{Graph, NodeId, Origin};
use crate::location::Location;
use crate::plan::step::{Operand, Output, Place, Root, Step};
use crate::plan::{InputSlot, ParameterSlot, Plan};
use crate::shape::unravel;
use crate::state::State;
use crate::tape::Precision;
use std::sync::Arc;

impl<F: Precision> Plan<F> {
    /// That inputs hold finite numbers.
    pub(crate) fn check_inputs(&self) -> Result<()> {
        self.inputs.iter().try_for_each(|InputSlot { name, shape, location, values, .. }| {
            check(values, shape, || (format!("input `{name}` {:?}", &shape[..]), location.clone()))
        })
    }

    /// That the parameters that are read hold finite numbers.
    pub(crate) fn check_parameters(&self, state: &State<F>) -> Result<()> {
        self.parameters.iter().filter(|slot| slot.read).try_for_each(|slot| {
            let ParameterSlot { name, shape, location, place, .. } = slot;
            let named = || (format!("parameter `{name}` {:?} in the state", &shape[..]), location.clone());
            check(state.numbers(*place), shape, named)
        })
    }
}

/// That numbers of a shape are finite; `named` says whose they are and where that was recorded.
fn check<F: Float>(numbers: &[F], shape: &[usize], named: impl FnOnce() -> (String, Location)) -> Result<()> {
    let Some(at) = first_not_finite(numbers) else { return Ok(()) };
    let (node, location) = named();
    let value = Written(numbers[at]).to_string();
    Err(Error::NotFinite { what: "run", node, value, index: unravel(at, shape), location })
}

/// The place of the first number that is NaN or infinite.
fn first_not_finite<F: Float>(numbers: &[F]) -> Option<usize> {
    /// Numbers looked at together: loops without a way out are made short.
    const STRETCH: usize = 64;
    let finite = |numbers: &[F]| numbers.iter().fold(true, |all, x| all & x.is_finite());
    let stretch = numbers.chunks(STRETCH).position(|numbers| !finite(numbers))?;
    let start = stretch * STRETCH;
    numbers[start..].iter().position(|x| !x.is_finite()).map(|at| start + at)
}

/// Ends a run at the first step whose result is not finite.
pub(crate) struct Finite(pub(crate) Arc<Graph>);

impl<F: Precision> Attend<F> for Finite {
    fn before(&mut self, _: usize, _: &Step, _: &mut Space<'_, F>) -> bool {
        true
    }

    fn after(&mut self, _: usize, step: &Step, space: &Space<'_, F>) -> Result<()> {
        let graph = &*self.0;
        step.outputs.iter().try_for_each(|output| {
            let numbers = space.target(output.target, step.len());
            let named = || (told(graph, step, output, space), graph.node(output.node).place());
            check(numbers, &step.shape, named)
        })
    }
}

/// How a result that is not finite is named: by its node, the pass that it is of, and the ranges of what it is computed from.
fn told<F: Precision>(graph: &Graph, step: &Step, output: &Output, space: &Space<'_, F>) -> String {
    let pass = match graph.node(output.node).origin() {
        Origin::Forward => "forward".to_owned(),
        Origin::Backward(through) => format!("backward, of {}", graph.describe(through)),
        Origin::Update => "update".to_owned(),
    };
    let numbers = space.target(output.target, step.len());
    let sick = numbers.iter().filter(|x| !x.is_finite()).count();
    let operands =
        step.reads.iter().zip(&step.operands).map(|(&id, operand)| told_operand(graph, id, operand, space));
    format!(
        "{} ({pass}, in {}; {sick} of {} elements not finite; computed from {})",
        graph.describe(output.node),
        F::NAME,
        numbers.len(),
        operands.collect::<Vec<_>>().join(", ")
    )
}

/// An operand with the range of its numbers.
fn told_operand<F: Precision>(graph: &Graph, id: NodeId, operand: &Operand, space: &Space<'_, F>) -> String {
    let name = graph.describe(id);
    let Operand::Place(place) = operand else { return format!("the shape of {name}") };
    if matches!(place.root, Root::Index(_)) {
        return name;
    }
    // A number that is stretched over an axis counts once.
    let mut layout = place.layout.clone();
    for (n, _) in layout.shape.iter_mut().zip(&layout.strides).filter(|(_, stride)| **stride == 0) {
        *n = (*n).min(1);
    }
    let place = Place { root: place.root, layout };
    format!("{name} {}", range(space.view(&place).array().iter().copied()))
}

/// `from 1.0 to 2.5`, of the numbers that are finite, and how many are not.
fn range<F: Float>(numbers: impl Iterator<Item = F>) -> String {
    let (mut least, mut greatest, mut count, mut sick) = (F::infinity(), F::neg_infinity(), 0, 0);
    for x in numbers {
        count += 1;
        match x.is_finite() {
            true => (least, greatest) = (least.minimum(x), greatest.maximum(x)),
            false => sick += 1,
        }
    }
    let finite = match count - sick {
        0 if count == 0 => return "without elements".to_owned(),
        0 => "without a finite number".to_owned(),
        1 if count == 1 => format!("= {}", Written(least)),
        _ => format!("from {} to {}", Written(least), Written(greatest)),
    };
    if sick == 0 { finite } else { format!("{finite}, {sick} of {count} elements not finite") }
}
