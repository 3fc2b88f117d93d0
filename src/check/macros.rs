//! Checks as assertions, for unit tests.

use crate::check::report::verdict::Verdict;
use crate::error::Result;

/// Panics at the caller's line unless a check has passed: with its verdict and its report, or with what was wrong with
/// the check itself.
#[doc(hidden)]
#[track_caller]
pub fn expect_pass(checked: Result<(Verdict, String)>) {
    match checked {
        Ok((verdict, _)) if verdict.passes() => {}
        Ok((verdict, report)) => panic!("{}\n{report}", verdict.sentence()),
        Err(error) => panic!("{error}"),
    }
}

/// Panics unless the gradients of an output with respect to leaves agree with differences: with the verdict, then the
/// report.
///
/// ```
/// # use chainrule::{Tape, assert_gradients};
/// let tape = Tape::new();
/// let (x, w) = (tape.leaf("x", 0.5), tape.leaf("w", -1.5));
/// assert_gradients!((x * w).sigmoid(), [x, w]);
/// ```
#[macro_export]
macro_rules! assert_gradients {
    ($loss:expr, [$($leaf:expr),+ $(,)?] $(,)?) => {
        $crate::check::expect_pass(
            $crate::Check::new($loss, &[$($leaf),+]).run().map(|report| (report.verdict(), report.to_string()))
        )
    };
}

/// Panics unless the rules of an op agree with differences of its kernel, with the verdict, then the report: on its
/// samples, hostile shapes and extremes, or on operands of the shapes that are given, in brackets for each case; see
/// [`OpCheck`](crate::check::OpCheck).
///
/// ```
/// # use chainrule::{assert_op_gradients, ops};
/// assert_op_gradients!(ops::Tanh);
/// assert_op_gradients!(ops::MatMul, [[3, 4], [4, 2]], [[1, 5], [5, 1]]);
/// ```
#[macro_export]
macro_rules! assert_op_gradients {
    ($op:expr $(, [$([$($size:expr),* $(,)?]),+ $(,)?])* $(,)?) => {
        $crate::check::expect_pass(
            $crate::check::OpCheck::new($op)
                $(.on(&[$(&[$($size as usize),*] as &[usize]),+]))*
                .run()
                .map(|report| (report.verdict(), report.to_string()))
        )
    };
}

/// Panics unless a derivative of a plain function agrees with differences, with the verdict, then the report: a gradient
/// at a slice, or at several arrays, which are named as the variables are or by names of their own; or whatever a
/// [`FunctionCheck`](crate::check::FunctionCheck) says.
///
/// ```
/// use chainrule::{assert_function_gradients, check::FunctionCheck};
/// use ndarray::{ArrayD, arr1};
///
/// assert_function_gradients!(|x| x[0] * x[1], |x| vec![x[1], x[0]], &[0.3, -0.8]);
///
/// fn dot(x: &[ArrayD<f64>]) -> f64 {
///     (&x[0] * &x[1]).sum()
/// }
///
/// fn dot_gradient(x: &[ArrayD<f64>]) -> Vec<ArrayD<f64>> {
///     vec![x[1].clone(), x[0].clone()]
/// }
///
/// let (w, v) = (arr1(&[0.3, -0.8]), arr1(&[0.7, 1.9]));
/// assert_function_gradients!(dot, dot_gradient, [w, v]);
/// assert_function_gradients!(dot, dot_gradient, [("weights", &w), ("values", &v)]);
///
/// let vjp = |x: &[ArrayD<f64>], dy: &ArrayD<f64>| vec![dy * &x[1], dy * &x[0]];
/// assert_function_gradients!(
///     FunctionCheck::vjp(|x: &[ArrayD<f64>]| &x[0] * &x[1], vjp).on([("w", &w), ("v", &v)]).tolerance(1e-7)
/// );
/// ```
#[macro_export]
macro_rules! assert_function_gradients {
    ($f:expr, $df:expr, [$(($name:expr, $x:expr)),+ $(,)?] $(,)?) => {
        $crate::check::expect_pass(
            $crate::check::FunctionCheck::gradient($f, $df)
                .on([$(($name, $x)),+])
                .run()
                .map(|report| (report.verdict(), report.to_string()))
        )
    };
    ($f:expr, $df:expr, [$($x:ident),+ $(,)?] $(,)?) => {
        $crate::check::expect_pass(
            $crate::check::FunctionCheck::gradient($f, $df)
                .on([$((stringify!($x), &$x)),+])
                .run()
                .map(|report| (report.verdict(), report.to_string()))
        )
    };
    ($f:expr, $df:expr, $x:expr $(,)?) => {
        $crate::check::expect_pass(
            $crate::check::FunctionCheck::new($f, $df, $x)
                .run()
                .map(|report| (report.verdict(), report.to_string()))
        )
    };
    ($check:expr $(,)?) => {
        $crate::check::expect_pass($check.run().map(|report| (report.verdict(), report.to_string())))
    };
}
