//! Every op of the table on operands that differences find hard: none is accused, and a derivative of it that is wrong is
//! not passed.

use crate::support::{chosen, runner};
use chainrule::check::{Report, Stage, Verdict};
use chainrule::graph::Attribute;
use chainrule::op::{Attributes, Derivative, Domain, Inputs, Kernel, Kind, Op, Operand, Output, Sample};
use chainrule::{Check, Error, Precision, Tape, Var, ops};
use ndarray::{ArrayD, IxDyn};
use proptest::prelude::*;
use proptest::test_runner::TestError;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// How numbers are drawn for operands.
#[derive(Debug, Clone, Copy)]
enum Numbers {
    /// Of every size from 1e-12 to 1e12, side by side.
    Mixed,
    /// One of 1e-10 among those of the op's own domain.
    OneSmall,
    /// Up to 60 in magnitude, or twice as much: where exponentials saturate.
    Saturated,
    /// Of a few values, so that many tie, at 0 too.
    Tied,
}

/// How operands lie.
#[derive(Debug, Clone, Copy)]
enum Lie {
    Contiguous,
    Transposed,
    Backwards,
}

/// An op on operands.
#[derive(Debug, Clone)]
struct Case {
    op: usize,
    sample: usize,
    numbers: Numbers,
    lie: Lie,
    seed: u64,
}

fn cases() -> impl Strategy<Value = Case> {
    let numbers = prop_oneof![
        Just(Numbers::Mixed),
        Just(Numbers::OneSmall),
        Just(Numbers::Saturated),
        Just(Numbers::Tied)
    ];
    let lie = prop_oneof![Just(Lie::Contiguous), Just(Lie::Transposed), Just(Lie::Backwards)];
    (0..10_000_usize, 0..16_usize, numbers, lie, any::<u64>())
        .prop_map(|(op, sample, numbers, lie, seed)| Case { op, sample, numbers, lie, seed })
}

/// Every op of the table with every setting that it has examples of.
fn table() -> Vec<Arc<dyn Op>> {
    ops::TABLE.iter().flat_map(|entry| (entry.examples)()).collect()
}

impl Numbers {
    /// A number in the place of one of a domain.
    fn draw(self, domain: Domain, place: usize, rng: &mut ChaCha8Rng) -> f64 {
        let (low, high) = match domain {
            Domain::Between(low, high) => (low, high),
            Domain::Signed(_, high) => (-high, high),
            _ => (-2.0, 2.0),
        };
        let ordinary = rng.random_range(low..high);
        match self {
            Self::Mixed => {
                let size = f64::powf(10.0, rng.random_range(-12.0..12.0));
                if low < 0.0 && ordinary < 0.0 { -size } else { size }
            }
            Self::OneSmall if place == 1 => 1e-10,
            Self::OneSmall => ordinary,
            Self::Saturated => {
                rng.random_range(1.0..2.0) * if low < 0.0 && ordinary < 0.0 { -60.0 } else { 60.0 }
            }
            Self::Tied if low > 0.0 => (2.0 * ordinary).round().max(1.0) / 2.0,
            Self::Tied => (2.0 * ordinary).round() / 2.0,
        }
    }
}

/// A leaf of some numbers, and the view of it that has a shape.
fn operand<'t>(
    tape: &'t Tape,
    lie: Lie,
    shape: &[usize],
    mut draw: impl FnMut(usize) -> f64,
) -> (Var<'t>, Var<'t>) {
    let own: Vec<usize> = match lie {
        Lie::Transposed => shape.iter().rev().copied().collect(),
        Lie::Contiguous | Lie::Backwards => shape.to_vec(),
    };
    let len = own.iter().product();
    let numbers = ArrayD::from_shape_vec(IxDyn(&own), (0..len).map(&mut draw).collect()).unwrap();
    let leaf = tape.leaf("x", numbers);
    let all = ndarray::SliceInfoElem::Slice { start: 0, end: None, step: -1 };
    match lie {
        Lie::Contiguous => (leaf, leaf),
        Lie::Transposed => (leaf, leaf.t()),
        Lie::Backwards => (leaf, leaf.slice(vec![all; shape.len()])),
    }
}

