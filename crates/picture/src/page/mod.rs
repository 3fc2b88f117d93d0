//! Pages to walk through: pictures with open and closed groups, and at several moments.

pub(crate) mod data;
pub(crate) mod digest;
pub(crate) mod expansions;
pub(crate) mod timeline;
pub(crate) mod write;

#[cfg(test)]
mod tests;
