//! Elements in another order, and several times: flipped, rolled, repeated, tiled, on a grid; axes merged into one.

use super::views::{BroadcastTo, of_either_kind, view_kernel};
use crate::Float;
use crate::base::shape::{Layout, check_axis, size};
use crate::kernel::{Inputs, Output};
use crate::ops::axes::{Axes, flags, from_front};
use crate::ops::operand::IntoVar;
use crate::portable::Portable;
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::operands::arrays;
use crate::tape::sample::{Domain, Sample};
use crate::tape::{LoadOp, Tape, Var};

view_kernel! { FlattenAxes }

/// Several axes that follow each other as one, in row-major order; `dx` is `dy` in the shape of x.
///
/// [`Reshape`](super::views::Reshape) names sizes; this fits any, so that a graph can be given another batch size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlattenAxes {
    /// The first of the axes.
    pub start: usize,
    /// The last of the axes, which belongs to them.
    pub end: usize,
}

impl Op for FlattenAxes {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = x with several axes as one"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = arrays(x)?;
        let Self { start, end } = *self;
        check_axis(start, x.len())?;
        check_axis(end, x.len())?;
        if start > end {
            return Err(format!(
                "axes from {start} to {end} are none; the first must not be behind the last"
            ));
        }
        Ok([&x[..start], &[size(&x[start..=end])], &x[end + 1..]].concat())
    }

    fn view(&self, x: &Layout, shape: &[usize]) -> Option<Layout> {
        x.reshaped(shape)
    }

    of_either_kind!();

    fn rule<'t>(&self, _: usize, x: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        dy.reshape_like(x[0]).into()
    }

    fn smooth(&self) -> bool {
        true
    }

    fn portable<'p>(&self, x: &[Portable<'p>], shape: &[usize]) -> Result<Portable<'p>, String> {
        Ok(x[0].reshape(shape))
    }

    fn samples(&self) -> Vec<Sample> {
        [&[2, 3, 4][..], &[1, 5, 1, 2], &[3, 0, 2]]
            .map(|s| Sample::of([s], Domain::Between(-2.0, 2.0)))
            .to_vec()
    }
}

crate::ops::entry::built_in! {
    FlattenAxes, "flatten", [start, end], [Self { start: 0, end: 2 }, Self { start: 1, end: 2 }, Self { start: 1, end: 1 }];
}

