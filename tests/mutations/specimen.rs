//! A wrong rule on operands that show it, in the middle of a small graph.

use crate::altered::{Altered, Rule};
use crate::finding::{Expected, Finding};
use crate::support::{self, Operand};
use chainrule::check::Stage;
use chainrule::op::{Domain, Op};
use chainrule::{Check, Tape, Var};
use ndarray::ArrayD;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// An op with a rule that can be wrong for one operand, and operands on which that shows.
pub(crate) struct Specimen {
    pub(crate) number: usize,
    pub(crate) what: &'static str,
    /// The op with the wrong rule for this operand, or with right ones.
    op: Box<dyn Fn(Option<usize>) -> Arc<dyn Op>>,
    operands: Vec<Operand>,
    /// The operand whose rule is wrong.
    operand: usize,
    /// Whether the wrong rule gives what the right one does under a cotangent of ones.
    pub(crate) hides_under_ones: bool,
    /// The order up to which the right rule is checked: 1 where a second derivative does not exist.
    order: usize,
    /// Whether the wrong rule gives another shape than the operand's, so that no gradient can be recorded.
    pub(crate) misfits: bool,
}

/// An op on a tape, and where it was recorded.
struct Recorded<'t> {
    leaves: Vec<Var<'t>>,
    y: Var<'t>,
    line: u32,
}

impl Specimen {
    /// An op of one's own.
    pub(crate) fn new<O: Op>(
        number: usize,
        what: &'static str,
        operand: usize,
        operands: Vec<Operand>,
        op: impl Fn(Option<usize>) -> O + 'static,
    ) -> Self {
        let op = Box::new(move |wrong| Arc::new(op(wrong)) as Arc<dyn Op>);
        Self { number, what, op, operands, operand, hides_under_ones: false, order: 2, misfits: false }
    }

    /// An op of the crate with a rule of one's own.
    pub(crate) fn altered(
        number: usize,
        what: &'static str,
        right: impl Op,
        operand: usize,
        operands: Vec<Operand>,
        rule: Rule,
    ) -> Self {
        let right: Arc<dyn Op> = Arc::new(right);
        let op = move |wrong| Altered { right: right.clone(), what, wrong, rule };
        Self::new(number, what, operand, operands, op)
    }

    pub(crate) fn hides_under_ones(self) -> Self {
        Self { hides_under_ones: true, ..self }
    }

    pub(crate) fn first_order(self) -> Self {
        Self { order: 1, ..self }
    }

    pub(crate) fn misfits(self) -> Self {
        Self { misfits: true, ..self }
    }

    /// Records the op on leaves, or on what is computed from them.
    fn record<'t>(&self, tape: &'t Tape, wrong: bool, before: impl Fn(Var<'t>) -> Var<'t>) -> Recorded<'t> {
        let op = (self.op)(wrong.then_some(self.operand));
        let (mut leaves, mut x) = (Vec::new(), Vec::new());
        for (i, operand) in self.operands.iter().enumerate() {
            let leaf = support::leaf(tape, &format!("x{i}"), operand);
            let is_real = matches!(operand, Operand::Real(_));
            x.push(if is_real { before(leaf) } else { leaf });
            leaves.extend(is_real.then_some(leaf));
        }
        let (y, line) = (tape.try_apply_shared(op, &x), line!());
        Recorded { leaves, y: y.unwrap_or_else(|e| panic!("{e}")), line }
    }

    fn expected(&self, y: Var<'_>, line: u32) -> Expected {
        Expected {
            stage: Stage::Node,
            node: y.id(),
            operand: Some(self.operand),
            op: y.tape().graph().node(y.id()).op().name.clone(),
            place: (file!(), line),
        }
    }

    /// Checks the op in the middle of a graph: what goes in was computed, and what comes out is used twice.
    pub(crate) fn run(&self, wrong: bool) -> Finding {
        let tape = Tape::new();
        let Recorded { leaves, y, line } = self.record(&tape, wrong, |leaf| 1.25 * leaf);
        let weights = tape.constant(signed(&y.shape(), 100));
        let loss = (y * weights + 0.3 * y.square()).sum();
        // What is right must be so at the second order, too.
        let order = if wrong { 1 } else { self.order };
        Finding::of(Check::new(loss, &leaves).order(order).run(), &self.expected(y, line))
    }

    /// Checks the op alone, summed: its cotangent is ones.
    pub(crate) fn run_under_ones(&self, wrong: bool) -> Finding {
        let tape = Tape::new();
        let Recorded { leaves, y, line } = self.record(&tape, wrong, |leaf| leaf);
        Finding::of(Check::new(y.sum(), &leaves).run(), &self.expected(y, line))
    }

    /// What the rule for the operand gives for a cotangent of ones, at the same operands for both twins.
    pub(crate) fn gradient_under_ones(&self, wrong: bool) -> ArrayD<f64> {
        let tape = Tape::new();
        let Recorded { leaves, y, .. } = self.record(&tape, wrong, |leaf| leaf);
        let [dx] = y.sum().grad([leaves[self.operand]]);
        dx.value().into_array()
    }
}

/// Numbers of either sign, off zero.
pub(crate) fn signed(shape: &[usize], seed: u64) -> ArrayD<f64> {
    support::real(shape, Domain::Signed(0.4, 2.0), &mut ChaCha8Rng::seed_from_u64(seed))
}

/// Operands with numbers of either sign.
pub(crate) fn operands<const N: usize>(shapes: [&[usize]; N]) -> Vec<Operand> {
    (0..).zip(shapes).map(|(seed, shape)| Operand::Real(signed(shape, seed))).collect()
}
