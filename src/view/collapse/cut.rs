//! Long lists without repetitions are split into chunks where few values cross.

use crate::view::collapse::tree::{Child, Cluster, ClusterKind, Tree};

/// Lists of more parts than this are split.
const MAX_PARTS: usize = 100;
/// The number of chunks.
const CHUNKS: usize = 20;

/// How many values of ops cross each boundary between neighbours, computed before it and read after it (the cut width).
/// O(|V| + |E|).
pub(in crate::view) fn crossings(tree: &Tree<'_>) -> Vec<u32> {
    let mut last: Vec<u32> = (0..tree.order.len() as u32).collect();
    for (position, &id) in tree.order.iter().enumerate() {
        for (_, input) in tree.graph.node(id).read_inputs() {
            if let Some(source) = tree.position(input) {
                last[source as usize] = position as u32;
            }
        }
    }
    let mut changes = vec![0_i64; tree.order.len() + 2];
    for (position, &last) in last.iter().enumerate() {
        changes[position + 1] += 1;
        changes[last as usize + 1] -= 1;
    }
    let mut crossing = 0;
    let count = |change: i64| {
        crossing += change;
        crossing as u32
    };
    changes.into_iter().map(count).collect()
}

/// Splits a list of parts that is too long into chunks, and these again as long as they are too long.
pub(in crate::view) fn cut(
    tree: &mut Tree<'_>,
    parts: Vec<Child>,
    crossings: &[u32],
    scope: &str,
    origin: impl Fn(&Tree<'_>, u32) -> u8,
) -> Vec<Child> {
    let mut outer = Vec::new();
    let mut work: Vec<(Option<usize>, Vec<Child>)> = vec![(None, parts)];
    while let Some((owner, parts)) = work.pop() {
        let parts = match parts.len() {
            0..=MAX_PARTS => parts,
            _ => {
                let mut chunks = Vec::with_capacity(CHUNKS);
                for chunk in chunks_of(tree, &parts, crossings) {
                    if let [part] = chunk {
                        chunks.push(*part);
                        continue;
                    }
                    let (first, last) = (tree.range(chunk[0]), tree.range(chunk[chunk.len() - 1]));
                    let group = Cluster {
                        kind: ClusterKind::Chunk,
                        parts: Vec::new(),
                        range: first.start..last.end,
                        scope: scope.to_owned(),
                        origin: origin(tree, first.start),
                        occurrence: 1,
                    };
                    chunks.push(Child::Cluster(tree.groups.len()));
                    work.push((Some(tree.groups.len()), chunk.to_vec()));
                    tree.groups.push(group);
                }
                chunks
            }
        };
        match owner {
            Some(group) => tree.groups[group].parts = parts,
            None => outer = parts,
        }
    }
    outer
}

/// Chunks of about equal length; each boundary is moved by up to a third of that to where the fewest values cross.
fn chunks_of<'p>(tree: &Tree<'_>, parts: &'p [Child], crossings: &[u32]) -> Vec<&'p [Child]> {
    let length = parts.len().div_ceil(CHUNKS);
    let mut chunks = Vec::with_capacity(CHUNKS);
    let mut from = 0;
    for piece in 1..CHUNKS {
        let ideal = piece * parts.len() / CHUNKS;
        let (low, high) = (ideal.saturating_sub(length / 3).max(from + 1), ideal + length / 3);
        let cost = |&at: &usize| (crossings[tree.range(parts[at]).start as usize], at.abs_diff(ideal), at);
        if let Some(at) = (low..=high.min(parts.len() - 1)).min_by_key(cost) {
            chunks.push(&parts[from..at]);
            from = at;
        }
    }
    chunks.push(&parts[from..]);
    chunks
}
