//! Giving a plan its inputs.

use super::{InputSlot, Plan};
use crate::error::{Error, Result};
use crate::float::Float;
use crate::graph::NodeId;
use crate::kernel::{self, Share, in_parts};
use crate::shape::size;
use crate::tape::{Precision, Var};
use ndarray::{
    Array, ArrayD, ArrayRef, ArrayView, ArrayViewD, ArrayViewMutD, Axis, Dimension, IxDyn, RemoveAxis, aview0,
};
use std::sync::Arc;

/// How an input is named: by its var, or by its name.
#[derive(Debug, Clone, Copy)]
pub enum Key<'a> {
    /// By its var, of the tape that the plan was compiled from.
    Var(Var<'a>),
    /// By its name, if only one has it.
    Name(&'a str),
}

impl<'a> From<Var<'a>> for Key<'a> {
    fn from(var: Var<'a>) -> Self {
        Self::Var(var)
    }
}

impl<'a> From<&'a str> for Key<'a> {
    fn from(name: &'a str) -> Self {
        Self::Name(name)
    }
}

/// What an input of a plan can be fed with among [many](Plan::feed_all): a number, or an array in the plan's precision.
pub trait FeedValue<F> {
    /// The numbers under their shape.
    fn view(&self) -> ArrayViewD<'_, F>;
}

impl<F: Float> FeedValue<F> for F {
    fn view(&self) -> ArrayViewD<'_, F> {
        aview0(self).into_dyn()
    }
}

impl<F: Float, D: Dimension> FeedValue<F> for Array<F, D> {
    fn view(&self) -> ArrayViewD<'_, F> {
        ArrayRef::view(self).into_dyn()
    }
}

impl<F: Float, D: Dimension> FeedValue<F> for &Array<F, D> {
    fn view(&self) -> ArrayViewD<'_, F> {
        ArrayRef::view(self).into_dyn()
    }
}

impl<F: Float, D: Dimension> FeedValue<F> for &ArrayRef<F, D> {
    fn view(&self) -> ArrayViewD<'_, F> {
        ArrayRef::view(self).into_dyn()
    }
}

impl<F: Float, D: Dimension> FeedValue<F> for ArrayView<'_, F, D> {
    fn view(&self) -> ArrayViewD<'_, F> {
        ArrayRef::view(self).into_dyn()
    }
}

