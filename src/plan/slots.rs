//! What a plan is given from outside: inputs with their buffers, and parameters of the state.

use crate::base::shape::{Sizes, size};
use crate::error::{Error, Result};
use crate::graph::NodeId;
use crate::kernel::{self, Share, in_parts};
use crate::location::Location;
use ndarray::{ArrayRef, ArrayViewMutD, Axis, Dimension, IxDyn, RemoveAxis};

/// A leaf that is fed, and its buffer.
#[derive(Debug, Clone)]
pub(crate) struct InputSlot<T> {
    pub(crate) id: NodeId,
    pub(crate) name: String,
    pub(crate) shape: Sizes,
    pub(crate) location: Location,
    pub(crate) values: Vec<T>,
    pub(crate) fed: bool,
}

/// A parameter that is read or updated, and its index in the state of the last run.
#[derive(Debug, Clone)]
pub(crate) struct ParameterSlot {
    pub(crate) name: String,
    pub(crate) shape: Sizes,
    pub(crate) location: Location,
    /// Whether a step reads it.
    pub(crate) read: bool,
    /// Whether a run writes it.
    pub(crate) updated: bool,
    pub(crate) index: usize,
}

/// Numbers for which one more thread pays: some microseconds' work.
const LONG: usize = 1 << 14;

/// Some rows, and what they are copied to.
struct BatchPart<'a, T> {
    slots: &'a mut [T],
    rows: &'a [usize],
}

impl<T> BatchPart<'_, T> {
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

impl<T: Copy + Send> InputSlot<T> {
    pub(crate) fn open(&mut self) -> ArrayViewMutD<'_, T> {
        self.fed = true;
        ArrayViewMutD::from_shape(IxDyn(&self.shape), &mut self.values)
            .unwrap_or_else(|e| unreachable!("the buffer has the input's size: {e}"))
    }

    pub(crate) fn fill<D: Dimension>(&mut self, values: &ArrayRef<T, D>) -> Result<()> {
        self.check("feed", values.shape())?;
        self.copy(values);
        Ok(())
    }

    /// That an array of this shape fits.
    pub(crate) fn check(&self, what: &'static str, shape: &[usize]) -> Result<()> {
        if shape == &self.shape[..] {
            return Ok(());
        }
        Err(self.misfit(what, format!("shape {shape:?}")))
    }

    /// Copies an array that fits.
    pub(crate) fn copy<D: Dimension>(&mut self, values: &ArrayRef<T, D>) {
        self.values.iter_mut().zip(values).for_each(|(slot, &x)| *slot = x);
        self.fed = true;
    }

    pub(crate) fn fill_rows<U: Copy + Sync, D: RemoveAxis>(
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
        let fill = |BatchPart { slots, rows }: BatchPart<'_, T>| {
            for (slots, rows) in slots.chunks_mut((together * width).max(1)).zip(rows.chunks(together)) {
                for distance in [PAGE, LINE] {
                    rows.iter().for_each(|&row| kernel::fetch(row_of(row), distance));
                }
                for (slots, &row) in slots.chunks_exact_mut(width.max(1)).zip(rows) {
                    kernel::convert(row_of(row), slots, &convert);
                }
            }
        };
        let parts = threads.min(rows.len()).min(self.values.len() / LONG + 1);
        let all = BatchPart { slots: &mut self.values, rows };
        in_parts(all, parts, &BatchPart::split, &fill);
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
