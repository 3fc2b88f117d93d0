//! How a plan is compiled and run.

use crate::tape::Limits;

/// Options of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanOptions {
    /// Whether elementwise ops are fused, with each other and with the kernels before them, and constants folded; in one
    /// thread, the numbers are the same either way, bit for bit.
    pub fuse: bool,
    /// In how many parts long steps are computed, by as many threads of the crate's own, but no more than there are
    /// processors. With the same number, the same results come out. Short steps are not split, none into
    /// more parts than it has rows or elements, and none into more than 1,024: a greater number counts as that, and 0 as 1.
    ///
    /// The threads start with the first run, and end with the last plan that was compiled for this number of them; none of
    /// [rayon](https://docs.rs/rayon)'s global pool is used. They stay awake for 200 µs after a run. A loop
    /// [in the plan's pool](crate::Plan::in_pool) saves handing every run over.
    pub threads: usize,
    /// Whether a run ends with [`Error::NotFinite`](crate::Error::NotFinite) where there is a NaN or an infinity: in an input,
    /// in a parameter that it reads, or in the result of a node, forward, backward or update, in the plan's own precision. It
    /// names the first one, with its line and the ranges of its operands; the state is as it was before the run. Constants
    /// may be infinite, as masks are.
    ///
    /// Nothing is fused or folded then, results are not written over operands, and updates are copied at the end: each
    /// node is a pass over its operands and one more over its result. A training step of 784-512-512-10 takes 1.9 times as
    /// long (4.3 ms instead of 2.3, one core). [`values_of`](crate::Draw::values_of) draws such a run.
    pub check_finite: bool,
    /// Whether results that are *subnormal* become 0, with their sign: below 1.2e-38 in f32 and 2.2e-308 in f64, numbers lose
    /// digits, and on some processors each operation with one takes as long as a hundred others. It is done node by node, so that
    /// the numbers do not depend on [`fuse`](Self::fuse) or [`threads`](Self::threads): a pass over each result, for which nothing
    /// is chained. Inputs, parameters and constants are taken as they are.
    ///
    /// It is no gain where subnormal numbers cost little, as on AMD's Zen: there 1,000 small ops and their gradients take twice as
    /// long with it (30 µs instead of 15 in f32, one Zen 5 core). Measure it on the processor that it is for.
    ///
    /// XLA does so unless it is told not to, PyTorch after `set_flush_denormal(true)`; both set a mode of the processor, of
    /// which Rust's floating point may not know. Long recurrences in f32 need it, whose gradients fade.
    pub flush_subnormals: bool,
    /// The most elements that an array of the plan may have, broadcast ones counted; 2³⁰ unless said otherwise. A longer one
    /// is refused by name when the plan is compiled: no run of it would end.
    pub max_elements: usize,
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self {
            fuse: true,
            threads: 1,
            check_finite: false,
            flush_subnormals: false,
            max_elements: Limits::ELEMENTS,
        }
    }
}

impl PlanOptions {
    /// With long steps in so many parts.
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    /// With or without fusing elementwise ops and folding constants.
    #[must_use]
    pub fn fuse(self, fuse: bool) -> Self {
        Self { fuse, ..self }
    }

    /// With or without a check of everything that is given and computed for NaN and infinities at every run.
    #[must_use]
    pub fn check_finite(self, check_finite: bool) -> Self {
        Self { check_finite, ..self }
    }

    /// With or without subnormal results as 0.
    #[must_use]
    pub fn flush_subnormals(self, flush_subnormals: bool) -> Self {
        Self { flush_subnormals, ..self }
    }

    /// With at most so many elements of an array.
    #[must_use]
    pub fn max_elements(self, max_elements: usize) -> Self {
        Self { max_elements, ..self }
    }
}
