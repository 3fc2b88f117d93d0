//! A model in a file of each format: what was read is written and read back, and opened as a tape within limits.

#![no_main]

use chainrule::{Limits, Model, Plan, Registry, State};
use libfuzzer_sys::fuzz_target;
use std::path::PathBuf;
use std::sync::OnceLock;

/// A folder of this process.
fn folder() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("chainrule-fuzz-model-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for temporary files");
        folder
    })
}

fn graph(model: &Model) -> String {
    serde_json::to_string(model.graph()).expect("a graph can be written")
}

fuzz_target!(|data: &[u8]| {
    // The first byte says in which format the others are read.
    let Some((how, bytes)) = data.split_first() else { return };
    let path = folder().join(["a.chainrule", "a.json"][usize::from(how % 2)]);
    std::fs::write(&path, bytes).expect("a temporary file can be written");
    let (model, state): (Model, State<f64>) = match Model::load(&path) {
        Ok(read) => read,
        Err(problem) => return assert!(!problem.to_string().is_empty()),
    };
    assert!(state.iter().map(|(_, array)| array.len()).sum::<usize>() <= bytes.len());
    let again = path.with_file_name("again.chainrule");
    // Two ops that a file cannot tell apart, and a name that safetensors keeps for itself, are refused.
    if model.save(&again, &state).is_ok() {
        let (read, numbers) = Model::load::<f64>(&again).expect("just written");
        assert_eq!(graph(&read), graph(&model));
        assert_eq!(numbers.len(), state.len());
    }
    let limits = Limits::default().elements(1 << 10).total(1 << 16).multiplications(1 << 16);
    if let Ok(tape) = model.tape_with(&Registry::default(), limits) {
        let _ = Plan::<f64>::compile(model.outputs(&tape), model.updates(&tape));
    }
});
