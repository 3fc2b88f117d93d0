//! What depends on what: nodes marked backwards and forwards along edges, and an order of things that depend on each
//! other.
//!
//! Nodes are recorded in topological order, so every mark is made in one pass over the list, without recursion and
//! without a queue.

use super::ids::{Kind, NodeId};
use super::node::Node;
use super::storage::Graph;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

impl Graph {
    /// Marks every node that `outputs` depend on, themselves included; O(|V| + |E|).
    ///
    /// # Panics
    ///
    /// If the graph has no node of an id.
    #[track_caller]
    pub fn ancestors(&self, outputs: impl IntoIterator<Item = NodeId>) -> Vec<bool> {
        self.marked(outputs, |node| node.inputs().iter().copied())
    }

    /// Marks every node whose elements `outputs` are computed from, themselves included: as
    /// [`ancestors`](Self::ancestors), but for operands that only lend their shape.
    ///
    /// # Panics
    ///
    /// If the graph has no node of an id.
    #[track_caller]
    pub fn read_by(&self, outputs: impl IntoIterator<Item = NodeId>) -> Vec<bool> {
        self.read_by_unless(outputs, |_| false)
    }

    /// As [`read_by`](Self::read_by), where the elements of `held` nodes are known and computed from nothing.
    #[track_caller]
    pub(crate) fn read_by_unless(
        &self,
        outputs: impl IntoIterator<Item = NodeId>,
        held: impl Fn(NodeId) -> bool,
    ) -> Vec<bool> {
        self.marked(outputs, |node| {
            let inputs = (!held(node.id())).then(|| node.read_inputs());
            inputs.into_iter().flatten().map(|(_, x)| x)
        })
    }

    /// Marks `outputs` and, from the end, what `inputs` gives of each marked node.
    #[track_caller]
    fn marked<'g, I: Iterator<Item = NodeId>>(
        &'g self,
        outputs: impl IntoIterator<Item = NodeId>,
        inputs: impl Fn(Node<'g>) -> I,
    ) -> Vec<bool> {
        let mut marked = self.marks(outputs);
        // Every input comes before its node, so nothing past the last output is marked.
        let end = marked.iter().rposition(|&m| m).map_or(0, |last| last + 1);
        for node in self.nodes().take(end).rev() {
            if marked[node.id().index()] {
                inputs(node).for_each(|x| marked[x.index()] = true);
            }
        }
        marked
    }

    /// A mark for every node, set for some.
    #[track_caller]
    fn marks(&self, ids: impl IntoIterator<Item = NodeId>) -> Vec<bool> {
        let mut marks = vec![false; self.len()];
        // A loop, not a closure: the panic names the caller's line.
        for id in ids {
            self.node(id);
            marks[id.index()] = true;
        }
        marks
    }

    /// Marks every node that depends on one of `sources`, themselves included; O(|V| + |E|).
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let (x, w) = (tape.leaf("x", 3.0), tape.leaf("w", 2.0));
    /// let _loss = (x * w).square();
    /// assert_eq!(tape.graph().descendants([w.id()]), [false, true, true, true]);
    /// ```
    ///
    /// # Panics
    ///
    /// If the graph has no node of an id.
    #[track_caller]
    pub fn descendants(&self, sources: impl IntoIterator<Item = NodeId>) -> Vec<bool> {
        let mut marks = self.marks(sources);
        self.mark_descendants(&mut marks, true, 0);
        marks
    }

