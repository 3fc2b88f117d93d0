//! Between kernels and `faer`: matrices of a batch in double precision, and their LU decomposition.
//!
//! Matrices are copied into memory of their own, which is aligned: on a machine, equal numbers then give equal bits, wherever
//! operands lie. Nothing here uses threads.

use crate::Float;
use crate::base::shape::{Layout, place, size};
use crate::kernel::{Output, View};
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::lu::full_pivoting::factor as full;
use faer::linalg::lu::partial_pivoting::factor as partial;
use faer::linalg::matmul::matmul;
use faer::linalg::triangular_solve::{solve_unit_lower_triangular_in_place, solve_upper_triangular_in_place};
use faer::{Accum, Mat, MatRef, Par};

/// The matrices in the last two axes of an operand, whose leading axes stretch to those of a batch.
pub(super) struct Matrices<'a, F> {
    data: &'a [F],
    layout: Layout,
}

impl<'a, F: Float> Matrices<'a, F> {
    pub(super) fn of(x: View<'a, F>, leading: &[usize]) -> Self {
        let (data, offset) = x.buffer();
        let two = &x.shape()[x.shape().len() - 2..];
        let layout = Layout::strided(x.shape(), x.strides(), offset).broadcast(&[leading, two].concat());
        Self { data, layout }
    }

    /// Where a matrix begins in the buffer: the same place is the same matrix.
    pub(super) fn start(&self, k: usize) -> isize {
        let outer = self.layout.shape().len() - 2;
        let place = place(k, &self.layout.shape()[..outer], &self.layout.strides()[..outer]);
        self.layout.offset() as isize + place
    }

    pub(super) fn matrix(&self, k: usize) -> Mat<f64> {
        let (start, outer) = (self.start(k), self.layout.shape().len() - 2);
        let (shape, strides) = (&self.layout.shape()[outer..], &self.layout.strides()[outer..]);
        Mat::from_fn(shape[0], shape[1], |i, j| {
            self.data[(start + i as isize * strides[0] + j as isize * strides[1]) as usize].wide()
        })
    }
}

/// Writes a matrix in row-major order.
pub(super) fn write<F: Float>(from: MatRef<'_, f64>, to: &mut [F]) {
    for (i, row) in to.chunks_exact_mut(from.ncols().max(1)).enumerate() {
        row.iter_mut().enumerate().for_each(|(j, to)| *to = F::of(from[(i, j)]));
    }
}

pub(super) fn is_finite(x: MatRef<'_, f64>) -> bool {
    (0..x.ncols()).all(|j| (0..x.nrows()).all(|i| x[(i, j)].is_finite()))
}

/// Divides a matrix by a power of two, which is returned, where squares of its elements would overflow or vanish: elsewhere by 1.
pub(super) fn normalise(x: &mut Mat<f64>) -> f64 {
    let greatest = x.norm_max();
    if greatest == 0.0 || (1e-120..1e120).contains(&greatest) {
        return 1.0;
    }
    let size = 2.0_f64.powi(greatest.log2().floor().clamp(-1000.0, 1000.0) as i32);
    let inverse = size.recip();
    for j in 0..x.ncols() {
        (0..x.nrows()).for_each(|i| x[(i, j)] *= inverse);
    }
    size
}

/// Computes the part of the result that belongs to each matrix. It is NaN where an element of the matrix is not finite, and
/// where `run` gives `None`.
pub(super) fn for_each_matrix<F: Float>(
    x: View<'_, F>,
    y: Output<'_, F>,
    mut run: impl FnMut(Mat<f64>, &mut [F]) -> Option<()>,
) {
    if y.data.is_empty() {
        return;
    }
    let leading = &x.shape()[..x.shape().len() - 2];
    let batch = Matrices::of(x, leading);
    let part = y.data.len() / size(leading);
    for (k, y) in y.data.chunks_exact_mut(part).enumerate() {
        let matrix = batch.matrix(k);
        let done = if is_finite(matrix.as_ref()) { run(matrix, y) } else { None };
        if done.is_none() {
            y.fill(F::nan());
        }
    }
}

