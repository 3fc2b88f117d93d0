//! Ops with state, and ops in rules.

use super::message_of;
use chainrule::op::{Attribute, Attributes, Derivative, Inputs, Kernel, Op, Operand, Output, reals};
use chainrule::{Error, Float, Tape, Var};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts its calls, alone or with all its copies, and makes itself anew in its rule.
#[derive(Debug, Clone)]
struct Counting {
    calls: Arc<AtomicUsize>,
    alone: bool,
}

impl<F: Float> Kernel<F> for Counting {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        y.data.copy_from_slice(x.real(0).slice());
    }
}

impl Op for Counting {
    fn name(&self) -> &'static str {
        "counting"
    }
    fn formula(&self) -> &'static str {
        "y = x"
    }
    fn attributes(&self) -> Attributes {
        Attributes::new().with("alone", Attribute::Flag(self.alone))
    }
    fn elementwise(&self) -> bool {
        true
    }
    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        Ok(x.to_vec())
    }
    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let calls = if self.alone { Arc::default() } else { self.calls.clone() };
        dy.tape().apply(Self { calls, alone: self.alone }, &[dy]).into()
    }
}

#[test]
fn state_that_changes_within_an_op_does_not_make_it_another() {
    for alone in [true, false] {
        let tape = Tape::new();
        let x = tape.leaf("x", 3.0);
        let op = Counting { calls: Arc::default(), alone };
        let y = tape.apply(op.clone(), &[x]);
        assert_eq!(y.value().item(), 3.0);
        let again = if alone { Counting { calls: Arc::default(), alone } } else { op };
        let z = tape.apply(again, &[y]);
        assert_eq!((z.value().item(), z.try_grad(&[x]).unwrap()[0].value().item()), (3.0, 1.0));
    }
}

/// `y = x · delta`, whose rule is wrongly written with another op of the type: `dx` through one of `2 · delta`.
#[derive(Debug)]
struct Doubling {
    delta: f64,
}

impl<F: Float> Kernel<F> for Doubling {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        y.data.iter_mut().zip(x.real(0).slice()).for_each(|(y, &x)| *y = F::of(self.delta) * x);
    }
}

impl Op for Doubling {
    fn name(&self) -> &'static str {
        "doubling"
    }
    fn formula(&self) -> &'static str {
        "y = delta · x"
    }
    fn elementwise(&self) -> bool {
        true
    }
    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        Ok(x.to_vec())
    }
    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        (0.5 * dy.tape().apply(Self { delta: 2.0 * self.delta }, &[dy])).into()
    }
}

#[test]
fn an_op_in_a_rule_is_compared_when_the_rule_is_put_on_the_tape() {
    let tape = Tape::new();
    let x = tape.leaf("x", 3.0);
    let y = tape.apply(Doubling { delta: 1.0 }, &[x]);
    let line = line!() - 1;
    for _ in 0..2 {
        let error = y.try_grad(&[x]).unwrap_err();
        assert!(matches!(error, Error::Indistinct { .. }), "{error}");
        assert!(error.to_string().contains(&format!("; recorded at {}:{line}:", file!())), "{error}");
    }
    assert!(message_of(|| drop(y.backward())).contains("Doubling { delta: 2.0 }"));
    // Numbers alone are computed by the op that the rule names.
    assert_eq!(y.sweep([x])[0].item(), 1.0);
}
