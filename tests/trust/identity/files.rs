//! What files tell apart, and what they do not.

use super::{Forgetful, ops_of, scaling};
use chainrule::op::{Attribute, Attributes, Derivative, Inputs, Kernel, LoadOp, Op, Operand, Output, reals};
use chainrule::{Error, Float, Graph, Plan, Registry, State, Tape, Var};

/// The same with its attribute.
#[derive(Debug, Clone)]
struct Listed {
    delta: f64,
}
scaling!(
    Listed,
    "listed",
    |op| op.delta,
    fn attributes(&self) -> Attributes {
        Attributes::new().with("delta", Attribute::Number(self.delta))
    }
);

impl LoadOp for Listed {
    const NAME: &'static str = "listed";

    fn load(a: &Attributes) -> Result<Self, String> {
        Ok(Self { delta: a.number("delta")? })
    }

    fn examples() -> Vec<Self> {
        vec![Self { delta: 2.0 }]
    }
}

#[test]
fn ops_that_list_their_fields_are_two() {
    let tape = Tape::new();
    let x = tape.leaf("x", 3.0);
    let numbers = [1.0, 0.5, 0.0, -0.0, f64::INFINITY, f64::NAN, f64::NAN];
    let ops: Vec<Var<'_>> = numbers.iter().map(|&delta| tape.apply(Listed { delta }, &[x])).collect();
    for (y, delta) in ops.iter().zip(numbers) {
        let (found, wanted) = (y.value().item(), 3.0 * delta);
        assert!(
            found.to_bits() == wanted.to_bits() || found.is_nan() && wanted.is_nan(),
            "{found} for {wanted}"
        );
    }
    assert_eq!(ops_of(&tape), 6, "NaN is the same as itself, and 0 is not −0");
    // A file keeps them apart too.
    let text = serde_json::to_string(&tape.into_graph()).unwrap();
    let graph: Graph = serde_json::from_str(&text).unwrap();
    let tape = Tape::from_graph(graph, &Registry::default().with::<Listed>()).unwrap();
    tape.feed(tape.var(chainrule::NodeId::new(0)).unwrap(), 3.0).unwrap();
    for (i, delta) in numbers.into_iter().enumerate() {
        let found = tape.var(chainrule::NodeId::new(i + 1)).unwrap().value().item();
        assert!(
            found.to_bits() == (3.0 * delta).to_bits() || found.is_nan() && delta.is_nan(),
            "{found}, {delta}"
        );
    }
}

mod another {
    use super::*;

    /// Another type of the same name.
    #[derive(Debug)]
    pub(super) struct Listed {
        pub(super) delta: f64,
    }
    scaling!(
        Listed,
        "listed",
        |op| -op.delta,
        fn attributes(&self) -> Attributes {
            Attributes::new().with("delta", Attribute::Number(self.delta))
        }
    );
}

#[test]
fn two_types_of_one_name_are_two_ops_and_no_file_takes_them_for_one() {
    let tape = Tape::new();
    let x = tape.leaf("x", 3.0);
    let (a, b) = (tape.apply(Listed { delta: 2.0 }, &[x]), tape.apply(another::Listed { delta: 2.0 }, &[x]));
    assert_eq!((a.value().item(), b.value().item()), (6.0, -6.0));
    let gradients = [a.grad([x])[0], b.grad([x])[0]].map(|dx| dx.value().item());
    assert_eq!(gradients, [2.0, -2.0]);
    let mut plan = Plan::<f64>::compile([a, b], []).unwrap();
    let mut state = State::new();
    let outputs = plan.run(&mut state).unwrap();
    assert_eq!((outputs.item(a), outputs.item(b)), (6.0, -6.0));
    let graph = tape.graph();
    for error in
        [serde_json::to_string(&*graph).unwrap_err(), serde_json::to_string(&graph.located()).unwrap_err()]
    {
        assert!(error.to_string().contains("two ops called listed(delta=2)"), "{error}");
    }
}

