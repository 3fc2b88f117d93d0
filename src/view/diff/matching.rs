//! Matching the nodes of two graphs.

use crate::graph::{Graph, Leaf, Node, NodeId, OpRecord};
use crate::view::collapse::origin::origin;
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

/// A matching of the nodes of two graphs: each node is in at most one pair.
#[derive(Debug)]
pub(in crate::view) struct Matching {
    after: Vec<Option<NodeId>>,
    before: Vec<Option<NodeId>>,
}

/// A matching under construction.
struct Matcher<'a> {
    a: &'a Graph,
    b: &'a Graph,
    matching: Matching,
    /// Pairs whose neighbours have not been visited yet.
    queue: VecDeque<(NodeId, NodeId)>,
}

impl Matching {
    pub(in crate::view) fn of(a: &Graph, b: &Graph) -> Self {
        let matching = Self { after: vec![None; a.len()], before: vec![None; b.len()] };
        let mut matcher = Matcher { a, b, matching, queue: VecDeque::new() };
        matcher.match_by_name();
        matcher.match_by_structure();
        matcher.match_sinks();
        matcher.propagate();
        matcher.match_remaining();
        matcher.matching
    }

    pub(in crate::view) fn after_of(&self, before: NodeId) -> Option<NodeId> {
        self.after[before.index()]
    }

    pub(in crate::view) fn before_of(&self, after: NodeId) -> Option<NodeId> {
        self.before[after.index()]
    }
}

/// Whether two nodes may be matched: the same op and origin. Attributes and shapes may differ.
fn alike(x: Node<'_>, y: Node<'_>) -> bool {
    let origin_of = |node: Node<'_>| origin(node.graph(), node.id());
    x.op().name == y.op().name && x.inputs().len() == y.inputs().len() && origin_of(x) == origin_of(y)
}

