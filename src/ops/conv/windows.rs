//! Windows that slide over the last axes, as a view, and their sum, which is its adjoint.

use super::fold::{Geometry, fold, folded_shape};
use crate::Float;
use crate::base::shape::Layout;
use crate::kernel::{Inputs, Output};
use crate::ops::shapes::views::{of_either_kind, view_kernel};
use crate::portable::Portable;
use crate::tape::op::{Derivative, Kernel, Op, Operand, Zero};
use crate::tape::operands::{arrays, reals};
use crate::tape::sample::{Domain, Sample};
use crate::tape::{LoadOp, Var};
use std::sync::Arc;

/// Windows over the last axes: `[…, n] → […, windows, size]` for one axis, and so on, the axes of the windows' places
/// before those inside of a window. Element `[…, i, k]` of `y` is `[…, i · stride + k · dilation]` of x: no element is
/// moved, and windows may overlap. `dx` is `dy` [folded](FoldLike).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windows {
    /// How many elements a window takes along each axis.
    pub size: Vec<usize>,
    /// The distance of one window from the next.
    pub stride: Vec<usize>,
    /// The distance of elements in a window.
    pub dilation: Vec<usize>,
}

/// The sum of windows, each element added where [`Windows`] would take it from, in an array of the shape of x1, of which
/// only that is read. `dx0` is the windows of `dy`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoldLike {
    /// How many elements a window takes along each axis.
    pub size: Vec<usize>,
    /// The distance of one window from the next.
    pub stride: Vec<usize>,
    /// The distance of elements in a window.
    pub dilation: Vec<usize>,
}

/// As [`FoldLike`], in an array that ends some elements after the last window. `dx` is the windows of `dy`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// How many elements a window takes along each axis.
    pub size: Vec<usize>,
    /// The distance of one window from the next.
    pub stride: Vec<usize>,
    /// The distance of elements in a window.
    pub dilation: Vec<usize>,
    /// How many elements follow the last window, less than the stride.
    pub extra: Vec<usize>,
}

macro_rules! geometry {
    ($($op:ident)+) => {
        $(impl $op {
            fn geometry(&self) -> Geometry<'_> {
                Geometry { size: &self.size, stride: &self.stride, dilation: &self.dilation }
            }
        })+
    };
}

geometry! { Windows FoldLike Fold }
view_kernel! { Windows }

impl<F: Float> Kernel<F> for FoldLike {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        fold(self.geometry(), x.real(0), y);
    }
}

impl<F: Float> Kernel<F> for Fold {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        fold(self.geometry(), x.real(0), y);
    }
}

impl Op for Windows {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = windows of x"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = arrays(x)?;
        self.geometry().windows(x)
    }

    fn view(&self, x: &Layout, shape: &[usize]) -> Option<Layout> {
        if shape.contains(&0) {
            return Some(Layout::contiguous(shape));
        }
        let axes = self.size.len();
        let (before, own) = x.strides().split_at(x.strides().len() - axes);
        // A step that is never taken may be too long to be multiplied.
        let steps = |factors: &[usize], counts: &[usize]| -> Vec<isize> {
            let taken = own.iter().zip(factors).zip(counts);
            taken.map(|((&step, &n), &count)| if count > 1 { step * n as isize } else { 0 }).collect()
        };
        let places = &shape[before.len()..];
        let strides =
            [before, &steps(&self.stride, places), &steps(&self.dilation, &places[axes..])].concat();
        Some(Layout::strided(shape, &strides, x.offset()))
    }

    of_either_kind!();

    fn rule<'t>(&self, _: usize, x: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let Self { size, stride, dilation } = self.clone();
        dy.tape().apply(FoldLike { size, stride, dilation }, &[dy, x[0]]).into()
    }

    fn batched(&self, _: &[bool]) -> Option<Arc<dyn Op>> {
        Some(Arc::new(self.clone()))
    }

    fn smooth(&self) -> bool {
        true
    }

    fn portable<'p>(&self, x: &[Portable<'p>], _: &[usize]) -> Result<Portable<'p>, String> {
        Ok(self.geometry().portable_windows(x[0]))
    }

    fn samples(&self) -> Vec<Sample> {
        let all = samples(self.size.len());
        all.iter().map(|s| Sample::of([&s[..]], Domain::Between(-2.0, 2.0))).collect()
    }
}

