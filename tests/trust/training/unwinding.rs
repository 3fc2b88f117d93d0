//! Ops of users that panic in the middle of a run: updates take effect together, or none does.

use super::bits;
use crate::support::{self, for_every_case, panic_of};
use chainrule::op::{Derivative, Inputs, Kernel, Op, Operand, Output, reals};
use chainrule::{Float, Plan, PlanOptions, State, Tape, Var};
use ndarray::{Array2, arr1, arr2};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// `y = 2 x`, and a panic where an x is negative.
#[derive(Debug, Clone, Copy)]
struct Fragile<const ELEMENTWISE: bool, const BY_ROWS: bool>;

impl<F: Float, const E: bool, const R: bool> Kernel<F> for Fragile<E, R> {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        for (y, &x) in y.data.iter_mut().zip(x.real(0).array()) {
            assert!(x >= F::zero(), "it is fragile");
            *y = x + x;
        }
    }
}

impl<const E: bool, const R: bool> Op for Fragile<E, R> {
    fn name(&self) -> &'static str {
        "fragile"
    }

    fn formula(&self) -> &'static str {
        "y = 2 x"
    }

    fn elementwise(&self) -> bool {
        E
    }

    fn by_rows(&self) -> bool {
        R
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        Ok(reals::<1>(x)?[0].to_vec())
    }

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        (2.0 * dy).into()
    }
}

/// A run with many updates, of which some could be written before the op panics, and some after it.
fn updates_take_effect_together<O: Op + Copy>(op: O, options: PlanOptions, rows: usize) {
    let tape = Tape::new();
    let shape = [rows, 64];
    let x = tape.input("x", shape);
    let parameters: Vec<Var<'_>> = (0..6).map(|i| tape.parameter(&format!("w{i}"), shape)).collect();
    let updates: Vec<_> = parameters
        .iter()
        .enumerate()
        .map(|(i, &w)| match i {
            0 | 4 => (w, w - 0.5 * x),
            1 => (w, tape.apply(op, &[x.exp() - 1.0 + w - w]) + 1.0),
            2 => (w, w.square() * 0.5),
            3 => (w, (x + w).tanh() - tape.apply(op, &[x])),
            _ => (w, parameters[0] + x.sum()),
        })
        .collect();
    let mut plan = Plan::<f32>::compile_with([x.sum()], updates.iter().copied(), options).unwrap();
    let mut state = State::new();
    for i in 0..6 {
        state.insert(&format!("w{i}"), Array2::from_elem((rows, 64), 0.25 + i as f32));
    }
    let good = Array2::from_elem((rows, 64), 0.5_f32);
    let mut bad = good.clone();
    bad[[rows - 1, 63]] = -0.5;
    let (before, mut other) = (bits(&state), state.clone());
    for _ in 0..3 {
        plan.feed(x, &bad).unwrap();
        let text = panic_of(|| plan.run(&mut state).map(|_| ()));
        assert!(text.contains("it is fragile"), "{text}");
        assert_eq!(bits(&state), before);
    }
    // The plan is as good as new.
    plan.feed(x, &good).unwrap();
    plan.run(&mut state).unwrap();
    let mut fresh = Plan::<f32>::compile_with([x.sum()], updates, options).unwrap();
    fresh.feed(x, &good).unwrap();
    fresh.run(&mut other).unwrap();
    assert_eq!(bits(&state), bits(&other));
    assert_ne!(bits(&state), before);
}

#[test]
fn updates_take_effect_together_or_not_at_all_where_a_users_op_panics() {
    for rows in [3, 2048] {
        for threads in [1, 4] {
            for fuse in [true, false] {
                let options = PlanOptions::default().threads(threads).fuse(fuse);
                updates_take_effect_together(Fragile::<true, false>, options, rows);
                updates_take_effect_together(Fragile::<false, false>, options, rows);
                updates_take_effect_together(Fragile::<false, true>, options, rows);
                updates_take_effect_together(Fragile::<false, true>, options.check_finite(true), rows);
            }
        }
    }
}

#[test]
fn an_update_is_still_written_in_place_after_the_last_op_that_may_end_a_run() {
    let tape = Tape::new();
    let (x, w) = (tape.input("x", [8, 8]), tape.parameter("w", [8, 8]));
    let loss = tape.apply(Fragile::<false, false>, &[x.matmul(w)]).square().mean();
    let [dw] = loss.grad([w]);
    let text = Plan::<f32>::compile([loss], [(w, w - 0.1 * dw)]).unwrap().schedule().to_string();
    assert!(text.contains("`w` in place"), "{text}");
}

#[test]
fn a_tape_whose_op_panicked_computes_on() {
    let tape = Tape::new();
    let x = tape.leaf("x", arr1(&[1.0, -1.0]));
    let loss = tape.apply(Fragile::<false, false>, &[x.sin()]).sum();
    assert!(panic_of(|| loss.value()).contains("it is fragile"));
    assert!(panic_of(|| loss.sweep([x])).contains("it is fragile"));
    assert!(panic_of(|| tape.values([loss.id()])).contains("it is fragile"));
    tape.feed(x, arr1(&[1.0, 2.0])).unwrap();
    let twice = |x: f64| 2.0 * x.sin();
    assert_eq!(loss.value().item(), twice(1.0) + twice(2.0));
    assert_eq!(loss.sweep([x])[0].clone().into_array(), loss.grad([x])[0].value().into_array());
}

#[test]
fn rows_that_could_not_be_converted_do_not_count_as_fed() {
    let tape = Tape::new();
    let x = tape.input("x", [2, 2]);
    let mut plan = Plan::<f32>::compile([x.sum()], []).unwrap();
    plan.feed(x, &arr2(&[[1.0, 2.0], [3.0, 4.0]])).unwrap();
    let convert = |pixel: u8| {
        assert!(pixel < 9, "no such pixel");
        f32::from(pixel)
    };
    let images = arr2(&[[5_u8, 6], [7, 9]]);
    let filled = catch_unwind(AssertUnwindSafe(|| plan.feed_rows(x, &images, &[0, 1], convert)));
    assert!(filled.is_err());
    let message = plan.run(&mut State::new()).unwrap_err().to_string();
    assert!(message.contains("input `x` [2, 2] has no value"), "{message}");
    plan.feed_rows(x, &images, &[0, 0], convert).unwrap();
    assert_eq!(plan.run(&mut State::new()).unwrap().nth(0).sum(), 22.0);
}

/// What plans count on when they write updates in place while built-in ops are still to run.
#[test]
fn built_in_ops_take_all_numbers_and_do_not_panic() {
    const NUMBERS: [f64; 10] =
        [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 1e308, -1e308, 5e-324, 1e-40, -1.5];
    for_every_case(|case, rng| {
        let tape = Tape::new();
        let mut next = 0;
        let mut hostile = |x: &support::Operand| match x {
            support::Operand::Real(x) => support::Operand::Real(x.mapv(|_| {
                next += 1;
                NUMBERS[next * 7 % NUMBERS.len()]
            })),
            support::Operand::Index(x) => support::Operand::Index(x.clone()),
        };
        let operands: Vec<support::Operand> = case.operands(rng).iter().map(&mut hostile).collect();
        let (_, y) = case.record(&tape, &operands);
        for fuse in [true, false] {
            let options = PlanOptions::default().fuse(fuse);
            Plan::<f64>::compile_with([y], [], options).unwrap().run(&mut State::new()).unwrap();
            Plan::<f32>::compile_with([y], [], options).unwrap().run(&mut State::new()).unwrap();
        }
        tape.values([y.id()]).unwrap();
        Vec::new()
    });
}
