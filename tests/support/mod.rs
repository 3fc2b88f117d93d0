//! What the tests of ops share: every op on every sample, and derivatives held against differences.
#![allow(dead_code, reason = "each test binary uses a part")]

use chainrule::op::{Domain, Kind, Sample};
use chainrule::{Op, Tape, Var, ops};
use ndarray::{ArrayD, IxDyn};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A runner of random cases: the same ones every time, unless `CHAINRULE_RANDOM_GRAPHS` says how many others are wanted.
pub(crate) fn runner(cases: u32) -> TestRunner {
    let wanted = std::env::var("CHAINRULE_RANDOM_GRAPHS").ok().and_then(|n| n.parse().ok());
    let config = Config { cases: wanted.unwrap_or(cases), failure_persistence: None, ..Config::default() };
    match wanted {
        Some(_) => TestRunner::new(config),
        None => TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
    }
}

/// One op on one sample.
pub(crate) struct Case {
    pub(crate) op: Arc<dyn Op>,
    pub(crate) sample: Sample,
    /// Op, attributes and operand shapes, for messages.
    pub(crate) label: String,
}

/// The value of an operand.
#[derive(Debug, Clone)]
pub(crate) enum Operand {
    Real(ArrayD<f64>),
    Index(ArrayD<usize>),
}

/// Every entry of the table × example × sample; of one op alone where `CHAINRULE_OP` names it.
pub(crate) fn cases() -> Vec<Case> {
    let only = std::env::var("CHAINRULE_OP").ok();
    let wanted = |entry: &&ops::Entry| only.as_ref().is_none_or(|only| only == entry.name);
    let mut cases = Vec::new();
    for entry in ops::TABLE.iter().filter(wanted) {
        for op in (entry.examples)() {
            for sample in op.samples() {
                let shapes: Vec<&[usize]> = sample.0.iter().map(|(s, _)| s.as_slice()).collect();
                let label = format!("{}({}) on {shapes:?}", op.name(), op.attributes());
                cases.push(Case { op: op.clone(), label, sample });
            }
        }
    }
    if let Some(only) = &only {
        assert!(
            !cases.is_empty(),
            "CHAINRULE_OP is `{only}`, and no op of the table with samples has this name"
        );
    }
    cases
}

/// Runs a check on every case, collects what it says and what it panics with, and fails with all of it.
pub(crate) fn for_every_case(check: impl Fn(&Case, &mut ChaCha8Rng) -> Vec<String>) {
    let mut failures = Vec::new();
    let cases = cases();
    for case in &cases {
        let mut rng = ChaCha8Rng::seed_from_u64(case.seed());
        match catch_unwind(AssertUnwindSafe(|| check(case, &mut rng))) {
            Ok(found) => failures.extend(found.into_iter().map(|f| format!("{}: {f}", case.label))),
            Err(panic) => failures.push(format!("{}: panicked: {}", case.label, message(&*panic))),
        }
    }
    assert!(
        failures.is_empty(),
        "{} failures in {} cases:\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n")
    );
}

/// As [`for_every_case`], of those whose result is of real numbers: indices have no derivative.
pub(crate) fn for_every_real_case(check: impl Fn(&Case, &mut ChaCha8Rng) -> Vec<String>) {
    for_every_case(|case, rng| if case.kind() == Kind::Real { check(case, rng) } else { Vec::new() });
}

/// FNV-1a (Fowler, Noll and Vo), which is the same on every machine.
fn hash(bytes: impl IntoIterator<Item = u8>) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, step)
}

/// The op that a number stands for. One more op in the list takes over a few of the numbers, and leaves all others with the
/// op that they had (rendezvous hashing: Thaler and Ravishankar, IEEE/ACM Trans. Netw. 6, 1998).
pub(crate) fn chosen<'a>(number: usize, all: impl Iterator<Item = &'a Arc<dyn Op>>) -> usize {
    let weight = |op: &Arc<dyn Op>| {
        let label = format!("{}({}) {number}", op.name(), op.attributes());
        // The last bytes of FNV-1a alone are mixed little.
        hash(label.bytes()).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32)
    };
    all.map(weight).enumerate().max_by_key(|&(_, weight)| weight).expect("there is an op").0
}

/// The text of a panic.
pub(crate) fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|&s| s.to_owned())).unwrap_or_default()
}

/// The text with which a call panics.
pub(crate) fn panic_of<T>(call: impl FnOnce() -> T) -> String {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(_) => panic!("the call did not panic"),
        Err(panic) => message(&*panic),
    }
}

impl Case {
    /// From the label, so that another line in the table, before or behind, leaves the numbers of a case as they are.
    fn seed(&self) -> u64 {
        hash(self.label.bytes())
    }

    /// What the result is of.
    pub(crate) fn kind(&self) -> Kind {
        let operand = |(shape, domain): &'_ (Vec<usize>, Domain)| (shape.clone(), domain.kind());
        let operands: Vec<_> = self.sample.0.iter().map(operand).collect();
        let operands: Vec<_> =
            operands.iter().map(|(shape, kind)| chainrule::op::Operand { shape, kind: *kind }).collect();
        self.op.kind(&operands)
    }

    /// Random operands from the sample's domains.
    pub(crate) fn operands(&self, rng: &mut ChaCha8Rng) -> Vec<Operand> {
        self.sample.0.iter().map(|(shape, domain)| operand(shape, *domain, rng)).collect()
    }

    /// The op recorded on leaves `x0`, `x1`, … with these values.
    pub(crate) fn record<'t>(&self, tape: &'t Tape, operands: &[Operand]) -> (Vec<Var<'t>>, Var<'t>) {
        let x: Vec<Var<'t>> =
            operands.iter().enumerate().map(|(i, x)| leaf(tape, &format!("x{i}"), x)).collect();
        let y = tape.try_apply_shared(self.op.clone(), &x).unwrap_or_else(|e| panic!("{e}"));
        (x, y)
    }
}

