//! A check of one op by itself, on operands chosen to be hostile.

use crate::check::ops::operands::{ONE, SIGNED, THREE, TWO};
use crate::check::random::{Random, signed};
use crate::check::settings::Check;
use crate::error::{Error, Result};
use crate::graph::Kind;
use crate::tape::Var;
use crate::tape::op::{Op, Operand};
use crate::tape::sample::{Domain, Sample};
use ndarray::{ArrayD, IxDyn};
use std::sync::Arc;

/// A check of an op's rules: first and second order, random signed cotangents, on operands of many shapes and layouts.
///
/// Each case is a small graph of its own, checked as [`Check`] checks any: the op's own [samples](Op::samples), and of a
/// list of hostile shapes those that its shape rule accepts: distinct sizes and equal ones, where a sum over the wrong
/// axis has the right shape; axes of size 1, empty arrays, rank 0, broadcasting both ways at once. On each, the operands
/// are contiguous, transposed, every second element forwards and backwards, and stretched; the result is used twice; and
/// one var is every operand, where shapes allow.
///
/// # Zeros and ties
///
/// On the largest of these shapes of up to 64 elements, operands are exactly 0, all of them or every third, together and
/// each operand alone; and they are made of two numbers, so that elements tie. This is to first order. At a kink,
/// every number between the slopes to both sides is accepted. Where a slope grows without bound, as that of a root at 0,
/// there is no derivative, and nothing is accused. A domain that is [asked for](Self::domain) is not left: zeros are
/// tried only if they are in it, and ties unless it keeps elements apart. None of this is tried where an earlier case has
/// failed.
///
/// # Extremes
///
/// On the same shape, operands are near 1e-3, 30 and 800 in magnitude, to first order, and near 5, 12 and 1e5 if the op is
/// not elementwise: where the domain of the
/// samples has both signs, all positive, all negative and mixed, else of the sign of the domain; together, and each
/// operand alone. Where the result would be greater than 1e100, or the function ends, they are smaller. A result that is
/// not finite is no fault by itself: `exp` overflows, and a function may end at the edge of its domain. A kernel is at
/// fault where the result is below 1e30 just before it ends, and a number on the way must have overflowed: either the
/// kernel for single precision ends earlier, since an edge of the domain would be in the same place for both, or the end
/// is exactly where `exp` overflows. A rule is at fault where it gives NaN or an infinity for operands with a finite
/// result. Elementwise ops are tried on magnitudes from 1e-3 to 1e15 side by side besides, wherever their result is at
/// most 1e100. Indices, and operands whose elements must keep apart, as for a maximum, keep to their domain in all but scale.
///
/// ```
/// use chainrule::{check::OpCheck, ops};
///
/// let report = OpCheck::new(ops::MatMul).run()?;
/// assert!(report.passed(), "{report}");
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a check does nothing until it is run"]
pub struct OpCheck {
    pub(super) op: Arc<dyn Op>,
    pub(super) shapes: Vec<Vec<Vec<usize>>>,
    pub(super) domain: Option<Domain>,
    pub(super) tolerance: f64,
    pub(super) order: usize,
    pub(super) seed: u64,
    pub(super) extremes: Option<bool>,
}

impl OpCheck {
    /// A check of an op: order 2, a relative tolerance of 1e-6.
    pub fn new(op: impl Op) -> Self {
        Self::shared(Arc::new(op))
    }

    /// A check of an op that is known by its trait alone.
    pub fn shared(op: Arc<dyn Op>) -> Self {
        Self { op, shapes: Vec::new(), domain: None, tolerance: 1e-6, order: 2, seed: 0, extremes: None }
    }

    /// On operands of these shapes, instead of samples and hostile ones; may be said several times.
    pub fn on(mut self, shapes: &[&[usize]]) -> Self {
        self.shapes.push(shapes.iter().map(|s| s.to_vec()).collect());
        self
    }

