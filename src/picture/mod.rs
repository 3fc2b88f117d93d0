//! Pictures of a graph: which nodes, edges and numbers are shown, where they stand, and in which format.
//!
//! A [`Builder`] reads a graph, and numbers that are handed to it, and makes a [`Picture`]: plain data, which can also
//! be made or changed by hand. Exporters are functions of the picture alone:
//!
//! - [`Picture::to_svg`]: placed by a [`Layout`], needing neither fonts nor programs;
//! - [`Picture::to_html`]: a page to walk through, node by node, forwards and backwards; [`Openings`] are pictures with
//!   other groups open, between which a page switches, and a [`Film`] shows them at several moments of a run;
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
//! Large graphs are rolled up ([`Level::Auto`]): repetitions are folded into one box with their count, and scopes are
//! opened as far as there is room.
//!
//! What is said of a node stands at its upper right, as a sign with a legend: by a check (a tick, a cross, a bent line for
//! a kink, a question mark), by its numbers ([`health()`]: NaN and where it begins, infinities, gradients that vanish,
//! explode or are 0, dead relus), or by a comparison of two graphs ([`diff()`]). A box shows the worst of its members.
//!
//! The same picture gives the same bytes in every run, on every machine.

mod arrows;
mod aside;
mod boxes;
mod build;
mod canvas;
mod compose;
mod details;
mod diff;
mod document;
mod dot;
mod film;
mod graphviz;
mod health;
mod json;
mod label;
mod layered;
mod layout;
mod mark;
mod measure;
mod mermaid;
mod model;
mod nesting;
mod notebook;
pub mod number;
mod openings;
mod page;
mod ports;
#[cfg(any(feature = "png", feature = "pdf"))]
mod raster;
mod roll;
mod route;
mod save;
mod select;
mod show;
mod svg;
mod text;
mod texts;
mod units;

#[cfg(test)]
mod recordings;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub use build::{Annotations, Builder, Level};
pub use details::{Details, Histogram};
pub use diff::{Change, Diff, Difference, Kind, diff};
pub use film::Film;
pub use health::{Finding, health};
pub use layered::Layered;
pub use layout::{Drawing, EdgeLine, Frame, Layout, Piece, Point, Rect};
pub use mark::Mark;
pub use measure::{NodeSize, Size, Sizes};
pub use model::{Direction, Group, NodeKind, Picture, PictureEdge, PictureNode};
pub use openings::Openings;
pub(crate) use save::{Format, write as write_file};
pub(crate) use show::show as show_page;

impl Picture {
    /// The picture as SVG: one self-contained file on a white ground, for pages light and dark.
    ///
    /// Colours hang on classes below `.chainrule`, so that a page which holds the drawing can set its own; nodes carry
    /// their ids in `data-id`, edges the ids of their ends in `data-from` and `data-to`.
    pub fn to_svg(&self) -> String {
        self.to_svg_with(&Layered::default())
    }

    /// The same with another layout.
    pub fn to_svg_with(&self, layout: &impl Layout) -> String {
        let picture = self.shown();
        let picture = picture.shallow();
        svg::write(&picture, &layout.lay_out(&picture, &Sizes::of(&picture)))
    }

    /// The picture as a page: one self-contained HTML file, which opens from disk and loads nothing.
    ///
    /// It can be moved, zoomed and searched, tells what is known of each node, and steps through the forward pass and
    /// then the backward pass, node by node, with the numbers of the drawing.
    pub fn to_html(&self) -> String {
        Openings::from(self.clone()).to_html()
    }

    /// The picture in Graphviz's DOT language, for `dot -Tsvg` and its like.
    pub fn to_dot(&self) -> String {
        dot::write(&self.shown())
    }

    /// The picture as a Mermaid flowchart, which forges draw where Markdown has it in a block of `mermaid`.
    ///
    /// Kinds differ by outline, values and gradients stand at the arrows behind `▶` and `◀`, and names are text, whatever
    /// is in them. Mermaid itself draws up to 500 arrows and 50,000 characters unless a page sets other limits.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let text = tape.leaf("x", 1.0).exp().draw().picture()?.to_mermaid();
    /// assert!(text.starts_with("flowchart LR\n  n0([\"x\"]):::input\n  n1((\"exp\")):::op\n"), "{text}");
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    pub fn to_mermaid(&self) -> String {
        mermaid::write(&self.shown())
    }
}
