//! Values as users give them: numbers, lists, arrays.

use super::value::Value;
use ndarray::{Array, ArrayD, ArrayRef, ArrayView, Dimension, IxDyn};

/// A type that values can be given in: floats, integers, and truth values as 1 and 0. An integer beyond 2⁵³ is rounded to the
/// nearest f64.
pub trait Numeric: Copy + 'static {
    /// In f64.
    fn number(self) -> f64;
}

/// What a leaf or a constant can be made from: a number, a list, lists of lists of equal length, or an array of ndarray's; of
/// floats, integers, or truth values as 1 and 0.
///
/// ```
/// let tape = chainrule::Tape::new();
/// assert_eq!(tape.leaf("n", 1).shape(), [0; 0]);
/// assert_eq!(tape.leaf("x", [1.0, 2.0]).shape(), [2]);
/// assert_eq!(tape.leaf("matrix", [[1, 2, 3], [4, 5, 6]]).shape(), [2, 3]);
/// assert_eq!(tape.leaf("list", vec![0.5_f32; 4]).shape(), [4]);
/// assert_eq!(tape.constant([true, false]).value().as_slice().unwrap(), [1.0, 0.0]);
/// ```
pub trait IntoValue {
    /// The array, in f64.
    fn into_value(self) -> ArrayD<f64>;

    /// The number, if it is just one.
    fn as_number(&self) -> Option<f64> {
        None
    }
}

/// An integer type that indices can be given in.
pub trait Integral: Copy + std::fmt::Display {
    /// The index, if it is one: not negative.
    fn index(self) -> Option<usize>;
}

/// What an index leaf can be made from: an index, a list of them, lists of lists of equal length, or an array of ndarray's; of
/// any type of integers, none of which is negative.
///
/// ```
/// let tape = chainrule::Tape::new();
/// let labels = tape.index_input("labels", [3]);
/// tape.feed_indices(labels, [0, 2, 1])?;
/// let message = tape.feed_indices(labels, [0, -2, 1]).unwrap_err().to_string();
/// assert!(message.contains("-2 at [1]"), "{message}");
/// # Ok::<(), chainrule::Error>(())
/// ```
pub trait IntoIndices {
    /// The array.
    ///
    /// # Errors
    ///
    /// A message that names the first negative index and its place.
    fn into_indices(self) -> Result<ArrayD<usize>, String>;
}

macro_rules! lossless {
    ($($type:ty)+) => {
        $(impl Numeric for $type {
            fn number(self) -> f64 {
                self.into()
            }
        }

        one!($type);)+
    };
}

macro_rules! integers {
    ($($type:ty)+) => {
        $(impl Numeric for $type {
            fn number(self) -> f64 {
                self as f64
            }
        }

        one!($type);

        impl Integral for $type {
            fn index(self) -> Option<usize> {
                usize::try_from(self).ok()
            }
        }

        impl IntoIndices for $type {
            fn into_indices(self) -> Result<ArrayD<usize>, String> {
                indices(&ndarray::arr0(self))
            }
        })+
    };
}

/// One number as a value.
macro_rules! one {
    ($type:ty) => {
        impl IntoValue for $type {
            fn into_value(self) -> ArrayD<f64> {
                ndarray::arr0(self.number()).into_dyn()
            }

            fn as_number(&self) -> Option<f64> {
                Some(self.number())
            }
        }
    };
}

lossless! { f64 f32 bool }
integers! { i8 i16 i32 i64 isize u8 u16 u32 u64 usize }

fn numbers<T: Numeric, D: Dimension>(array: &ArrayRef<T, D>) -> ArrayD<f64> {
    array.map(|x| x.number()).into_dyn()
}

fn indices<T: Integral, D: Dimension>(array: &ArrayRef<T, D>) -> Result<ArrayD<usize>, String> {
    let array = array.view().into_dyn();
    match array.indexed_iter().find(|(_, x)| x.index().is_none()) {
        Some((at, x)) => Err(format!("{x} at {:?}; indices count from 0", at.slice())),
        None => Ok(array.map(|x| x.index().unwrap_or(0))),
    }
}

impl IntoValue for Value {
    fn into_value(self) -> ArrayD<f64> {
        self.into_array()
    }
}

/// What numbers and indices can be given as beside a single one: the view of it as an array.
macro_rules! given {
    ($([$($generics:tt)*] $type:ty, |$x:ident| $view:expr;)+) => {
        $(impl<T: Numeric, $($generics)*> IntoValue for $type {
            fn into_value(self) -> ArrayD<f64> {
                let $x = self;
                numbers(&$view)
            }
        }

        impl<T: Integral, $($generics)*> IntoIndices for $type {
            fn into_indices(self) -> Result<ArrayD<usize>, String> {
                let $x = self;
                indices(&$view)
            }
        })+
    };
}

given! {
    [D: Dimension] &Array<T, D>, |x| x.view();
    [D: Dimension] &ArrayRef<T, D>, |x| x.view();
    [D: Dimension] ArrayView<'_, T, D>, |x| x;
    [] Vec<T>, |x| ndarray::aview1(&x);
    [] &Vec<T>, |x| ndarray::aview1(x);
    [] &[T], |x| ndarray::aview1(x);
    [const N: usize] [T; N], |x| ndarray::aview1(&x);
    [const N: usize] &[T; N], |x| ndarray::aview1(x);
    [const M: usize, const N: usize] [[T; N]; M], |x| ndarray::aview2(&x);
    [const L: usize, const M: usize, const N: usize] [[[T; N]; M]; L], |x| lists(&x);
}

/// An array that is given away is not copied, if it is one of f64 already.
impl<T: Numeric, D: Dimension> IntoValue for Array<T, D> {
    fn into_value(self) -> ArrayD<f64> {
        self.mapv_into_any(T::number).into_dyn()
    }
}

impl<T: Integral, D: Dimension> IntoIndices for Array<T, D> {
    fn into_indices(self) -> Result<ArrayD<usize>, String> {
        indices(&self)
    }
}

/// Lists of lists of lists as an array.
fn lists<T: Copy, const L: usize, const M: usize, const N: usize>(x: &[[[T; N]; M]; L]) -> ArrayD<T> {
    ArrayD::from_shape_vec(IxDyn(&[L, M, N]), x.as_flattened().as_flattened().to_vec())
        .unwrap_or_else(|e| unreachable!("as many elements as there are places: {e}"))
}
