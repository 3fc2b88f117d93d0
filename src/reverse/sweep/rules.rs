//! The general way of a sweep: recorded rules, evaluated with arrays in the place of nodes.

use super::cotangents::{Adjoint, Cotangents, Piece};
use super::pass::Sweep;
use crate::base::shape::{Layout, size};
use crate::error::{Error, Result};
use crate::eval::{Computation, Storage, compute};
use crate::graph::{Graph, NodeId};
use crate::reverse::rule::{OpRules, RuleInputs, RuleStep, RuleValue};
use crate::tape::{Op, OperandView, Operands, Recorder, Values};
use smallvec::SmallVec;

impl Sweep<'_> {
    /// Propagates a node's cotangent to its operands by its recorded rules.
    pub(super) fn propagate_by_rules(&mut self, id: NodeId) -> Result<()> {
        let inputs: SmallVec<[NodeId; 4]> = self.recorder.graph.node(id).inputs().into();
        if inputs.iter().all(|x| self.c.adjoints[x.index()] == Adjoint::Inactive) {
            return Ok(());
        }
        let rules = self.rules.of(self.recorder, id)?;
        for (operand, &input) in inputs.iter().enumerate() {
            if self.c.adjoints[input.index()] == Adjoint::Inactive {
                continue;
            }
            rules[operand].differentiable(&self.recorder.graph, id, operand)?;
            if let Some(part) = self.evaluate_rule(&rules, operand, id)? {
                self.c.accumulate(&self.recorder.graph, &self.recorder.values, input, part)?;
            }
        }
        Ok(())
    }

    /// Evaluates a rule to a piece.
    fn evaluate_rule(&mut self, rules: &OpRules, operand: usize, id: NodeId) -> Result<Option<Piece>> {
        let Some(dy) = self.c.piece(&self.recorder.graph, id) else { return Ok(None) };
        let inputs = self.recorder.graph.node(id).inputs();
        self.c.operands.clear();
        self.c.operands.extend(inputs.iter().map(|&x| Piece::Node(x)));
        self.c.operands.extend([Piece::Node(id), dy]);
        let given = self.c.operands.len();
        let mut slots = std::mem::take(&mut self.c.rule_slots);
        slots.clear();
        slots.extend(0..given);
        let result = rules[operand].walk(&mut slots, |step| {
            let piece = self.evaluate_step(&step, id)?;
            self.c.operands.push(piece);
            Ok(self.c.operands.len() - 1)
        });
        self.c.rule_slots = slots;
        let Some(result) = result? else { return Ok(None) };
        let mut piece = self.c.operands[result].clone();
        match piece {
            Piece::Buffer(k, _) => self.c.pool.share(k),
            Piece::Node(node) | Piece::View(node, _) => {
                self.recorder.evaluate(node)?;
                let located = piece.locate(&self.recorder.graph, &self.recorder.values, &self.c.pool);
                if located.layout.shape.is_empty() {
                    piece = Piece::Number(located.data[located.layout.offset]);
                }
            }
            Piece::Number(_) | Piece::Indices(..) => {}
        }
        while self.c.operands.len() > given {
            if let Some(Piece::Buffer(k, _)) = self.c.operands.pop() {
                self.c.pool.release(k);
            }
        }
        Ok(Some(piece))
    }

    /// Evaluates a node of a rule on the pieces before it.
    fn evaluate_step(&mut self, step: &RuleStep<'_, usize>, id: NodeId) -> Result<Piece> {
        let shape = &*step.node.shape;
        let len = size(shape);
        let x = match step.inputs {
            RuleInputs::Constant(numbers) => {
                if shape.is_empty() {
                    return Ok(Piece::Number(numbers[0]));
                }
                let k = self.c.pool.take(len)?;
                let mut buffer = self.c.pool.lend(k);
                buffer.copy_from_slice(numbers);
                self.c.pool.put_back(k, buffer);
                return Ok(Piece::Buffer(k, Layout::contiguous(shape)));
            }
            RuleInputs::Slots(x) => x,
        };
        let op = match &step.node.value {
            RuleValue::Op(op) => op,
            RuleValue::Leaf(_) | RuleValue::Constant(_) => {
                return Err(leaf_in_rule(&self.recorder.graph, id));
            }
        };
        let elementwise = op.elementwise();
        for (operand, &slot) in x.iter().enumerate() {
            if let Piece::Node(node) | Piece::View(node, _) = self.c.operands[slot]
                && (elementwise || op.reads(operand))
            {
                self.recorder.evaluate(node)?;
            }
        }
        let Self { recorder, c, .. } = self;
        let Recorder { graph, values, .. } = &**recorder;
        compute(
            &**op,
            shape,
            step.node.kind,
            &mut RuleEvaluation { graph, values, c, x, shape, id, op: &**op },
        )
    }
}

