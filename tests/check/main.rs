//! The gradient checker: what it passes, what it catches and where, what it leaves open.

mod faults;
mod graphs;
mod kinks;
mod ops;
mod quick;
mod slices;
mod verdicts;

use chainrule::check::Report;
use chainrule::op::{Attribute, Attributes, Derivative, Inputs, Kernel, Op, Operand, Output, reals};
use chainrule::{Check, Float, Tape, Var};
use ndarray::{Array, ArrayD, IxDyn};

fn wave(shape: &[usize], phase: f64) -> ArrayD<f64> {
    let n: usize = shape.iter().product();
    Array::from_iter((0..n).map(|i| (i as f64 * 0.7 + phase).sin()))
        .into_shape_with_order(IxDyn(shape))
        .unwrap()
}

/// A two-layer net in which every op of the list can be replaced by a wrong one.
fn net<'t>(tape: &'t Tape, square: impl Fn(Var<'t>) -> Var<'t>) -> (Var<'t>, [Var<'t>; 3]) {
    let x = tape.leaf("x", wave(&[4, 3], 0.1));
    let w = tape.leaf("w", wave(&[3, 5], 0.8));
    let b = tape.leaf("b", wave(&[5], 1.7));
    ((square(x.matmul(w) + b) * wave_constant(tape)).mean(), [x, w, b])
}

fn wave_constant(tape: &Tape) -> Var<'_> {
    tape.constant(wave(&[4, 5], 2.9))
}

/// `y = x²` with a derivative that can be wrong in a way of choice.
#[derive(Debug)]
struct Square {
    fault: Fault,
}

impl<F: Float> Kernel<F> for Square {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        y.data.iter_mut().zip(x.real(0).slice()).for_each(|(y, &x)| *y = x * x);
    }
}

impl Op for Square {
    fn name(&self) -> &'static str {
        "faulty_square"
    }

    fn formula(&self) -> &'static str {
        "y = x²"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with("fault", Attribute::Text(format!("{:?}", self.fault)))
    }

    fn elementwise(&self) -> bool {
        true
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        Ok(x.to_vec())
    }

    fn rule<'t>(&self, _: usize, x: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let right = dy * (2.0 * x[0]);
        match self.fault {
            Fault::None => right,
            Fault::Sign => -right,
            Fault::Factor => dy * x[0],
            Fault::ForgottenCotangent => 2.0 * x[0],
            Fault::SmallSlope => right * (1.0 + 1e-5),
            Fault::StoppedHalf => right * y.greater(0.3),
        }
        .into()
    }
}

#[derive(Debug, Clone, Copy)]
enum Fault {
    None,
    Sign,
    Factor,
    ForgottenCotangent,
    SmallSlope,
    StoppedHalf,
}

/// The report of the net with a wrong square in it, and the line that recorded that.
fn wrong_square(fault: Fault, check: impl Fn(Check<'_>) -> Check<'_>) -> (Report, u32) {
    let tape = Tape::new();
    let line = std::cell::Cell::new(0);
    let (loss, leaves) = net(&tape, |v| {
        let _scope = tape.scope("activation");
        line.set(line!() + 1);
        tape.apply(Square { fault }, &[v.named("affine")]).named("squared")
    });
    (check(Check::new(loss, &leaves)).run().unwrap(), line.get())
}
