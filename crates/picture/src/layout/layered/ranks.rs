//! Rank assignment: longest paths, then moves of single nodes that shorten the edges in total.

use super::lanes::MAX_SEPARATE;
use crate::model::picture::{NodeKind, Picture};

/// The ranks of all nodes, from 0, and which edges are reversed because they close a cycle.
pub(crate) struct Ranks {
    pub(crate) of: Vec<usize>,
    pub(crate) reversed: Vec<bool>,
}

/// Where a node goes that may stand next to its operands or next to its consumers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ties {
    /// Next to its operands.
    Early,
    /// Next to its consumers.
    Late,
}

/// The most ranks per node: if minimum lengths past frames would need more, all minimum lengths become 1, since the number
/// of ranks would be quadratic.
const MAX_RANKS_PER_NODE: usize = 4;

/// An edge without its direction: the earlier end, the later end, and its minimum length in ranks.
struct Span {
    from: usize,
    to: usize,
    min_length: usize,
}

impl Ranks {
    /// Longest-path ranks, then nodes are moved towards their consumers. `order` is a topological order, except for edges
    /// that close a cycle. O(nodes + edges) for each of a fixed number of passes, plus the sizes of all groups.
    pub(crate) fn of(picture: &Picture, order: &[usize], ties: Ties) -> Ranks {
        let mut position = vec![0; picture.nodes.len()];
        for (at, &node) in order.iter().enumerate() {
            position[node] = at;
        }
        let mut reversed = vec![false; picture.edges.len()];
        let mut spans = Vec::new();
        let min_lengths = min_lengths(picture, order);
        for (index, edge) in picture.drawn_edges() {
            reversed[index] = position[edge.from] > position[edge.to];
            let (from, to) = if reversed[index] { (edge.to, edge.from) } else { (edge.from, edge.to) };
            spans.push(Span { from, to, min_length: min_lengths[index] });
        }
        let mut into: Vec<Vec<usize>> = vec![Vec::new(); picture.nodes.len()];
        let mut out = into.clone();
        for (index, span) in spans.iter().enumerate() {
            into[span.to].push(index);
            out[span.from].push(index);
        }
        let mut of = longest_paths(order, &spans, &into);
        if of.iter().any(|&rank| rank > MAX_RANKS_PER_NODE * of.len()) {
            spans.iter_mut().for_each(|span| span.min_length = 1);
            of = longest_paths(order, &spans, &into);
        }
        let late = |node: usize| ties == Ties::Late || picture.nodes[node].backward;
        tighten(order, &spans, &into, &out, &prepared(picture, order, &spans, &into), late, &mut of);
        // Isolated nodes go to the first rank, or to the first rank of their group.
        let mut first = vec![usize::MAX; picture.groups.len()];
        let lone = |node: usize| into[node].is_empty() && out[node].is_empty();
        for node in (0..of.len()).filter(|&node| !lone(node)) {
            for group in picture.groups_around(node) {
                first[group] = first[group].min(of[node]);
            }
        }
        for node in (0..of.len()).filter(|&node| lone(node)) {
            let mut ranks = picture.groups_around(node).into_iter().map(|group| first[group]);
            of[node] = ranks.find(|&rank| rank < usize::MAX).unwrap_or(0);
        }
        Ranks { of, reversed }
    }
}

/// The least rank of each node: the length of the longest path to it.
fn longest_paths(order: &[usize], spans: &[Span], into: &[Vec<usize>]) -> Vec<usize> {
    let mut of = vec![0; order.len()];
    for &node in order {
        of[node] = into[node].iter().map(|&s| of[spans[s].from] + spans[s].min_length).max().unwrap_or(0);
    }
    of
}

