//! Workloads F, H and I.

use super::{integers, tensor};
use burn::tensor::module::{conv2d, layer_norm, linear, max_pool2d};
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};
use burn::tensor::{Gradients, Tensor, activation};
use chainrule_peers::networks::{ADAMW_RATE, LSTM_RATE, Parameter, batch, lstm, parameters, run, transformer};
use chainrule_peers::training::RATE;
use chainrule_peers::{Arguments, Outcome, Training, Workload, mnist};

/// Parameters of any rank, as the library has a type for each.
enum Parameters {
    One(Tensor<1>),
    Two(Tensor<2>),
    Four(Tensor<4>),
}

/// Calls a function of a tensor of any rank.
macro_rules! each {
    ($parameter:expr, |$p:ident| $f:expr) => {
        match $parameter {
            Parameters::One($p) => $f,
            Parameters::Two($p) => $f,
            Parameters::Four($p) => $f,
        }
    };
}

impl Parameters {
    fn all(arguments: &Arguments) -> Vec<Self> {
        let of = |p: Parameter| match p.shape[..] {
            [n] => Self::One(tensor(arguments, p.numbers, [n]).require_grad()),
            [m, n] => Self::Two(tensor(arguments, p.numbers, [m, n]).require_grad()),
            [a, b, c, d] => Self::Four(tensor(arguments, p.numbers, [a, b, c, d]).require_grad()),
            _ => unreachable!("no parameter has another rank"),
        };
        parameters(arguments.workload).into_iter().map(of).collect()
    }

    fn one(&self) -> Tensor<1> {
        let Self::One(p) = self else { unreachable!("a bias") };
        p.clone()
    }

    fn two(&self) -> Tensor<2> {
        let Self::Two(p) = self else { unreachable!("a matrix") };
        p.clone()
    }

    fn four(&self) -> Tensor<4> {
        let Self::Four(p) = self else { unreachable!("weights of a convolution") };
        p.clone()
    }
}

fn descend<const D: usize>(p: &mut Tensor<D>, gradients: &mut Gradients, rate: f64) {
    let gradient = p.grad_remove(gradients).expect("the loss depends on it");
    *p = Tensor::from_inner(p.clone().inner() - gradient * rate).require_grad();
}

fn sgd(parameters: &mut [Parameters], loss: &Tensor<1>, rate: f64) {
    let mut gradients = loss.backward();
    for parameter in parameters {
        each!(parameter, |p| descend(p, &mut gradients, rate));
    }
}

/// Workload F.
pub fn images(arguments: &Arguments) -> Outcome {
    let training = Training::of(arguments.workload);
    let mut parameters = Parameters::all(arguments);
    let images = mnist::images()?;
    let x = tensor(arguments, mnist::pixels(&images), [images.len(), 1, 28, 28]);
    let t = integers(images.labels().iter().map(|&label| label.into()));
    let convolved = |p: &[Parameters], x: Tensor<4>| {
        let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
        let y = conv2d(x, p[0].four(), Some(p[1].one()), options);
        max_pool2d(activation::relu(y), MaxPoolOptions::new([2, 2]))
    };
    training.run(arguments, |rows| {
        let rows = integers(rows.iter().map(|&row| row as i64));
        let x = x.clone().select(0, rows.clone());
        let y = convolved(&parameters[2..], convolved(&parameters, x));
        let scores = linear(y.flatten::<2>(1, 3), parameters[4].two(), Some(parameters[5].one()));
        let targets = t.clone().select(0, rows).reshape([training.batch, 1]);
        let loss = activation::log_softmax(scores, 1).gather(1, targets).mean().neg();
        sgd(&mut parameters, &loss, RATE);
        loss.into_scalar()
    })
}

/// What AdamW remembers of a parameter, as `burn::optim::AdamW` does.
struct Moments<const D: usize>(Tensor<D>, Tensor<D>);

fn adamw<const D: usize>(
    p: &mut Tensor<D>,
    moments: &mut Option<Moments<D>>,
    gradients: &mut Gradients,
    t: i32,
) {
    let g = p.grad_remove(gradients).expect("the loss depends on it");
    let (m, v) = (g.clone() * 0.1, g.clone().square() * 0.001);
    let (m, v) = match moments.take() {
        Some(Moments(m0, v0)) => (m0 * 0.9 + m, v0 * 0.999 + v),
        None => (m, v),
    };
    *moments = Some(Moments(m.clone(), v.clone()));
    let [m, v] = [(m, 0.9_f64), (v, 0.999_f64)].map(|(x, beta)| x / (1.0 - beta.powi(t)));
    let step = m / (v.sqrt() + 1e-8) * ADAMW_RATE;
    *p = Tensor::from_inner(p.clone().inner() * (1.0 - 0.01 * ADAMW_RATE) - step).require_grad();
}

