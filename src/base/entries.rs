//! Whole states at once: what differs, one taken over by another, and parameters as one flat vector.

use super::float::Float;
use super::state::State;
use crate::error::{Error, Result};
use crate::mismatch::Mismatch;
use ndarray::ArrayViewD;
use std::collections::HashSet;

impl<F: Float> State<F> {
    /// How the entries differ from names and shapes that are wanted.
    ///
    /// ```
    /// let state: chainrule::State<f64> = [("w", ndarray::arr1(&[1.0])), ("v", ndarray::arr1(&[2.0]))].into_iter().collect();
    /// let mismatch = state.compare([("w", &[2][..]), ("b", &[])]);
    /// assert_eq!(mismatch.to_string(), "missing: `b`; surplus: `v`; of another shape: `w` [1], wanted [2]");
    /// ```
    pub fn compare<'n>(&self, wanted: impl IntoIterator<Item = (&'n str, &'n [usize])>) -> Mismatch {
        let (mut mismatch, mut known) = (Mismatch::default(), HashSet::new());
        for (name, shape) in wanted {
            known.insert(name);
            match self.get(name) {
                None => mismatch.missing.push(name.to_owned()),
                Some(array) if array.shape() != shape => {
                    mismatch.reshaped.push((name.to_owned(), shape.to_vec(), array.shape().to_vec()));
                }
                Some(_) => {}
            }
        }
        let surplus = self.names().filter(|name| !known.contains(name));
        mismatch.surplus = surplus.map(str::to_owned).collect();
        mismatch
    }

    /// Takes over the numbers of another state with the same names and shapes, such as one from a file.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`], with all that is missing, surplus or of another shape; then nothing is changed.
    pub fn assign(&mut self, from: &State<F>) -> Result<()> {
        let mismatch = self.mismatch(from);
        if !mismatch.is_empty() {
            return Err(Error::Mismatch { what: "assign", mismatch });
        }
        self.take_over(from);
        Ok(())
    }

    /// Takes over the numbers of those entries of another state that are here with the same shape, and returns what differs:
    /// for a network whose last layer is another one, for instance.
    pub fn assign_partial(&mut self, from: &State<F>) -> Mismatch {
        let mismatch = self.mismatch(from);
        self.take_over(from);
        mismatch
    }

    fn mismatch(&self, from: &State<F>) -> Mismatch {
        let wanted: Vec<(&str, ArrayViewD<'_, F>)> = self.iter().collect();
        from.compare(wanted.iter().map(|(name, array)| (*name, array.shape())))
    }

    fn take_over(&mut self, from: &State<F>) {
        for (name, array) in from.iter() {
            if let Some(mut known) = self.get_mut(name).filter(|known| known.shape() == array.shape()) {
                known.assign(&array);
            }
        }
    }

    /// The numbers of some entries, one entry after the other, each in row-major order: for solvers that take one vector.
    ///
    /// ```
    /// use ndarray::{arr0, arr1};
    /// let mut state = chainrule::State::<f64>::new();
    /// state.insert("w", arr1(&[1.0, 2.0]));
    /// state.insert("b", arr0(3.0));
    /// assert_eq!(state.to_vec(["b", "w"])?, [3.0, 1.0, 2.0]);
    /// state.assign_vec(["b", "w"], &[6.0, 4.0, 5.0])?;
    /// assert_eq!(state.get("w"), Some(arr1(&[4.0, 5.0]).view().into_dyn()));
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if there is no entry of a name.
    pub fn to_vec<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Result<Vec<F>> {
        let mut numbers = Vec::new();
        for name in names {
            numbers.extend_from_slice(self.numbers(self.place_of("to_vec", name)?));
        }
        Ok(numbers)
    }

    /// Sets the numbers of some entries from one vector, as [`to_vec`](Self::to_vec) gives it.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if there is no entry of a name, [`Error::Argument`] if the vector has more or fewer numbers than the
    /// entries. Then nothing is changed.
    pub fn assign_vec<'n>(&mut self, names: impl IntoIterator<Item = &'n str>, numbers: &[F]) -> Result<()> {
        let mut places = Vec::new();
        let mut wanted = 0;
        for name in names {
            let place = self.place_of("assign_vec", name)?;
            wanted += self.numbers(place).len();
            places.push(place);
        }
        if wanted != numbers.len() {
            let problem = format!("the entries have {wanted} numbers together, got {}", numbers.len());
            return Err(Error::Argument { what: "assign_vec", problem });
        }
        let mut rest = numbers;
        for place in places {
            let into = self.numbers_mut(place);
            let (first, after) = rest.split_at(into.len());
            into.copy_from_slice(first);
            rest = after;
        }
        Ok(())
    }
}
