//! The picture as plain data. Read `picture` first, then `details` and `mark`, which its nodes hold.
//!
//! `number` formats numbers, `text` measures and escapes text, `display` sanitises all texts before an export, `nesting`
//! walks groups inside groups, `rollup` puts many nodes into boxes, `clusters`
//! makes frames by name and compares pictures, and `json` writes JSON.

pub(crate) mod clusters;
pub(crate) mod details;
pub(crate) mod display;
pub(crate) mod json;
pub(crate) mod mark;
pub(crate) mod nesting;
pub mod number;
pub(crate) mod picture;
pub(crate) mod rollup;
pub(crate) mod text;
