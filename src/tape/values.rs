//! Values computed when asked, in f64, node by node, and remembered.

use super::elementwise::{self, Arg, Instruction, Source};
use super::op::{Op, Precision};
use super::recorder::Recorder;
use crate::error::{Error, Result};
use crate::graph::{Graph, Kind, Leaf, Node, NodeId};
use crate::kernel::{Input, Inputs, Output, View, gather};
use crate::shape::Layout;
use ndarray::{ArrayD, IxDyn};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::sync::Arc;

/// What is known of a node's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    No,
    /// Being looked for by the present call.
    Wanted,
    Yes,
}

/// An array that a node has computed or been given.
#[derive(Debug, Clone)]
pub(crate) enum Stored {
    Real(Vec<f64>),
    Index(Vec<usize>),
    /// Elements of another node's array.
    View {
        root: NodeId,
        layout: Layout,
    },
}

impl Stored {
    pub(super) fn real(array: ArrayD<f64>) -> Self {
        Self::Real(array.iter().copied().collect())
    }

    pub(super) fn index(array: ArrayD<usize>) -> Self {
        Self::Index(array.iter().copied().collect())
    }
}

/// The values of a tape: single numbers in one dense list, arrays beside it.
#[derive(Debug, Default)]
pub(crate) struct Values {
    known: Vec<Known>,
    scalars: Vec<f64>,
    arrays: FxHashMap<NodeId, Stored>,
    scratch: Vec<f64>,
    /// The nodes that the present call is to compute; left over only where a kernel panicked.
    wanted: Vec<NodeId>,
}

impl Values {
    pub(super) fn clear(&mut self) {
        self.known.clear();
        self.scalars.clear();
        self.arrays.clear();
        self.wanted.clear();
    }

    fn grow(&mut self, len: usize) {
        if self.known.len() < len {
            self.known.resize(len, Known::No);
            self.scalars.resize(len, f64::NAN);
        }
    }

    pub(super) fn set(&mut self, id: NodeId, value: Stored) {
        self.grow(id.index() + 1);
        if let Stored::Real(x) = &value
            && let &[x] = x.as_slice()
        {
            self.scalars[id.index()] = x;
        }
        self.arrays.insert(id, value);
        self.known[id.index()] = Known::Yes;
    }

    /// Forgets what was wanted and not computed.
    fn give_up(&mut self) {
        for id in self.wanted.drain(..) {
            let known = &mut self.known[id.index()];
            if *known == Known::Wanted {
                *known = Known::No;
            }
        }
    }

    /// Forgets everything but the values of leaves.
    pub(super) fn forget_computed(&mut self, graph: &Graph) {
        for (node, known) in graph.nodes().zip(&mut self.known) {
            if node.leaf().is_none() && *known == Known::Yes {
                *known = Known::No;
                self.arrays.remove(&node.id());
            }
        }
    }

    /// The buffer a node's numbers lie in, and where.
    fn locate(&self, node: Node<'_>) -> (&[f64], Layout) {
        let id = node.id();
        if let Some(Stored::View { root, layout }) = self.arrays.get(&id) {
            return (self.buffer(*root), layout.clone());
        }
        (self.buffer(id), Layout::contiguous(node.shape()))
    }

    fn buffer(&self, id: NodeId) -> &[f64] {
        match self.arrays.get(&id) {
            Some(Stored::Real(x)) => x,
            _ => &self.scalars[id.index()..=id.index()],
        }
    }

    fn indices(&self, id: NodeId) -> &[usize] {
        match self.arrays.get(&id) {
            Some(Stored::Index(x)) => x,
            _ => &[],
        }
    }
}

impl Recorder {
    /// Computes a node and what it needs, unless it is known.
    pub(super) fn evaluate(&mut self, target: NodeId) -> Result<()> {
        self.values.grow(self.graph.len());
        self.values.give_up();
        self.values.wanted = self.wanted(target);
        for i in 0..self.values.wanted.len() {
            let id = self.values.wanted[i];
            if let Err(e) = self.compute(id) {
                self.values.give_up();
                return Err(e);
            }
            self.values.known[id.index()] = Known::Yes;
        }
        self.values.wanted.clear();
        Ok(())
    }

    /// The nodes to be computed for `target`, in topological order.
    fn wanted(&mut self, target: NodeId) -> Vec<NodeId> {
        let known = &mut self.values.known;
        let mut wanted = Vec::new();
        let mut open = vec![target];
        while let Some(id) = open.pop() {
            if known[id.index()] != Known::No {
                continue;
            }
            known[id.index()] = Known::Wanted;
            wanted.push(id);
            let node = self.graph.node(id);
            open.extend(node.read_inputs().map(|(_, x)| x));
        }
        wanted.sort_unstable();
        wanted
    }

