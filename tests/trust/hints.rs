//! Hints say what the numbers show, and nothing that is a coincidence.

use chainrule::check::{FunctionCheck, Report};
use chainrule::op::{Attribute, Attributes, Derivative, Inputs, Kernel, Op, Operand, Output, reals};
use chainrule::{Check, Float, Tape, Var};
use ndarray::{ArrayD, Axis, Dimension, IxDyn};

/// `y = 6x`, whose rule multiplies each element by a factor of its own; it is not said to be elementwise.
#[derive(Debug)]
struct SixTimes {
    factors: Vec<f64>,
}

impl<F: Float> Kernel<F> for SixTimes {
    fn run(&self, x: Inputs<'_, '_, F>, mut y: Output<'_, F>) {
        y.array().zip_mut_with(&x.real(0).array(), |y, &x| *y = F::of(6.0) * x);
    }
}

impl Op for SixTimes {
    fn name(&self) -> &'static str {
        "six_times"
    }

    fn formula(&self) -> &'static str {
        "y = 6x"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with("factors", Attribute::Text(format!("{:?}", self.factors)))
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        reals(x).map(|[x]| x.to_vec())
    }

    fn rule<'t>(&self, _: usize, x: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let factors = ArrayD::from_shape_vec(IxDyn(&x[0].shape()), self.factors.clone()).unwrap();
        (dy * dy.tape().constant(factors)).into()
    }
}

/// What the hint says of the op whose rule has these factors.
fn hint(shape: &[usize], factors: &[f64]) -> String {
    let tape = Tape::new();
    let x =
        tape.leaf("x", ArrayD::from_shape_fn(IxDyn(shape), |i| 0.4 + i.slice().iter().sum::<usize>() as f64));
    let y = tape.apply(SixTimes { factors: factors.to_vec() }, &[x]);
    let report = Check::new(y.square().sum(), &[x]).must_fail().unwrap();
    let fault = report.first_fault().unwrap();
    assert_eq!(fault.op.split('(').next(), Some("six_times"), "{report}");
    fault.hint.clone().unwrap_or_default()
}

#[test]
fn a_ratio_that_equals_the_size_of_an_axis_by_chance_is_not_said_to_be_it() {
    for shape in [&[2, 3][..], &[3, 2], &[2], &[6]] {
        let n = shape.iter().product();
        assert_eq!(hint(shape, &vec![3.0; n]), "every element is 0.500 times what it should be");
        assert_eq!(hint(shape, &vec![12.0; n]), "every element is 2.000 times what it should be");
    }
}

#[test]
fn what_all_elements_are_wrong_by_is_not_told_of_the_worst_alone() {
    let slightly = 6.0 * (1.0 + 1e-5);
    let mut factors = [slightly; 6];
    assert_eq!(hint(&[2, 3], &factors), "every element is 1.0000100 times what it should be");
    // All differ, and one by much more: there is nothing that they have in common.
    factors[4] = 9.0;
    assert_eq!(hint(&[2, 3], &factors), "");
}

#[test]
fn a_hint_holds_for_every_element_that_differs() {
    let all = [6.0; 6];
    let with = |places: &[usize], factor: f64| {
        let mut factors = all;
        places.iter().for_each(|&i| factors[i] = factor);
        hint(&[2, 3], &factors)
    };
    assert_eq!(with(&[1, 2, 5], -6.0), "3 of 6 elements differ: there the sign is flipped");
    assert_eq!(with(&[0, 1], 0.0), "2 of 6 elements differ: there it is zero");
    assert_eq!(with(&[0, 3], 9.0), "2 of 6 elements differ: each of these is 1.500 times what it should be");
    // One element alone is no pattern.
    assert_eq!(with(&[3], -6.0), "1 of 6 elements differ");
    assert_eq!(hint(&[1], &[-6.0]), "");
    let mut factors = [-6.0; 6];
    factors[2] = -6.0 * (1.0 + 1e-5);
    assert_eq!(hint(&[2, 3], &factors), "");
}

/// Means over the first axis, whose rule forgets to divide or divides twice.
#[derive(Debug)]
struct MeanOverRows {
    power: i32,
}

impl<F: Float> Kernel<F> for MeanOverRows {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let rows = F::of(x.shape(0)[0] as f64);
        let sums = x.real(0).array().sum_axis(Axis(0));
        y.data.iter_mut().zip(&sums).for_each(|(y, &sum)| *y = sum / rows);
    }
}

impl Op for MeanOverRows {
    fn name(&self) -> &'static str {
        "mean_over_rows"
    }

    fn formula(&self) -> &'static str {
        "y = mean x"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with("power", Attribute::Text(self.power.to_string()))
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        reals(x).map(|[x]| x[1..].to_vec())
    }

    fn rule<'t>(&self, _: usize, x: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let n = x[0].shape()[0] as f64;
        (dy.broadcast_like(x[0]) * n.powi(self.power)).into()
    }
}

fn mean_hint(shape: &[usize], power: i32) -> String {
    let tape = Tape::new();
    let x =
        tape.leaf("x", ArrayD::from_shape_fn(IxDyn(shape), |i| 0.4 + i.slice().iter().sum::<usize>() as f64));
    let y = tape.apply(MeanOverRows { power }, &[x]);
    let report = Check::new(y.square().sum(), &[x]).must_fail().unwrap();
    report.first_fault().unwrap().hint.clone().unwrap_or_default()
}

#[test]
fn the_size_of_an_axis_that_is_added_up_is_named_as_a_possibility() {
    let axis = "it may be the size of axis 0 of the operand, over which the op adds up";
    assert_eq!(mean_hint(&[5, 3], 0), format!("every element is 5.000 times what it should be; {axis}"));
    assert_eq!(
        mean_hint(&[5, 3], -2),
        "every element is 0.200 times what it should be; it may be 1 / 5, the size of axis 0 of the operand, over \
         which the op adds up"
    );
    // Which of two axes of one size it is cannot be told.
    assert_eq!(mean_hint(&[5, 5], 0), "every element is 5.000 times what it should be");
    assert_eq!(mean_hint(&[5, 3], 1), "every element is 25.000 times what it should be");
}

fn function_report(gradient: impl Fn(&[f64]) -> Vec<f64>) -> Report {
    let f = |x: &[f64]| x.iter().enumerate().map(|(i, x)| (1.0 + i as f64) * x.sin()).sum::<f64>();
    FunctionCheck::new(f, gradient, &[0.3, 0.9, -0.4, 1.2]).must_fail().unwrap()
}

#[test]
fn gradients_of_functions_are_hinted_at_in_the_same_way() {
    let right = |x: &[f64]| x.iter().enumerate().map(|(i, x)| (1.0 + i as f64) * x.cos()).collect::<Vec<_>>();
    let hint = |report: Report| report.parameters[0].hint.clone().unwrap_or_default();
    let report = function_report(|x| right(x).iter().map(|g| g * 4.0).collect());
    assert_eq!(hint(report), "every element is 4.000 times what it should be");
    let report = function_report(|x| right(x).iter().map(|_| 0.0).collect());
    assert_eq!(hint(report), "the gradient is zero, and the output depends on the elements");
    let report =
        function_report(|x| right(x).iter().enumerate().map(|(i, g)| g * (1.0 + i as f64)).collect());
    assert_eq!(hint(report), "3 of 4 elements differ");
}
