//! Checks as assertions, for unit tests.

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
        match $crate::Check::new($loss, &[$($leaf),+]).run() {
            Ok(report) => assert!(report.passed(), "{}\n{report}", report.verdict().sentence()),
            Err(error) => panic!("{error}"),
        }
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
        match $crate::check::OpCheck::new($op)$(.on(&[$(&[$($size as usize),*] as &[usize]),+]))*.run() {
            Ok(report) => assert!(report.passed(), "{}\n{report}", report.verdict().sentence()),
            Err(error) => panic!("{error}"),
        }
    };
}