/// The same elements in another order, several times, or with several axes as one.
impl<'t> Var<'t> {
    /// Several axes that follow each other as one, in row-major order: those from `start` to `end`, both of which belong to
    /// them, and −1 is the last. As PyTorch's `flatten`; it fits any size.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let images = tape.input("images", [64, 3, 8, 8]);
    /// assert_eq!(images.flatten(1, -1).shape(), [64, 192]);
    /// ```
    #[doc(alias = "reshape")]
    #[track_caller]
    #[must_use]
    pub fn flatten(self, start: isize, end: isize) -> Var<'t> {
        let axes = from_front(&[start, end], FlattenAxes::NAME, self, self.rank());
        self.tape().apply(FlattenAxes { start: axes[0], end: axes[1] }, &[self])
    }

    /// The elements in reverse order along some axes (`0`, `-1`, `[0, 2]`, `..`), as a view.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", [1.0, 2.0, 3.0]);
    /// assert_eq!(x.flip(0).value().iter().copied().collect::<Vec<_>>(), [3.0, 2.0, 1.0]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn flip(self, axes: impl Into<Axes>) -> Var<'t> {
        let axes = axes.into().resolve("flip", self, self.rank());
        if let Err(problem) = flags(&axes, self.rank()) {
            self.tape().refuse_operands("flip", problem, &[self])
        }
        let mut y = self;
        for axis in axes {
            y = y.range(axis, 0, None, -1);
        }
        y
    }

    /// The elements moved on by `shift` places along an axis (−1 is the last), those that leave at one end coming in at the
    /// other, as NumPy's `roll`.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", [1.0, 2.0, 3.0]);
    /// assert_eq!(x.roll(1, 0).value().as_slice().unwrap(), [3.0, 1.0, 2.0]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn roll(self, shift: isize, axis: isize) -> Var<'t> {
        let front = from_front(&[axis], "roll", self, self.rank())[0];
        let n = self.shape()[front] as isize;
        // A shift of less than the axis' size fits any larger one: it is counted from the end that it is near to.
        let shift = if n == 0 { 0 } else { shift % n };
        if shift == 0 {
            return self;
        }
        let (head, tail) = (self.range(front, 0, Some(-shift), 1), self.range(front, -shift, None, 1));
        self.tape().concat(&[tail, head], front as isize)
    }

    /// Each element `count` times, one after another along an axis (−1 is the last), as NumPy's `repeat` and PyTorch's
    /// `repeat_interleave`.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", [1.0, 2.0]);
    /// assert_eq!(x.repeat(2, 0).value().as_slice().unwrap(), [1.0, 1.0, 2.0, 2.0]);
    /// ```
    #[doc(alias = "repeat_interleave")]
    #[track_caller]
    #[must_use]
    pub fn repeat(self, count: usize, axis: isize) -> Var<'t> {
        let axis = from_front(&[axis], "repeat", self, self.rank())[0];
        let mut shape = vec![None; self.rank() + 1];
        shape[axis + 1] = Some(count);
        let copies = self.tape().apply(BroadcastTo { shape }, &[self.expand_dims_at(&[axis + 1])]);
        self.tape().apply(FlattenAxes { start: axis, end: axis + 1 }, &[copies])
    }

    /// The whole array several times along each axis, as NumPy's `tile`: as many counts as axes, or fewer, of the last axes; or
    /// more, of new ones in front.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", [1.0, 2.0]);
    /// assert_eq!(x.tile([2]).value().as_slice().unwrap(), [1.0, 2.0, 1.0, 2.0]);
    /// assert_eq!(x.tile([3, 2]).shape(), [3, 4]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn tile(self, counts: impl AsRef<[usize]>) -> Var<'t> {
        let counts = counts.as_ref();
        let new: Vec<usize> = (0..counts.len().saturating_sub(self.rank())).collect();
        let mut y = if new.is_empty() { self } else { self.expand_dims_at(&new) };
        let first = y.rank() - counts.len();
        // One axis after the other, since each has its copies in front of it for a while.
        for (k, &count) in counts.iter().enumerate().filter(|&(_, &count)| count != 1) {
            let axis = first + k;
            let mut shape = vec![None; y.rank() + 1];
            shape[axis] = Some(count);
            let copies = self.tape().apply(BroadcastTo { shape }, &[y.expand_dims_at(&[axis])]);
            y = self.tape().apply(FlattenAxes { start: axis, end: axis + 1 }, &[copies]);
        }
        y
    }

    /// As many parts along an axis (−1 is the last), views of sizes as equal as they can be, the first ones larger by one
    /// where they are not: NumPy's `array_split`. [`split`](Self::split) takes sizes.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let parts = tape.input("x", [5, 2]).array_split(2, 0);
    /// assert_eq!(parts.iter().map(|part| part.shape()[0]).collect::<Vec<_>>(), [3, 2]);
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no such axis, or `parts` is 0.
    #[doc(alias = "chunk")]
    #[track_caller]
    #[must_use]
    pub fn array_split(self, parts: usize, axis: isize) -> Vec<Var<'t>> {
        let axis = from_front(&[axis], "array_split", self, self.rank())[0];
        if parts == 0 {
            self.tape().refuse_operands("array_split", "takes at least one part, got 0".to_owned(), &[self])
        }
        let n = self.shape()[axis];
        let (mut all, mut start) = (Vec::new(), 0);
        for k in 0..parts {
            let end = start + n / parts + usize::from(k < n % parts);
            all.push(self.range(axis, start as isize, Some(end as isize), 1));
            start = end;
        }
        all
    }

    /// The slices at every position of an axis (−1 is the last), views without this axis: the reverse of
    /// [`Tape::stack`](Tape::stack), as PyTorch's `unbind`.
    #[doc(alias = "unbind")]
    #[track_caller]
    #[must_use]
    pub fn unstack(self, axis: isize) -> Vec<Var<'t>> {
        let axis = from_front(&[axis], "unstack", self, self.rank())[0];
        let n = self.shape()[axis];
        let mut all = Vec::with_capacity(n);
        for i in 0..n as isize {
            all.push(self.range(axis, i, Some(i + 1), 1).squeeze_at(&[axis]));
        }
        all
    }

    /// `value` where `mask` ≠ 0, else this, as PyTorch's `masked_fill`; the three broadcast. `dx` is `dy` where the mask is 0,
    /// and 0 where it is not, whatever x is there: see [`select`](Self::select) for where that is NaN.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let scores = tape.leaf("scores", [1.0, 2.0, 3.0]);
    /// let padding = tape.constant([false, false, true]);
    /// let shares = scores.masked_fill(padding, f64::NEG_INFINITY).softmax(-1);
    /// assert_eq!(shares.value()[2], 0.0);
    /// ```
    ///
    /// A row that is −∞ throughout has no shares: its [`softmax`](Self::softmax) is NaN, and so is what is computed from it,
    /// gradients included. Where a row may be masked as a whole, fill the shares as well: nothing is then attended to in that
    /// row, and all gradients are right. A large negative number instead of −∞ shares such a row equally.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let scores = tape.leaf("scores", [[1.0, 2.0], [3.0, 4.0]]);
    /// let mask = tape.constant([[false, true], [true, true]]);
    /// let shares = scores.masked_fill(mask, f64::NEG_INFINITY).softmax(-1).masked_fill(mask, 0.0);
    /// assert_eq!(shares.value().as_slice().unwrap(), [1.0, 0.0, 0.0, 0.0]);
    /// assert_eq!(shares.sum().grad([scores])[0].value().as_slice().unwrap(), [0.0; 4]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn masked_fill(self, mask: Var<'t>, value: impl IntoVar<'t>) -> Var<'t> {
        mask.select(value.on(self), self)
    }

    /// The axes listed, counted from the front, as one last axis, in row-major order; at least one.
    #[track_caller]
    pub(in crate::ops) fn with_axes_last(self, axes: &[usize]) -> Var<'t> {
        let rank = self.rank();
        let last: Vec<isize> =
            (0..rank).filter(|a| !axes.contains(a)).chain(axes.iter().copied()).map(|a| a as isize).collect();
        let in_order = last.iter().enumerate().all(|(k, &a)| k as isize == a);
        let moved = if in_order { self } else { self.permute(&last) };
        match axes.len() {
            1 => moved,
            n => self.tape().apply(FlattenAxes { start: rank - n, end: rank - 1 }, &[moved]),
        }
    }
}

