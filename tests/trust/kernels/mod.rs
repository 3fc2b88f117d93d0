//! Kernels that are wrong on some strides, in one precision, or from one call to the next.

mod custom;
mod precision;
mod right;
mod state;
mod strides;

use chainrule::check::{Fault, OpCheck, OpReport, Report, Stage};
use chainrule::{Check, Var};
use custom::Custom;
use ndarray::{ArrayD, IxDyn};

/// Numbers that no pattern fits: between 0.5 and 2 in magnitude, of either sign.
fn some(shape: &[usize]) -> ArrayD<f64> {
    let mut k = 0.0;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        k += 1.0;
        let magnitude = 0.5 + (k * 0.618_033_988_749_894_9_f64).fract() * 1.5;
        if (k * 0.414_213_562_373_095_1).fract() < 0.5 { magnitude } else { -magnitude }
    })
}

/// A loss of a var: each element times a number of its own.
fn loss<'t>(y: Var<'t>) -> Var<'t> {
    (y * y.tape().constant(some(&y.shape()))).sum()
}

fn check(y: Var<'_>, leaves: &[Var<'_>]) -> Report {
    Check::new(loss(y), leaves).run().unwrap_or_else(|e| panic!("{e}"))
}

/// That a check fails, and its first fault is of this node and line, and says this.
#[track_caller]
fn assert_located(report: &Report, stage: Stage, node: Var<'_>, line: u32, problem: &str) {
    assert!(!report.passed(), "{report}");
    let Some(fault) = report.first_fault() else { panic!("no fault\n{report}") };
    assert!(is_at(fault, stage, node, line) && fault.problem.contains(problem), "{report}");
}

fn is_at(fault: &Fault, stage: Stage, node: Var<'_>, line: u32) -> bool {
    let at = fault.location.as_ref().map(|place| place.line);
    (fault.stage, fault.node, at) == (stage, node.id(), Some(line))
}

#[track_caller]
fn assert_right(report: &Report) {
    assert!(report.passed() && report.faults.is_empty(), "{report}");
}

fn op_check(op: &Custom) -> OpReport {
    OpCheck::new(op.clone()).run().unwrap_or_else(|e| panic!("{e}"))
}

/// That a check of an op alone fails, and a fault says this.
#[track_caller]
fn assert_op_fails(op: &Custom, problem: &str) {
    let report = op_check(op);
    assert!(!report.passed(), "{}: {report}", op.name);
    let says = report.first_fault().is_some_and(|fault| fault.problem.contains(problem));
    assert!(says, "{}: {report}", op.name);
}

#[track_caller]
fn assert_op_passes(op: &Custom) {
    let report = op_check(op);
    assert!(report.passed(), "{}: {report}", op.name);
}
