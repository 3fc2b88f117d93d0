//! The elements at indices, and numbers added at indices.

use crate::Float;
use crate::base::shape::{check_axis, size, unravel};
use crate::graph::Kind;
use crate::kernel::{Inputs, Output, View, for_each_line, gather};
use crate::ops::axes::from_front;
use crate::ops::shapes::views::of_either_kind;
use crate::tape::op::{Derivative, Kernel, Op, Operand, Zero};
use crate::tape::operands::operands;
use crate::tape::sample::{Domain, Sample};
use crate::tape::{LoadOp, Var};

/// The elements at indices along an axis: `yᵢ = x0[x1ᵢ]` in every line. `dx0` is `dy` [added up](AddAlongAxis) at these
/// indices. An index past the end is [refused](Kernel::check); the kernel alone gives NaN for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakeAlongAxis {
    /// The axis along which indices count.
    pub axis: usize,
}

/// Zeros of the shape of x2, of which only that is read, and x0 added at the indices x1 along an axis, where the same may be
/// named several times: the adjoint of [`TakeAlongAxis`]. `dx0` is `dy` at these indices. An index past the end is
/// [refused](Kernel::check); the kernel alone leaves out what it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddAlongAxis {
    /// The axis along which indices count.
    pub axis: usize,
}

/// The slices of x0 at the indices x1 of an axis: `y[…, i, …] = x0[…, x1[i], …]`, with the axes of x1 in the place of this
/// one. `dx0` is `dy` [added up](AddAt) at these indices. An index past the end is [refused](Kernel::check); the kernel alone
/// gives NaN for it.
///
/// A kernel of its own, since whole rows are copied: [`TakeAlongAxis`] looks up an index for each number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Take {
    /// The axis along which indices count.
    pub axis: usize,
}

/// Zeros of the shape of x2, of which only that is read, and the slices of x0 added at the indices x1 of an axis, where the
/// same may be named several times: the adjoint of [`Take`]. `dx0` is the slices of `dy` at these indices. An index past the
/// end is [refused](Kernel::check); the kernel alone leaves out what it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddAt {
    /// The axis along which indices count.
    pub axis: usize,
}

/// Indices as real numbers: `y = x`. Its result counts as a constant, as they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToReal;

/// That the indices, which are operand 1, lie on an axis of `n` elements.
fn check_indices(indices: View<'_, usize>, n: usize) -> Result<(), String> {
    // Without a branch for each, and without the divisions that find an element of a view.
    if indices
        .as_slice()
        .is_some_and(|all| all.iter().fold(0, |past, &index| past.max(index.saturating_add(1))) <= n)
    {
        return Ok(());
    }
    let Some(at) = indices.iter().position(|index| index >= n) else { return Ok(()) };
    let (index, place) = (indices.iter().nth(at).unwrap_or(0), unravel(at, indices.shape()));
    Err(format!("index {index} at {place:?} of x1 is past the end of an axis of size {n}"))
}

/// In the place of an index that an index past the end names.
const NOWHERE: usize = usize::MAX;

fn take_along<T: Copy>(x: View<'_, T>, indices: View<'_, usize>, axis: usize, y: &mut [T], nothing: T) {
    for_each_line(indices, axis, y, indices.shape()[axis], |k, indices, mut y| {
        let line = x.nth_line(axis, k);
        for (i, index) in indices.iter().enumerate() {
            y[i] = if index < line.len() { line.get(index) } else { nothing };
        }
    });
}

fn take<T: Copy>(x: View<'_, T>, indices: View<'_, usize>, axis: usize, y: &mut [T], nothing: T) {
    let (outer, n, inner) = (size(&x.shape()[..axis]), x.shape()[axis], size(&x.shape()[axis + 1..]));
    if y.is_empty() {
        return;
    }
    let mut rows = y.chunks_exact_mut(inner);
    for k in 0..outer {
        for (index, row) in indices.iter().zip(&mut rows) {
            match index {
                _ if index >= n => row.fill(nothing),
                // Numbers one by one, without the work that is done once for a row.
                _ if inner == 1 => row[0] = x.nth_line(axis, k).get(index),
                _ => gather(x, (k * n + index) * inner, row),
            }
        }
    }
}