/// The moments of a parameter of rank 1 or 2.
#[derive(Default)]
struct Memory(Option<Moments<1>>, Option<Moments<2>>);

/// Workloads H and I.
pub fn sequences(arguments: &Arguments) -> Outcome {
    let mut parameters = Parameters::all(arguments);
    let [x, t] = batch(arguments.workload).map(|p| {
        let shape: [usize; 3] = p.shape.try_into().expect("three axes");
        tensor(arguments, p.numbers, shape)
    });
    let loss_of = |y: Tensor<3>| (y - t.clone()).square().mean();
    match arguments.workload {
        Workload::H => {
            let mut memory: Vec<Memory> = parameters.iter().map(|_| Memory::default()).collect();
            let mut step = 0;
            run(arguments, || {
                let loss = loss_of(block(&parameters, x.clone()));
                let mut gradients = loss.backward();
                step += 1;
                for (parameter, memory) in parameters.iter_mut().zip(&mut memory) {
                    match parameter {
                        Parameters::One(p) => adamw(p, &mut memory.0, &mut gradients, step),
                        Parameters::Two(p) => adamw(p, &mut memory.1, &mut gradients, step),
                        Parameters::Four(_) => unreachable!("there is none"),
                    }
                }
                loss.into_scalar()
            })
        }
        _ => run(arguments, || {
            let loss = loss_of(unrolled(&parameters, x.clone()));
            sgd(&mut parameters, &loss, LSTM_RATE);
            loss.into_scalar()
        }),
    }
}

fn block(p: &[Parameters], x: Tensor<3>) -> Tensor<3> {
    use transformer::{BATCH, HEADS, TOKENS, WIDTH};
    let normed = layer_norm(x.clone(), p[0].one(), Some(p[1].one()), 1e-5);
    let all = linear(normed, p[2].two().transpose(), Some(p[3].one()));
    let [q, k, v] = [0, 1, 2].map(|k| {
        let part = all.clone().narrow(2, k * WIDTH, WIDTH);
        part.reshape([BATCH, TOKENS, HEADS, WIDTH / HEADS]).swap_dims(1, 2)
    });
    let scores = q.matmul(k.transpose()) / ((WIDTH / HEADS) as f64).sqrt();
    let mixed = activation::softmax(scores, 3).matmul(v).swap_dims(1, 2).reshape([BATCH, TOKENS, WIDTH]);
    let x = x + linear(mixed, p[4].two().transpose(), Some(p[5].one()));
    let normed = layer_norm(x.clone(), p[6].one(), Some(p[7].one()), 1e-5);
    let hidden = activation::gelu(linear(normed, p[8].two(), Some(p[9].one())));
    x + linear(hidden, p[10].two(), Some(p[11].one()))
}

fn unrolled(p: &[Parameters], x: Tensor<3>) -> Tensor<3> {
    use lstm::{BATCH, HIDDEN, TIMES};
    let of_input = linear(x, p[0].two().transpose(), Some(p[2].one()));
    let [mut h, mut c] = [(); 2].map(|()| Tensor::<2>::zeros([BATCH, HIDDEN], &of_input.device()).cast(of_input.dtype()));
    let weights = p[1].two().transpose();
    let mut outputs: Vec<Tensor<2>> = Vec::with_capacity(TIMES);
    for time in 0..TIMES {
        let of_state = linear(h, weights.clone(), Some(p[3].one()));
        let gates = of_input.clone().narrow(1, time, 1).reshape([BATCH, 4 * HIDDEN]) + of_state;
        let gate = |k: usize| gates.clone().narrow(1, k * HIDDEN, HIDDEN);
        c = activation::sigmoid(gate(1)) * c + activation::sigmoid(gate(0)) * gate(2).tanh();
        h = activation::sigmoid(gate(3)) * c.clone().tanh();
        outputs.push(h.clone());
    }
    Tensor::stack(outputs, 1)
}
