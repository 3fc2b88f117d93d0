//! Named arrays that the user owns: parameters and what optimisers remember.

use crate::base::float::Float;
use crate::error::{Error, Result, first_of};
use crate::written::Exact;
use indexmap::IndexMap;
use indexmap::map::Slice;
use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smallvec::SmallVec;

/// Named arrays: parameters and optimiser state. Plans read and update it; it serialises as a map,
/// and is read back bit for bit from text and binary formats alike: in text, a number that not every reader has to the last
/// bit, NaN or an infinity is a word, such as `"0.30000000000000004"` or `"NaN"`.
///
/// Arrays are kept in row-major order. One state serves the plans for training, checking and accuracy.
#[derive(Debug, Clone, PartialEq)]
pub struct State<F>(IndexMap<String, ArrayD<F>>);

impl<F> Default for State<F> {
    fn default() -> Self {
        Self(IndexMap::new())
    }
}

impl<F: Float> State<F> {
    /// A state without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts in an array under a name; what stood there is returned.
    pub fn insert<D: ndarray::Dimension>(
        &mut self,
        name: &str,
        array: ndarray::Array<F, D>,
    ) -> Option<ArrayD<F>> {
        self.0.insert(name.to_owned(), row_major(array.into_dyn()))
    }

    /// The array of a name.
    pub fn get(&self, name: &str) -> Option<ArrayViewD<'_, F>> {
        self.0.get(name).map(|array| array.view())
    }

    /// The array of a name, to be changed in place; its shape stays.
    pub fn get_mut(&mut self, name: &str) -> Option<ArrayViewMutD<'_, F>> {
        self.0.get_mut(name).map(|array| array.view_mut())
    }

    /// Names and arrays in the order in which they were put in.
    pub fn iter(&self) -> impl Iterator<Item = (&str, ArrayViewD<'_, F>)> {
        self.0.iter().map(|(name, array)| (name.as_str(), array.view()))
    }

    /// The names in the order in which they were put in.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether there is an array of a name.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Takes the array of a name out; those after it move up.
    pub fn remove(&mut self, name: &str) -> Option<ArrayD<F>> {
        self.0.shift_remove(name)
    }

    /// Keeps the entries for which a question is answered with yes, such as those of a network without what its optimiser
    /// remembers.
    ///
    /// ```
    /// let mut state: chainrule::State<f32> =
    ///     ["affine1/bias", "adam/m/affine1/bias"].map(|name| (name, ndarray::arr1(&[0.0]))).into_iter().collect();
    /// state.retain(|name, _| !name.starts_with("adam/"));
    /// assert!(state.names().eq(["affine1/bias"]));
    /// ```
    pub fn retain(&mut self, mut keep: impl FnMut(&str, ArrayViewD<'_, F>) -> bool) {
        self.0.retain(|name, array| keep(name, array.view()));
    }

    /// The same entries in another precision, rounded to nearest.
    pub fn cast<G: Float>(&self) -> State<G> {
        State(self.0.iter().map(|(name, array)| (name.clone(), array.mapv(|x| G::of(x.wide())))).collect())
    }

    /// Where the array of a name stands.
    pub(crate) fn place_of(&self, what: &'static str, name: &str) -> Result<usize> {
        /// What puts an entry there.
        const PUTS: &str = "`state.insert`, a network's or an optimiser's `init`, or a file puts one there";
        self.0.get_index_of(name).ok_or_else(|| Error::Unknown {
            what,
            wanted: format!("entry `{name}` in the state; {PUTS}"),
            present: first_of(self.0.keys().cloned()),
        })
    }

    /// Where the array of a name stands, if it has this shape.
    pub(crate) fn place(&self, what: &'static str, name: &str, shape: &[usize]) -> Result<usize> {
        let place = self.place_of(what, name)?;
        let array = &self.0[place];
        if array.shape() != shape {
            return Err(Error::StateShape {
                what,
                name: name.to_owned(),
                expected: shape.to_vec(),
                found: array.shape().to_vec(),
            });
        }
        Ok(place)
    }

    /// As [`place`](Self::place), looking where it was last time first.
    pub(crate) fn find(&self, what: &'static str, hint: usize, name: &str, shape: &[usize]) -> Result<usize> {
        match self.0.get_index(hint) {
            Some((found, array)) if found == name && array.shape() == shape => Ok(hint),
            _ => self.place(what, name, shape),
        }
    }

    /// The numbers of the array at a place.
    pub(crate) fn numbers(&self, place: usize) -> &[F] {
        let entry = self.0.get_index(place);
        entry.and_then(|(_, array)| array.as_slice()).unwrap_or_default()
    }

    /// The numbers of the array at a place, to be written.
    pub(crate) fn numbers_mut(&mut self, place: usize) -> &mut [F] {
        let entry = self.0.get_index_mut(place);
        entry.and_then(|(_, array)| array.as_slice_mut()).unwrap_or_default()
    }

    /// Lends the arrays at some places, sorted, to be written: each goes to the part with the number beside its place. All
    /// others are to be read.
    pub(crate) fn lend<'a>(
        &'a mut self,
        places: &[(usize, usize)],
        parts: &mut [&'a mut [F]],
    ) -> Others<'a, F> {
        let mut others = SmallVec::new();
        let (mut rest, mut at) = (self.0.as_mut_slice(), 0);
        for &(place, part) in places {
            let (before, after) = rest.split_at_mut(place - at);
            let Some(((_, array), after)) = after.split_first_mut() else {
                unreachable!("the place was found in this state")
            };
            others.push((at, &*before));
            parts[part] = array.as_slice_mut().unwrap_or_default();
            (rest, at) = (after, place + 1);
        }
        others.push((at, &*rest));
        Others(others)
    }
}

