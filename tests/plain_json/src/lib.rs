//! States, reports and graphs as JSON, by a `serde_json` that reads some numbers an ulp off.
#![cfg(test)]

use chainrule::check::{Report, Worst};
use chainrule::op::{Attribute, Attributes};
use chainrule::{Check, Graph, State, Tape};
use ndarray::{Array1, arr1};
use serde::{Serialize, de::DeserializeOwned};

/// Numbers between −½ and ½ as weights are, and of any bits; NaN and infinities among them.
fn numbers() -> Vec<f64> {
    let mut numbers = vec![f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.1 + 0.2, f64::MAX];
    let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..20_000 {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        numbers.extend([(bits >> 11) as f64 / (1_u64 << 53) as f64 - 0.5, f64::from_bits(bits)]);
    }
    numbers
}

fn read_back<T: Serialize + DeserializeOwned>(value: &T) -> T {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

/// That both are the same bit for bit.
fn assert_same<'a>(found: impl IntoIterator<Item = &'a f64>, wanted: &[f64]) {
    let found: Vec<&f64> = found.into_iter().collect();
    assert_eq!(found.len(), wanted.len());
    for (x, wanted) in found.into_iter().zip(wanted) {
        assert_eq!(x.to_bits(), wanted.to_bits(), "{x:e} for {wanted:e}");
    }
}

#[test]
fn plain_numbers_would_be_read_an_ulp_off() {
    let off = numbers().into_iter().filter(|x| x.is_finite() && read_back(x) != *x).count();
    assert!(off > 100, "only {off} numbers are read off: is `float_roundtrip` on?");
}

#[test]
fn states_are_read_back_bit_for_bit() {
    let mut state = State::<f64>::new();
    state.insert("w", Array1::from(numbers()));
    let again = read_back(&state);
    assert_same(again.get("w").unwrap().iter(), &numbers());

    let single: Vec<f32> =
        numbers().iter().map(|&x| x as f32).chain((0..20_000).map(|i| i as f32 / 7e6)).collect();
    let mut state = State::<f32>::new();
    state.insert("w", Array1::from(single.clone()));
    let again = read_back(&state);
    for (x, wanted) in again.get("w").unwrap().iter().zip(&single) {
        assert_eq!(x.to_bits(), wanted.to_bits(), "{x:e} for {wanted:e}");
    }
}

#[test]
fn reports_are_read_back_bit_for_bit() {
    let tape = Tape::new();
    let w = tape.leaf("w", arr1(&[0.3, -0.7]));
    let mut report: Report = Check::new((w * w.tanh()).sum(), &[w]).run().unwrap();
    for x in numbers().into_iter().take(2000) {
        (report.output, report.unseen) = (x, Some(x));
        let leaf = &mut report.parameters[0];
        (leaf.mean_abs, leaf.max_rel) = (x, x);
        leaf.worst = Some(Worst { index: vec![0], backprop: x, numeric: x });
        let again = read_back(&report);
        let (leaf, worst) = (&again.parameters[0], again.parameters[0].worst.as_ref().unwrap());
        let found =
            [again.output, again.unseen.unwrap(), leaf.mean_abs, leaf.max_rel, worst.backprop, worst.numeric];
        assert_same(&found, &[x; 6]);
    }
}

#[test]
fn graphs_and_attributes_are_read_back_bit_for_bit() {
    let tape = Tape::new();
    let constant = tape.constant(Array1::from(numbers())).id();
    let graph: Graph = tape.into_graph();
    let again = read_back(&graph);
    assert_same(again.node(constant).constant().unwrap(), &numbers());
    for x in numbers() {
        let again = read_back(&Attributes::new().with("a", Attribute::Number(x)));
        assert_same(&[again.number("a").unwrap()], &[x]);
    }
}
