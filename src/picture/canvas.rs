//! The last steps of a layout: frames around groups, the canvas around everything, coordinates rounded.

use super::layout::{Drawing, EdgeLine, Frame, Piece, Point, Rect};
use super::measure::{NodeSize, Size, Sizes};
use super::model::{Group, Picture};
use super::route::Placed;
use super::text;
use rustc_hash::FxHashMap;

/// Room between the drawing and the edge of the canvas.
const MARGIN: f64 = 16.0;
/// Room above the drawing for a title.
const TITLE: f64 = 26.0;
/// Room that a title may ask for beyond the drawing's own width; a longer one is cut.
const WIDEST_TITLE: f64 = 720.0;
/// How much wider bold letters are.
const BOLD: f64 = 1.08;
/// Font size of a title.
pub(super) const TITLE_SIZE: f64 = 16.0;
/// Room between a frame and what it holds.
const FRAME: f64 = 10.0;
/// The most that the layout may add to it, for lines that pass inside.
const LOOSE: f64 = 26.0;
/// Width and height of the cells in which lines are looked for that pass a label.
const CELL: (f64, f64) = (160.0, 48.0);
/// Points along one piece of a line, at most.
const CLOSEST: usize = 1_000;
/// Height of a frame's label, which sits on the upper line of the frame.
const LABEL_HEIGHT: f64 = 18.0;
/// Font size of a frame's label.
pub(super) const LABEL_SIZE: f64 = 12.0;

/// The frames of the groups: as the layout gave them, but not much larger than what they hold, and never smaller.
pub(super) fn frames(
    picture: &Picture,
    placed: &Placed,
    boxes: &[Rect],
    labels: &[Option<Rect>],
) -> Vec<Option<Frame>> {
    let mut held: Vec<Option<Rect>> = vec![None; placed.groups.len()];
    let hold = |held: &mut Option<Rect>, inner: Rect| {
        *held = Some(held.map_or(inner, |held| held.union(&inner)));
    };
    for (node, inner) in boxes.iter().enumerate() {
        if let Some(group) = picture.group_of(node) {
            hold(&mut held[group], *inner);
        }
    }
    // The digits of a line that comes or goes may stand inside too.
    for (index, edge) in picture.drawn_edges() {
        let Some(label) = labels[index] else {
            continue;
        };
        for group in [edge.from, edge.to].into_iter().flat_map(|end| picture.groups_around(end)) {
            let middle = Rect::around(label.centre(), 0.0, 0.0);
            if placed.groups[group].is_some_and(|given| given.contains(&middle)) {
                hold(&mut held[group], label);
            }
        }
    }
    let mut frames: Vec<Option<Rect>> = vec![None; placed.groups.len()];
    for group in (0..frames.len()).rev() {
        let (Some(given), Some(inner)) = (placed.groups[group], held[group]) else {
            continue;
        };
        let frame = given.common(&inner.grown(LOOSE)).union(&inner.grown(FRAME));
        frames[group] = Some(frame);
        if let Some(parent) = picture.groups[group].parent.filter(|&parent| parent < group) {
            hold(&mut held[parent], frame);
        }
    }
    frames
        .into_iter()
        .map(|outline| outline.map(|outline| Frame { outline, label: Rect::default() }))
        .collect()
}

/// Width of the plate of a frame's label.
fn label_width(label: &str) -> f64 {
    if label.is_empty() { 0.0 } else { text::width(label, LABEL_SIZE) + 14.0 }
}

/// How wide a frame has to be to show its label whole; of a long label, its beginning.
pub(super) fn frame_width(label: &str) -> f64 {
    const LONGEST: f64 = 160.0;
    label_width(label).min(LONGEST) + 20.0
}

/// Puts the label of each frame on its upper line: at the left, or further right where no line passes.
/// O(groups + points along all lines · places that share a cell).
fn place_labels(picture: &Picture, drawing: &mut Drawing) {
    if picture.groups.is_empty() {
        return;
    }
    let places: Vec<[Rect; 5]> = (picture.groups.iter().zip(&drawing.groups))
        .map(|(group, frame)| frame.map_or_else(Default::default, |frame| places(group, &frame.outline)))
        .collect();
    // The places that lie in each cell of a grid, so that every point of a line is held against few of them.
    let cell = |x: f64, y: f64| ((x / CELL.0).floor() as i64, (y / CELL.1).floor() as i64);
    let mut cells: FxHashMap<(i64, i64), Vec<(usize, usize)>> = FxHashMap::default();
    for (group, places) in places.iter().enumerate() {
        for (at, place) in places.iter().map(|place| place.grown(3.0)).enumerate() {
            let (first, last) = (cell(place.x, place.y), cell(place.right(), place.bottom()));
            for column in first.0..=last.0 {
                for row in first.1..=last.1 {
                    cells.entry((column, row)).or_default().push((group, at));
                }
            }
        }
    }
    let mut free = vec![[true; 5]; places.len()];
    for point in drawing.edges.iter().flat_map(EdgeLine::samples) {
        for &(group, at) in cells.get(&cell(point.x, point.y)).into_iter().flatten() {
            let place = places[group][at].grown(3.0);
            free[group][at] &= !place.contains(&Rect { x: point.x, y: point.y, width: 0.0, height: 0.0 });
        }
    }
    for ((places, free), frame) in places.iter().zip(free).zip(&mut drawing.groups) {
        if let Some(frame) = frame {
            frame.label = places[free.iter().position(|&free| free).unwrap_or(0)];
        }
    }
}