/// The product of two matrices.
pub(super) fn product(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Mat<f64> {
    let mut y = Mat::zeros(a.nrows(), b.ncols());
    matmul(&mut y, Accum::Replace, a, b, 1.0, Par::Seq);
    y
}

/// The factors of a square matrix whose rows, and columns if need be, were exchanged: L below the diagonal, where L has ones, and U.
pub(super) struct Lu {
    pub(super) factors: Mat<f64>,
    /// Which row of the matrix each row of the factors is.
    rows: Vec<usize>,
    /// Which column of the matrix each column of the factors is, if any were exchanged.
    columns: Option<Vec<usize>>,
    /// The determinant of the exchanges.
    sign: f64,
}

impl Lu {
    pub(super) fn of(matrix: &Mat<f64>) -> Self {
        let n = matrix.nrows();
        let mut factors = matrix.clone();
        let (mut rows, mut inverse) = (vec![0; n], vec![0; n]);
        if n == 0 {
            return Self { factors, rows, columns: None, sign: 1.0 };
        }
        let mut room =
            MemBuffer::new(partial::lu_in_place_scratch::<usize, f64>(n, n, Par::Seq, Default::default()));
        let stack = MemStack::new(&mut room);
        let (done, _) = partial::lu_in_place(
            factors.as_mut(),
            &mut rows,
            &mut inverse,
            Par::Seq,
            stack,
            Default::default(),
        );
        // It divides by a pivot of 0. Where that is the last, nothing is left to divide.
        if !is_finite(factors.as_ref()) {
            return Self::with_columns(matrix);
        }
        Self { factors, rows, columns: None, sign: parity(done.transposition_count) }
    }

    /// With columns exchanged too, so that pivots of 0 come last, as many as the rank lacks.
    fn with_columns(matrix: &Mat<f64>) -> Self {
        let n = matrix.nrows();
        let mut factors = matrix.clone();
        let [mut rows, mut rows_back, mut columns, mut columns_back] = [(); 4].map(|()| vec![0; n]);
        let mut room =
            MemBuffer::new(full::lu_in_place_scratch::<usize, f64>(n, n, Par::Seq, Default::default()));
        let (done, _, _) = full::lu_in_place(
            factors.as_mut(),
            &mut rows,
            &mut rows_back,
            &mut columns,
            &mut columns_back,
            Par::Seq,
            MemStack::new(&mut room),
            Default::default(),
        );
        Self { factors, rows, columns: Some(columns), sign: parity(done.transposition_count) }
    }

    pub(super) fn pivots(&self) -> impl Iterator<Item = f64> {
        (0..self.rows.len()).map(|i| self.factors[(i, i)])
    }

    /// The determinant.
    pub(super) fn determinant(&self) -> f64 {
        self.pivots().fold(self.sign, |product, pivot| product * pivot)
    }

    /// The sign of the determinant: 0 for a singular matrix.
    pub(super) fn sign(&self) -> f64 {
        self.pivots().fold(self.sign, |sign, pivot| if pivot == 0.0 { 0.0 } else { sign * pivot.signum() })
    }

    /// Whether the matrix has no inverse: a pivot is 0, or not finite.
    pub(super) fn is_singular(&self) -> bool {
        self.pivots().any(|pivot| pivot == 0.0 || !pivot.is_finite())
    }

    /// The solution of a system with the matrix.
    pub(super) fn solve(&self, right: MatRef<'_, f64>) -> Mat<f64> {
        let mut y = Mat::from_fn(right.nrows(), right.ncols(), |i, j| right[(self.rows[i], j)]);
        solve_unit_lower_triangular_in_place(self.factors.as_ref(), y.as_mut(), Par::Seq);
        solve_upper_triangular_in_place(self.factors.as_ref(), y.as_mut(), Par::Seq);
        match &self.columns {
            None => y,
            Some(columns) => {
                let mut moved = Mat::zeros(y.nrows(), y.ncols());
                for (i, &column) in columns.iter().enumerate() {
                    (0..y.ncols()).for_each(|j| moved[(column, j)] = y[(i, j)]);
                }
                moved
            }
        }
    }
}

/// The determinant of as many exchanges.
fn parity(exchanges: usize) -> f64 {
    if exchanges.is_multiple_of(2) { 1.0 } else { -1.0 }
}
