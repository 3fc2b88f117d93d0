//! One case: a graph as files, its arguments and its results.

use chainrule::exchange::{Export, ExportPrecision, ValueRole};
use chainrule::{Error, Plan, Precision, State, Var};
use ndarray::ArrayD;
use std::path::Path;

/// The numbers of the arguments.
#[derive(Default)]
pub(crate) struct Given {
    pub(crate) inputs: Vec<(String, ArrayD<f64>)>,
    pub(crate) indices: Vec<(String, ArrayD<usize>)>,
    pub(crate) state: State<f64>,
}

/// What is written of a graph.
struct Case<'a, 't> {
    folder: &'a Path,
    /// The name of the files with arguments and results.
    name: String,
    outputs: &'a [Var<'t>],
    updates: &'a [(Var<'t>, Var<'t>)],
    given: &'a Given,
}

/// Writes `NAME.f64.*` and `NAME.f32.*`: the graph as StableHLO, and as ONNX with the first axis of some inputs left open, and
/// the arguments and results as safetensors, indices as numbers.
pub(crate) fn write<'t>(
    folder: &Path,
    name: &str,
    outputs: &[Var<'t>],
    updates: &[(Var<'t>, Var<'t>)],
    open: &[Var<'t>],
    given: &Given,
) -> Result<(), Error> {
    let (all, new) = (outputs.iter().copied(), updates.iter().copied());
    let export = match open {
        [] => Export::new(all, new)?,
        _ => Export::with_open_batch(all, new, open.iter().copied())?,
    };
    for (of, precision) in [("f64", ExportPrecision::F64), ("f32", ExportPrecision::F32)] {
        let file = |ending: &str| folder.join(format!("{name}.{of}.{ending}"));
        std::fs::write(file("mlir"), export.to_stablehlo(precision)).expect("a file in the folder");
        export.to_onnx(precision)?.save(file("onnx"))?;
    }
    let case = Case { folder, name: name.to_owned(), outputs, updates, given };
    case.run::<f64>(&export)?;
    case.run::<f32>(&export)
}

/// Writes `NAME@BATCH.*.safetensors`: the arguments and results of a graph that was written, at another batch size.
pub(crate) fn write_at(
    folder: &Path,
    name: &str,
    batch: usize,
    outputs: &[Var<'_>],
    given: &Given,
) -> Result<(), Error> {
    let export = Export::new(outputs.iter().copied(), [])?;
    let case = Case { folder, name: format!("{name}@{batch}"), outputs, updates: &[], given };
    case.run::<f64>(&export)?;
    case.run::<f32>(&export)
}

impl Case<'_, '_> {
    fn run<F: Precision>(&self, export: &Export) -> Result<(), Error> {
        let Self { folder, name, outputs, updates, given } = self;
        let file = |ending: &str| folder.join(format!("{name}.{}.{ending}", F::NAME));
        let mut plan = Plan::<F>::compile(outputs.iter().copied(), updates.iter().copied())?;
        let mut state: State<F> = given.state.cast();
        let mut arguments = state.clone();
        let wanted = |name: &str| export.arguments().iter().any(|a| a.name == name && a.role == ValueRole::Data);
        let used: Vec<String> = plan.input_names().map(str::to_owned).collect();
        for (name, array) in given.inputs.iter().filter(|(name, _)| wanted(name)) {
            let array = array.mapv(F::of);
            if used.contains(name) {
                plan.feed(name.as_str(), &array)?;
            }
            arguments.insert(name, array);
        }
        for (name, array) in given.indices.iter().filter(|(name, _)| wanted(name)) {
            if used.contains(name) {
                plan.feed_indices(name.as_str(), array)?;
            }
            arguments.insert(name, array.mapv(|i| F::of(i as f64)));
        }
        let run = plan.run(&mut state)?;
        let mut results = State::<F>::new();
        for (k, value) in export.results().iter().enumerate().filter(|(_, value)| value.role == ValueRole::Data) {
            let array = match run.get_nth(k) {
                Some(array) => array.to_owned(),
                None => run.indices(outputs[k]).expect("a result").mapv(|i| F::of(i as f64)),
            };
            results.insert(&value.name, array);
        }
        for value in export.results().iter().filter(|value| value.role == ValueRole::State) {
            results.insert(&value.name, state.get(&value.name).expect("the new state").to_owned());
        }
        arguments.save(file("arguments.safetensors"))?;
        results.save(file("results.safetensors"))
}
}
