//! Models of others: reads `model.onnx` in each folder, and writes what it computes from `inputs.safetensors`, or why it is
//! refused.

use chainrule::exchange::OnnxModel;
use chainrule::graph::Leaf;
use chainrule::{Plan, State, Tape};
use std::error::Error;
use std::path::Path;

fn outputs(folder: &Path) -> Result<State<f64>, Box<dyn Error>> {
    let given = State::<f64>::load(folder.join("inputs.safetensors"))?;
    let tape = Tape::new();
    // Sizes that are left open are those of the numbers that are there.
    let model = OnnxModel::load(folder.join("model.onnx"))?;
    let sizes = std::fs::read_to_string(folder.join("sizes.txt")).unwrap_or_default();
    let sizes: Vec<(&str, usize)> =
        sizes.lines().filter_map(|line| line.rsplit_once('=')).filter_map(|(k, n)| Some((k, n.parse().ok()?))).collect();
    let graph = model.record(&tape, &sizes)?;
    let outputs = &graph.outputs;
    let mut plan = Plan::<f64>::compile(outputs.iter().copied(), [])?;
    let used: Vec<String> = plan.input_names().map(str::to_owned).collect();
    for &input in &graph.inputs {
        let name = tape.graph().node(input.id()).name().unwrap_or_default().to_owned();
        let array = given.get(&name).ok_or_else(|| format!("no value for {name}"))?;
        if used.contains(&name) {
            match tape.graph().node(input.id()).leaf() {
                Some(Leaf::Index) => plan.feed_indices(input, &array.mapv(|x| x as usize))?,
                _ => plan.feed(input, &array.to_owned())?,
            }
        }
    }
    let mut state = graph.state.clone();
    let run = plan.run(&mut state)?;
    let mut results = State::new();
    for (k, &output) in outputs.iter().enumerate() {
        let array = match run.get_nth(k) {
            Some(array) => array.to_owned(),
            None => run.indices(output).ok_or("a result")?.mapv(|i| i as f64),
        };
        results.insert(&format!("{k}"), array);
    }
    Ok(results)
}

pub(crate) fn read_all(root: &Path) -> Result<(), Box<dyn Error>> {
    for entry in std::fs::read_dir(root)? {
        let folder = entry?.path();
        match outputs(&folder) {
            Ok(results) => results.save(folder.join("outputs.safetensors"))?,
            Err(problem) => std::fs::write(folder.join("refused.txt"), problem.to_string())?,
        }
    }
    Ok(())
}