impl Op for FoldLike {
    crate::op_settings!();

    fn symbol(&self) -> String {
        "fold".to_owned()
    }

    fn formula(&self) -> &'static str {
        "y = x0 folded to the shape of x1"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [windows, like] = reals(x)?;
        let wanted = self.geometry().windows(like)?;
        if wanted == windows {
            return Ok(like.to_vec());
        }
        Err(format!("the windows of {like:?} have shape {wanted:?}, got {windows:?}"))
    }

    fn reads(&self, operand: usize) -> bool {
        operand == 0
    }

    fn threaded(&self) -> bool {
        true
    }

    fn rule<'t>(&self, operand: usize, _: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let Self { size, stride, dilation } = self.clone();
        match operand {
            0 => dy.tape().apply(Windows { size, stride, dilation }, &[dy]).into(),
            _ => Zero.into(),
        }
    }

    fn batched(&self, is_batched: &[bool]) -> Option<Arc<dyn Op>> {
        is_batched.iter().all(|&is| is).then(|| Arc::new(self.clone()) as Arc<dyn Op>)
    }

    fn smooth(&self) -> bool {
        true
    }

    fn portable<'p>(&self, x: &[Portable<'p>], shape: &[usize]) -> Result<Portable<'p>, String> {
        Ok(self.geometry().portable_fold(x[0], shape))
    }

    fn samples(&self) -> Vec<Sample> {
        let sample = |like: Vec<usize>| {
            let windows = self.geometry().windows(&like).ok()?;
            Some(Sample::of([&windows[..], &like], Domain::Between(-2.0, 2.0)))
        };
        samples(self.size.len()).into_iter().filter_map(sample).collect()
    }
}

impl Op for Fold {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = the sum of the windows x"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        folded_shape(self.geometry(), &self.extra, x)
    }

    fn threaded(&self) -> bool {
        true
    }

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let Self { size, stride, dilation, .. } = self.clone();
        dy.tape().apply(Windows { size, stride, dilation }, &[dy]).into()
    }

    fn smooth(&self) -> bool {
        true
    }

    fn portable<'p>(&self, x: &[Portable<'p>], shape: &[usize]) -> Result<Portable<'p>, String> {
        Ok(self.geometry().portable_fold(x[0], shape))
    }

    fn batched(&self, _: &[bool]) -> Option<Arc<dyn Op>> {
        Some(Arc::new(self.clone()))
    }

    fn samples(&self) -> Vec<Sample> {
        let shape = |like: &Vec<usize>| {
            let windows = self.geometry().windows(like).ok()?;
            Some(Sample::of([&windows[..]], Domain::Between(-2.0, 2.0)))
        };
        samples(self.size.len()).iter().filter_map(shape).collect()
    }
}

/// Shapes with room for the windows of the examples over so many axes: small ones, since windows have twice as many axes.
fn samples(axes: usize) -> Vec<Vec<usize>> {
    let (front, sizes): (&[&[usize]], [usize; 3]) = match axes {
        1 => (&[&[], &[2, 1], &[0], &[3]], [5, 0, 0]),
        2 => (&[&[], &[2], &[0]], [3, 4, 0]),
        _ => (&[&[], &[0]], [3, 2, 1]),
    };
    front.iter().map(|front| [front, &sizes[..axes]].concat()).collect()
}

