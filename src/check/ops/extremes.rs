//! Operands that are very small or very large.

use crate::base::shape::unravel;
use crate::base::state::State;
use crate::check::ops::ladder::GREATEST;
use crate::check::ops::op_check::OpCheck;
use crate::check::ops::operands::{indices, real, shapes, whole};
use crate::check::ops::report::OpCase;
use crate::check::random::{Random, generator};
use crate::check::report::Report;
use crate::check::report::fault::{Fault, Stage};
use crate::check::report::mode::Mode;
use crate::check::report::worst::Source;
use crate::error::Result;
use crate::graph::Kind;
use crate::plan::Plan;
use crate::tape::op::Precision;
use crate::tape::sample::{Domain, Sample};
use crate::tape::{Tape, Var};
use ndarray::{ArrayD, IxDyn};
use rand::RngExt;

/// Magnitudes of operands besides those of [`Op::extremes`], for ops that are not elementwise: elementwise ones are tried at
/// all sizes.
const BETWEEN: [f64; 3] = [5.0, 12.0, 1e5];
/// A result below this has not overflowed in either precision.
const MODERATE: f64 = 1e30;
/// An overflow is found to within this part of where it is.
const CLOSE: f64 = 1e-9;
/// Where `exp(x)`, `exp(2x)` and `exp(x²)` overflow in double precision.
const LIMITS: [f64; 3] = [709.782_712_893_384, 354.891_356_446_692, 26.641_747_557_046_3];
/// How close to one of these the greatest operand is where a sum of them overflows.
const AT_A_LIMIT: f64 = 1e-4;
/// How much closer to 1 operands are asked in single precision than where double precision gives out.
const EARLIER: f64 = 0.9;

/// The signs of operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signs {
    Positive,
    Negative,
    Mixed,
}

/// One case: which operands are extreme, and how.
#[derive(Debug, Clone, Copy)]
struct Extreme {
    magnitude: f64,
    signs: Signs,
    /// The one operand that is, if not all are.
    alone: Option<usize>,
}

impl OpCheck {
    /// The cases of operands at extremes.
    #[track_caller]
    pub(super) fn at_extremes(&self, samples: &[Sample]) -> Result<Vec<OpCase>> {
        let Some(sample) = whole(samples) else { return Ok(Vec::new()) };
        let mut cases = Vec::new();
        let between: &[f64] = if self.op.elementwise() { &[] } else { &BETWEEN };
        for extreme in extremes(sample, &[self.op.extremes(), between].concat()) {
            let operands = format!("{}, {}", shapes(sample), extreme.name());
            let mut random = generator(self.seed, 4);
            let report = self.at_extreme(sample, extreme, &mut random)?;
            cases.extend(report.map(|report| OpCase { operands, report }));
        }
        Ok(cases)
    }

    /// Checks an op on operands of one magnitude, or as near to it as its result allows; `None` where it has none.
    #[track_caller]
    fn at_extreme(&self, sample: &Sample, extreme: Extreme, random: &mut Random) -> Result<Option<Report>> {
        let tape = Tape::new();
        let (mut x, mut leaves, mut moved) = (Vec::new(), Vec::new(), Vec::new());
        for (i, (shape, domain)) in sample.0.iter().enumerate() {
            let name = format!("x{i}");
            if domain.kind() == Kind::Index {
                x.push(indices(&tape, &name, shape, *domain, random));
                continue;
            }
            let is_moved = extreme.alone.is_none_or(|alone| alone == i);
            let numbers = if is_moved {
                extreme.near_one(shape, *domain, random)
            } else {
                real(shape, *domain, random)
            };
            let leaf = tape.leaf(&name, numbers.clone());
            if is_moved {
                moved.push((leaf, numbers));
            }
            leaves.push(leaf);
            x.push(leaf);
        }
        let Some(y) = self.result(&x, &leaves)? else { return Ok(None) };
        let mut ray = Ray::<f64>::new(y, &moved)?;
        let mut t = extreme.magnitude;
        if !ray.is_finite(t) {
            if t <= 1.0 || !ray.is_finite(1.0) {
                return Ok(None);
            }
            let edge = ray.edge(1.0, t);
            if let Some(report) = overflow(y, &moved, &mut ray, edge)? {
                return Ok(Some(report));
            }
            // Away from the edge, where derivatives may be as large as they like.
            t = 0.5 * edge.0;
        }
        while t > 1.0 && !ray.is_moderate(t) {
            t *= 0.5;
        }
        if !ray.is_moderate(t) {
            return Ok(None);
        }
        for (leaf, numbers) in &moved {
            tape.feed(*leaf, numbers * t)?;
        }
        self.check(y, &leaves, 1, random).run().map(Some)
    }
}

