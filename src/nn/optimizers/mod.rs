//! Optimisers: updates of parameters, recorded as nodes of the graph, and L-BFGS, which drives a plan.

mod accumulate;
mod adam;
mod adaptive;
mod clip;
mod groups;
mod lbfgs;
mod lion;
mod norms;
mod optimizer;
mod rate;
mod record;
mod sgd;

pub use accumulate::Accumulate;
pub use adam::{Adam, AdamW};
pub use adaptive::{AdaGrad, RmsProp};
pub use clip::Clip;
pub use groups::Groups;
pub use lbfgs::{Lbfgs, Minimum, StopReason};
pub use lion::Lion;
pub use norms::{clip_by_global_norm, clip_by_value, global_norm};
pub use optimizer::{Optimizer, TrainingStep};
pub use rate::Rate;
pub use sgd::{Momentum, Sgd};
