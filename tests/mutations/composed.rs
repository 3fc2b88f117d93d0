//! What the crate records of several ops, as one op of a user whose rule for one operand can be wrong.

use crate::specimen::Specimen;
use crate::support::Operand;
use chainrule::op::{
    Attribute, Attributes, Derivative, Inputs, Kernel, Kind, Op, Operand as Shape, Output, Precision,
};
use chainrule::{Tape, Var};
use ndarray::ArrayD;

/// A recorded function.
pub(crate) type Function = for<'t> fn(&[Var<'t>]) -> Var<'t>;

/// A rule of one operand: operands, result, cotangent.
pub(crate) type Wrong = for<'t> fn(&[Var<'t>], Var<'t>, Var<'t>) -> Var<'t>;

/// Its value is that of a function that is recorded and computed; its rules are the VJPs of that, but for the wrong one.
#[derive(Debug, Clone, Copy)]
struct Composed {
    what: &'static str,
    function: Function,
    rule: Wrong,
    wrong: Option<usize>,
    /// The operands from this one on are indices.
    reals: usize,
}

impl Composed {
    fn on<'t>(&self, tape: &'t Tape, operands: impl Iterator<Item = ArrayD<f64>>) -> Var<'t> {
        let leaf = |(i, x): (usize, ArrayD<f64>)| match i < self.reals {
            true => tape.leaf(&format!("x{i}"), x),
            false => tape.index_leaf(&format!("x{i}"), x.mapv(|x| x as usize)),
        };
        (self.function)(&operands.enumerate().map(leaf).collect::<Vec<_>>())
    }
}

impl<F: Precision> Kernel<F> for Composed {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let operand = |i: usize| match i < self.reals {
            true => x.real(i).array().mapv(F::wide),
            false => x.index(i).array().mapv(|x| x as f64),
        };
        let tape = Tape::new();
        let result = self.on(&tape, (0..x.len()).map(operand)).value();
        y.data.iter_mut().zip(result.iter()).for_each(|(y, &value)| *y = F::of(value));
    }
}

impl Op for Composed {
    fn name(&self) -> &'static str {
        "composed"
    }

    fn formula(&self) -> &'static str {
        "y = f(x)"
    }

    fn attributes(&self) -> Attributes {
        let wrong = self.wrong.map(|operand| operand as i64);
        let what = Attribute::Text(self.what.to_owned());
        Attributes::new().with("what", what).with("wrong", Attribute::Ints(vec![wrong]))
    }

    fn shape(&self, x: &[Shape<'_>]) -> Result<Vec<usize>, String> {
        let is_right = |(i, x): (usize, &Shape<'_>)| (x.kind == Kind::Real) == (i < self.reals);
        if !x.iter().enumerate().all(is_right) {
            return Err(format!("takes {} operands of numbers, then indices", self.reals));
        }
        let tape = Tape::new();
        Ok(self.on(&tape, x.iter().map(|x| ArrayD::zeros(x.shape))).shape())
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        if operand >= self.reals {
            return Derivative::NotDifferentiable;
        }
        match self.wrong == Some(operand) {
            true => (self.rule)(x, y, dy).into(),
            false => (self.function)(x).vjp(dy, [x[operand]])[0].into(),
        }
    }
}

impl Specimen {
    /// What the crate records, with a wrong rule for one operand. Indices stand behind all numbers.
    pub(crate) fn composed(
        number: usize,
        what: &'static str,
        function: Function,
        operand: usize,
        operands: Vec<Operand>,
        rule: Wrong,
    ) -> Self {
        let reals = operands.iter().filter(|x| matches!(x, Operand::Real(_))).count();
        let op = move |wrong| Composed { what, function, rule, wrong, reals };
        Self::new(number, what, operand, operands, op)
    }
}
