//! Matrix products by libraries, which are called with addresses.
#![allow(unsafe_code)]

use super::View;
use super::parts::{Share, in_parts};
use crate::Float;
use std::any::TypeId;
use std::ops::Range;
#[cfg(all(target_arch = "x86_64", feature = "avx512"))]
use std::ptr::null;

/// Multiplications of a product from which it is worth a second thread: about ten times what it costs to hand over a part,
/// some microseconds.
pub(crate) const LONG_PRODUCT: usize = 1 << 19;

/// A matrix anywhere in a buffer, with its steps from row to row and from column to column.
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

    /// One whose rows follow each other.
    pub(super) fn row_major(data: &'a [F], sizes: [usize; 2]) -> Self {
        Self { data, start: 0, sizes, steps: [sizes[1] as isize, 1] }
    }

    /// The transposed matrix.
    pub(super) fn turned(self) -> Self {
        let ([m, n], [row, column]) = (self.sizes, self.steps);
        Self { sizes: [n, m], steps: [column, row], ..self }
    }

    /// Some of its columns.
    pub(super) fn columns(self, columns: Range<usize>) -> Self {
        assert!(columns.end <= self.sizes[1], "matmul: there are no such columns");
        // Of a matrix outside its buffer it may be any place; `first` looks where it is.
        let start = self.start.wrapping_add((columns.start as isize).wrapping_mul(self.steps[1]));
        Self { start, sizes: [self.sizes[0], columns.len()], ..self }
    }

    /// Whether the elements of a row lie in the other order.
    pub(super) fn runs_backwards(self) -> bool {
        self.steps[1] < 0
    }

    /// The address of its first element, after a check that all lie inside the buffer, of which there is at least one.
    fn first(self) -> *const F {
        // The first place that is read, and the last.
        let reach = || {
            let (mut low, mut high) = (self.start, self.start);
            for (&n, &step) in self.sizes.iter().zip(&self.steps) {
                // The libraries count in bytes, also a step that is never taken.
                step.checked_mul(size_of::<F>() as isize)?;
                let reach = step.checked_mul(isize::try_from(n.checked_sub(1)?).ok()?)?;
                low = low.checked_add(reach.min(0))?;
                high = high.checked_add(reach.max(0))?;
            }
            Some((low, high))
        };
        let inside = reach().is_some_and(|(low, high)| low >= 0 && high < self.data.len() as isize);
        assert!(inside, "matmul: a view reaches outside its buffer");
        // SAFETY: the place lies between the first that is read and the last, both inside the buffer.
        unsafe { self.data.as_ptr().offset(self.start) }
    }
}

/// Writes `left · right` to places of `y` with these steps from row to row and from column to column, of which one is 1, in
/// up to so many threads. The libraries are fast where the steps from row to row are 1, in `left` and in `y`.
///
/// # Panics
///
/// If a size is 0, the sizes do not fit each other or the steps, an element lies outside its buffer, or there are more
/// multiplications than an `isize` counts: the libraries multiply the sizes with each other.
pub(super) fn product<F: Float>(
    left: Matrix<'_, F>,
    right: Matrix<'_, F>,
    y: &mut [F],
    [row, column]: [usize; 2],
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
    };
    // No more parts than rows.
    let threads = if count >= LONG_PRODUCT { threads.min(m) } else { 1 };
    in_parts(task.forwards(), threads, &Task::split, &|task: Task<F>| {
        // SAFETY: it is asserted above that the last of the m·n places of the result lies in `y` and that no two of them are
        // one; `y` is borrowed mutably until all is done, so they overlap neither operand. `first` has asserted that every
        // element of the operands' m·k and k·n lies inside their buffers; both have the same k. Parts are different rows.
        unsafe { task.run() }
    });
}

/// What computes a product.
#[derive(Debug, Clone, Copy)]
enum Library {
    /// The `gemm` crates.
    Gemm,
    /// `private-gemm-x86`, faer's.
    #[cfg(all(target_arch = "x86_64", feature = "avx512"))]
    Avx512,
}

