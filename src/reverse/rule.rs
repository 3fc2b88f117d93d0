//! Derivative rules as small graphs over `x0…, y, dy`.

use crate::error::{Error, Result};
use crate::graph::{Graph, Kind, Leaf, NodeId, OpIndex, ShapeIndex};
use crate::tape::Op;
use smallvec::SmallVec;
use std::cell::Cell;
use std::sync::Arc;

/// The rules of an op for operands of some shapes.
#[derive(Debug)]
pub(crate) struct OpRules {
    /// One for each operand.
    pub(super) operands: Vec<RuleGraph>,
    /// Whether the ops and shapes of their nodes are in the tape's tables.
    pub(super) placed: Cell<bool>,
}

impl std::ops::Index<usize> for OpRules {
    type Output = RuleGraph;

    fn index(&self, operand: usize) -> &RuleGraph {
        &self.operands[operand]
    }
}

/// The VJP for one operand.
#[derive(Debug)]
pub(crate) enum RuleGraph {
    Zero,
    NotDifferentiable,
    Nodes {
        nodes: Vec<RuleNode>,
        /// Which slot holds the operand's cotangent.
        result: usize,
    },
}

/// A node of a rule. Slots are numbered: operands, then `y`, then `dy`, then the rule's nodes in order.
#[derive(Debug)]
pub(crate) struct RuleNode {
    pub(super) value: RuleValue,
    pub(super) shape: Box<[usize]>,
    pub(super) kind: Kind,
    pub(super) inputs: Box<[usize]>,
    /// The op and the shape by their places in the tape's tables, from when the rule is first recorded there.
    pub(super) placed: Cell<(OpIndex, ShapeIndex)>,
}

/// What a node of a rule is worth.
#[derive(Debug)]
pub(super) enum RuleValue {
    /// An op's result, on the node's inputs.
    Op(Arc<dyn Op>),
    /// A leaf other than the operands, the result and its cotangent: rules have none, unless a user's op makes one.
    Leaf(Leaf),
    Constant(Vec<f64>),
}

impl RuleNode {
    pub(crate) fn op(&self) -> OpIndex {
        self.placed.get().0
    }

    pub(crate) fn shape(&self) -> ShapeIndex {
        self.placed.get().1
    }
}

/// A node of a rule as it is evaluated or recorded: with its inputs as the evaluator has them.
pub(crate) struct RuleStep<'a, S> {
    pub(crate) node: &'a RuleNode,
    pub(crate) inputs: RuleInputs<'a, S>,
}

/// What a node of a rule is made from.
pub(crate) enum RuleInputs<'a, S> {
    Constant(&'a [f64]),
    Slots(&'a [S]),
}

impl RuleGraph {
    /// Evaluates the rule: `evaluate` gives what each node becomes, in order, and the result is what the operand's
    /// cotangent became; `None` for a structural zero. `slots` begins with the operands, the result and its cotangent.
    ///
    /// # Errors
    ///
    /// The first that `evaluate` gives.
    #[inline]
    pub(super) fn walk<S: Copy, E>(
        &self,
        slots: &mut Vec<S>,
        mut evaluate: impl FnMut(RuleStep<'_, S>) -> Result<S, E>,
    ) -> Result<Option<S>, E> {
        let Self::Nodes { nodes, result } = self else { return Ok(None) };
        for node in nodes {
            let (one, two, more): ([S; 1], [S; 2], SmallVec<[S; 4]>);
            let inputs = match (&node.value, &*node.inputs) {
                (RuleValue::Constant(numbers), _) => RuleInputs::Constant(numbers),
                (_, &[]) => RuleInputs::Slots(&[]),
                (_, &[a]) => {
                    one = [slots[a]];
                    RuleInputs::Slots(&one)
                }
                (_, &[a, b]) => {
                    two = [slots[a], slots[b]];
                    RuleInputs::Slots(&two)
                }
                (_, all) => {
                    more = all.iter().map(|&slot| slots[slot]).collect();
                    RuleInputs::Slots(&more)
                }
            };
            slots.push(evaluate(RuleStep { node, inputs })?);
        }
        Ok(Some(slots[*result]))
    }

    /// That the operand of a node, whose rule this is, has a derivative.
    #[inline]
    pub(super) fn differentiable(&self, graph: &Graph, node: NodeId, operand: usize) -> Result<()> {
        if !matches!(self, Self::NotDifferentiable) {
            return Ok(());
        }
        let at = graph.node(node);
        Err(Error::NotDifferentiable {
            op: at.op().to_string(),
            node: graph.describe(node),
            operand,
            location: at.place(),
        })
    }
}
