//! End to end: the gradients of leaves against differences of the output.

pub(crate) mod groups;
pub(crate) mod leaves;
pub(crate) mod output;
pub(crate) mod roundoff;
pub(crate) mod rows;
pub(crate) mod unseen;
