//! The forms in which [`FunctionCheck`](crate::check::FunctionCheck) is given functions and their derivatives.

use crate::Float;
use ndarray::{ArrayBase, ArrayD, Data, Dimension, IxDyn};
use std::marker::PhantomData;

/// The distance from 1 to the next number.
pub(super) fn epsilon<T: Float>() -> f64 {
    T::epsilon().wide()
}

/// A part of the point at which a function is checked, or a derivative by one: exact, whatever the precision.
#[derive(Debug, Clone)]
pub struct Argument {
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    /// In row-major order.
    pub(super) numbers: Vec<f64>,
}

impl Argument {
    pub(super) fn slice<T: Float>(x: &[T]) -> Self {
        Self::new("x", &[x.len()], x.iter().copied())
    }

    fn new<T: Float>(name: &str, shape: &[usize], numbers: impl Iterator<Item = T>) -> Self {
        Self { name: name.to_owned(), shape: shape.to_vec(), numbers: numbers.map(Float::wide).collect() }
    }

    fn array<T: Float>(array: &ArrayD<T>) -> Self {
        Self::new("", array.shape(), array.iter().copied())
    }
}

/// Numbers that a function can be checked at: ndarrays of any dimension, vectors, single numbers.
pub trait Numbers<T: Float> {
    /// The numbers under a name.
    #[doc(hidden)]
    fn argument(&self, name: &str) -> Argument;
}

impl<T: Float, S: Data<Elem = T>, D: Dimension> Numbers<T> for ArrayBase<S, D> {
    fn argument(&self, name: &str) -> Argument {
        Argument::new(name, self.shape(), self.iter().copied())
    }
}

impl<T: Float> Numbers<T> for Vec<T> {
    fn argument(&self, name: &str) -> Argument {
        Argument::new(name, &[self.len()], self.iter().copied())
    }
}

impl<T: Float, const N: usize> Numbers<T> for [T; N] {
    fn argument(&self, name: &str) -> Argument {
        Argument::new(name, &[N], self.iter().copied())
    }
}

impl Numbers<f64> for f64 {
    fn argument(&self, name: &str) -> Argument {
        Argument::new(name, &[], [*self].into_iter())
    }
}

impl Numbers<f32> for f32 {
    fn argument(&self, name: &str) -> Argument {
        Argument::new(name, &[], [*self].into_iter())
    }
}

/// A number of a slice, with its gradient.
#[derive(Debug, Clone, Copy)]
pub struct SliceNumbers<T>(PhantomData<T>);

/// Functions of several arrays, whose derivatives have the form `D`.
#[derive(Debug, Clone, Copy)]
pub struct Arrays<T, D>(PhantomData<(T, D)>);

/// The gradient of a number.
#[derive(Debug, Clone, Copy)]
pub struct Gradient;

/// The cotangents of the operands, given that of the result.
#[derive(Debug, Clone, Copy)]
pub struct Vjp;

/// The derivative of every number of the result by every number of the operands.
#[derive(Debug, Clone, Copy)]
pub struct Jacobian;

/// How a function `F` and its derivative `G` are called.
pub trait Form<F, G> {
    /// The precision in which they compute.
    type Number: Float;
    /// What they are given.
    type Point;
    /// Whether the derivative has a row for every number of the result.
    const ROWS: bool = false;

    /// The point that some arguments make.
    fn point(arguments: &[Argument]) -> Self::Point;

    /// The numbers of one argument in the point.
    fn numbers(point: &mut Self::Point, argument: usize) -> &mut [Self::Number];

    /// Puts the numbers of the function to `y`; their shape.
    fn value(f: &F, point: &Self::Point, y: &mut Vec<f64>) -> Vec<usize>;

    /// The derivatives by all arguments.
    fn derivatives(df: &G, point: &Self::Point, dy: &ArrayD<Self::Number>) -> Vec<Argument>;
}

impl<T: Float, F: Fn(&[T]) -> T, G: Fn(&[T]) -> Vec<T>> Form<F, G> for SliceNumbers<T> {
    type Number = T;
    type Point = Vec<T>;

    fn point(arguments: &[Argument]) -> Vec<T> {
        arguments.iter().flat_map(|argument| &argument.numbers).map(|&x| T::of(x)).collect()
    }

    fn numbers(point: &mut Vec<T>, _: usize) -> &mut [T] {
        point
    }

    fn value(f: &F, point: &Vec<T>, y: &mut Vec<f64>) -> Vec<usize> {
        one(f(point), y)
    }

    fn derivatives(df: &G, point: &Vec<T>, _: &ArrayD<T>) -> Vec<Argument> {
        vec![Argument::slice(&df(point))]
    }
}

fn one<T: Float>(number: T, y: &mut Vec<f64>) -> Vec<usize> {
    y.clear();
    y.push(number.wide());
    Vec::new()
}

fn many<T: Float>(numbers: &ArrayD<T>, y: &mut Vec<f64>) -> Vec<usize> {
    y.clear();
    y.extend(numbers.iter().map(|y| y.wide()));
    numbers.shape().to_vec()
}

/// Several arrays as they are given to a function.
fn arrays<T: Float>(arguments: &[Argument]) -> Vec<ArrayD<T>> {
    let array = |argument: &Argument| {
        let numbers = argument.numbers.iter().map(|&x| T::of(x)).collect();
        ArrayD::from_shape_vec(IxDyn(&argument.shape), numbers)
            .unwrap_or_else(|e| unreachable!("there is a number for each element: {e}"))
    };
    arguments.iter().map(array).collect()
}

fn numbers_of<T>(point: &mut [ArrayD<T>], argument: usize) -> &mut [T] {
    point[argument].as_slice_mut().unwrap_or_else(|| unreachable!("the point is made in row-major order"))
}

macro_rules! of_arrays {
    ($derivative:ident, $rows:literal, |$f:ident, $x:ident, $y:ident| $value:expr, $result:ty,
     |$df:ident, $dy:ident| $derived:expr, ($($cotangent:ty)?)) => {
        impl<T: Float, F, G> Form<F, G> for Arrays<T, $derivative>
        where
            F: Fn(&[ArrayD<T>]) -> $result,
            G: Fn(&[ArrayD<T>] $(, $cotangent)?) -> Vec<ArrayD<T>>,
        {
            type Number = T;
            type Point = Vec<ArrayD<T>>;
            const ROWS: bool = $rows;

            fn point(arguments: &[Argument]) -> Vec<ArrayD<T>> {
                arrays(arguments)
            }

            fn numbers(point: &mut Vec<ArrayD<T>>, argument: usize) -> &mut [T] {
                numbers_of(point, argument)
            }

            fn value($f: &F, $x: &Vec<ArrayD<T>>, $y: &mut Vec<f64>) -> Vec<usize> {
                $value
            }

            fn derivatives($df: &G, $x: &Vec<ArrayD<T>>, $dy: &ArrayD<T>) -> Vec<Argument> {
                let _ = $dy;
                $derived.iter().map(Argument::array).collect()
            }
        }
    };
}

of_arrays! { Gradient, false, |f, x, y| one(f(x), y), T, |df, dy| df(x), () }
of_arrays! { Vjp, false, |f, x, y| many(&f(x), y), ArrayD<T>, |df, dy| df(x, dy), (&ArrayD<T>) }
of_arrays! { Jacobian, true, |f, x, y| many(&f(x), y), ArrayD<T>, |df, dy| df(x), () }
