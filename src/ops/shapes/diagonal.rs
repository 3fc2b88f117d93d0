//! Diagonals of matrices, and what lies to one side of them.

use super::views::{of_either_kind, view_kernel};
use crate::Float;
use crate::base::shape::Layout;
use crate::kernel::{Inputs, Output, gather, scatter};
use crate::portable::{ElementType, Portable};
use crate::tape::Var;
use crate::tape::op::{Derivative, Kernel, Op, Operand, Zero};
use crate::tape::operands::{arrays, reals};
use crate::tape::sample::{Domain, Sample};

view_kernel! { Diagonal }

/// The diagonal of matrices in the last two axes: `y[…, i] = x[…, i, i + k]`, or `x[…, i − k, i]` for a negative offset k.
/// `dx` is `dy` there, and 0 elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Diagonal {
    /// How far it lies above the main diagonal; negative below it.
    pub offset: isize,
}

/// x0 on a diagonal of matrices of the shape of x1, of which only that is read, and 0 elsewhere: the adjoint of [`Diagonal`].
/// `dx0` is that diagonal of `dy`, nothing to x1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undiagonal {
    /// How far it lies above the main diagonal; negative below it.
    pub offset: isize,
}

/// x on a diagonal of the smallest square matrices that have room for it, in the last two axes, and 0 elsewhere; `dx` is that
/// diagonal of `dy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiagEmbed {
    /// How far it lies above the main diagonal; negative below it.
    pub offset: isize,
}

/// The lower triangle of matrices in the last two axes, or the upper one: `y[…, i, j] = x[…, i, j]` where `j − i ≤ k`, or where
/// `j − i ≥ k`, and 0 elsewhere, whatever x is there. `dx` is that triangle of `dy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Triangle {
    /// Whether it is the upper one.
    pub upper: bool,
    /// k: the diagonal that bounds it and belongs to it, counted from the main one upwards.
    pub diagonal: isize,
}

/// The rows and columns of matrices in the last two axes.
fn matrices(x: &[usize]) -> Result<(&[usize], [usize; 2]), String> {
    match x {
        [batch @ .., rows, columns] => Ok((batch, [*rows, *columns])),
        _ => Err(format!("takes matrices in the last two axes, got shape {x:?}")),
    }
}

/// The row and the column of the first element of a diagonal, and how many it has.
fn diagonal([rows, columns]: [usize; 2], offset: isize) -> ([usize; 2], usize) {
    let (row, column) = match offset >= 0 {
        true => (0, offset.unsigned_abs()),
        false => (offset.unsigned_abs(), 0),
    };
    ([row, column], rows.saturating_sub(row).min(columns.saturating_sub(column)))
}

fn diagonal_shape(x: &[usize], offset: isize) -> Result<Vec<usize>, String> {
    let (batch, matrix) = matrices(x)?;
    Ok([batch, &[diagonal(matrix, offset).1]].concat())
}

/// Where the diagonals of matrices lie; the shape rule has accepted them.
fn diagonal_layout(x: &Layout, offset: isize, shape: &[usize]) -> Layout {
    let (rows, columns) = (x.shape.len() - 2, x.shape.len() - 1);
    let mut layout = Layout::contiguous(shape);
    if layout.is_empty() {
        return layout;
    }
    let ([row, column], _) = diagonal([x.shape[rows], x.shape[columns]], offset);
    let first = row as isize * x.strides[rows] + column as isize * x.strides[columns];
    layout.offset = (x.offset as isize + first) as usize;
    layout.strides = x.strides[..rows].into();
    layout.strides.push(x.strides[rows] + x.strides[columns]);
    layout
}

/// Zeros, and x on the diagonals of y.
fn put_on_diagonal<F: Float>(x: Inputs<'_, '_, F>, offset: isize, y: Output<'_, F>) {
    y.data.fill(F::zero());
    scatter(x.real(0), &diagonal_layout(&Layout::contiguous(y.shape), offset, x.shape(0)), y.data, |y, x| {
        *y = x
    });
}

/// Whether an element of square matrices is on the diagonal.
fn on_diagonal(x: Portable<'_>) -> Portable<'_> {
    let [row, column] = [x.rank() - 2, x.rank() - 1].map(|axis| x.positions(axis, ElementType::Index));
    row.equal(column)
}

/// Portable values on a diagonal of matrices of zeros.
fn portable_on_diagonal<'p>(x: Portable<'p>, offset: isize, shape: &[usize]) -> Portable<'p> {
    let (rows, columns, n) = (shape.len() - 2, shape.len() - 1, x.shape()[shape.len() - 2]);
    if n == 0 {
        return x.full(0.0, shape);
    }
    let square = x.expand_dim(rows).broadcast_to(&[&x.shape()[..rows], &[n, n]].concat());
    let [row, column] = diagonal([shape[rows], shape[columns]], offset).0;
    on_diagonal(square)
        .select(square, square.number(0.0))
        .pad_axis(0.0, rows, [row, shape[rows] - n - row, 0])
        .pad_axis(0.0, columns, [column, shape[columns] - n - column, 0])
}