/// Checks an op on the operands of a case, weighed to one number; `None` where it has no value or no gradient there.
fn check(op: Arc<dyn Op>, case: &Case, order: usize) -> Option<Report> {
    let samples = op.samples();
    let sample = &samples[case.sample % samples.len()];
    let mut rng = ChaCha8Rng::seed_from_u64(case.seed);
    let tape = Tape::new();
    let (mut leaves, mut x) = (Vec::new(), Vec::new());
    for (shape, domain) in &sample.0 {
        if let Domain::Index(n) = *domain {
            x.push(
                tape.index_leaf("i", ArrayD::from_shape_fn(IxDyn(shape), |_| rng.random_range(..n.max(1)))),
            );
            continue;
        }
        let (leaf, view) =
            operand(&tape, case.lie, shape, |place| case.numbers.draw(*domain, place, &mut rng));
        leaves.push(leaf);
        x.push(view);
    }
    let y = tape.try_apply_shared(op, &x).ok()?;
    if tape.graph().node(y.id()).kind() == Kind::Index {
        return None;
    }
    let weights = ArrayD::from_shape_fn(IxDyn(&y.shape()), |_| {
        let magnitude = rng.random_range(0.5..1.5);
        if rng.random_bool(0.5) { magnitude } else { -magnitude }
    });
    let loss = (y * tape.constant(weights)).sum();
    let finite = |dx: &ArrayD<f64>| dx.iter().all(|dx| dx.is_finite());
    if !loss.value().item().is_finite() || leaves.is_empty() {
        return None;
    }
    let gradients = loss.try_sweep(&leaves).ok()?;
    if !gradients.iter().all(|dx| finite(&dx.to_owned().into_array())) {
        return None;
    }
    match Check::new(loss, &leaves).order(order).seed(case.seed).run() {
        Ok(report) => Some(report),
        Err(Error::NotFinite { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

/// What a report accuses: faults, and leaves that fail. At 0 and at the ends of a domain a derivative of second order may
/// not exist, and is said to be none.
fn accused(report: &Report) -> Option<String> {
    let orders = std::iter::successors(Some(report), |report| report.next.as_deref());
    let wrong = |report: &&Report| {
        let fault = report.faults.iter().any(|fault| !fault.problem.contains("NaN or an infinity"));
        let broken = report.faults.iter().all(|fault| fault.stage != Stage::Preflight);
        fault && broken
            || report.faults.is_empty() && report.parameters.iter().any(|p| p.verdict == Verdict::Fail)
    };
    orders.into_iter().find(wrong).map(|report| report.to_string())
}

#[test]
fn no_op_of_the_table_is_accused_on_hard_operands() {
    let table = table();
    let result = runner(600).run(&cases(), |case| {
        let op = table[chosen(case.op, table.iter())].clone();
        let Some(report) = check(op.clone(), &case, 1 + case.op % 2) else { return Ok(()) };
        match accused(&report) {
            Some(accused) => Err(TestCaseError::fail(format!("{}\n{accused}", op.name()))),
            None => Ok(()),
        }
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(reason, case)) => panic!("{case:?}: {reason}"),
        Err(error) => panic!("{error}"),
    }
}

/// An op of the table with all its rules twice as large as they should be.
#[derive(Debug, Clone)]
struct TooLarge(Arc<dyn Op>);

impl<F: Precision> Kernel<F> for TooLarge {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        F::kernel(&*self.0).run(x, y);
    }
}

impl Op for TooLarge {
    fn name(&self) -> &'static str {
        "too_large"
    }

    fn formula(&self) -> &'static str {
        self.0.formula()
    }

    fn attributes(&self) -> Attributes {
        self.0.attributes().with("of", Attribute::Text(self.0.name().to_owned()))
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        self.0.shape(x)
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        match self.0.rule(operand, x, y, dy) {
            Derivative::Var(dx) => (2.0 * dx).into(),
            other => other,
        }
    }

    fn scratch(&self, x: &[&chainrule::op::Layout], shape: &[usize]) -> usize {
        self.0.scratch(x, shape)
    }

    fn reads(&self, operand: usize) -> bool {
        self.0.reads(operand)
    }

    fn elementwise(&self) -> bool {
        self.0.elementwise()
    }

    fn smooth(&self) -> bool {
        self.0.smooth()
    }

    fn samples(&self) -> Vec<Sample> {
        self.0.samples()
    }
}

#[test]
fn rules_twice_as_large_are_not_passed_on_hard_operands() {
    let table: Vec<Arc<dyn Op>> = table().into_iter().filter(|op| !op.stops_gradient()).collect();
    let result = runner(400).run(&cases(), |case| {
        let right = table[chosen(case.op, table.iter())].clone();
        // Only a derivative that can be seen at all can be found wrong.
        let Some(report) = check(right.clone(), &case, 1) else { return Ok(()) };
        let seen = report.parameters.iter().any(|p| p.passed > p.zeros + p.rounded);
        if !seen {
            return Ok(());
        }
        let Some(report) = check(Arc::new(TooLarge(right.clone())), &case, 1) else { return Ok(()) };
        let located = report.first_fault().is_some_and(|fault| fault.op.starts_with("too_large"));
        // Where large numbers share rows with small ones, a node may be too rough to be judged; it does not pass then.
        let rough = matches!(case.numbers, Numbers::Mixed) && !right.elementwise();
        prop_assert!(!report.passed() && (located || rough), "{}\n{report}", right.name());
        Ok(())
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(reason, case)) => panic!("{case:?}: {reason}"),
        Err(error) => panic!("{error}"),
    }
}
