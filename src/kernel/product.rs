//! Matrix products by GEMM libraries, which take raw pointers.
#![allow(unsafe_code)]

use super::View;
use super::parts::{Share, in_parts};
use crate::Float;
use std::any::TypeId;
use std::ops::Range;
#[cfg(all(target_arch = "x86_64", feature = "avx512"))]
use std::ptr::null;

/// The least number of multiplications for which a second thread pays: they take about ten times as long as handing over a
/// part, some microseconds.
pub(crate) const LONG_PRODUCT: usize = 1 << 19;

/// A matrix in a buffer, with its row stride and its column stride.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a, F> {
    data: &'a [F],
    start: isize,
    sizes: [usize; 2],
    steps: [isize; 2],
}

impl<'a, F: Copy> Matrix<'a, F> {
    pub(super) fn new(view: View<'a, F>) -> Self {
        let (&[m, n], &[row, column]) = (view.shape(), view.strides()) else {
            unreachable!("matrices have two axes")
        };
        let (data, start) = view.buffer();
        Self { data, start: start as isize, sizes: [m, n], steps: [row, column] }
    }

    /// A contiguous row-major matrix.
    pub(super) fn row_major(data: &'a [F], sizes: [usize; 2]) -> Self {
        Self { data, start: 0, sizes, steps: [sizes[1] as isize, 1] }
    }

    /// The transposed matrix.
    pub(super) fn transposed(self) -> Self {
        let ([m, n], [row, column]) = (self.sizes, self.steps);
        Self { sizes: [n, m], steps: [column, row], ..self }
    }

    /// A range of its columns.
    pub(super) fn columns(self, columns: Range<usize>) -> Self {
        assert!(columns.end <= self.sizes[1], "matmul: there are no such columns");
        // Wrapping, since the matrix may lie outside its buffer, which `first` checks.
        let start = self.start.wrapping_add((columns.start as isize).wrapping_mul(self.steps[1]));
        Self { start, sizes: [self.sizes[0], columns.len()], ..self }
    }

    /// Whether its column stride is negative.
    pub(super) fn runs_backwards(self) -> bool {
        self.steps[1] < 0
    }

    /// A pointer to its first element, after a check that there is at least one and that all lie inside the buffer.
    fn first(self) -> *const F {
        // The lowest and the highest offset that is read.
        let reach = || {
            let (mut low, mut high) = (self.start, self.start);
            for (&n, &step) in self.sizes.iter().zip(&self.steps) {
                // The libraries compute strides in bytes, even along an axis of size 1.
                step.checked_mul(size_of::<F>() as isize)?;
                let reach = step.checked_mul(isize::try_from(n.checked_sub(1)?).ok()?)?;
                low = low.checked_add(reach.min(0))?;
                high = high.checked_add(reach.max(0))?;
            }
            Some((low, high))
        };
        let inside = reach().is_some_and(|(low, high)| low >= 0 && high < self.data.len() as isize);
        assert!(inside, "matmul: a view reaches outside its buffer");
        // SAFETY: the offset lies between the lowest and the highest that is read, both inside the buffer.
        unsafe { self.data.as_ptr().offset(self.start) }
    }
}

/// Writes `left · right` to `y` with these row and column strides, one of which is 1, or adds it to what is there, in up to
/// `threads` threads. The libraries are fastest if the row strides of `left` and `y` are 1.
///
/// # Panics
///
/// If a size is 0, the sizes do not fit each other or the strides, an element lies outside its buffer, or the number of
/// multiplications overflows an `isize`: the libraries multiply the sizes with each other.
pub(super) fn product<F: Float>(
    left: Matrix<'_, F>,
    right: Matrix<'_, F>,
    y: &mut [F],
    [row, column]: [usize; 2],
    add: bool,
    threads: usize,
) {
    let ([m, k], [inner, n]) = (left.sizes, right.sizes);
    assert_eq!(k, inner, "matmul: the inner sizes differ");
    let count =
        m.checked_mul(n).and_then(|mn| mn.checked_mul(k)).filter(|&count| isize::try_from(count).is_ok());
    let Some(count) = count else {
        panic!("matmul: a product of [{m}, {k}] by [{k}, {n}] has more multiplications than can be counted")
    };
    let apart = (row == 1 && m <= column) || (column == 1 && n <= row);
    let reach = |n: usize, step: usize| n.checked_sub(1)?.checked_mul(step);
    let last = || reach(m, row)?.checked_add(reach(n, column)?);
    assert!(apart && last().is_some_and(|last| last < y.len()), "matmul: the result has no room");
    let steps = [row, column].map(|step| isize::try_from(step).expect("a step is no longer than an array"));
    let (along, across) = if row == 1 { (m, n) } else { (n, m) };
    let task = Task {
        library: Library::fit_for(along, across),
        sizes: [m, n, k],
        y: y.as_mut_ptr(),
        y_steps: steps,
        left: left.first(),
        left_steps: left.steps,
        right: right.first(),
        right_steps: right.steps,
        add,
    };
    // At most one part per row.
    let threads = if count >= LONG_PRODUCT { threads.min(m) } else { 1 };
    in_parts(task.forwards(), threads, &Task::split, &|task: Task<F>| {
        // SAFETY: it is asserted above that the last of the m·n elements of the result lies in `y` and that no two of them
        // coincide; `y` is borrowed mutably until all parts are done, so it overlaps neither operand. `first` has asserted
        // that all m·k and k·n elements of the operands lie inside their buffers; both have the same k. Parts are disjoint
        // rows.
        unsafe { task.run() }
    });
}

