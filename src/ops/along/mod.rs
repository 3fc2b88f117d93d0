//! What goes along axes: reductions, running sums, order, indices, shares of a whole, and losses of rows.

pub(super) mod cross_entropy;
pub(super) mod index;
mod look_up;
pub(super) mod one_hot;
pub(super) mod order;
pub(super) mod product;
pub(super) mod quantile;
pub(super) mod reduce;
pub(super) mod scan;
pub(super) mod softmax;
mod statistics;
