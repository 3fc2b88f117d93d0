//! Interactive HTML pages of pictures, with several moments, and with a program that opens groups and computes numbers.
//!
//! `carried` is what a page is made of, `timeline` several of them; `state` is a drawing with its `data` for the script.
//! `write` puts the page together from the template, style and script in `assets`; `digest` is for its content security
//! policy. The program is `crates/page`, which calls `state` too.

pub(crate) mod carried;
pub(crate) mod data;
pub(crate) mod digest;
pub(crate) mod state;
pub(crate) mod timeline;
pub(crate) mod write;

#[cfg(test)]
mod tests;
