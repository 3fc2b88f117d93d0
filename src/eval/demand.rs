//! Values on demand, in f64.

use super::node::{Computation, Storage, compute};
use crate::base::shape::{Layout, size};
use crate::error::{Error, Result, refuse};
use crate::graph::{Graph, Leaf, Node, NodeId};
use crate::kernel::{View, gather};
use crate::tape::{
    OperandView, Operands, Recorder, Tape, Value, ValuePlaces, ValueState, Values, Var, shaped,
};
use ndarray::ArrayD;
use smallvec::SmallVec;
use std::ops::Range;

/// Requested nodes are found by a scan of the range that they lie in, unless it has more than so many nodes for each of
/// them; then they are sorted.
const SPARSE: usize = 16;

impl Var<'_> {
    /// Its value in f64, of indices as whole numbers, computed now from the values of the leaves it depends on, and remembered.
    ///
    /// A branch on a value is frozen in what is recorded after it: a [`Plan`](crate::Plan) does not take it again.
    /// Costs one kernel for every node not computed before.
    ///
    /// # Panics
    ///
    /// If a leaf that it needs has no value: a [`Tape::input`] that was not [fed](Tape::feed), or a parameter that was
    /// not [loaded](Tape::load). If an op on the way [refuses](crate::op::Kernel::check) its operands, such as a label past
    /// the last class; [`Tape::values`] returns that instead. If the [graph](Tape::graph) is held.
    #[track_caller]
    pub fn value(self) -> Value {
        let mut recorder = self.tape().write("value");
        match recorder.evaluate(self.id()).and_then(|()| recorder.array(self.id())) {
            Ok(array) => Value::new(array),
            Err(e) => {
                drop(recorder);
                refuse(e)
            }
        }
    }
}

impl Tape {
    /// The values of several nodes, as [`Var::value`] gives them one by one.
    ///
    /// # Errors
    ///
    /// [`Error::NoValue`] if a leaf that they need has none, [`Error::Refused`] if an op refuses its operands, such as a
    /// label past the last class, [`Error::Unknown`] if there is no such node, [`Error::GraphHeld`] if the
    /// [graph](Tape::graph) is held.
    #[track_caller]
    pub fn values(&self, ids: impl IntoIterator<Item = NodeId>) -> Result<Vec<(NodeId, ArrayD<f64>)>> {
        // Collected first: the caller's iterator may borrow the tape.
        let ids: SmallVec<[NodeId; 4]> = ids.into_iter().collect();
        let mut recorder = self.try_write("values")?;
        ids.into_iter()
            .map(|id| {
                if recorder.graph.get(id).is_none() {
                    return Err(Error::Unknown {
                        what: "values",
                        wanted: format!("node {id} on the tape"),
                        present: format!("{} nodes", recorder.graph.len()),
                    });
                }
                recorder.evaluate(id)?;
                Ok((id, recorder.array(id)?))
            })
            .collect()
    }
}

impl Recorder {
    /// Computes a node and what it needs, unless it is known.
    pub(crate) fn evaluate(&mut self, target: NodeId) -> Result<()> {
        if self.values.has(target) {
            return Ok(());
        }
        self.values.grow(self.graph.len());
        self.values.withdraw();
        self.values.computed = true;
        if !self.request_few(target) {
            self.compute_all_numbers(target.index() + 1);
            if self.values.has(target) {
                self.values.withdraw();
                return Ok(());
            }
            self.request_more(target);
            self.compute_requested(self.values.unfinished.clone())?;
        } else if self.values.unfinished.len() < SPARSE * self.values.queue.len() {
            self.compute_requested(self.values.unfinished.clone())?;
        } else {
            // Far apart: scanning all nodes between them would take longer than sorting them.
            let mut few = std::mem::take(&mut self.values.queue);
            few.sort_unstable();
            let done = few.iter().try_for_each(|id| self.compute_requested(id.index()..id.index() + 1));
            self.values.queue = few;
            done?;
        }
        self.values.unfinished = 0..0;
        Ok(())
    }

    /// Computes the requested ones of some nodes, in order.
    fn compute_requested(&mut self, nodes: Range<usize>) -> Result<()> {
        let mut done = nodes.start;
        while let Some(id) = self.compute_numbers(done..nodes.end) {
            let next = self.compute_arrays(id.index()..nodes.end).and_then(|next| match next {
                // Neither fast lane takes it.
                next if next == id.index() => self.compute(id).map(|()| next + 1),
                next => Ok(next),
            });
            done = next.inspect_err(|_| self.values.withdraw())?;
        }
        Ok(())
    }

