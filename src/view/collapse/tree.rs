//! The ops of a picture in a topological order in which every scope is contiguous, and the scopes as a tree.

use crate::graph::{Graph, NodeId, topological_order};
use crate::view::collapse::origin::{origin, suffix};
use chainrule_picture::MAX_FRAME_DEPTH;
use rustc_hash::FxHashMap;
use std::ops::Range;

/// No position.
const NOWHERE: u32 = u32::MAX;

/// An op, or a cluster of ops that can be one box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::view) enum Child {
    Op(NodeId),
    Cluster(usize),
}

/// ClusterKind ops are together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::view) enum ClusterKind {
    /// They were recorded in one scope.
    Scope,
    /// They are repetitions of the same structure: `times` of them, each of `each` parts.
    Fold { times: usize, each: usize },
    /// They are neighbours in a list that was too long.
    Chunk,
}

/// A group of ops that are contiguous in the order of the tree.
#[derive(Debug)]
pub(in crate::view) struct Cluster {
    pub(in crate::view) kind: ClusterKind,
    pub(in crate::view) parts: Vec<Child>,
    /// The positions of its ops.
    pub(in crate::view) range: Range<u32>,
    /// Its scope, or the scope that it is in; and the origin of its ops.
    pub(in crate::view) scope: String,
    pub(in crate::view) origin: u8,
    /// The number of the cluster among those of its scope, from 1: a scope may need several.
    pub(in crate::view) occurrence: usize,
}

/// The ops of a picture and their clusters.
#[derive(Debug)]
pub(in crate::view) struct Tree<'g> {
    pub(in crate::view) graph: &'g Graph,
    /// The ops in a topological order in which every cluster is contiguous.
    pub(in crate::view) order: Vec<NodeId>,
    /// The position of each node of the graph in `order`.
    position: Vec<u32>,
    pub(in crate::view) groups: Vec<Cluster>,
    pub(in crate::view) root: Vec<Child>,
}

/// Ops that become one cluster if they have a scope, and single parts otherwise.
type Run = (Option<(u32, u8)>, Vec<NodeId>);

impl<'g> Tree<'g> {
    /// The tree of the scopes of some nodes, given in the order of the graph, without leaves. O(n log n) for each level of
    /// scopes.
    pub(in crate::view) fn of(graph: &'g Graph, nodes: &[NodeId]) -> Self {
        let ops: Vec<NodeId> = nodes.iter().copied().filter(|&id| graph.node(id).leaf().is_none()).collect();
        let mut tree = Tree {
            graph,
            order: Vec::with_capacity(ops.len()),
            position: vec![NOWHERE; graph.len()],
            groups: Vec::new(),
            root: Vec::new(),
        };
        let mut sorter =
            Sorter { graph, paths: Paths::default(), block: vec![(0, 0); graph.len()], round: 0 };
        let mut work = vec![(None, ops, 0)];
        while let Some((owner, ops, depth)) = work.pop() {
            let mut parts = Vec::with_capacity(ops.len());
            let mut occurrence: FxHashMap<(u32, u8), usize> = FxHashMap::default();
            for (key, ops) in sorter.blocks(&ops, depth) {
                let Some(key) = key else {
                    parts.extend(ops.into_iter().map(Child::Op));
                    continue;
                };
                let count = occurrence.entry(key).or_default();
                *count += 1;
                parts.push(Child::Cluster(tree.groups.len()));
                work.push((Some(tree.groups.len()), ops, depth + 1));
                tree.groups.push(Cluster {
                    kind: ClusterKind::Scope,
                    parts: Vec::new(),
                    range: 0..0,
                    scope: sorter.paths.names[key.0 as usize].clone(),
                    origin: key.1,
                    occurrence: *count,
                });
            }
            match owner {
                Some(group) => tree.groups[group].parts = parts,
                None => tree.root = parts,
            }
        }
        tree.assign_positions();
        tree
    }

    /// Assigns positions to the ops, and to each cluster its range.
    fn assign_positions(&mut self) {
        // Each entry is a part to visit, or the end of a cluster.
        let mut stack: Vec<(Child, bool)> = self.root.iter().rev().map(|&part| (part, false)).collect();
        while let Some((part, ends)) = stack.pop() {
            let here = self.order.len() as u32;
            match part {
                Child::Op(id) => {
                    self.position[id.index()] = here;
                    self.order.push(id);
                }
                Child::Cluster(group) if ends => self.groups[group].range.end = here,
                Child::Cluster(group) => {
                    self.groups[group].range.start = here;
                    stack.push((part, true));
                    stack.extend(self.groups[group].parts.iter().rev().map(|&part| (part, false)));
                }
            }
        }
    }

    /// The ops in order.
    pub(in crate::view) fn order(&self) -> &[NodeId] {
        &self.order
    }

    /// The position of an op in the order; none for leaves and for nodes that are not drawn.
    pub(in crate::view) fn position(&self, id: NodeId) -> Option<u32> {
        Some(self.position[id.index()]).filter(|&position| position != NOWHERE)
    }

    /// The positions of a part.
    pub(in crate::view) fn range(&self, part: Child) -> Range<u32> {
        match part {
            Child::Op(id) => self.position[id.index()]..self.position[id.index()] + 1,
            Child::Cluster(group) => self.groups[group].range.clone(),
        }
    }

