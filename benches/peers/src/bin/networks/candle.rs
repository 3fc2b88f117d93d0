//! Workloads F, H and I.

use candle_core::{D, Device, Result, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW, SGD};
use chainrule_peers::networks::{ADAMW_RATE, IMAGES, LSTM_RATE, Parameter, batch, lstm, parameters, run, transformer};
use chainrule_peers::training::RATE;
use chainrule_peers::{Arguments, Outcome, Training, Workload, mnist};

const CPU: Device = Device::Cpu;

fn tensor(arguments: &Arguments, parameter: Parameter) -> Result<Tensor> {
    Tensor::from_vec(parameter.numbers, parameter.shape, &CPU)?.to_dtype(super::dtype(arguments))
}

fn start(arguments: &Arguments) -> Result<Vec<Var>> {
    parameters(arguments.workload).into_iter().map(|p| Var::from_tensor(&tensor(arguments, p)?)).collect()
}

/// Workload F.
pub fn images(arguments: &Arguments) -> Outcome {
    let training = Training::of(arguments.workload);
    let parameters = start(arguments)?;
    let mut sgd = SGD::new(parameters.clone(), RATE)?;
    let images = mnist::images()?;
    let x = Tensor::from_vec(mnist::pixels::<f64>(&images), (images.len(), 1, 28, 28), &CPU)?;
    let x = x.to_dtype(super::dtype(arguments))?;
    let labels: Vec<u32> = images.labels().iter().map(|&label| label.into()).collect();
    let t = Tensor::from_vec(labels, images.len(), &CPU)?;

    let convolved = |x: &Tensor, at: usize| -> Result<Tensor> {
        let bias = parameters[at + 1].reshape((1, (), 1, 1))?;
        x.conv2d(&parameters[at], 0, 1, 1, 1)?.broadcast_add(&bias)?.relu()?.max_pool2d(2)
    };
    let mut step = |rows: &[usize]| -> Result<f64> {
        let rows = Tensor::from_vec(rows.iter().map(|&row| row as u32).collect(), IMAGES, &CPU)?;
        let y = convolved(&convolved(&x.index_select(&rows, 0)?, 0)?, 2)?.flatten_from(1)?;
        let scores = y.matmul(&parameters[4])?.broadcast_add(&parameters[5])?;
        let loss = candle_nn::loss::cross_entropy(&scores, &t.index_select(&rows, 0)?)?;
        sgd.backward_step(&loss)?;
        super::number(&loss)
    };
    training.run(arguments, |rows| step(rows).expect("the shapes agree"))
}

/// Workloads H and I.
pub fn sequences(arguments: &Arguments) -> Outcome {
    let parameters = start(arguments)?;
    let [x, t] = batch(arguments.workload).map(|p| tensor(arguments, p));
    let (x, t) = (x?, t?);
    // The library's fused layer normalisation and softmax have no gradient.
    match arguments.workload {
        Workload::H => {
            let settings = ParamsAdamW { lr: ADAMW_RATE, ..ParamsAdamW::default() };
            let mut adamw = AdamW::new(parameters.clone(), settings)?;
            let mut step = || -> Result<f64> {
                let loss = candle_nn::loss::mse(&block(&parameters, &x)?, &t)?;
                adamw.backward_step(&loss)?;
                super::number(&loss)
            };
            run(arguments, || step().expect("the shapes agree"))
        }
        _ => {
            let mut sgd = SGD::new(parameters.clone(), LSTM_RATE)?;
            let mut step = || -> Result<f64> {
                let loss = candle_nn::loss::mse(&unrolled(&parameters, &x)?, &t)?;
                sgd.backward_step(&loss)?;
                super::number(&loss)
            };
            run(arguments, || step().expect("the shapes agree"))
        }
    }
}

fn block(p: &[Var], x: &Tensor) -> Result<Tensor> {
    use transformer::{BATCH, HEADS, TOKENS, WIDTH};
    // Matrices for each of the first axes are not shared by the library's product: one product of all rows.
    let rows = x.reshape((BATCH * TOKENS, WIDTH))?;
    let normed = candle_nn::ops::layer_norm_slow(&rows, &p[0], &p[1], 1e-5)?;
    let all = normed.matmul(&p[2].t()?)?.broadcast_add(&p[3])?;
    let head = |k: usize| -> Result<Tensor> {
        let part = all.narrow(1, k * WIDTH, WIDTH)?.reshape((BATCH, TOKENS, HEADS, WIDTH / HEADS))?;
        part.transpose(1, 2)?.contiguous()
    };
    let (q, k, v) = (head(0)?, head(1)?, head(2)?);
    let scores = (q.matmul(&k.t()?)? / ((WIDTH / HEADS) as f64).sqrt())?;
    let mixed = candle_nn::ops::softmax(&scores, D::Minus1)?.matmul(&v)?;
    let mixed = mixed.transpose(1, 2)?.reshape((BATCH * TOKENS, WIDTH))?;
    let rows = (rows + mixed.matmul(&p[4].t()?)?.broadcast_add(&p[5])?)?;
    let normed = candle_nn::ops::layer_norm_slow(&rows, &p[6], &p[7], 1e-5)?;
    let hidden = normed.matmul(&p[8])?.broadcast_add(&p[9])?.gelu_erf()?;
    (rows + hidden.matmul(&p[10])?.broadcast_add(&p[11])?)?.reshape((BATCH, TOKENS, WIDTH))
}

fn unrolled(p: &[Var], x: &Tensor) -> Result<Tensor> {
    use lstm::{BATCH, HIDDEN, INPUTS, TIMES};
    let of_input = x.reshape((BATCH * TIMES, INPUTS))?.matmul(&p[0].t()?)?.broadcast_add(&p[2])?;
    let of_input = of_input.reshape((BATCH, TIMES, 4 * HIDDEN))?;
    let zeros = Tensor::zeros((BATCH, HIDDEN), x.dtype(), &CPU)?;
    let (mut h, mut c, mut outputs) = (zeros.clone(), zeros, Vec::with_capacity(TIMES));
    for time in 0..TIMES {
        let of_state = h.matmul(&p[1].t()?)?.broadcast_add(&p[3])?;
        let gates = (of_input.narrow(1, time, 1)?.squeeze(1)? + of_state)?.chunk(4, 1)?;
        // The library's fused sigmoid has a gradient.
        let sigmoid = candle_nn::ops::sigmoid;
        c = ((sigmoid(&gates[1])? * c)? + (sigmoid(&gates[0])? * gates[2].tanh()?)?)?;
        h = (sigmoid(&gates[3])? * c.tanh()?)?;
        outputs.push(h.clone());
    }
    Tensor::stack(&outputs, 1)
}
