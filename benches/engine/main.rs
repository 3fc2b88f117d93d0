//! How long the engine takes, a file for each thing it does. Run all with `cargo bench --bench engine`, one file with
//! `cargo bench --bench engine -- replay`; `-- --test` runs each once. Items per second are ops, counted forward.

mod checker;
mod compile;
mod record;
mod replay;
mod reverse;
#[path = "../workloads/mod.rs"]
mod workloads;

fn main() {
    divan::main();
}

/// Chains of workload C: 1,001,000 ops.
const CHAINS: usize = 1001;