/// A state as a run has it: to be written, or shared with others that read it meanwhile.
pub(crate) enum RunState<'a, F> {
    Written(&'a mut State<F>),
    Read(&'a State<F>),
}

impl<F: Float> RunState<'_, F> {
    /// The same for a shorter time.
    pub(crate) fn reborrow(&mut self) -> RunState<'_, F> {
        match self {
            Self::Written(state) => RunState::Written(state),
            Self::Read(state) => RunState::Read(state),
        }
    }

    /// The state, to be read.
    pub(crate) fn get(&self) -> &State<F> {
        match self {
            Self::Written(state) => state,
            Self::Read(state) => state,
        }
    }

    /// As [`State::numbers_mut`]; of one that is shared, nothing is written, since plans with updates are refused.
    pub(crate) fn numbers_mut(&mut self, place: usize) -> &mut [F] {
        match self {
            Self::Written(state) => state.numbers_mut(place),
            Self::Read(_) => unreachable!("a plan with updates was refused"),
        }
    }

    /// As [`State::lend`]; of a state that is shared, all is read.
    pub(crate) fn lend<'a>(
        &'a mut self,
        places: &[(usize, usize)],
        parts: &mut [&'a mut [F]],
    ) -> Others<'a, F> {
        match self {
            Self::Written(state) => state.lend(places, parts),
            Self::Read(state) => Others(SmallVec::from_iter([(0, state.0.as_slice())])),
        }
    }
}

/// The place that a stretch begins at, and its arrays.
type Stretch<'a, F> = (usize, &'a Slice<String, ArrayD<F>>);

/// The arrays of a state but for those that are being written: stretches of it, each with the place it begins at.
pub(crate) struct Others<'a, F>(SmallVec<[Stretch<'a, F>; 2]>);

impl<'a, F> Others<'a, F> {
    /// The numbers of the array at a place of the whole state.
    pub(crate) fn slice(&self, place: usize) -> &'a [F] {
        let stretch = self.0.iter().rfind(|(start, _)| *start <= place);
        let entry = stretch.and_then(|(start, arrays)| arrays.get_index(place - start));
        entry.and_then(|(_, array)| array.as_slice()).unwrap_or_default()
    }
}

impl<F, S: Into<String>, D: ndarray::Dimension> FromIterator<(S, ndarray::Array<F, D>)> for State<F>
where
    F: Clone,
{
    fn from_iter<I: IntoIterator<Item = (S, ndarray::Array<F, D>)>>(entries: I) -> Self {
        let mut state = Self::default();
        state.extend(entries);
        state
    }
}

/// The last of several arrays of one name counts.
impl<F, S: Into<String>, D: ndarray::Dimension> Extend<(S, ndarray::Array<F, D>)> for State<F>
where
    F: Clone,
{
    fn extend<I: IntoIterator<Item = (S, ndarray::Array<F, D>)>>(&mut self, entries: I) {
        self.0.extend(entries.into_iter().map(|(name, array)| (name.into(), row_major(array.into_dyn()))));
    }
}

/// Names and arrays in the order in which they were put in.
impl<F> IntoIterator for State<F> {
    type Item = (String, ArrayD<F>);
    type IntoIter = indexmap::map::IntoIter<String, ArrayD<F>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

fn row_major<F: Clone>(array: ArrayD<F>) -> ArrayD<F> {
    if array.is_standard_layout() { array } else { array.as_standard_layout().into_owned() }
}

impl<F: Float> Serialize for State<F> {
    fn serialize<S: Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
        s.collect_map(self.0.iter().map(|(name, array)| (name, array.mapv(Exact))))
    }
}

impl<'de, F: Float> Deserialize<'de> for State<F> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> std::result::Result<Self, D::Error> {
        let entries: IndexMap<String, ArrayD<Exact<F>>> = IndexMap::deserialize(d)?;
        let read = |array: ArrayD<Exact<F>>| row_major(array.mapv(|Exact(x)| x));
        Ok(Self(entries.into_iter().map(|(name, array)| (name, read(array))).collect()))
    }
}
