//! Models in files: the same graph, the same numbers, the same picture; damaged ones are refused.

use super::states::folder;
use chainrule::op::{Derivative, Inputs, Kernel, Op, Operand, Output, reals};
use chainrule::{Float, Limits, Model, Plan, Registry, State, Tape, Var};
use ndarray::{arr1, arr2};
use std::fs;
use std::path::Path;

/// An op of a user: `y = 2x`.
#[derive(Debug, Default)]
struct Twice;

impl<F: Float> Kernel<F> for Twice {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        y.data.iter_mut().zip(x.real(0).slice()).for_each(|(y, &x)| *y = x + x);
    }
}

impl Op for Twice {
    fn name(&self) -> &'static str {
        "users/twice"
    }

    fn formula(&self) -> &'static str {
        "y = 2x"
    }

    fn elementwise(&self) -> bool {
        true
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        Ok(x.to_vec())
    }

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        dy.tape().apply(Twice, &[dy]).into()
    }
}

impl chainrule::LoadOp for Twice {
    const NAME: &'static str = "users/twice";

    fn load(_: &chainrule::op::Attributes) -> Result<Self, String> {
        Ok(Self)
    }

    fn examples() -> Vec<Self> {
        vec![Self]
    }
}

/// A step of training with an op of a user, labels, a constant with awkward numbers, and scopes.
fn model(tape: &Tape) -> Model {
    let (x, labels) = (tape.input("x", [4, 3]), tape.index_input("labels", [4]));
    let scope = tape.scope("layer");
    let (w, b) = (tape.parameter("w", [3, 2]), tape.parameter("b", [2]));
    let y = tape.apply(Twice, &[(x.matmul(w) + b).tanh()]).named("scores");
    drop(scope);
    let awkward = tape.constant(arr1(&[f64::NAN, f64::NEG_INFINITY, -0.0, 0.1])).named("awkward");
    let loss = y.softmax_cross_entropy(labels).named("loss");
    let [dw, db] = loss.grad([w, b]);
    Model::new([loss, y, awkward], [(w, w - 0.1 * dw), (b, b - 0.1 * db)]).unwrap()
}

fn weights<F: Float>() -> State<F> {
    let mut state = State::<f64>::new();
    state.insert("layer/w", arr2(&[[0.25, -0.5], [1.5, 0.125], [-0.75, 2.0]]));
    state.insert("layer/b", arr1(&[0.5, -1.0]));
    state.insert("odd", arr1(&[f64::NAN, f64::INFINITY, -0.0, 0.1, 1.0 / 3.0]));
    state.cast()
}

/// A state's bits.
fn bits<F: Float>(state: &State<F>) -> Vec<(String, Vec<usize>, Vec<u64>)> {
    let wide = state.cast::<f64>();
    let mut entries: Vec<_> = wide
        .iter()
        .map(|(name, array)| {
            (name.to_owned(), array.shape().to_vec(), array.iter().map(|x| x.to_bits()).collect())
        })
        .collect();
    entries.sort();
    entries
}

/// Two steps of training from a state: the bits of the losses and of the last state.
fn train(
    model: &Model,
    registry: &Registry,
    mut state: State<f32>,
) -> (Vec<u32>, impl PartialEq + std::fmt::Debug) {
    let tape = model.tape(registry).unwrap();
    let mut plan = Plan::<f32>::compile(model.outputs(&tape), model.updates(&tape)).unwrap();
    let x = ndarray::Array2::from_shape_fn((4, 3), |(i, j)| f32::sin((3 * i + j) as f32));
    plan.feed("x", x).unwrap();
    plan.feed_indices("labels", [0, 1, 1, 0]).unwrap();
    let losses = (0..2).map(|_| plan.run(&mut state).unwrap().get("loss").unwrap().sum().to_bits()).collect();
    (losses, bits(&state))
}

