//! The rows of a folded drawing, and the ways of lines from one row to the next.

use super::stops::{LANE, TURN};
use crate::layout::geometry::{Geometry, Piece, Point, Rect};

/// Distance between two rows on the staircase.
pub(super) const APART: f64 = 240.0;

/// A line across a cut: where it leaves its row and where it enters the next one, on the staircase.
#[derive(Debug, Clone, Copy)]
pub(super) struct Crossing {
    pub(super) exit: Point,
    pub(super) entry: Point,
}

/// A row of columns.
#[derive(Debug, Clone)]
pub(super) struct FoldedRow {
    /// Left and right edges of what stands in it.
    pub(super) left: f64,
    pub(super) right: f64,
    /// How far it moves to the left, from the staircase to its place.
    pub(super) shift: f64,
    /// The upper edge of the gutter below it.
    pub(super) gutter: f64,
    /// The lines that go on in the next row, from top to bottom.
    pub(super) crossings: Vec<Crossing>,
}

/// The rows of a folded drawing, on the staircase.
#[derive(Debug, Clone)]
pub(crate) struct FoldedRows {
    pub(super) rows: Vec<FoldedRow>,
    /// What was reserved for each group in each row: group, row, rectangle.
    pub(crate) frames: Vec<(usize, usize, Rect)>,
}

impl FoldedRows {
    /// The row that a place on the staircase belongs to.
    pub(crate) fn at(&self, x: f64) -> usize {
        self.rows.partition_point(|row| row.right + APART / 2.0 < x).min(self.rows.len() - 1)
    }

    /// The drawing with all rows at the left edge, and lines that turn between them.
    pub(crate) fn stacked(&self, drawing: &Geometry) -> Geometry {
        let at_left = |p: Point| Point { x: p.x - self.rows[self.at(p.x)].shift, y: p.y };
        let mut stacked = drawing.mapped(at_left);
        for (line, known) in stacked.edges.iter_mut().zip(&drawing.edges) {
            line.pieces.clear();
            let mut from = known.start;
            for piece in &known.pieces {
                let to = piece.end();
                let rows = (self.at(from.x), self.at(to.x));
                if rows.0 == rows.1 {
                    line.pieces.push(piece.mapped(at_left));
                } else {
                    self.turn(from, to, rows, &mut line.pieces);
                }
                from = to;
            }
        }
        stacked
    }

    /// The way from the end of one row to the beginning of the next, or back.
    fn turn(&self, from: Point, to: Point, (a, b): (usize, usize), into: &mut Vec<Piece>) {
        let (high, low) = if a < b { (from, to) } else { (to, from) };
        let (upper, lower) = (&self.rows[a.min(b)], &self.rows[a.max(b)]);
        let count = upper.crossings.len();
        let off = |crossing: &Crossing| (crossing.exit.y - high.y).abs() + (crossing.entry.y - low.y).abs();
        let near = (0..count).min_by(|&a, &b| off(&upper.crossings[a]).total_cmp(&off(&upper.crossings[b])));
        let place = near.unwrap_or(0);
        let behind = LANE * (count.max(1) - 1 - place) as f64;
        // The topmost line turns outermost on the right, runs lowest in the gutter, and turns innermost on the left.
        let (right, across) = (high.x - upper.shift + TURN + behind, upper.gutter + behind);
        let left = low.x - lower.shift - TURN - LANE * place as f64;
        let corners = [
            Point { x: high.x - upper.shift, y: high.y },
            Point { x: right, y: high.y },
            Point { x: right, y: across },
            Point { x: left, y: across },
            Point { x: left, y: low.y },
            Point { x: low.x - lower.shift, y: low.y },
        ];
        let mut way = corners.to_vec();
        if a > b {
            way.reverse();
        }
        rounded(&way, into);
    }
}

/// A way along straight lines with round corners, from its first point, at which the line already is.
fn rounded(way: &[Point], into: &mut Vec<Piece>) {
    // A quarter of a circle as a cubic curve.
    const KAPPA: f64 = 0.552;
    let step = |from: Point, to: Point, by: f64| {
        let long = (to.x - from.x).hypot(to.y - from.y).max(1e-9);
        let part = (by / long).min(0.5);
        Point { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part }
    };
    for corner in way.windows(3) {
        let (before, after) = (step(corner[1], corner[0], TURN), step(corner[1], corner[2], TURN));
        let pull = |from: Point| Point {
            x: from.x + (corner[1].x - from.x) * KAPPA,
            y: from.y + (corner[1].y - from.y) * KAPPA,
        };
        into.push(Piece::Line(before));
        into.push(Piece::Curve(pull(before), pull(after), after));
    }
    into.extend(way.last().map(|&end| Piece::Line(end)));
}