    /// Requests the nodes that `target` needs, by a search that follows inputs, if they are few; false if they are many, and
    /// then only some are requested.
    fn request_few(&mut self, target: NodeId) -> bool {
        let Self { graph, values, .. } = self;
        let Values { places: ValuePlaces { known, .. }, queue, unfinished, .. } = values;
        *unfinished = target.index()..target.index() + 1;
        known[target.index()] = ValueState::Requested;
        let many = 64 + target.index() / 256;
        queue.clear();
        queue.push(target);
        let mut next = 0;
        while next < queue.len() && queue.len() < many {
            let id = queue[next];
            next += 1;
            for (_, x) in graph.node(id).read_inputs() {
                if known[x.index()] == ValueState::Unknown {
                    known[x.index()] = ValueState::Requested;
                    unfinished.start = unfinished.start.min(x.index());
                    queue.push(x);
                }
            }
        }
        next == queue.len()
    }

    /// Requests the rest of the nodes that `target` needs, by a scan downwards from it.
    fn request_more(&mut self, target: NodeId) {
        let Self { graph, infos, values, .. } = self;
        let Values { places: ValuePlaces { known, .. }, queue, unfinished, .. } = values;
        let records = &graph.records()[..=target.index()];
        let known = &mut known[..=target.index()];
        let mut open = queue.iter().filter(|id| known[id.index()] == ValueState::Requested).count();
        let mut i = target.index() + 1;
        while open > 0 {
            i -= 1;
            if known[i] != ValueState::Requested {
                continue;
            }
            open -= 1;
            let mut request = |x: NodeId| {
                if known[x.index()] == ValueState::Unknown {
                    known[x.index()] = ValueState::Requested;
                    open += 1;
                }
            };
            let record = &records[i];
            let info = &infos[record.op.0 as usize];
            if info.arity > 2 || !info.reads_all {
                graph.node(NodeId::new(i)).read_inputs().for_each(|(_, x)| request(x));
            } else if info.arity > 0 {
                let [a, b] = record.pair();
                request(a);
                request(b);
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
        compute(&**op, node.shape(), node.kind(), &mut OnDemand { graph, node, values })
    }

    /// The value of a node that was computed, as an array of its own.
    pub(crate) fn array(&self, id: NodeId) -> Result<ArrayD<f64>> {
        let node = self.graph.node(id);
        let located = self.values.locate(node);
        let numbers = match located.indices {
            Some(indices) => {
                let Layout { shape, strides, offset } = &located.layout;
                let mut all = crate::base::alloc::filled("value", size(node.shape()), 0)?;
                gather(View::new(indices, *offset, shape, strides), 0, &mut all);
                all.into_iter().map(|i| i as f64).collect()
            }
            None => {
                let mut numbers = crate::base::alloc::filled("value", size(node.shape()), 0.0)?;
                gather(located.view(), 0, &mut numbers);
                numbers
            }
        };
        Ok(shaped(node.shape(), numbers))
    }
}

/// A node that is being computed, and the values of the tape.
struct OnDemand<'r> {
    graph: &'r Graph,
    node: Node<'r>,
    values: &'r mut Values,
}

impl Storage<f64> for OnDemand<'_> {
    type Stored = ();
    const WHAT: &'static str = "value";

    fn first(&self) -> Option<OperandView<'_>> {
        let &x = self.node.inputs().first()?;
        Some(self.values.locate(self.graph.node(x)))
    }

    fn operands(&mut self) -> (Operands<'_>, &mut Vec<f64>) {
        let Self { graph, node, values } = self;
        let Values { places, arena, scratch, .. } = &mut **values;
        (located(graph, *node, places, arena), scratch)
    }

    fn view(&mut self, layout: Layout) -> Result<()> {
        self.values.places.set_view(self.node.id(), self.node.inputs()[0], layout);
        Ok(())
    }

    fn number(&mut self, number: f64) -> Result<()> {
        self.values.places.set_number(self.node.id(), number);
        Ok(())
    }

    fn array(&mut self, len: usize, kernel: impl Computation<f64>) -> Result<()> {
        let Self { graph, node, values } = self;
        let place = values.reserve(node.id(), len)?;
        let Values { places, arena, scratch, .. } = &mut **values;
        // Operands were computed before their result, so they lie before it.
        let (before, after) = arena.split_at_mut(place);
        let done = kernel(located(graph, *node, places, before), &mut after[..len], scratch);
        done.map_err(|problem| graph.refused(Self::WHAT, node.id(), problem))?;
        places.known[node.id().index()] = ValueState::Array;
        Ok(())
    }

    fn indices(&mut self, indices: Vec<usize>) -> Result<()> {
        self.values.set_indices(self.node.id(), indices);
        Ok(())
    }

    fn refused(&self, problem: String) -> Error {
        self.graph.refused(Self::WHAT, self.node.id(), problem)
    }
}

/// Where the operands of a node lie.
fn located<'v>(graph: &Graph, node: Node<'_>, places: &'v ValuePlaces, arena: &'v [f64]) -> Operands<'v> {
    node.inputs().iter().map(|&x| places.locate(graph.node(x), arena)).collect()
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
