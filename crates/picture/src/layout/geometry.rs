//! The plain result of a layout.

use serde::{Deserialize, Serialize};

/// The coordinates of everything in a picture: multiples of 0.1, `x` to the right and `y` down.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Geometry {
    /// Width of the canvas; everything lies inside it.
    #[serde(with = "chainrule_base::written::number")]
    pub width: f64,
    /// Height of the canvas.
    #[serde(with = "chainrule_base::written::number")]
    pub height: f64,
    /// The bounding box of each node, including its texts.
    pub nodes: Vec<Rect>,
    /// The route of each edge; empty for an edge that is not drawn.
    pub edges: Vec<EdgeLine>,
    /// The frame of each group; none for an empty group.
    pub groups: Vec<Option<Frame>>,
    /// The parts of frames that go on in further rows of a folded drawing, each with its group.
    #[serde(default)]
    pub continued: Vec<(usize, Frame)>,
    /// Where lines with a common beginning part.
    #[serde(default)]
    pub junctions: Vec<Point>,
}

/// The frame of one group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// The frame itself, around everything in the group.
    pub outline: Rect,
    /// The box of its label, on the upper line of the frame.
    pub label: Rect,
}

/// The route of one edge, a spline of lines and cubic curves, and the box of its label.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EdgeLine {
    /// Where the line leaves its source.
    pub start: Point,
    /// The pieces of the line, each starting at the end of the one before; empty if the edge is not drawn.
    pub pieces: Vec<Piece>,
    /// The tip of the arrow, on the outline of the target.
    pub tip: Point,
    /// The box of the label; the line runs straight through its middle.
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
    /// The end point of the piece.
    pub fn end(&self) -> Point {
        match *self {
            Piece::Line(end) | Piece::Curve(_, _, end) => end,
        }
    }

    /// The piece with a function applied to its points.
    pub(crate) fn mapped(&self, f: impl Fn(Point) -> Point) -> Piece {
        match *self {
            Piece::Line(end) => Piece::Line(f(end)),
            Piece::Curve(first, second, end) => Piece::Curve(f(first), f(second), f(end)),
        }
    }
}

/// A point on the canvas.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Distance from the left edge.
    #[serde(with = "chainrule_base::written::number")]
    pub x: f64,
    /// Distance from the upper edge.
    #[serde(with = "chainrule_base::written::number")]
    pub y: f64,
}

/// An axis-aligned rectangle on the canvas.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Rect {
    /// Left edge.
    #[serde(with = "chainrule_base::written::number")]
    pub x: f64,
    /// Upper edge.
    #[serde(with = "chainrule_base::written::number")]
    pub y: f64,
    /// Extent to the right.
    #[serde(with = "chainrule_base::written::number")]
    pub width: f64,
    /// Extent downwards.
    #[serde(with = "chainrule_base::written::number")]
    pub height: f64,
}

impl Rect {
    /// The rectangle of the given size around a centre.
    pub fn around(centre: Point, width: f64, height: f64) -> Rect {
        Rect { x: centre.x - width / 2.0, y: centre.y - height / 2.0, width, height }
    }

    /// The centre.
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

    /// Whether the interiors of the two rectangles intersect.
    pub fn overlaps(&self, other: &Rect) -> bool {
        self.x < other.right() && other.x < self.right() && self.y < other.bottom() && other.y < self.bottom()
    }

    /// Whether `inner` lies inside this rectangle, edges included.
    pub fn contains(&self, inner: &Rect) -> bool {
        self.x <= inner.x
            && self.y <= inner.y
            && inner.right() <= self.right()
            && inner.bottom() <= self.bottom()
    }

    /// The bounding box of both.
    pub(crate) fn union(&self, other: &Rect) -> Rect {
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        let (right, bottom) = (self.right().max(other.right()), self.bottom().max(other.bottom()));
        Rect { x, y, width: right - x, height: bottom - y }
    }

    /// The intersection of two rectangles that meet.
    pub(crate) fn intersection(&self, other: &Rect) -> Rect {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let (right, bottom) = (self.right().min(other.right()), self.bottom().min(other.bottom()));
        Rect { x, y, width: right - x, height: bottom - y }
    }

    /// The rectangle expanded by a margin on all sides.
    pub(crate) fn inflated(&self, by: f64) -> Rect {
        Rect { x: self.x - by, y: self.y - by, width: self.width + 2.0 * by, height: self.height + 2.0 * by }
    }
}

