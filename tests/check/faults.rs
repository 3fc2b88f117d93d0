//! Where a fault is, and what it looks like.

use crate::{Fault, Square, wave, wrong_square};
use chainrule::check::{Mode, Stage, Verdict};
use chainrule::op::{Attribute, Attributes, Derivative, Inputs, Kernel, Op, Operand, Output, reals};
use chainrule::{Check, Float, Tape, Var};
use ndarray::arr1;

#[test]
fn a_wrong_rule_is_named_with_its_line_in_every_mode() {
    for mode in [Mode::Full, Mode::CHAPTER, Mode::QUICK] {
        for fault in [Fault::Sign, Fault::Factor, Fault::ForgottenCotangent, Fault::SmallSlope] {
            let (report, line) = wrong_square(fault, |check| check.mode(mode));
            assert_eq!(report.faults.len(), 1, "{report}");
            let fault = report.first_fault().unwrap();
            assert_eq!((fault.stage, fault.operand), (Stage::Node, Some(0)), "{report}");
            assert_eq!(fault.name.as_deref(), Some("squared"));
            assert_eq!((fault.operand_name.as_deref(), fault.scope.as_str()), (Some("affine"), "activation"));
            let location = fault.location.as_ref().unwrap();
            assert!(location.file.ends_with("main.rs") && location.line == line, "{fault}");
            let verdicts = report.nodes.iter().filter(|n| n.verdict == Verdict::Fail);
            assert_eq!(verdicts.map(|n| n.node).collect::<Vec<_>>(), [fault.node], "{report}");
        }
    }
}

#[test]
fn a_hint_says_what_the_numbers_look_like() {
    let hint = |fault| wrong_square(fault, |check| check).0.first_fault().unwrap().hint.clone().unwrap();
    assert_eq!(hint(Fault::Sign), "matches with the sign flipped");
    assert_eq!(hint(Fault::Factor), "every element is 0.500 times what it should be");
}

#[test]
fn no_fault_hides_behind_another() {
    let tape = Tape::new();
    let x = tape.leaf("x", wave(&[3, 4], 0.3));
    let first = tape.apply(Square { fault: Fault::Sign }, &[x]);
    let second = tape.apply(Square { fault: Fault::Factor }, &[first.sin()]);
    // The second op's result has no part in the loss but times zero.
    let report = Check::new((first * first + 0.0 * second).sum(), &[x]).must_fail().unwrap();
    let nodes: Vec<_> = report.faults.iter().map(|f| f.node).collect();
    assert_eq!(nodes, [first.id(), second.id()], "{report}");
}

#[test]
fn gradients_of_ones_own_are_checked_instead_of_recorded_ones() {
    let tape = Tape::new();
    let x = tape.leaf("x", wave(&[3, 4], 0.3));
    let loss = x.sin().sum();
    // A formula by hand is right, though it is not what the rules would have recorded.
    let report = Check::new(loss, &[x]).gradients(&[1.0 * x.cos()]).run().unwrap();
    assert!(report.passed(), "{report}");
    let report = Check::new(loss, &[x]).gradients(&[-1.0 * x.cos()]).must_fail().unwrap();
    let fault = report.first_fault().unwrap();
    assert_eq!((fault.stage, fault.node), (Stage::Engine, x.id()), "{report}");
    assert_eq!(report.parameters[0].hint.as_deref(), Some("matches with the sign flipped"));
}

/// `y = x0 · x1` for a row and a matrix, linear in both, with a column that can be wrong.
#[derive(Debug)]
struct RowTimes {
    right: bool,
}

impl<F: Float> Kernel<F> for RowTimes {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let (row, matrix) = (x.real(0).array(), x.real(1).array());
        for (j, y) in y.data.iter_mut().enumerate() {
            *y = (0..row.len()).fold(F::zero(), |s, k| s + row[k] * matrix[[k, j]]);
        }
    }
}

impl Op for RowTimes {
    fn name(&self) -> &'static str {
        "row_times"
    }

    fn formula(&self) -> &'static str {
        "y = x0 · x1"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with("right", Attribute::Flag(self.right))
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        match reals(x)? {
            [&[k], &[inner, n]] if k == inner => Ok(vec![n]),
            [a, b] => Err(format!("a row of {a:?} does not meet {b:?}")),
        }
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        match operand {
            0 => x[1].matmul(dy.expand_dims(1)).squeeze(1).into(),
            _ => x[0].expand_dims(1).matmul(dy.expand_dims(0)).into(),
        }
    }

    fn column(
        &self,
        operand: usize,
        x: Inputs<'_, '_, f64>,
        element: usize,
        add: &mut dyn FnMut(usize, f64),
    ) -> bool {
        let columns = x.shape(1)[1];
        if operand == 1 {
            let gain = if self.right { 1.0 } else { 1.01 };
            add(element % columns, gain * x.real(0).array()[element / columns]);
        }
        operand == 1
    }
}

#[test]
fn an_op_that_is_not_as_linear_as_it_says_is_named() {
    for right in [true, false] {
        let tape = Tape::new();
        let (x, w) = (tape.leaf("x", arr1(&[0.5, 0.0, -0.8])), tape.leaf("w", wave(&[3, 4], 0.2)));
        let y = tape.apply(RowTimes { right }, &[x, w]);
        let report = Check::new((y.tanh() * tape.constant(wave(&[4], 1.1))).sum(), &[x, w]).run().unwrap();
        assert_eq!(report.passed(), right, "{report}");
        // The gradients are right either way, and are computed where the column cannot be trusted.
        assert!(report.parameters.iter().all(|p| p.verdict == Verdict::Pass), "{report}");
        // The row under the zero of x is not replayed.
        assert!(report.parameters[1].zeros == 4, "{report}");
        if let Some(fault) = report.first_fault() {
            assert_eq!((fault.stage, fault.node, fault.operand), (Stage::Claim, y.id(), Some(1)), "{fault}");
        }
    }
}
