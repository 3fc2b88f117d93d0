//! How values are written with serde: so that text and binary formats alike give back what they were given, bit for bit.

mod fields;
pub(crate) mod number;

pub(crate) use fields::fields;
pub(crate) use number::Exact;
