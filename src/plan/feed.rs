//! Giving a plan its inputs. A plan outlives its tape and is fed by name as well, so an unknown input is an error and no panic.

use super::compiled::Plan;
use super::find::{Key, find};
use crate::base::float::Float;
use crate::error::{Error, Result};
use crate::graph::Leaf;
use crate::tape::Precision;
use ndarray::{
    ArrayBase, ArrayRef, ArrayViewD, ArrayViewMutD, Data, Dimension, RemoveAxis, aview0, aview1, aview2,
};

/// What an input of a plan can be fed with: a number or an index, a list, lists of equal length, or an array of ndarray's; in
/// the plan's precision, of which nothing is copied but to the plan.
///
/// ```
/// # use chainrule::{Plan, State, Tape};
/// let tape = Tape::new();
/// let (x, rate, places) = (tape.input("x", [3]), tape.input("rate", []), tape.index_input("places", [2]));
/// let chosen = (rate * x.take(places, 0)).named("chosen");
/// let mut plan = Plan::<f32>::compile([chosen], [])?;
/// plan.feed("x", [1.0, 2.0, 3.0])?;
/// plan.feed("rate", 10.0)?;
/// plan.feed_indices("places", vec![2, 0])?;
/// assert_eq!(plan.run(&mut State::new())?.get("chosen").unwrap().as_slice(), Some(&[30.0, 10.0][..]));
/// # Ok::<(), chainrule::Error>(())
/// ```
pub trait FeedValue<T> {
    /// The elements under their shape.
    fn view(&self) -> ArrayViewD<'_, T>;
}

impl<F: Float> FeedValue<F> for F {
    fn view(&self) -> ArrayViewD<'_, F> {
        aview0(self).into_dyn()
    }
}

impl FeedValue<usize> for usize {
    fn view(&self) -> ArrayViewD<'_, usize> {
        aview0(self).into_dyn()
    }
}

impl<T> FeedValue<T> for Vec<T> {
    fn view(&self) -> ArrayViewD<'_, T> {
        aview1(self).into_dyn()
    }
}

impl<T> FeedValue<T> for &Vec<T> {
    fn view(&self) -> ArrayViewD<'_, T> {
        aview1(self).into_dyn()
    }
}

impl<T> FeedValue<T> for &[T] {
    fn view(&self) -> ArrayViewD<'_, T> {
        aview1(self).into_dyn()
    }
}

impl<T, const N: usize> FeedValue<T> for [T; N] {
    fn view(&self) -> ArrayViewD<'_, T> {
        aview1(self).into_dyn()
    }
}

impl<T, const N: usize> FeedValue<T> for &[T; N] {
    fn view(&self) -> ArrayViewD<'_, T> {
        aview1(*self).into_dyn()
    }
}

impl<T, const N: usize, const M: usize> FeedValue<T> for [[T; M]; N] {
    fn view(&self) -> ArrayViewD<'_, T> {
        aview2(self).into_dyn()
    }
}

impl<T, S: Data<Elem = T>, D: Dimension> FeedValue<T> for ArrayBase<S, D> {
    fn view(&self) -> ArrayViewD<'_, T> {
        ArrayRef::view(self).into_dyn()
    }
}

impl<T, S: Data<Elem = T>, D: Dimension> FeedValue<T> for &ArrayBase<S, D> {
    fn view(&self) -> ArrayViewD<'_, T> {
        ArrayRef::view(self).into_dyn()
    }
}

impl<T, D: Dimension> FeedValue<T> for &ArrayRef<T, D> {
    fn view(&self) -> ArrayViewD<'_, T> {
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
        let slot = self.input_slot("feed", input.into())?;
        Ok(self.inputs[slot].open())
    }

    /// The plan's own buffer of an index input, to be written in place; it counts as fed from now on.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if the plan has no such index input.
    #[track_caller]
    pub fn index_mut<'k>(&mut self, input: impl Into<Key<'k>>) -> Result<ArrayViewMutD<'_, usize>> {
        let slot = self.index_slot("feed_indices", input.into())?;
        Ok(self.indices[slot].open())
    }

    /// Copies a number, a list or an array to an input, which is found by its var or by its name.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if the plan has no such input of real numbers, or several of that name, [`Error::MixedTapes`] if
    /// the var is of another tape, [`Error::Feed`] if the shape is another.
    #[track_caller]
    pub fn feed<'k>(&mut self, input: impl Into<Key<'k>>, values: impl FeedValue<F>) -> Result<()> {
        let slot = self.input_slot("feed", input.into())?;
        self.inputs[slot].fill(&values.view())
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
            let slot = self.input_slot("feed_all", input.into())?;
            self.inputs[slot].check("feed_all", value.view().shape())?;
            fitting.push((slot, value));
        }
        fitting.iter().for_each(|(slot, value)| self.inputs[*slot].copy(&value.view()));
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
    /// after the other; many of them, and [in the plan's pool](Plan::in_pool), by as many threads as the plan
    /// [was compiled for](crate::PlanOptions::threads). That is why `convert` and the elements are `Sync`.
    #[track_caller]
    pub fn feed_rows<'k, T: Copy + Sync, D: RemoveAxis>(
        &mut self,
        input: impl Into<Key<'k>>,
        values: &ArrayRef<T, D>,
        rows: &[usize],
        convert: impl Fn(T) -> F + Sync,
    ) -> Result<()> {
        let slot = self.input_slot("feed", input.into())?;
        // From another thread, it would take longer to hand the work over than to do it.
        let threads = if self.pool.is_here() { self.options.threads } else { 1 };
        self.inputs[slot].fill_rows(values, rows, convert, threads)
    }

    /// Copies class labels or positions to an index input.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if the plan has no such index input, [`Error::Feed`] if the shape is another.
    #[track_caller]
    pub fn feed_indices<'k>(
        &mut self,
        input: impl Into<Key<'k>>,
        indices: impl FeedValue<usize>,
    ) -> Result<()> {
        let slot = self.index_slot("feed_indices", input.into())?;
        self.indices[slot].fill(&indices.view())
    }
}

impl<F: Precision> Plan<F> {
    /// The slot of an input of real numbers.
    #[track_caller]
    fn input_slot(&self, what: &'static str, key: Key<'_>) -> Result<usize> {
        self.check_tape(key)?;
        find(what, Leaf::Input, key, &self.inputs, &self.names)
    }

    /// The slot of an index input.
    #[track_caller]
    fn index_slot(&self, what: &'static str, key: Key<'_>) -> Result<usize> {
        self.check_tape(key)?;
        find(what, Leaf::Index, key, &self.indices, &self.index_names)
    }

    /// That a var is of the tape that the plan was compiled from.
    #[track_caller]
    fn check_tape(&self, key: Key<'_>) -> Result<()> {
        match key {
            Key::Var(var) if !var.is_of(&self.tape_id) => Err(Error::MixedTapes {
                what: "feed",
                var: format!("{var:?}"),
                other: "the one that the plan was compiled from".to_owned(),
                location: std::panic::Location::caller().into(),
            }),
            _ => Ok(()),
        }
    }
}
