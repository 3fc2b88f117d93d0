//! The verdict on one element.

/// What one element's two derivatives say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    Pass,
    /// The derivative is 0, and so is the difference.
    Zero,
    /// Both are less than what rounding of the function could show.
    Rounding,
    Fail,
    Unresolved(Reason),
    Kink,
}

/// Why two derivatives could not be told apart, or not be trusted to be different.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reason {
    /// They are too small to be told from rounding.
    Rounding,
    /// Differences at ever shorter steps do not settle.
    Unsettled,
    /// The function ends at the point, or has no finite value next to it.
    End,
    /// The function jumps at the point.
    Jump,
    /// Several pieces of the function meet at the point.
    Tie,
    /// A group of leaves that were moved together failed, and which of them is wrong was not found.
    Group,
}

impl Reason {
    /// As a sentence about some elements.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Rounding => "too small to be told from rounding of the output",
            Self::Unsettled => "differences at ever shorter steps do not settle",
            Self::End => "the function has no finite value on one side of the point",
            Self::Jump => "the function jumps at the point, where it has no derivative",
            Self::Tie => {
                "at a tie, where what the chain rule gives need not lie between the slopes to both sides"
            }
            Self::Group => {
                "a group of leaves failed and was not halved further, so that this leaf may be right: check fewer at once"
            }
        }
    }
}

/// One element's two derivatives, and how far off the numeric one may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Compared {
    pub(crate) backprop: f64,
    pub(crate) numeric: f64,
    pub(crate) error: f64,
}

impl Compared {
    pub(crate) fn difference(self) -> f64 {
        (self.backprop - self.numeric).abs()
    }

    pub(crate) fn magnitude(self) -> f64 {
        self.backprop.abs().max(self.numeric.abs())
    }

    /// Whether the numbers stand out of the error.
    fn is_resolved(self) -> bool {
        !self.is_below(self.error)
    }

    /// Whether both numbers are less than what an error could make of 0.
    pub(crate) fn is_below(self, error: f64) -> bool {
        self.magnitude() <= 4.0 * error
    }

    /// Whether both are finite.
    pub(crate) fn is_number(self) -> bool {
        self.backprop.is_finite() && self.numeric.is_finite()
    }

    /// The relative error; NaN if both are 0.
    pub(crate) fn relative(self) -> f64 {
        self.difference() / self.magnitude()
    }

    /// Whether the two agree within the tolerance alone.
    pub(crate) fn agrees(self, tolerance: f64) -> bool {
        self.difference() <= tolerance * self.magnitude()
    }

    /// How far the two may be apart.
    pub(crate) fn threshold(self, tolerance: f64) -> f64 {
        tolerance * self.magnitude() + 4.0 * self.error
    }

    /// The verdict, but for kinks and zeros, for which more evaluations are needed. NaN fails.
    pub(crate) fn verdict(self, tolerance: f64) -> Element {
        let within = self.difference() <= self.threshold(tolerance);
        match (within, self.agrees(tolerance) && self.is_resolved()) {
            (false, _) => Element::Fail,
            (true, true) => Element::Pass,
            (true, false) => Element::Unresolved(Reason::Rounding),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts() {
        let verdict = |backprop, numeric, error| Compared { backprop, numeric, error }.verdict(1e-6);
        assert_eq!(verdict(1.0, 1.0 + 1e-9, 1e-11), Element::Pass);
        assert_eq!(verdict(1.0, 1.0 + 1e-5, 1e-11), Element::Fail);
        assert_eq!(verdict(1e-11, 2e-11, 1e-11), Element::Unresolved(Reason::Rounding));
        assert_eq!(verdict(0.0, 0.0, 1e-11), Element::Unresolved(Reason::Rounding));
        assert_eq!(verdict(f64::NAN, 1.0, 1e-11), Element::Fail);
        assert_eq!(verdict(1.0, f64::NAN, 1e-11), Element::Fail);
        assert_eq!(verdict(-1e-3, 1e-3, 1e-11), Element::Fail);
    }
}
