//! What has no form in another engine, or no counterpart here, is named.

use chainrule::exchange::{Export, ExportPrecision};
use chainrule::op::*;
use chainrule::{Float, Tape, Var};

#[derive(Debug)]
struct Own;

op_settings!(Own, "own_op");

impl<F: Float> Kernel<F> for Own {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        x.real(0).copy_to(y.data);
    }
}

impl Op for Own {
    op_settings!();

    fn formula(&self) -> &'static str {
        "y = x"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        Ok(x.to_vec())
    }

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        dy.into()
    }
}

#[test]
fn an_op_without_a_form_is_named_with_its_node_and_line() {
    let tape = Tape::new();
    let y = tape.apply(Own, &[tape.input("x", [2])]);
    let line = line!() - 1;
    let problem = Export::new([y.exp()], []).unwrap_err().to_string();
    for part in ["own_op", "no form in portable primitives", &format!("refusals.rs:{line}")] {
        assert!(problem.contains(part), "{part} in: {problem}");
    }
}

#[test]
fn what_does_not_follow_the_batch_size_is_refused() {
    let tape = Tape::new();
    let x = tape.input("x", [4, 3]);
    let open = |y: Var<'_>| {
        Export::with_open_batch([y], [], [x])
            .and_then(|export| export.to_onnx(ExportPrecision::F32))
            .map(|_| ())
    };
    assert!(open(x.softmax(-1).mean()).is_ok());
    let problem = open(x.cumsum(0)).unwrap_err().to_string();
    assert!(problem.contains("depend on the batch size"), "{problem}");
    let problem = open(x.sort(0).quantile_over(0, 0.3)).unwrap_err().to_string();
    assert!(problem.contains("batch size"), "{problem}");
    let problem = open(x + tape.constant(ndarray::Array2::<f64>::eye(4).slice_move(ndarray::s![.., ..3])));
    assert!(problem.unwrap_err().to_string().contains("operands"));
}

#[test]
fn arguments_that_make_no_export_are_refused() {
    let tape = Tape::new();
    let (x, w, v) = (tape.input("x", [2]), tape.parameter("w", [2]), tape.input("x", [2]));
    let problem = |result: chainrule::Result<Export>| result.unwrap_err().to_string();
    assert!(problem(Export::new([], [])).contains("nothing to export"));
    assert!(problem(Export::new([x + v], [])).contains("the name of another leaf"));
    assert!(problem(Export::new([], [(x, w)])).contains("is not a parameter"));
    assert!(problem(Export::new([], [(w, x), (w, w * 2.0)])).contains("updated twice"));
    assert!(problem(Export::with_open_batch([x], [], [w])).contains("is no input with a first axis"));
    let other = Tape::new();
    assert!(problem(Export::new([x, other.input("y", [2])], [])).contains("another tape"));
}
