//! What the entries share: an op made of two functions, and the check of it at given operands.

use crate::support::real;
use chainrule::check::{Mode, Report};
use chainrule::op::{Attribute, Attributes, Derivative, Domain, Inputs, Kernel, Op, Operand, Output, View};
use chainrule::{Check, Float, Result, Tape, Var};
use ndarray::ArrayD;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What an op computes, whatever the precision: arrays in, array out.
pub(crate) type Computes = fn(&[ArrayD<f64>]) -> ArrayD<f64>;

/// The rules of an op: operand, operands, result, cotangent.
pub(crate) type Rule = for<'t> fn(usize, &[Var<'t>], Var<'t>, Var<'t>) -> Derivative<'t>;

/// An op of a user, right or wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Custom {
    /// Ops of one name are one op, so each has a name of its own.
    pub(crate) name: &'static str,
    pub(crate) computes: Computes,
    pub(crate) rule: Rule,
}

impl Custom {
    #[track_caller]
    pub(crate) fn on<'t>(self, x: &[Var<'t>]) -> Var<'t> {
        x[0].tape().apply(self, x)
    }
}

impl<F: Float> Kernel<F> for Custom {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let wide = |x: View<'_, F>| x.array().mapv(F::wide);
        let operands: Vec<ArrayD<f64>> = (0..x.len()).map(|i| wide(x.real(i))).collect();
        let result = (self.computes)(&operands);
        y.data.iter_mut().zip(&result).for_each(|(y, &value)| *y = F::of(value));
    }
}

impl Op for Custom {
    fn name(&self) -> &'static str {
        self.name
    }

    fn formula(&self) -> &'static str {
        self.name
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with("name", Attribute::Text(self.name.to_owned()))
    }

    /// That of what it computes from zeros: none of these shapes depends on values.
    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let zeros: Vec<ArrayD<f64>> = x.iter().map(|x| ArrayD::zeros(x.shape)).collect();
        Ok((self.computes)(&zeros).shape().to_vec())
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        (self.rule)(operand, x, y, dy)
    }
}

/// Operands at which functions are checked, up to an order of derivatives.
pub(crate) struct At {
    operands: Vec<ArrayD<f64>>,
    order: usize,
}

/// At these operands, to first order.
pub(crate) fn at<const N: usize>(operands: [ArrayD<f64>; N]) -> At {
    At { operands: operands.into(), order: 1 }
}

/// Distinct numbers of both signs, off the kink at 0.
pub(crate) fn signed(shape: &[usize]) -> ArrayD<f64> {
    real(shape, Domain::Signed(0.3, 1.7), &mut ChaCha8Rng::seed_from_u64(3))
}

/// A list of numbers as an array of one axis.
pub(crate) fn list(numbers: &[f64]) -> ArrayD<f64> {
    ndarray::arr1(numbers).into_dyn()
}

/// The sum of a var's elements times random numbers of both signs, other ones for other seeds: a plain sum hides too
/// much.
pub(crate) fn weighted(y: Var<'_>, seed: u64) -> Var<'_> {
    let weights = real(&y.shape(), Domain::Signed(0.5, 1.5), &mut ChaCha8Rng::seed_from_u64(seed));
    (y * y.tape().constant(weights)).sum()
}

const MODES: [Mode; 3] = [Mode::Full, Mode::CHAPTER, Mode::QUICK];

impl At {
    /// To second order.
    pub(crate) fn twice(self) -> Self {
        Self { order: 2, ..self }
    }

    fn leaves<'t>(&self, tape: &'t Tape) -> Vec<Var<'t>> {
        self.operands.iter().enumerate().map(|(i, x)| tape.leaf(&format!("x{i}"), x.clone())).collect()
    }

    /// Panics unless the checker passes the derivatives of a function, in every mode.
    #[track_caller]
    pub(crate) fn passes(&self, right: impl for<'t> Fn(&[Var<'t>]) -> Var<'t>) {
        for mode in MODES {
            let tape = Tape::new();
            let leaves = self.leaves(&tape);
            let loss = weighted(right(&leaves), 1);
            match Check::new(loss, &leaves).mode(mode).order(self.order).run() {
                Ok(report) => assert!(report.passed(), "{mode:?} fails\n{report}"),
                Err(error) => panic!("{mode:?}: {error}"),
            }
        }
    }

    /// Panics unless the checker finds the rule for this operand of an op wrong, in every mode.
    #[track_caller]
    pub(crate) fn catches(&self, wrong: Custom, operand: usize) {
        self.catches_in(wrong.name, operand, |x| wrong.on(x));
    }

    /// Panics unless the checker finds the rule for this operand of the op of this name wrong, in every mode.
    #[track_caller]
    pub(crate) fn catches_in(
        &self,
        name: &str,
        operand: usize,
        wrong: impl for<'t> Fn(&[Var<'t>]) -> Var<'t>,
    ) {
        for mode in MODES {
            let tape = Tape::new();
            let leaves = self.leaves(&tape);
            let loss = weighted(wrong(&leaves), 1);
            let report = Check::new(loss, &leaves).mode(mode).order(self.order).run();
            located(&tape, report, name, Some(operand));
        }
    }

    /// Panics unless the check ends at the op of this name, whose result is no number, in every mode.
    #[track_caller]
    pub(crate) fn stops_at(&self, name: &str, wrong: impl for<'t> Fn(&[Var<'t>]) -> Var<'t>) {
        for mode in MODES {
            let tape = Tape::new();
            let leaves = self.leaves(&tape);
            let loss = weighted(wrong(&leaves), 1);
            located(&tape, Check::new(loss, &leaves).mode(mode).run(), name, None);
        }
    }
}

/// Panics unless a check failed, and its first fault is that op's, and that operand's if one is given; an error that
/// names the op will do as well.
#[track_caller]
pub(crate) fn located(tape: &Tape, report: Result<Report>, name: &str, operand: Option<usize>) {
    let report = match report {
        Ok(report) => report,
        Err(error) => {
            let message = error.to_string();
            let mut words = message.split(|c: char| !c.is_alphanumeric() && c != '_');
            return assert!(words.any(|word| word == name), "{message}");
        }
    };
    assert!(!report.passed(), "it passes\n{report}");
    let Some(fault) = report.first_fault() else { panic!("no node is blamed\n{report}") };
    let graph = tape.graph();
    let node = graph.node(fault.node);
    assert_eq!(node.op().name, name, "{report}");
    if operand.is_some() {
        assert_eq!(fault.operand, operand, "{report}");
    }
    // The line of the user's that recorded it, not one of the engine's.
    let location = fault.location.as_ref().map(ToString::to_string).unwrap_or_default();
    assert!(location.contains("wild_bugs"), "{location:?}\n{report}");
}
