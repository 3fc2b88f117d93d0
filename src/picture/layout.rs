//! Where everything goes: the plain result of a layout, and the trait that computes it.

use super::measure::Sizes;
use super::model::Picture;
use serde::{Deserialize, Serialize};

/// A way to place a picture on a canvas.
///
/// A layout is given the sizes of all boxes and returns plain geometry; it reads no fonts and draws nothing. The same
/// picture must always give the same drawing.
pub trait Layout {
    /// Places nodes, labels, arrows and frames.
    fn lay_out(&self, picture: &Picture, sizes: &Sizes) -> Drawing;
}

/// A picture with a place for everything. All coordinates are multiples of 0.1, `x` to the right and `y` down.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Drawing {
    /// Width of the canvas; everything lies inside it.
    #[serde(with = "crate::written::number")]
    pub width: f64,
    /// Height of the canvas.
    #[serde(with = "crate::written::number")]
    pub height: f64,
    /// The box of each node, with all text that belongs to it.
    pub nodes: Vec<Rect>,
    /// The way of each edge; an edge that is not drawn has an empty one.
    pub edges: Vec<EdgeLine>,
    /// The frame of each group; none for a group that holds nothing.
    pub groups: Vec<Option<Frame>>,
}

/// The frame of one group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// The frame itself, around everything that the group holds.
    pub outline: Rect,
    /// The place of its label, on the upper line of the frame.
    pub label: Rect,
}

/// The line of one edge and the place of its digits.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EdgeLine {
    /// Where the line leaves its source.
    pub start: Point,
    /// The pieces of the line, each beginning where the one before ended; empty if the edge is not drawn.
    pub pieces: Vec<Piece>,
    /// The tip of the arrow, on the outline of the target.
    pub tip: Point,
    /// The place of the label; the line runs straight through its middle.
    pub label: Option<Rect>,
}

/// One piece of a line.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// A straight line to a point.
    Line(Point),
    /// A cubic Bézier curve: two control points and the end.
    Curve(Point, Point, Point),
}

impl Piece {
    /// Where the piece ends.
    pub fn end(&self) -> Point {
        match *self {
            Piece::Line(end) | Piece::Curve(_, _, end) => end,
        }
    }
}

/// A place on the canvas.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Distance from the left edge.
    #[serde(with = "crate::written::number")]
    pub x: f64,
    /// Distance from the upper edge.
    #[serde(with = "crate::written::number")]
    pub y: f64,
}

/// A box on the canvas.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Rect {
    /// Left edge.
    #[serde(with = "crate::written::number")]
    pub x: f64,
    /// Upper edge.
    #[serde(with = "crate::written::number")]
    pub y: f64,
    /// Extent to the right.
    #[serde(with = "crate::written::number")]
    pub width: f64,
    /// Extent downwards.
    #[serde(with = "crate::written::number")]
    pub height: f64,
}

impl Rect {
    /// The box of the given extent around a centre.
    pub fn around(centre: Point, width: f64, height: f64) -> Rect {
        Rect { x: centre.x - width / 2.0, y: centre.y - height / 2.0, width, height }
    }

    /// The middle of the box.
    pub fn centre(&self) -> Point {
        Point { x: self.x + self.width / 2.0, y: self.y + self.height / 2.0 }
    }

    /// The right edge.
    pub fn right(&self) -> f64 {
        self.x + self.width
    }

    /// The lower edge.
    pub fn bottom(&self) -> f64 {
        self.y + self.height
    }

    /// Whether the two boxes share more than an edge.
    pub fn overlaps(&self, other: &Rect) -> bool {
        self.x < other.right() && other.x < self.right() && self.y < other.bottom() && other.y < self.bottom()
    }

    /// Whether `inner` lies inside this box, edges included.
    pub fn contains(&self, inner: &Rect) -> bool {
        self.x <= inner.x
            && self.y <= inner.y
            && inner.right() <= self.right()
            && inner.bottom() <= self.bottom()
    }

    /// The smallest box around both.
    pub(super) fn union(&self, other: &Rect) -> Rect {
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        let (right, bottom) = (self.right().max(other.right()), self.bottom().max(other.bottom()));
        Rect { x, y, width: right - x, height: bottom - y }
    }

    /// What two boxes that meet have in common.
    pub(super) fn common(&self, other: &Rect) -> Rect {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let (right, bottom) = (self.right().min(other.right()), self.bottom().min(other.bottom()));
        Rect { x, y, width: right - x, height: bottom - y }
    }

    /// The box grown by a margin on all sides.
    pub(super) fn grown(&self, by: f64) -> Rect {
        Rect { x: self.x - by, y: self.y - by, width: self.width + 2.0 * by, height: self.height + 2.0 * by }
    }
}