/// The key of a value number.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Structure<'a> {
    Named(&'a str),
    Constant(&'a [usize], Vec<u64>),
    Leaf(Option<Leaf>, &'a [usize]),
    Op(&'a OpRecord, u8, Vec<u32>),
}

impl<'a> Matcher<'a> {
    fn pair(&mut self, x: NodeId, y: NodeId) {
        self.matching.after[x.index()] = Some(y);
        self.matching.before[y.index()] = Some(x);
        self.queue.push_back((x, y));
    }

    fn is_free(&self, x: NodeId, y: NodeId) -> bool {
        self.matching.after[x.index()].is_none() && self.matching.before[y.index()].is_none()
    }

    /// Pairs nodes of equal keys in order, if `wanted` accepts their counts in both graphs.
    fn in_order<K: Eq + std::hash::Hash>(
        &mut self,
        xs: impl Iterator<Item = (K, NodeId)>,
        ys: impl Iterator<Item = (K, NodeId)>,
        wanted: impl Fn(usize, usize) -> bool,
    ) {
        let mut keys: FxHashMap<K, usize> = FxHashMap::default();
        let mut lists: Vec<(Vec<NodeId>, Vec<NodeId>)> = Vec::new();
        let mut place = |key: K, lists: &mut Vec<(Vec<NodeId>, Vec<NodeId>)>| {
            let next = lists.len();
            let place = *keys.entry(key).or_insert(next);
            if place == next {
                lists.push(Default::default());
            }
            place
        };
        for (key, x) in xs.filter(|&(_, x)| self.matching.after[x.index()].is_none()) {
            let place = place(key, &mut lists);
            lists[place].0.push(x);
        }
        for (key, y) in ys.filter(|&(_, y)| self.matching.before[y.index()].is_none()) {
            let place = place(key, &mut lists);
            lists[place].1.push(y);
        }
        for (xs, ys) in lists {
            if wanted(xs.len(), ys.len()) {
                xs.into_iter().zip(ys).for_each(|(x, y)| self.pair(x, y));
            }
        }
    }

    fn match_by_name(&mut self) {
        let named = |graph: &'a Graph| {
            let leaves = graph.nodes().filter(|node| node.leaf().is_some());
            leaves.filter_map(|node| Some((node.name()?, node.id())))
        };
        self.in_order(named(self.a), named(self.b), |_, _| true);
    }

    /// Nodes with equal value numbers, first those of equal scope and name.
    fn match_by_structure(&mut self) {
        let mut known: FxHashMap<Structure<'a>, u32> = FxHashMap::default();
        let [a, b] = [self.a, self.b].map(|graph| value_numbers(graph, &mut known));
        let exact = |graph: &'a Graph, numbers: Vec<u32>| {
            graph.nodes().zip(numbers).map(|(node, number)| ((number, node.scope(), node.name()), node.id()))
        };
        self.in_order(exact(self.a, a.clone()), exact(self.b, b.clone()), |_, _| true);
        self.in_order(a.into_iter().zip(self.a.ids()), b.into_iter().zip(self.b.ids()), |_, _| true);
    }

    /// The nodes without consumers, by op, from the last one on.
    fn match_sinks(&mut self) {
        let ends = |graph: &'a Graph| {
            let ends = graph.nodes().rev().filter(|node| graph.consumers(node.id()).is_empty());
            ends.map(|node| {
                let origin = origin(graph, node.id());
                ((node.op().name.as_str(), node.inputs().len(), origin), node.id())
            })
        };
        self.in_order(ends(self.a), ends(self.b), |_, _| true);
    }

    /// Matches operands and consumers of matched nodes until there are no new pairs.
    fn propagate(&mut self) {
        // Last in, first out: the last pairs are nearest to the outputs, and operands have unique positions.
        while let Some((x, y)) = self.queue.pop_back() {
            let (inputs, others) = (self.a.node(x).inputs(), self.b.node(y).inputs());
            for (&x, &y) in inputs.iter().zip(others) {
                if self.is_free(x, y) && alike(self.a.node(x), self.b.node(y)) {
                    self.pair(x, y);
                }
            }
            let consumers = |graph: &'a Graph, id: NodeId| {
                graph.consumers(id).iter().map(move |edge| {
                    let node = graph.node(edge.target);
                    let origin = origin(graph, edge.target);
                    (
                        (node.op().name.as_str(), edge.operand, node.inputs().len(), node.scope(), origin),
                        edge.target,
                    )
                })
            };
            // Several consumers of one kind can be told apart only if both graphs have as many.
            self.in_order(consumers(self.a, x), consumers(self.b, y), |xs, ys| xs == ys);
        }
    }

    /// The remaining nodes of one op and scope in order, if both graphs have as many.
    fn match_remaining(&mut self) {
        let left = |graph: &'a Graph| {
            graph.nodes().map(|node| {
                let origin = origin(graph, node.id());
                ((node.op().name.as_str(), node.inputs().len(), node.scope(), origin), node.id())
            })
        };
        self.in_order(left(self.a), left(self.b), |xs, ys| xs == ys);
        self.propagate();
    }
}

/// Value numbers: equal for equal ops of operands with equal value numbers, whatever the shapes.
fn value_numbers<'a>(graph: &'a Graph, known: &mut FxHashMap<Structure<'a>, u32>) -> Vec<u32> {
    let mut numbers: Vec<u32> = Vec::with_capacity(graph.len());
    for node in graph.nodes() {
        let structure = match (node.leaf(), node.name(), node.constant()) {
            (Some(_), Some(name), _) => Structure::Named(name),
            (_, _, Some(values)) => {
                Structure::Constant(node.shape(), values.iter().map(|x| x.to_bits()).collect())
            }
            (Some(leaf), None, None) => Structure::Leaf(Some(leaf), node.shape()),
            (None, ..) => {
                let origin = origin(graph, node.id());
                Structure::Op(node.op(), origin, node.inputs().iter().map(|x| numbers[x.index()]).collect())
            }
        };
        let next = known.len() as u32;
        numbers.push(*known.entry(structure).or_insert(next));
    }
    numbers
}
