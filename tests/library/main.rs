//! What stands on the engine: layers, optimisers, data.

mod conv;
mod data;
mod elementwise;
mod layers;
mod losses;
mod mnist;
mod nn;
