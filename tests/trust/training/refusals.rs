//! Kernels of users refuse what they cannot compute on, and are named with their node and line.

use chainrule::op::{Derivative, Inputs, Kernel, Op, Operand, Output, Zero, reals};
use chainrule::{Check, Error, Float, Plan, PlanOptions, State, Tape, Var};
use ndarray::{Array1, arr1};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// `y = x0[x1]`, with the places as real numbers, so that they can be computed.
#[derive(Debug)]
struct Take;

impl<F: Float> Kernel<F> for Take {
    fn check(&self, x: Inputs<'_, '_, F>) -> Result<(), String> {
        let len = x.shape(0)[0];
        let places = x.real(1).array();
        match places.iter().position(|place| !(0.0..len as f64).contains(&place.wide())) {
            None => Ok(()),
            Some(at) => {
                Err(format!("x1 is {:?} at index [{at}], and x0 has {len} rows", places[[at]].wide()))
            }
        }
    }

    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let (from, places) = (x.real(0).array(), x.real(1).array());
        for (y, place) in y.data.iter_mut().zip(places) {
            *y = from[[place.wide() as usize]];
        }
    }
}

impl Op for Take {
    fn name(&self) -> &'static str {
        "take"
    }

    fn formula(&self) -> &'static str {
        "y = x0[x1]"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        Ok(reals::<2>(x)?[1].to_vec())
    }

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _: Var<'t>, _: Var<'t>) -> Derivative<'t> {
        Zero.into()
    }
}

/// `y = √x`, for x from 0 on.
#[derive(Debug)]
struct Root;

impl<F: Float> Kernel<F> for Root {
    fn check(&self, x: Inputs<'_, '_, F>) -> Result<(), String> {
        match x.real(0).slice().iter().find(|x| **x < F::zero()) {
            None => Ok(()),
            Some(x) => Err(format!("{x:?} is negative")),
        }
    }

    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        for (y, &x) in y.data.iter_mut().zip(x.real(0).slice()) {
            assert!(x >= F::zero(), "it is asked before it runs");
            *y = x.sqrt();
        }
    }
}

impl Op for Root {
    fn name(&self) -> &'static str {
        "root"
    }

    fn formula(&self) -> &'static str {
        "y = √x"
    }

    fn elementwise(&self) -> bool {
        true
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        Ok(reals::<1>(x)?[0].to_vec())
    }

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        (0.5 * dy / y).into()
    }
}

#[track_caller]
fn assert_refused(error: &Error, parts: &[&str], line: u32) {
    assert!(matches!(error, Error::Refused { .. }), "{error:?}");
    let (message, place) = (error.to_string(), format!("refusals.rs:{line}"));
    assert!(
        parts.iter().chain([&&*place]).all(|part| message.contains(part)),
        "{parts:?}, {place}: {message}"
    );
}

#[test]
fn an_index_out_of_range_in_a_users_gather_names_op_node_and_line() {
    let tape = Tape::new();
    let (x, at) = (tape.leaf("x", arr1(&[1.0, 2.0, 3.0])), tape.leaf("places", arr1(&[0.0, 5.0])));
    let line = line!() + 1;
    let y = tape.apply(Take, &[x, at * 1.0]);
    let parts =
        ["n4 take [2]", "x1 is 5.0 at index [1], and x0 has 3 rows", "x0 = n0 `x` [3]", "x1 = n3 mul [2]"];
    let loss = y.sum();
    assert_refused(&tape.values([loss.id()]).unwrap_err(), &parts, line);
    assert_refused(&loss.try_sweep(&[x]).unwrap_err(), &parts, line);
    assert_refused(&Check::new(loss, &[x]).run().unwrap_err(), &parts, line);
    assert_refused(&loss.draw().picture().unwrap_err(), &parts, line);
    let mut plan = Plan::<f32>::compile([loss], []).unwrap();
    assert_refused(&plan.run(&mut State::new()).unwrap_err(), &parts, line);
    // Afterwards, everything goes on.
    tape.feed(at, arr1(&[0.0, 2.0])).unwrap();
    assert_eq!(loss.value().item(), 4.0);
    plan.feed(at, &arr1(&[0.0, 2.0])).unwrap();
    assert_eq!(plan.run(&mut State::new()).unwrap().item(loss), 4.0);
}

