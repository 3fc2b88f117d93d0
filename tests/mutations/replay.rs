//! Faults of replaying: a result that is overwritten before it was read for the last time, and random numbers drawn
//! again.

use crate::Mutation;
use crate::finding::{Expected, Finding};
use crate::specimen::signed;
use chainrule::check::{Report, Stage};
use chainrule::op::{Attribute, Attributes, Derivative, Inputs, Kernel, Op, Operand, Output, reals};
use chainrule::{Check, Float, Plan, Tape, Var};
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) fn all() -> Vec<Mutation> {
    vec![
        Mutation::new(13, "cotangent mutated: a live buffer overwritten", overwritten),
        Mutation::new(28, "a dropout mask drawn again at replay", dropout),
    ]
}

/// A plan that writes `other` over `hidden`, which the product of both still reads.
fn overwritten(wrong: bool) -> Finding {
    let tape = Tape::new();
    let leaf = |name: &str, shape: &[usize], seed| tape.leaf(name, signed(shape, seed));
    let x = leaf("x", &[3, 5], 0);
    let [w1, w2, w3] = [leaf("w1", &[5, 4], 1), leaf("w2", &[4, 6], 2), leaf("w3", &[5, 6], 3)];
    let hidden = x.matmul(w1).matmul(w2);
    let other = x.matmul(w3);
    let (products, line) = (other.matmul(hidden.t()), line!());
    let weights = tape.constant(signed(&products.shape(), 4));
    let check = Check::new((products * weights).sum(), &[w1, w2, w3]);
    let outcome = if wrong { check.tamper(Plan::overlap) } else { check }.run();
    let names_it = |report: &Report| {
        let fault = report.first_fault();
        fault.is_some_and(|f| f.stage == Stage::Preflight && f.problem.contains("overwritten"))
    };
    let is_named = outcome.as_ref().is_ok_and(names_it);
    let op = "matmul".to_owned();
    let place = (file!(), line);
    let expected = Expected { stage: Stage::Preflight, node: products.id(), operand: None, op, place };
    let finding = Finding::of(outcome, &expected);
    Finding { located: finding.located && is_named, ..finding }
}

/// A dropout whose mask is another at every run.
fn dropout(wrong: bool) -> Finding {
    let tape = Tape::new();
    let (x, w) = (tape.leaf("x", signed(&[3, 4], 0)), tape.leaf("w", signed(&[4, 5], 1)));
    let hidden = x.matmul(w).tanh();
    let (kept, line) = (tape.apply(Dropout::new(wrong), &[hidden]), line!());
    let weights = tape.constant(signed(&kept.shape(), 2));
    let outcome = Check::new((kept * weights).sum(), &[x, w]).run();
    let op = "dropout".to_owned();
    let place = (file!(), line);
    Finding::of(outcome, &Expected { stage: Stage::Preflight, node: kept.id(), operand: None, op, place })
}

/// `y = 2x` in about half of the places, else 0; `dx` is `dy` in the same ones.
#[derive(Debug)]
struct Dropout {
    /// Whether every run chooses its places anew.
    again: bool,
    runs: AtomicU64,
}

impl Dropout {
    fn new(again: bool) -> Self {
        Self { again, runs: AtomicU64::new(0) }
    }
}

/// Whether a run keeps an element: a bit of a hash of both (the finaliser of SplitMix64).
fn keeps(run: u64, element: u64) -> bool {
    let mut z = (run << 32 | element).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z >> 63 == 1
}

impl<F: Float> Kernel<F> for Dropout {
    fn run(&self, x: Inputs<'_, '_, F>, mut y: Output<'_, F>) {
        let run = if self.again { self.runs.fetch_add(1, Ordering::Relaxed) } else { 0 };
        for ((y, &x), element) in y.array().iter_mut().zip(x.real(0).array()).zip(0..) {
            *y = if keeps(run, element) { x + x } else { F::zero() };
        }
    }
}

impl Op for Dropout {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn formula(&self) -> &'static str {
        "y = 2x or 0"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with("again", Attribute::Flag(self.again))
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        Ok(x.to_vec())
    }

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        dy.tape().apply(Self::new(self.again), &[dy]).into()
    }
}