#[test]
fn types_of_one_name_with_other_attributes_or_without_nodes_are_written() {
    let mut tape = Tape::new();
    let x = tape.leaf("x", 3.0);
    tape.apply(Listed { delta: 2.0 }, &[x]);
    tape.apply(another::Listed { delta: 3.0 }, &[x]);
    assert!(serde_json::to_string(&*tape.graph()).is_ok(), "attributes differ");
    tape.apply(another::Listed { delta: 2.0 }, &[x]);
    assert!(serde_json::to_string(&*tape.graph()).is_err());
    tape.reset();
    let x = tape.leaf("x", 3.0);
    tape.apply(Listed { delta: 2.0 }, &[x]);
    assert!(serde_json::to_string(&*tape.graph()).is_ok(), "only one is used");
}

/// Found in files by a name, and loaded without its setting.
#[derive(Debug)]
struct Dropping {
    delta: f64,
}
scaling!(
    Dropping,
    "dropping",
    |op| op.delta,
    fn attributes(&self) -> Attributes {
        Attributes::new().with("delta", Attribute::Number(self.delta))
    }
);

impl LoadOp for Dropping {
    const NAME: &'static str = "dropping";

    fn load(_: &Attributes) -> Result<Self, String> {
        Ok(Self { delta: 1.0 })
    }

    fn examples() -> Vec<Self> {
        vec![Self { delta: 1.0 }]
    }
}

#[test]
fn an_op_that_is_loaded_without_its_setting_is_refused() {
    let registry = Registry::default().with::<Dropping>();
    for (delta, loads) in [(1.0, true), (0.5, false)] {
        let tape = Tape::new();
        tape.apply(Dropping { delta }, &[tape.leaf("x", 3.0)]);
        let text = serde_json::to_string(&tape.into_graph()).unwrap();
        let loaded = Tape::from_graph(serde_json::from_str(&text).unwrap(), &registry);
        match loaded {
            Ok(_) => assert!(loads, "0.5 was read as 1"),
            Err(error) => {
                assert!(!loads && matches!(error, Error::Graph { .. }), "{error}");
                let message = error.to_string();
                assert!(
                    message.contains("dropping(delta=0.5)") && message.contains("`LoadOp::load`"),
                    "{message}"
                );
            }
        }
    }
}

#[test]
fn an_integer_in_a_file_is_a_number_and_what_is_left_out_is_up_to_the_op() {
    let tape = Tape::new();
    tape.apply(Listed { delta: 2.0 }, &[tape.leaf("x", 3.0)]);
    let text = serde_json::to_string(&tape.into_graph()).unwrap();
    assert!(text.contains(r#"["delta",{"number":2.0}]"#), "{text}");
    let text = text.replace(r#"["delta",{"number":2.0}]"#, r#"["delta",{"int":2}],["more",{"flag":true}]"#);
    let tape = Tape::from_graph(serde_json::from_str(&text).unwrap(), &Registry::default().with::<Listed>())
        .unwrap();
    let [x, y] = [0, 1].map(|i| tape.var(chainrule::NodeId::new(i)).unwrap());
    tape.feed(x, 3.0).unwrap();
    assert_eq!(y.value().item(), 6.0);
}

impl LoadOp for Forgetful {
    const NAME: &'static str = "forgetful";

    fn load(_: &Attributes) -> Result<Self, String> {
        Ok(Self { delta: 1.0 })
    }

    fn examples() -> Vec<Self> {
        vec![Self { delta: 1.0 }]
    }
}

#[test]
fn an_op_on_a_loaded_tape_is_compared_too() {
    let tape = Tape::new();
    tape.apply(Forgetful { delta: 1.0 }, &[tape.leaf("x", 3.0)]);
    let text = serde_json::to_string(&tape.into_graph()).unwrap();
    let registry = Registry::default().with::<Forgetful>();
    let tape = Tape::from_graph(serde_json::from_str(&text).unwrap(), &registry).unwrap();
    let x = tape.var(chainrule::NodeId::new(0)).unwrap();
    assert!(tape.try_apply(Forgetful { delta: 1.0 }, &[x]).is_ok());
    assert!(matches!(tape.try_apply(Forgetful { delta: 0.5 }, &[x]), Err(Error::Indistinct { .. })));
    let other = tape.with_shapes([(x, [4])]).unwrap();
    let x = other.var(x.id()).unwrap();
    assert!(other.try_apply(Forgetful { delta: 0.5 }, &[x]).is_err());
}
