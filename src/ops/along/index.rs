//! The elements at indices, and numbers added at indices.

use super::look_up;
use crate::Float;
use crate::base::shape::check_axis;
use crate::graph::Kind;
use crate::kernel::{Inputs, Output};
use crate::ops::axes::from_front;
use crate::ops::shapes::views::of_either_kind;
use crate::portable::{ElementType, Portable};
use crate::tape::op::{Derivative, Kernel, Op, Operand, Zero};
use crate::tape::operands::operands;
use crate::tape::sample::{Domain, Sample};
use crate::tape::{LoadOp, Var};
use std::sync::Arc;

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

    fn portable<'p>(&self, x: &[Portable<'p>], _: &[usize]) -> Result<Portable<'p>, String> {
        Ok(x[0].real())
    }

    fn samples(&self) -> Vec<Sample> {
        [&[3, 4][..], &[], &[2, 0]].map(|s| Sample::of([s], Domain::Index(7))).to_vec()
    }
}

/// Real numbers as indices, towards 0. What is negative or NaN becomes an index past every end. Its result counts as a
/// constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToIndex;

impl<F: Float> Kernel<F> for ToIndex {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        // Towards 0, and to the greatest index from what is too large.
        let index = |x: f64| if x > -1.0 { x as usize } else { look_up::NOWHERE };
        y.indices.iter_mut().zip(x.real(0).iter()).for_each(|(y, x)| *y = index(x.wide()));
    }
}

impl Op for ToIndex {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = the real numbers x as indices"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = operands(x, [Kind::Real])?;
        Ok(x.to_vec())
    }

    fn kind(&self, _: &[Operand<'_>]) -> Kind {
        Kind::Index
    }

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _: Var<'t>, _: Var<'t>) -> Derivative<'t> {
        Derivative::NotDifferentiable
    }

    fn portable<'p>(&self, x: &[Portable<'p>], _: &[usize]) -> Result<Portable<'p>, String> {
        // In formats the greatest index is that of 32 bits.
        let past = f64::from(i32::MAX);
        let index = x[0].greater(-1.0).select(x[0].minimum(past), x[0].number(past));
        Ok(index.convert(ElementType::Index))
    }

    fn samples(&self) -> Vec<Sample> {
        [&[3, 4][..], &[], &[2, 0]].map(|s| Sample::of([s], Domain::Between(0.1, 6.9))).to_vec()
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
    ($take:ident, $add:ident, $takes:literal, $adds:literal, $along:literal, $take_loop:path, $add_loop:path, $taken:ident, $added:ident,
     $samples:ident, |$axis:ident, $array:ident, $indices:ident| $shape:expr) => {
        impl<F: Float> Kernel<F> for $take {
            fn check(&self, x: Inputs<'_, '_, F>) -> Result<(), String> {
                look_up::check_indices(x.index(1), x.shape(0)[self.axis])
            }

            fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
                match x.is_index(0) {
                    true => {
                        $take_loop(x.index(0), x.index(1), self.axis, y.indices, look_up::NOWHERE, y.threads)
                    }
                    false => $take_loop(x.real(0), x.index(1), self.axis, y.data, F::nan(), y.threads),
                }
            }
        }

        impl<F: Float> Kernel<F> for $add {
            fn check(&self, x: Inputs<'_, '_, F>) -> Result<(), String> {
                look_up::check_indices(x.index(1), x.shape(2)[self.axis])
            }

            fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
                $add_loop(x.real(0), x.index(1), self.axis, y.shape, y.data, y.threads);
            }
        }

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

            fn threaded(&self) -> bool {
                true
            }

            fn rule<'t>(&self, operand: usize, x: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
                match operand {
                    0 => dy.tape().apply($add { axis: self.axis }, &[dy, x[1], x[0]]).into(),
                    _ => Derivative::NotDifferentiable,
                }
            }

            /// Of indices that are the same for all, or for each where they stand along the axis.
            fn batched(&self, is_batched: &[bool]) -> Option<Arc<dyn Op>> {
                let fits = is_batched.iter().enumerate().all(|(i, &is)| is == (i != 1 || $along));
                fits.then(|| Arc::new(Self { axis: self.axis + 1 }) as Arc<dyn Op>)
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
                    look_up::take_column(self.axis, $along, x, element, add);
                }
                operand == 0
            }

            fn portable<'p>(&self, x: &[Portable<'p>], shape: &[usize]) -> Result<Portable<'p>, String> {
                let (axis, y) = (self.axis, x[0].$taken(x[1], self.axis));
                if !x[0].element().is_real() {
                    return Ok(y);
                }
                // The axes of the indices stand where they do in the result.
                let indices = if $along {
                    x[1]
                } else {
                    x[1].broadcast_axes(&(axis..axis + x[1].rank()).collect::<Vec<_>>(), shape)
                };
                Ok(y.unless_past_end(indices, x[0].shape()[axis], f64::NAN))
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

            fn threaded(&self) -> bool {
                true
            }

            /// Of indices that are the same for all, or for each where they stand along the axis.
            fn batched(&self, is_batched: &[bool]) -> Option<Arc<dyn Op>> {
                let fits = is_batched.iter().enumerate().all(|(i, &is)| is == (i != 1 || $along));
                fits.then(|| Arc::new(Self { axis: self.axis + 1 }) as Arc<dyn Op>)
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
                    look_up::add_column(self.axis, $along, x, element, add);
                }
                operand == 0
            }

            fn portable<'p>(&self, x: &[Portable<'p>], shape: &[usize]) -> Result<Portable<'p>, String> {
                Ok(x[0].full(0.0, shape).$added(x[1], x[0], self.axis))
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
    TakeAlongAxis, AddAlongAxis, "y = x0 at the indices x1", "y = x0 added at the indices x1", true,
    look_up::take_along, look_up::add_along, take_along, add_along, indexed,
    |axis, x, indices| check_lines(axis, x, indices).map(|()| indices.to_vec())
}

taking! {
    Take, AddAt, "y = slices of x0 at the indices x1", "y = slices x0 added at the indices x1", false,
    look_up::take, look_up::add_at, take, add_at, sliced,
    |axis, x, indices| taken_shape(axis, x, indices)
}

crate::ops::entry::built_in! {
    TakeAlongAxis, "take_along_axis", [axis], [Self { axis: 0 }, Self { axis: 1 }];
    AddAlongAxis, "add_along_axis", [axis], [Self { axis: 0 }, Self { axis: 1 }];
    Take, "take", [axis], [Self { axis: 0 }, Self { axis: 1 }];
    AddAt, "add_at", [axis], [Self { axis: 0 }, Self { axis: 1 }];
    ToReal, "to_real";
    ToIndex, "to_index";
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

    /// Real numbers as indices, towards 0: what was computed as a position. What is negative or NaN becomes an index past every
    /// end, which is refused where it is used.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", [10.0, 20.0, 30.0]);
    /// let at = tape.leaf("at", [2.0, 0.5]).to_index();
    /// assert_eq!(x.take(at, 0).value().as_slice().unwrap(), [30.0, 10.0]);
    /// ```
    #[doc(alias = "long")]
    #[track_caller]
    #[must_use]
    pub fn to_index(self) -> Var<'t> {
        self.tape().apply(ToIndex, &[self])
    }
}
