//! The rows of each batch of each epoch.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};
use std::sync::Arc;

/// Which rows of the data are in which batch: in order or shuffled, epoch after epoch.
///
/// Batches are numbers of rows, which go to `Plan::feed_rows`, or to `select` of arrays of ndarray. The order of an epoch
/// follows from the seed and the number of the epoch alone, so training goes on where it stopped, given the number of steps.
///
/// A plan has the shape of one batch. The last one of an epoch is smaller if the size does not divide the number of rows: it is run
/// by a second plan of that size on the same state, or [dropped](Self::drop_last), as is usual while training since others are in it in
/// the next epoch; or [filled](Self::fill_last) with other rows, of which [`count`](Batch::count) says how many do not count, as is
/// usual for accuracies.
///
/// ```
/// use chainrule::data::Batches;
/// let batches = Batches::new(10, 4).shuffled(1);
/// let mut rows: Vec<usize> = batches.epoch(0).flat_map(|batch| batch.rows).collect();
/// assert_eq!(batches.epoch(0).map(|batch| batch.rows.len()).collect::<Vec<_>>(), [4, 4, 2]);
/// rows.sort();
/// assert!(rows.into_iter().eq(0..10));
/// assert_ne!(batches.epoch(0).next(), batches.epoch(1).next());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batches {
    rows: Arc<[usize]>,
    size: usize,
    seed: Option<u64>,
    last: LastBatch,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LastBatch {
    Smaller,
    Dropped,
    Filled,
}

/// One batch.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Batch {
    /// The epoch, from 0.
    pub epoch: u64,
    /// Its place in the epoch, from 0.
    pub place: usize,
    /// The rows of the data.
    pub rows: Vec<usize>,
    /// How many of them count, from the first on: all, but in a last batch that is [filled](Batches::fill_last).
    pub count: usize,
    seed: u64,
}

impl Batch {
    /// A generator of its own, for augmentation: the same numbers on every thread and in every run.
    pub fn rng(&self) -> impl Rng + Send + 'static {
        generator(self.seed, [self.epoch, 1 + self.place as u64])
    }
}

impl Batches {
    /// Batches of so many of the rows 0 to `len − 1`, in order.
    ///
    /// # Panics
    ///
    /// If the size is 0.
    #[track_caller]
    pub fn new(len: usize, size: usize) -> Self {
        Self::of((0..len).collect::<Vec<_>>(), size)
    }

    /// Batches of so many of these rows, such as one part of a [split](train_validation_split), in order.
    ///
    /// # Panics
    ///
    /// If the size is 0.
    #[track_caller]
    pub fn of(rows: impl Into<Arc<[usize]>>, size: usize) -> Self {
        assert!(size > 0, "batches: a batch has 1 or more rows, got 0");
        Self { rows: rows.into(), size, seed: None, last: LastBatch::Smaller }
    }

    /// The same in another order in each epoch.
    #[must_use]
    pub fn shuffled(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// The same without a last batch that is smaller.
    #[must_use]
    pub fn drop_last(self) -> Self {
        Self { last: LastBatch::Dropped, ..self }
    }

    /// The same with a last batch that has the first rows of the epoch after its own, again and again if need be.
    #[must_use]
    pub fn fill_last(self) -> Self {
        Self { last: LastBatch::Filled, ..self }
    }

    /// The number of batches of an epoch.
    pub fn per_epoch(&self) -> usize {
        match self.last {
            LastBatch::Dropped => self.rows.len() / self.size,
            LastBatch::Smaller | LastBatch::Filled => self.rows.len().div_ceil(self.size),
        }
    }

    /// The batches of an epoch.
    ///
    /// # Cost
    ///
    /// Linear in the number of rows, which are shuffled first.
    pub fn epoch(&self, epoch: u64) -> impl ExactSizeIterator<Item = Batch> + Send + 'static + use<> {
        let mut order = self.rows.to_vec();
        if let Some(seed) = self.seed {
            shuffle(&mut order, &mut generator(seed, [epoch, 0]));
        }
        let (size, seed, is_filled) = (self.size, self.seed.unwrap_or(0), self.last == LastBatch::Filled);
        (0..self.per_epoch()).map(move |place| {
            let first = place * size;
            let mut rows = order[first..order.len().min(first + size)].to_vec();
            let count = rows.len();
            if is_filled {
                rows.extend(order.iter().cycle().take(size - count));
            }
            Batch { epoch, place, rows, count, seed }
        })
    }

    /// The batches of all epochs after so many steps, without end: from 0 on, or where training stopped. None if an epoch has none.
    pub fn after(&self, steps: u64) -> impl Iterator<Item = Batch> + Send + 'static + use<> {
        let (this, each) = (self.clone(), self.per_epoch() as u64);
        let (epoch, place) = (steps.checked_div(each).unwrap_or(0), steps.checked_rem(each).unwrap_or(0));
        let last = if each == 0 { epoch } else { u64::MAX };
        (epoch..last).flat_map(move |e| {
            let done = if e == epoch { place as usize } else { 0 };
            this.epoch(e).skip(done)
        })
    }
}

/// Rows to train on and rows to validate with: a part of 0 to `len − 1`, chosen by a seed and rounded to a whole number, is for
/// validation. Each list is in ascending order.
///
/// ```
/// let (train, validation) = chainrule::data::train_validation_split(10, 0.2, 1);
/// assert_eq!((train.len(), validation.len()), (8, 2));
/// ```
///
/// # Panics
///
/// If the part is not between 0 and 1.
#[track_caller]
pub fn train_validation_split(len: usize, validation: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
    assert!(
        (0.0..=1.0).contains(&validation),
        "train_validation_split: the part for validation is from 0 to 1, got {validation:?}"
    );
    let mut rows: Vec<usize> = (0..len).collect();
    shuffle(&mut rows, &mut generator(seed, [u64::MAX, 0]));
    let mut rest = rows.split_off(((len as f64 * validation).round() as usize).min(len));
    rows.sort_unstable();
    rest.sort_unstable();
    (rest, rows)
}

/// The generator of an epoch or a batch: each has unrelated numbers.
fn generator(seed: u64, place: [u64; 2]) -> Xoshiro256PlusPlus {
    // Each number is mixed into the state of a generator, whose next output seeds the following one.
    place.iter().fold(Xoshiro256PlusPlus::seed_from_u64(seed), |mut rng, &number| {
        Xoshiro256PlusPlus::seed_from_u64(rng.next_u64() ^ number)
    })
}

/// Fisher and Yates' shuffle, written out so that an order does not depend on the version of a library: Knuth, *The art of
/// computer programming*, volume 2, algorithm 3.4.2P.
fn shuffle(rows: &mut [usize], rng: &mut impl Rng) {
    for last in (1..rows.len()).rev() {
        // A number below `last + 1`: the upper half of a product (Lemire 2019), whose bias is below 2⁻⁶⁴ times that.
        let chosen = (u128::from(rng.next_u64()) * (last as u128 + 1)) >> 64;
        rows.swap(last, chosen as usize);
    }
}
