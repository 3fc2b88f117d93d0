//! Whether two runs of ops have the same structure.

use crate::graph::{Leaf, NodeId, OpRecord};
use crate::view::collapse::origin::origin;
use crate::view::collapse::tree::Tree;
use rustc_hash::FxHashMap;

/// Labels of the ops of a tree, and structural comparison of runs of ops.
pub(in crate::view) struct RunComparison<'t> {
    tree: &'t Tree<'t>,
    /// By position: equal exactly for ops of equal name and attributes, result shape and origin.
    pub(in crate::view) labels: Vec<u32>,
    /// Pairs of values from outside; a buffer that calls reuse.
    outside: Vec<(NodeId, NodeId)>,
}

impl<'t> RunComparison<'t> {
    pub(in crate::view) fn of(tree: &'t Tree<'t>) -> Self {
        let graph = tree.graph;
        let mut ops: FxHashMap<&OpRecord, u32> = FxHashMap::default();
        let records = graph.op_records().iter();
        let canonical: Vec<u32> = records
            .map(|record| {
                let next = ops.len() as u32;
                *ops.entry(record).or_insert(next)
            })
            .collect();
        let mut known: FxHashMap<(u32, u32, u8), u32> = FxHashMap::default();
        let label = |&id: &NodeId| {
            let record = graph.record(id);
            let next = known.len() as u32;
            let op = canonical[record.op.0 as usize];
            *known.entry((op, record.shape.0, origin(graph, id))).or_insert(next)
        };
        let labels = tree.order.iter().map(label).collect();
        Self { tree, labels, outside: Vec::new() }
    }

    /// Whether the runs of `length` ops from `a` and `b` on are isomorphic: the same ops with the same attributes and
    /// shapes, the same edges among them, equal constants, and values from outside at the same operands. O(n log n).
    pub(in crate::view) fn same(&mut self, a: u32, b: u32, length: u32) -> bool {
        let tree = self.tree;
        self.outside.clear();
        for i in 0..length {
            let (p, q) = (a + i, b + i);
            if self.labels[p as usize] != self.labels[q as usize] {
                return false;
            }
            let inputs = |position: u32| tree.graph.node(tree.order[position as usize]).inputs();
            for (&x, &y) in inputs(p).iter().zip(inputs(q)) {
                let inside = |id: NodeId, start: u32| tree.position(id).and_then(|at| at.checked_sub(start));
                match (inside(x, a), inside(y, b)) {
                    (Some(x), Some(y)) if x == y => {}
                    (None, None) if self.comes_in_alike(x, y) => self.outside.push((x, y)),
                    _ => return false,
                }
            }
        }
        one_to_one(&mut self.outside)
    }

    /// Whether two values from outside are interchangeable: the same shape, both parameters or neither, both indices or
    /// neither, and if they are constants, equal ones.
    fn comes_in_alike(&self, x: NodeId, y: NodeId) -> bool {
        if x == y {
            return true;
        }
        let [x, y] = [x, y].map(|id| self.tree.graph.node(id));
        let is = |leaf: Leaf| [x, y].map(|node| node.leaf() == Some(leaf));
        let alike = |leaf: Leaf| is(leaf)[0] == is(leaf)[1];
        let numbers =
            |array: Option<&[f64]>| array.map(|a| a.iter().map(|x| x.to_bits()).collect::<Vec<_>>());
        x.shape() == y.shape()
            && alike(Leaf::Parameter)
            && alike(Leaf::Index)
            && alike(Leaf::Constant)
            && (is(Leaf::Constant) != [true; 2] || numbers(x.constant()) == numbers(y.constant()))
    }

    /// Whether the sources of values advance by a constant stride over three consecutive runs, the last of which is `this`:
    /// each operand comes from the same op each time, or from ops at equal distances. O(n).
    pub(in crate::view) fn regular(&self, this: u32, length: u32) -> bool {
        let tree = self.tree;
        (this..this + length).all(|position| {
            let inputs =
                |back: u32| tree.graph.node(tree.order[(position - back * length) as usize]).inputs();
            let triples = inputs(0).iter().zip(inputs(1)).zip(inputs(2));
            triples.into_iter().all(|((&x, &y), &z)| match [x, y, z].map(|id| tree.position(id)) {
                [Some(x), Some(y), Some(z)] => i64::from(x) - i64::from(y) == i64::from(y) - i64::from(z),
                places => places == [None; 3],
            })
        })
    }
}

/// Whether the pairs are a one-to-one relation.
fn one_to_one(pairs: &mut [(NodeId, NodeId)]) -> bool {
    pairs.sort_unstable();
    let forwards = pairs.windows(2).all(|w| w[0].0 != w[1].0 || w[0].1 == w[1].1);
    pairs.sort_unstable_by_key(|&(a, b)| (b, a));
    forwards && pairs.windows(2).all(|w| w[0].1 != w[1].1 || w[0].0 == w[1].0)
}