impl<F: Precision> Plan<F> {
    /// The plan's own buffer of an input, to be written in place; it counts as fed from now on.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if the plan has no such input of real numbers, or several of that name, [`Error::MixedTapes`] if
    /// the var is of another tape.
    #[track_caller]
    pub fn input_mut<'k>(&mut self, input: impl Into<Key<'k>>) -> Result<ArrayViewMutD<'_, F>> {
        let place = self.place_of_input("feed", input.into())?;
        Ok(self.inputs[place].open())
    }

    /// The plan's own buffer of an index input, to be written in place; it counts as fed from now on.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if the plan has no such index input.
    #[track_caller]
    pub fn index_mut<'k>(&mut self, input: impl Into<Key<'k>>) -> Result<ArrayViewMutD<'_, usize>> {
        let place = self.place_of_index("feed_indices", input.into())?;
        Ok(self.indices[place].open())
    }

    /// Copies an array to an input.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if the plan has no such input of real numbers, or several of that name, [`Error::MixedTapes`] if
    /// the var is of another tape, [`Error::Feed`] if the shape is another.
    #[track_caller]
    pub fn feed<'k, D: Dimension>(
        &mut self,
        input: impl Into<Key<'k>>,
        values: &ArrayRef<F, D>,
    ) -> Result<()> {
        let place = self.place_of_input("feed", input.into())?;
        self.inputs[place].fill(values)
    }

    /// Copies numbers or arrays to many inputs, all or none.
    ///
    /// ```
    /// # use chainrule::{Plan, State, Tape};
    /// let tape = Tape::new();
    /// let x: Vec<_> = (0..1000).map(|i| tape.input(&format!("x{i}"), [])).collect();
    /// let mut plan = Plan::<f32>::compile([tape.stack(&x, 0).sum()], [])?;
    /// plan.feed_all(x.iter().map(|&x| (x, 0.5)))?;
    /// assert_eq!(plan.run(&mut State::new())?.nth(0), ndarray::arr0(500.0).into_dyn());
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`feed`](Self::feed), for the first that does not fit; then all inputs are as they were.
    #[track_caller]
    pub fn feed_all<'k, K: Into<Key<'k>>, V: FeedValue<F>>(
        &mut self,
        values: impl IntoIterator<Item = (K, V)>,
    ) -> Result<()> {
        let mut fitting = Vec::new();
        for (input, value) in values {
            let place = self.place_of_input("feed_all", input.into())?;
            self.inputs[place].check("feed_all", value.view().shape())?;
            fitting.push((place, value));
        }
        fitting.iter().for_each(|(place, value)| self.inputs[*place].copy(&value.view()));
        Ok(())
    }

    /// Copies rows of an array to an input, in the order in which they are named: a batch of what there is to learn from.
    ///
    /// Each number is converted on the way, so that images can stay bytes:
    ///
    /// ```
    /// # use chainrule::{Plan, State, Tape};
    /// let images = ndarray::arr2(&[[0_u8, 51], [102, 153], [204, 255]]);
    /// let tape = Tape::new();
    /// let x = tape.input("x", [2, 2]);
    /// let mut plan = Plan::<f32>::compile([2.0 * x], [])?;
    /// plan.feed_rows(x, &images, &[2, 0], |pixel| f32::from(pixel) / 255.0)?;
    /// assert_eq!(plan.run(&mut State::new())?.nth(0), ndarray::arr2(&[[1.6, 2.0], [0.0, 0.4]]).into_dyn());
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if the plan has no such input of real numbers, or several of that name, [`Error::MixedTapes`] if
    /// the var is of another tape, [`Error::Feed`] if there are more or fewer rows than the input has, if they have another
    /// shape, or if a row is named that the array does not have. Then the input is as it was.
    ///
    /// # Cost
    ///
    /// O(elements). Rows anywhere in a large array whose elements lie in row-major order are waited for together, not one
    /// after the other; many of them, and in a thread of rayon's pool, by as many threads as the plan
    /// [was compiled for](crate::PlanOptions::threads). That is why `convert` and the elements are `Sync`.
    #[track_caller]
    pub fn feed_rows<'k, T: Copy + Sync, D: RemoveAxis>(
        &mut self,
        input: impl Into<Key<'k>>,
        values: &ArrayRef<T, D>,
        rows: &[usize],
        convert: impl Fn(T) -> F + Sync,
    ) -> Result<()> {
        let place = self.place_of_input("feed", input.into())?;
        self.inputs[place].fill_rows(values, rows, convert, self.options.threads)
    }

    /// Copies an array of class labels or positions to an index input.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if the plan has no such index input, [`Error::Feed`] if the shape is another.
    #[track_caller]
    pub fn feed_indices<'k, D: Dimension>(
        &mut self,
        input: impl Into<Key<'k>>,
        indices: &ArrayRef<usize, D>,
    ) -> Result<()> {
        let place = self.place_of_index("feed_indices", input.into())?;
        self.indices[place].fill(indices)
    }
}

impl<F: Precision> Plan<F> {
    /// Whether the plan reads a node as an index input.
    pub(crate) fn reads_indices(&self, node: NodeId) -> bool {
        self.indices.binary_search_by_key(&node, |slot| slot.id).is_ok()
    }

    /// What inputs and index inputs were last fed.
    pub(crate) fn given(
        &self,
    ) -> (impl Iterator<Item = (NodeId, ArrayD<F>)>, impl Iterator<Item = (NodeId, ArrayD<usize>)>) {
        (self.inputs.iter().filter_map(InputSlot::given), self.indices.iter().filter_map(InputSlot::given))
    }

    /// What its vars are known by: see [`Var::is_of`].
    pub(crate) fn tape_id(&self) -> Arc<()> {
        self.tape_id.clone()
    }
}

impl<T: Copy + Send> InputSlot<T> {
    /// Its node and its numbers, if it was fed.
    fn given(&self) -> Option<(NodeId, ArrayD<T>)> {
        let numbers = ArrayD::from_shape_vec(IxDyn(&self.shape), self.values.clone());
        self.fed.then(|| {
            (self.id, numbers.unwrap_or_else(|e| unreachable!("the buffer has the input's size: {e}")))
        })
    }

