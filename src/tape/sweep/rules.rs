//! The sweep through all that is no scalar function: recorded rules, walked with arrays in the place of nodes.

use crate::error::{Error, Result};
use crate::graph::{Kind, NodeId};
use crate::kernel::Output;
use crate::shape::{Layout, size};
use crate::tape::cotangents::{Cotangents, Piece, State};
use crate::tape::recorder::Recorder;
use crate::tape::rule::{Content, Made, OpRules, Part};
use crate::tape::run::{Operands, run};
use smallvec::SmallVec;

impl Recorder {
    /// Hands a node's cotangent on to its operands by its recorded rules.
    pub(super) fn pull_rules(&mut self, c: &mut Cotangents, id: NodeId) -> Result<()> {
        let inputs: SmallVec<[NodeId; 4]> = self.graph.node(id).inputs().into();
        if inputs.iter().all(|x| c.state[x.index()] == State::Out) {
            return Ok(());
        }
        let rules = self.rules_of(id)?;
        for (operand, &input) in inputs.iter().enumerate() {
            if c.state[input.index()] == State::Out {
                continue;
            }
            self.differentiable(&rules[operand], id, operand)?;
            if let Some(part) = self.interpret(c, &rules, operand, id)? {
                c.add(&self.graph, &self.values, input, part)?;
            }
        }
        Ok(())
    }

    /// What a rule gives, as numbers.
    fn interpret(
        &mut self,
        c: &mut Cotangents,
        rules: &OpRules,
        operand: usize,
        id: NodeId,
    ) -> Result<Option<Piece>> {
        let Some(dy) = c.piece(&self.graph, id) else { return Ok(None) };
        let inputs = self.graph.node(id).inputs();
        c.at_work.clear();
        c.at_work.extend(inputs.iter().map(|&x| Piece::Node(x)));
        c.at_work.extend([Piece::Node(id), dy]);
        let given = c.at_work.len();
        let mut slots = std::mem::take(&mut c.walked);
        slots.clear();
        slots.extend(0..given);
        let result = rules[operand].walk(&mut slots, |part| {
            let piece = self.piece_of(c, &part, id)?;
            c.at_work.push(piece);
            Ok(c.at_work.len() - 1)
        });
        c.walked = slots;
        let Some(result) = result? else { return Ok(None) };
        let mut piece = c.at_work[result].clone();
        match piece {
            Piece::Buffer(k, _) => c.pool.share(k),
            Piece::Node(node) | Piece::Part(node, _) => {
                self.evaluate(node)?;
                let located = piece.locate(&self.graph, &self.values, &c.pool);
                if located.layout.shape.is_empty() {
                    piece = Piece::Number(located.data[located.layout.offset]);
                }
            }
            Piece::Number(_) | Piece::Indices(..) => {}
        }
        while c.at_work.len() > given {
            if let Some(Piece::Buffer(k, _)) = c.at_work.pop() {
                c.pool.release(k);
            }
        }
        Ok(Some(piece))
    }

    /// What a node of a rule gives on the pieces before it.
    fn piece_of(&mut self, c: &mut Cotangents, part: &Part<'_, usize>, id: NodeId) -> Result<Piece> {
        let shape = &*part.node.shape;
        let len = size(shape);
        let x = match part.content {
            Content::Constant(numbers) => {
                if shape.is_empty() {
                    return Ok(Piece::Number(numbers[0]));
                }
                let k = c.pool.take(len)?;
                let mut buffer = c.pool.lend(k);
                buffer.copy_from_slice(numbers);
                c.pool.put_back(k, buffer);
                return Ok(Piece::Buffer(k, Layout::contiguous(shape)));
            }
            Content::Inputs(x) => x,
        };
        let op = match &part.node.content {
            Made::Op(op) => op,
            Made::Leaf(_) | Made::Constant(_) => return Err(self.leaf_in_rule(id)),
        };
        let elementwise = op.elementwise();
        for (operand, &slot) in x.iter().enumerate() {
            if let Piece::Node(node) | Piece::Part(node, _) = c.at_work[slot]
                && (elementwise || op.reads(operand))
            {
                self.evaluate(node)?;
            }
        }
        let Self { graph, values, .. } = self;
        let refused = |problem| {
            let problem = format!("in its derivative, {} refuses: {problem}", op.name());
            graph.refused("sweep", id, problem)
        };
        if let (false, Some(&first)) = (elementwise, x.first())
            && let Some(layout) = op.view(&c.at_work[first].locate(graph, values, &c.pool).layout, shape)
        {
            let of = c.at_work[first].clone();
            if shape.is_empty() && part.node.kind == Kind::Real {
                return Ok(Piece::Number(of.locate(graph, values, &c.pool).data[layout.offset]));
            }
            return Ok(match of {
                Piece::Indices(indices, _) => Piece::Indices(indices, layout),
                Piece::Node(node) | Piece::Part(node, _) => Piece::Part(node, layout),
                Piece::Buffer(k, _) => {
                    c.pool.share(k);
                    Piece::Buffer(k, layout)
                }
                Piece::Number(number) => Piece::Buffer(c.pool.one(number)?, layout),
            });
        }
        if part.node.kind == Kind::Index {
            let mut indices = crate::room::filled("sweep", len, 0)?;
            let x: Operands<'_> = x.iter().map(|&x| c.at_work[x].locate(graph, values, &c.pool)).collect();
            let done = run(&**op, x, Output::of_indices(&mut indices, shape), &mut Vec::new());
            done.map_err(refused)?;
            return Ok(Piece::Indices(indices.into(), Layout::contiguous(shape)));
        }
        let (mut number, mut lent) = ([0.0], None);
        if !shape.is_empty() {
            let k = c.pool.take(len)?;
            lent = Some((k, c.pool.lend(k)));
        }
        let y = lent.as_mut().map_or(&mut number[..], |(_, buffer)| &mut buffer[..]);
        let mut scratch = std::mem::take(&mut c.scratch);
        let done = {
            let x: Operands<'_> = x.iter().map(|&x| c.at_work[x].locate(graph, values, &c.pool)).collect();
            run(&**op, x, Output::new(y, shape), &mut scratch)
        };
        c.scratch = scratch;
        done.map_err(refused)?;
        Ok(match lent {
            None => Piece::Number(number[0]),
            Some((k, buffer)) => {
                c.pool.put_back(k, buffer);
                Piece::Buffer(k, Layout::contiguous(shape))
            }
        })
    }

    /// The error for a rule that looks for a leaf besides its operands.
    fn leaf_in_rule(&self, id: NodeId) -> Error {
        let node = self.graph.node(id);
        Error::NoValue {
            what: "sweep",
            leaf: format!("a leaf in the rule of {}", self.graph.describe(id)),
            remedy: "write the rule with the operands, the result, its cotangent and constants".to_owned(),
            location: node.place(),
        }
    }
}
