//! The engine but for its derivatives: recording, graphs, plans, layers, data, hostile input. One program, since linking
//! many costs more than running them.

#[path = "../support/mod.rs"]
mod support;

mod contract;
mod graph;
mod hostile;
mod mnist;
mod nn;
mod plan;
mod regressions;
mod table;