/// All cases for operands of some domains and magnitudes.
fn extremes(sample: &Sample, magnitudes: &[f64]) -> Vec<Extreme> {
    let real: Vec<usize> = (0..sample.0.len()).filter(|&i| sample.0[i].1.kind() == Kind::Real).collect();
    let signed = real.iter().any(|&i| match sample.0[i].1 {
        Domain::Between(low, high) => low < 0.0 && high > 0.0,
        Domain::Signed(..) => true,
        _ => false,
    });
    let mut cases = Vec::new();
    for &magnitude in magnitudes {
        let signs: &[Signs] = match signed {
            true if magnitude > 1.0 => &[Signs::Mixed, Signs::Positive, Signs::Negative],
            true => &[Signs::Mixed, Signs::Positive],
            false => &[Signs::Mixed],
        };
        cases.extend(signs.iter().map(|&signs| Extreme { magnitude, signs, alone: None }));
        let alone = real.iter().filter(|_| real.len() > 1);
        cases.extend(alone.map(|&i| Extreme { magnitude, signs: Signs::Mixed, alone: Some(i) }));
    }
    cases
}

impl Extreme {
    fn name(self) -> String {
        let Self { magnitude, signs, alone } = self;
        let signs = match signs {
            Signs::Mixed => "",
            Signs::Positive => ", all positive",
            Signs::Negative => ", all negative",
        };
        match alone {
            Some(operand) => format!("operand {operand} alone near {magnitude:?}{signs}"),
            None => format!("near {magnitude:?}{signs}"),
        }
    }

    /// Numbers near 1 in magnitude, of the signs that the domain has.
    fn near_one(self, shape: &[usize], domain: Domain, random: &mut Random) -> ArrayD<f64> {
        let both = match domain {
            Domain::Signed(..) => true,
            Domain::Between(_, high) if high <= 0.0 => {
                return ArrayD::from_shape_simple_fn(IxDyn(shape), || -random.random_range(NEAR_ONE));
            }
            Domain::Between(low, _) => low < 0.0,
            // Elements that must keep apart, and what says something of the array as a whole, do so at every scale.
            _ => return real(shape, domain, random),
        };
        ArrayD::from_shape_simple_fn(IxDyn(shape), || {
            let magnitude = random.random_range(NEAR_ONE);
            let negative = match self.signs {
                Signs::Positive => false,
                Signs::Negative => both,
                Signs::Mixed => both && random.random_bool(0.5),
            };
            if negative { -magnitude } else { magnitude }
        })
    }
}

const NEAR_ONE: std::ops::Range<f64> = 0.7..1.3;

/// The result of an op as a function of t, by which operands near 1 are multiplied.
struct Ray<F: Precision> {
    plan: Plan<F>,
    state: State<F>,
    /// Where the operands are in the plan, and their numbers for t = 1.
    moved: Vec<(usize, Vec<f64>)>,
}

