//! From a graph to steps.

use super::class::{Class, Classes};
use super::emit::NO_REGISTER;
use super::fold::Folded;
use super::group::{Given, Reads, Units};
use super::merge::Merged;
use super::order::order;
use super::refusal::Asked;
use super::step::{Indices, Operand, Output, Place, Root, Step, Target, Work};
use super::vigil::Vigil;
use super::{Held, InputSlot, ParameterSlot, Plan, PlanOptions, parallel};
use crate::error::{Error, Result};
use crate::float::Written;
use crate::graph::{Graph, Kind, Leaf, Node, NodeId};
use crate::kernel::MOST_THREADS;
use crate::ops::{Scalar, is_built_in};
use crate::room;
use crate::shape::{Layout, size};
use crate::tape::{Op, Precision, Recorder, Register, Var, check_elements};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::any::Any;
use std::sync::Arc;

#[track_caller]
pub(super) fn compile<F: Precision>(
    outputs: &[Var<'_>],
    updates: &[(Var<'_>, Var<'_>)],
    options: PlanOptions,
    held: &Held,
) -> Result<Plan<F>> {
    let all: Vec<Var<'_>> =
        outputs.iter().copied().chain(updates.iter().flat_map(|&(p, v)| [p, v])).collect();
    let Some(first) = all.first() else {
        return Err(Error::Argument {
            what: "compile",
            problem: "there is nothing to compile; give at least one output or update".to_owned(),
        });
    };
    let tape = first.tape();
    for &var in &all {
        tape.own("compile", var, &all)?;
    }
    let recorder = tape.recorder().borrow();
    check_kinds(&recorder.graph, updates)?;
    check_updates(&recorder.graph, updates)?;
    let outputs: Vec<NodeId> = outputs.iter().map(|v| v.id()).collect();
    let updates: Vec<(NodeId, NodeId)> = updates.iter().map(|(p, v)| (p.id(), v.id())).collect();
    plan_of(&recorder, &outputs, &updates, options, held)
}

/// That parameters are updated with real numbers.
fn check_kinds(graph: &Graph, updates: &[(Var<'_>, Var<'_>)]) -> Result<()> {
    let mut vars = updates.iter().flat_map(|(parameter, value)| [parameter, value]);
    match vars.find(|v| graph.node(v.id()).kind() == Kind::Index) {
        None => Ok(()),
        Some(var) => Err(Error::Argument {
            what: "compile",
            problem: format!("{} holds indices; updates are real numbers", graph.describe(var.id())),
        }),
    }
}

/// That every update names a parameter and a value of its shape.
fn check_updates(graph: &Graph, updates: &[(Var<'_>, Var<'_>)]) -> Result<()> {
    for &(parameter, value) in updates {
        let node = graph.node(parameter.id());
        let described = graph.describe(parameter.id());
        let problem = if node.leaf() != Some(Leaf::Parameter) {
            format!("{described} is not a parameter; only parameters are updated")
        } else if node.shape() != graph.node(value.id()).shape() {
            format!("the update of {described} has another shape: {}", graph.describe(value.id()))
        } else {
            continue;
        };
        return Err(Error::Argument { what: "compile", problem });
    }
    Ok(())
}

/// A plan in the making.
pub(super) struct Compiler<'g, F> {
    pub(super) recorder: &'g Recorder,
    held: &'g Held,
    pub(super) merged: &'g Merged,
    pub(super) reads: &'g Reads,
    pub(super) classes: &'g Classes,
    pub(super) units: &'g Units,
    folded: &'g Folded<F>,
    /// Nodes that some node of another unit reads, or that have to have an array for another reason.
    pub(super) kept: Vec<bool>,
    places: FxHashMap<NodeId, Place>,
    /// The ops that are functions known by name.
    pub(super) functions: Vec<Option<Scalar>>,
    /// The ops that take all numbers and do not panic.
    pub(super) built_in: Vec<bool>,
    /// How often the unit at hand still reads a node, and the register it is in; by node.
    pub(super) uses: Vec<u32>,
    pub(super) registers: Vec<Register>,
    /// The sizes of the results.
    pub(super) results: Vec<usize>,
    /// Steps that copy what outputs name of the state, before all others.
    copies: Vec<Step>,
    pub(super) plan: Plan<F>,
}

