//! The engine but for the rules of ops: derivatives of every kind, recording, graphs, plans, hostile input. One program, since linking
//! many costs more than running them.

#[path = "../support/mod.rs"]
mod support;

mod derivatives;
mod graph;
mod hostile;
mod indices;
mod outside;
mod plan;
mod regressions;
mod shared_state;
mod subnormals;
mod sweep;
mod table;
