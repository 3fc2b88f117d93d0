//! candle on the CPU. Workloads A, D, E, F, H and I.

#[path = "networks/candle.rs"]
mod networks;

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::{Optimizer, SGD};
use chainrule_peers::training::RATE;
use chainrule_peers::{Arguments, Dtype, Outcome, Training, Workload, chain, mnist, refuse};
use clap::Parser;

const CPU: Device = Device::Cpu;

fn main() -> Outcome {
    let arguments = Arguments::parse();
    match arguments.workload {
        Workload::A | Workload::D => train(&arguments),
        Workload::E => elementwise(&arguments),
        Workload::F => networks::images(&arguments),
        Workload::H | Workload::I => networks::sequences(&arguments),
        _ => refuse(&arguments),
    }
}

fn dtype(arguments: &Arguments) -> DType {
    match arguments.dtype {
        Dtype::F32 => DType::F32,
        Dtype::F64 => DType::F64,
    }
}

/// An affine layer's parameters.
struct Affine {
    weights: Var,
    bias: Var,
}

impl Affine {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.matmul(&self.weights)?.broadcast_add(&self.bias)
    }
}

fn scores(layers: &[Affine], x: &Tensor) -> Result<Tensor> {
    let (first, rest) = layers.split_first().expect("there are layers");
    rest.iter().try_fold(first.forward(x)?, |x, layer| layer.forward(&x.relu()?))
}

fn train(arguments: &Arguments) -> Outcome {
    let training = Training::of(arguments.workload);
    let dtype = dtype(arguments);
    let mut layers = Vec::new();
    for layer in training.layers() {
        let weights = Tensor::from_vec(layer.weights, (layer.inputs, layer.outputs), &CPU)?;
        layers.push(Affine {
            weights: Var::from_tensor(&weights.to_dtype(dtype)?)?,
            bias: Var::zeros(layer.outputs, dtype, &CPU)?,
        });
    }
    let parameters = layers.iter().flat_map(|l| [l.weights.clone(), l.bias.clone()]).collect();
    let mut sgd = SGD::new(parameters, RATE)?;

    let images = mnist::images()?;
    let x = Tensor::from_vec(mnist::pixels::<f64>(&images), (images.len(), 784), &CPU)?.to_dtype(dtype)?;
    let labels: Vec<u32> = images.labels().iter().map(|&label| label.into()).collect();
    let t = Tensor::from_vec(labels, images.len(), &CPU)?;

    let mut step = |rows: &[usize]| -> Result<f64> {
        let rows: Vec<u32> = rows.iter().map(|&row| row as u32).collect();
        let rows = Tensor::from_vec(rows, training.batch, &CPU)?;
        let scores = scores(&layers, &x.index_select(&rows, 0)?)?;
        let loss = candle_nn::loss::cross_entropy(&scores, &t.index_select(&rows, 0)?)?;
        sgd.backward_step(&loss)?;
        number(&loss)
    };
    training.run(arguments, |rows| step(rows).expect("the shapes agree"))
}

fn number(x: &Tensor) -> Result<f64> {
    x.sum_all()?.to_dtype(DType::F64)?.to_scalar()
}

fn elementwise(arguments: &Arguments) -> Outcome {
    let dtype = dtype(arguments);
    let leaf = |numbers: Vec<f64>| {
        let leaf = Tensor::from_vec(numbers, chain::WIDTH, &CPU).and_then(|x| x.to_dtype(dtype));
        leaf.and_then(|x| Var::from_tensor(&x)).expect("the numbers are there")
    };
    let [start, a, b] = chain::operands().map(leaf);
    let step = || -> Result<[Tensor; 4]> {
        let mut x = start.as_tensor().clone();
        for _ in 0..chain::LINKS {
            x = ((x * a.as_tensor())? + b.as_tensor())?.tanh()?;
        }
        let loss = x.sum_all()?;
        let mut gradients = loss.backward()?;
        let mut by = |leaf: &Var| gradients.remove(leaf).expect("the loss depends on it");
        Ok([by(&start), by(&a), by(&b), loss])
    };
    chain::run(
        arguments,
        || step().expect("the shapes agree"),
        |[_, da, db, loss]| [&loss, &da, &db].map(|x| number(x).expect("there are numbers")),
    )
}
