//! Derivatives in directions, whole Jacobians and Hessians, and stretches of a graph with a VJP of their own.

mod batched;
mod checkpoint;
mod composite;
mod directional;
mod jacobian;
mod loading;
mod many;
mod template;