pub(crate) fn leaf<'t>(tape: &'t Tape, name: &str, value: &Operand) -> Var<'t> {
    match value {
        Operand::Real(x) => tape.leaf(name, x.clone()),
        Operand::Index(x) => tape.index_leaf(name, x.clone()),
    }
}

/// A leaf of a var's shape with a random cotangent: signed, never ones.
pub(crate) fn cotangent<'t>(name: &str, of: Var<'t>, rng: &mut ChaCha8Rng) -> Var<'t> {
    of.tape().leaf(name, real(&of.shape(), Domain::Signed(0.5, 1.5), rng))
}

pub(crate) fn operand(shape: &[usize], domain: Domain, rng: &mut ChaCha8Rng) -> Operand {
    let elements = real(shape, domain, rng);
    match domain.kind() {
        Kind::Index => Operand::Index(elements.mapv(|index| index as usize)),
        Kind::Real => Operand::Real(elements),
    }
}

pub(crate) fn real(shape: &[usize], domain: Domain, rng: &mut ChaCha8Rng) -> ArrayD<f64> {
    ArrayD::from_shape_vec(IxDyn(shape), domain.elements(shape, &mut || rng.random())).unwrap()
}

/// Relative difference up to which an analytic derivative agrees with the numeric one.
const RTOL: f64 = 1e-6;

/// The VJP of `y` for `x`, a leaf, given the cotangent `dy`, against central differences of `y`, element by element.
///
/// An element passes if both agree to `RTOL` of their magnitude and that magnitude stands clear of the numeric error;
/// or if the analytic derivative is exactly 0 and no step changes a bit of `y`. Nothing else passes.
pub(crate) fn check_vjp<'t>(y: Var<'t>, dy: Var<'t>, x: Var<'t>) -> Vec<String> {
    let [dx] = y.vjp(dy, [x]);
    if dx.shape() != x.shape() {
        return vec![format!("dx has shape {:?}, x has {:?}", dx.shape(), x.shape())];
    }
    let (analytic, weights, base) = (dx.value().into_array(), dy.value(), x.value());
    let rms = (base.iter().map(|x| x * x).sum::<f64>() / base.len().max(1) as f64).sqrt();
    let mut failures = Vec::new();
    for (i, (&at, &analytic)) in base.iter().zip(&analytic).enumerate() {
        let scale = if at == 0.0 && rms == 0.0 { 1.0 } else { at.abs().max(rms) };
        let numeric =
            Numeric::at(x, y, &base, &weights, i, (scale * f64::EPSILON.powf(0.2)).log2().round().exp2());
        if !numeric.agrees(analytic) {
            failures.push(format!(
                "element {i} of `{}`: analytic {analytic:e}, numeric {:e} ± {:e}",
                x.name().unwrap_or_default(),
                numeric.value,
                numeric.error
            ));
        }
    }
    x.tape().feed(x, base).unwrap();
    failures
}

/// A derivative by differences.
struct Numeric {
    value: f64,
    error: f64,
    /// Whether no step changed a bit of the output.
    still: bool,
}

impl Numeric {
    fn at(x: Var<'_>, y: Var<'_>, base: &ArrayD<f64>, weights: &ArrayD<f64>, i: usize, h: f64) -> Self {
        let value = |step: f64| {
            let mut moved = base.clone();
            let element = moved.iter_mut().nth(i).unwrap();
            *element += step;
            let reached = *element;
            x.tape().feed(x, moved).unwrap();
            (reached, y.value().into_array())
        };
        let mut still = true;
        let mut noise = 0.0_f64;
        let mut difference = |h: f64| {
            let ((right, y_right), (left, y_left)) = (value(h), value(-h));
            let greatest = y_right.iter().chain(&y_left).fold(0.0_f64, |m, y| m.max(y.abs()));
            let mut sum = 0.0;
            for ((&r, &l), &w) in y_right.iter().zip(&y_left).zip(weights) {
                if r.to_bits() != l.to_bits() {
                    still = false;
                    noise += 4.0 * f64::EPSILON * greatest * w.abs() / h;
                }
                sum += w * (r - l);
            }
            sum / (right - left)
        };
        let (coarse, fine) = (difference(h), difference(h / 2.0));
        Self { value: (4.0 * fine - coarse) / 3.0, error: (fine - coarse).abs() / 3.0 + noise, still }
    }

    fn agrees(&self, analytic: f64) -> bool {
        let magnitude = analytic.abs().max(self.value.abs());
        let close = (analytic - self.value).abs() <= RTOL * magnitude && magnitude > 4.0 * self.error;
        close || (analytic == 0.0 && self.still)
    }
}

/// Where two arrays differ by more than a few ulps, or at all.
pub(crate) fn differences(
    what: &str,
    found: &ArrayD<f64>,
    wanted: &ArrayD<f64>,
    exact: bool,
) -> Option<String> {
    if found.shape() != wanted.shape() {
        return Some(format!("{what}: shape {:?}, and {:?} would be right", found.shape(), wanted.shape()));
    }
    let greatest = wanted.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    let same = |a: f64, b: f64| {
        let bits = a.to_bits() == b.to_bits() || (a == b && !exact) || (a.is_nan() && b.is_nan());
        bits || (!exact && (a - b).abs() <= f64::EPSILON * (16.0 * b.abs() + 4.0 * greatest))
    };
    let (i, (a, b)) = found.iter().zip(wanted).enumerate().find(|(_, (a, b))| !same(**a, **b))?;
    Some(format!("{what}: element {i} is {a:e}, and {b:e} would be right"))
}
