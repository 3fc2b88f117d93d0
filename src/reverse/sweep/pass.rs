//! The order of work of a sweep: from the output down, each node by the fastest loop that takes it.

use super::cotangents::{Adjoint, Cotangents, Piece, is_none};
use crate::base::shape::{Layout, size};
use crate::error::{Error, Result};
use crate::graph::{NodeId, ShapeIndex};
use crate::kernel::gather;
use crate::reverse::rule::RuleGraph;
use crate::reverse::rules::Rules;
use crate::tape::{Recorder, shaped};
use ndarray::ArrayD;
use smallvec::SmallVec;

/// A reverse pass in numbers.
pub(super) struct Sweep<'r> {
    pub(super) recorder: &'r mut Recorder,
    pub(super) rules: &'r mut Rules,
    pub(super) c: &'r mut Cotangents,
}

impl Sweep<'_> {
    /// The gradients of `output`, which has one element, with respect to `vars`.
    pub(super) fn run(&mut self, output: NodeId, vars: &[NodeId]) -> Result<Vec<ArrayD<f64>>> {
        let first = vars.iter().min().map_or(output.index() + 1, |var| var.index());
        self.c.begin(output.index());
        // Where the output has a value, so has everything that it is computed from. Where it has none, as with a
        // leaf that was not fed, the gradients may still do without: then each rule says what it reads.
        // A value that an op refuses to compute has no gradient.
        let complete = match self.recorder.evaluate(output) {
            Err(refusal @ Error::Refused { .. }) => return Err(refusal),
            evaluated => evaluated.is_ok(),
        };
        if !complete {
            self.activate(first, vars);
            self.check_rules(output, first)?;
        }
        if self.recorder.graph.record(output).shape == ShapeIndex::SCALAR {
            self.c.set(output, Piece::Number(1.0));
        } else {
            self.activate(first, vars);
            let shape = self.recorder.graph.node(output).shape();
            let one = self.c.pool.one(1.0)?;
            self.c.set(output, Piece::Buffer(one, Layout::contiguous(&[]).broadcast(shape)));
        }
        let mut below = output.index() + 1;
        while below > first {
            let mut id = NodeId::new(below - 1);
            if self.recorder.graph.record(id).shape == ShapeIndex::SCALAR {
                match self.propagate_numbers(first..below, complete) {
                    Some(next) => id = next,
                    None => break,
                }
            }
            self.activate(first, vars);
            below = id.index();
            if complete {
                let next = self.propagate_arrays(first..below + 1, vars)?;
                if next <= below {
                    below = next;
                    continue;
                }
            }
            let unreached = self.c.adjoints[below] == Adjoint::Number && is_none(self.c.slots[below]);
            if self.c.adjoints[below] == Adjoint::Inactive
                || unreached
                || self.recorder.graph.record(id).op.is_leaf()
            {
                continue;
            }
            self.propagate_by_rules(id)?;
            if !vars.contains(&id) {
                self.c.release(id);
            }
        }
        vars.iter().map(|&var| self.gradient(var, output)).collect()
    }

    /// Activates the nodes between the vars, of which none comes before `first`, and the output, and no others, unless that
    /// is done.
    fn activate(&mut self, first: usize, vars: &[NodeId]) {
        if !self.c.adjoints.is_empty() {
            return;
        }
        self.c.adjoints.resize(self.c.slots.len(), Adjoint::Inactive);
        for var in vars {
            if let Some(state) = self.c.adjoints.get_mut(var.index()) {
                *state = Adjoint::Number;
            }
        }
        self.recorder.graph.mark_descendants(&mut self.c.adjoints, Adjoint::Number, first);
    }

    /// That all rules on the way have a derivative, in the order of the sweep.
    fn check_rules(&mut self, output: NodeId, first: usize) -> Result<()> {
        let mut reached = vec![false; output.index() + 1];
        reached[output.index()] = true;
        for id in (first..reached.len())
            .rev()
            .map(NodeId::new)
            .filter(|id| self.c.adjoints[id.index()] == Adjoint::Number)
        {
            let inputs: SmallVec<[NodeId; 4]> = self.recorder.graph.node(id).inputs().into();
            if !reached[id.index()] || !inputs.iter().any(|x| self.c.adjoints[x.index()] == Adjoint::Number) {
                continue;
            }
            let rules = self.rules.of(self.recorder, id)?;
            for (operand, x) in
                inputs.iter().enumerate().filter(|(_, x)| self.c.adjoints[x.index()] == Adjoint::Number)
            {
                rules[operand].differentiable(&self.recorder.graph, id, operand)?;
                reached[x.index()] |= matches!(rules[operand], RuleGraph::Nodes { .. });
            }
        }
        Ok(())
    }

    /// A gradient as an array of its own; zeros where the var has no cotangent.
    fn gradient(&self, var: NodeId, output: NodeId) -> Result<ArrayD<f64>> {
        let shape = self.recorder.graph.node(var).shape();
        let mut numbers = crate::base::alloc::filled("gradient", size(shape), 0.0)?;
        let reached = var <= output;
        if let Some(piece) = reached.then(|| self.c.piece(&self.recorder.graph, var)).flatten() {
            gather(
                piece.locate(&self.recorder.graph, &self.recorder.values, &self.c.pool).view(),
                0,
                &mut numbers,
            );
        }
        Ok(shaped(shape, numbers))
    }
}
