//! A check of one op by itself, on operands chosen to be hostile.

use super::fault::Fault;
use super::random::{Random, generator, signed};
use super::report::{Report, Verdict};
use super::{Check, must_fail_if};
use crate::error::{Error, Result};
use crate::graph::Kind;
use crate::tape::op::{Domain, Op, Operand, Sample};
use crate::tape::{Tape, Var};
use ndarray::{ArrayD, IxDyn, SliceInfoElem};
use rand::RngExt;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// A check of an op's rules: first and second order, random signed cotangents, on operands of many shapes and layouts.
///
/// Each case is a small graph of its own, checked as [`Check`] checks any: the op's own [samples](Op::samples), and of a
/// list of hostile shapes those that its shape rule accepts: distinct sizes, axes of size 1, empty arrays, rank 0,
/// broadcasting both ways. On each, the operands are contiguous, transposed, every second element backwards, and stretched;
/// the result is used twice; and one var is every operand, where shapes allow.
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
    op: Arc<dyn Op>,
    shapes: Vec<Vec<Vec<usize>>>,
    domain: Option<Domain>,
    tolerance: f64,
    order: usize,
    seed: u64,
}

/// What the check of an op has found, case by case. Displays as a count, then every case that failed.
#[must_use = "a report that nobody reads hides what it found; ask `passed()`"]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpReport {
    /// The op with its attributes.
    pub op: String,
    /// All cases.
    pub cases: Vec<OpCase>,
}

/// An op on operands of some shapes and layout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpCase {
    /// The shapes of the operands, and how they lie.
    pub operands: String,
    /// What the check of it has found.
    pub report: Report,
}

/// Shapes for one operand, two and three, none of which an op need accept.
const ONE: [&[usize]; 7] = [&[], &[5], &[3, 4], &[1, 5, 2], &[2, 0], &[3, 3], &[2, 3, 4]];
const TWO: [[&[usize]; 2]; 13] = [
    [&[], &[]],
    [&[3, 4], &[3, 4]],
    [&[3, 4], &[4]],
    [&[4], &[3, 4]],
    [&[3, 1], &[2, 1, 4]],
    [&[], &[2, 3]],
    [&[2, 3], &[]],
    [&[1], &[5]],
    [&[0, 3], &[3]],
    [&[3, 4], &[4, 2]],
    [&[1, 5], &[5, 1]],
    [&[2, 0], &[0, 3]],
    [&[2, 3, 4], &[2, 4, 5]],
];
const THREE: [[&[usize]; 3]; 5] = [
    [&[3, 4], &[3, 4], &[3, 4]],
    [&[3, 1], &[4], &[]],
    [&[], &[], &[]],
    [&[0], &[1], &[]],
    [&[3, 4], &[4, 2], &[2]],
];

/// How the operands of a case lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    Contiguous,
    Transposed,
    EverySecondBackwards,
    /// Every axis but the last is one element, stretched. Elements tie then, so the kernels alone are judged.
    Stretched,
    /// Contiguous, and the result is used twice.
    UsedTwice,
    /// One var is every operand.
    OneVar,
}

impl OpCheck {
    /// A check of an op: order 2, a relative tolerance of 1e-6.
    pub fn new(op: impl Op) -> Self {
        Self::shared(Arc::new(op))
    }