/// Size, stride and dilation: dense, apart, overlapping, one with elements left out.
const EXAMPLES: [[&[usize]; 3]; 5] = [
    [&[3], &[1], &[1]],
    [&[2], &[2], &[2]],
    [&[2, 3], &[2, 1], &[1, 1]],
    [&[1, 2], &[1, 2], &[1, 3]],
    [&[2, 1, 1], &[1, 2, 1], &[2, 1, 1]],
];

crate::ops::entry::built_in! {
    Windows, "windows", [size, stride, dilation],
        EXAMPLES.map(|e| e.map(<[usize]>::to_vec)).map(|[size, stride, dilation]| Self { size, stride, dilation });
    FoldLike, "fold_like", [size, stride, dilation],
        EXAMPLES.map(|e| e.map(<[usize]>::to_vec)).map(|[size, stride, dilation]| Self { size, stride, dilation });
    Fold, "fold", [size, stride, dilation, extra],
        EXAMPLES.map(|e| e.map(<[usize]>::to_vec)).map(|[size, stride, dilation]| {
            let extra = stride.iter().map(|n| n - 1).collect();
            Self { size, stride, dilation, extra }
        });
}

/// Windows, which convolution and pooling are made of.
impl<'t> Var<'t> {
    /// Windows that slide over the last axes, as many as there are sizes: a view, no elements are moved, though windows
    /// overlap. The result has the axes in front, then the number of windows along each axis, then the sizes; as NumPy's
    /// `sliding_window_view`, with strides and dilations, one for each axis.
    ///
    /// ```
    /// use ndarray::{arr1, arr2};
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", arr1(&[1.0, 2.0, 3.0, 4.0, 5.0]));
    /// let y = x.windows([3], [2], [1]);
    /// assert_eq!(y.value().into_array(), arr2(&[[1.0, 2.0, 3.0], [3.0, 4.0, 5.0]]).into_dyn());
    /// assert_eq!(y.fold([2], [1], [0]).value().as_slice().unwrap(), [1.0, 2.0, 6.0, 4.0, 5.0]);
    /// ```
    ///
    /// # Panics
    ///
    /// If there are more sizes than axes, not as many strides and dilations as sizes, one is 0, or a window does not fit.
    #[doc(alias = "sliding_window_view")]
    #[doc(alias = "unfold")]
    #[track_caller]
    #[must_use]
    pub fn windows(
        self,
        size: impl AsRef<[usize]>,
        stride: impl AsRef<[usize]>,
        dilation: impl AsRef<[usize]>,
    ) -> Var<'t> {
        let [size, stride, dilation] =
            [size.as_ref(), stride.as_ref(), dilation.as_ref()].map(<[usize]>::to_vec);
        self.tape().apply(Windows { size, stride, dilation }, &[self])
    }

    /// The sum of overlapping windows (col2im), the transpose of [`windows`](Self::windows): of `[…, windows…, sizes…]`, with a
    /// stride and a dilation for each axis, and how many elements of the result follow the last window, fewer than the stride.
    /// Terms are added in one order at any number of threads.
    ///
    /// # Panics
    ///
    /// If the strides, dilations and extra elements are not as many, or there are not two axes for each.
    #[track_caller]
    #[must_use]
    pub fn fold(
        self,
        stride: impl AsRef<[usize]>,
        dilation: impl AsRef<[usize]>,
        extra: impl AsRef<[usize]>,
    ) -> Var<'t> {
        let [stride, dilation, extra] =
            [stride.as_ref(), dilation.as_ref(), extra.as_ref()].map(<[usize]>::to_vec);
        let shape = self.shape();
        let Some(first) = shape.len().checked_sub(stride.len()) else {
            let problem = format!("shape {shape:?} has no two axes for each of {} strides", stride.len());
            self.tape().refuse_operands(Fold::NAME, problem, &[self])
        };
        self.tape().apply(Fold { size: shape[first..].to_vec(), stride, dilation, extra }, &[self])
    }
}
