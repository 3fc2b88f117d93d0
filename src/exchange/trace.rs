//! From a graph to a portable program: every node by its op's own form.

use super::exported::{Export, ExportedValue, ValueRole};
use crate::error::{Error, Result};
use crate::graph::{Graph, Kind, Leaf, NodeId};
use crate::plan::{Held, Merged};
use crate::portable::{ElementType, Portable, PortableBuilder};
use crate::tape::Recorder;
use crate::tape::op::Operand;
use rustc_hash::{FxHashMap, FxHashSet};

/// Writes outputs and updates, which were checked. Leaves have the shapes that `sized` gives them, or their own.
pub(super) fn trace(
    recorder: &Recorder,
    outputs: &[NodeId],
    updates: &[(NodeId, NodeId)],
    sized: &dyn Fn(NodeId) -> Option<Vec<usize>>,
) -> Result<Export> {
    let graph = &recorder.graph;
    let wanted = outputs.iter().copied().chain(updates.iter().flat_map(|&(p, v)| [p, v]));
    let merged = Merged::new(graph, wanted, &Held::default(), |_| false);
    let builder = PortableBuilder::default();
    let mut tracing =
        Tracing { recorder, builder: &builder, merged: &merged, values: FxHashMap::default(), sized };
    let (arguments, leaves) = arguments(graph, &merged, sized)?;
    for (number, (argument, id)) in arguments.iter().zip(leaves).enumerate() {
        let value = builder.argument(number, argument.element, &argument.shape);
        tracing.values.insert(id, value);
    }
    for &id in &merged.nodes {
        if !tracing.values.contains_key(&id) {
            let value = tracing.node(id)?;
            tracing.values.insert(id, value);
        }
    }
    let (results, values) = tracing.results(outputs, updates)?;
    Ok(Export { program: builder.finish(&values), sized: Vec::new(), arguments, results })
}

fn element(kind: Kind) -> ElementType {
    match kind {
        Kind::Real => ElementType::Real,
        Kind::Index => ElementType::Index,
    }
}

/// The inputs and then the parameters that are read or updated, and their nodes.
fn arguments(
    graph: &Graph,
    merged: &Merged,
    sized: &dyn Fn(NodeId) -> Option<Vec<usize>>,
) -> Result<(Vec<ExportedValue>, Vec<NodeId>)> {
    let of = |role: ValueRole| {
        merged.nodes.iter().copied().filter_map(move |id| {
            let node = graph.node(id);
            let own = match node.leaf()? {
                Leaf::Input | Leaf::Index => ValueRole::Data,
                Leaf::Parameter => ValueRole::State,
                Leaf::Constant => return None,
            };
            let name = node.name().map_or_else(|| format!("input{}", id.index()), str::to_owned);
            let shape = sized(id).unwrap_or_else(|| node.shape().to_vec());
            (own == role).then(|| (ExportedValue { name, role, element: element(node.kind()), shape }, id))
        })
    };
    let (arguments, leaves): (Vec<_>, Vec<_>) = of(ValueRole::Data).chain(of(ValueRole::State)).unzip();
    let mut names = FxHashSet::default();
    for (argument, &id) in arguments.iter().zip(&leaves) {
        if !names.insert(argument.name.as_str()) {
            let described = graph.describe(id);
            let problem = format!(
                "{described} has the name of another leaf, and arguments are told apart by their names"
            );
            return Err(Error::Argument { what: "export", problem });
        }
    }
    Ok((arguments, leaves))
}

struct Tracing<'a, 'p> {
    recorder: &'a Recorder,
    builder: &'p PortableBuilder,
    merged: &'a Merged,
    values: FxHashMap<NodeId, Portable<'p>>,
    sized: &'a dyn Fn(NodeId) -> Option<Vec<usize>>,
}

