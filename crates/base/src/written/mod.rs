//! Serialisation with serde that text and binary formats alike read back bit for bit: floats in `number`, structs that
//! omit default fields from text in `fields`.

mod fields;
pub mod number;

pub use number::Exact;
