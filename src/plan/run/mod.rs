//! Running the steps of a plan.

pub(crate) mod finite;
pub(crate) mod incremental;
pub(crate) mod memory;
pub(crate) mod parallel;
pub(crate) mod refusal;
pub(crate) mod replay;
