//! This crate. All workloads.
//!
//! | workload | variants |
//! | --- | --- |
//! | A, D | `floats`: from an array of all images as numbers; `bytes`: from the images as they are in the file |
//! | B | `chapter`, `full`, `quick`: the modes of the check |
//! | C | `sweep`: gradients as numbers; `grad`: recorded gradients, and their values; `replay`: a compiled plan of them |
//! | E | `replay`: a compiled plan; `sweep`: recorded anew in every step, in f64 whatever `--dtype` says |
//! | F, H, I | one |

#[path = "networks/chainrule.rs"]
mod networks;

use chainrule::check::Mode;
use chainrule::data::mnist::{PIXELS, Split};
use chainrule::nn::{Affine, Optimizer, Relu, Sequential, Sgd, SoftmaxWithLoss};
use chainrule::{Check, Plan, PlanOptions, Precision, State, Tape, Value, Var};
use chainrule_peers::training::RATE;
use chainrule_peers::{Arguments, Dtype, Outcome, Training, Workload, chain, mnist, refuse, scalars};
use clap::Parser;
use ndarray::{Array1, Array2};

fn main() -> Outcome {
    let arguments = &Arguments::parse();
    match (arguments.workload, arguments.variant.as_str(), arguments.dtype) {
        (Workload::A | Workload::D, "floats", Dtype::F32) => train::<f32>(arguments, Pixels::numbers),
        (Workload::A | Workload::D, "floats", Dtype::F64) => train::<f64>(arguments, Pixels::numbers),
        (Workload::A | Workload::D, "bytes", Dtype::F32) => train::<f32>(arguments, Pixels::bytes),
        (Workload::A | Workload::D, "bytes", Dtype::F64) => train::<f64>(arguments, Pixels::bytes),
        (Workload::B, "chapter", Dtype::F64) => check(arguments, Mode::CHAPTER),
        (Workload::B, "full", Dtype::F64) => check(arguments, Mode::Full),
        (Workload::B, "quick", Dtype::F64) => check(arguments, Mode::QUICK),
        (Workload::C, "sweep", Dtype::F64) => graph(arguments, |loss, leaves| loss.sweep(leaves)),
        (Workload::C, "grad", Dtype::F64) => graph(arguments, recorded),
        (Workload::C, "replay", Dtype::F64) => replayed_graph(arguments),
        (Workload::E, "replay", Dtype::F32) => replay::<f32>(arguments),
        (Workload::E, "replay", Dtype::F64) => replay::<f64>(arguments),
        (Workload::E, "sweep", _) => fresh(arguments),
        (Workload::F, _, Dtype::F32) => networks::images::<f32>(arguments),
        (Workload::F, _, Dtype::F64) => networks::images::<f64>(arguments),
        (Workload::H | Workload::I, _, Dtype::F32) => networks::sequences::<f32>(arguments),
        (Workload::H | Workload::I, _, Dtype::F64) => networks::sequences::<f64>(arguments),
        _ => refuse(arguments),
    }
}

/// A network, and its first weights.
fn network(training: &Training) -> (Sequential, State<f64>) {
    let (mut net, mut state) = (Sequential::new(), State::new());
    for (k, layer) in (1..).zip(training.layers()) {
        if k > 1 {
            net = net.push(Relu);
        }
        net = net.push(Affine::new(layer.inputs, layer.outputs));
        let weights = Array2::from_shape_vec((layer.inputs, layer.outputs), layer.weights);
        state.insert(&format!("affine{k}/weight"), weights.expect("one for each pair"));
        state.insert(&format!("affine{k}/bias"), Array1::zeros(layer.outputs));
    }
    (net, state)
}

fn train<F: Precision + From<u8>>(arguments: &Arguments, pixels: fn(&Split) -> Pixels<F>) -> Outcome {
    let training = Training::of(arguments.workload);
    let images = mnist::images()?;
    let (net, state) = network(&training);
    let tape = Tape::new();
    let x = tape.input("x", [training.batch, PIXELS]);
    let t = tape.index_input("t", [training.batch]);
    let loss = SoftmaxWithLoss.forward(net.forward(x), t);
    let updates = Sgd::new(RATE).updates(loss, &net.parameters(&tape));
    let options = PlanOptions::default().threads(arguments.threads);
    let mut plan = Plan::<F>::compile_with([loss], updates, options)?;
    let mut state = state.cast::<F>();

    let pixels = pixels(&images);
    let scale = F::of(1.0 / 255.0);
    // Vars stay in the thread of their tape, and the loop may go to another.
    let mut step = |plan: &mut Plan<F>, rows: &[usize]| -> chainrule::Result<f64> {
        match &pixels {
            Pixels::Numbers(numbers) => plan.feed_rows("x", numbers, rows, |x| x)?,
            Pixels::Bytes(bytes) => plan.feed_rows("x", bytes, rows, |byte| scale * byte.into())?,
        }
        plan.index_mut("t")?.iter_mut().zip(rows).for_each(|(t, &i)| *t = images.labels()[i].into());
        Ok(plan.run(&mut state)?.nth(0).sum().wide())
    };
    // A loop in a thread of the pool does not wake one up for every step.
    let done = plan.in_pool(|plan| {
        training.run(arguments, |rows| step(plan, rows).expect("everything is fed")).map_err(|e| e.to_string())
    });
    Ok(done?)
}