/// Adds the elements of x from `start` on, in row-major order.
fn add_row<F: Float>(x: View<'_, F>, start: usize, y: &mut [F]) {
    if let Some(all) = x.as_slice() {
        return y.iter_mut().zip(&all[start..]).for_each(|(y, &x)| *y += x);
    }
    let mut part = [F::zero(); 64];
    let mut start = start;
    for y in y.chunks_mut(part.len()) {
        let part = &mut part[..y.len()];
        gather(x, start, part);
        y.iter_mut().zip(&*part).for_each(|(y, &x)| *y += x);
        start += y.len();
    }
}

impl<F: Float> Kernel<F> for TakeAlongAxis {
    fn check(&self, x: Inputs<'_, '_, F>) -> Result<(), String> {
        check_indices(x.index(1), x.shape(0)[self.axis])
    }

    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        match x.is_index(0) {
            true => take_along(x.index(0), x.index(1), self.axis, y.indices, NOWHERE),
            false => take_along(x.real(0), x.index(1), self.axis, y.data, F::nan()),
        }
    }
}

impl<F: Float> Kernel<F> for AddAlongAxis {
    fn check(&self, x: Inputs<'_, '_, F>) -> Result<(), String> {
        check_indices(x.index(1), x.shape(2)[self.axis])
    }

    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let (x, indices) = (x.real(0), x.index(1));
        y.data.fill(F::zero());
        for_each_line(x, self.axis, y.data, y.shape[self.axis], |k, x, mut y| {
            for (x, index) in x.iter().zip(indices.nth_line(self.axis, k).iter()) {
                if index < y.len() {
                    y[index] += x;
                }
            }
        });
    }
}

impl<F: Float> Kernel<F> for Take {
    fn check(&self, x: Inputs<'_, '_, F>) -> Result<(), String> {
        check_indices(x.index(1), x.shape(0)[self.axis])
    }

    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        match x.is_index(0) {
            true => take(x.index(0), x.index(1), self.axis, y.indices, NOWHERE),
            false => take(x.real(0), x.index(1), self.axis, y.data, F::nan()),
        }
    }
}

impl<F: Float> Kernel<F> for AddAt {
    fn check(&self, x: Inputs<'_, '_, F>) -> Result<(), String> {
        check_indices(x.index(1), x.shape(2)[self.axis])
    }

    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let (x, indices, n) = (x.real(0), x.index(1), y.shape[self.axis]);
        let inner = size(&y.shape[self.axis + 1..]);
        y.data.fill(F::zero());
        let wholes = y.data.chunks_exact_mut((n * inner).max(1));
        for (k, whole) in wholes.enumerate() {
            for (i, index) in indices.iter().enumerate().filter(|&(_, index)| index < n) {
                add_row(x, (k * indices.len() + i) * inner, &mut whole[index * inner..][..inner]);
            }
        }
    }
}

