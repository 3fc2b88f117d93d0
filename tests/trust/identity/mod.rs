//! Ops of one type that their attributes do not tell apart are refused, and never silently one.

use chainrule::op::{Derivative, Inputs, Kernel, Op, Operand, Output, reals};
use chainrule::{Error, Float, Tape, Var};
use std::sync::Arc;

mod fields;
mod files;
mod rules;

/// Defines an elementwise op `y = factor · x` whose factor is a function of its fields.
macro_rules! scaling {
    ($op:ty, $name:literal, |$this:ident| $factor:expr $(, $method:item)*) => {
        impl<F: Float> Kernel<F> for $op {
            fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
                let $this = self;
                let factor = F::of($factor);
                y.data.iter_mut().zip(x.real(0).slice()).for_each(|(y, &x)| *y = factor * x);
            }
        }

        impl Op for $op {
            fn name(&self) -> &'static str {
                $name
            }
            fn formula(&self) -> &'static str {
                "y = factor · x"
            }
            fn elementwise(&self) -> bool {
                true
            }
            fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
                let [x] = reals(x)?;
                Ok(x.to_vec())
            }
            fn rule<'t>(&self, _: usize, _: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
                let $this = self;
                ($factor * dy).into()
            }
            $($method)*
        }
    };
}

use scaling;

/// A setting that is missing among the attributes.
#[derive(Debug, Clone)]
struct Forgetful {
    delta: f64,
}
scaling!(Forgetful, "forgetful", |op| op.delta);

fn message_of(call: impl FnOnce()) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).expect_err("to be refused");
    *panic.downcast::<String>().expect("a message")
}

/// How many ops there are on a tape besides the leaves.
fn ops_of(tape: &Tape) -> usize {
    let graph = tape.graph();
    let ops: std::collections::BTreeSet<String> =
        graph.nodes().filter(|n| n.leaf().is_none()).map(|n| format!("{:?}", n.op())).collect();
    ops.len()
}

#[test]
fn an_op_with_another_field_and_no_attributes_is_refused_with_what_is_missing() {
    let tape = Tape::new();
    let x = tape.leaf("x", 3.0);
    let y = tape.apply(Forgetful { delta: 1.0 }, &[x]);
    let error = tape.try_apply(Forgetful { delta: 0.5 }, &[x]).unwrap_err();
    let line = line!() - 1;
    assert!(matches!(error, Error::Indistinct { .. }), "{error}");
    let message = error.to_string();
    let place = format!("recorded at {}:{line}:", file!());
    let wanted = [
        "forgetful:",
        "`Forgetful { delta: 1.0 }`",
        "`Forgetful { delta: 0.5 }`",
        "`Op::attributes`",
        "`delta`",
        &format!("n1 recorded at {}:{}:", file!(), line - 1),
        &place,
    ];
    for wanted in wanted {
        assert!(message.contains(wanted), "no {wanted} in: {message}");
    }
    assert_eq!(
        message_of(|| drop(tape.apply(Forgetful { delta: 0.5 }, &[x]).value())).split("; recorded at").next(),
        message.split("; recorded at").next()
    );
    // The first is as it was.
    assert_eq!((y.value().item(), tape.graph().len()), (3.0, 2));
}

#[test]
fn the_same_op_again_is_the_same_op() {
    let tape = Tape::new();
    let x = tape.leaf("x", 3.0);
    let (a, b) = (tape.apply(Forgetful { delta: 0.5 }, &[x]), tape.apply(Forgetful { delta: 0.5 }, &[x]));
    assert_eq!((a.value().item(), b.value().item(), ops_of(&tape)), (1.5, 1.5, 1));
    assert_eq!((a + b).grad([x])[0].value().item(), 1.0);
}

#[test]
fn an_emptied_tape_takes_another_op_in_the_place_of_one_that_it_had() {
    let mut tape = Tape::new();
    for delta in [1.0, 0.5, 2.0, 1.0] {
        tape.reset();
        let x = tape.leaf("x", 3.0);
        let y = tape.apply(Forgetful { delta }, &[x]);
        assert_eq!(
            (y.value().item(), y.grad([x])[0].value().item(), y.sweep([x])[0].item()),
            (3.0 * delta, delta, delta)
        );
        assert!(tape.try_apply(Forgetful { delta: 7.0 }, &[x]).is_err());
        assert!(serde_json::to_string(&*tape.graph()).is_ok());
    }
}

#[test]
fn shared_ops_are_compared_too() {
    let tape = Tape::new();
    let x = tape.leaf("x", 3.0);
    let op: Arc<dyn Op> = Arc::new(Forgetful { delta: 1.0 });
    tape.try_apply_shared(op.clone(), &[x]).unwrap();
    tape.try_apply_shared(op, &[x]).unwrap();
    tape.try_apply_shared(Arc::new(Forgetful { delta: 1.0 }), &[x]).unwrap();
    let error = tape.try_apply_shared(Arc::new(Forgetful { delta: 2.0 }), &[x]).unwrap_err();
    assert!(matches!(error, Error::Indistinct { .. }), "{error}");
    assert!(tape.try_apply(Forgetful { delta: 2.0 }, &[x]).is_err());
}

#[test]
fn attributes_of_built_in_ops_say_all_that_they_hold() {
    // So that they need not be compared.
    let mut ops = 0;
    for entry in chainrule::ops::TABLE {
        let examples = (entry.examples)();
        for (a, b) in examples.iter().flat_map(|a| examples.iter().map(move |b| (a, b))) {
            let (told, listed) = (format!("{a:?}") == format!("{b:?}"), a.attributes() == b.attributes());
            assert_eq!(told, listed, "{a:?} and {b:?}");
            ops += 1;
        }
    }
    assert!(ops > 100, "{ops} pairs");
}

#[test]
fn the_check_of_an_op_says_what_its_attributes_do_not_list() {
    let report = chainrule::check::OpCheck::new(Forgetful { delta: 0.5 }).run().unwrap();
    assert!(report.note.as_deref().is_some_and(|note| note.contains("delta")), "{report}");
}
