//! What stands on the engine: layers, optimisers, data.

mod mnist;
mod nn;
