//! Tests of drawings, from graphs to pictures.

mod building;
mod collapsing;
mod reference;
mod refusals;
mod reports;
mod samples;