/// The indices of one line: its own where they lie along the axis, else those of all lines.
fn of_line(indices: View<'_, usize>, axis: usize, along: bool, line: usize) -> View<'_, usize> {
    if along { indices.nth_line(axis, line) } else { indices }
}

/// The column of an op that takes elements: 1 wherever the element is named.
fn take_column(
    axis: usize,
    along: bool,
    x: Inputs<'_, '_, f64>,
    element: usize,
    add: &mut dyn FnMut(usize, f64),
) {
    let (n, inner) = (x.shape(0)[axis], size(&x.shape(0)[axis + 1..]));
    let (outer, at, column) = (element / inner / n, element / inner % n, element % inner);
    let indices = of_line(x.index(1), axis, along, outer * inner + column);
    for (i, _) in indices.iter().enumerate().filter(|&(_, index)| index == at) {
        add((outer * indices.len() + i) * inner + column, 1.0);
    }
}

/// The column of an op that adds elements: 1 at the index of the element.
fn add_column(
    axis: usize,
    along: bool,
    x: Inputs<'_, '_, f64>,
    element: usize,
    add: &mut dyn FnMut(usize, f64),
) {
    let (n, inner) = (x.shape(2)[axis], size(&x.shape(2)[axis + 1..]));
    let count = if along { x.shape(1)[axis] } else { x.index(1).len() };
    let (outer, i, column) = (element / inner / count, element / inner % count, element % inner);
    let indices = of_line(x.index(1), axis, along, outer * inner + column);
    if let Some(index) = indices.iter().nth(i).filter(|&index| index < n) {
        add((outer * n + index) * inner + column, 1.0);
    }
}

impl<F: Float> Kernel<F> for ToReal {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        y.data.iter_mut().zip(x.index(0).iter()).for_each(|(y, index)| *y = F::of(index as f64));
    }
}

impl Op for ToReal {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = the indices x as real numbers"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = operands(x, [Kind::Index])?;
        Ok(x.to_vec())
    }

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _: Var<'t>, _: Var<'t>) -> Derivative<'t> {
        Derivative::NotDifferentiable
    }

    fn smooth(&self) -> bool {
        true
    }

    fn samples(&self) -> Vec<Sample> {
        [&[3, 4][..], &[], &[2, 0]].map(|s| Sample::of([s], Domain::Index(7))).to_vec()
    }
}

/// The shapes of an array of numbers or of indices, and of indices into it.
fn array_and_indices<'a>(x: &[Operand<'a>]) -> Result<[&'a [usize]; 2], String> {
    operands(x, [x.first().map_or(Kind::Real, |x| x.kind), Kind::Index])
}

/// That indices fit an array, the lines of which they count along an axis.
fn check_lines(axis: usize, x: &[usize], indices: &[usize]) -> Result<(), String> {
    check_axis(axis, x.len())?;
    let fits = x.len() == indices.len() && (0..x.len()).all(|a| a == axis || x[a] == indices[a]);
    if fits {
        return Ok(());
    }
    Err(format!(
        "indices along axis {axis} of shape {x:?} want that shape but for this axis, got {indices:?}"
    ))
}

/// The shape of slices of an array at indices of an axis.
fn taken_shape(axis: usize, x: &[usize], indices: &[usize]) -> Result<Vec<usize>, String> {
    check_axis(axis, x.len())?;
    Ok([&x[..axis], indices, &x[axis + 1..]].concat())
}

const NUMBERS: Domain = Domain::Between(-2.0, 2.0);

/// Samples of an array and of indices along an axis of it.
fn indexed(axis: usize) -> [(Vec<usize>, Vec<usize>, Domain); 3] {
    [[3, 4, 2], [1, 5, 1], [2, 1, 0]].map(|shape| {
        let mut indices = shape;
        indices[axis] += 1;
        (shape.to_vec(), indices.to_vec(), Domain::Index(shape[axis]))
    })
}

/// Samples of an array and of indices of an axis of it.
fn sliced(axis: usize) -> [(Vec<usize>, Vec<usize>, Domain); 5] {
    let samples: [(&[usize], &[usize]); 5] =
        [(&[4, 3], &[2, 3]), (&[2, 3, 2], &[7]), (&[5, 5], &[]), (&[2, 4], &[0]), (&[1, 1], &[2])];
    samples.map(|(x, indices)| (x.to_vec(), indices.to_vec(), Domain::Index(x[axis])))
}