    /// A check of an op that is known by its trait alone.
    pub fn shared(op: Arc<dyn Op>) -> Self {
        Self { op, shapes: Vec::new(), domain: None, tolerance: 1e-6, order: 2, seed: 0 }
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

    /// Runs the check.
    ///
    /// # Errors
    ///
    /// If the op accepts none of the shapes, or refuses shapes that were given; [`Error::Rule`] if a rule's result does
    /// not fit its operand; [`Error::NotFinite`] if the op has no value in its domain.
    #[track_caller]
    pub fn run(&self) -> Result<OpReport> {
        let mut cases = Vec::new();
        for sample in self.samples()? {
            let layouts = [
                Layout::Contiguous,
                Layout::Transposed,
                Layout::EverySecondBackwards,
                Layout::Stretched,
                Layout::UsedTwice,
                Layout::OneVar,
            ];
            for layout in layouts {
                let report = match self.case(&sample, layout) {
                    Err(Error::NotFinite { .. }) if self.domain.is_none() && self.op.samples().is_empty() => {
                        let positive = |(shape, _): &(Vec<usize>, Domain)| (shape.clone(), POSITIVE);
                        self.case(&Sample(sample.0.iter().map(positive).collect()), layout)?
                    }
                    // Of nothing, such as a mean, there may be no value.
                    Err(Error::NotFinite { .. }) if sample.0.iter().any(|(s, _)| s.contains(&0)) => None,
                    report => report?,
                };
                let shapes: Vec<&[usize]> = sample.0.iter().map(|(s, _)| s.as_slice()).collect();
                let operands = format!("{shapes:?}, {}", layout.name());
                // Of kernels alone there is a case only where one is wrong.
                let report = report.filter(|r| layout != Layout::Stretched || !r.faults.is_empty());
                cases.extend(report.map(|report| OpCase { operands, report }));
            }
        }
        let attributes = self.op.attributes();
        let with = if attributes.is_empty() { String::new() } else { format!("({attributes})") };
        Ok(OpReport { op: format!("{}{with}", self.op.name()), cases })
    }

    /// Runs the check as a negative control: of an op that is known to be wrong, so that the check must fail.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run); and if the check passes.
    #[track_caller]
    pub fn must_fail(&self) -> Result<OpReport> {
        let report = self.run()?;
        must_fail_if(report.passed(), report)
    }

    /// The operands of all cases.
    fn samples(&self) -> Result<Vec<Sample>> {
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
        // Which indices an operand takes is known of samples alone.
        if domains.iter().any(|&domain| kind(domain) == Kind::Index) {
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
            sample.0.iter().map(|(shape, domain)| Operand { shape, kind: kind(*domain) }).collect();
        arity.is_none_or(|n| n == operands.len()) && self.op.shape(&operands).is_ok()
    }

    /// Checks one case, if the layout makes sense for it.
    #[track_caller]
    fn case(&self, sample: &Sample, layout: Layout) -> Result<Option<Report>> {
        let mut random = generator(self.seed, 3);
        let tape = Tape::new();
        let mut leaves: Vec<Var<'_>> = Vec::new();
        let mut x: Vec<Var<'_>> = Vec::new();
        for (i, (shape, domain)) in sample.0.iter().enumerate() {
            let name = format!("x{i}");
            if let Domain::Index(n) = *domain {
                let numbers = |_| random.random_range(..n.max(1));
                let indices = ArrayD::from_shape_fn(IxDyn(shape), numbers);
                x.push(tape.index_leaf(&name, indices));
                continue;
            }
            if let (Layout::OneVar, Some(&first)) = (layout, leaves.first()) {
                if first.shape() != *shape {
                    return Ok(None);
                }
                x.push(first);
                continue;
            }
            let (leaf, view) = layout.leaf(&tape, &name, shape, *domain, &mut random);
            leaves.push(leaf);
            x.push(view);
        }
        if leaves.is_empty() || (layout == Layout::OneVar && (x.len() < 2 || leaves.len() > 1)) {
            return Ok(None);
        }
        let y = tape.try_apply_shared(self.op.clone(), &x)?;
        let y = if layout == Layout::UsedTwice { y * y + y } else { y };
        let numbers = signed(crate::shape::size(&y.shape()), &mut random);
        let weights = ArrayD::from_shape_vec(IxDyn(&y.shape()), numbers)
            .unwrap_or_else(|e| unreachable!("there is a number for each element: {e}"));
        let loss = (y * tape.constant(weights)).sum();
        let check = Check::new(loss, &leaves).tolerance(self.tolerance).order(self.order).seed(self.seed);
        let check = if layout == Layout::Stretched { check.kernels() } else { check };
        check.run().map(Some)
    }
}

const SIGNED: Domain = Domain::Signed(0.3, 1.7);
const POSITIVE: Domain = Domain::Between(0.3, 1.7);

fn kind(domain: Domain) -> Kind {
    if matches!(domain, Domain::Index(_)) { Kind::Index } else { Kind::Real }
}

/// Numbers from a domain.
fn real(shape: &[usize], domain: Domain, random: &mut Random) -> ArrayD<f64> {
    let len = crate::shape::size(shape);
    let numbers: Vec<f64> = match domain {
        Domain::Between(low, high) => (0..len).map(|_| random.random_range(low..high)).collect(),
        Domain::Signed(low, high) => {
            let mut number = || {
                let magnitude = random.random_range(low..high);
                if random.random_bool(0.5) { magnitude } else { -magnitude }
            };
            (0..len).map(|_| number()).collect()
        }
        Domain::Spaced(offset) => {
            let mut numbers: Vec<f64> =
                (0..len).map(|i| 0.25 * (i as f64 - len as f64 / 2.0).round() + offset).collect();
            numbers.shuffle(random);
            numbers
        }
        Domain::Index(n) => (0..len).map(|_| random.random_range(..n.max(1)) as f64).collect(),
    };
    ArrayD::from_shape_vec(IxDyn(shape), numbers)
        .unwrap_or_else(|e| unreachable!("there is a number for each element: {e}"))
}

impl Layout {
    fn name(self) -> &'static str {
        match self {
            Self::Contiguous => "contiguous",
            Self::Transposed => "transposed",
            Self::EverySecondBackwards => "every second element, backwards",
            Self::Stretched => "stretched",
            Self::UsedTwice => "the result used twice",
            Self::OneVar => "one var for every operand",
        }
    }

    /// A leaf, and the view of it that has a given shape.
    fn leaf<'t>(
        self,
        tape: &'t Tape,
        name: &str,
        shape: &[usize],
        domain: Domain,
        random: &mut Random,
    ) -> (Var<'t>, Var<'t>) {
        match self {
            Self::Contiguous | Self::UsedTwice | Self::OneVar => {
                let leaf = tape.leaf(name, real(shape, domain, random));
                (leaf, leaf)
            }
            Self::Transposed => {
                let reversed: Vec<usize> = shape.iter().rev().copied().collect();
                let leaf = tape.leaf(name, real(&reversed, domain, random));
                (leaf, leaf.t())
            }
            Self::EverySecondBackwards => {
                let larger: Vec<usize> = shape.iter().map(|n| n + n.saturating_sub(1)).collect();
                let leaf = tape.leaf(name, real(&larger, domain, random));
                (leaf, leaf.slice(vec![SliceInfoElem::Slice { start: 0, end: None, step: -2 }; shape.len()]))
            }
            Self::Stretched => {
                let last = shape.len().saturating_sub(1);
                let one: Vec<usize> = shape
                    .iter()
                    .enumerate()
                    .map(|(axis, &n)| if axis < last { n.min(1) } else { n })
                    .collect();
                let leaf = tape.leaf(name, real(&one, domain, random));
                (leaf, leaf.broadcast_to(shape))
            }
        }
    }
}

