//! Out as ONNX, and back.

use chainrule::exchange::{Export, ExportPrecision, OnnxModel};
use chainrule::nn::{Conv2d, Flatten, LayerNorm, MaxPool, Relu, Sequential};
use chainrule::op::Kind;
use chainrule::ops::TABLE;
use chainrule::{Op, State, Tape, Var};
use ndarray::{ArrayD, IxDyn};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// Decompositions of matrices have no counterpart in ONNX.
const WITHOUT: [&str; 12] = [
    "cholesky",
    "det",
    "cofactor",
    "cofactor_vjp",
    "slogdet",
    "eigh",
    "expm",
    "pinv",
    "qr",
    "solve",
    "svd",
    "triangular_solve",
];

/// Arithmetic on the bits of whole numbers, of which the noise is made, is not read.
const BITS: [&str; 2] = ["random_uniform", "random_normal"];

fn fill<'t>(tape: &'t Tape, name: &str, shape: &[usize], elements: &[f64], kind: Kind) -> Var<'t> {
    let array = ArrayD::from_shape_vec(IxDyn(shape), elements.to_vec()).unwrap();
    match kind {
        Kind::Real => tape.leaf(name, array),
        Kind::Index => tape.index_leaf(name, array.mapv(|x| x as usize)),
    }
}

/// An op on one sample comes back with its values.
fn returns(op: Arc<dyn Op>, random: &mut ChaCha8Rng) -> Vec<String> {
    let mut failures = Vec::new();
    for sample in op.samples() {
        let tape = Tape::new();
        let given: Vec<(String, Vec<f64>)> = (sample.0.iter().enumerate())
            .map(|(i, (shape, domain))| (format!("x{i}"), domain.elements(shape, &mut || random.random())))
            .collect();
        let x: Vec<Var<'_>> = (sample.0.iter().zip(&given))
            .map(|((shape, domain), (name, elements))| fill(&tape, name, shape, elements, domain.kind()))
            .collect();
        let y = tape.try_apply_shared(op.clone(), &x).unwrap().named("y");
        let label = format!("{}({}) on {:?}", op.name(), op.attributes(), sample.0);
        let export = Export::new([y], []);
        if export
            .as_ref()
            .is_err_and(|problem| problem.to_string().contains("no form in portable primitives"))
        {
            return vec![format!("no form: {}", op.name())];
        }
        let back = export.and_then(|export| export.to_onnx(ExportPrecision::F64));
        let model = match back.and_then(|model| OnnxModel::from_bytes(&model.to_bytes())) {
            Ok(model) => model,
            Err(problem) => {
                failures.push(format!("{label}: {problem}"));
                continue;
            }
        };
        let other = Tape::new();
        let graph = match model.record(&other, &[]) {
            Ok(graph) => graph,
            Err(problem) => {
                failures.push(format!("{label}: {problem}"));
                continue;
            }
        };
        // Constants that are arrays are parameters.
        other.load(&graph.state).unwrap();
        for input in &graph.inputs {
            let name = other.graph().node(input.id()).name().unwrap().to_owned();
            let i: usize = name[1..].parse().unwrap();
            let array = ArrayD::from_shape_vec(IxDyn(&sample.0[i].0), given[i].1.clone()).unwrap();
            match sample.0[i].1.kind() {
                Kind::Real => other.feed(*input, array).unwrap(),
                Kind::Index => other.feed_indices(*input, array.mapv(|x| x as usize)).unwrap(),
            }
        }
        let (found, wanted) = (graph.outputs[0].value(), y.value());
        let close = |(a, b): (&f64, &f64)| {
            a == b || (a - b).abs() <= 1e-12 * b.abs().max(1.0) || a.is_nan() && b.is_nan()
        };
        if found.shape() != wanted.shape() || !found.iter().zip(wanted.iter()).all(close) {
            failures.push(format!("{label}: {found:?}, not {wanted:?}"));
        }
    }
    failures
}

#[test]
fn every_op_comes_back_with_its_values() {
    let only = std::env::var("CHAINRULE_OP").ok();
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let (mut failures, mut count) = (Vec::new(), 0);
    for entry in TABLE.iter().filter(|entry| !BITS.contains(&entry.name)) {
        if only.as_ref().is_none_or(|only| only == entry.name) {
            let examples = (entry.examples)();
            count += examples.len();
            failures.extend(examples.into_iter().flat_map(|op| returns(op, &mut random)));
        }
    }
    assert!(only.is_some() || count > 150, "{count} ops");
    let without: Vec<String> = failures.extract_if(.., |failure| failure.starts_with("no form")).collect();
    let unknown = |failure: &&String| !WITHOUT.iter().any(|name| **failure == format!("no form: {name}"));
    failures.extend(without.iter().filter(unknown).cloned());
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn a_network_comes_back_with_its_weights_at_another_batch_size() {
    let net = Sequential::new()
        .push(Conv2d::new(1, 4, 3))
        .push(Relu)
        .push(MaxPool::new(2))
        .push(Flatten)
        .push(LayerNorm::new(36));
    let tape = Tape::new();
    let x = tape.input("x", [5, 1, 8, 8]);
    let y = net.forward(x).named("y");
    let state: State<f64> = net.init(&mut ChaCha8Rng::seed_from_u64(2));
    let folder = std::env::temp_dir().join(format!("chainrule-onnx-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("net.onnx");
    let model = Export::with_open_batch([y], [], [x]).unwrap().to_onnx(ExportPrecision::F64).unwrap();
    let model = model.with_weights(&state).unwrap();
    model.save_with_weights_beside(&path).unwrap();

    let image = ArrayD::from_shape_fn(IxDyn(&[2, 1, 8, 8]), |i| ((i[0] * 7 + i[2] * 3 + i[3]) as f64).sin());
    let wanted = {
        let tape = Tape::new();
        let y = net.forward(tape.leaf("x", image.clone()));
        tape.load(&state).unwrap();
        y.value().into_array()
    };
    for model in [OnnxModel::load(&path).unwrap(), OnnxModel::from_bytes(&model.to_bytes()).unwrap()] {
        let tape = Tape::new();
        let graph = model.record(&tape, &[("batch", 2)]).unwrap();
        assert_eq!(graph.state, state);
        tape.load(&graph.state).unwrap();
        tape.feed(graph.inputs[0], image.clone()).unwrap();
        let found = graph.outputs[0].value().into_array();
        assert_eq!(found.shape(), wanted.shape());
        assert!(found.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 1e-12), "{found} {wanted}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
