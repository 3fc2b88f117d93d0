//! Fields of all kinds that attributes do not list, and ops that say themselves what makes a difference.

use super::scaling;
use chainrule::op::{Attribute, Attributes, Derivative, Inputs, Kernel, Op, Operand, Output, reals};
use chainrule::{Error, Float, Tape, Var};
use std::fmt::{self, Debug};

/// Fields of all kinds, one of which is listed.
#[derive(Debug, Clone, PartialEq)]
struct Many {
    listed: f64,
    flag: bool,
    word: String,
    list: Vec<f64>,
    choice: Choice,
    maybe: Option<usize>,
    pair: (f32, i64),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Choice {
    One,
    Two { of: u8 },
}
scaling!(
    Many,
    "many",
    |op| op.listed + op.list.iter().sum::<f64>(),
    fn attributes(&self) -> Attributes {
        Attributes::new().with("listed", Attribute::Number(self.listed))
    }
);

// A choice alone: it has no fields, and is not of size 0.
scaling!(Choice, "choice", |op| if let Choice::Two { of } = op { f64::from(*of) } else { 1.0 });

/// A number without a name.
#[derive(Debug)]
struct Tuple(f64);
scaling!(Tuple, "tuple", |op| op.0);

#[test]
fn every_kind_of_field_that_is_not_listed_is_noticed() {
    let first = Many {
        listed: 0.0,
        flag: false,
        word: "a".to_owned(),
        list: vec![1.0],
        choice: Choice::One,
        maybe: None,
        pair: (0.0, 1),
    };
    let others = [
        Many { flag: true, ..first.clone() },
        Many { word: "b".to_owned(), ..first.clone() },
        Many { list: vec![1.0, 0.0], ..first.clone() },
        Many { list: vec![1.0 + f64::EPSILON], ..first.clone() },
        Many { choice: Choice::Two { of: 1 }, ..first.clone() },
        Many { maybe: Some(0), ..first.clone() },
        Many { pair: (-0.0, 1), ..first.clone() },
        Many { pair: (0.0, 2), ..first.clone() },
    ];
    for other in others {
        let tape = Tape::new();
        let x = tape.leaf("x", 3.0);
        tape.apply(first.clone(), &[x]);
        tape.apply(Many { listed: 1.0, ..other.clone() }, &[x]);
        let error = tape.try_apply(other, &[x]).unwrap_err();
        assert!(matches!(&error, Error::Indistinct { op, .. } if op == "many(listed=0)"), "{error}");
    }
    let tape = Tape::new();
    let x = tape.leaf("x", 3.0);
    tape.apply(Choice::Two { of: 2 }, &[x]);
    tape.apply(Tuple(2.0), &[x]);
    assert!(
        tape.try_apply(Choice::One, &[x]).is_err() && tape.try_apply(Choice::Two { of: 3 }, &[x]).is_err()
    );
    assert!(tape.try_apply(Tuple(2.5), &[x]).is_err() && tape.try_apply(Tuple(2.0), &[x]).is_ok());
}

/// A long table, of which one number near the end differs.
#[derive(Debug)]
struct Table(Vec<f64>);
scaling!(Table, "table", |op| op.0[op.0.len() - 2]);

#[test]
fn the_message_shows_where_long_ops_differ() {
    let tape = Tape::new();
    let x = tape.leaf("x", 3.0);
    let table = |number: f64| {
        let mut numbers = vec![0.25; 10_000];
        numbers[9_998] = number;
        Table(numbers)
    };
    tape.apply(table(1.5), &[x]);
    tape.apply(table(1.5), &[x]);
    let message = tape.try_apply(table(7.125), &[x]).unwrap_err().to_string();
    assert!(message.contains("1.5") && message.contains("7.125") && message.len() < 1000, "{message}");
}

/// Says nothing by `Debug`, and what makes a difference by `identity`.
struct Silent {
    delta: f64,
}

impl Debug for Silent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Silent")
    }
}
scaling!(
    Silent,
    "silent",
    |op| op.delta,
    fn identity(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Silent of {}", self.delta)
    }
);

/// Shows more by `Debug` than makes a difference.
#[derive(Debug)]
struct Talkative {
    delta: f64,
    #[expect(dead_code, reason = "shown by `Debug`")]
    made: usize,
}
scaling!(
    Talkative,
    "talkative",
    |op| op.delta,
    fn identity(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Talkative of {}", self.delta)
    }
);

#[test]
fn an_op_may_say_itself_what_makes_a_difference() {
    let tape = Tape::new();
    let x = tape.leaf("x", 3.0);
    tape.apply(Silent { delta: 1.0 }, &[x]);
    tape.apply(Silent { delta: 1.0 }, &[x]);
    let message = tape.try_apply(Silent { delta: 2.0 }, &[x]).unwrap_err().to_string();
    assert!(message.contains("`Silent of 2`") && message.contains("`Silent of 1`"), "{message}");
    tape.apply(Talkative { delta: 1.0, made: 1 }, &[x]);
    tape.apply(Talkative { delta: 1.0, made: 2 }, &[x]);
    assert!(tape.try_apply(Talkative { delta: 2.0, made: 1 }, &[x]).is_err());
}