fn plan_of<F: Precision>(
    recorder: &Recorder,
    outputs: &[NodeId],
    updates: &[(NodeId, NodeId)],
    options: PlanOptions,
    held: &Held,
) -> Result<Plan<F>> {
    let (graph, ops) = (&recorder.graph, &recorder.ops[..]);
    // A result that is looked at has an array of its own.
    let fuse = options.fuse && !options.check_finite;
    let elementwise: Vec<bool> = ops.iter().map(|op| op.elementwise()).collect();
    let wanted = outputs.iter().copied().chain(updates.iter().flat_map(|&(p, v)| [p, v]));
    let merged = Merged::new(graph, wanted, held, |id| fuse && is_idle(graph, ops, &elementwise, id));
    for &id in &merged.nodes {
        let fits = check_elements(graph.node(id), options.max_elements, "PlanOptions::max_elements");
        fits.map_err(|problem| Error::Argument { what: "compile", problem })?;
    }
    let mut pinned = vec![false; graph.len()];
    for &id in outputs.iter().chain(updates.iter().map(|(_, v)| v)) {
        pinned[merged.of(id).index()] = true;
    }
    let folded = Folded::new(graph, ops, &merged, held, fuse)?;
    let classes = Classes::new(graph, ops, &elementwise, &merged, held, |id| folded.get(id).is_some());
    // The array that holds the elements of a view is wanted with it.
    for &id in merged.nodes.iter().filter(|id| pinned[id.index()]).collect::<Vec<_>>() {
        pinned[classes.root(id).index()] = true;
    }
    let reads = Reads::new(graph, &merged, &classes);
    let given = Given { graph, ops, merged: &merged, classes: &classes, reads: &reads, pinned: &pinned };
    let units = Units::new(given, fuse);
    let order = order(given, &units);
    let mut kept = pinned.clone();
    for &id in &merged.nodes {
        if matches!(classes.of(id), Class::Source | Class::View) {
            continue;
        }
        for &x in reads.of(id) {
            let root = classes.root(x);
            if classes.of(root) != Class::Source && (root != x || units.of(root) != units.of(id)) {
                kept[root.index()] = true;
            }
        }
    }
    let plan = Plan {
        ops: ops.to_vec(),
        steps: Vec::new(),
        indexed: Vec::new(),
        writes: Vec::new(),
        inputs: Vec::new(),
        indices: Vec::new(),
        names: Default::default(),
        index_names: Default::default(),
        parameters: Vec::new(),
        constants: Vec::new(),
        index_results: Vec::new(),
        outputs: Vec::new(),
        arena: Vec::new(),
        least: 0,
        results: 0,
        scratch: Vec::new(),
        vigil: Vigil::default(),
        options: PlanOptions { threads: options.threads.clamp(1, MOST_THREADS), ..options },
        tape_id: recorder.tape_id.clone(),
        graph: None,
    };
    let mut compiler = Compiler {
        recorder,
        held,
        merged: &merged,
        reads: &reads,
        classes: &classes,
        units: &units,
        folded: &folded,
        kept,
        places: FxHashMap::default(),
        functions: ops.iter().map(|op| Scalar::of(&**op)).collect(),
        built_in: ops.iter().map(|op| is_built_in((&**op as &dyn Any).type_id())).collect(),
        uses: vec![0; graph.len()],
        registers: vec![NO_REGISTER; graph.len()],
        results: Vec::new(),
        copies: Vec::new(),
        plan,
    };
    for &id in &merged.nodes {
        if classes.of(id) == Class::Source {
            let place = compiler.source(id)?;
            compiler.places.insert(id, place);
        }
    }
    for u in order {
        compiler.unit(&units.units[u as usize]);
    }
    compiler.keep(outputs, updates)?;
    compiler.finish()
}

/// Whether an op does nothing to its first operand.
fn is_idle(graph: &Graph, ops: &[Arc<dyn Op>], elementwise: &[bool], id: NodeId) -> bool {
    let (node, op) = (graph.node(id), graph.record(id).op.0 as usize);
    let same = |&x: &NodeId| graph.record(x).shape == graph.record(id).shape;
    if elementwise[op] || !node.inputs().first().is_some_and(same) {
        return false;
    }
    let whole = Layout::contiguous(node.shape());
    ops[op].view(&whole, node.shape()).is_some_and(|view| view == whole)
}