impl<F: Float> Kernel<F> for Undiagonal {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        put_on_diagonal(x, self.offset, y);
    }
}

impl<F: Float> Kernel<F> for DiagEmbed {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        put_on_diagonal(x, self.offset, y);
    }
}

impl<F: Float> Kernel<F> for Triangle {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        gather(x.real(0), 0, y.data);
        let &[.., rows, columns] = y.shape else { return };
        if y.data.is_empty() {
            return;
        }
        for (k, row) in y.data.chunks_exact_mut(columns).enumerate() {
            // The column of the bounding diagonal, or the nearest end of the row.
            let bound = |bound: isize| usize::try_from(bound).unwrap_or(0).min(columns);
            let at = ((k % rows) as isize).saturating_add(self.diagonal);
            match self.upper {
                true => row[..bound(at)].fill(F::zero()),
                false => row[bound(at.saturating_add(1))..].fill(F::zero()),
            }
        }
    }
}

const NUMBERS: Domain = Domain::Between(-2.0, 2.0);

impl Op for Diagonal {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = a diagonal of x"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = arrays(x)?;
        diagonal_shape(x, self.offset)
    }

    fn view(&self, x: &Layout, shape: &[usize]) -> Option<Layout> {
        Some(diagonal_layout(x, self.offset, shape))
    }

    of_either_kind!();

    fn rule<'t>(&self, _: usize, x: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        dy.tape().apply(Undiagonal { offset: self.offset }, &[dy, x[0]]).into()
    }

    fn smooth(&self) -> bool {
        true
    }

    fn portable<'p>(&self, x: &[Portable<'p>], shape: &[usize]) -> Result<Portable<'p>, String> {
        let rank = x[0].rank();
        let (rows, columns) = (rank - 2, rank - 1);
        let [row, column] = diagonal([x[0].shape()[rows], x[0].shape()[columns]], self.offset).0;
        let n = shape[rows];
        if n == 0 {
            return Ok(x[0].full(0.0, shape));
        }
        let square = x[0].narrow(rows, row, n, 1).narrow(columns, column, n, 1);
        Ok(on_diagonal(square).select(square, square.number(0.0)).sum(&[columns]))
    }

    fn samples(&self) -> Vec<Sample> {
        [&[3, 4][..], &[2, 4, 3], &[1, 1], &[2, 0, 3]].map(|s| Sample::of([s], NUMBERS)).to_vec()
    }
}

impl Op for Undiagonal {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = x0 on a diagonal, else 0"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x, like] = reals(x)?;
        let wanted = diagonal_shape(like, self.offset)?;
        if wanted == x {
            Ok(like.to_vec())
        } else {
            Err(format!("the diagonal of {like:?} has shape {wanted:?}, got {x:?}"))
        }
    }

    fn reads(&self, operand: usize) -> bool {
        operand == 0
    }

    fn rule<'t>(&self, operand: usize, _: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        match operand {
            0 => dy.diagonal(self.offset).into(),
            _ => Zero.into(),
        }
    }

    fn smooth(&self) -> bool {
        true
    }

    fn portable<'p>(&self, x: &[Portable<'p>], shape: &[usize]) -> Result<Portable<'p>, String> {
        Ok(portable_on_diagonal(x[0], self.offset, shape))
    }

    fn samples(&self) -> Vec<Sample> {
        let whole: [&[usize]; 3] = [&[3, 4], &[2, 4, 3], &[2, 0, 3]];
        let sample = |like: &[usize]| {
            let part = diagonal_shape(like, self.offset).ok()?;
            Some(Sample::of([&part, like], NUMBERS))
        };
        whole.into_iter().filter_map(sample).collect()
    }
}

impl Op for DiagEmbed {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = x on a diagonal, else 0"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        match x {
            [batch @ .., n] => {
                let size = n.saturating_add(self.offset.unsigned_abs());
                Ok([batch, &[size, size]].concat())
            }
            [] => Err("takes vectors in the last axis, got a scalar".to_owned()),
        }
    }

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        dy.diagonal(self.offset).into()
    }

    fn smooth(&self) -> bool {
        true
    }

    fn portable<'p>(&self, x: &[Portable<'p>], shape: &[usize]) -> Result<Portable<'p>, String> {
        Ok(portable_on_diagonal(x[0], self.offset, shape))
    }

    fn samples(&self) -> Vec<Sample> {
        [&[3][..], &[2, 4], &[1], &[2, 0]].map(|s| Sample::of([s], NUMBERS)).to_vec()
    }
}

impl Op for Triangle {
    crate::op_settings!();

    fn symbol(&self) -> String {
        if self.upper { "triu" } else { "tril" }.to_owned()
    }

