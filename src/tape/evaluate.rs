//! Computing values when asked, in f64, node by node.

use super::op::Op;
use super::recorder::Recorder;
use super::run::{Located, Operands, run};
use super::values::{Known, Places, Values};
use crate::error::{Error, Result};
use crate::graph::{Graph, Kind, Leaf, Node, NodeId};
use crate::kernel::{Output, View, gather};
use crate::shape::{Layout, size};
use ndarray::{ArrayD, IxDyn};
use std::ops::Range;

/// How many nodes are looked at for each that is wanted, before these are put in order instead.
const SPARSE: usize = 16;

impl Recorder {
    /// Computes a node and what it needs, unless it is known.
    pub(crate) fn evaluate(&mut self, target: NodeId) -> Result<()> {
        if self.values.has(target) {
            return Ok(());
        }
        self.values.grow(self.graph.len());
        self.values.give_up();
        self.values.computed = true;
        if !self.look_for_few(target) {
            self.compute_all_numbers(target.index() + 1);
            if self.values.has(target) {
                self.values.give_up();
                return Ok(());
            }
            self.look_for_more(target);
            self.compute_wanted(self.values.unfinished.clone())?;
        } else if self.values.unfinished.len() < SPARSE * self.values.queue.len() {
            self.compute_wanted(self.values.unfinished.clone())?;
        } else {
            // Far apart: to look at every node between them would take longer than to put them in order.
            let mut few = std::mem::take(&mut self.values.queue);
            few.sort_unstable();
            let done = few.iter().try_for_each(|id| self.compute_wanted(id.index()..id.index() + 1));
            self.values.queue = few;
            done?;
        }
        self.values.unfinished = 0..0;
        Ok(())
    }

    /// Computes the wanted ones of some nodes, in order.
    fn compute_wanted(&mut self, nodes: Range<usize>) -> Result<()> {
        let mut done = nodes.start;
        while let Some(id) = self.compute_numbers(done..nodes.end) {
            let next = self.compute_arrays(id.index()..nodes.end).and_then(|next| match next {
                // It wants more than that.
                next if next == id.index() => self.compute(id).map(|()| next + 1),
                next => Ok(next),
            });
            done = next.inspect_err(|_| self.values.give_up())?;
        }
        Ok(())
    }

    /// Marks the nodes to be computed for `target`, if they are few: then they are followed one by one, however far
    /// apart they are. If they are many, false, and only some of them are marked.
    fn look_for_few(&mut self, target: NodeId) -> bool {
        let Self { graph, values, .. } = self;
        let Values { places: Places { known, .. }, queue, unfinished, .. } = values;
        *unfinished = target.index()..target.index() + 1;
        known[target.index()] = Known::Wanted;
        let many = 64 + target.index() / 256;
        queue.clear();
        queue.push(target);
        let mut next = 0;
        while next < queue.len() && queue.len() < many {
            let id = queue[next];
            next += 1;
            for (_, x) in graph.node(id).read_inputs() {
                if known[x.index()] == Known::No {
                    known[x.index()] = Known::Wanted;
                    unfinished.start = unfinished.start.min(x.index());
                    queue.push(x);
                }
            }
        }
        next == queue.len()
    }

    /// Marks the nodes to be computed for `target` of which some are marked, by one look at each between the target and
    /// the lowest.
    fn look_for_more(&mut self, target: NodeId) {
        let Self { graph, facts, values, .. } = self;
        let Values { places: Places { known, .. }, queue, unfinished, .. } = values;
        let records = &graph.records()[..=target.index()];
        let known = &mut known[..=target.index()];
        let mut open = queue.iter().filter(|id| known[id.index()] == Known::Wanted).count();
        let mut i = target.index() + 1;
        while open > 0 {
            i -= 1;
            if known[i] != Known::Wanted {
                continue;
            }
            open -= 1;
            let mut want = |x: NodeId| {
                if known[x.index()] == Known::No {
                    known[x.index()] = Known::Wanted;
                    open += 1;
                }
            };
            let record = &records[i];
            let facts = &facts[record.op.0 as usize];
            if facts.arity > 2 || !facts.reads_all {
                graph.node(NodeId::new(i)).read_inputs().for_each(|(_, x)| want(x));
            } else if facts.arity > 0 {
                let [a, b] = record.pair();
                want(a);
                want(b);
            }
        }
        unfinished.start = unfinished.start.min(i);
    }

