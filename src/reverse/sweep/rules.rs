//! The sweep through all that is no scalar function: recorded rules, slots_of_rule with arrays in the place of nodes.

use super::cotangents::{Adjoint, Piece};
use super::pass::Sweep;
use crate::error::{Error, Result};
use crate::eval::run;
use crate::graph::{Graph, NodeId};
use crate::reverse::rule::{OpRules, RuleInputs, RuleStep, RuleValue};
use crate::shape::{Layout, size};
use crate::tape::{Operands, Recorder};
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
                self.c.add(&self.recorder.graph, &self.recorder.values, input, part)?;
            }
        }
        Ok(())
    }

    /// What a rule gives, as numbers.
    fn evaluate_rule(&mut self, rules: &OpRules, operand: usize, id: NodeId) -> Result<Option<Piece>> {
        let Some(dy) = self.c.piece(&self.recorder.graph, id) else { return Ok(None) };
        let inputs = self.recorder.graph.node(id).inputs();
        self.c.operands.clear();
        self.c.operands.extend(inputs.iter().map(|&x| Piece::Node(x)));
        self.c.operands.extend([Piece::Node(id), dy]);
        let given = self.c.operands.len();
        let mut slots = std::mem::take(&mut self.c.slots_of_rule);
        slots.clear();
        slots.extend(0..given);
        let result = rules[operand].walk(&mut slots, |step| {
            let piece = self.evaluate_step(&step, id)?;
            self.c.operands.push(piece);
            Ok(self.c.operands.len() - 1)
        });
        self.c.slots_of_rule = slots;
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
            Piece::Number(_) => {}
        }
        while self.c.operands.len() > given {
            if let Some(Piece::Buffer(k, _)) = self.c.operands.pop() {
                self.c.pool.release(k);
            }
        }
        Ok(Some(piece))
    }

    /// What a node of a rule gives on the pieces before it.
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
            RuleValue::Leaf(_) | RuleValue::Constant(_) => return Err(leaf_in_rule(&self.recorder.graph, id)),
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
        if let (false, Some(&first)) = (elementwise, x.first())
            && let Some(layout) = op.view(&c.operands[first].locate(graph, values, &c.pool).layout, shape)
        {
            let of = c.operands[first].clone();
            if shape.is_empty() {
                return Ok(Piece::Number(of.locate(graph, values, &c.pool).data[layout.offset]));
            }
            return Ok(match of {
                Piece::Node(node) | Piece::View(node, _) => Piece::View(node, layout),
                Piece::Buffer(k, _) => {
                    c.pool.share(k);
                    Piece::Buffer(k, layout)
                }
                Piece::Number(number) => Piece::Buffer(c.pool.one(number)?, layout),
            });
        }
        let (mut number, mut lent) = ([0.0], None);
        if !shape.is_empty() {
            let k = c.pool.take(len)?;
            lent = Some((k, c.pool.lend(k)));
        }
        let y = lent.as_mut().map_or(&mut number[..], |(_, buffer)| &mut buffer[..]);
        let mut scratch = std::mem::take(&mut c.scratch);
        let done = {
            let x: Operands<'_> = x.iter().map(|&x| c.operands[x].locate(graph, values, &c.pool)).collect();
            run(&**op, x, shape, y, &mut scratch)
        };
        c.scratch = scratch;
        done.map_err(|problem| {
            let problem = format!("in its derivative, {} refuses: {problem}", op.name());
            graph.refused("sweep", id, problem)
        })?;
        Ok(match lent {
            None => Piece::Number(number[0]),
            Some((k, buffer)) => {
                c.pool.put_back(k, buffer);
                Piece::Buffer(k, Layout::contiguous(shape))
            }
        })
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