/// The library that computes a product.
#[derive(Debug, Clone, Copy)]
enum Library {
    /// The `gemm` crates, or loops where the crate is built without them.
    Gemm,
    /// `private-gemm-x86`, faer's.
    #[cfg(all(target_arch = "x86_64", feature = "avx512"))]
    Avx512,
}

impl Library {
    /// The faster one for a result of `across` contiguous lines of `along` elements. It depends on sizes alone, so that
    /// equal numbers have equal products whatever their strides.
    ///
    /// In f32 with AVX-512, of what `gemm` takes: 0.94 at 100 × 784 × 48, 0.87 at 784 × 100 × 48, the first transposed, 0.92
    /// at 128 × 784 × 512, 0.22 to 2.2 for two lines; and with lines of fewer than eight elements 1 to 5 times as long (one
    /// Zen 4 core).
    fn fit_for(along: usize, across: usize) -> Self {
        #[cfg(all(target_arch = "x86_64", feature = "avx512"))]
        if along >= 8 && across >= 2 && has_avx512() {
            return Self::Avx512;
        }
        let _ = (along, across);
        Self::Gemm
    }
}

/// A product as raw pointers, after all bounds were checked.
#[derive(Clone, Copy)]
struct Task<F> {
    library: Library,
    /// Rows and columns of the result, and terms of a sum.
    sizes: [usize; 3],
    y: *mut F,
    y_steps: [isize; 2],
    left: *const F,
    left_steps: [isize; 2],
    right: *const F,
    right_steps: [isize; 2],
    /// Whether it is added to the result, which then must hold numbers.
    add: bool,
}

// SAFETY: it represents two shared borrows of numbers and a mutable one, which are `Send`. That nobody else writes to them
// is a precondition of `run`.
unsafe impl<F: Send + Sync> Send for Task<F> {}

/// Parts start at multiples of so many rows, a cache line in f32 and two in f64, which avoids most false sharing.
const ROW_MULTIPLE: usize = 16;

impl<F: Float> Task<F> {
    /// The same product with a positive inner stride of the left operand, as the libraries require.
    fn forwards(self) -> Self {
        let last = self.sizes[2] as isize - 1;
        let ([left_row, left], [right, right_column]) = (self.left_steps, self.right_steps);
        match left < 0 {
            true => Self {
                left: self.left.wrapping_offset(last * left),
                left_steps: [left_row, left.wrapping_neg()],
                right: self.right.wrapping_offset(last * right),
                right_steps: [right.wrapping_neg(), right_column],
                ..self
            },
            false => self,
        }
    }

    /// Splits the rows in two.
    fn split(self, share: Share) -> (Self, Self) {
        let [m, n, k] = self.sizes;
        let count = share.of(m, ROW_MULTIPLE);
        let rest = Self {
            sizes: [m - count, n, k],
            y: self.y.wrapping_offset((count as isize).wrapping_mul(self.y_steps[0])),
            // The pointer after the last row is never read.
            left: self.left.wrapping_offset((count as isize).wrapping_mul(self.left_steps[0])),
            ..self
        };
        (Self { sizes: [count, n, k], ..self }, rest)
    }

    /// Runs the library for this precision and processor.
    ///
    /// # Safety
    ///
    /// All elements of the operands and of the result must be valid at their strides, those of the result distinct and apart
    /// from the operands; nobody else may access the result or write to the operands.
    unsafe fn run(self) {
        if self.sizes[0] == 0 {
            return;
        }
        let single = TypeId::of::<F>() == TypeId::of::<f32>();
        assert!(
            single || TypeId::of::<F>() == TypeId::of::<f64>(),
            "the sealed trait has no other implementation"
        );
        match self.library {
            // SAFETY: as said above.
            Library::Gemm => unsafe { self.by_gemm(single) },
            // SAFETY: as said above; `fit_for` has checked the processor.
            #[cfg(all(target_arch = "x86_64", feature = "avx512"))]
            Library::Avx512 => unsafe { self.by_avx512(single) },
        }
    }