    /// The name by which a cluster is opened: its scope, or its first and last op.
    pub(in crate::view) fn key(&self, group: usize) -> String {
        let Cluster { kind, ref range, ref scope, origin, occurrence, .. } = self.groups[group];
        match kind {
            ClusterKind::Scope if occurrence > 1 => format!("{scope}{} ({occurrence})", suffix(origin)),
            ClusterKind::Scope => format!("{scope}{}", suffix(origin)),
            ClusterKind::Fold { .. } | ClusterKind::Chunk => self.key_of(range),
        }
    }

    /// The name by which the ops of a range are opened.
    pub(in crate::view) fn key_of(&self, range: &Range<u32>) -> String {
        let op = |position: u32| self.order[position as usize];
        format!("{} … {}", op(range.start), op(range.end - 1))
    }
}

/// The enclosing scopes of each scope, as numbers.
#[derive(Debug, Default)]
struct Paths {
    /// By the graph's index of a scope: it and its ancestors, outermost first.
    prefixes: FxHashMap<u32, Vec<u32>>,
    known: FxHashMap<String, u32>,
    names: Vec<String>,
}

impl Paths {
    fn at(&mut self, graph: &Graph, id: NodeId, depth: usize) -> Option<u32> {
        let (known, names) = (&mut self.known, &mut self.names);
        let prefixes = self.prefixes.entry(graph.scope_index(id)).or_insert_with(|| {
            let scope = graph.node(id).scope();
            let inner = prefixes(scope).take(MAX_FRAME_DEPTH - 1);
            let mut prefixes: Vec<&str> = inner.collect();
            if prefixes.last().is_some_and(|last| last.len() < scope.len()) {
                prefixes.push(scope);
            }
            let number = |path: &str| {
                *known.entry(path.to_owned()).or_insert_with(|| {
                    names.push(path.to_owned());
                    names.len() as u32 - 1
                })
            };
            prefixes.into_iter().map(number).collect()
        });
        prefixes.get(depth).copied()
    }
}

/// A scope and its ancestors, outermost first; none for the empty scope.
pub(in crate::view) fn prefixes(scope: &str) -> impl Iterator<Item = &str> {
    let ends = scope.match_indices('/').map(|(at, _)| at).chain([scope.len()]);
    ends.filter(|&end| end > 0).map(|end| &scope[..end])
}

/// Groups ops by their scope at one depth.
struct Sorter<'g> {
    graph: &'g Graph,
    paths: Paths,
    /// For each node of the graph, the round in which it was last put into a block, and the block.
    block: Vec<(u32, u32)>,
    round: u32,
}

impl Sorter<'_> {
    /// The blocks in topological order. A scope is one block; if the quotient graph is then cyclic, because a scope was
    /// entered again later, each contiguous part of the tape inside one scope is a block, which is always acyclic.
    fn blocks(&mut self, ops: &[NodeId], depth: usize) -> Vec<Run> {
        let keys: Vec<Option<(u32, u8)>> = ops
            .iter()
            .map(|&id| Some((self.paths.at(self.graph, id, depth)?, origin(self.graph, id))))
            .collect();
        if keys.iter().all(Option::is_none) {
            return vec![(None, ops.to_vec())];
        }
        let mut blocks: Vec<Run> = Vec::new();
        let mut known: FxHashMap<(u32, u8), usize> = FxHashMap::default();
        for (&id, &key) in ops.iter().zip(&keys) {
            let block = key.map(|key| *known.entry(key).or_insert(blocks.len()));
            match block.filter(|&block| block < blocks.len()) {
                Some(block) => blocks[block].1.push(id),
                None => blocks.push((key, vec![id])),
            }
        }
        match self.sorted(&blocks) {
            Some(order) => order.into_iter().map(|block| std::mem::take(&mut blocks[block])).collect(),
            None => runs(ops, &keys),
        }
    }

    /// The topological order of the blocks; among those that are ready, the one whose first op was recorded first comes
    /// next. None if there is a cycle.
    fn sorted(&mut self, blocks: &[Run]) -> Option<Vec<usize>> {
        self.round += 1;
        for (block, (_, ops)) in blocks.iter().enumerate() {
            ops.iter().for_each(|id| self.block[id.index()] = (self.round, block as u32));
        }
        let mut edges: Vec<(u32, u32)> = Vec::new();
        for (to, (_, ops)) in blocks.iter().enumerate() {
            let to = to as u32;
            for (_, input) in ops.iter().flat_map(|&id| self.graph.node(id).read_inputs()) {
                let (round, from) = self.block[input.index()];
                if round == self.round && from != to {
                    edges.push((from, to));
                }
            }
        }
        let firsts: Vec<NodeId> = blocks.iter().map(|(_, ops)| ops[0]).collect();
        topological_order(&firsts, edges)
    }
}

/// The maximal runs of neighbours with the same key.
fn runs(ops: &[NodeId], keys: &[Option<(u32, u8)>]) -> Vec<Run> {
    let mut blocks: Vec<Run> = Vec::new();
    for (&id, &key) in ops.iter().zip(keys) {
        match blocks.last_mut().filter(|last| key.is_some() && last.0 == key) {
            Some(last) => last.1.push(id),
            None => blocks.push((key, vec![id])),
        }
    }
    blocks
}
