//! Interactive HTML pages of pictures with expandable groups and several moments.
//!
//! `expansions` and `timeline` are what a page is made of; `write` puts it together from the template, style and script in
//! `assets`, the drawings, and the script's `data`; `digest` is for its content security policy.

pub(crate) mod data;
pub(crate) mod digest;
pub(crate) mod expansions;
pub(crate) mod timeline;
pub(crate) mod write;

#[cfg(test)]
mod tests;
