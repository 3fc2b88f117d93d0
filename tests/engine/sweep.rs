//! Gradients as numbers: what a sweep leaves as it was, what it does without, and what it refuses.

use chainrule::op::{Derivative, Inputs, Kernel, Op, Operand, Output, reals};
use chainrule::{Error, Float, Tape, Var};
use ndarray::{Array1, arr1, arr2};

fn json(tape: &Tape) -> String {
    serde_json::to_string(&tape.graph().located()).unwrap()
}

#[test]
fn a_sweep_leaves_the_graph_as_it_was() {
    let tape = Tape::new();
    let x = tape.leaf("x", arr2(&[[0.5, -1.0], [0.25, 2.0]]));
    let w = tape.leaf("w", arr1(&[0.3, 0.7]));
    let loss = (x.matmul(x) * w).softplus().mean() * x.maximum(w).logsumexp_over(1).sum();
    let before = json(&tape);
    let swept = loss.sweep([x, w]);
    assert_eq!(json(&tape), before, "ops and shapes of the rules are in no table either");
    let recorded = loss.grad([x, w]).map(|g| g.value());
    assert_eq!(swept, recorded);
    // What is recorded is the same as on a tape that was never swept.
    let other = Tape::new();
    let [y, v] = [("x", x.value()), ("w", w.value())].map(|(name, value)| other.leaf(name, value));
    let loss = (y.matmul(y) * v).softplus().mean() * y.maximum(v).logsumexp_over(1).sum();
    let _ = loss.grad([y, v]);
    assert_eq!(
        serde_json::to_string(&*tape.graph()).unwrap(),
        serde_json::to_string(&*other.graph()).unwrap()
    );
}

#[test]
fn a_branch_of_numbers_between_arrays_and_an_output_of_one_element() {
    let tape = Tape::new();
    let (x, a) = (tape.leaf("x", Array1::linspace(-1.0, 1.0, 7)), tape.leaf("a", 0.7));
    let scale = (a * a).exp() - a;
    let loss = ((x * scale + a).tanh() / scale).sum() * x.mean().square();
    let unused = tape.leaf("unused", arr1(&[1.0, 2.0]));
    for loss in [loss, loss.reshape([1, 1]), (x * scale).slice(ndarray::s![2..3])] {
        let swept = loss.sweep([x, a, unused, scale, loss]);
        let recorded = loss.grad([x, a, unused, scale, loss]).map(|g| g.value());
        assert_eq!(swept, recorded);
    }
}

/// Whatever of the buffers of cotangents is handed on, shared or written over: arrays of whole blocks and of parts of one,
/// operands that are used again, twice by one node, or by none, and vars in between.
#[test]
fn arrays_of_every_length_and_any_use_have_the_gradient_that_is_recorded() {
    let mut random = 1_u64;
    let mut below = |n: usize| {
        random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (random >> 33) as usize % n
    };
    for len in [0, 1, 3, 7, 8, 9, 16, 23, 40] {
        for _ in 0..20 {
            let tape = Tape::new();
            let leaf = |name: &str, start: f64| tape.leaf(name, Array1::linspace(start, start + 0.9, len));
            let mut vars = vec![leaf("x", -0.4), leaf("a", 0.6), leaf("b", -1.1), tape.leaf("c", 0.7)];
            for _ in 0..12 {
                let (x, y) = (vars[vars.len() - 1 - below(3)], vars[below(vars.len())]);
                vars.push(match below(10) {
                    0 => x + y,
                    1 => x - y,
                    2 => y * x,
                    3 => x * x,
                    4 => x.tanh(),
                    5 => x.sigmoid(),
                    6 => x.maximum(y),
                    7 => 2.0 - x,
                    8 => x.square().softplus(),
                    _ => x.greater(y) * x,
                });
            }
            let loss = vars[vars.len() - 1].sum() + vars[vars.len() - 2].sum();
            let asked: Vec<Var<'_>> = vars.iter().copied().filter(|_| below(2) == 0).collect();
            let swept: Vec<_> = loss.try_sweep(&asked).unwrap();
            assert_eq!(loss.try_sweep(&asked).unwrap(), swept, "and once more");
            for (var, swept) in asked.iter().zip(swept) {
                let [recorded] = loss.grad([*var]);
                assert_eq!(recorded.value(), swept, "{len} elements, {var:?}");
            }
        }
    }
}

#[test]
fn a_leaf_that_no_rule_reads_needs_no_value() {
    let tape = Tape::new();
    let (x, open) = (tape.leaf("x", 3.0), tape.input("open", []));
    let [dx] = (x * x + open).sweep([x]);
    assert_eq!(dx.item(), 6.0);
    let error = (x * open).try_sweep(&[x]).unwrap_err();
    assert!(matches!(&error, Error::NoValue { leaf, .. } if leaf.contains("open")), "{error}");
    assert_eq!((x * open).try_sweep(&[open]).unwrap()[0].item(), 3.0);
    tape.feed(open, 5.0).unwrap();
    assert_eq!((x * open).sweep([x])[0].item(), 5.0);
    tape.feed(open, 7.0).unwrap();
    assert_eq!((x * open).sweep([x])[0].item(), 7.0, "and is computed again when it has another");
}

/// `y = x0 + x1`, which says that x1 has no derivative.
#[derive(Debug)]
struct Half;

impl<F: Float> Kernel<F> for Half {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        for ((y, &a), &b) in y.data.iter_mut().zip(x.real(0).slice()).zip(x.real(1).slice()) {
            *y = a + b;
        }
    }
}

impl Op for Half {
    fn name(&self) -> &'static str {
        "half"
    }

    fn formula(&self) -> &'static str {
        "y = x0 + x1"
    }

    fn elementwise(&self) -> bool {
        true
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [a, _] = reals(x)?;
        Ok(a.to_vec())
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        // A cotangent that is no cotangent: wrong, and yet the same recorded and swept.
        if operand == 0 { (dy + x[1]).into() } else { Derivative::NotDifferentiable }
    }
}

#[test]
fn a_sweep_refuses_what_grad_refuses_in_the_same_words() {
    let (tape, other) = (Tape::new(), Tape::new());
    let (x, open) = (tape.leaf("x", 2.0), tape.input("open", []));
    let array = tape.leaf("array", arr1(&[1.0, 2.0]));
    let labels = tape.index_leaf("labels", arr1(&[0_usize, 1]));
    let half = tape.apply(Half, &[x, x * x]) * open;
    let fine = tape.apply(Half, &[x, open * open]);
    let foreign = other.leaf("foreign", 1.0);
    let cases: [(Var<'_>, Var<'_>); 5] = [(array, array), (x, foreign), (x, labels), (labels, x), (half, x)];
    for (output, var) in cases {
        let (swept, recorded) = (output.try_sweep(&[var]), output.try_grad(&[var]));
        let (swept, recorded) = (swept.unwrap_err().to_string(), recorded.unwrap_err().to_string());
        let without_place = |text: &str| text.split("; at ").next().unwrap().to_owned();
        assert_eq!(without_place(&swept), without_place(&recorded));
    }
    assert!(fine.try_sweep(&[x]).is_err(), "the rule reads a leaf without a value");
    tape.feed(open, 0.5).unwrap();
    assert_eq!(fine.sweep([x])[0], fine.grad([x])[0].value());
}
