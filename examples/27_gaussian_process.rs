//! cargo run --example 27_gaussian_process
//!
//! A Gaussian process (Rasmussen and Williams 2006, "Gaussian processes for machine learning", algorithm 2.1) through 40 noisy
//! measurements of `sin 3x + x / 2`. Length, amplitude and noise of the kernel are what makes the measurements most likely: the
//! marginal likelihood is computed by a Cholesky decomposition, and L-BFGS follows its gradient.
//!
//! ```text
//! length 1.000  amplitude 1.000  noise 1.000: log marginal likelihood -46.06
//! length 0.588  amplitude 1.002  noise 0.100: log marginal likelihood 12.34
//! f(-1.50)  true  0.228  predicted  0.259 ± 0.047
//! f(-0.70)  true -1.213  predicted -1.156 ± 0.045
//! f( 0.10)  true  0.346  predicted  0.265 ± 0.045
//! f( 0.90)  true  0.877  predicted  0.813 ± 0.045
//! f( 3.50)  true  0.870  predicted  0.045 ± 1.001
//! ```

use chainrule::nn::Lbfgs;
use chainrule::ops::TriangularSolve;
use chainrule::{Plan, Result, State, Tape, Var};
use ndarray::{Array1, Array2, arr1, s};

const COUNT: usize = 40;

fn truth(x: f64) -> f64 {
    (3.0 * x).sin() + 0.5 * x
}

/// The squared exponential kernel between the points of two vectors.
fn kernel<'t>(a: Var<'t>, b: Var<'t>, length: Var<'t>, amplitude: Var<'t>) -> Var<'t> {
    let distance = (a.expand_dims(1) - b.expand_dims(0)) / length;
    amplitude.square() * (-0.5 * distance.square()).exp()
}

fn main() -> Result<()> {
    let tape = Tape::new();
    let places = Array1::from_shape_fn(COUNT, |i| -2.0 + 4.0 * i as f64 / COUNT as f64);
    // Scattered like noise, and the same on every run.
    let noisy =
        Array1::from_shape_fn(COUNT, |i| truth(places[i]) + 0.14 * (i as f64 * i as f64 * 12.9898).sin());
    let (x, y) = (tape.constant(places), tape.constant(noisy));

    // Logarithms, so that all numbers are positive.
    let parameters = tape.parameter("parameters", [3]);
    let [length, amplitude, noise] = [0, 1, 2].map(|i| parameters.slice(s![i]).exp());
    let covariance =
        kernel(x, x, length, amplitude) + noise.square() * tape.constant(Array2::<f64>::eye(COUNT));
    let lower = covariance.cholesky();
    let weights = lower.cholesky_solve(y);
    let half_ln_det = lower.diagonal(0).ln().sum();
    let constant = 0.5 * COUNT as f64 * std::f64::consts::TAU.ln();
    let likelihood = -0.5 * y.dot(weights) - half_ln_det - constant;

    let test = arr1(&[-1.5, -0.7, 0.1, 0.9, 3.5]);
    let across = kernel(tape.constant(test.clone()), x, length, amplitude);
    let mean = across.matmul(weights);
    let explained = lower.triangular_solve(across.t(), TriangularSolve::lower());
    let deviation = (amplitude.square() - explained.square().sum_over(0)).sqrt();

    let outputs = [likelihood, mean, deviation, parameters.exp()];
    let mut plan = Plan::<f64>::compile(outputs, [])?;
    let mut state = State::new();
    state.insert("parameters", Array1::zeros(3));
    let mut report = |state: &mut State<f64>| -> Result<[Vec<f64>; 2]> {
        let run = plan.run(state)?;
        let [likelihood, mean, deviation, p] =
            [0, 1, 2, 3].map(|i| run.nth(i).iter().copied().collect::<Vec<f64>>());
        println!(
            "length {:.3}  amplitude {:.3}  noise {:.3}: log marginal likelihood {:.2}",
            p[0], p[1], p[2], likelihood[0]
        );
        Ok([mean, deviation])
    };
    report(&mut state)?;
    Lbfgs::new().tolerances(1e-6, 0.0).minimize(-likelihood, &[parameters], &mut state)?;
    let [mean, deviation] = report(&mut state)?;
    for ((&x, mean), deviation) in test.iter().zip(mean).zip(deviation) {
        println!("f({x:5.2})  true {:6.3}  predicted {mean:6.3} ± {deviation:.3}", truth(x));
    }
    Ok(())
}
