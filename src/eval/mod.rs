//! Evaluation: one op on operands wherever they lie, and values computed when they are asked for.

mod arrays;
mod demand;
mod node;
mod numbers;

pub(crate) use node::{Computation, Storage, compute, run};
