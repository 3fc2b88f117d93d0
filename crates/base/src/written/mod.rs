//! How values are written with serde: so that text and binary formats alike give back what they were given, bit for bit.

mod fields;
pub mod number;

pub use number::Exact;