    fn formula(&self) -> &'static str {
        "y = x on one side of a diagonal, else 0"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        matrices(x).map(|_| x.to_vec())
    }

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        dy.tape().apply(*self, &[dy]).into()
    }

    fn smooth(&self) -> bool {
        true
    }

    fn portable<'p>(&self, x: &[Portable<'p>], shape: &[usize]) -> Result<Portable<'p>, String> {
        let [.., rows, columns] = *shape else { return Ok(x[0]) };
        let most = rows.max(columns) as isize;
        let [row, column] =
            [shape.len() - 2, shape.len() - 1].map(|axis| x[0].positions(axis, ElementType::Index));
        let bound = row + self.diagonal.clamp(-most, most) as f64;
        let kept = if self.upper { column.greater_equal(bound) } else { column.less_equal(bound) };
        Ok(kept.select(x[0], x[0].number(0.0)))
    }

    fn samples(&self) -> Vec<Sample> {
        [&[3, 4][..], &[2, 4, 3], &[1, 1], &[2, 0, 3]].map(|s| Sample::of([s], NUMBERS)).to_vec()
    }
}

crate::ops::entry::built_in! {
    Diagonal, "diagonal", [offset], [0, 1, -2].map(|offset| Self { offset });
    Undiagonal, "undiagonal", [offset], [0, 1, -2].map(|offset| Self { offset });
    DiagEmbed, "diag_embed", [offset], [0, 1, -2].map(|offset| Self { offset });
    Triangle, "triangle", [upper, diagonal], [
        Self { upper: false, diagonal: 0 },
        Self { upper: true, diagonal: 1 },
        Self { upper: false, diagonal: -5 },
    ];
}

/// Diagonals and triangles of matrices in the last two axes. An offset counts from the main diagonal upwards.
impl<'t> Var<'t> {
    /// The diagonal of matrices in the last two axes, as a view: `y[…, i] = x[…, i, i + offset]`. Empty where the offset lies
    /// outside of the matrix.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", [[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.diagonal(0).value().as_slice().unwrap(), [1.0, 4.0]);
    /// assert_eq!(x.diagonal(-1).value().as_slice().unwrap(), [3.0]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn diagonal(self, offset: isize) -> Var<'t> {
        self.tape().apply(Diagonal { offset }, &[self])
    }

    /// Square matrices in two last axes with vectors of the last axis on a diagonal, and 0 elsewhere: as large as the vector is
    /// long, and larger by the offset.
    #[doc(alias = "diag")]
    #[track_caller]
    #[must_use]
    pub fn diag_embed(self, offset: isize) -> Var<'t> {
        self.tape().apply(DiagEmbed { offset }, &[self])
    }

    /// A square matrix with a vector on its diagonal, or the diagonal of a matrix, as NumPy's `diag`:
    /// [`diag_embed`](Self::diag_embed) or [`diagonal`](Self::diagonal), which take batches.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", [1.0, 2.0]);
    /// assert_eq!(x.diag(0).value().as_slice().unwrap(), [1.0, 0.0, 0.0, 2.0]);
    /// assert_eq!(x.diag(1).diag(1).value(), x.value());
    /// ```
    ///
    /// # Panics
    ///
    /// If it is neither a vector nor a matrix.
    #[track_caller]
    #[must_use]
    pub fn diag(self, offset: isize) -> Var<'t> {
        match self.rank() {
            1 => self.diag_embed(offset),
            2 => self.diagonal(offset),
            _ => {
                let problem = "takes a vector or a matrix; of arrays with more axes, `diagonal` takes diagonals and `diag_embed` \
                               makes them";
                self.tape().refuse_operands("diag", problem.to_owned(), &[self])
            }
        }
    }

    /// The sum of the main diagonal of matrices in the last two axes, which disappear: `y = Σ x[…, i, i]`; that of a
    /// [diagonal](Self::diagonal).
    #[track_caller]
    #[must_use]
    pub fn trace(self) -> Var<'t> {
        self.diagonal(0).sum_over(-1)
    }

    /// The lower triangle of matrices in the last two axes: `y[…, i, j] = x[…, i, j]` where `j − i ≤ diagonal`, and 0
    /// elsewhere, also in the place of a NaN or an infinity.
    #[track_caller]
    #[must_use]
    pub fn tril(self, diagonal: isize) -> Var<'t> {
        self.tape().apply(Triangle { upper: false, diagonal }, &[self])
    }

    /// The upper triangle of matrices in the last two axes: `y[…, i, j] = x[…, i, j]` where `j − i ≥ diagonal`, and 0
    /// elsewhere, also in the place of a NaN or an infinity.
    #[track_caller]
    #[must_use]
    pub fn triu(self, diagonal: isize) -> Var<'t> {
        self.tape().apply(Triangle { upper: true, diagonal }, &[self])
    }
}
