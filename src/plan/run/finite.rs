//! Whether numbers are finite: what a run is given, and what its steps compute.

use super::hook::StepHook;
use super::memory::RunMemory;
use crate::Float;
use crate::base::float::Written;
use crate::base::shape::unravel;
use crate::error::{Error, Result};
use crate::graph::{Graph, NodeId, Origin};
use crate::location::Location;
use crate::plan::step::{Buffer, BufferView, Step, StepOperand, StepOutput};
use crate::tape::Precision;
use std::sync::Arc;

/// That numbers of a shape are finite; `named` gives their name and the place of its recording.
pub(crate) fn check<F: Float>(
    numbers: &[F],
    shape: &[usize],
    named: impl FnOnce() -> (String, Location),
) -> Result<()> {
    let Some(at) = first_not_finite(numbers) else { return Ok(()) };
    let (node, location) = named();
    let value = Written(numbers[at]).to_string();
    Err(Error::NotFinite { what: "run", node, value, index: unravel(at, shape), location })
}

/// The index of the first number that is NaN or infinite.
fn first_not_finite<F: Float>(numbers: &[F]) -> Option<usize> {
    /// Numbers looked at together: a loop without an early exit is vectorised.
    const BLOCK: usize = 64;
    let finite = |numbers: &[F]| numbers.iter().fold(true, |all, x| all & x.is_finite());
    let block = numbers.chunks(BLOCK).position(|numbers| !finite(numbers))?;
    let start = block * BLOCK;
    numbers[start..].iter().position(|x| !x.is_finite()).map(|at| start + at)
}

/// Ends a run after the first step whose result is not finite.
pub(crate) struct FiniteHook(pub(crate) Arc<Graph>);

impl<F: Precision> StepHook<F> for FiniteHook {
    fn before(&mut self, _: usize, _: &Step, _: &mut RunMemory<'_, F>) -> bool {
        true
    }

    fn after(&mut self, _: usize, step: &Step, memory: &RunMemory<'_, F>) -> Result<()> {
        let graph = &*self.0;
        step.outputs.iter().try_for_each(|output| {
            let numbers = memory.target(output.target, step.len());
            let named = || (describe_result(graph, step, output, memory), graph.node(output.node).place());
            check(numbers, &step.shape, named)
        })
    }
}

/// The name of a result that is not finite: its node, its pass, and the ranges of the operands.
fn describe_result<F: Precision>(
    graph: &Graph,
    step: &Step,
    output: &StepOutput,
    memory: &RunMemory<'_, F>,
) -> String {
    let pass = match graph.node(output.node).origin() {
        Origin::Forward => "forward".to_owned(),
        Origin::Backward(through) => format!("backward, of {}", graph.describe(through)),
        Origin::Update => "update".to_owned(),
    };
    let numbers = memory.target(output.target, step.len());
    let bad = numbers.iter().filter(|x| !x.is_finite()).count();
    let operands = step
        .reads
        .iter()
        .zip(&step.operands)
        .map(|(&id, operand)| describe_operand(graph, id, operand, memory));
    format!(
        "{} ({pass}, in {}; {bad} of {} elements not finite; computed from {})",
        graph.describe(output.node),
        F::NAME,
        numbers.len(),
        operands.collect::<Vec<_>>().join(", ")
    )
}

/// An operand with the range of its numbers.
fn describe_operand<F: Precision>(
    graph: &Graph,
    id: NodeId,
    operand: &StepOperand,
    memory: &RunMemory<'_, F>,
) -> String {
    let name = graph.describe(id);
    let StepOperand::View(view) = operand else { return format!("the shape of {name}") };
    if matches!(view.buffer, Buffer::Index(_) | Buffer::IndexResult(_)) {
        return name;
    }
    // A number that is broadcast over an axis counts once.
    let mut layout = view.layout.clone();
    for (n, _) in layout.shape.iter_mut().zip(&layout.strides).filter(|(_, stride)| **stride == 0) {
        *n = (*n).min(1);
    }
    let view = BufferView { buffer: view.buffer, layout };
    format!("{name} {}", range(memory.view(&view).array().iter().copied()))
}

/// `from 1.0 to 2.5`, of the numbers that are finite, and how many are not.
fn range<F: Float>(numbers: impl Iterator<Item = F>) -> String {
    let (mut least, mut greatest, mut count, mut bad) = (F::infinity(), F::neg_infinity(), 0, 0);
    for x in numbers {
        count += 1;
        match x.is_finite() {
            true => (least, greatest) = (least.minimum(x), greatest.maximum(x)),
            false => bad += 1,
        }
    }
    let finite = match count - bad {
        0 if count == 0 => return "without elements".to_owned(),
        0 => "without a finite number".to_owned(),
        1 if count == 1 => format!("= {}", Written(least)),
        _ => format!("from {} to {}", Written(least), Written(greatest)),
    };
    if bad == 0 { finite } else { format!("{finite}, {bad} of {count} elements not finite") }
}
