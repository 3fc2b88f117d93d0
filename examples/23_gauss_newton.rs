//! cargo run --example 23_gauss_newton
//!
//! A damped oscillator, `ẍ = −k x − c ẋ`, is fitted to 200 measured positions. The integrator, 200 steps of the classical
//! Runge-Kutta method, is recorded; the Jacobian of all positions with respect to `k` and `c` follows, two columns from one
//! reverse pass; and Gauss-Newton solves `JᵀJ δ = −Jᵀ r` in each iteration.
//!
//! ```text
//! Jacobian [200, 2]
//! k 3.000000  c 0.200000  |r| 4.781486
//! k 3.291499  c 0.487397  |r| 2.198759
//! k 3.910588  c 0.649366  |r| 0.872931
//! k 4.042978  c 0.485459  |r| 0.179128
//! k 4.001804  c 0.500542  |r| 0.011554
//! k 3.999954  c 0.499986  |r| 0.010006
//! k 3.999956  c 0.499985  |r| 0.010006
//! ```

use chainrule::{Plan, Result, State, Tape, Var};
use ndarray::{Array1, Ix2, arr1, s};
use std::array::from_fn;

const STEPS: usize = 200;
const STEP: f64 = 0.05;

/// One step of the classical Runge-Kutta method for `ẏ = f(y)`.
fn rk4<'t, const N: usize>(f: impl Fn([Var<'t>; N]) -> [Var<'t>; N], y: [Var<'t>; N]) -> [Var<'t>; N] {
    let ahead = |k: [Var<'t>; N], h: f64| from_fn(|i| y[i] + h * k[i]);
    let k1 = f(y);
    let k2 = f(ahead(k1, STEP / 2.0));
    let k3 = f(ahead(k2, STEP / 2.0));
    let k4 = f(ahead(k3, STEP));
    from_fn(|i| y[i] + STEP / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]))
}

/// The exact positions for k = 4 and c = 0.5 from x = 1 at rest, and what the instrument adds.
fn measured() -> Array1<f64> {
    let (decay, frequency) = (0.25, (4.0_f64 - 0.0625).sqrt());
    Array1::from_shape_fn(STEPS, |i| {
        let t = STEP * (i as f64 + 1.0);
        let exact = (-decay * t).exp() * ((frequency * t).cos() + decay / frequency * (frequency * t).sin());
        exact + 1e-3 * (i as f64 * 12.9898).sin()
    })
}

fn main() -> Result<()> {
    let tape = Tape::new();
    let parameters = tape.input("parameters", [2]);
    let (k, c) = (parameters.slice(s![0]), parameters.slice(s![1]));
    let mut y = [tape.constant(1.0), tape.constant(0.0)];
    let mut positions = Vec::new();
    for _ in 0..STEPS {
        y = rk4(|[x, v]| [v, -(k * x + c * v)], y);
        positions.push(y[0]);
    }
    let residuals = tape.stack(&positions, 0) - tape.constant(measured());
    let [jacobian] = residuals.jacobian([parameters]);
    println!("Jacobian {:?}", jacobian.shape());

    let mut plan = Plan::<f64>::compile([residuals, jacobian], [])?;
    let mut state = State::new();
    let mut fit = arr1(&[3.0, 0.2]);
    for _ in 0..7 {
        plan.feed("parameters", &fit)?;
        let outputs = plan.run(&mut state)?;
        let (Some(r), Some(j)) = (outputs.get(residuals), outputs.get(jacobian)) else { break };
        let j = j.into_dimensionality::<Ix2>().expect("rows of residuals, columns of parameters");
        let r = r.flatten();
        println!("k {:.6}  c {:.6}  |r| {:.6}", fit[0], fit[1], r.dot(&r).sqrt());
        // Cramer's rule for the two normal equations.
        let (a, b) = (j.t().dot(&j), j.t().dot(&r));
        let determinant = a[[0, 0]] * a[[1, 1]] - a[[0, 1]] * a[[1, 0]];
        fit[0] -= (b[0] * a[[1, 1]] - b[1] * a[[0, 1]]) / determinant;
        fit[1] -= (b[1] * a[[0, 0]] - b[0] * a[[1, 0]]) / determinant;
    }
    Ok(())
}