/// Moves nodes to later ranks where that shortens the edges in total: a leaf moves next to its consumer, and so does a
/// subtree that is computed for one consumer alone, and what is computed of parameters and constants alone. On a tie a
/// node of the reverse pass moves too, since it was recorded there, and any other node stays next to its operands.
fn tighten(
    order: &[usize],
    spans: &[Span],
    into: &[Vec<usize>],
    out: &[Vec<usize>],
    prepared: &[bool],
    late: impl Fn(usize) -> bool,
    of: &mut [usize],
) {
    // Nodes with one consumer whose operands are all such nodes: subtrees that can move as a whole. An operand with many
    // consumers has one line to all of them, which gets no longer.
    let mut in_tree = vec![false; order.len()];
    let bundled = |node: usize| out[node].len() > MAX_SEPARATE;
    for &node in order {
        let moves = |&s: &usize| in_tree[spans[s].from] || prepared[spans[s].from] || bundled(spans[s].from);
        in_tree[node] = out[node].len() == 1 && into[node].iter().all(moves);
    }
    for &node in order.iter().rev() {
        let follows = |s: usize| in_tree[spans[s].from] || prepared[spans[s].from] || bundled(spans[s].from);
        let held = into[node].iter().filter(|&&s| !follows(s)).count();
        let latest = out[node].iter().map(|&s| of[spans[s].to] - spans[s].min_length).min();
        if let Some(latest) =
            latest.filter(|_| prepared[node] || out[node].len() + usize::from(late(node)) > held)
        {
            of[node] = latest;
        }
    }
    // Nodes with more operands than consumers go back next to their operands.
    for &node in order {
        let earliest = into[node].iter().map(|&s| of[spans[s].from] + spans[s].min_length).max();
        if let Some(earliest) = earliest.filter(|_| !prepared[node] && into[node].len() > out[node].len()) {
            of[node] = earliest;
        }
    }
    for &node in order.iter().rev() {
        let latest = out[node].iter().map(|&s| of[spans[s].to] - spans[s].min_length).min();
        if let Some(latest) = latest.filter(|_| out[node].len() > into[node].len()) {
            of[node] = latest;
        }
    }
}

/// Which nodes are computed of parameters and constants alone.
fn prepared(picture: &Picture, order: &[usize], spans: &[Span], into: &[Vec<usize>]) -> Vec<bool> {
    let mut prepared = vec![false; order.len()];
    for &node in order {
        let leaf = matches!(picture.nodes[node].kind, NodeKind::Parameter | NodeKind::Constant);
        prepared[node] = match into[node].is_empty() {
            true => leaf,
            false => into[node].iter().all(|&s| prepared[spans[s].from]),
        };
    }
    prepared
}

/// The minimum length of each edge in ranks. An edge that enters or leaves a group is as long as the longest path inside,
/// so that its other end is beside the frame and not above or below it.
fn min_lengths(picture: &Picture, order: &[usize]) -> Vec<usize> {
    let count = picture.nodes.len();
    let mut into: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut out = into.clone();
    for (index, edge) in picture.drawn_edges() {
        into[edge.to].push(index);
        out[edge.from].push(index);
    }
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); picture.groups.len()];
    for &node in order {
        for group in picture.groups_around(node) {
            members[group].push(node);
        }
    }
    let mut min_lengths = vec![1; picture.edges.len()];
    let mut depth = vec![0; count];
    let mut inside = vec![usize::MAX; count];
    for (group, members) in members.iter().enumerate() {
        for &node in members {
            inside[node] = group;
        }
        for forwards in [true, false] {
            let near = if forwards { &into } else { &out };
            let other =
                |edge: usize| if forwards { picture.edges[edge].from } else { picture.edges[edge].to };
            let mut measure = |node: usize| {
                let inner = near[node].iter().map(|&edge| other(edge)).filter(|&from| inside[from] == group);
                depth[node] = inner.map(|from| depth[from] + 1).max().unwrap_or(0);
                for &edge in near[node].iter().filter(|&&edge| inside[other(edge)] != group) {
                    min_lengths[edge] = min_lengths[edge].max(depth[node] + 1);
                }
            };
            if forwards {
                members.iter().copied().for_each(&mut measure);
            } else {
                members.iter().rev().copied().for_each(&mut measure);
            }
        }
    }
    min_lengths
}
