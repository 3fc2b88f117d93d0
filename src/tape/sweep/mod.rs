//! The reverse sweep in numbers: the rules of each node computed at once on its operands' values, nothing recorded.
//!
//! The numbers are those of the recorded gradient, bit for bit: the same rules, by the same functions, added up in the
//! same order.

mod arrays;
mod numbers;
mod rules;

use super::cotangents::{Cotangents, Piece, State, is_none};
use super::evaluate::shaped;
use super::recorder::Recorder;
use super::rule::RuleGraph;
use crate::error::{Error, Result};
use crate::graph::{Kind, NodeId, ShapeIndex};
use crate::kernel::gather;
use crate::shape::{Layout, size};
use ndarray::ArrayD;
use smallvec::SmallVec;

impl Recorder {
    /// The gradients of `output`, which has one element, with respect to `vars`.
    pub(crate) fn sweep(&mut self, output: NodeId, vars: &[NodeId]) -> Result<Vec<ArrayD<f64>>> {
        let mut cotangents = std::mem::take(&mut self.cotangents);
        let gradients = self.sweep_in(&mut cotangents, output, vars);
        cotangents.finish();
        self.cotangents = cotangents;
        gradients
    }

    fn sweep_in(&mut self, c: &mut Cotangents, output: NodeId, vars: &[NodeId]) -> Result<Vec<ArrayD<f64>>> {
        let first = vars.iter().min().map_or(output.index() + 1, |var| var.index());
        c.begin(output.index());
        // Where the output has a value, so has everything that it is computed from. Where it has none, as with a
        // leaf that was not fed, the gradients may still do without: then each rule says what it reads.
        // A value that an op refuses to compute has no gradient.
        let complete = match self.evaluate(output) {
            Err(refusal @ Error::Refused { .. }) => return Err(refusal),
            evaluated => evaluated.is_ok(),
        };
        if !complete {
            self.mark(c, first, vars);
            self.look_through(c, output, first)?;
        }
        let shape = self.graph.node(output).shape();
        if shape.is_empty() {
            c.set(output, Piece::Number(1.0));
        } else {
            self.mark(c, first, vars);
            let one = c.pool.one(1.0)?;
            c.set(output, Piece::Buffer(one, Layout::contiguous(&[]).broadcast(shape)));
        }
        let mut below = output.index() + 1;
        while below > first {
            let mut id = NodeId::new(below - 1);
            if self.graph.record(id).shape == ShapeIndex::SCALAR {
                match self.pull_numbers(c, first..below, complete) {
                    Some(next) => id = next,
                    None => break,
                }
            }
            self.mark(c, first, vars);
            below = id.index();
            if complete {
                let next = self.pull_arrays(c, first..below + 1, vars)?;
                if next <= below {
                    below = next;
                    continue;
                }
            }
            let unreached = c.state[below] == State::Open && is_none(c.slots[below]);
            if c.state[below] == State::Out || unreached || self.graph.record(id).op.is_leaf() {
                continue;
            }
            self.pull_rules(c, id)?;
            if !vars.contains(&id) {
                c.release(id);
            }
        }
        vars.iter().map(|&var| self.gradient(c, var, output)).collect()
    }

    /// Opens the nodes between the vars, of which none comes before `first`, and the output, and no others, unless that
    /// is done.
    fn mark(&self, c: &mut Cotangents, first: usize, vars: &[NodeId]) {
        if !c.state.is_empty() {
            return;
        }
        c.state.resize(c.slots.len(), State::Out);
        for var in vars {
            if let Some(state) = c.state.get_mut(var.index()) {
                *state = State::Open;
            }
        }
        self.spread(&mut c.state, State::Open, first);
    }

    /// Marks every node that depends on a marked one; the nodes before `first` do not.
    // Inlined, so that a comparison with a mark that is known is one of small numbers.
    #[inline(always)]
    pub(crate) fn spread<M: Copy + PartialEq>(&self, marks: &mut [M], mark: M, first: usize) {
        let records = &self.graph.records()[..marks.len()];
        let marks = &mut marks[..records.len()];
        for i in first..records.len() {
            let record = &records[i];
            // No derivative goes through indices.
            if record.shape.kind() == Kind::Index {
                continue;
            }
            let depends = match self.facts[record.op.0 as usize].arity {
                0 => false,
                1 | 2 => record.pair().iter().any(|x| marks[x.index()] == mark),
                _ => self.graph.node(NodeId::new(i)).inputs().iter().any(|&x| marks[x.index()] == mark),
            };
            if depends {
                marks[i] = mark;
            }
        }
    }

    /// Asks the rules of all nodes on the way, in the order of the sweep, whether they can be differentiated.
    fn look_through(&mut self, c: &Cotangents, output: NodeId, first: usize) -> Result<()> {
        let mut reached = vec![false; output.index() + 1];
        reached[output.index()] = true;
        for id in
            (first..reached.len()).rev().map(NodeId::new).filter(|id| c.state[id.index()] == State::Open)
        {
            let inputs: SmallVec<[NodeId; 4]> = self.graph.node(id).inputs().into();
            if !reached[id.index()] || !inputs.iter().any(|x| c.state[x.index()] == State::Open) {
                continue;
            }
            let rules = self.rules_of(id)?;
            for (operand, x) in inputs.iter().enumerate().filter(|(_, x)| c.state[x.index()] == State::Open) {
                self.differentiable(&rules[operand], id, operand)?;
                reached[x.index()] |= matches!(rules[operand], RuleGraph::Nodes { .. });
            }
        }
        Ok(())
    }

    /// A gradient as an array of its own: of zeros, if nothing was handed on to the var.
    fn gradient(&self, c: &Cotangents, var: NodeId, output: NodeId) -> Result<ArrayD<f64>> {
        let shape = self.graph.node(var).shape();
        let mut numbers = crate::room::filled("gradient", size(shape), 0.0)?;
        let reached = var <= output;
        if let Some(piece) = reached.then(|| c.piece(&self.graph, var)).flatten() {
            gather(piece.locate(&self.graph, &self.values, &c.pool).view(), 0, &mut numbers);
        }
        Ok(shaped(shape, numbers))
    }
}
