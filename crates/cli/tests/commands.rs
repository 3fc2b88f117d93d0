//! The program as it is called: what it prints, what it writes, its exit status.

use chainrule::exchange::{Export, ExportPrecision};
use chainrule::nn::{Affine, MseLoss, Optimizer, Relu, Sequential, Sgd};
use chainrule::{Model, State, Tape};
use ndarray::Array2;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A folder of a test's own, with a model in all formats.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("chainrule-cli-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        let net = Sequential::new().push(Affine::new(3, 4)).push(Relu).push(Affine::new(4, 2));
        let tape = Tape::new();
        let x = tape.input("x", [5, 3]);
        let y = net.forward(x).named("y");
        let state = net.init::<f64>(&mut ChaCha8Rng::seed_from_u64(1));
        Model::new([y], []).unwrap().save(path.join("net.chainrule"), &state).unwrap();
        state.save(path.join("net.safetensors")).unwrap();
        let onnx = Export::with_open_batch([y], [], [x]).unwrap().to_onnx(ExportPrecision::F64).unwrap();
        onnx.with_weights(&state).unwrap().save(path.join("net.onnx")).unwrap();
        let loss = MseLoss::default().forward(y, tape.input("t", [5, 2])).named("loss");
        let updates = Sgd::new(0.1).updates(loss, &net.parameters(&tape));
        Model::new([loss], updates).unwrap().save(path.join("step.json"), &state).unwrap();
        let x: State<f64> =
            [("x", Array2::from_shape_fn((5, 3), |(i, j)| (i * 3 + j) as f64 / 15.0))].into_iter().collect();
        x.save(path.join("x.npy")).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn run(&self, line: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chainrule"));
        command.current_dir(&self.0).args(line.split_whitespace()).output().unwrap()
    }

    /// What a command prints that ends well.
    #[track_caller]
    fn says(&self, line: &str) -> String {
        let out = self.run(line);
        assert_eq!(out.status.code(), Some(0), "{line}: {}", String::from_utf8_lossy(&out.stderr));
        assert!(out.stderr.is_empty());
        String::from_utf8(out.stdout).unwrap()
    }

    /// That a command ends with a sentence on the standard error that has these words, and prints nothing else.
    #[track_caller]
    fn refuses(&self, line: &str, words: &[&str]) {
        let out = self.run(line);
        let said = String::from_utf8(out.stderr).unwrap();
        assert_eq!(out.status.code(), Some(2), "{line}: {said}");
        assert!(out.stdout.is_empty() && !said.contains("panicked"), "{said}");
        words.iter().for_each(|word| assert!(said.contains(word), "{line}: no {word:?} in {said}"));
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

fn starts_with(path: &Path, magic: &[u8]) -> bool {
    std::fs::read(path).unwrap().starts_with(magic)
}

#[test]
fn show_tells_costs_by_scope_and_entries_of_weights() {
    let folder = Folder::new("show");
    let table = folder.says("show net.chainrule");
    assert!(table.contains("affine1") && table.contains("[5, 4]"), "{table}");
    // Two for each product, one for each bias.
    let shown = json(&folder.says("show net.chainrule --json"));
    assert_eq!(shown["scopes"][0]["scope"], "affine1");
    assert_eq!(shown["scopes"][0]["parameters"], 16);
    assert_eq!(shown["scopes"][0]["forward"], 2 * 5 * 3 * 4 + 5 * 4);
    assert_eq!(shown["total"]["parameters"], 26);
    assert!(json(&folder.says("show step.json --json"))["total"]["backward"].as_u64().unwrap() > 100);
    assert_eq!(json(&folder.says("show net.onnx --size batch=7 --json"))["total"]["parameters"], 26);
    let entries = folder.says("show net.safetensors");
    assert!(
        entries.contains("affine2/weight  [4, 2]") && entries.contains("4 entries, 26 numbers"),
        "{entries}"
    );
}

#[test]
fn draw_writes_every_format() {
    let folder = Folder::new("draw");
    for (file, magic) in [
        ("a.svg", &b"<svg"[..]),
        ("a.html", b"<!"),
        ("a.png", b"\x89PNG"),
        ("a.pdf", b"%PDF"),
        ("a.dot", b"digraph"),
        ("a.mmd", b""),
    ] {
        assert_eq!(folder.says(&format!("draw net.onnx --size batch=2 -o {file}")), "");
        assert!(starts_with(&folder.path(file), magic), "{file}");
    }
    folder.says("draw net.chainrule --values --feed x=x.npy --level nodes -o b.svg");
    let svg = std::fs::read_to_string(folder.path("b.svg")).unwrap();
    assert!(svg.contains("affine1/weight") || svg.contains("weight"), "{svg}");
}

#[test]
fn a_check_passes_and_a_wrong_answer_is_status_one() {
    let folder = Folder::new("check");
    let report = folder.says("check net.onnx --size batch=3 --mode full --order 2");
    assert!(report.contains("pass"), "{report}");
    let report = json(&folder.says("check step.json --json --seed 3"));
    assert!(report["parameters"].as_array().unwrap().iter().all(|p| p["verdict"] == "pass"), "{report}");
    // An input of indices, and one that no output depends on.
    let tape = Tape::new();
    let (x, labels, unused) =
        (tape.input("x", [3, 2]), tape.index_input("labels", [3]), tape.input("unused", [2]));
    let loss = x.softmax_cross_entropy(labels).mean().named("loss");
    Model::new([loss, unused.argmax(0)], [])
        .unwrap()
        .save(folder.path("labels.json"), &State::<f64>::new())
        .unwrap();
    assert!(folder.says("check labels.json --mode full").contains("unreached"));
    let labels: State<f64> = [("labels", ndarray::arr1(&[0.0, 1.0, 1.0]))].into_iter().collect();
    labels.save(folder.path("labels.npy")).unwrap();
    assert_ne!(folder.says("run labels.json --feed labels=labels.npy"), folder.says("run labels.json"));
    let wrong: State<f64> = [("labels", ndarray::arr1(&[0.0, 1.0, 2.0]))].into_iter().collect();
    wrong.save(folder.path("wrong.npy")).unwrap();
    folder.refuses("run labels.json --feed labels=wrong.npy", &["2"]);
    let half: State<f64> = [("labels", ndarray::arr1(&[0.0, 0.5, 1.0]))].into_iter().collect();
    half.save(folder.path("half.npy")).unwrap();
    folder.refuses("run labels.json --feed labels=half.npy", &["whole numbers"]);
    // At a leaf that a jump leads to, nothing passes.
    let tape = Tape::new();
    let y = tape.input("x", [2]).floor().named("y");
    Model::new([y], []).unwrap().save(folder.path("floor.chainrule"), &State::<f64>::new()).unwrap();
    let zeros: State<f64> = [("x", ndarray::arr1(&[1.0, 2.0]))].into_iter().collect();
    zeros.save(folder.path("whole.npy")).unwrap();
    let out = folder.run("check floor.chainrule --mode full --feed x=whole.npy");
    assert_eq!(out.status.code(), Some(1), "{}", String::from_utf8_lossy(&out.stdout));
    assert!(String::from_utf8_lossy(&out.stdout).contains("unresolved"));
}

#[test]
fn run_computes_what_the_library_does_from_every_format() {
    let folder = Folder::new("run");
    let (model, state) = Model::load::<f64>(folder.path("net.chainrule")).unwrap();
    let tape = model.tape(&chainrule::Registry::default()).unwrap();
    tape.load(&state).unwrap();
    let x = State::<f64>::load(folder.path("x.npy")).unwrap();
    let input = tape.graph().nodes().find(|node| node.name() == Some("x")).unwrap().id();
    tape.feed(tape.var(input).unwrap(), x.get("x").unwrap().to_owned()).unwrap();
    let wanted = model.outputs(&tape)[0].value().into_array();
    folder.says("run net.chainrule --feed x=x.npy -o y.npz");
    assert_eq!(State::<f64>::load(folder.path("y.npz")).unwrap().get("y").unwrap(), wanted);
    folder.says("run net.onnx --size batch=5 --feed x=x.npy -o z.npy");
    assert_eq!(State::<f64>::load(folder.path("z.npy")).unwrap().get("z").unwrap(), wanted);
    let printed = json(&folder.says("run net.chainrule --feed x=x.npy --state net.safetensors --json"));
    assert_eq!(printed["y"][1][0].as_f64().unwrap(), wanted[[1, 0]]);
    // The same seed, the same numbers.
    assert_eq!(folder.says("run net.chainrule --seed 7"), folder.says("run net.chainrule --seed 7"));
    assert_ne!(folder.says("run net.chainrule --seed 7"), folder.says("run net.chainrule --seed 8"));
}

#[test]
fn diff_tells_equal_graphs_from_others() {
    let folder = Folder::new("diff");
    assert!(folder.says("diff net.chainrule net.chainrule").contains("equal"));
    let out = folder.run("diff net.chainrule step.json --json -o both.svg");
    assert_eq!(out.status.code(), Some(1));
    let found = json(std::str::from_utf8(&out.stdout).unwrap());
    assert_eq!(found["equal"], false);
    assert!(!found["differences"].as_array().unwrap().is_empty() && folder.path("both.svg").exists());
}

#[test]
fn convert_goes_between_all_formats_and_keeps_the_numbers() {
    let folder = Folder::new("convert");
    let wanted = folder.says("run net.chainrule --feed x=x.npy");
    for line in [
        "convert net.chainrule a.json --precision f64",
        "convert a.json a.onnx --precision f64",
        "convert a.onnx b.chainrule --precision f64",
    ] {
        assert_eq!(folder.says(line), "");
    }
    assert_eq!(folder.says("run b.chainrule --feed x=x.npy"), wanted);
    folder.says("convert step.json step.mlir --precision bf16");
    assert!(std::fs::read_to_string(folder.path("step.mlir")).unwrap().contains("bf16"));
    folder.says("convert net.safetensors net.npz --precision f64");
    folder.says("convert net.chainrule weights.npz --precision f64");
    let [a, b] = ["net.npz", "weights.npz"].map(|name| State::<f64>::load(folder.path(name)).unwrap());
    assert_eq!(a, b);
}

#[test]
fn wrong_inputs_are_sentences_and_status_two() {
    let folder = Folder::new("wrong");
    std::fs::write(folder.path("cut.chainrule"), &std::fs::read(folder.path("net.chainrule")).unwrap()[..40])
        .unwrap();
    std::fs::write(folder.path("noise.onnx"), [7; 100]).unwrap();
    folder.refuses("show nothing.chainrule", &["nothing.chainrule", "cannot be read"]);
    folder.refuses("show cut.chainrule", &["cut.chainrule"]);
    folder.refuses("check noise.onnx", &["no model"]);
    folder.refuses("show net.onnx", &["batch", "--size batch=8"]);
    folder.refuses("show net.txt", &["net.txt", ".onnx"]);
    folder.refuses("draw net.safetensors -o a.svg", &["no graph"]);
    folder.refuses("draw net.chainrule -o a.bmp", &["bmp"]);
    folder.refuses("run net.chainrule --feed z=x.npy", &["no input `z`", "its inputs are x"]);
    folder.refuses("run net.chainrule --feed x=net.safetensors", &["holds 4 arrays"]);
    folder.refuses("run step.json --feed t=x.npy", &["t", "[5, 2]"]);
    folder.refuses("run net.chainrule --feed x", &["NAME=FILE"]);
    folder.refuses("show net.onnx --size batch=many", &["no whole number"]);
    folder.refuses("convert net.safetensors a.onnx", &["no graph"]);
    folder.refuses("convert net.chainrule a.onnx --precision bf16", &["bf16"]);
    folder.refuses("convert step.mlir a.onnx", &["mlir"]);
    // The old file is there still.
    std::fs::write(folder.path("kept.onnx"), b"old").unwrap();
    folder.refuses("convert cut.chainrule kept.onnx", &["cut.chainrule"]);
    assert_eq!(std::fs::read(folder.path("kept.onnx")).unwrap(), b"old");
}

#[test]
fn help_completions_and_the_manual_are_there() {
    let folder = Folder::new("help");
    for shell in ["bash", "zsh", "fish", "powershell"] {
        assert!(folder.says(&format!("completions {shell}")).contains("chainrule"));
    }
    assert!(folder.says("man").contains(".TH chainrule"));
    let help = folder.says("--help");
    for command in ["show", "draw", "check", "run", "diff", "convert"] {
        assert!(help.contains(command) && !folder.says(&format!("{command} --help")).is_empty());
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = Folder::new("pipe");
    let mut child = Command::new(env!("CARGO_BIN_EXE_chainrule"))
        .current_dir(&folder.0)
        .args(["show", "net.chainrule"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let out = child.wait_with_output().unwrap();
    assert!(!String::from_utf8_lossy(&out.stderr).contains("panicked"));
    assert_eq!(out.status.code(), Some(0));
}