/// What an op that takes elements and its adjoint, which adds them up, do not share.
macro_rules! taking {
    ($take:ident, $add:ident, $takes:literal, $adds:literal, $along:literal, $samples:ident,
     |$axis:ident, $array:ident, $indices:ident| $shape:expr) => {
        impl Op for $take {
            crate::op_settings!();

            fn formula(&self) -> &'static str {
                $takes
            }

            fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
                let ($axis, [$array, $indices]) = (self.axis, array_and_indices(x)?);
                $shape
            }

            of_either_kind!();

            fn rule<'t>(&self, operand: usize, x: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
                match operand {
                    0 => dy.tape().apply($add { axis: self.axis }, &[dy, x[1], x[0]]).into(),
                    _ => Derivative::NotDifferentiable,
                }
            }

            fn smooth(&self) -> bool {
                true
            }

            fn column(
                &self,
                operand: usize,
                x: Inputs<'_, '_, f64>,
                element: usize,
                add: &mut dyn FnMut(usize, f64),
            ) -> bool {
                if operand == 0 {
                    take_column(self.axis, $along, x, element, add);
                }
                operand == 0
            }

            fn samples(&self) -> Vec<Sample> {
                $samples(self.axis).map(|(x, i, domain)| Sample(vec![(x, NUMBERS), (i, domain)])).to_vec()
            }
        }

        impl Op for $add {
            crate::op_settings!();

            fn formula(&self) -> &'static str {
                $adds
            }

            fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
                let [x, $indices, $array] = operands(x, [Kind::Real, Kind::Index, Kind::Real])?;
                let $axis = self.axis;
                let wanted: Vec<usize> = $shape?;
                if *x == *wanted {
                    return Ok($array.to_vec());
                }
                Err(format!(
                    "indices of shape {:?} into {:?} want numbers of shape {wanted:?}, got {x:?}",
                    $indices, $array
                ))
            }

            fn reads(&self, operand: usize) -> bool {
                operand < 2
            }

            fn rule<'t>(&self, operand: usize, x: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
                match operand {
                    0 => dy.tape().apply($take { axis: self.axis }, &[dy, x[1]]).into(),
                    1 => Derivative::NotDifferentiable,
                    _ => Zero.into(),
                }
            }

            fn smooth(&self) -> bool {
                true
            }

            fn column(
                &self,
                operand: usize,
                x: Inputs<'_, '_, f64>,
                element: usize,
                add: &mut dyn FnMut(usize, f64),
            ) -> bool {
                if operand == 0 {
                    add_column(self.axis, $along, x, element, add);
                }
                operand == 0
            }

            fn samples(&self) -> Vec<Sample> {
                let $axis = self.axis;
                let sample = |(like, i, domain): (Vec<usize>, Vec<usize>, Domain)| {
                    let ($array, $indices) = (&like[..], &i[..]);
                    let x = $shape.ok()?;
                    Some(Sample(vec![(x, NUMBERS), (i, domain), (like, NUMBERS)]))
                };
                $samples(self.axis).into_iter().filter_map(sample).collect()
            }
        }
    };
}

taking! {
    TakeAlongAxis, AddAlongAxis, "y = x0 at the indices x1", "y = x0 added at the indices x1", true, indexed,
    |axis, x, indices| check_lines(axis, x, indices).map(|()| indices.to_vec())
}

taking! {
    Take, AddAt, "y = slices of x0 at the indices x1", "y = slices x0 added at the indices x1", false, sliced,
    |axis, x, indices| taken_shape(axis, x, indices)
}

crate::ops::entry::built_in! {
    TakeAlongAxis, "take_along_axis", [axis], [Self { axis: 0 }, Self { axis: 1 }];
    AddAlongAxis, "add_along_axis", [axis], [Self { axis: 0 }, Self { axis: 1 }];
    Take, "take", [axis], [Self { axis: 0 }, Self { axis: 1 }];
    AddAt, "add_at", [axis], [Self { axis: 0 }, Self { axis: 1 }];
    ToReal, "to_real";
}