    /// Marks every node whose elements are computed from the elements of one of `sources`, themselves included, along
    /// ways through nodes that `passes` lets through: as [`descendants`](Self::descendants), but for operands that only
    /// lend their shape.
    ///
    /// # Panics
    ///
    /// If the graph has no node of an id.
    #[track_caller]
    pub(crate) fn reading(
        &self,
        sources: impl IntoIterator<Item = NodeId>,
        passes: impl Fn(Node<'_>) -> bool,
    ) -> Vec<bool> {
        let mut marks = self.marks(sources);
        for node in self.nodes() {
            let i = node.id().index();
            let depends = || node.read_inputs().any(|(_, x)| marks[x.index()]);
            marks[i] = marks[i] || depends() && passes(node);
        }
        marks
    }

    /// Gives `mark` to every node that depends on one that has it, among as many nodes as there are marks; none of those
    /// that have it comes before `first`.
    // Inlined, so that a comparison with a known mark is one of small numbers.
    #[inline(always)]
    pub(crate) fn mark_descendants<M: Copy + PartialEq>(&self, marks: &mut [M], mark: M, first: usize) {
        let records = &self.records()[..marks.len()];
        let marks = &mut marks[..records.len()];
        for i in first..records.len() {
            let record = &records[i];
            // No derivative goes through indices.
            if record.shape.kind() == Kind::Index {
                continue;
            }
            let depends = match self.op_record(record.op).arity {
                0 => false,
                1 | 2 => record.pair().iter().any(|x| marks[x.index()] == mark),
                _ => self.node(NodeId::new(i)).inputs().iter().any(|&x| marks[x.index()] == mark),
            };
            if depends {
                marks[i] = mark;
            }
        }
    }
}

/// An order in which each thing stands after those it depends on, given as pairs of the earlier and the later; among
/// those that could come next, the one with the smallest key, then the one listed first. `None` if there is a circle.
/// O((n + m) log (n + m)) for n things and m pairs (Kahn, 1962).
pub(crate) fn topological_order<K: Ord + Copy>(keys: &[K], mut edges: Vec<(u32, u32)>) -> Option<Vec<usize>> {
    edges.sort_unstable();
    edges.dedup();
    let mut waiting = vec![0_u32; keys.len()];
    let mut starts = vec![0_usize; keys.len() + 1];
    for &(from, to) in &edges {
        waiting[to as usize] += 1;
        starts[from as usize + 1] += 1;
    }
    for i in 0..keys.len() {
        starts[i + 1] += starts[i];
    }
    let ready = (0..keys.len()).filter(|&i| waiting[i] == 0);
    let mut ready: BinaryHeap<_> = ready.map(|i| Reverse((keys[i], i))).collect();
    let mut order = Vec::with_capacity(keys.len());
    while let Some(Reverse((_, i))) = ready.pop() {
        order.push(i);
        for &(_, next) in &edges[starts[i]..starts[i + 1]] {
            waiting[next as usize] -= 1;
            if waiting[next as usize] == 0 {
                ready.push(Reverse((keys[next as usize], next as usize)));
            }
        }
    }
    (order.len() == keys.len()).then_some(order)
}

#[cfg(test)]
mod tests {
    use super::topological_order;
    use crate::Tape;

    #[test]
    fn the_smallest_key_that_waits_for_nothing_comes_next() {
        assert_eq!(topological_order(&[3, 1, 2], vec![]), Some(vec![1, 2, 0]));
        assert_eq!(topological_order(&[3, 1, 2], vec![(0, 1), (0, 1), (2, 0)]), Some(vec![2, 0, 1]));
        assert_eq!(topological_order(&[0, 0], vec![]), Some(vec![0, 1]), "in the order of the list");
        assert_eq!(topological_order(&[1, 2, 3], vec![(0, 1), (1, 0)]), None);
    }

    #[test]
    fn descendants_are_those_of_which_one_is_an_ancestor() {
        let tape = Tape::new();
        let (x, w) = (tape.leaf("x", ndarray::arr1(&[1.0, 2.0])), tape.leaf("w", 2.0));
        let y = (x * w).tanh();
        let stretched = w.broadcast_like(y);
        let _sum = tape.stack(&[y, stretched, y], 0).sum();
        let graph = tape.graph();
        for source in graph.ids() {
            let found = graph.descendants([source]);
            for id in graph.ids() {
                assert_eq!(found[id.index()], graph.ancestors([id])[source.index()], "{source} to {id}");
            }
            let read = graph.reading([source], |_| true);
            for id in graph.ids() {
                assert_eq!(read[id.index()], graph.read_by([id])[source.index()], "{source} to {id}");
            }
        }
        let stopped = graph.reading([x.id()], |node| node.op().name != "tanh");
        assert!(!stopped[y.id().index()] && stopped[x.id().index()]);
    }
}