    #[inline(never)]
    fn compute(&mut self, id: NodeId) -> Result<()> {
        let Self { graph, ops, values, .. } = self;
        let index = graph.record(id).op.0 as usize;
        let op = &ops[index];
        let node = graph.node(id);
        if let Some(leaf) = node.leaf() {
            let Some(numbers) = node.constant() else { return Err(no_value(graph, node, leaf)) };
            return values.set(id, node.shape(), numbers.iter().copied());
        }
        let shape = node.shape();
        let first = node.inputs().first().map(|&x| (x, values.locate(graph.node(x))));
        if let Some((x, first)) = first
            && let Some(layout) = op.view(&first.layout, shape)
        {
            if shape.is_empty() && node.kind() == Kind::Real {
                let number = first.data[layout.offset];
                values.places.set_number(id, number);
            } else {
                values.places.set_view(id, x, layout);
            }
            return Ok(());
        }
        if node.kind() == Kind::Index {
            let mut indices = crate::room::filled("value", size(shape), 0)?;
            let x: Operands<'_> =
                node.inputs().iter().map(|&x| values.places.locate(graph.node(x), &values.arena)).collect();
            let done = run(&**op, x, Output::of_indices(&mut indices, shape), &mut values.scratch);
            done.map_err(|problem| graph.refused("value", id, problem))?;
            values.set_indices(id, indices);
            return Ok(());
        }
        let place = if shape.is_empty() { 0 } else { values.reserve(id, size(shape))? };
        let Values { places, arena, scratch, .. } = values;
        let refused = |problem| graph.refused("value", id, problem);
        let (before, after) = arena.split_at_mut(place);
        let located = |arena| -> Operands<'_> {
            node.inputs().iter().map(|&x| places.locate(graph.node(x), arena)).collect()
        };
        if shape.is_empty() {
            let x = located(after);
            let mut number = [0.0];
            run(&**op, x, Output::new(&mut number, shape), scratch).map_err(refused)?;
            places.set_number(id, number[0]);
        } else {
            let x = located(before);
            run(&**op, x, Output::new(&mut after[..size(shape)], shape), scratch).map_err(refused)?;
            places.known[id.index()] = Known::Array;
        }
        Ok(())
    }

    /// Gives a leaf its value.
    pub(super) fn give(&mut self, id: NodeId, value: &ArrayD<f64>) -> Result<()> {
        self.values.set(id, value.shape(), value.iter().copied())
    }

    /// The numbers that an input was given, if it was.
    pub(crate) fn fed(&self, id: NodeId) -> Option<&[f64]> {
        self.values.fed(self.graph.node(id))
    }

    /// The indices that an index input was given, if it was.
    pub(crate) fn fed_indices(&self, id: NodeId) -> Option<&[usize]> {
        self.values.fed_indices(self.graph.node(id))
    }

    /// The op of a node that is no leaf.
    pub(crate) fn op(&self, id: NodeId) -> &dyn Op {
        &*self.ops[self.graph.record(id).op.0 as usize]
    }

    /// Whether a node's value was computed or given.
    pub(crate) fn is_known(&self, id: NodeId) -> bool {
        self.values.has(id)
    }

    /// Where the value of a node that was computed lies; nowhere, where nothing is known but its shape.
    pub(crate) fn locate(&self, id: NodeId) -> Located<'_> {
        self.values.locate(self.graph.node(id))
    }

    /// The value of a node that was computed, as an array of its own.
    pub(crate) fn array(&self, id: NodeId) -> Result<ArrayD<f64>> {
        let node = self.graph.node(id);
        let located = self.values.locate(node);
        let numbers = match located.indices {
            Some(indices) => {
                let Layout { shape, strides, offset } = &located.layout;
                let mut all = crate::room::filled("value", size(node.shape()), 0)?;
                gather(View::new(indices, *offset, shape, strides), 0, &mut all);
                all.into_iter().map(|i| i as f64).collect()
            }
            None => {
                let mut numbers = crate::room::filled("value", size(node.shape()), 0.0)?;
                gather(located.view(), 0, &mut numbers);
                numbers
            }
        };
        Ok(shaped(node.shape(), numbers))
    }
}

/// An array of its elements in row-major order.
pub(super) fn shaped(shape: &[usize], numbers: Vec<f64>) -> ArrayD<f64> {
    ArrayD::from_shape_vec(IxDyn(shape), numbers)
        .unwrap_or_else(|e| unreachable!("a value has its node's shape: {e}"))
}

fn no_value(graph: &Graph, node: Node<'_>, leaf: Leaf) -> Error {
    let remedy = match leaf {
        Leaf::Parameter => "give it one with `tape.load(&state)` or `tape.feed(var, array)`",
        Leaf::Index => "give it one with `tape.feed_indices(var, array)`",
        Leaf::Input | Leaf::Constant => {
            "give it one with `tape.feed(var, array)`, or record it with `tape.leaf`"
        }
    };
    Error::NoValue {
        what: "value",
        leaf: format!("{} {}", leaf.name(), graph.describe(node.id())),
        remedy: remedy.to_owned(),
        location: node.place(),
    }
}