    /// Loops that add up each element's products in order, each fused with its addition as in the libraries' kernels, so
    /// that sums which these do not split have the same bits.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run).
    #[cfg(not(feature = "gemm"))]
    unsafe fn by_gemm(self, _: bool) {
        let Self { sizes: [m, n, k], .. } = self;
        let at = |[row, column]: [isize; 2], i: usize, j: usize| i as isize * row + j as isize * column;
        for (i, j) in (0..m).flat_map(|i| (0..n).map(move |j| (i, j))) {
            let mut sum = F::zero();
            for p in 0..k {
                // SAFETY: as said above.
                let (left, right) = unsafe {
                    (
                        *self.left.offset(at(self.left_steps, i, p)),
                        *self.right.offset(at(self.right_steps, p, j)),
                    )
                };
                sum = left.mul_add(right, sum);
            }
            // SAFETY: as said above; the result is a slice of numbers, so it may be read where it is added to.
            unsafe {
                let y = self.y.offset(at(self.y_steps, i, j));
                *y = if self.add { *y + sum } else { sum };
            }
        }
    }

    /// # Safety
    ///
    /// As [`run`](Self::run); and `F` is f32 if `single`, and f64 otherwise.
    #[cfg(feature = "gemm")]
    unsafe fn by_gemm(self, single: bool) {
        let Self { sizes: [m, n, k], y, left, right, add, .. } = self;
        let ([row, column], [left_row, left_step], [right_step, right_column]) =
            (self.y_steps, self.left_steps, self.right_steps);
        macro_rules! call {
            ($gemm:expr, $float:ty) => {
                $gemm(
                    m,
                    n,
                    k,
                    y.cast::<$float>(),
                    column,
                    row,
                    add,
                    left.cast::<$float>(),
                    left_step,
                    left_row,
                    right.cast::<$float>(),
                    right_column,
                    right_step,
                    if add { 1.0 } else { 0.0 },
                    1.0,
                    false,
                    false,
                    false,
                    gemm_common::Parallelism::None,
                )
            };
        }
        // SAFETY: as said above; the casts are between equal types. The result is a slice of numbers,
        // so it may be read where it is added to.
        unsafe {
            match single {
                true => call!(gemm_f32::gemm::f32::get_gemm_fn(), f32),
                false => call!(gemm_f64::gemm::f64::get_gemm_fn(), f64),
            }
        }
    }

    /// # Safety
    ///
    /// As [`by_gemm`](Self::by_gemm); and the processor has AVX-512.
    #[cfg(all(target_arch = "x86_64", feature = "avx512"))]
    unsafe fn by_avx512(self, single: bool) {
        use private_gemm_x86::{Accum, DType, DstKind, IType, InstrSet, gemm};
        let Self { sizes: [m, n, k], y, left, right, add, .. } = self;
        let ([row, column], [left_row, left_step], [right_step, right_column]) =
            (self.y_steps, self.left_steps, self.right_steps);
        let one = F::one();
        // SAFETY: as said above. No index and no diagonal are given: null. The product is
        // scaled by `one`, which outlives the call.
        unsafe {
            gemm(
                if single { DType::F32 } else { DType::F64 },
                IType::U64,
                InstrSet::Avx512,
                m,
                n,
                k,
                y.cast(),
                row,
                column,
                null(),
                null(),
                DstKind::Full,
                if add { Accum::Add } else { Accum::Replace },
                left.cast(),
                left_row,
                left_step,
                false,
                null(),
                0,
                right.cast(),
                right_step,
                right_column,
                false,
                (&raw const one).cast(),
                1,
            );
            clear_upper_halves();
        }
    }
}

/// The library leaves the upper halves of the vector registers dirty, and SSE instructions after it would have a false
/// dependency on them. A check of the chapter's gradients along random directions took 1.2 times as long.
#[cfg(all(target_arch = "x86_64", feature = "avx512"))]
#[target_feature(enable = "avx")]
fn clear_upper_halves() {
    std::arch::x86_64::_mm256_zeroupper();
}

/// Whether the processor has the AVX-512 extensions that the library needs (x86-64-v4).
#[cfg(all(target_arch = "x86_64", feature = "avx512"))]
fn has_avx512() -> bool {
    #[cfg(test)]
    if WITHOUT_AVX512.get() {
        return false;
    }
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512cd")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
}

#[cfg(test)]
thread_local! {
    /// Has the tests of a thread take the products that a processor without AVX-512 takes.
    pub(super) static WITHOUT_AVX512: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}
