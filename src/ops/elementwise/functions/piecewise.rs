//! Functions of straight pieces, composed of comparisons and choices.

use crate::tape::Var;

/// Functions of straight pieces.
impl<'t> Var<'t> {
    /// The sign: `y = 1` where x > 0, `−1` where x < 0, else 0, for NaN too, as in PyTorch; its derivative is 0.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", ndarray::arr1(&[-2.0, -0.0, 0.5, f64::NAN]));
    /// assert_eq!(x.sign().value().as_slice().unwrap(), [-1.0, 0.0, 1.0, 0.0]);
    /// assert!(x.sign().sum().grad([x])[0].is_structural_zero());
    /// ```
    #[track_caller]
    #[must_use]
    pub fn sign(self) -> Var<'t> {
        self.greater(0.0) - self.less(0.0)
    }

    /// x kept between two numbers: `y = low` where x ≤ low, `high` where x ≥ high, else x; `dx = dy` strictly between, else 0, as in
    /// PyTorch. NaN stays NaN, and if low is above high, y is high.
    ///
    /// One bound alone is written with an infinite other one. Bounds that are arrays, or are differentiated, are
    /// [`maximum`](Self::maximum) and [`minimum`](Self::minimum), which share the cotangent at ties.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", ndarray::arr1(&[-2.0, 0.5, 1.0]));
    /// let y = x.clamp(-1.0, 1.0);
    /// assert_eq!(y.value().as_slice().unwrap(), [-1.0, 0.5, 1.0]);
    /// assert_eq!(y.sum().grad([x])[0].value().as_slice().unwrap(), [0.0, 1.0, 0.0]);
    /// ```
    #[doc(alias = "clip")]
    #[track_caller]
    #[must_use]
    pub fn clamp(self, low: f64, high: f64) -> Var<'t> {
        self.greater_equal(high).select(high, self.less_equal(low).select(low.min(high), self))
    }
}
