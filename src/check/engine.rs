//! The recorded backward graph against the rules that it should be made of: every cotangent the sum of what its
//! consumers hand on, each by its rule.

use crate::check::report::fault::{Fault, Stage};
use crate::error::Result;
use crate::graph::{Graph, Leaf, NodeId, OpIndex};
use crate::ops::BroadcastLike;
use crate::plan::{Held, Merged};
use crate::reverse::{GatheredSlices, RuleInputs, RuleStep};
use crate::tape::{Recorder, Var};
use smallvec::SmallVec;
use std::any::Any;

/// What is known of the backward graph of some gradients.
pub(super) struct Backward {
    /// For every node up to the output, its recorded cotangent, as far as it could be followed.
    pub(super) cotangents: Vec<Option<NodeId>>,
    /// Whether any of it was recorded by rules at all.
    pub(super) by_rules: bool,
    /// Where the recorded graph is not what the rules would have recorded.
    pub(super) fault: Option<Fault>,
}

/// A backward graph on its way to being followed.
struct Follow<'r> {
    recorder: &'r mut Recorder,
    merged: Merged,
    cotangents: Vec<Option<NodeId>>,
    /// What each node gets from its consumers.
    parts: Vec<SmallVec<[NodeId; 2]>>,
    /// Those of slices, which are added up together: until then the first stands for all.
    slices: GatheredSlices,
    /// Which nodes the gradients are computed from.
    used: Vec<bool>,
}

/// Follows the backward graph from the output to the gradients of `leaves`, which nodes `gradients` are said to be.
pub(super) fn follow(loss: Var<'_>, leaves: &[Var<'_>], gradients: &[Var<'_>]) -> Result<Backward> {
    let mut recorder = loss.tape().try_write("check")?;
    let end = loss.id().index();
    let matters = matters(&mut recorder, end, leaves)?;
    let graph = &recorder.graph;
    let merged = Merged::new(graph, graph.ids(), &Held::default(), |_| false);
    let ancestors = graph.ancestors(gradients.iter().map(|g| g.id()));
    let mut used = vec![false; graph.len()];
    for id in graph.ids().filter(|id| ancestors[id.index()]) {
        used[merged.of(id).index()] = true;
    }
    let mut follow = Follow {
        recorder: &mut recorder,
        merged,
        used,
        cotangents: vec![None; end + 1],
        parts: vec![SmallVec::new(); end + 1],
        slices: GatheredSlices::default(),
    };
    follow.cotangents[end] = follow.seed(loss.id());
    let fault = follow.run(&matters)?;
    let mut arrivals = leaves.iter().zip(gradients);
    let fault = fault.or_else(|| {
        let elsewhere = arrivals.find_map(|(leaf, gradient)| follow.arrived(leaf.id(), gradient.id()))?;
        Some(follow.unfinished().unwrap_or(elsewhere))
    });
    let by_rules = follow.parts.iter().any(|parts| !parts.is_empty());
    Ok(Backward { cotangents: follow.cotangents, by_rules, fault })
}