impl<'p> Tracing<'_, 'p> {
    /// The value of a constant, or of a node whose operands have theirs.
    fn node(&mut self, id: NodeId) -> Result<Portable<'p>> {
        let graph = &self.recorder.graph;
        let node = graph.node(id);
        if let Some(numbers) = node.constant() {
            // One number for all elements, if they are equal.
            let numbers = match numbers.split_first() {
                Some((first, rest)) if rest.iter().all(|x| x.to_bits() == first.to_bits()) => &numbers[..1],
                _ => numbers,
            };
            return Ok(self.builder.constant(numbers, element(node.kind()), node.shape()));
        }
        let op = &*self.recorder.ops[graph.record(id).op.0 as usize];
        let mut operands = Vec::with_capacity(node.inputs().len());
        for (i, &x) in node.inputs().iter().enumerate() {
            let x = self.merged.of(x);
            operands.push(match self.values.get(&x) {
                Some(&value) => value,
                // The op says that it does not read it: any numbers of its shape do.
                None => {
                    debug_assert!(!op.reads(i), "operand {i} of {} is read", graph.describe(id));
                    let shape = self.shape_alone(x)?;
                    self.builder.constant(&[0.0], element(graph.node(x).kind()), &shape)
                }
            });
        }
        let refused = |problem| graph.refused("export", id, problem);
        let shapes: Vec<Vec<usize>> = operands.iter().map(|x| x.shape()).collect();
        let kinds = node.inputs().iter().map(|&x| graph.node(x).kind());
        let views: Vec<Operand<'_>> =
            shapes.iter().zip(kinds).map(|(shape, kind)| Operand { shape, kind }).collect();
        let shape = op.shape(&views).map_err(refused)?;
        let value = op.portable(&operands, &shape).map_err(refused)?;
        let value = value.convert(element(node.kind())).broadcast_to(&shape);
        match self.builder.take_problem() {
            None => Ok(value),
            Some(problem) => Err(refused(format!("its form in portable primitives does not fit: {problem}"))),
        }
    }

    /// The shape of a node that is not computed: of leaves as they are sized, and by the rules of ops.
    fn shape_alone(&self, id: NodeId) -> Result<Vec<usize>> {
        let graph = &self.recorder.graph;
        let mut shapes: FxHashMap<NodeId, Vec<usize>> = FxHashMap::default();
        let mut open = vec![id];
        while let Some(&id) = open.last() {
            let node = graph.node(id);
            let known = self.values.get(&self.merged.of(id)).map(|value| value.shape());
            let leaf = || (self.sized)(id).unwrap_or_else(|| node.shape().to_vec());
            if let Some(shape) = known.or_else(|| node.leaf().map(|_| leaf())) {
                shapes.insert(id, shape);
                open.pop();
                continue;
            }
            let before = open.len();
            open.extend(node.inputs().iter().filter(|x| !shapes.contains_key(x)));
            if open.len() > before {
                continue;
            }
            let op = &*self.recorder.ops[graph.record(id).op.0 as usize];
            let operands: Vec<Operand<'_>> = node
                .inputs()
                .iter()
                .map(|x| Operand { shape: &shapes[x], kind: graph.node(*x).kind() })
                .collect();
            let shape = op.shape(&operands).map_err(|problem| graph.refused("export", id, problem))?;
            shapes.insert(id, shape);
            open.pop();
        }
        Ok(shapes.remove(&id).unwrap_or_default())
    }

    /// The outputs, and then the new values of parameters.
    fn results(
        &self,
        outputs: &[NodeId],
        updates: &[(NodeId, NodeId)],
    ) -> Result<(Vec<ExportedValue>, Vec<Portable<'p>>)> {
        let graph = &self.recorder.graph;
        let (mut results, mut values) = (Vec::new(), Vec::new());
        let mut add = |name: String, role: ValueRole, id: NodeId| {
            let value = self.values[&self.merged.of(id)];
            results.push(ExportedValue { name, role, element: value.element(), shape: value.shape() });
            values.push(value);
        };
        for (k, &id) in outputs.iter().enumerate() {
            let name = graph.node(id).name().map_or_else(|| format!("output{k}"), str::to_owned);
            add(name, ValueRole::Data, id);
        }
        let mut updated = FxHashMap::default();
        for &(parameter, value) in updates {
            match updated.insert(parameter, self.merged.of(value)) {
                Some(first) if first == self.merged.of(value) => continue,
                Some(_) => {
                    let described = graph.describe(parameter);
                    let problem = format!("{described} is updated twice, with different values");
                    return Err(Error::Argument { what: "export", problem });
                }
                None => {
                    add(graph.node(parameter).name().unwrap_or_default().to_owned(), ValueRole::State, value)
                }
            }
        }
        Ok((results, values))
    }
}
