//! Kernels that are right where differences are taken, in f64 on contiguous copies, and wrong elsewhere: on strided views,
//! in f32, at every tenth call; and one that has not the digits to be differentiated.

use crate::Mutation;
use crate::finding::{Expected, Finding};
use crate::specimen::signed;
use chainrule::check::{Report, Stage};
use chainrule::op::{
    Attribute, Attributes, Derivative, Inputs, Kernel, Op, Operand, Output, Precision, reals,
};
use chainrule::{Check, Tape, Var};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub(crate) fn all() -> Vec<Mutation> {
    let mutations: [(usize, &'static str, Fault, Stage, &'static str); 6] = [
        (
            29,
            "a kernel that takes a transposed view for a contiguous one",
            Fault::Transposed,
            Stage::Node,
            "strided",
        ),
        (
            29,
            "a kernel that takes a reversed view for a contiguous one",
            Fault::Reversed,
            Stage::Node,
            "strided",
        ),
        (30, "a kernel that is wrong in f32", Fault::InF32, Stage::Node, "in f32"),
        (31, "a kernel in f64 that computes in f32", Fault::Single, Stage::Node, "single precision"),
        (32, "a kernel that is off at every tenth call", Fault::Tenth, Stage::Preflight, "not deterministic"),
        (
            32,
            "a kernel that is off at every thousandth call",
            Fault::Thousandth,
            Stage::Preflight,
            "not deterministic",
        ),
    ];
    let in_two_places = |(number, what, fault, stage, problem)| {
        [false, true].map(|in_rule| {
            Mutation::new(number, what, move |wrong| {
                run(if wrong { fault } else { Fault::None }, in_rule, stage, problem)
            })
        })
    };
    mutations.into_iter().flat_map(in_two_places).collect()
}

/// What is wrong with a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    Transposed,
    Reversed,
    InF32,
    Single,
    Tenth,
    Thousandth,
}

/// `y = sin x` of a matrix, whose kernel is given it as a whole.
#[derive(Debug)]
struct Sine {
    fault: Fault,
    calls: AtomicUsize,
}

/// `y = −cos x`, whose rule is made of a [`Sine`].
#[derive(Debug)]
struct Cosine(Arc<Sine>);

impl Sine {
    fn new(fault: Fault) -> Self {
        Self { fault, calls: AtomicUsize::new(0) }
    }
}

impl<F: Precision> Kernel<F> for Sine {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let x = x.real(0);
        let mut y_and_x = |x: ndarray::ArrayViewD<'_, F>| {
            y.data.iter_mut().zip(x).for_each(|(y, &x)| *y = x.sin());
        };
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let is_transposed = matches!(*x.strides(), [a, b] if 0 < a && a < b);
        let is_reversed = x.strides().iter().any(|&stride| stride < 0);
        let is_wrong = match self.fault {
            Fault::Transposed => is_transposed,
            Fault::Reversed => is_reversed,
            Fault::InF32 => F::NAME == "f32",
            Fault::Tenth => call.is_multiple_of(10),
            Fault::Thousandth => call.is_multiple_of(1000),
            Fault::None | Fault::Single => false,
        };
        if self.fault == Fault::Single {
            let single = x.array().mapv(|x| F::of(f64::from(x.wide() as f32)));
            y_and_x(single.view());
        } else if is_wrong {
            let other_way_round: Vec<F> = x.array().t().iter().map(|&x| x * F::of(1.01)).collect();
            y.data.iter_mut().zip(other_way_round).for_each(|(y, x)| *y = x.sin());
        } else {
            y_and_x(x.array());
        }
    }
}

impl<F: Precision> Kernel<F> for Cosine {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        y.data.iter_mut().zip(x.real(0).array()).for_each(|(y, &x)| *y = -x.cos());
    }
}

fn attributes(fault: Fault) -> Attributes {
    Attributes::new().with("fault", Attribute::Text(format!("{fault:?}")))
}

impl Op for Sine {
    fn name(&self) -> &'static str {
        "sine"
    }

    fn formula(&self) -> &'static str {
        "y = sin x"
    }

    fn attributes(&self) -> Attributes {
        attributes(self.fault)
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        reals(x).map(|[x]| x.to_vec())
    }

    fn rule<'t>(&self, _: usize, x: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        (dy * x[0].cos()).into()
    }
}

impl Op for Cosine {
    fn name(&self) -> &'static str {
        "cosine"
    }

    fn formula(&self) -> &'static str {
        "y = −cos x"
    }

    fn attributes(&self) -> Attributes {
        attributes(self.0.fault)
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        reals(x).map(|[x]| x.to_vec())
    }

    fn rule<'t>(&self, _: usize, x: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        match dy.tape().try_apply_shared(self.0.clone(), &[x[0]]) {
            Ok(sine) => (dy * sine).into(),
            Err(error) => unreachable!("a sine takes what a cosine takes: {error}"),
        }
    }
}

/// Checks a small net with the op in it, on an operand that is a transposed or a reversed view; or with the op in a rule.
fn run(fault: Fault, in_rule: bool, stage: Stage, problem: &str) -> Finding {
    let tape = Tape::new();
    let (x, w) = (tape.leaf("x", signed(&[3, 4], 0)), tape.leaf("w", signed(&[4, 5], 1)));
    let product = x.matmul(w);
    let view = match fault {
        Fault::Reversed => product.slice(ndarray::s![..;-1, ..]),
        _ => product.t(),
    };
    let sine = Sine::new(fault);
    let (y, line) = match in_rule {
        true => (tape.apply(Cosine(Arc::new(sine)), &[view]), line!()),
        false => (tape.apply(sine, &[view]), line!()),
    };
    let weights = tape.constant(signed(&y.shape(), 2));
    let outcome = Check::new((y * weights + 0.3 * y.square()).sum(), &[x, w]).run();
    let says = |report: &Report| report.first_fault().is_some_and(|fault| fault.problem.contains(problem));
    let is_said = outcome.as_ref().is_ok_and(says);
    let op = if in_rule { "cosine" } else { "sine" }.to_owned();
    let expected = Expected { stage, node: y.id(), operand: None, op, place: (file!(), line) };
    let finding = Finding::of(outcome, &expected);
    Finding { located: finding.located && is_said, ..finding }
}