/// The most sample points of one piece of a line.
const MAX_SAMPLES: usize = 1_000;

impl EdgeLine {
    /// Sample points along the line.
    pub(crate) fn samples(&self) -> Vec<Point> {
        self.points(sample_count)
    }

    /// The same, but of horizontal pieces the ends alone.
    pub(crate) fn sloped_samples(&self) -> Vec<Point> {
        self.points(|from, piece| match piece {
            Piece::Line(end) if (end.y - from.y).abs() < 0.05 => 1,
            _ => sample_count(from, piece),
        })
    }

    /// The bounding box of the line; none if there is no line.
    pub(crate) fn bounds(&self) -> Option<Rect> {
        let points = self.points(|_, piece| if matches!(piece, Piece::Line(_)) { 1 } else { 32 });
        let points = points.iter().map(|p| Rect { x: p.x, y: p.y, width: 0.0, height: 0.0 });
        points.reduce(|a, b| a.union(&b))
    }

    /// Sample points along the line: `steps` gives their number for each piece and its start.
    fn points(&self, steps: impl Fn(Point, &Piece) -> usize) -> Vec<Point> {
        let mut points = Vec::new();
        let mut from = self.start;
        for piece in &self.pieces {
            let end = piece.end();
            let count = steps(from, piece);
            for step in 0..count {
                let t = step as f64 / count as f64;
                let mix = |a: f64, b: f64| a + (b - a) * t;
                points.push(match *piece {
                    Piece::Line(_) => Point { x: mix(from.x, end.x), y: mix(from.y, end.y) },
                    Piece::Curve(a, b, _) => {
                        let u = 1.0 - t;
                        let cubic = |p0: f64, p1: f64, p2: f64, p3: f64| {
                            u * u * u * p0 + 3.0 * u * u * t * p1 + 3.0 * u * t * t * p2 + t * t * t * p3
                        };
                        Point { x: cubic(from.x, a.x, b.x, end.x), y: cubic(from.y, a.y, b.y, end.y) }
                    }
                });
            }
            from = end;
        }
        points.extend(self.pieces.last().map(|_| self.tip));
        points
    }
}

/// The number of sample points of a piece: one every four units, up to [`MAX_SAMPLES`].
fn sample_count(from: Point, piece: &Piece) -> usize {
    let end = piece.end();
    let count = (((end.x - from.x).abs() + (end.y - from.y).abs()) / 4.0).ceil().max(1.0) as usize;
    count.min(MAX_SAMPLES)
}

/// Rounds a coordinate to a multiple of 0.1, without negative zero.
pub(crate) fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0 + 0.0
}

impl Geometry {
    /// The drawing with a function applied to every point. Rectangles keep their size, rounded like coordinates.
    pub(crate) fn mapped(&self, f: impl Fn(Point) -> Point) -> Geometry {
        let rect = |r: &Rect| {
            let Point { x, y } = f(Point { x: r.x, y: r.y });
            Rect { x, y, width: round(r.width), height: round(r.height) }
        };
        let frame = |known: &Frame| Frame { outline: rect(&known.outline), label: rect(&known.label) };
        let line = |edge: &EdgeLine| EdgeLine {
            start: f(edge.start),
            pieces: edge.pieces.iter().map(|piece| piece.mapped(&f)).collect(),
            tip: f(edge.tip),
            label: edge.label.as_ref().map(rect),
        };
        Geometry {
            width: self.width,
            height: self.height,
            nodes: self.nodes.iter().map(rect).collect(),
            edges: self.edges.iter().map(line).collect(),
            groups: self.groups.iter().map(|group| group.map(|known| frame(&known))).collect(),
            continued: self.continued.iter().map(|(group, known)| (*group, frame(known))).collect(),
            junctions: self.junctions.iter().map(|&point| f(point)).collect(),
        }
    }

    /// The drawing with x and y exchanged: left to right becomes top to bottom.
    pub(crate) fn transposed(&self) -> Geometry {
        let mut turned = self.mapped(|Point { x, y }| Point { x: y, y: x });
        let rects = turned.nodes.iter_mut();
        let labels = turned.edges.iter_mut().filter_map(|edge| edge.label.as_mut());
        let frames = turned.groups.iter_mut().flatten().map(|frame| &mut frame.outline);
        for rect in rects.chain(labels).chain(frames) {
            std::mem::swap(&mut rect.width, &mut rect.height);
        }
        turned
    }
}
