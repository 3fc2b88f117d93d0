//! Drawings as pages: what a page carries, and what its program makes of it.
//!
//! `carried` chooses what a page takes along of a tape, `scene` is the form of it in a file, `engine` a tape recorded from
//! it, `groups` opens and closes boxes, and `live` answers the page's script. The program is `crates/page`.

mod carried;
mod edit;
mod engine;
mod expression;
mod groups;
mod live;
mod paths;
mod playground;
mod scene;

#[cfg(test)]
mod tests;

pub use live::{LivePage, Reply};
pub use playground::playground;
