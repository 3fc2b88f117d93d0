//! What stands on the engine: layers, optimisers, data.

mod elementwise;
mod losses;
mod conv;
mod mnist;
mod nn;
