//! Loops with the instructions that the processor at hand has.

/// Numbers that one function goes through side by side.
pub(crate) const WIDTH: usize = 16;

/// Calls `f`, compiled for the widest vectors of the processor at hand; what `f` calls counts only where it is inlined.
#[inline(always)]
pub(crate) fn vectorize<R>(f: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(f)
}
