//! Bugs from the wild: derivatives that other engines had wrong, each written as a wrong op of a user, which the
//! checker must catch and locate, beside the way this crate computes the same at the same operands, which must pass.
//!
//! Every entry names the bug and where it was reported. Operands are those that bring it out: zeros, ties, negative
//! bases, large numbers, axes of different sizes, batches.

mod arrays;
mod engine;
mod functions;
mod indices;
mod reductions;
mod trial;

#[path = "../support/mod.rs"]
mod support;
