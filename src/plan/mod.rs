//! Plans: compiled schedules of what given outputs and updates need, replayed on new inputs without recording and
//! without allocating.
//!
//! [`compile`] turns a graph into [steps](step), which may hold [programs](program); [`run`] executes them. A
//! [`Plan`] is the data between the two.

mod compile;
mod compiled;
mod feed;
mod find;
#[cfg(feature = "draw")]
mod given;
mod instances;
mod options;
mod outputs;
mod pool;
mod program;
mod run;
mod schedule;
mod slots;
mod split;
mod step;

pub(crate) use compile::{Held, Merged};
pub(crate) use run::{Point, Seen};
#[cfg(feature = "draw")]
pub(crate) use schedule::bytes;

pub use compiled::Plan;
pub use feed::FeedValue;
pub use find::Key;
pub use options::PlanOptions;
pub use outputs::Outputs;
pub use schedule::{Schedule, ScheduledLeaf, ScheduledStep, Slot, Write};
