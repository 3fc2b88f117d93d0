//! How a plan is compiled and run.

/// Options of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanOptions {
    /// Whether runs of elementwise ops are fused; the numbers are the same either way, bit for bit.
    pub fuse: bool,
    /// How many threads a matrix product may use. With the same number, the same numbers come out.
    pub threads: usize,
    /// Whether a run refuses inputs that hold NaN or an infinity.
    pub check_finite: bool,
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self { fuse: true, threads: 1, check_finite: false }
    }
}

impl PlanOptions {
    /// With this number of threads for matrix products.
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    /// With or without fusing elementwise ops.
    #[must_use]
    pub fn fuse(self, fuse: bool) -> Self {
        Self { fuse, ..self }
    }

    /// With or without a check of inputs for NaN and infinities at every run.
    #[must_use]
    pub fn check_finite(self, check_finite: bool) -> Self {
        Self { check_finite, ..self }
    }
}
