//! Which rank each node stands at: as late as the nodes that use it allow, and no later than that makes arrows short.

use crate::model::picture::Picture;

/// The ranks of all nodes, counted from 0, and which arrows run against them because they close a cycle.
pub(crate) struct Ranks {
    pub(crate) of: Vec<usize>,
    pub(crate) reversed: Vec<bool>,
}

/// Ranks for each node, at most: where the ways past frames would take more, arrows span one rank each, since the ranks
/// would grow with the square of the picture.
const MAX_RANKS_PER_NODE: usize = 4;

/// An arrow between two ranks: the earlier end, the later end, and how many ranks it spans at least.
struct Span {
    from: usize,
    to: usize,
    min_length: usize,
}

impl Ranks {
    /// Longest paths, then what hangs on nodes of later ranks is drawn towards them. O(nodes + arrows) in each of a
    /// fixed number of passes, plus the sizes of all groups.
    pub(crate) fn of(picture: &Picture, order: &[usize]) -> Ranks {
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
        tighten(order, &spans, &into, &out, &mut of);
        // What has no arrows stands in the first rank, or in that of its group.
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

/// The least rank of each node, by the longest way to it.
fn longest_paths(order: &[usize], spans: &[Span], into: &[Vec<usize>]) -> Vec<usize> {
    let mut of = vec![0; order.len()];
    for &node in order {
        of[node] = into[node].iter().map(|&s| of[spans[s].from] + spans[s].min_length).max().unwrap_or(0);
    }
    of
}

/// Moves nodes towards later ranks where that makes no arrow longer in sum: a leaf stands near its use, and so does all
/// that is computed for one use alone.
fn tighten(order: &[usize], spans: &[Span], into: &[Vec<usize>], out: &[Vec<usize>], of: &mut [usize]) {
    // What hangs on its only consumer, with all it is computed from.
    let mut in_tree = vec![false; order.len()];
    for &node in order {
        in_tree[node] = out[node].len() == 1 && into[node].iter().all(|&s| in_tree[spans[s].from]);
    }
    for &node in order.iter().rev() {
        let held = into[node].iter().filter(|&&s| !in_tree[spans[s].from]).count();
        let latest = out[node].iter().map(|&s| of[spans[s].to] - spans[s].min_length).min();
        if let Some(latest) = latest.filter(|_| out[node].len() >= held) {
            of[node] = latest;
        }
    }
    // What does not gain by being late goes back to what it is computed from.
    for &node in order {
        let earliest = into[node].iter().map(|&s| of[spans[s].from] + spans[s].min_length).max();
        if let Some(earliest) = earliest.filter(|_| into[node].len() > out[node].len()) {
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

/// How many ranks each edge spans at least. An edge that enters or leaves a group is as long as the way inside, so
/// that the other end stands beside the frame and not above or below it.
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
