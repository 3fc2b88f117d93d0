//! cargo run --example 20_attention
//!
//! One head of scaled dot-product attention, `softmax(Q Kᵀ / √d) V` (Vaswani et al., 2017), with its projections: each of
//! four tokens takes a weighted mean of the values of all. The program prints the weights and checks the gradients of all
//! four matrices against differences. Drawn in `graphs/attention.svg`, and as boxes in `graphs/attention_layers.svg`.
//!
//! ```text
//! token 1 looks at [0.36, 0.13, 0.09, 0.41], together 1.00
//! token 2 looks at [0.05, 0.66, 0.22, 0.08], together 1.00
//! token 3 looks at [0.52, 0.03, 0.22, 0.23], together 1.00
//! token 4 looks at [0.13, 0.50, 0.10, 0.27], together 1.00
//! check passed: 72 elements of 4 parameters agree
//! ```

use chainrule::{Check, Result, Tape, Var};
use ndarray::Array2;

/// Tokens, the numbers of each, and those of its query, key and value.
const TOKENS: usize = 4;
const WIDTH: usize = 6;
const HEAD: usize = 3;

/// Arbitrary numbers, different for each start.
fn wave(rows: usize, columns: usize, start: f64) -> Array2<f64> {
    Array2::from_shape_fn((rows, columns), |(i, j)| (start + 1.7 * (i * columns + j) as f64).sin())
}

/// `x W` in a scope of its own, W being a parameter there.
fn projection<'t>(x: Var<'t>, name: &str, columns: usize, start: f64) -> Result<(Var<'t>, Var<'t>)> {
    let tape = x.tape();
    let _scope = tape.scope(name);
    let rows = x.shape()[1];
    let weight = tape.parameter("weight", [rows, columns]);
    tape.feed(weight, wave(rows, columns, start) * 0.6)?;
    Ok((x.matmul(weight), weight))
}

/// The loss, the weights of attention, and the four matrices.
pub(crate) fn attention(tape: &Tape) -> Result<(Var<'_>, Var<'_>, [Var<'_>; 4])> {
    let x = tape.leaf("x", wave(TOKENS, WIDTH, 0.3));
    let target = tape.leaf("target", wave(TOKENS, WIDTH, 2.0));
    let (q, wq) = projection(x, "query", HEAD, 0.0)?;
    let (k, wk) = projection(x, "key", HEAD, 1.0)?;
    let (v, wv) = projection(x, "value", HEAD, 2.0)?;
    let (mixed, weights) = {
        let _scope = tape.scope("attention");
        let weights = (q.matmul(k.t()) / (HEAD as f64).sqrt()).softmax(-1).named("weights");
        (weights.matmul(v), weights)
    };
    let (y, wo) = projection(mixed, "output", WIDTH, 3.0)?;
    let _scope = tape.scope("loss");
    Ok(((y - target).square().mean().named("loss"), weights, [wq, wk, wv, wo]))
}

fn main() -> Result<()> {
    let tape = Tape::new();
    let (loss, weights, matrices) = attention(&tape)?;
    for (row, token) in weights.value().rows().into_iter().zip(1..) {
        println!("token {token} looks at {row:.2}, together {:.2}", row.sum());
    }
    let report = Check::new(loss, &matrices).run()?;
    let verdict = if report.passed() { "passed" } else { "failed" };
    let agree: usize = report.parameters.iter().map(|p| p.passed + p.zeros).sum();
    println!("check {verdict}: {agree} elements of {} parameters agree", matrices.len());
    Ok(())
}
