//! Prefetching numbers into the cache.
#![allow(unsafe_code)]

/// Prefetches a number every `distance` bytes, and the last one, without waiting for them.
pub(crate) fn fetch<T: Copy>(numbers: &[T], distance: usize) {
    let step = (distance / size_of::<T>().max(1)).max(1);
    numbers.iter().step_by(step).chain(numbers.last()).for_each(ask_for);
}

/// A prefetch instruction, which retires before the memory has answered, so that many are in flight at once.
#[cfg(target_arch = "x86_64")]
fn ask_for<T>(x: &T) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: it has no architectural effect; all processors of the architecture have it.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(x).cast()) }
}

/// A load whose result is discarded; a processor has several of them in flight.
#[cfg(not(target_arch = "x86_64"))]
fn ask_for<T: Copy>(x: &T) {
    std::hint::black_box(*x);
}