impl OpCase {
    /// Whether no rule and no gradient was found wrong; numbers too small to be told from rounding do not count here.
    #[must_use]
    pub fn passed(&self) -> bool {
        let fails = |report: &Report| {
            !report.faults.is_empty() || report.parameters.iter().any(|p| p.verdict == Verdict::Fail)
        };
        let mut report = Some(&self.report);
        while let Some(order) = report {
            if fails(order) {
                return false;
            }
            report = order.next.as_deref();
        }
        true
    }
}

impl OpReport {
    /// Whether every case passed, and at least one had something to say, if there is anything to differentiate.
    #[must_use]
    pub fn passed(&self) -> bool {
        let nodes = || self.cases.iter().flat_map(|case| &case.report.nodes);
        let says = nodes().next().is_none() || nodes().any(|node| node.verdict == Verdict::Pass);
        self.cases.iter().all(OpCase::passed) && says
    }

    /// The first fault of the first case that has one.
    pub fn first_fault(&self) -> Option<&Fault> {
        self.cases.iter().find_map(|case| case.report.first_fault())
    }
}

impl fmt::Display for OpReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed: Vec<&OpCase> = self.cases.iter().filter(|case| !case.passed()).collect();
        writeln!(
            f,
            "op {}: {} of {} cases pass",
            self.op,
            self.cases.len() - failed.len(),
            self.cases.len()
        )?;
        // One report tells most; the others are named.
        for (k, case) in failed.iter().enumerate() {
            writeln!(f, "on {}:", case.operands)?;
            if k == 0 {
                writeln!(f, "{}", case.report)?;
            }
        }
        Ok(())
    }
}
