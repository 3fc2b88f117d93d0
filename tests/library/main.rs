//! What stands on the engine: layers, optimisers, data.

mod conv;
mod data;
mod elementwise;
mod losses;
mod mnist;
mod nn;
