//! The layered layout that all exporters use, after Sugiyama, Tagawa and Toda (1981), in four steps.
//!
//! 1. [`ranks`]: rank assignment; every node is in a later rank than its operands.
//! 2. [`layer_graph`]: ranks become columns, with dummy nodes for long edges and items for labels and frame borders;
//!    [`lanes`] and [`readable`] bound their number.
//! 3. [`order`], [`exchange`]: crossing minimisation, counted by [`crossings`].
//! 4. [`align`], [`straighten`], [`coordinates`]: coordinate assignment; [`route`](crate::layout::route) draws the edges.
//!
//! Nothing recurses, and the number of passes is bounded.

mod align;
mod coordinates;
mod crossings;
mod exchange;
mod lanes;
mod layer_graph;
mod order;
pub(crate) mod ranks;
mod readable;
mod straighten;
#[cfg(test)]
mod tests;

use crate::layout::canvas;
use crate::layout::engine::LayoutEngine;
use crate::layout::geometry::Geometry;
use crate::layout::measure::Sizes;
use crate::layout::placed::Placed;
use crate::layout::route;
use crate::model::picture::{Direction, Picture};
use layer_graph::{ItemKind, LayerGraph};
use order::Effort;
use ranks::{Ranks, Ties};

/// A layered layout after Sugiyama.
///
/// Boxes do not overlap, a frame contains the nodes of its group alone, and no edge runs through another node or label:
/// where a curve would come close to one, the edge bends between the ranks only, where there are no boxes.
///
/// O((nodes + arrows + dummy nodes) · log) for each of a bounded number of passes. A long edge has a dummy node in every
/// rank that it passes; more than three long edges from one node share theirs, and if all edges pass more than 40,000
/// ranks in total, the longest run below the drawing. A frame has two items in every rank that it passes; if all frames
/// pass more than 40,000 in total, the widest are not drawn, and if there are more than 400,000 pairs of a node and a
/// frame around it, the innermost are not.
#[derive(Debug, Clone, PartialEq)]
pub struct Layered {
    /// The gap between two ranks, in which edges bend.
    pub rank_gap: f64,
}

impl Default for Layered {
    fn default() -> Self {
        Layered { rank_gap: 40.0 }
    }
}

impl LayoutEngine for Layered {
    fn lay_out(&self, picture: &Picture, sizes: &Sizes) -> Geometry {
        let picture = picture.shallow();
        let picture = &*readable::with_drawable_frames(&picture, &picture.reading_order());
        // The layout runs from left to right; a picture that runs downwards is transposed.
        let downwards = picture.direction == Direction::TopToBottom;
        let turned = if downwards { &sizes.transposed() } else { sizes };
        let (placed, _) = self.place(picture, turned);
        let drawing = route::draw(picture, turned, &placed);
        canvas::finish(picture, if downwards { drawing.transposed() } else { drawing })
    }
}

impl Picture {
    /// The picture, running from top to bottom if it is too wide for its [`max_width`](Picture#structfield.max_width) from
    /// left to right and then fits it, no higher than it would be folded into rows.
    pub fn in_fitting_direction(self) -> Picture {
        let Some(limit) = self.max_width.map(f64::from).filter(|_| self.direction == Direction::LeftToRight)
        else {
            return self;
        };
        let drawn = |picture: &Picture| {
            let picture = picture.with_leaves_at_uses();
            Layered::default().lay_out(&picture, &Sizes::of(&picture))
        };
        let folded = drawn(&self);
        let turned = Picture { direction: Direction::TopToBottom, ..self.clone() };
        let down = drawn(&turned);
        let is_wide = || drawn(&Picture { max_width: None, ..self.clone() }).width > limit;
        let better = down.width <= limit && down.height <= folded.height;
        if better && is_wide() { turned } else { self }
    }
}

/// The weight of the height of frames and of the whole drawing, relative to that of the slope of an edge between two nodes.
const PRESSURE: f64 = 2.0;

/// Graphs with more items are ordered from one initial order only.
const MAX_COMPARED: usize = 3_000;

impl Layered {
    /// Assigns all coordinates; also returns the effort of crossing minimisation.
    fn place(&self, picture: &Picture, sizes: &Sizes) -> (Placed, Effort) {
        let reading = picture.reading_order();
        let mut effort = Effort::default();
        let mut best: Option<((usize, usize, u64), Placed)> = None;
        // Nodes stand next to their operands on a tie, unless fewer lines cross with all of them next to their consumers.
        for ties in [Ties::Early, Ties::Late] {
            let ranks = Ranks::of(picture, &reading, ties);
            let graph = LayerGraph::of(picture, sizes, &ranks);
            let (score, ys) = self.arranged(picture, &graph, &reading, &mut effort);
            if best.as_ref().is_none_or(|(known, _)| score.0 < known.0) {
                best = Some((score, coordinates::places(self.rank_gap, picture, sizes, &graph, &ranks, &ys)));
            }
            if score.0 == 0 || graph.items.len() > MAX_COMPARED {
                break;
            }
        }
        (best.map(|(_, placed)| placed).unwrap_or_default(), effort)
    }

    /// The best heights of all items: those with the fewest crossings, then with the leaves in their order, then with the
    /// straightest lines. Also returns these measures.
    fn arranged(
        &self,
        picture: &Picture,
        graph: &LayerGraph,
        reading: &[usize],
        effort: &mut Effort,
    ) -> ((usize, usize, u64), Vec<f64>) {
        let mut best: Option<((usize, usize, u64), Vec<f64>)> = None;
        for (initial, rightwards) in initial_orders(picture, graph, reading) {
            let order = graph.ordered(&initial, rightwards, effort);
            let mut ys = graph.assign_ys(&order);
            graph.straighten(&order, &mut ys, 0.0);
            let mut pressed = ys.clone();
            // The second run moves what the first aligned as one block.
            for _ in 0..2 {
                graph.straighten(&order, &mut pressed, PRESSURE);
            }
            for ys in [ys, pressed] {
                let score = (graph.crossings(&order), graph.disorder(&order), graph.cost(&ys, PRESSURE));
                if best.as_ref().is_none_or(|(known, _)| score < *known) {
                    best = Some((score, ys));
                }
            }
        }
        best.unwrap_or_default()
    }
}

/// Initial orders, as a key for each item, and whether the first sweep runs to the right: nodes in postorder, with the
/// items of an edge next to its source or half way to its target; each also reversed, and each with both directions of
/// the first sweep. Large graphs have the first one only.
fn initial_orders(picture: &Picture, graph: &LayerGraph, reading: &[usize]) -> Vec<(Vec<f64>, bool)> {
    let mut position = vec![0.0; picture.nodes.len()];
    for (at, &node) in reading.iter().enumerate() {
        position[node] = at as f64;
    }
    let mut all = Vec::new();
    for (part, side) in [(0.0, 1.0), (0.5, 1.0), (0.0, -1.0), (0.5, -1.0)] {
        let mut initial = vec![0.0; graph.items.len()];
        for (item, known) in graph.items.iter().enumerate() {
            if let ItemKind::Node(node) = known.kind {
                initial[item] = side * position[node];
            }
        }
        for (index, edge) in picture.drawn_edges() {
            for &item in &graph.chains[index] {
                initial[item] = side * (position[edge.from] * (1.0 - part) + position[edge.to] * part);
            }
        }
        if graph.items.len() > MAX_COMPARED {
            return vec![(initial, true)];
        }
        all.push((initial, true));
    }
    let leftwards: Vec<(Vec<f64>, bool)> = all.iter().map(|(initial, _)| (initial.clone(), false)).collect();
    all.extend(leftwards);
    all
}
