//! Pictures of graphs: nodes, arrows and numbers as plain data, laid out and exported.
//!
//! A [`Picture`] is plain data: it can be built by hand, read from a file, or made from a computation by the crate
//! `chainrule`. Exporters are functions of the picture alone:
//!
//! - [`Picture::to_svg`]: laid out by a [`LayoutEngine`], without fonts or other programs;
//! - [`Picture::to_html`]: an interactive page that steps through the graph forwards and backwards; a [`Page`] can carry a
//!   program that opens groups and computes numbers, and a [`Timeline`] shows several moments of a run;
//! - [`Picture::to_dot`]: for Graphviz, which lays it out itself, and [`Picture::graphviz`] if it is installed;
//! - [`Picture::to_mermaid`]: for forges, wikis and notebooks, which render it from the text;
//! - [`Picture::to_json`]: the picture as data;
//! - `Picture::to_png` and `Picture::to_pdf`, with the features of these names.
//!
//! [`Picture::save`] writes any of them by a file's extension, [`Picture::show`] opens the page in the browser, and
//! [`Picture::evcxr_display`] shows the drawing in a notebook.
//!
//! An op is a circle with its sign. Leaves are plates: inputs with round ends, parameters with a double outline,
//! constants with a dashed one. Each arrow has the forward value above the line and the gradient that comes back along it
//! below, red and slanted; a node with several consumers shows their sum after a `Σ`. Verdicts on a node are badges at its
//! upper right, with a legend: see [`Mark`].
//!
//! With the feature `petgraph`, `Picture::of_graph` makes one of any graph of that crate. [`Picture::clustered`] puts frames
//! around nodes by name, and [`Picture::compared_with`] marks what differs from an earlier picture.
//!
//! `model` is the data, `layout` places it, `export` writes it, and `page` is the HTML page.
//!
//! The same picture gives the same bytes in every run, on every machine.

mod export;
mod formats;
#[cfg(feature = "petgraph")]
mod graphs;
mod layout;
mod model;
mod page;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub use chainrule_base::files::write_file;
pub use chainrule_base::{Error, Location, Result};
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
pub use page::carried::{Page, page_parts};
pub use page::state::PageState;
pub use page::timeline::Timeline;

/// The README's program, run as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct PictureReadme;