impl<F: Precision> Ray<F> {
    fn new(y: Var<'_>, moved: &[(Var<'_>, ArrayD<f64>)]) -> Result<Self> {
        let plan = Plan::compile([y], [])?;
        // Of an operand whose shape alone is read, a plan has no numbers.
        let moved = moved.iter().filter_map(|(leaf, numbers)| {
            let slot = plan.slot(leaf.id())?;
            Some((slot, numbers.iter().copied().collect()))
        });
        Ok(Self { moved: moved.collect(), state: State::new(), plan })
    }

    /// The result; `None` where the op refuses the operands.
    fn at(&mut self, t: f64) -> Option<Vec<f64>> {
        for (slot, numbers) in &self.moved {
            let there = numbers.iter().map(|x| F::of(x * t));
            self.plan.slot_mut(*slot).iter_mut().zip(there).for_each(|(x, there)| *x = there);
        }
        let out = self.plan.run(&mut self.state).ok()?;
        Some(out.nth(0).iter().map(|y| y.wide()).collect())
    }

    fn is_finite(&mut self, t: f64) -> bool {
        self.at(t).is_some_and(|y| y.iter().all(|y| y.is_finite()))
    }

    /// Whether the result can be differentiated without an overflow.
    fn is_moderate(&mut self, t: f64) -> bool {
        self.at(t).is_some_and(|y| y.iter().all(|y| y.abs() <= GREATEST))
    }

    /// Where the result ceases to be finite between two t: the last where it is, and the first where it is not.
    fn edge(&mut self, finite: f64, beyond: f64) -> (f64, f64) {
        let (mut low, mut high) = (finite, beyond);
        while high - low > CLOSE * low {
            let middle = low + (high - low) / 2.0;
            if self.is_finite(middle) {
                low = middle;
            } else {
                high = middle;
            }
        }
        (low, high)
    }
}

/// What is wrong if the result ends because a number on the way overflows: it is moderate just before, and either single
/// precision has lost it earlier, while the edge of a domain would be the same for both; or it ends exactly where `exp`
/// does, in case the kernel for single precision computes in double precision.
fn overflow(
    y: Var<'_>,
    moved: &[(Var<'_>, ArrayD<f64>)],
    ray: &mut Ray<f64>,
    (before, beyond): (f64, f64),
) -> Result<Option<Report>> {
    let (Some(last), Some(lost)) = (ray.at(before), ray.at(beyond)) else { return Ok(None) };
    let Some(element) = lost.iter().position(|y| !y.is_finite()) else { return Ok(None) };
    let mut single = Ray::<f32>::new(y, moved)?;
    let earlier =
        single.is_finite(1.0) && single.at(EARLIER * before).is_some_and(|y| !y[element].is_finite());
    let operands = || moved.iter().flat_map(|(_, x)| x).map(|x| x * before);
    let ends = [operands().fold(0.0, f64::max), -operands().fold(0.0, f64::min)];
    let at_a_limit = LIMITS.iter().any(|limit| ends.iter().any(|end| (end / limit - 1.0).abs() < AT_A_LIMIT));
    if last[element].abs() > MODERATE || !(earlier || at_a_limit) {
        return Ok(None);
    }
    let greatest = f64::max(ends[0], ends[1]);
    let problem = format!(
        "its kernel overflows on the way to a result that does not: with operands of up to {greatest:.4} in magnitude, \
         element {:?} is {:e}, and just beyond it is {}",
        unravel(element, &y.shape()),
        last[element],
        lost[element]
    );
    let fault = Fault::new(Stage::Preflight, &y.tape().graph(), y.id(), None, problem);
    Ok(Some(report_of(last[element], fault)))
}

/// A report of nothing but a fault, and of the last result that is finite.
fn report_of(output: f64, fault: Fault) -> Report {
    Report {
        mode: Mode::Full,
        order: 1,
        tolerance: 1e-6,
        source: Source::Backprop,
        output,
        parameters: Vec::new(),
        held: Vec::new(),
        nodes: Vec::new(),
        faults: vec![fault],
        unseen: None,
        next: None,
    }
}
