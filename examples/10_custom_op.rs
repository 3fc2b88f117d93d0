//! cargo run --example 10_custom_op
//!
//! A custom op, swish `y = x σ(βx)`: its shape, its kernel and its rule. It is differentiated (twice), checked, run in f32,
//! drawn, saved and loaded like the built-in ones, which implement the same trait.
//!
//! ```text
//! y   [-0.0949,  0.0000,  1.9051]
//! dx  [-0.0881,  0.5000,  1.0881]
//! f32 [-0.0949,  0.0000,  1.9051]
//! loaded Var(n1 swish(beta=1.5) [3])
//! ```

use chainrule::op::{Derivative, Inputs, Kernel, Op, Operand, Output, Registry, reals};
use chainrule::{Float, Graph, Plan, State, Tape, Var, assert_gradients, assert_op_gradients, op_settings};
use ndarray::arr1;

/// `y = x σ(βx)`, `dx = dy (s + βy (1 − s))` with `s = σ(βx)`.
#[derive(Debug)]
pub(crate) struct Swish {
    pub(crate) beta: f64,
}

// Its name and its attributes, from its fields: what tells it from others, and how a saved graph finds it again.
op_settings!(Swish, "swish", [beta], [Self { beta: 1.5 }]);

impl<F: Float> Kernel<F> for Swish {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let beta = F::of(self.beta);
        for (y, &x) in y.data.iter_mut().zip(x.real(0).slice()) {
            *y = x / (F::one() + (-beta * x).exp());
        }
    }
}

impl Op for Swish {
    op_settings!();

    fn formula(&self) -> &'static str {
        "y = x σ(βx)"
    }
    fn elementwise(&self) -> bool {
        true
    }
    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        Ok(x.to_vec())
    }
    fn rule<'t>(&self, _: usize, x: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let s = (self.beta * x[0]).sigmoid();
        (dy * (s + self.beta * y * (1.0 - s))).into()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let tape = Tape::new();
    let x = tape.leaf("x", arr1(&[-2.0, 0.0, 2.0]));
    let y = tape.apply(Swish { beta: 1.5 }, &[x]);
    let [dx] = y.sum().grad([x]);
    println!("y   {:7.4}", y.value());
    println!("dx  {:7.4}", dx.value());
    // At this point; and on operands of many shapes, contiguous and strided, to second order.
    assert_gradients!(y.square().sum(), [x]);
    assert_op_gradients!(Swish { beta: 1.5 });

    let single = Plan::<f32>::compile([y], [])?.run(&mut State::new())?.nth(0).to_owned();
    println!("f32 {single:7.4}");

    let id = y.id();
    let saved = serde_json::to_string(&*tape.graph())?;
    let graph: Graph = serde_json::from_str(&saved)?;
    let loaded = Tape::from_graph(graph, &Registry::default().with::<Swish>())?;
    println!("loaded {:?}", loaded.var(id).ok_or("the node is there")?);
    Ok(())
}
