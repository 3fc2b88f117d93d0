//! The picture as plain data, and the texts and numbers in it.

pub(crate) mod details;
pub(crate) mod display;
pub(crate) mod json;
pub(crate) mod mark;
pub(crate) mod nesting;
pub mod number;
pub(crate) mod picture;
pub(crate) mod text;
