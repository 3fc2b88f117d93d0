//! Workloads F, H and I.

use chainrule::data::mnist::Split;
use chainrule::nn::{
    AdamW, Affine, Conv2d, Flatten, Layer, Lstm, MaxPool, MseLoss, MultiHeadAttention, Optimizer, Relu, Sequential,
    Sgd, SoftmaxWithLoss, TransformerBlock,
};
use chainrule::{Plan, PlanOptions, Precision, State, Tape, Var};
use chainrule_peers::networks::{ADAMW_RATE, IMAGES, LSTM_RATE, Parameter, batch, lstm, parameters, run, transformer};
use chainrule_peers::training::RATE;
use chainrule_peers::{Arguments, Outcome, Training, Workload, mnist};
use ndarray::{ArrayD, IxDyn};
use std::sync::Arc;

fn array<F: Precision>(parameter: Parameter) -> ArrayD<F> {
    let numbers = parameter.numbers.into_iter().map(F::of).collect();
    ArrayD::from_shape_vec(IxDyn(&parameter.shape), numbers).expect("one number for each place")
}

/// The state at the start, of the parameters in their order, and what an optimiser remembers.
fn start<F: Precision>(workload: Workload, names: &[Var<'_>], optimizer: &impl Optimizer) -> State<F> {
    let mut state = State::new();
    for (var, parameter) in names.iter().zip(parameters(workload)) {
        state.insert(&var.name().expect("parameters have names"), array(parameter));
    }
    optimizer.init(names, &mut state);
    state
}

/// Workload F.
pub fn images<F: Precision>(arguments: &Arguments) -> Outcome {
    let training = Training::of(arguments.workload);
    let images: Split = mnist::images()?;
    let net = Sequential::new()
        .push(Conv2d::new(1, 16, 5))
        .push(Relu)
        .push(MaxPool::new(2))
        .push(Conv2d::new(16, 32, 5))
        .push(Relu)
        .push(MaxPool::new(2))
        .push(Flatten)
        .push(Affine::new(512, 10));
    let tape = Tape::new();
    let x = tape.input("x", [IMAGES, 1, 28, 28]);
    let t = tape.index_input("t", [IMAGES]);
    let loss = SoftmaxWithLoss.forward(net.forward(x), t);
    let sgd = Sgd::new(RATE);
    let names = net.parameters(&tape);
    let options = PlanOptions::default().threads(arguments.threads);
    let mut plan = Plan::<F>::compile_with([loss], sgd.updates(loss, &names), options)?;
    let mut state = start(arguments.workload, &names, &sgd);

    let pixels = images.pixels::<F>().into_shape_with_order((images.len(), 1, 28, 28))?;
    // Vars stay in the thread of their tape, and the loop may go to another.
    let mut step = |plan: &mut Plan<F>, rows: &[usize]| -> chainrule::Result<f64> {
        plan.feed_rows("x", &pixels, rows, |x| x)?;
        plan.index_mut("t")?.iter_mut().zip(rows).for_each(|(t, &i)| *t = images.labels()[i].into());
        Ok(plan.run(&mut state)?.nth(0).sum().wide())
    };
    let done = plan.in_pool(|plan| {
        training.run(arguments, |rows| step(plan, rows).expect("everything is fed")).map_err(|e| e.to_string())
    });
    Ok(done?)
}

/// Workloads H and I.
pub fn sequences<F: Precision>(arguments: &Arguments) -> Outcome {
    let workload = arguments.workload;
    let (layer, optimizer): (Arc<dyn Layer>, Box<dyn Optimizer>) = match workload {
        Workload::H => {
            use transformer::{HEADS, HIDDEN, WIDTH};
            let block = TransformerBlock::new(WIDTH, HIDDEN, MultiHeadAttention::new(WIDTH, HEADS));
            (Arc::new(block), Box::new(AdamW::new(ADAMW_RATE)))
        }
        _ => (Arc::new(Lstm::new(lstm::INPUTS, lstm::HIDDEN)), Box::new(Sgd::new(LSTM_RATE))),
    };
    let net = Sequential::new().push(layer);
    let [x_start, t_start] = batch(workload).map(array::<F>);
    let tape = Tape::new();
    let (x, t) = (tape.input("x", x_start.shape()), tape.input("t", t_start.shape()));
    let loss = MseLoss::default().forward(net.forward(x), t);
    let names = net.parameters(&tape);
    let options = PlanOptions::default().threads(arguments.threads);
    let mut plan = Plan::<F>::compile_with([loss], optimizer.updates(loss, &names), options)?;
    plan.feed(x, &x_start)?;
    plan.feed(t, &t_start)?;
    let mut state = start(workload, &names, &optimizer);
    let mut step = |plan: &mut Plan<F>| -> chainrule::Result<f64> {
        Ok(plan.run(&mut state)?.nth(0).sum().wide())
    };
    let done = plan.in_pool(|plan| {
        run(arguments, || step(plan).expect("everything is fed")).map_err(|e| e.to_string())
    });
    Ok(done?)
}
