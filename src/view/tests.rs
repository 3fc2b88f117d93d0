//! Tests of drawings, from graphs to pictures.

mod building;
mod refusals;
mod collapsing;
mod samples;
mod told;