impl Library {
    /// The faster one for a result with so many elements side by side, and so many such lines. Asked by sizes alone, so that
    /// equal numbers have equal products whatever their layout.
    ///
    /// In f32 with AVX-512, of what `gemm` takes: 0.94 at 100 × 784 × 48, 0.87 at 784 × 100 × 48, the first transposed, 0.92
    /// at 128 × 784 × 512, 0.22 to 2.2 for two lines; and with fewer than eight side by side 1 to 5 times as long (one
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

/// What is left of a product once its operands and its result are known to lie where they are said to.
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
}

// SAFETY: it stands for two shared borrows of numbers and one mutable, which may be sent. That nobody else writes to them is
// asked for where it is run.
unsafe impl<F: Send + Sync> Send for Task<F> {}

/// Parts of the rows begin at multiples of so many, a line of the cache in f32 and two in f64: so that threads seldom write
/// to one line.
const ROWS_TOGETHER: usize = 16;

impl<F: Float> Task<F> {
    /// The same, with steps forwards along the inner axis of the left operand, as the libraries want it.
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

    /// Some of the rows, and the others.
    fn split(self, share: Share) -> (Self, Self) {
        let [m, n, k] = self.sizes;
        let count = share.of(m, ROWS_TOGETHER);
        let rest = Self {
            sizes: [m - count, n, k],
            y: self.y.wrapping_offset((count as isize).wrapping_mul(self.y_steps[0])),
            // The place after the last row is not read.
            left: self.left.wrapping_offset((count as isize).wrapping_mul(self.left_steps[0])),
            ..self
        };
        (Self { sizes: [count, n, k], ..self }, rest)
    }

    /// By the library for this precision and this processor.
    ///
    /// # Safety
    ///
    /// All elements of the operands are to lie where their steps say, and the places of the result besides, each once; nobody
    /// else is to write to any.
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
            // SAFETY: as said above; the processor was asked.
            #[cfg(all(target_arch = "x86_64", feature = "avx512"))]
            Library::Avx512 => unsafe { self.by_avx512(single) },
        }
    }

    /// # Safety
    ///
    /// As [`run`](Self::run), and numbers are f32 if `single`, f64 if not.
    unsafe fn by_gemm(self, single: bool) {
        let Self { sizes: [m, n, k], y, left, right, .. } = self;
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
                    false,
                    left.cast::<$float>(),
                    left_step,
                    left_row,
                    right.cast::<$float>(),
                    right_column,
                    right_step,
                    0.0,
                    1.0,
                    false,
                    false,
                    false,
                    gemm_common::Parallelism::None,
                )
            };
        }
        // SAFETY: as said above; the casts are between equal types. The sums are written, not added: the flag to read y is
        // false.
        unsafe {
            match single {
                true => call!(gemm_f32::gemm::f32::get_gemm_fn(), f32),
                false => call!(gemm_f64::gemm::f64::get_gemm_fn(), f64),
            }
        }
    }

    /// # Safety
    ///
    /// As [`by_gemm`](Self::by_gemm), and the processor has AVX-512.
    #[cfg(all(target_arch = "x86_64", feature = "avx512"))]
    unsafe fn by_avx512(self, single: bool) {
        use private_gemm_x86::{Accum, DType, DstKind, IType, InstrSet, gemm};
        let Self { sizes: [m, n, k], y, left, right, .. } = self;
        let ([row, column], [left_row, left_step], [right_step, right_column]) =
            (self.y_steps, self.left_steps, self.right_steps);
        let one = F::one();
        // SAFETY: as said above. No index and no diagonal are given: null. The sums are written, not added, and multiplied
        // by `one`, which lives longer than the call.
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
                Accum::Replace,
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

/// The library leaves numbers in the upper halves of the registers, and instructions of SSE keep those as they are: all code
/// after it would wait for them. A check of the chapter's gradients along random directions took 1.2 times as long.
#[cfg(all(target_arch = "x86_64", feature = "avx512"))]
#[target_feature(enable = "avx")]
fn clear_upper_halves() {
    std::arch::x86_64::_mm256_zeroupper();
}

/// Whether the processor has the parts of AVX-512 that the library is for (x86-64-v4).
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