#[test]
fn a_model_comes_back_from_both_formats_as_it_was() {
    let folder = folder("models");
    let (tape, registry) = (Tape::new(), Registry::default().with::<Twice>());
    let saved = model(&tape);
    let graph = serde_json::to_string(saved.graph()).unwrap();
    for ending in ["chainrule", "json"] {
        let path = folder.join(format!("model.{ending}"));
        saved.save(&path, &weights::<f32>()).unwrap();
        let bytes = fs::read(&path).unwrap();
        let (loaded, state) = Model::load::<f32>(&path).unwrap();
        assert_eq!(serde_json::to_string(loaded.graph()).unwrap(), graph);
        assert_eq!(bits(&state), bits(&weights::<f32>()));
        // What is saved again has the same bytes, and what is loaded in the wider precision the same numbers.
        loaded.save(&path, &state).unwrap();
        assert_eq!(fs::read(&path).unwrap(), bytes, "{ending}");
        assert_eq!(bits(&Model::load::<f64>(&path).unwrap().1), bits(&state));
        // It trains on as the tape it was saved from would.
        assert_eq!(train(&loaded, &registry, state), train(&saved, &registry, weights()), "{ending}");
        let picture = |tape: &Tape, model: &Model| model.outputs(tape)[0].draw().to_svg().unwrap();
        assert_eq!(picture(&loaded.tape(&registry).unwrap(), &loaded), picture(&tape, &saved));

        saved.save(&path, &State::<f64>::new()).unwrap();
        assert!(
            Model::load::<f32>(&path).unwrap().1.is_empty(),
            "{ending}: without numbers, in every precision"
        );
        saved.save(&path, &weights::<f64>()).unwrap();
        let problem = Model::load::<f32>(&path).unwrap_err().to_string();
        assert!(problem.contains("which f32 would round"), "{problem}");
        assert_eq!(bits(&Model::load::<f64>(&path).unwrap().1), bits(&weights::<f64>()));
    }
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_is_no_model_is_refused_with_a_reason() {
    let folder = folder("no-models");
    let tape = Tape::new();
    let saved = model(&tape);
    let refused = |result: chainrule::Result<(Model, State<f32>)>, wanted: &str| {
        let problem = result.unwrap_err().to_string();
        assert!(problem.contains(wanted), "{problem}");
    };
    let path = folder.join("model.chainrule");
    refused(Model::load(&path), "cannot be read");
    refused(Model::load(folder.join("model.onnx")), "ends in .chainrule or .json");
    assert!(saved.save(folder.join("model"), &State::<f32>::new()).is_err());
    fs::write(&path, "no model").unwrap();
    refused(Model::load(&path), "is not a model");
    saved.save(&path, &State::<f32>::new()).unwrap();
    let whole = fs::read(&path).unwrap();
    // A later version says which it is.
    let mut later = whole.clone();
    later[13] = 7;
    fs::write(&path, later).unwrap();
    refused(
        Model::load(&path),
        "was written by chainrule 0.1.0 in format 7; this version, 0.1.0, reads format 1",
    );
    // A transfer as text.
    let text: Vec<u8> = whole.iter().copied().filter(|&byte| byte != b'\r').collect();
    fs::write(&path, text).unwrap();
    refused(Model::load(&path), "is not a model");
    let json = folder.join("model.json");
    saved.save(&json, &weights::<f64>()).unwrap();
    let text = fs::read_to_string(&json).unwrap();
    for (from, to, wanted) in [
        (
            "\"format\": 1,\n  \"chainrule\": \"0.1.0\"",
            "\"format\": 2, \"chainrule\": \"3.0\"",
            "by chainrule 3.0 in format 2",
        ),
        ("\"precision\": \"f64\"", "\"precision\": \"f16\"", "no precision `f16`"),
        ("\"outputs\": [", "\"outputs\": [ 99999,", "no node n99999"),
        ("\"updates\": [", "\"updates\": [ [0, 0],", "only parameters are updated"),
    ] {
        assert!(text.contains(from), "{from}\n{text}");
        fs::write(&json, text.replacen(from, to, 1)).unwrap();
        let problem = Model::load::<f64>(&json).unwrap_err().to_string();
        assert!(problem.contains(wanted), "{problem}");
    }
    // An op that nobody registered is named when the tape is made.
    let problem = saved.tape(&Registry::default()).unwrap_err().to_string();
    assert!(problem.contains("users/twice"), "{problem}");
    let other = Tape::new();
    let x = other.leaf("x", 1.0);
    let of_both = [x, tape.parameters()[0]];
    assert!(Model::new(of_both, []).is_err());
    assert!(Model::new([], []).is_err());
    fs::remove_dir_all(&folder).unwrap();
}

/// Bytes as a file, and what can be made of it.
fn open(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    let limits = Limits::default().elements(1 << 12).total(1 << 16);
    if let Ok((model, _)) = Model::load::<f64>(path)
        && let Ok(tape) = model.tape_with(&Registry::default().with::<Twice>(), limits)
    {
        let _ = Plan::<f64>::compile(model.outputs(&tape), model.updates(&tape));
    }
}

#[test]
fn every_cut_and_every_changed_byte_of_a_model_is_read_or_refused() {
    let folder = folder("hostile-models");
    let tape = Tape::new();
    let path = folder.join("model.chainrule");
    model(&tape).save(&path, &weights::<f64>()).unwrap();
    let whole = fs::read(&path).unwrap();
    for end in 0..whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        // Only where the state begins, nothing is missing.
        if Model::load::<f64>(&path).is_ok() {
            assert!(Model::load::<f64>(&path).unwrap().1.is_empty());
        }
    }
    for place in 0..whole.len() {
        for change in [1, 0xff] {
            let mut bytes = whole.clone();
            bytes[place] ^= change;
            open(&path, &bytes);
        }
    }
    // Lengths far beyond the file take no memory.
    for place in [17, 26] {
        let mut bytes = whole.clone();
        bytes[place..place + 4].fill(0xff);
        open(&path, &bytes);
    }
    fs::remove_dir_all(&folder).unwrap();
}
