//! Workload C: a graph of a million single numbers, made anew in every step. A thousand chains of 333 ×
//! `v = tanh(v a + b)`, all with the same a and b, are added up: 1,001,001 nodes.

use crate::{Arguments, Outcome, measure, report};

/// How many chains.
pub const CHAINS: usize = 1000;
/// How long each is: three nodes a link.
pub const LINKS: usize = 333;
/// The leaf a.
pub const A: f64 = 0.9;
/// The leaf b.
pub const B: f64 = 0.1;

/// What a chain begins with.
pub fn start(chain: usize) -> f64 {
    chain as f64 / CHAINS as f64 - 0.5
}

/// Times the graph. A step returns its sum, and the derivatives by a and by b.
pub fn run(arguments: &Arguments, mut step: impl FnMut() -> [f64; 3]) -> Outcome {
    let mut last = [f64::NAN; 3];
    let time = measure(arguments, || last = step());
    let [sum, da, db] = last;
    report(arguments, time, [("sum", sum), ("da", da), ("db", db)])
}
