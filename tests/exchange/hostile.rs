//! Models from outside never panic.

use chainrule::Tape;
use chainrule::exchange::{Export, ExportPrecision, OnnxModel};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A model with many kinds of nodes.
fn model() -> Vec<u8> {
    let tape = Tape::new();
    let x = tape.input("x", [2, 1, 6, 6]);
    let labels = tape.index_input("t", [2]);
    let w = tape.parameter("w", [2, 1, 3, 3]);
    let y = x.conv(w, Default::default()).relu().max_pool(chainrule::ops::PoolOptions::new(2));
    let loss = y.flatten(1, -1).softmax_cross_entropy(labels);
    let [dw] = loss.grad([w]);
    let export =
        Export::with_open_batch([loss, y.cumsum(-1), y.sort(-1)], [(w, w - dw)], [x, labels]).unwrap();
    export.to_onnx(ExportPrecision::F32).unwrap().to_bytes()
}

fn read(bytes: &[u8]) -> bool {
    let tape = Tape::new();
    let Ok(model) = OnnxModel::from_bytes(bytes) else { return false };
    model.record(&tape, &[("batch", 2)]).is_ok()
}

#[test]
fn a_model_cut_at_every_byte_is_refused_or_read() {
    let bytes = model();
    assert!(read(&bytes));
    let whole = (0..bytes.len()).filter(|&n| read(&bytes[..n])).count();
    assert!(whole < bytes.len() / 10, "{whole} of {} beginnings are models", bytes.len());
}

#[test]
fn changed_bytes_are_refused_or_read() {
    let bytes = model();
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let mut refused = 0;
    for _ in 0..3000 {
        let mut changed = bytes.clone();
        for _ in 0..random.random_range(1..4) {
            let at = random.random_range(0..changed.len());
            changed[at] = if random.random() {
                random.random()
            } else {
                changed[at] ^ (1 << random.random_range(0..8))
            };
        }
        refused += usize::from(!read(&changed));
    }
    assert!(refused > 1000, "{refused}");
}

#[test]
fn an_operator_without_a_counterpart_is_named_with_its_node() {
    let tape = Tape::new();
    let x = tape.input("x", [2]);
    let bytes = Export::new([x.exp()], []).unwrap().to_onnx(ExportPrecision::F32).unwrap().to_bytes();
    let text = |bytes: &[u8]| {
        let tape = Tape::new();
        OnnxModel::from_bytes(bytes)
            .and_then(|model| model.record(&tape, &[]).map(|_| ()))
            .unwrap_err()
            .to_string()
    };
    // The type of the node, of three letters.
    let at = bytes.windows(5).position(|w| w == b"\x22\x03Exp").unwrap();
    let mut other = bytes.clone();
    other[at + 2..at + 5].copy_from_slice(b"Exq");
    assert_eq!(text(&other), "onnx: Exq (node `Exp_0`): this operator has no counterpart");
    assert!(OnnxModel::from_bytes(&[]).unwrap_err().to_string().contains("no graph"));
}
