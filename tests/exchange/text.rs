//! StableHLO as it is written.

use chainrule::Tape;
use chainrule::exchange::{Export, ExportPrecision};

#[test]
fn a_step_is_a_function_of_inputs_and_state() {
    let tape = Tape::new();
    let (x, w) = (tape.input("x", [2, 3]), tape.parameter("layer/w", [3, 1]));
    let loss = x.matmul(w).relu().sum().named("loss");
    let [dw] = loss.grad([w]);
    let text = Export::new([loss], [(w, w - 0.5 * dw)]).unwrap().to_stablehlo(ExportPrecision::F32);
    let signature = "func.func public @main(%x: tensor<2x3xf32> {chainrule.name = \"x\", chainrule.role = \"data\"}, \
                     %layer_w: tensor<3x1xf32> {chainrule.name = \"layer/w\", chainrule.role = \"state\"}) -> \
                     (tensor<f32> {chainrule.name = \"loss\", chainrule.role = \"data\"}, \
                     tensor<3x1xf32> {chainrule.name = \"layer/w\", chainrule.role = \"state\"}) {";
    assert!(text.contains(signature), "{text}");
    assert!(text.contains("stablehlo.dot_general %x, %layer_w, contracting_dims = [1] x [0]"), "{text}");
    assert!(text.contains("stablehlo.constant dense<0.5> : tensor<3x1xf32>"), "{text}");
}

#[test]
fn numbers_keep_their_bits() {
    let tape = Tape::new();
    let x = tape.input("x", [3]);
    let y = x * tape.constant([0.1, f64::INFINITY, 1e-300]) + 1e25;
    let of = |precision| Export::new([y], []).unwrap().to_stablehlo(precision);
    let double = of(ExportPrecision::F64);
    assert!(double.contains("dense<[0.1, 0x7FF0000000000000, 1.0e-300]> : tensor<3xf64>"), "{double}");
    assert!(double.contains("dense<1.0e25> : tensor<3xf64>"), "{double}");
    let half = of(ExportPrecision::Bf16);
    assert!(half.contains("dense<[0x3DCD, 0x7F80, 0x0000]> : tensor<3xbf16>"), "{half}");
}

#[test]
fn names_are_told_apart_and_kept() {
    let tape = Tape::new();
    let (a, b, c) = (tape.input("a b", [1]), tape.input("a_b", [1]), tape.input("3 \"é\"", [1]));
    let text = Export::new([a + b + c], []).unwrap().to_stablehlo(ExportPrecision::F64);
    assert!(text.contains("%a_b: tensor<1xf64> {chainrule.name = \"a b\""), "{text}");
    assert!(text.contains("%a_b.1: tensor<1xf64> {chainrule.name = \"a_b\""), "{text}");
    assert!(text.contains(r#"%_3____: tensor<1xf64> {chainrule.name = "3 \22\C3\A9\22""#), "{text}");
}
