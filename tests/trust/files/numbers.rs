//! Numbers of which a format or its reader could lose a bit.

use super::{assert_survives, bits, read_back};
use chainrule::check::{Mode, Report, Worst};
use chainrule::op::{Attribute, Attributes};
use chainrule::picture::{Geometry, Layered, LayoutEngine as _, Sizes};
use chainrule::{Check, Graph, State, Tape};
use ndarray::{Array1, ArrayD, IxDyn, arr0, arr1};
use serde_json::Value;

/// Numbers that are hard to write: not finite, of many digits, at the ends of the range, and of bits of all kinds.
fn hard_numbers() -> Vec<f64> {
    let mut numbers = vec![
        0.1 + 0.2,
        1.0 / 3.0,
        -std::f64::consts::PI,
        0.0,
        -0.0,
        1e22,
        1e23,
        9_007_199_254_740_993.0,
        123_456_789_012_345_680.0,
        f64::MAX,
        f64::MIN_POSITIVE,
        f64::from_bits(1),
        -f64::from_bits(0x000f_ffff_ffff_ffff),
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        -f64::NAN,
        f64::from_bits(0x7ff8_0000_dead_beef),
        f64::from_bits(0xfff8_0000_0000_0001),
    ];
    let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..500 {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        numbers.push(f64::from_bits(bits));
        // Weights of a net, and decimals.
        numbers.push((bits >> 11) as f64 / (1_u64 << 53) as f64 - 0.5);
        numbers.push((bits % 100_000) as f64 / 1000.0);
    }
    // A signalling NaN, which CBOR's writer makes a quiet one in single precision.
    numbers.retain(|x| !x.is_nan() || x.to_bits() & 1 << 51 != 0);
    numbers
}

fn hard_singles() -> Vec<f32> {
    let ends =
        [f32::MAX, f32::MIN_POSITIVE, f32::from_bits(1), f32::NAN, -f32::NAN, f32::from_bits(0x7fc0_0123)];
    let all = hard_numbers().into_iter().map(|x| x as f32).chain(ends);
    let bits = (0..500_u32).map(|i| f32::from_bits(i.wrapping_mul(2_654_435_761)));
    all.chain(bits.filter(|x| !x.is_nan())).collect()
}

/// That every number in a text of JSON is one that plain arithmetic reads exactly: at most 15 digits, those before the point
/// counted, and a power of ten that is a float; `serde_json` reads others an ulp off unless it is built with `float_roundtrip`.
fn assert_plain(value: &Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let text = format!("{:e}", number.as_f64().unwrap());
            let (digits, exponent) = text.split_once('e').unwrap();
            let count = digits.bytes().filter(u8::is_ascii_digit).count() as i32;
            let exponent = exponent.parse::<i32>().unwrap();
            assert!(
                count <= 15 && exponent < 15 && count - 1 - exponent <= 22,
                "{number} is not read exactly by every reader"
            );
        }
        Value::Array(values) => values.iter().for_each(assert_plain),
        Value::Object(fields) => fields.values().for_each(assert_plain),
        _ => {}
    }
}

