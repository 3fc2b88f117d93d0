//! Pictures of graphs: nodes, arrows and numbers as plain data, where they stand, and in which format.
//!
//! A [`Picture`] is plain data: it can be built by hand, read from a file, or made of a computation by the crate
//! `chainrule`. Exporters are functions of the picture alone:
//!
//! - [`Picture::to_svg`]: placed by a [`LayoutEngine`], needing neither fonts nor programs;
//! - [`Picture::to_html`]: a page to walk through, node by node, forwards and backwards; [`Expansions`] are pictures with
//!   other groups open, between which a page switches, and a [`Timeline`] shows them at several moments of a run;
//! - [`Picture::to_dot`]: for Graphviz, which places everything itself, and [`Picture::graphviz`] if it is installed;
//! - [`Picture::to_mermaid`]: for forges, wikis and notebooks, which draw it from the text;
//! - [`Picture::to_json`]: what the picture holds, as data;
//! - `Picture::to_png` and `Picture::to_pdf`, with the features of these names.
//!
//! [`Picture::save`] writes any of them by a file's ending, [`Picture::show`] opens the page in the browser, and in
//! notebooks [`Picture::evcxr_display`] shows the drawing.
//!
//! An op is a circle with its sign. Leaves are plates: inputs with round ends, parameters with a double outline,
//! constants with a dashed one. Along each arrow the forward value stands above the line and the gradient that comes
//! back along this arrow below it, red and slanted; at a node with several consumers their sum follows a `Σ`.
//!
//! What is said of a node stands at its upper right, as a sign with a legend: see [`Mark`].
//!
//! The same picture gives the same bytes in every run, on every machine.

mod export;
mod formats;
mod layout;
mod model;
mod page;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub use chainrule_base::{Error, Location, Result};
pub use export::files::write_file;
pub use export::show::show_page;
pub use formats::Format;
pub use layout::engine::LayoutEngine;
pub use layout::geometry::{EdgeLine, Frame, Geometry, Piece, Point, Rect};
pub use layout::layered::Layered;
pub use layout::measure::{NodeSize, Size, Sizes};
pub use model::details::{Details, Histogram};
pub use model::display::group_key;
pub use model::mark::Mark;
pub use model::nesting::MAX_FRAME_DEPTH;
pub use model::number;
pub use model::picture::{Direction, Group, NodeKind, Picture, PictureEdge, PictureNode};
pub use page::expansions::Expansions;
pub use page::timeline::Timeline;

/// The README's program, run as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
