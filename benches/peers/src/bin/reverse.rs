//! A tape of scalars: the crate `reverse`. Workload C.

use chainrule_peers::{Arguments, Dtype, Outcome, Workload, refuse, scalars};
use clap::Parser;
use reverse::{Gradient, Tape};

fn main() -> Outcome {
    let arguments = Arguments::parse();
    match (arguments.workload, arguments.dtype) {
        (Workload::C, Dtype::F64) => scalars::run(&arguments, graph),
        _ => refuse(&arguments),
    }
}

fn graph() -> [f64; 3] {
    let tape = Tape::new();
    let (a, b) = (tape.add_var(scalars::A), tape.add_var(scalars::B));
    let chain = |k| {
        let start = tape.add_var(scalars::start(k));
        (0..scalars::LINKS).fold(start, |v, _| (v * a + b).tanh())
    };
    let first = chain(0);
    let sum = (1..scalars::CHAINS).fold(first, |sum, k| sum + chain(k));
    let gradient = sum.grad();
    [sum.val(), gradient.wrt(&a), gradient.wrt(&b)]
}
