//! Names and graphs from outside, drawn.
