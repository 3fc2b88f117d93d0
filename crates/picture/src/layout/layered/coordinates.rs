//! The x coordinates of the columns, and the resulting input of edge routing.

use super::layer_graph::{ItemKind, LayerGraph};
use super::ranks::Ranks;
use crate::layout::frames::frame_width;
use crate::layout::geometry::{Point, Rect};
use crate::layout::measure::Sizes;
use crate::layout::placed::Placed;
use crate::model::picture::{Direction, Picture};

/// Margin between a frame and the column inside it, and between a frame and its neighbour.
const SIDE: f64 = 12.0;
/// Space above the first lane, and between two lanes.
const BELOW: f64 = 30.0;
const APART: f64 = 8.0;

/// All coordinates, from the y coordinates of the items and the gap between two ranks.
pub(crate) fn places(
    rank_gap: f64,
    picture: &Picture,
    sizes: &Sizes,
    graph: &LayerGraph,
    ranks: &Ranks,
    ys: &[f64],
) -> Placed {
    let mut widths = vec![0.0_f64; graph.columns];
    for item in &graph.items {
        let width = match item.kind {
            ItemKind::Node(node) => sizes.nodes[node].all.width,
            ItemKind::Label(edge) => sizes.labels[edge].map_or(0.0, |size| size.width),
            _ => 0.0,
        };
        widths[item.column] = widths[item.column].max(width);
    }
    let (opening, closing) = nesting(graph);
    let mut opened = vec![0; graph.columns];
    let mut closed = opened.clone();
    for (group, range) in graph.ranges.iter().enumerate() {
        if let &Some((first, last)) = range {
            opened[first] = opened[first].max(opening[group]);
            closed[last] = closed[last].max(closing[group]);
        }
    }
    if picture.direction == Direction::LeftToRight {
        // A frame is at least as wide as its label.
        for (group, range) in graph.ranges.iter().enumerate() {
            let Some((first, last)) = *range else { continue };
            let gaps =
                rank_gap / 2.0 * (last - first) as f64 + SIDE * (opening[group] + closing[group]) as f64;
            let lacks =
                frame_width(&picture.groups[group].label) - widths[first..=last].iter().sum::<f64>() - gaps;
            if lacks > 0.0 {
                widths[first] += lacks / 2.0;
                widths[last] += lacks / 2.0;
            }
        }
    }
    let mut middles = Vec::with_capacity(graph.columns);
    let mut edge = 0.0;
    for column in 0..graph.columns {
        if column > 0 {
            let ranked = graph.ranked[column] && graph.ranked[column - 1];
            let frames = closed[column - 1] + opened[column];
            edge += if ranked { rank_gap } else { rank_gap / 2.0 } + SIDE * frames as f64;
        }
        middles.push(edge + widths[column] / 2.0);
        edge += widths[column];
    }
    let lower = graph.items.iter().zip(ys).map(|(item, y)| y + item.height / 2.0);
    let bottom = lower.fold(f64::MIN, f64::max);
    let point = |item: usize| Point { x: middles[graph.items[item].column], y: ys[item] };
    let mut placed = Placed {
        nodes: (0..picture.nodes.len()).map(point).collect(),
        labels: vec![None; picture.edges.len()],
        bends: vec![Vec::new(); picture.edges.len()],
        groups: vec![None; picture.groups.len()],
    };
    for (index, _) in picture.drawn_edges() {
        let chain = &graph.chains[index];
        placed.bends[index] = chain.iter().map(|&item| point(item)).collect();
        if let (Some(lane), &[first, last]) = (graph.lanes[index], &chain[..]) {
            let y = bottom + BELOW + APART * lane as f64;
            let columns = [graph.items[first].column + 1, graph.items[last].column - 1];
            let low = columns.map(|column| Point { x: middles[column], y });
            placed.bends[index].splice(1..1, low);
        }
        if ranks.reversed[index] {
            placed.bends[index].reverse();
        }
    }
    for (item, known) in graph.items.iter().enumerate() {
        match known.kind {
            ItemKind::Label(edge) => placed.labels[edge] = Some(point(item)),
            ItemKind::Top(group) | ItemKind::Bottom(group) => {
                let Some((first, last)) = graph.ranges[group] else {
                    continue;
                };
                let left = middles[first] - widths[first] / 2.0 - SIDE * opening[group] as f64;
                let right = middles[last] + widths[last] / 2.0 + SIDE * closing[group] as f64;
                let at = Rect { x: left, y: ys[item], width: right - left, height: 0.0 };
                placed.groups[group] = Some(placed.groups[group].map_or(at, |known| known.union(&at)));
            }
            _ => {}
        }
    }
    placed
}

/// For each group, how many nested frames begin at its first column, and how many end at its last one, itself included.
fn nesting(graph: &LayerGraph) -> (Vec<usize>, Vec<usize>) {
    let count = graph.ranges.len();
    let (mut opening, mut closing) = (vec![1; count], vec![1; count]);
    for group in (0..count).rev() {
        let (Some(own), Some(parent)) = (graph.ranges[group], graph.parents[group]) else {
            continue;
        };
        let Some(outer) = graph.ranges[parent] else {
            continue;
        };
        if own.0 == outer.0 {
            opening[parent] = opening[parent].max(opening[group] + 1);
        }
        if own.1 == outer.1 {
            closing[parent] = closing[parent].max(closing[group] + 1);
        }
    }
    (opening, closing)
}