/// A node of a rule that is being evaluated, on the pieces before it.
struct RuleEvaluation<'r> {
    graph: &'r Graph,
    values: &'r Values,
    c: &'r mut Cotangents,
    /// The operands, by their places among the pieces.
    x: &'r [usize],
    shape: &'r [usize],
    /// The node whose rule it is.
    id: NodeId,
    op: &'r dyn Op,
}

impl Storage<f64> for RuleEvaluation<'_> {
    type Stored = Piece;
    const WHAT: &'static str = "sweep";

    fn first(&self) -> Option<OperandView<'_>> {
        let &x = self.x.first()?;
        Some(self.c.operands[x].locate(self.graph, self.values, &self.c.pool))
    }

    fn operands(&mut self) -> (Operands<'_>, &mut Vec<f64>) {
        let Self { graph, values, c, x, .. } = self;
        let Cotangents { operands, pool, scratch, .. } = &mut **c;
        (x.iter().map(|&x| operands[x].locate(graph, values, pool)).collect(), scratch)
    }

    fn view(&mut self, layout: Layout) -> Result<Piece> {
        Ok(match self.c.operands[self.x[0]].clone() {
            Piece::Indices(indices, _) => Piece::Indices(indices, layout),
            Piece::Node(node) | Piece::View(node, _) => Piece::View(node, layout),
            Piece::Buffer(k, _) => {
                self.c.pool.share(k);
                Piece::Buffer(k, layout)
            }
            Piece::Number(number) => Piece::Buffer(self.c.pool.one(number)?, layout),
        })
    }

    fn number(&mut self, number: f64) -> Result<Piece> {
        Ok(Piece::Number(number))
    }

    fn array(&mut self, len: usize, kernel: impl Computation<f64>) -> Result<Piece> {
        let k = self.c.pool.take(len)?;
        let mut y = self.c.pool.lend(k);
        let (x, scratch) = self.operands();
        let done = kernel(x, &mut y, scratch);
        self.c.pool.put_back(k, y);
        done.map_err(|problem| self.refused(problem))?;
        Ok(Piece::Buffer(k, Layout::contiguous(self.shape)))
    }

    fn indices(&mut self, indices: Vec<usize>) -> Result<Piece> {
        Ok(Piece::Indices(indices.into(), Layout::contiguous(self.shape)))
    }

    fn refused(&self, problem: String) -> Error {
        let problem = format!("in its derivative, {} refuses: {problem}", self.op.name());
        self.graph.refused(Self::WHAT, self.id, problem)
    }
}

/// The error for a rule that looks for a leaf besides its operands.
fn leaf_in_rule(graph: &Graph, id: NodeId) -> Error {
    let node = graph.node(id);
    Error::NoValue {
        what: "sweep",
        leaf: format!("a leaf in the rule of {}", graph.describe(id)),
        remedy: "write the rule with the operands, the result, its cotangent and constants".to_owned(),
        location: node.place(),
    }
}