    fn open(&mut self) -> ArrayViewMutD<'_, T> {
        self.fed = true;
        ArrayViewMutD::from_shape(IxDyn(&self.shape), &mut self.values)
            .unwrap_or_else(|e| unreachable!("the buffer has the input's size: {e}"))
    }

    fn fill<D: Dimension>(&mut self, values: &ArrayRef<T, D>) -> Result<()> {
        self.check("feed", values.shape())?;
        self.copy(values);
        Ok(())
    }

    /// That an array of this shape fits.
    fn check(&self, what: &'static str, shape: &[usize]) -> Result<()> {
        if shape == &self.shape[..] {
            return Ok(());
        }
        Err(self.misfit(what, format!("shape {shape:?}")))
    }

    /// Copies an array that fits.
    fn copy<D: Dimension>(&mut self, values: &ArrayRef<T, D>) {
        self.values.iter_mut().zip(values).for_each(|(slot, &x)| *slot = x);
        self.fed = true;
    }

    fn fill_rows<U: Copy + Sync, D: RemoveAxis>(
        &mut self,
        values: &ArrayRef<U, D>,
        rows: &[usize],
        convert: impl Fn(U) -> T + Sync,
        threads: usize,
    ) -> Result<()> {
        let misfit = |found| Err(self.misfit("feed_rows", found));
        let Some((&count, shape)) = values.shape().split_first() else {
            return misfit("rows of a single number".to_owned());
        };
        if self.shape.split_first() != Some((&rows.len(), shape)) {
            return misfit(format!("{} rows of shape {shape:?}", rows.len()));
        }
        if let Some(row) = rows.iter().find(|&&row| row >= count) {
            return misfit(format!("row {row} of an array with {count} rows"));
        }
        // Until all rows are there: `convert` may panic on the way.
        self.fed = false;
        let width = size(shape);
        let Some(values) = values.as_slice() else {
            let rows = rows.iter().flat_map(|&row| values.index_axis(Axis(0), row).into_iter());
            self.values.iter_mut().zip(rows).for_each(|(slot, &x)| *slot = convert(x));
            self.fed = true;
            return Ok(());
        };
        let row_of = |row: usize| &values[row * width..][..width];
        let together = (TOGETHER / (width * size_of::<U>()).max(1)).max(1);
        let fill = |Part { slots, rows }: Part<'_, T>| {
            for (slots, rows) in slots.chunks_mut((together * width).max(1)).zip(rows.chunks(together)) {
                for distance in [PAGE, LINE] {
                    rows.iter().for_each(|&row| kernel::fetch(row_of(row), distance));
                }
                for (slots, &row) in slots.chunks_exact_mut(width.max(1)).zip(rows) {
                    kernel::convert(row_of(row), slots, &convert);
                }
            }
        };
        // From elsewhere, it would take longer to hand the work over than to do it.
        let parts = match rayon::current_thread_index() {
            Some(_) => threads.min(rows.len()).min(self.values.len() / LONG + 1),
            None => 1,
        };
        let all = Part { slots: &mut self.values, rows };
        in_parts(all, parts, &Part::split, &fill);
        self.fed = true;
        Ok(())
    }

    /// What was given does not fit this input.
    fn misfit(&self, what: &'static str, found: String) -> Error {
        Error::Feed {
            what,
            leaf: format!("input {} `{}`", self.id, self.name),
            expected: format!("shape {:?}", &self.shape[..]),
            found,
            location: self.location.clone(),
        }
    }
}

/// Numbers that a thread more is worth: some microseconds' work.
const LONG: usize = 1 << 14;

/// Some rows, and the places for them.
struct Part<'a, T> {
    slots: &'a mut [T],
    rows: &'a [usize],
}

impl<T> Part<'_, T> {
    /// The first rows, and the others.
    fn split(self, share: Share) -> (Self, Self) {
        let Self { slots, rows } = self;
        let (width, count) = (slots.len() / rows.len(), share.of(rows.len(), 1));
        let ((slots_a, slots_b), (rows_a, rows_b)) =
            (slots.split_at_mut(width * count), rows.split_at(count));
        (Self { slots: slots_a, rows: rows_a }, Self { slots: slots_b, rows: rows_b })
    }
}

/// Bytes of rows that are fetched together; they stay in the cache until they are read.
const TOGETHER: usize = 64 * 1024;

/// Bytes of a page of memory, and of a line of a cache. First all pages are looked up, side by side: a look-up takes as long
/// as fetching a line, and lines cannot be fetched before. 100 rows of 3 KiB anywhere in 180 MiB take 81 µs one after
/// another, 55 with their lines fetched together, and 42 with their pages before (one Zen 4 core; two 26).
const PAGE: usize = 4096;
const LINE: usize = 64;