#[test]
fn constants_that_an_op_refuses_are_refused_where_they_are_folded() {
    let tape = Tape::new();
    let x = tape.leaf("x", arr1(&[1.0, 2.0]));
    let line = line!() + 1;
    let y = x * tape.apply(Root, &[tape.constant(-4.0)]);
    assert_refused(&Plan::<f64>::compile([y], []).unwrap_err(), &["root []", "-4.0 is negative"], line);
    let unfused = PlanOptions::default().fuse(false);
    let mut plan = Plan::<f64>::compile_with([y], [], unfused).unwrap();
    assert_refused(&plan.run(&mut State::new()).unwrap_err(), &["root []", "-4.0 is negative"], line);
}

#[test]
fn an_elementwise_op_refuses_inside_a_program_of_any_length() {
    for (len, at) in [(1, 0), (7, 3), (2000, 1999), (300_000, 150_001)] {
        for options in
            [PlanOptions::default(), PlanOptions::default().threads(4), PlanOptions::default().fuse(false)]
        {
            let tape = Tape::new();
            let (x, w) = (tape.input("x", [len]), tape.parameter("w", [len]));
            let line = line!() + 1;
            let y = tape.apply(Root, &[x.square() * x + w - w]);
            let mut plan = Plan::<f64>::compile_with([y.exp().sum()], [(w, w + y)], options).unwrap();
            let mut numbers = Array1::from_elem(len, 2.0);
            let mut state = State::new();
            state.insert("w", numbers.clone());
            numbers[at] = -3.0;
            plan.feed(x, &numbers).unwrap();
            for _ in 0..2 {
                let error = plan.run(&mut state).unwrap_err();
                assert_refused(&error, &["root", "-27.0 is negative"], line);
                assert!(state.get("w").unwrap().iter().all(|&w| w == 2.0));
            }
            numbers[at] = 3.0;
            plan.feed(x, &numbers).unwrap();
            plan.run(&mut state).unwrap();
            assert_eq!(state.get("w").unwrap()[[at]], 2.0 + 27.0_f64.sqrt());
        }
    }
}

#[test]
fn of_several_refusals_the_first_in_the_array_is_told_whatever_thread_met_it() {
    let tape = Tape::new();
    let x = tape.input("x", [400_000]);
    let y = tape.apply(Root, &[x + 1.0]) * 2.0;
    let mut plan = Plan::<f64>::compile_with([y], [], PlanOptions::default().threads(8)).unwrap();
    let mut numbers = Array1::from_elem(400_000, 2.0);
    (0..8).for_each(|part| numbers[50_000 * part + 25_000] = -10.0 - part as f64);
    plan.feed(x, &numbers).unwrap();
    for _ in 0..20 {
        let message = plan.run(&mut State::new()).unwrap_err().to_string();
        assert!(message.contains("-9.0 is negative"), "{message}");
    }
}

#[test]
fn single_numbers_side_by_side_are_asked_one_by_one() {
    let tape = Tape::new();
    let x: Vec<Var<'_>> = (0..40).map(|i| tape.leaf(&format!("x{i}"), f64::from(30 - i))).collect();
    let roots: Vec<Var<'_>> = x.iter().map(|&x| tape.apply(Root, &[x])).collect();
    let sum: Var<'_> = roots.iter().copied().sum();
    let mut plan = Plan::<f64>::compile([sum], []).unwrap();
    let message = plan.run(&mut State::new()).unwrap_err().to_string();
    assert!(message.contains("-1.0 is negative") && message.contains("x0 = n31 `x31`"), "{message}");
}

#[test]
fn a_check_near_the_edge_of_what_an_op_takes_does_not_end() {
    let tape = Tape::new();
    let x = tape.leaf("x", arr1(&[0.01, 0.5, 1.0]));
    let loss = tape.apply(Root, &[x]).sum();
    let report = Check::new(loss, &[x]).run().unwrap();
    assert!(report.passed(), "{report}");
}

#[test]
fn a_refusal_is_no_panic_in_any_thread() {
    let tape = Tape::new();
    let x = tape.leaf("x", Array1::from_elem(100_000, -1.0));
    let loss = tape.apply(Root, &[x]).sum();
    let mut plan = Plan::<f32>::compile_with([loss], [], PlanOptions::default().threads(2)).unwrap();
    let result = catch_unwind(AssertUnwindSafe(|| plan.run(&mut State::new()).is_err()));
    assert!(matches!(result, Ok(true)));
}
