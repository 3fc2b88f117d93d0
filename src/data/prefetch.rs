//! An iterator that runs ahead on a thread of its own.

use std::fmt;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{JoinHandle, spawn};

/// The items of an iterator, in its order, computed on another thread while they are waited for: see [`prefetch`].
pub struct Prefetch<T> {
    /// None once the iterator has ended.
    items: Option<Receiver<T>>,
    thread: Option<JoinHandle<()>>,
}

/// Runs an iterator on a thread of its own, at most so many items ahead of the one that is asked for: batches are read,
/// augmented and converted while the step before them runs.
///
/// ```
/// use chainrule::data::{Batches, prefetch};
/// use ndarray::{Array2, ArrayViewMut1, Axis};
/// use rand::RngExt;
/// use std::sync::Arc;
///
/// let images = Arc::new(Array2::from_shape_fn((10, 4), |(i, j)| (4 * i + j) as f32));
/// let shared = images.clone();
/// let batches = Batches::new(10, 5).shuffled(1).epoch(0).map(move |batch| {
///     let (mut rng, mut x) = (batch.rng(), shared.select(Axis(0), &batch.rows));
///     // Each row is mirrored or not.
///     x.rows_mut().into_iter().filter(|_| rng.random()).for_each(|mut row: ArrayViewMut1<'_, f32>| row.invert_axis(Axis(0)));
///     x
/// });
/// let mut count = 0;
/// for x in prefetch(batches, 2) {
///     count += x.nrows();
/// }
/// assert_eq!(count, 10);
/// ```
///
/// The thread ends with the iterator, or soon after this is dropped.
///
/// # Panics
///
/// If the iterator panics, its panic goes on in the `next` that waits for the item.
pub fn prefetch<I>(items: I, ahead: usize) -> Prefetch<I::Item>
where
    I: IntoIterator<IntoIter: Send + 'static, Item: Send + 'static>,
{
    let (sender, receiver) = sync_channel(ahead);
    let items = items.into_iter();
    let thread = spawn(move || {
        for item in items {
            // Nobody waits any more.
            if sender.send(item).is_err() {
                break;
            }
        }
    });
    Prefetch { items: Some(receiver), thread: Some(thread) }
}

impl<T> Iterator for Prefetch<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if let Some(item) = self.items.as_ref().and_then(|items| items.recv().ok()) {
            return Some(item);
        }
        self.items = None;
        if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join) {
            resume_unwind(panic);
        }
        None
    }
}

impl<T> fmt::Debug for Prefetch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prefetch").field("has_ended", &self.items.is_none()).finish()
    }
}
