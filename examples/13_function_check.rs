//! cargo run --example 13_function_check
//!
//! Checking a gradient that was derived by hand or by another library, without a tape: the potential energy of a chain of
//! springs, and its gradient, once with a forgotten term.
//!
//! ```text
//! parameter  shape  pass  zero  ≈ 0  fail  unresolved  kink  mean |Δ|   max |Δ|   max rel  verdict
//! x          [5]       5     0    0     0           0     0  1.30e-14  2.93e-14  3.73e-14  pass
//!
//! parameter  shape  pass  zero  ≈ 0  fail  unresolved  kink  mean |Δ|  max |Δ|  max rel  verdict
//! x          [5]       1     0    0     4           0     0   3.80e-1  7.00e-1  9.89e-1  FAIL
//! x: FAIL: max |Δ| at [1]: analytic -5.016e-1, numeric -1.2015999999999707e0
//!   [0]: analytic 5.4e-3, numeric 5.054000000000135e-1
//!   [2]: analytic 7.25e-1, numeric 1.1249999999999905e0
//!   [3]: analytic -3.9979999999999993e-1, numeric -6.99800000000001e-1
//!   hint: 4 of 5 elements differ
//! ```

use chainrule::check::FunctionCheck;

/// The energy of springs of length 1 between neighbours on a line, and of a weak spring that holds each in its place.
fn energy(x: &[f64]) -> f64 {
    let springs: f64 = x.windows(2).map(|w| 0.5 * (w[1] - w[0] - 1.0).powi(2)).sum();
    springs + x.iter().enumerate().map(|(i, x)| 0.05 * (x - i as f64).powi(4)).sum::<f64>()
}

/// Its gradient; `both` ends of each spring are pulled, or one alone.
fn gradient(x: &[f64], both: bool) -> Vec<f64> {
    let mut g: Vec<f64> = x.iter().enumerate().map(|(i, x)| 0.2 * (x - i as f64).powi(3)).collect();
    for i in 1..x.len() {
        let pull = x[i] - x[i - 1] - 1.0;
        g[i] += pull;
        if both {
            g[i - 1] -= pull;
        }
    }
    g
}

fn main() -> chainrule::Result<()> {
    let x = [0.3, 0.8, 2.5, 3.1, 4.4];
    let right = FunctionCheck::new(energy, |x| gradient(x, true), &x).run()?;
    println!("{right}");
    let wrong = FunctionCheck::new(energy, |x| gradient(x, false), &x).must_fail()?;
    print!("{wrong}");
    Ok(())
}