    fn compute(&mut self, id: NodeId) -> Result<()> {
        let Self { graph, ops, scalars, values, .. } = self;
        let node = graph.node(id);
        let index = graph.record(id).op.0 as usize;
        if let Some(leaf) = node.leaf() {
            let Some(numbers) = node.constant() else { return Err(no_value(graph, node, leaf)) };
            if node.shape().is_empty() {
                values.scalars[id.index()] = numbers[0];
            } else {
                values.set(id, Stored::Real(numbers.to_vec()));
            }
            return Ok(());
        }
        let x = node.inputs();
        // Single numbers: one match instead of a virtual call with views.
        if let Some(scalar) = scalars[index]
            && node.shape().is_empty()
        {
            let at = |i: usize| values.scalars[x[i].index()];
            let y = if x.len() == 1 { scalar.unary(at(0)) } else { scalar.binary(at(0), at(1)) };
            values.scalars[id.index()] = y;
            return Ok(());
        }
        let mut scratch = std::mem::take(&mut values.scratch);
        let computed = run(graph, ops, values, node, index, &mut scratch);
        values.scratch = scratch;
        match computed? {
            Stored::Real(y) if node.shape().is_empty() => values.scalars[id.index()] = y[0],
            computed => values.set(id, computed),
        }
        Ok(())
    }

    /// The numbers that an input was given, if it was.
    pub(crate) fn fed(&self, id: NodeId) -> Option<&[f64]> {
        let known = self.values.known.get(id.index()) == Some(&Known::Yes);
        known.then(|| self.values.buffer(id))
    }

    /// The indices that an index input was given, if it was.
    pub(crate) fn fed_indices(&self, id: NodeId) -> Option<&[usize]> {
        let known = self.values.known.get(id.index()) == Some(&Known::Yes);
        known.then(|| self.values.indices(id))
    }

    /// The value of a node that was computed, as an array of its own.
    pub(super) fn array(&self, id: NodeId) -> Result<ArrayD<f64>> {
        let node = self.graph.node(id);
        let numbers = match self.values.arrays.get(&id) {
            Some(Stored::Index(indices)) => indices.iter().map(|&i| i as f64).collect(),
            _ => {
                let (data, layout) = self.values.locate(node);
                let mut numbers = crate::room::filled("value", layout.len(), 0.0)?;
                gather(view(data, &layout), 0, &mut numbers);
                numbers
            }
        };
        Ok(ArrayD::from_shape_vec(IxDyn(node.shape()), numbers)
            .unwrap_or_else(|e| unreachable!("a value has its node's shape: {e}")))
    }
}

/// Runs one node on values that are known.
fn run(
    graph: &Graph,
    ops: &[Arc<dyn Op>],
    values: &Values,
    node: Node<'_>,
    index: usize,
    scratch: &mut Vec<f64>,
) -> Result<Stored> {
    let (op, x) = (&*ops[index], node.inputs());
    let mut located: SmallVec<[(&[f64], Layout); 3]> =
        x.iter().map(|&input| values.locate(graph.node(input))).collect();
    if let Some(layout) = located.first().and_then(|(_, layout)| op.view(layout, node.shape())) {
        if node.shape().is_empty() {
            return Ok(Stored::Real(vec![located[0].0[layout.offset]]));
        }
        let root = match values.arrays.get(&x[0]) {
            Some(Stored::View { root, .. }) => *root,
            _ => x[0],
        };
        return Ok(Stored::View { root, layout });
    }
    let mut y = crate::room::filled("value", crate::shape::size(node.shape()), 0.0)?;
    if op.elementwise() {
        located.iter_mut().for_each(|(_, layout)| *layout = layout.broadcast(node.shape()));
        let sources: SmallVec<[Source<'_, f64>; 3]> =
            located.iter().map(|(data, layout)| Source::View(view(data, layout))).collect();
        let args = (0..x.len()).map(Arg::Operand).collect();
        elementwise::run(ops, &[Instruction { op: index, args }], &sources, &mut y, scratch);
        return Ok(Stored::Real(y));
    }
    let input = |(i, &id): (usize, &NodeId)| {
        let (data, layout) = &located[i];
        match graph.node(id).kind() {
            _ if !node.op().reads(i) => Input::Shape(graph.node(id).shape()),
            Kind::Real => Input::Real(view(data, layout)),
            Kind::Index => Input::Index(View::new(values.indices(id), 0, &layout.shape, &layout.strides)),
        }
    };
    let inputs: SmallVec<[Input<'_, f64>; 4]> = x.iter().enumerate().map(input).collect();
    f64::kernel(op).run(Inputs::new(&inputs), Output { data: &mut y, shape: node.shape(), threads: 1 });
    Ok(Stored::Real(y))
}

fn view<'a>(data: &'a [f64], layout: &'a Layout) -> View<'a, f64> {
    View::new(data, layout.offset, &layout.shape, &layout.strides)
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
