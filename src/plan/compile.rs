//! From a graph to steps.

use super::fuse::Runs;
use super::merge::Merged;
use super::step::{Operand, Place, Root, Step, Target, Work};
use super::{Held, InputSlot, ParameterSlot, Plan, PlanOptions};
use crate::error::{Error, Result};
use crate::graph::{Graph, Kind, Leaf, Node, NodeId};
use crate::room;
use crate::shape::Layout;
use crate::tape::{Arg, Instruction, Precision, Recorder, Var, scratch_len};
use rustc_hash::FxHashMap;

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
    check_kinds(&recorder.graph, &all)?;
    check_updates(&recorder.graph, updates)?;
    let outputs: Vec<NodeId> = outputs.iter().map(|v| v.id()).collect();
    let updates: Vec<(NodeId, NodeId)> = updates.iter().map(|(p, v)| (p.id(), v.id())).collect();
    Compiler::new(&recorder, &outputs, &updates, options, held)?.finish()
}

/// That nothing but real numbers is computed.
fn check_kinds(graph: &Graph, vars: &[Var<'_>]) -> Result<()> {
    match vars.iter().find(|v| graph.node(v.id()).kind() == Kind::Index) {
        None => Ok(()),
        Some(var) => Err(Error::Argument {
            what: "compile",
            problem: format!(
                "{} holds indices; outputs and updates are real numbers",
                graph.describe(var.id())
            ),
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
    recorder: &'g Recorder,
    held: &'g Held,
    merged: Merged,
    runs: Runs,
    places: FxHashMap<NodeId, Place>,
    /// The sizes of the buffers that become stretches of the arena.
    pub(super) buffers: Vec<usize>,
    pub(super) plan: Plan<F>,
}

impl<'g, F: Precision> Compiler<'g, F> {
    fn new(
        recorder: &'g Recorder,
        outputs: &[NodeId],
        updates: &[(NodeId, NodeId)],
        options: PlanOptions,
        held: &'g Held,
    ) -> Result<Self> {
        let graph = &recorder.graph;
        let wanted = outputs.iter().copied().chain(updates.iter().flat_map(|&(p, v)| [p, v]));
        let merged = Merged::new(graph, wanted, held);
        let mut pinned = vec![false; graph.len()];
        for &id in outputs.iter().chain(updates.iter().map(|(_, v)| v)) {
            pinned[merged.of(id).index()] = true;
        }
        let runs = Runs::new(graph, &recorder.ops, &merged, &pinned, held, options.fuse);
        let plan = Plan {
            ops: recorder.ops.clone(),
            steps: Vec::new(),
            writes: Vec::new(),
            inputs: Vec::new(),
            indices: Vec::new(),
            parameters: Vec::new(),
            constants: Vec::new(),
            outputs: Vec::new(),
            arena: Vec::new(),
            scratch: Vec::new(),
            options,
            lineage: recorder.lineage.clone(),
        };
        let mut compiler =
            Self { recorder, held, merged, runs, places: FxHashMap::default(), buffers: Vec::new(), plan };
        for id in compiler.merged.nodes.clone() {
            compiler.place(id)?;
        }
        for &id in outputs {
            let place = compiler.kept(id);
            compiler.plan.outputs.push((id, place));
        }
        let mut updated = FxHashMap::default();
        for &(parameter, value) in updates {
            let Root::State(slot) = compiler.places[&parameter].root else {
                unreachable!("updates were checked")
            };
            let value = compiler.merged.of(value);
            match updated.insert(parameter, value) {
                // Two optimisers may both count the same step.
                Some(first) if first == value => continue,
                Some(_) => {
                    let described = compiler.recorder.graph.describe(parameter);
                    let problem = format!("{described} is updated twice, with different values");
                    return Err(Error::Argument { what: "compile", problem });
                }
                None => {}
            }
            let place = compiler.kept(value);
            compiler.plan.writes.push((place, slot));
        }
        Ok(compiler)
    }

    /// Finds a place for a node's numbers, and records the step that computes them if there is one.
    fn place(&mut self, id: NodeId) -> Result<()> {
        let graph = &self.recorder.graph;
        let node = graph.node(id);
        let place = if let Some(numbers) = self.held.get(&id) {
            let values = numbers.iter().map(|&x| F::of(x)).collect();
            self.plan.inputs.push(slot(node, Some(values))?);
            let root = Root::Input(self.plan.inputs.len() - 1);
            Place { root, layout: Layout::contiguous(node.shape()) }
        } else if let Some(leaf) = node.leaf() {
            Place { root: self.leaf(node, leaf)?, layout: Layout::contiguous(node.shape()) }
        } else if self.runs.is_inside(id) {
            return Ok(());
        } else {
            let op = &self.recorder.ops[graph.record(id).op.0 as usize];
            // An operand inside the node's own run has no place; elementwise ops are no views.
            let source =
                node.inputs().first().and_then(|&x| self.places.get(&self.merged.of(x))).map(|p| &p.layout);
            match source.and_then(|layout| op.view(layout, node.shape())) {
                Some(layout) => Place { root: self.places_of(node.inputs()[0]).root, layout },
                None => self.step(id),
            }
        };
        self.places.insert(id, place);
        Ok(())
    }

    /// The place of an operand of a step, which is not inside a run.
    fn places_of(&self, id: NodeId) -> &Place {
        &self.places[&self.merged.of(id)]
    }

    fn leaf(&mut self, node: Node<'_>, leaf: Leaf) -> Result<Root> {
        let plan = &mut self.plan;
        Ok(match leaf {
            Leaf::Input => {
                let given = self.recorder.fed(node.id()).map(|x| x.iter().map(|&x| F::of(x)).collect());
                plan.inputs.push(slot(node, given)?);
                Root::Input(plan.inputs.len() - 1)
            }
            Leaf::Index => {
                plan.indices.push(slot(node, self.recorder.fed_indices(node.id()).map(<[usize]>::to_vec))?);
                Root::Index(plan.indices.len() - 1)
            }
            Leaf::Parameter => {
                let name = node.name().unwrap_or_default().to_owned();
                plan.parameters.push(ParameterSlot { name, shape: node.shape().into(), place: 0 });
                Root::State(plan.parameters.len() - 1)
            }
            Leaf::Constant => {
                let exact = node.constant().unwrap_or_default();
                let values: Vec<F> = exact.iter().map(|&x| F::of(x)).collect();
                if let Some(x) = exact.iter().zip(&values).find(|(x, y)| x.is_finite() && !y.is_finite()) {
                    return Err(Error::Argument {
                        what: "compile",
                        problem: format!("constant {} of {} is infinite in {}", x.0, node.id(), F::NAME),
                    });
                }
                plan.constants.push(values);
                Root::Constant(plan.constants.len() - 1)
            }
        })
    }

    fn buffer(&mut self, shape: &[usize]) -> usize {
        self.buffers.push(crate::shape::size(shape));
        self.buffers.len() - 1
    }

    fn push(&mut self, node: NodeId, work: Work, reads: Vec<NodeId>, operands: Vec<Operand>) -> Place {
        let shape = self.recorder.graph.node(node).shape();
        let buffer = self.buffer(shape);
        let (target, result) = (Target::Arena(buffer), Root::Arena(buffer));
        let places = operands.iter().filter_map(Operand::place);
        let roots = places.map(|p| p.root).collect();
        let sizes = shape.into();
        self.plan.steps.push(Step { node, work, reads, roots, result, operands, target, shape: sizes });
        Place { root: Root::Arena(buffer), layout: Layout::contiguous(shape) }
    }

    fn step(&mut self, id: NodeId) -> Place {
        let graph = &self.recorder.graph;
        let node = graph.node(id);
        let op = graph.record(id).op.0 as usize;
        if self.recorder.ops[op].elementwise() {
            return self.elementwise_step(id);
        }
        let operand = |(i, &x): (usize, &NodeId)| match node.op().reads(i) {
            true => Operand::Place(self.places_of(x).clone()),
            false => Operand::Shape(graph.node(x).shape().into()),
        };
        let operands = node.inputs().iter().enumerate().map(operand).collect();
        self.push(id, Work::Kernel(op), node.inputs().to_vec(), operands)
    }

    fn elementwise_step(&mut self, last: NodeId) -> Place {
        let graph = &self.recorder.graph;
        let shape = graph.node(last).shape();
        let run = self.runs.ending_at(last, graph, &self.merged);
        let mut operands: Vec<NodeId> = Vec::new();
        let mut program = Vec::new();
        for &id in &run {
            let arg = |&x: &NodeId| {
                let x = self.merged.of(x);
                if let Ok(k) = run.binary_search(&x) {
                    return Arg::Result(k);
                }
                let k = operands.iter().position(|&o| o == x).unwrap_or_else(|| {
                    operands.push(x);
                    operands.len() - 1
                });
                Arg::Operand(k)
            };
            let args = graph.node(id).inputs().iter().map(arg).collect();
            program.push(Instruction { op: graph.record(id).op.0 as usize, args });
        }
        let places = operands
            .iter()
            .map(|x| {
                let place = &self.places[x];
                Operand::Place(Place { root: place.root, layout: place.layout.broadcast(shape) })
            })
            .collect();
        self.push(last, Work::Elementwise(program), operands, places)
    }

    /// Where a node's numbers are until the next run: not in the state, which updates change.
    fn kept(&mut self, id: NodeId) -> Place {
        let place = self.places_of(id).clone();
        if !matches!(place.root, Root::State(_)) {
            return place;
        }
        let kept = self.push(id, Work::Copy, vec![id], vec![Operand::Place(place)]);
        // State is read before anything is written to it.
        self.plan.steps.rotate_right(1);
        kept
    }

    fn finish(mut self) -> Result<Plan<F>> {
        self.write_in_place();
        self.assign()?;
        let plan = &mut self.plan;
        // Room for the blocks of the longest run, so that no run has to make it.
        let runs = plan.steps.iter().filter(|s| matches!(s.work, Work::Elementwise(_)));
        let needed =
            runs.map(|s| scratch_len(s.operands.len() + s.ops().count(), crate::shape::size(&s.shape))).max();
        plan.scratch = vec![F::zero(); needed.unwrap_or(0)];
        Ok(self.plan)
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
            None => room::filled("compile", crate::shape::size(node.shape()), T::default())?,
        },
    })
}
