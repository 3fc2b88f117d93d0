//! The effort of a layout, counted in items and visits, and layouts of degenerate pictures.

use super::*;
use crate::layout::geometry::Rect;
use crate::model::picture::{Group, NodeKind, PictureEdge};
use crate::samples::{self, Sample};

fn placed(picture: &Picture) -> (Placed, Effort) {
    Layered::default().place(picture, &Sizes::of(picture))
}

/// A chain whose every seventh step uses the same leaf.
fn chain_with_a_leaf(steps: usize, every: usize) -> Picture {
    let mut draft = Sample::default();
    let mut x = draft.node(NodeKind::Input, "", "x", "");
    let w = draft.node(NodeKind::Parameter, "", "w", "");
    for step in 0..steps {
        let operands = [(x, "1", "1"), (w, "1", "1")];
        let used = if step % every == 0 { 2 } else { 1 };
        x = draft.op("×", &operands[..used]);
    }
    draft.0
}

/// A graph of single numbers: every node but the first takes two of those before it.
fn random(nodes: usize) -> Picture {
    let mut draft = Sample::default();
    let mut state = 12_345_u64;
    let mut below = |limit: usize| {
        // The constants of Knuth's MMIX.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit
    };
    draft.node(NodeKind::Input, "", "x", "");
    for node in 1..nodes {
        let operands = [below(node), below(node)];
        draft.op("×", &operands.map(|operand| (operand, "1", "1")));
    }
    draft.0
}

#[test]
fn a_chain_of_ten_thousand_nodes_is_one_straight_line() {
    let picture = chain_with_a_leaf(10_000, usize::MAX);
    let (placed, effort) = placed(&picture);
    assert_eq!(effort.sweeps, 0, "nothing crosses");
    // The first step alone uses the leaf.
    let main = placed.nodes[2..].iter().map(|node| node.y);
    assert!(main.clone().all(|y| (y - placed.nodes[0].y).abs() < 0.01));
    assert!(placed.nodes[1..].windows(2).all(|pair| pair[0].x < pair[1].x));
}

#[test]
fn a_leaf_that_a_long_chain_uses_often_has_one_line_that_branches() {
    let picture = chain_with_a_leaf(700, 7);
    let sizes = Sizes::of(&picture);
    let order = picture.reading_order();
    let graph = LayerGraph::of(&picture, &sizes, &Ranks::of(&picture, &order, Ties::Early));
    // Nodes, digits, and one bend in each column that the leaf's line passes, not a hundred.
    assert!(graph.items.len() < 702 + 2 * 800 + 1_400, "{}", graph.items.len());
    let (placed, effort) = placed(&picture);
    // The line runs straight, and turns off to each step but the first with that step's digits.
    let line = placed.bends.iter().max_by_key(|bends| bends.len()).expect("there are arrows");
    for (index, edge) in picture.drawn_edges().filter(|(_, edge)| edge.from == 1) {
        let shared = placed.bends[index].len() - 1;
        assert_eq!(placed.bends[index][..shared], line[..shared], "to {}", edge.to);
    }
    assert!(line.windows(2).all(|pair| (pair[0].y - pair[1].y).abs() < 0.01));
    assert!(effort.visits < 200 * graph.items.len(), "{effort:?}");
}

#[test]
fn two_thousand_numbers_are_placed_in_a_bounded_number_of_visits() {
    let picture = random(2_000);
    let (placed, effort) = placed(&picture);
    assert!(effort.sweeps <= 24 && effort.visits <= 14_000_000, "{effort:?}");
    for (_, edge) in picture.drawn_edges() {
        assert!(placed.nodes[edge.from].x < placed.nodes[edge.to].x);
    }
}