/// Elements at indices. An index past the end is [refused](crate::Error::Refused) when it is computed, with its place and
/// the size of the axis; indices count as constants, and the same index may be named several times.
impl<'t> Var<'t> {
    /// The elements at indices along an axis (−1 is the last): `y = x[…, indices[…, i, …], …]`, as NumPy's
    /// `take_along_axis` and PyTorch's `gather`. The shapes agree on all other axes. `dx` is `dy` added up where the elements
    /// came from. This may itself hold indices.
    #[doc(alias = "gather")]
    #[track_caller]
    #[must_use]
    pub fn take_along_axis(self, indices: Var<'t>, axis: isize) -> Var<'t> {
        let axis = from_front(&[axis], TakeAlongAxis::NAME, self, self.rank())[0];
        self.tape().apply(TakeAlongAxis { axis }, &[self, indices])
    }

    /// The slices at indices of an axis (−1 is the last), as NumPy's `take`: the axes of the indices stand in the place of
    /// this one. `dx` is `dy` added up where the slices came from. Of a matrix and axis 0 it looks up rows, as an embedding
    /// does. This may itself hold indices.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let table = tape.leaf("table", [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    /// let words = tape.index_leaf("words", [2, 0, 2]);
    /// let y = table.take(words, 0);
    /// assert_eq!(y.value().as_slice().unwrap(), [5.0, 6.0, 1.0, 2.0, 5.0, 6.0]);
    /// assert_eq!(y.sum().grad([table])[0].value().as_slice().unwrap(), [1.0, 1.0, 0.0, 0.0, 2.0, 2.0]);
    /// ```
    #[doc(alias = "index_select")]
    #[doc(alias = "embedding")]
    #[track_caller]
    #[must_use]
    pub fn take(self, indices: Var<'t>, axis: isize) -> Var<'t> {
        let axis = from_front(&[axis], Take::NAME, self, self.rank())[0];
        self.tape().apply(Take { axis }, &[self, indices])
    }

    /// This, and numbers added at indices along an axis (−1 is the last), as PyTorch's `scatter_add`:
    /// `y[…, indices[…, i, …], …] += values[…, i, …]`. Indices and values have one shape, which agrees with this one on all
    /// other axes. The adjoint of [`take_along_axis`](Self::take_along_axis).
    #[track_caller]
    #[must_use]
    pub fn scatter_add(self, indices: Var<'t>, values: Var<'t>, axis: isize) -> Var<'t> {
        let axis = from_front(&[axis], AddAlongAxis::NAME, self, self.rank())[0];
        self + self.tape().apply(AddAlongAxis { axis }, &[values, indices, self])
    }

    /// This, and slices added at indices of an axis (−1 is the last), as PyTorch's `index_add` and NumPy's `add.at`: of the
    /// shape that [`take`](Self::take) has at these indices, of which it is the adjoint.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let counts = tape.leaf("counts", [0.0, 0.0, 0.0]);
    /// let labels = tape.index_leaf("labels", [2, 0, 2]);
    /// let y = counts.index_add(labels, tape.leaf("ones", [1.0, 1.0, 1.0]), 0);
    /// assert_eq!(y.value().as_slice().unwrap(), [1.0, 0.0, 2.0]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn index_add(self, indices: Var<'t>, values: Var<'t>, axis: isize) -> Var<'t> {
        let axis = from_front(&[axis], AddAt::NAME, self, self.rank())[0];
        self + self.tape().apply(AddAt { axis }, &[values, indices, self])
    }

    /// Indices as real numbers, to calculate with: positions, or the share of labels that were met.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let scores = tape.leaf("scores", [[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]]);
    /// let labels = tape.index_leaf("labels", [1, 0, 0]);
    /// let accuracy = scores.argmax(-1).to_real().equal(labels.to_real()).mean();
    /// assert_eq!(accuracy.value().item(), 2.0 / 3.0);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn to_real(self) -> Var<'t> {
        self.tape().apply(ToReal, &[self])
    }
}
