//! What goes along axes: reductions, running sums, order, shares of a whole, and losses of rows.

pub(super) mod cross_entropy;
pub(super) mod order;
pub(super) mod reduce;
pub(super) mod scan;
pub(super) mod softmax;
