//! Wrong rules that show on some shapes and numbers only, in the check of an op by itself, which chooses them.

use crate::Mutation;
use crate::altered::{Altered, Given, Rule};
use crate::finding::Finding;
use chainrule::check::{OpCheck, Stage};
use chainrule::op::Op;
use chainrule::ops;
use std::sync::Arc;

pub(crate) fn all() -> Vec<Mutation> {
    let mutation = |what, right: Arc<dyn Op>, operand, rule: Rule| {
        Mutation::new(34, what, move |wrong| alone(&right, what, wrong.then_some(operand), operand, rule))
    };
    vec![
        // The shapes agree only where there are as many rows as columns.
        mutation("a bias summed over the wrong axis where batch = out", Arc::new(ops::Add), 1, |given| {
            let Given { wrong, operand, x, dy, .. } = given;
            let (rows, shape) = (dy.shape(), x[operand].shape());
            let is_bias = matches!((&*rows, &*shape), ([m, n], [k]) if m == n && n == k);
            if wrong && is_bias { dy.sum_over(1).into() } else { dy.into() }
        }),
        // `[n, 1] × [1, m]`.
        mutation("both operands stretched, and one of them forgotten", Arc::new(ops::Mul), 0, |given| {
            let Given { wrong, operand, x, dy, .. } = given;
            let other = x[1 - operand];
            let both = matches!((&*x[0].shape(), &*x[1].shape()), ([n, 1], [1, m]) if *n > 1 && *m > 1);
            if wrong && both { (dy * other.mean()).into() } else { (dy * other).into() }
        }),
        mutation("a rule that is wrong beyond 10", Arc::new(ops::Square), 0, |given| {
            let Given { wrong, x, dy, .. } = given;
            let right = 2.0 * dy * x[0];
            let beyond = x[0].abs().greater(10.0);
            if wrong { (right + beyond * dy).into() } else { right.into() }
        }),
    ]
}

/// The check of an op alone; it records the op at the line that runs it.
fn alone(
    right: &Arc<dyn Op>,
    what: &'static str,
    wrong: Option<usize>,
    operand: usize,
    rule: Rule,
) -> Finding {
    let op = Altered { right: right.clone(), what, wrong, rule };
    let (report, line) = (OpCheck::new(op).run(), line!());
    let report = report.unwrap_or_else(|e| panic!("{e}"));
    let located = report.first_fault().is_some_and(|fault| {
        let place = fault.location.as_ref().map(|place| (&*place.file, place.line));
        fault.stage == Stage::Node
            && fault.operand == Some(operand)
            && fault.op.starts_with("altered")
            && place == Some((file!(), line))
    });
    Finding {
        caught: !report.passed(),
        located,
        differs_end_to_end: false,
        first: report.first_fault().map_or_else(|| "no fault".to_owned(), ToString::to_string),
        text: report.to_string(),
    }
}