impl<F: Precision> Compiler<'_, F> {
    /// Where the numbers of a node are that is not computed.
    fn source(&mut self, id: NodeId) -> Result<Place> {
        let node = self.recorder.graph.node(id);
        let root = if let (Some(numbers), Kind::Index) = (self.held.get(&id), node.kind()) {
            self.plan.index_results.push(numbers.iter().map(|&x| x as usize).collect());
            Root::IndexResult(self.plan.index_results.len() - 1)
        } else if let Some(numbers) = self.held.get(&id) {
            let values = numbers.iter().map(|&x| F::of(x)).collect();
            self.plan.inputs.push(slot(node, Some(values))?);
            Root::Input(self.plan.inputs.len() - 1)
        } else if let Some(numbers) = self.folded.get(id) {
            check_finite(node, numbers)?;
            self.plan.constants.push(numbers.to_vec());
            Root::Constant(self.plan.constants.len() - 1)
        } else {
            self.leaf(node)?
        };
        Ok(Place { root, layout: Layout::contiguous(node.shape()) })
    }

    fn leaf(&mut self, node: Node<'_>) -> Result<Root> {
        let plan = &mut self.plan;
        Ok(match node.leaf() {
            Some(Leaf::Input) => {
                let given = self.recorder.fed(node.id()).map(|x| x.iter().map(|&x| F::of(x)).collect());
                plan.inputs.push(slot(node, given)?);
                Root::Input(plan.inputs.len() - 1)
            }
            Some(Leaf::Index) => {
                plan.indices.push(slot(node, self.recorder.fed_indices(node.id()).map(<[usize]>::to_vec))?);
                Root::Index(plan.indices.len() - 1)
            }
            Some(Leaf::Parameter) => {
                let name = node.name().unwrap_or_default().to_owned();
                plan.parameters.push(ParameterSlot {
                    name,
                    shape: node.shape().into(),
                    location: node.place(),
                    read: false,
                    place: 0,
                });
                Root::State(plan.parameters.len() - 1)
            }
            Some(Leaf::Constant) | None => unreachable!("known nodes were found before"),
        })
    }

    /// Where the numbers of an operand are.
    pub(super) fn place(&self, id: NodeId) -> Place {
        let id = self.merged.of(id);
        let (root, layout) = self.classes.located(&self.recorder.graph, id);
        Place { root: self.places[&root].root, layout }
    }

    /// A new result, which a node's numbers are.
    pub(super) fn output(&mut self, node: NodeId) -> Output {
        let shape = self.recorder.graph.node(node).shape();
        self.results.push(size(shape));
        let result = self.results.len() - 1;
        self.places.insert(node, Place { root: Root::Arena(result), layout: Layout::contiguous(shape) });
        Output { node, result, target: Target::Arena(result), read: false }
    }

    /// A new result of indices, which a node's elements are.
    pub(super) fn indices(&mut self, op: usize, node: NodeId) -> Indices {
        let shape = self.recorder.graph.node(node).shape();
        let place = self.plan.index_results.len();
        self.plan.index_results.push(vec![0; size(shape)]);
        // It takes nothing of the arena.
        self.results.push(0);
        self.places.insert(node, Place { root: Root::IndexResult(place), layout: Layout::contiguous(shape) });
        Indices { op, node, place, result: self.results.len() - 1 }
    }

    /// Keeps the outputs and the new values of parameters until the end of a run.
    fn keep(&mut self, outputs: &[NodeId], updates: &[(NodeId, NodeId)]) -> Result<()> {
        for &id in outputs {
            let place = self.kept_place(id);
            self.plan.outputs.push((id, place));
        }
        let mut updated = FxHashMap::default();
        for &(parameter, value) in updates {
            let Root::State(slot) = self.places[&parameter].root else {
                unreachable!("updates were checked")
            };
            let value = self.merged.of(value);
            match updated.insert(parameter, value) {
                // Two optimisers may both count the same step.
                Some(first) if first == value => continue,
                Some(_) => {
                    let described = self.recorder.graph.describe(parameter);
                    let problem = format!("{described} is updated twice, with different values");
                    return Err(Error::Argument { what: "compile", problem });
                }
                None => {}
            }
            let place = self.kept_place(value);
            self.plan.writes.push((place, slot));
        }
        Ok(())
    }

    /// Where a node's numbers are until the next run: not in the state, which updates change.
    fn kept_place(&mut self, id: NodeId) -> Place {
        let place = self.place(id);
        if !matches!(place.root, Root::State(_)) {
            return place;
        }
        let shape = place.layout.shape.clone();
        self.results.push(size(&shape));
        let result = self.results.len() - 1;
        let output = Output { node: id, result, target: Target::Arena(result), read: false };
        // State is read before anything is written to it.
        let step = Step {
            work: Work::Copy,
            shape: shape.clone(),
            operands: vec![Operand::Place(place)],
            reads: vec![id],
            outputs: SmallVec::from_buf([output]),
            long: false,
            asked: Asked::Never,
            workspace: 0,
        };
        self.copies.push(step);
        Place { root: Root::Arena(result), layout: Layout::contiguous(&shape) }
    }

    fn finish(mut self) -> Result<Plan<F>> {
        self.plan.steps.splice(0..0, self.copies.drain(..).rev());
        self.write_in_place();
        self.assign()?;
        let plan = &mut self.plan;
        plan.results = self.results.len();
        let mut results = vec![false; plan.results];
        for root in plan.steps.iter().flat_map(Step::roots) {
            match root {
                Root::Arena(result) => results[result] = true,
                Root::State(slot) => plan.parameters[slot].read = true,
                Root::Input(_) | Root::Index(_) | Root::Constant(_) | Root::IndexResult(_) => {}
            }
        }
        plan.steps.iter_mut().flat_map(|s| &mut s.outputs).for_each(|o| o.read = results[o.result]);
        let mut read = vec![false; plan.constants.len()];
        let places = plan.steps.iter().flat_map(Step::places).chain(plan.outputs.iter().map(|(_, p)| p));
        for place in places.chain(plan.writes.iter().map(|(p, _)| p)) {
            if let Root::Constant(k) = place.root {
                read[k] = true;
            }
        }
        // Constants that only others were computed from.
        plan.constants.iter_mut().zip(read).filter(|(_, read)| !read).for_each(|(c, _)| *c = Vec::new());
        // Room for the registers of the longest program, so that no run has to make it.
        let threads = plan.options.threads;
        let room = |step: &Step| {
            let program = step.program().map_or(0, |p| parallel::room::<F>(p, step, threads));
            program.max(step.workspace)
        };
        plan.indexed = (0..plan.steps.len()).filter(|&i| plan.steps[i].asked == Asked::Before).collect();
        if plan.options.check_finite || plan.steps.iter().any(|step| step.asked != Asked::Never) {
            plan.graph = Some(Arc::new(self.recorder.graph.clone()));
        }
        let room = plan.steps.iter().map(room).max().unwrap_or(0);
        plan.scratch = room::filled("compile", room, F::zero())?;
        Ok(self.plan)
    }
}

/// That no number of a constant is too great for the precision.
fn check_finite<F: Precision>(node: Node<'_>, numbers: &[F]) -> Result<()> {
    let exact = node.constant().unwrap_or_default();
    match exact.iter().zip(numbers).find(|(x, y)| x.is_finite() && !y.is_finite()) {
        None => Ok(()),
        Some((x, _)) => Err(Error::Argument {
            what: "compile",
            problem: format!("constant {} of {} is infinite in {}", Written(*x), node.id(), F::NAME),
        }),
    }
}

/// The buffer of a node that is given from outside, with its first values if it has some.
fn slot<T: Default + Clone>(node: Node<'_>, given: Option<Vec<T>>) -> Result<InputSlot<T>> {
    Ok(InputSlot {
        id: node.id(),
        name: node.name().unwrap_or_default().to_owned(),
        shape: node.shape().into(),
        location: node.place(),
        fed: given.is_some(),
        values: match given {
            Some(values) => values,
            None => room::filled("compile", size(node.shape()), T::default())?,
        },
    })
}