#[test]
fn a_picture_that_runs_in_circles_is_placed_too() {
    let mut picture = samples::two_layer_net();
    for (from, to) in [(12, 6), (8, 0), (11, 11), (9, 7)] {
        picture.edges.push(PictureEdge { from, to, ..PictureEdge::default() });
    }
    picture.nodes[3].group = Some(99);
    picture.groups.push(Group { parent: Some(2), ..Group::default() });
    let drawing = Layered::default().lay_out(&picture, &Sizes::of(&picture));
    for (at, place) in drawing.nodes.iter().enumerate() {
        assert!(drawing.nodes[at + 1..].iter().all(|other| !place.overlaps(other)));
    }
}

#[test]
fn frames_a_thousand_deep_are_drawn_around_each_other() {
    let mut draft = Sample::default();
    let x = draft.node(NodeKind::Input, "", "x", "");
    let y = draft.op("exp", &[(x, "1", "1")]);
    for depth in 0..1_000_usize {
        draft.group("", depth.checked_sub(1), &[]);
    }
    draft.0.nodes[y].group = Some(999);
    let drawing = Layered::default().lay_out(&draft.0, &Sizes::of(&draft.0));
    let frames: Vec<_> = drawing.groups.iter().flatten().map(|frame| frame.outline).collect();
    assert_eq!(frames.len(), 1_000);
    assert!(frames.windows(2).all(|pair| pair[0].contains(&pair[1])));
    assert!(!frames[0].overlaps(&drawing.nodes[x]) && frames[999].contains(&drawing.nodes[y]));
}

#[test]
fn what_a_node_runs_on_with_is_on_one_level() {
    let picture = samples::two_layer_net_shapes();
    let (placed, _) = placed(&picture);
    let main = [0, 6, 7, 8, 9, 10, 11, 12].map(|node| placed.nodes[node].y);
    assert!(main.iter().all(|y| (y - main[0]).abs() < 0.01), "{main:?}");
}

#[test]
fn equal_operands_stand_the_same_way_off_on_both_sides() {
    let (placed, _) = placed(&samples::apples_and_oranges());
    let y = |node: usize| placed.nodes[node].y;
    for (node, one, two) in [(5, 0, 1), (6, 2, 3), (7, 5, 6)] {
        assert!((f64::midpoint(y(one), y(two)) - y(node)).abs() < 0.01, "{node}");
    }
}

/// A chain whose every step also uses a number far before it.
fn chain_with_long_arrows(steps: usize) -> Picture {
    let mut draft = Sample::default();
    let mut state = 7_u64;
    draft.node(NodeKind::Input, "", "x", "");
    for step in 1..steps {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        draft.op("×", &[(step - 1, "1", "1"), ((state >> 33) as usize % step, "1", "1")]);
    }
    draft.0
}

#[test]
fn beyond_a_bound_the_longest_arrows_run_below_everything() {
    let picture = chain_with_long_arrows(500);
    let sizes = Sizes::of(&picture);
    let order = picture.reading_order();
    let graph = LayerGraph::of(&picture, &sizes, &Ranks::of(&picture, &order, Ties::Early));
    let low: Vec<usize> = (0..picture.edges.len()).filter(|&edge| graph.lanes[edge].is_some()).collect();
    assert!(!low.is_empty() && graph.items.len() < 45_000, "{} of {}", low.len(), graph.items.len());
    let drawing = Layered::default().lay_out(&picture, &sizes);
    let bottom = drawing.nodes.iter().map(|place| place.bottom()).fold(0.0, f64::max);
    for edge in low {
        let ends = [picture.edges[edge].from, picture.edges[edge].to];
        let line = drawing.edges[edge].samples();
        assert!(line.iter().any(|point| point.y > bottom));
        let above: Vec<_> = line.into_iter().filter(|point| point.y < bottom).collect();
        for (node, place) in drawing.nodes.iter().enumerate().filter(|(node, _)| !ends.contains(node)) {
            let inside = place.inflated(-1.0);
            let hit =
                above.iter().map(|p| Rect { x: p.x, y: p.y, ..Rect::default() }).any(|p| inside.contains(&p));
            assert!(!hit, "edge {edge} runs through node {node}");
        }
    }
}
