//! burn with its CPU backend `flex`. Workloads A, D, E, F, H and I.

#[path = "networks/burn.rs"]
mod networks;

use burn::tensor::{DType, Device, Int, Tensor, TensorData, activation};
use chainrule_peers::training::RATE;
use chainrule_peers::{Arguments, Dtype, Outcome, Training, Workload, chain, mnist, refuse};
use clap::Parser;

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

/// Numbers on the CPU, differentiable, in the precision asked for.
fn tensor<const D: usize>(arguments: &Arguments, numbers: Vec<f64>, shape: [usize; D]) -> Tensor<D> {
    let dtype = match arguments.dtype {
        Dtype::F32 => DType::F32,
        Dtype::F64 => DType::F64,
    };
    Tensor::from_data(TensorData::new(numbers, shape).convert_dtype(dtype), (&device(), dtype))
}

fn device() -> Device {
    Device::flex().autodiff()
}

fn integers(numbers: impl Iterator<Item = i64>) -> Tensor<1, Int> {
    let numbers: Vec<i64> = numbers.collect();
    let shape = [numbers.len()];
    Tensor::from_data(TensorData::new(numbers, shape), &device())
}

/// An affine layer's parameters; the bias is one row.
struct Affine {
    weights: Tensor<2>,
    bias: Tensor<2>,
}

impl Affine {
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        x.matmul(self.weights.clone()) + self.bias.clone()
    }
}

fn scores(layers: &[Affine], x: Tensor<2>) -> Tensor<2> {
    let (first, rest) = layers.split_first().expect("there are layers");
    rest.iter().fold(first.forward(x), |x, layer| layer.forward(activation::relu(x)))
}

fn train(arguments: &Arguments) -> Outcome {
    let training = Training::of(arguments.workload);
    let mut layers: Vec<Affine> = (training.layers().into_iter())
        .map(|layer| Affine {
            weights: tensor(arguments, layer.weights, [layer.inputs, layer.outputs]).require_grad(),
            bias: tensor(arguments, vec![0.0; layer.outputs], [1, layer.outputs]).require_grad(),
        })
        .collect();
    let images = mnist::images()?;
    let x = tensor(arguments, mnist::pixels(&images), [images.len(), 784]);
    let t = integers(images.labels().iter().map(|&label| label.into()));

    training.run(arguments, |rows| {
        let rows = integers(rows.iter().map(|&row| row as i64));
        let scores = scores(&layers, x.clone().select(0, rows.clone()));
        let targets = t.clone().select(0, rows).reshape([training.batch, 1]);
        let loss = activation::log_softmax(scores, 1).gather(1, targets).mean().neg();
        let mut gradients = loss.backward();
        for parameter in layers.iter_mut().flat_map(|layer| [&mut layer.weights, &mut layer.bias]) {
            let gradient = parameter.grad_remove(&mut gradients).expect("the loss depends on it");
            let updated = parameter.clone().inner() - gradient * RATE;
            *parameter = Tensor::from_inner(updated).require_grad();
        }
        loss.into_scalar()
    })
}

fn elementwise(arguments: &Arguments) -> Outcome {
    let [start, a, b] =
        chain::operands().map(|numbers| tensor(arguments, numbers, [chain::WIDTH]).require_grad());
    let step = || {
        let links = 0..chain::LINKS;
        let loss = links.fold(start.clone(), |x, _| (x * a.clone() + b.clone()).tanh()).sum();
        let mut gradients = loss.backward();
        let mut by = |leaf: &Tensor<1>| leaf.grad_remove(&mut gradients).expect("the loss depends on it");
        ([by(&start), by(&a), by(&b)], loss)
    };
    chain::run(arguments, step, |([_, da, db], loss)| {
        [loss.into_scalar(), da.sum().into_scalar(), db.sum().into_scalar()]
    })
}
