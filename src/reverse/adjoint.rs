//! What the recorded reverse pass knows of each node.

use crate::graph::NodeId;

/// The adjoint state of a node: whether it leads to a var that is asked for, and the cotangent that it has so far. As one
/// number, 0 and 1 and then the nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AdjointState(u32);

impl AdjointState {
    /// It does not lead to a var that is asked for: it gets no cotangent.
    pub(super) const INACTIVE: Self = Self(0);
    /// It does, and has no cotangent yet.
    pub(super) const EMPTY: Self = Self(1);
    /// The least that has a cotangent.
    pub(super) const FIRST: Self = Self(2);

    /// It has this cotangent so far.
    #[inline]
    pub(super) fn with(cotangent: NodeId) -> Self {
        Self::of_number(cotangent.index() as u32)
    }

    /// The cotangent that it has so far.
    #[inline]
    pub(super) fn cotangent(self) -> Option<NodeId> {
        (self.0 >= Self::FIRST.0).then(|| NodeId::new(self.number() as usize))
    }

    /// Which of the three it is, from 0.
    #[inline(always)]
    pub(super) fn which(self) -> usize {
        self.0.min(Self::FIRST.0) as usize
    }

    /// The cotangent's number; any other if it has none, of which [`of_number`](Self::of_number) makes the same again.
    #[inline(always)]
    pub(super) fn number(self) -> u32 {
        self.0.wrapping_sub(Self::FIRST.0)
    }

    #[inline(always)]
    pub(super) fn of_number(number: u32) -> Self {
        Self(number.wrapping_add(Self::FIRST.0))
    }
}