fn text_of(value: &impl serde::Serialize) -> Value {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

#[test]
fn a_state_of_hard_numbers_is_read_back_bit_for_bit() {
    let mut state = State::<f64>::new();
    state.insert("adam/step", arr0(f64::NAN));
    state.insert("hard", Array1::from(hard_numbers()));
    state.insert("nothing", ArrayD::<f64>::zeros(IxDyn(&[2, 0])));
    assert_survives(&state);
    assert_plain(&text_of(&state));
    let mut state = State::<f32>::new();
    state.insert("weights", Array1::from(hard_singles()));
    assert_survives(&state);
    // A number that has few digits in single precision stays a number.
    let mut few = State::<f32>::new();
    few.insert("w", arr1(&[0.1, -2.5e-7, 16_777_216.0]));
    assert_eq!(text_of(&few)["w"]["data"].as_array().unwrap().iter().filter(|x| x.is_number()).count(), 3);
}

#[test]
fn each_hard_number_is_the_same_number_alone() {
    for x in hard_numbers() {
        let mut state = State::<f64>::new();
        state.insert("x", arr0(x));
        for (format, again) in read_back::<State<f64>>(&state) {
            assert_eq!(
                again.get("x").unwrap().sum().to_bits(),
                state.get("x").unwrap().sum().to_bits(),
                "{format}"
            );
        }
    }
}

/// A report in which every float is this number.
fn report_of(x: f64) -> Report {
    let tape = Tape::new();
    let w = tape.leaf("w", arr1(&[0.3, -0.7]));
    let mut report = Check::new((w * w.tanh()).sum(), &[w]).order(2).run().unwrap();
    let mut next = Some(&mut report);
    while let Some(report) = next {
        (report.tolerance, report.output, report.unseen) = (x, x, Some(x));
        report.mode = Mode::Chapter { step: x };
        for leaf in &mut report.parameters {
            (leaf.step, leaf.mean_abs, leaf.max_abs, leaf.max_rel, leaf.unseen) = (x, x, x, x, Some(x));
            leaf.worst = Some(Worst { index: vec![1], backprop: x, numeric: x });
        }
        next = report.next.as_deref_mut();
    }
    report
}

#[test]
fn a_report_of_hard_numbers_is_read_back_bit_for_bit() {
    for x in hard_numbers().into_iter().take(60) {
        let report = report_of(x);
        assert_survives(&report);
        assert_plain(&text_of(&report));
    }
}

#[test]
fn a_report_on_what_is_not_finite_is_read_back() {
    let tape = Tape::new();
    // The derivative of a root at 0 is infinite.
    let w = tape.leaf("w", arr1(&[0.0, 1.0]));
    let report = Check::new(w.sqrt().sum(), &[w]).run().unwrap();
    assert!(report.parameters.iter().any(|leaf| !leaf.max_abs.is_finite()), "{report:?}");
    assert_survives(&report);
}

#[test]
fn constants_and_attributes_are_read_back_bit_for_bit() {
    let tape = Tape::new();
    let _ = tape.constant(Array1::from(hard_numbers())) * tape.leaf("x", 1.0);
    let _ = tape.constant(f64::NAN) + tape.constant(0.1 + 0.2);
    let graph: Graph = tape.into_graph();
    assert_survives(&graph);
    assert_plain(&text_of(&graph));
    for x in hard_numbers() {
        let attributes = Attributes::new().with("alpha", Attribute::Number(x));
        assert_survives(&attributes);
        assert_plain(&text_of(&attributes));
    }
}

#[test]
fn a_drawing_is_read_back_bit_for_bit() {
    let tape = Tape::new();
    let x = tape.leaf("x", arr1(&[0.3, -0.7]));
    let picture = (x * x.tanh()).sum().draw().picture().unwrap();
    let sizes = Sizes::of(&picture);
    let mut drawing: Geometry = Layered::default().lay_out(&picture, &sizes);
    assert_survives(&sizes);
    assert_survives(&drawing);
    (drawing.width, drawing.nodes[0].x) = (f64::NAN, 0.1 + 0.2);
    assert_survives(&drawing);
    assert_plain(&text_of(&drawing));
}

#[test]
fn plain_numbers_are_read_as_before() {
    let json = r#"{"w":{"v":1,"dim":[4],"data":[0.1,2,-3,0.30000000000000004]}}"#;
    let state: State<f64> = serde_json::from_str(json).unwrap();
    assert_eq!(state.get("w").unwrap(), arr1(&[0.1, 2.0, -3.0, 0.1 + 0.2]).into_dyn());
    let state: State<f32> = serde_json::from_str(json).unwrap();
    assert_eq!(state.get("w").unwrap(), arr1(&[0.1, 2.0, -3.0, 0.3]).into_dyn());
    let attributes: Attributes =
        serde_json::from_str(r#"[["a",{"number":"-inf"}],["b",{"number":2}]]"#).unwrap();
    assert_eq!((attributes.number("a"), attributes.number("b")), (Ok(f64::NEG_INFINITY), Ok(2.0)));
}

#[test]
fn what_is_no_number_is_refused() {
    let with = |number: &str| format!(r#"{{"w":{{"v":1,"dim":[1],"data":[{number}]}}}}"#);
    for number in
        ["null", "true", "[]", "\"\"", "\"one\"", "\"1e999\"", "1e999", "\"NaN(0x1)\"", "\"NaN(\"", "\"0x1\""]
    {
        assert!(serde_json::from_str::<State<f64>>(&with(number)).is_err(), "{number}");
        assert!(serde_json::from_str::<State<f32>>(&with(number)).is_err(), "{number}");
    }
    // Too large for single precision, and no infinity there.
    for number in ["1e300", "\"1e300\"", "-1e39"] {
        assert!(serde_json::from_str::<State<f64>>(&with(number)).is_ok(), "{number}");
        assert!(serde_json::from_str::<State<f32>>(&with(number)).is_err(), "{number}");
    }
    let message = serde_json::from_str::<State<f32>>(&with("\"one\"")).unwrap_err().to_string();
    assert!(message.contains("a number of f32, or a word for one"), "{message}");
    assert_eq!(bits(&report_of(1.0)), bits(&report_of(1.0)));
}