/// Which nodes a derivative of the output with respect to a leaf goes through.
fn matters(recorder: &mut Recorder, end: usize, leaves: &[Var<'_>]) -> Result<Vec<bool>> {
    let mut matters = vec![false; end + 1];
    for leaf in leaves.iter().filter(|leaf| leaf.id().index() <= end) {
        matters[leaf.id().index()] = true;
    }
    let read = recorder.graph.read_by([NodeId::new(end)]);
    for id in (0..=end).filter(|&i| read[i]).map(NodeId::new) {
        for operand in 0..recorder.graph.node(id).inputs().len() {
            let input = recorder.graph.node(id).inputs()[operand];
            if !matters[id.index()] && matters[input.index()] {
                matters[id.index()] = recorder.has_rule(id, operand)?;
            }
        }
    }
    // Of these, what the output hands something on to: not what lies behind a rule that is zero.
    let mut reached = vec![false; end + 1];
    reached[end] = true;
    for id in (0..=end).rev().map(NodeId::new) {
        reached[id.index()] &= matters[id.index()];
        if !reached[id.index()] {
            continue;
        }
        for operand in 0..recorder.graph.node(id).inputs().len() {
            let input = recorder.graph.node(id).inputs()[operand];
            if !reached[input.index()] {
                reached[input.index()] = recorder.has_rule(id, operand)?;
            }
        }
    }
    Ok(reached)
}

impl Follow<'_> {
    /// The cotangent of the output with respect to itself: 1, of its shape.
    fn seed(&self, output: NodeId) -> Option<NodeId> {
        let graph = &self.recorder.graph;
        let scalar = crate::graph::ShapeIndex::SCALAR;
        let one = self.merged.find_constant(graph, Leaf::Constant.op(), scalar, &[1.0])?;
        if graph.node(output).shape().is_empty() {
            return Some(one);
        }
        let stretched = |n: &crate::graph::Node<'_>| {
            (self.recorder.op(n.id()) as &dyn Any).is::<BroadcastLike>()
                && self.merged.of(n.inputs()[0]) == one
                && n.inputs()[1] == output
        };
        graph.nodes().find(stretched).map(|n| self.merged.of(n.id()))
    }

    fn run(&mut self, matters: &[bool]) -> Result<Option<Fault>> {
        for id in (0..matters.len()).rev().filter(|&i| matters[i]).map(NodeId::new) {
            if let Some(fault) = self.add_up(id) {
                return Ok(Some(fault));
            }
            let inputs = self.recorder.graph.node(id).inputs().to_vec();
            let leads: Vec<usize> = (0..inputs.len()).filter(|&i| matters[inputs[i].index()]).collect();
            if leads.is_empty() {
                continue;
            }
            let Some(dy) = self.cotangents[id.index()] else {
                return Ok(Some(
                    self.missing(id, "no cotangent of it was recorded that the gradients are computed from"),
                ));
            };
            for operand in leads {
                if !self.recorder.has_rule(id, operand)? {
                    continue;
                }
                if let Some(fault) = self.operand(id, operand, inputs[operand], dy)? {
                    return Ok(Some(fault));
                }
            }
        }
        Ok(None)
    }

    /// Follows the rule of one operand, and adds what it hands on.
    fn operand(&mut self, id: NodeId, operand: usize, input: NodeId, dy: NodeId) -> Result<Option<Fault>> {
        let Self { recorder, merged, .. } = self;
        let find = |graph: &Graph, part: RuleStep<'_, NodeId>| match part.inputs {
            RuleInputs::Constant(numbers) => {
                merged.find_constant(graph, part.node.op(), part.node.shape(), numbers)
            }
            RuleInputs::Slots(inputs) => merged.find(graph, part.node.op(), part.node.shape(), inputs),
        };
        let Some(found) = recorder.find_rule(id, operand, dy, find)? else {
            let mut fault = self.missing(id, "its rule for this operand was not recorded on its cotangent");
            fault.operand = Some(operand);
            return Ok(Some(fault));
        };
        let part = self.merged.of(found);
        let place = input.index();
        self.parts[place].push(part);
        let Some(sum) = self.cotangents[place] else {
            self.cotangents[place] = Some(part);
            return Ok(None);
        };
        let Self { recorder, merged, slices, .. } = self;
        if slices.gather(recorder, |id| merged.of(id), input, sum, part) {
            return Ok(None);
        }
        if let Some(fault) = self.add_up(input) {
            return Ok(Some(fault));
        }
        let sum = self.cotangents[place].unwrap_or(sum);
        let op = self.recorder.sum_op();
        Ok(self.sum(input, op, &[sum, part]))
    }

    /// Takes the sum of what slices of a node hand on as its cotangent, if there are several.
    fn add_up(&mut self, node: NodeId) -> Option<Fault> {
        let (op, inputs) = self.slices.sum(self.recorder, node)?;
        self.sum(node, op, &inputs)
    }

    /// Takes a recorded sum as the cotangent of a node; what is wrong if there is none.
    fn sum(&mut self, node: NodeId, op: OpIndex, inputs: &[NodeId]) -> Option<Fault> {
        let graph = &self.recorder.graph;
        let found = self.merged.find(graph, op, graph.record(node).shape, inputs);
        if found.is_some() {
            self.cotangents[node.index()] = found;
            return None;
        }
        let parts = &self.parts[node.index()];
        let (last, before) = (parts.last().copied().unwrap_or(node), self.cotangents[node.index()]);
        let problem = format!(
            "its cotangent is not the sum of what its consumers hand on: {} and {}, contributions 1 to {} and {}, were not \
             added up",
            graph.describe(before.unwrap_or(node)),
            graph.describe(last),
            parts.len() - 1,
            parts.len(),
        );
        let mut fault = self.missing(node, &problem);
        fault.hint = Some("a term is missing, or counted twice".to_owned());
        Some(fault)
    }

    /// That the gradient said to be a leaf's is its cotangent.
    fn arrived(&self, leaf: NodeId, gradient: NodeId) -> Option<Fault> {
        let graph = &self.recorder.graph;
        let expected = *self.cotangents.get(leaf.index())?;
        let given = self.merged.of(gradient);
        match expected {
            Some(cotangent) if cotangent != given => {
                let problem = format!(
                    "its gradient is said to be {}, and what its consumers hand on is {}",
                    graph.describe(gradient),
                    graph.describe(cotangent)
                );
                Some(self.missing(leaf, &problem))
            }
            _ => None,
        }
    }

    /// The first node of which the gradients use what one consumer hands on, and not the sum of all.
    fn unfinished(&self) -> Option<Fault> {
        let graph = &self.recorder.graph;
        self.parts.iter().enumerate().find_map(|(i, parts)| {
            let sum = self.cotangents[i].filter(|sum| !self.used[sum.index()] && parts.len() > 1)?;
            let used: Vec<&NodeId> = parts.iter().filter(|part| self.used[part.index()]).collect();
            let first = used.first()?;
            let problem = format!(
                "its cotangent is {}, the sum over its {} consumers, and the gradients are computed from {}",
                graph.describe(sum),
                parts.len(),
                graph.describe(**first)
            );
            let mut fault = self.missing(NodeId::new(i), &problem);
            fault.hint =
                Some(format!("{} of {} terms is missing", parts.len() - used.len().min(1), parts.len()));
            Some(fault)
        })
    }

    fn missing(&self, node: NodeId, problem: &str) -> Fault {
        Fault::new(Stage::Engine, &self.recorder.graph, node, None, problem.to_owned())
    }
}
