//! The points at which lines stop in the columns of a drawing, and the distances between turns.

use crate::layout::geometry::Point;
use crate::layout::placed::Placed;
use crate::model::picture::Picture;

/// Distance between two lines beside each other in a gutter.
pub(super) const LANE: f64 = 9.0;

/// Radius of a turn.
pub(super) const TURN: f64 = 9.0;

/// Distance between the end of a row and its nearest turn, and between a row and the gutter below or above it.
pub(super) const BESIDE: f64 = 22.0;

/// A stop of a line: its source, a bend point or its target.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stop {
    pub(super) at: Point,
    pub(super) column: usize,
}

pub(super) fn ordered(a: usize, b: usize) -> (usize, usize) {
    (a.min(b), a.max(b))
}

/// Lines of one source between the same two points are one line.
pub(super) fn line_key(from: usize, a: Point, b: Point) -> [u64; 5] {
    [from as u64, a.x.to_bits(), a.y.to_bits(), b.x.to_bits(), b.y.to_bits()]
}

pub(super) fn all_stops(picture: &Picture, placed: &Placed, at: &dyn Fn(f64) -> usize) -> Vec<Vec<Stop>> {
    let mut stops = vec![Vec::new(); picture.edges.len()];
    for (index, edge) in picture.drawn_edges() {
        let ends = [placed.nodes[edge.from], placed.nodes[edge.to]];
        let all = ends[..1].iter().chain(&placed.bends[index]).chain(&ends[1..]);
        stops[index] = all.map(|&point| Stop { at: point, column: at(point.x) }).collect();
    }
    stops
}
