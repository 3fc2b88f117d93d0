//! cargo run --example 17_recurrent_cell
//!
//! A recurrent cell, `h = tanh(x U + h W + b)` (Elman, 1990), unrolled over four time steps with shared parameters, so that
//! their gradients are sums over the time steps (backpropagation through time). The program prints the summands for W, and
//! all gradients are checked against differences. Drawn in `graphs/recurrent_cell.svg`.
//!
//! ```text
//! time 2: |dW| 0.0736
//! time 3: |dW| 0.4812
//! time 4: |dW| 1.1370
//! their sum is dW: true
//! check passed: 21 elements of 4 parameters agree
//! ```

use chainrule::{Check, Result, Tape, Var};
use ndarray::{Array1, arr1, arr2};

/// The number of time steps.
pub(crate) const TIMES: usize = 4;

/// The loss, the parameters U, W, b and v, and the product with W at each time but the first, where h is 0.
pub(crate) fn recurrent_cell(tape: &Tape) -> Result<(Var<'_>, [Var<'_>; 4], Vec<Var<'_>>)> {
    let (u, w) = (tape.parameter("U", [2, 3]), tape.parameter("W", [3, 3]));
    let (b, v) = (tape.parameter("b", [3]), tape.parameter("v", [3, 1]));
    tape.feed(u, arr2(&[[0.5, -0.3, 0.8], [0.1, 0.7, -0.6]]))?;
    tape.feed(w, arr2(&[[0.4, -0.2, 0.1], [0.3, 0.5, -0.4], [-0.1, 0.2, 0.6]]))?;
    tape.feed(b, arr1(&[0.1, 0.0, -0.1]))?;
    tape.feed(v, arr2(&[[1.0], [-0.5], [0.7]]))?;

    let (mut h, mut products) = (None::<Var<'_>>, Vec::new());
    for time in 1..=TIMES {
        let phase = time as f64;
        let x = tape.leaf(&format!("x{time}"), arr2(&[[phase.sin(), phase.cos()]]));
        let _scope = tape.scope(&format!("time{time}"));
        let mut sum = x.matmul(u);
        if let Some(h) = h {
            let product = h.matmul(w);
            products.push(product);
            sum += product;
        }
        h = Some((sum + b).tanh().named("h"));
    }
    let target = tape.leaf("target", arr2(&[[0.5]]));
    let _scope = tape.scope("loss");
    let y = h.map_or(target, |h| h.matmul(v));
    Ok(((y - target).square().sum().named("loss"), [u, w, b, v], products))
}

/// The norm of a gradient.
fn norm(gradient: Var<'_>) -> f64 {
    gradient.value().iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn main() -> Result<()> {
    let tape = Tape::new();
    let (loss, parameters, products) = recurrent_cell(&tape)?;
    let [_, w, ..] = parameters;
    let gradients = loss.backward();
    let mut sum = Array1::zeros(9);
    for (product, time) in products.iter().zip(2..) {
        if let Some(part) = gradients.contribution(*product, 1) {
            println!("time {time}: |dW| {:.4}", norm(part));
            sum += &part.value().iter().copied().collect::<Array1<f64>>();
        }
    }
    let whole: Array1<f64> = gradients.of(w).value().iter().copied().collect();
    println!("their sum is dW: {}", (&sum - &whole).iter().all(|d| d.abs() <= 1e-12));
    let report = Check::new(loss, &parameters).run()?;
    let verdict = if report.passed() { "passed" } else { "failed" };
    let agree: usize = report.parameters.iter().map(|p| p.passed + p.zeros).sum();
    println!("check {verdict}: {agree} elements of {} parameters agree", parameters.len());
    Ok(())
}
