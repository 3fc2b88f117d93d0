//! Numbers from outside, in messages: all their digits, and no rows of zeros.

use chainrule::check::Mode;
use chainrule::op::Attribute;
use chainrule::{Check, Plan, PlanOptions, State, Tape};
use ndarray::arr1;

/// That a text has no run of more than twenty digits.
#[track_caller]
fn assert_short(text: &str) {
    let longest = text.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    assert!(longest <= 20, "{text}");
}

#[test]
fn no_message_has_three_hundred_digits() {
    for number in [1e300, -1e300, 1e-300, 1.234_567_890_123_456_7e200, f64::MAX, f64::MIN_POSITIVE] {
        let tape = Tape::new();
        let x = tape.leaf("x", arr1(&[0.5, 2.0]));
        let y = x.powf(number);
        assert_short(&format!("{y:?}"));
        assert_short(&tape.graph().node(y.id()).op().symbol);
        let message =
            tape.try_apply(chainrule::ops::Powf { exponent: number }, &[x, x]).unwrap_err().to_string();
        assert_short(&message);
        assert_short(&Check::new(y.sum(), &[x]).tolerance(-number.abs()).run().unwrap_err().to_string());
        let mode = Mode::Chapter { step: -number.abs() };
        assert_short(&Check::new(y.sum(), &[x]).mode(mode).run().unwrap_err().to_string());
        let loss = y.sum();
        let picture = loss.draw().gradients(&loss.backward()).picture().unwrap();
        assert!(picture.nodes.iter().filter_map(|n| n.details.as_ref()).any(|d| !d.rules.is_empty()));
        for details in picture.nodes.iter().filter_map(|node| node.details.as_ref()) {
            details.rules.iter().for_each(|(_, rule)| assert_short(rule));
            assert_short(&details.op);
        }
        let z = x * number;
        match Plan::<f32>::compile([z], []) {
            Ok(plan) => assert_short(&plan.schedule().to_string()),
            Err(refused) => {
                assert_short(&refused.to_string());
                assert!(refused.to_string().contains(&format!("constant {number:e} of n")), "{refused}");
            }
        }
        assert_short(&Plan::<f64>::compile([z], []).unwrap().schedule().to_string());
        let w = tape.input("w", [2]);
        let options = PlanOptions::default().check_finite(true);
        let mut plan =
            Plan::<f64>::compile_with([(w * number * number * number).sum(), (1.0 / w).sum()], [], options)
                .unwrap();
        plan.feed(w, &arr1(&[number, 0.0])).unwrap();
        assert_short(&plan.run(&mut State::new()).unwrap_err().to_string());
        assert_short(&Attribute::Number(number).to_string());
    }
}

#[test]
fn ordinary_numbers_are_written_as_before() {
    let texts = [
        (2.0, "2"),
        (-0.1, "-0.1"),
        (1e6, "1000000"),
        (0.0, "0"),
        (1e300, "1e300"),
        (1e16, "1e16"),
        (1e-7, "1e-7"),
        (f64::NAN, "NaN"),
        (f64::INFINITY, "inf"),
        (1.0 / 3.0, "0.3333333333333333"),
    ];
    for (number, text) in texts {
        assert_eq!(Attribute::Number(number).to_string(), text);
    }
}