    /// With operands from this domain. Unless it is said, that of the op's samples; or of either sign, between 0.3 and
    /// 1.7 in magnitude, and only positive where the op has no value otherwise.
    pub fn domain(self, domain: Domain) -> Self {
        Self { domain: Some(domain), ..self }
    }

    /// With extremes or without: unless it is said, with them if neither shapes nor a domain were given. Without, zeros and
    /// ties are left out as well.
    pub fn extremes(self, extremes: bool) -> Self {
        Self { extremes: Some(extremes), ..self }
    }

    /// With another relative tolerance.
    pub fn tolerance(self, tolerance: f64) -> Self {
        Self { tolerance, ..self }
    }

    /// Up to this order.
    pub fn order(self, order: usize) -> Self {
        Self { order, ..self }
    }

    /// With other random operands and cotangents.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// The operands of all cases.
    pub(super) fn samples(&self) -> Result<Vec<Sample>> {
        let own = self.op.samples();
        let domains: Vec<Domain> =
            own.first().map(|s| s.0.iter().map(|&(_, domain)| domain).collect()).unwrap_or_default();
        let domain = |i: usize| self.domain.or(domains.get(i).copied()).unwrap_or(SIGNED);
        let sample = |shapes: &[&[usize]]| {
            Sample(shapes.iter().enumerate().map(|(i, s)| (s.to_vec(), domain(i))).collect())
        };
        if !self.shapes.is_empty() {
            let given = self.shapes.iter().map(|shapes| {
                let shapes: Vec<&[usize]> = shapes.iter().map(Vec::as_slice).collect();
                sample(&shapes)
            });
            return Ok(given.collect());
        }
        // Which indices or matrices an operand takes is known of samples alone.
        if domains.iter().any(|&domain| domain.kind() == Kind::Index || domain.is_whole()) {
            return Ok(own);
        }
        let hostile = ONE.iter().map(|&s| sample(&[s]));
        let hostile = hostile.chain(TWO.iter().map(|s| sample(s))).chain(THREE.iter().map(|s| sample(s)));
        let accepted: Vec<Sample> = own.into_iter().chain(hostile.filter(|s| self.accepts(s))).collect();
        if accepted.is_empty() {
            return Err(Error::Argument {
                what: "check",
                problem: format!(
                    "op {} accepts none of the usual shapes; give some with `.on(&[…])`, or samples in its `Op::samples`",
                    self.op.name()
                ),
            });
        }
        Ok(accepted)
    }

    /// Whether the op takes operands of these shapes; those of samples of its own besides.
    fn accepts(&self, sample: &Sample) -> bool {
        let arity = self.op.samples().first().map(|s| s.0.len());
        let operands: Vec<Operand<'_>> =
            sample.0.iter().map(|(shape, domain)| Operand { shape, kind: domain.kind() }).collect();
        arity.is_none_or(|n| n == operands.len()) && self.op.shape(&operands).is_ok()
    }

    /// The op's result on some operands; `None` if there is nothing to differentiate: no leaf, or a result of indices.
    #[track_caller]
    pub(super) fn result<'t>(&self, x: &[Var<'t>], leaves: &[Var<'t>]) -> Result<Option<Var<'t>>> {
        let Some(leaf) = leaves.first() else { return Ok(None) };
        let y = leaf.tape().try_apply_shared(self.op.clone(), x)?;
        Ok((y.tape().kind(y.id()) == Kind::Real).then_some(y))
    }

    /// A check of a result with a random cotangent.
    pub(super) fn check<'t>(
        &self,
        y: Var<'t>,
        leaves: &[Var<'t>],
        order: usize,
        random: &mut Random,
    ) -> Check<'t> {
        let numbers = signed(crate::base::shape::size(&y.shape()), random);
        let weights = ArrayD::from_shape_vec(IxDyn(&y.shape()), numbers)
            .unwrap_or_else(|e| unreachable!("there is a number for each element: {e}"));
        let loss = (y * y.tape().constant(weights)).sum();
        Check::new(loss, leaves).tolerance(self.tolerance).order(order).seed(self.seed)
    }
}
