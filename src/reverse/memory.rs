//! What the reverse pass keeps with a tape from one call to the next.

use super::adjoint::AdjointState;
use super::rules::Rules;
use super::sweep::Cotangents;
use crate::graph::NodeId;

/// Rules, and lists that are kept for their memory.
#[derive(Debug, Default)]
pub(super) struct ReverseMemory {
    pub(super) rules: Rules,
    /// What a sweep works with.
    pub(super) cotangents: Cotangents,
    /// What a recorded pass knows of the nodes.
    pub(super) adjoints: Vec<AdjointState>,
    /// What a rule that is being recorded is put together from.
    pub(super) slots: Vec<NodeId>,
}