/// What batches are gathered from: all images, row after row.
enum Pixels<F> {
    Numbers(Array2<F>),
    /// A quarter of the memory to read, or an eighth.
    Bytes(Array2<u8>),
}

impl<F: Precision> Pixels<F> {
    fn numbers(images: &Split) -> Self {
        Self::Numbers(images.pixels())
    }

    fn bytes(images: &Split) -> Self {
        Self::Bytes(images.images().clone())
    }
}

fn check(arguments: &Arguments, mode: Mode) -> Outcome {
    let (net, state) = network(&Training::of(Workload::A));
    let images = mnist::images()?.take(3);
    let tape = Tape::new();
    let scores = net.forward(tape.leaf("x", images.pixels::<f64>()));
    let loss = SoftmaxWithLoss.forward(scores, tape.leaf("t", images.one_hot::<f64>()));
    tape.load(&state)?;
    let check = Check::new(loss, &net.parameters(&tape)).mode(mode).threads(arguments.threads);

    let mut last = None;
    let time = chainrule_peers::measure(arguments, || last = Some(check.run()));
    let report = last.ok_or("no step was run")??;
    let bias = report.parameter("affine2/bias").ok_or("the network has a second bias")?;
    let computed = [
        ("loss", report.output),
        ("difference", bias.mean_abs),
        ("passed", f64::from(u8::from(report.passed()))),
    ];
    chainrule_peers::report(arguments, time, computed)
}

/// The gradients of a loss as numbers, by way of nodes.
fn recorded<const N: usize>(loss: Var<'_>, leaves: [Var<'_>; N]) -> [Value; N] {
    loss.grad(leaves).map(Var::value)
}

fn graph(arguments: &Arguments, gradients: fn(Var<'_>, [Var<'_>; 2]) -> [Value; 2]) -> Outcome {
    let mut tape = Tape::new();
    scalars::run(arguments, || {
        tape.reset();
        let (sum, leaves) = chains(&tape);
        let value = sum.value().item();
        let [da, db] = gradients(sum, leaves);
        [value, da.item(), db.item()]
    })
}

/// The sum of workload C, and the two leaves that all chains share.
fn chains(tape: &Tape) -> (Var<'_>, [Var<'_>; 2]) {
    let (a, b) = (tape.leaf("a", scalars::A), tape.leaf("b", scalars::B));
    let chain = |k| {
        let start = tape.constant(scalars::start(k));
        (0..scalars::LINKS).fold(start, |v, _| (v * a + b).tanh())
    };
    let first = chain(0);
    ((1..scalars::CHAINS).fold(first, |sum, k| sum + chain(k)), [a, b])
}

fn replayed_graph(arguments: &Arguments) -> Outcome {
    let tape = Tape::new();
    let (sum, leaves) = chains(&tape);
    let [da, db] = sum.grad(leaves);
    let mut plan = Plan::<f64>::compile([sum, da, db], [])?;
    let mut state = State::new();
    let mut step = || -> chainrule::Result<[f64; 3]> {
        let found = plan.run(&mut state)?;
        Ok([sum, da, db].map(|var| found.item(var)))
    };
    scalars::run(arguments, || step().expect("everything is fed"))
}

fn replay<F: Precision>(arguments: &Arguments) -> Outcome {
    let tape = Tape::new();
    let [x, a, b] = ["x", "a", "b"].map(|name| tape.input(name, [chain::WIDTH]));
    let loss = elementwise([x, a, b]);
    let [dx, da, db] = loss.grad([x, a, b]);
    let options = PlanOptions::default().threads(arguments.threads);
    let mut plan = Plan::<F>::compile_with([loss, dx, da, db], [], options)?;
    for (var, numbers) in [x, a, b].into_iter().zip(chain::operands()) {
        plan.feed(var, &Array1::from_iter(numbers.into_iter().map(F::of)))?;
    }
    let mut state = State::new();
    let mut step = || -> chainrule::Result<[F; 3]> {
        let found = plan.run(&mut state)?;
        Ok([0, 2, 3].map(|output| found.nth(output).sum()))
    };
    chain::run(arguments, || step().expect("everything is fed"), |sums| sums.map(F::wide))
}

fn fresh(arguments: &Arguments) -> Outcome {
    let operands = chain::operands().map(Array1::from_vec);
    let mut tape = Tape::new();
    let step = || {
        tape.reset();
        let [x, a, b] = &operands;
        let leaves = [tape.leaf("x", x), tape.leaf("a", a), tape.leaf("b", b)];
        let loss = elementwise(leaves);
        (loss.value(), loss.sweep(leaves))
    };
    chain::run(arguments, step, |(loss, [_, da, db])| [loss.item(), da.sum(), db.sum()])
}

/// The loss of workload E.
fn elementwise<'t>([x, a, b]: [Var<'t>; 3]) -> Var<'t> {
    (0..chain::LINKS).fold(x, |x, _| (x * a + b).tanh()).sum()
}
