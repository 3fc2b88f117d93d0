//! Fetching numbers before they are read.
#![allow(unsafe_code)]

/// Has the processor fetch what lies at distances of so many bytes, and the last number, without waiting for any.
pub(crate) fn fetch<T: Copy>(numbers: &[T], distance: usize) {
    let step = (distance / size_of::<T>().max(1)).max(1);
    numbers.iter().step_by(step).chain(numbers.last()).for_each(ask_for);
}

/// An instruction that ends before the memory has answered, so that any number of them are on their way.
#[cfg(target_arch = "x86_64")]
fn ask_for<T>(x: &T) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: it reads nothing and writes nothing; all processors of the architecture have it.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(x).cast()) }
}

/// A read of which nothing comes; a processor waits for some of them at once.
#[cfg(not(target_arch = "x86_64"))]
fn ask_for<T: Copy>(x: &T) {
    std::hint::black_box(*x);
}
