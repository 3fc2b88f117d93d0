//! What the checker measures: numbers as a function of how far a point is moved along one direction.

use crate::error::Result;

/// What a function has computed, and how it is weighed.
#[derive(Debug, Clone, Default)]
pub(crate) struct FunctionValues {
    /// The cotangent of y.
    pub(crate) weights: Vec<f64>,
    /// y(0).
    pub(crate) base: Vec<f64>,
    /// y(t), at the point that was reached last.
    pub(crate) now: Vec<f64>,
}

/// Numbers y(t), at a point moved by t along a direction; their sum with some weights is differentiated at t = 0.
pub(crate) trait Function {
    /// Computes y(t).
    fn at(&mut self, t: f64) -> Result<Reached>;

    /// What has been computed.
    fn values(&self) -> &FunctionValues;

    /// What [`at`](Self::at) has computed.
    fn numbers(&self) -> &[f64] {
        &self.values().now
    }

    /// y(0).
    fn base(&self) -> &[f64] {
        &self.values().base
    }

    /// The cotangent of y.
    fn weights(&self) -> &[f64] {
        &self.values().weights
    }

    /// Whether a number of y depends on what is moved, as far as is known: where it stands still, a change may be lost in
    /// rounding.
    fn depends(&self, number: usize) -> bool {
        let _ = number;
        true
    }

    /// The distance from 1 to the next number in the precision that y is computed in.
    fn epsilon(&self) -> f64 {
        f64::EPSILON
    }
}

/// How a point was reached.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reached {
    /// The distance really gone: t, as rounding has left it.
    pub(crate) t: f64,
    /// Whether every comparison comes out as at t = 0, and every number is finite that was.
    pub(crate) smooth: bool,
    /// Of comparisons that come out otherwise than at t = 0, which, and how: a hash, 0 if there are none.
    pub(crate) changed: u64,
}

/// A function of a point with many elements, which is moved along a direction that can be chosen.
pub(crate) trait Moves: Function {
    /// The point.
    fn point(&self) -> &[f64];

    /// Moves one element from now on.
    fn move_element(&mut self, element: usize);

    /// Moves every element by as much as is given from now on.
    fn move_along(&mut self, direction: Vec<f64>);

    /// Whether it is known without a look that moving the element has no effect; after
    /// [`move_element`](Self::move_element).
    fn has_no_effect(&self) -> bool;
}
