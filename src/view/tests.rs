//! Tests of drawings, from graphs to pictures.

mod building;
mod refusals;
mod rolling;
mod samples;
mod told;
