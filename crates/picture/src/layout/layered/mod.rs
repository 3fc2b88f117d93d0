//! The layout used by all exporters: a layered drawing after Sugiyama, Tagawa and Toda (1981), in four steps.
//!
//! 1. [`ranks`]: every node gets a rank, later than those of its operands.
//! 2. [`layer_graph`]: ranks become columns, and what passes a column becomes an item in it: labels, bends, borders.
//! 3. [`order`], [`exchange`]: items are ordered so that few lines cross.
//! 4. [`align`], [`straighten`], [`coordinates`]: items get places; [`route`](crate::layout::route) draws the lines.
//!
//! All of it is loops over lists: nothing recurses, and the number of passes is bounded.

mod align;
mod coordinates;
mod crossings;
mod exchange;
mod lanes;
mod layer_graph;
mod order;
mod ranks;
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
use ranks::Ranks;

/// Layered drawing after Sugiyama.
///
/// No box lies on another, no frame around a stranger, and no line runs through a node or through digits that are not
/// its own: where a curve would come close to one, the line bends between the ranks only, where nothing stands.
///
/// O((nodes + arrows + bends) · log) for each of a bounded number of passes. An arrow has a bend in every rank that it
/// passes; more than three long arrows from one node share theirs, and where all arrows together pass more than 40,000
/// ranks, the longest run below everything else. Frames have two items in every rank that they pass; where all together
/// pass more than 40,000, the widest are not drawn, and where more than 400,000 are around all nodes together, the
/// innermost are not.
#[derive(Debug, Clone, PartialEq)]
pub struct Layered {
    /// Room between two ranks, in which lines bend.
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
        // The layout always runs from left to right; a picture that runs downwards is mirrored at its diagonal.
        let downwards = picture.direction == Direction::TopToBottom;
        let turned = if downwards { &sizes.transposed() } else { sizes };
        let (placed, _) = self.place(picture, turned);
        let drawing = route::draw(picture, turned, &placed);
        canvas::finish(picture, if downwards { drawing.transposed() } else { drawing })
    }
}

/// How much it is worth that frames, or the whole drawing, become less tall, by the tension of a line between two nodes.
const PRESSURE: f64 = 2.0;

/// Graphs with more items are ordered from one first guess only.
const MAX_COMPARED: usize = 3_000;

impl Layered {
    /// Places everything, and tells what the search for an order took.
    fn place(&self, picture: &Picture, sizes: &Sizes) -> (Placed, Effort) {
        let reading = picture.reading_order();
        let ranks = Ranks::of(picture, &reading);
        let graph = LayerGraph::of(picture, sizes, &ranks);
        let mut effort = Effort::default();
        let mut best: Option<((usize, u64), Vec<f64>)> = None;
        for (initial, rightwards) in initial_orders(picture, &graph, &reading) {
            let order = graph.ordered(&initial, rightwards, &mut effort);
            let mut ys = graph.assign_ys(&order);
            graph.straighten(&order, &mut ys, 0.0);
            let mut pressed = ys.clone();
            // What was straightened by the first is one line in the second.
            for _ in 0..2 {
                graph.straighten(&order, &mut pressed, PRESSURE);
            }
            for ys in [ys, pressed] {
                let score = (graph.crossings(&order), graph.cost(&ys, PRESSURE));
                if best.as_ref().is_none_or(|(known, _)| score < *known) {
                    best = Some((score, ys));
                }
            }
        }
        let ys = best.map(|(_, ys)| ys).unwrap_or_default();
        (coordinates::places(self.rank_gap, picture, sizes, &graph, &ranks, &ys), effort)
    }
}

/// First guesses of the order, a number for each item, and whether the first sweep runs to the right: as a formula is
/// read, with the items of an arrow beside its source or on the way to its target; each from the other side, and each
/// with sweeps both ways. Large graphs have the first guess only.
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