impl Tape {
    /// Coordinates on a grid, one array for each vector: `y_k[i0, i1, …] = x_k[i_k]`, of the shape of all lengths, as NumPy's
    /// `meshgrid` with `indexing="ij"`; views.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let (x, y) = (tape.leaf("x", [1.0, 2.0]), tape.leaf("y", [3.0, 4.0, 5.0]));
    /// let [xs, ys] = tape.meshgrid([x, y]);
    /// assert_eq!((xs * ys).value(), x.expand_dims(1).matmul(y.expand_dims(0)).value());
    /// ```
    ///
    /// # Panics
    ///
    /// If one is no vector.
    #[track_caller]
    pub fn meshgrid<'t, const N: usize>(&'t self, vectors: [Var<'t>; N]) -> [Var<'t>; N] {
        let mut sizes = [0; N];
        for (size, vector) in sizes.iter_mut().zip(vectors) {
            let &[n] = &vector.shape()[..] else {
                let problem = "takes vectors, of one axis each".to_owned();
                self.refuse_operands("meshgrid", problem, &vectors)
            };
            *size = n;
        }
        let mut grids = vectors;
        for (k, grid) in grids.iter_mut().enumerate() {
            let others: Vec<usize> = (0..N).filter(|&a| a != k).collect();
            // The own size stays open, the others are those of the other vectors.
            let shape = (0..N).map(|a| (a != k).then(|| sizes[a])).collect();
            *grid = self.apply(BroadcastTo { shape }, &[grid.expand_dims_at(&others)]);
        }
        grids
    }
}