/// Where the label of a frame may stand, the best place first.
fn places(group: &Group, outline: &Rect) -> [Rect; 5] {
    let width = label_width(&group.label).min((outline.width - 16.0).max(24.0));
    let at = |x: f64| Rect { x, y: outline.y - LABEL_HEIGHT / 2.0, width, height: LABEL_HEIGHT };
    let (left, right) = (outline.x + 10.0, outline.right() - 10.0 - width);
    [left, right, (left + right) / 2.0, left * 0.75 + right * 0.25, left * 0.25 + right * 0.75].map(at)
}

/// A title, cut to the width of its canvas.
pub(super) fn heading(title: &str, width: f64) -> String {
    text::fitted(title, TITLE_SIZE, (width - 2.0 * MARGIN) / BOLD)
}

/// Moves a drawing to the upper left of a canvas that holds all of it, and rounds every coordinate to 0.1.
pub(super) fn finish(picture: &Picture, mut drawing: Drawing) -> Drawing {
    place_labels(picture, &mut drawing);
    let labels = drawing.edges.iter().filter_map(|edge| edge.label);
    let frames = drawing.groups.iter().flatten().map(|frame| frame.outline.union(&frame.label));
    let lines = drawing.edges.iter().filter_map(EdgeLine::bounds);
    let all = drawing.nodes.iter().copied().chain(labels).chain(frames).chain(lines);
    let bounds = all.reduce(|a, b| a.union(&b)).unwrap_or_default();
    let top = if picture.title.is_empty() { MARGIN } else { MARGIN + TITLE };
    let titled = (text::width(&picture.title, TITLE_SIZE) * BOLD).min(WIDEST_TITLE) + 2.0 * MARGIN;
    let mut moved = drawing.mapped(|p| Point { x: p.x - bounds.x + MARGIN, y: p.y - bounds.y + top });
    moved.width = (bounds.width + 2.0 * MARGIN).max(titled).ceil();
    moved.height = (bounds.height + MARGIN + top).ceil();
    moved.mapped(|p| Point { x: round(p.x), y: round(p.y) })
}

impl EdgeLine {
    /// Points along the line, close together.
    pub(super) fn samples(&self) -> Vec<Point> {
        self.points(close)
    }

    /// The same, but only the ends of pieces that are level.
    pub(super) fn rises(&self) -> Vec<Point> {
        self.points(|from, piece| match piece {
            Piece::Line(end) if (end.y - from.y).abs() < 0.05 => 1,
            _ => close(from, piece),
        })
    }

    /// The box around the line; none where there is no line.
    fn bounds(&self) -> Option<Rect> {
        let points = self.points(|_, piece| if matches!(piece, Piece::Line(_)) { 1 } else { 32 });
        let points = points.iter().map(|p| Rect { x: p.x, y: p.y, width: 0.0, height: 0.0 });
        points.reduce(|a, b| a.union(&b))
    }

    /// Points along the line, on each piece as many as are said of where it begins and of itself.
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

/// How many points of a piece stand close together; of a very long one, no more than a bounded number.
fn close(from: Point, piece: &Piece) -> usize {
    let end = piece.end();
    let count = (((end.x - from.x).abs() + (end.y - from.y).abs()) / 4.0).ceil().max(1.0) as usize;
    count.min(CLOSEST)
}

/// To a multiple of 0.1, and without a negative zero.
fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0 + 0.0
}

impl Drawing {
    /// The drawing with every point moved. Boxes keep their extent, rounded like the points.
    fn mapped(&self, f: impl Fn(Point) -> Point) -> Drawing {
        let rect = |r: &Rect| {
            let Point { x, y } = f(Point { x: r.x, y: r.y });
            Rect { x, y, width: round(r.width), height: round(r.height) }
        };
        let line = |edge: &EdgeLine| EdgeLine {
            start: f(edge.start),
            pieces: edge
                .pieces
                .iter()
                .map(|piece| match *piece {
                    Piece::Line(end) => Piece::Line(f(end)),
                    Piece::Curve(first, second, end) => Piece::Curve(f(first), f(second), f(end)),
                })
                .collect(),
            tip: f(edge.tip),
            label: edge.label.as_ref().map(rect),
        };
        Drawing {
            width: self.width,
            height: self.height,
            nodes: self.nodes.iter().map(rect).collect(),
            edges: self.edges.iter().map(line).collect(),
            groups: self
                .groups
                .iter()
                .map(|group| group.map(|f| Frame { outline: rect(&f.outline), label: rect(&f.label) }))
                .collect(),
        }
    }

    /// The drawing mirrored at its diagonal: what ran to the right runs down.
    pub(super) fn transposed(&self) -> Drawing {
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

impl Sizes {
    /// The sizes seen from the side.
    pub(super) fn transposed(&self) -> Sizes {
        let turn = |size: Size| Size { width: size.height, height: size.width };
        Sizes {
            nodes: self
                .nodes
                .iter()
                .map(|node| NodeSize { body: turn(node.body), all: turn(node.all), round: node.round })
                .collect(),
            labels: self.labels.iter().map(|label| label.map(turn)).collect(),
        }
    }
}
