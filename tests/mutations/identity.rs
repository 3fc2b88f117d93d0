//! Two ops that differ in a field, which one of them does not tell the graph: recorded as one, they would compute the same.

use crate::Mutation;
use crate::finding::Finding;
use crate::specimen::signed;
use crate::support::message;
use chainrule::op::{Attribute, Attributes, Derivative, Inputs, Kernel, Op, Operand, Output, reals};
use chainrule::{Float, Tape, Var};
use std::panic::{AssertUnwindSafe, catch_unwind};

pub(crate) fn all() -> Vec<Mutation> {
    vec![Mutation::new(35, "two ops that are silently one", identity)]
}

/// `y = δ x`.
#[derive(Debug, Clone)]
struct Scale {
    delta: f64,
    /// Whether δ is among the attributes.
    told: bool,
}

impl<F: Float> Kernel<F> for Scale {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        y.data.iter_mut().zip(x.real(0).slice()).for_each(|(y, &x)| *y = F::of(self.delta) * x);
    }
}

impl Op for Scale {
    fn name(&self) -> &'static str {
        "scale"
    }

    fn formula(&self) -> &'static str {
        "y = δ x"
    }

    fn attributes(&self) -> Attributes {
        match self.told {
            true => Attributes::new().with("delta", Attribute::Number(self.delta)),
            false => Attributes::new(),
        }
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        reals(x).map(|[x]| x.to_vec())
    }

    fn elementwise(&self) -> bool {
        true
    }

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        (self.delta * dy).into()
    }
}

/// Records both, the second of which must be refused with the method that is missing and its line.
fn identity(wrong: bool) -> Finding {
    let tape = Tape::new();
    let x = tape.leaf("x", signed(&[3, 4], 0));
    let first = tape.apply(Scale { delta: 1.0, told: !wrong }, &[x]);
    let line = line!() + 1;
    let second = catch_unwind(AssertUnwindSafe(|| tape.try_apply(Scale { delta: 0.5, told: !wrong }, &[x])));
    let refusal = match second {
        Ok(Ok(second)) => {
            assert_eq!(first.value() == second.value(), wrong);
            None
        }
        Ok(Err(error)) => Some(error.to_string()),
        Err(panic) => Some(message(&*panic)),
    };
    let text = refusal.clone().unwrap_or_else(|| "both were recorded".to_owned());
    let located = text.contains("scale") && text.contains("attributes") && text.contains(&format!(":{line}"));
    Finding { caught: refusal.is_some(), located, differs_end_to_end: false, first: text.clone(), text }
}
