//! cargo run --example 08_two_layer_net
//!
//! The chapter's TwoLayerNet, Affine → ReLU → Affine → Softmax-with-Loss: layers in order, the nodes that they record,
//! and the nodes that the reverse pass records for the gradients of the four parameters. No data and no values are
//! needed for any of it. Drawn in `graphs/two_layer_net_layers.svg`, `graphs/two_layer_net.svg` and
//! `graphs/two_layer_net_backward.svg`.
//!
//! ```text
//! layer    output  parameters                   numbers
//! affine1      50  weight [784, 50], bias [50]   39,250
//! relu1        50                                     0
//! affine2      10  weight [50, 10], bias [10]       510
//! total                                          39,760
//!
//! d affine1/weight [784, 50]
//! d affine1/bias   [50]
//! d affine2/weight [50, 10]
//! d affine2/bias   [10]
//! 12 nodes forwards, 19 more backwards
//! ```

use chainrule::nn::{Affine, Gaussian, Relu, Sequential, SoftmaxWithLoss};
use chainrule::{Tape, Var};

/// The layers before the loss.
pub(crate) fn layers() -> Sequential {
    let affine = |inputs, outputs| Affine::new(inputs, outputs).init(Gaussian(0.01));
    Sequential::new().push(affine(784, 50)).push(Relu).push(affine(50, 10))
}

/// The loss of a batch of 100 images, and the parameters.
pub(crate) fn two_layer_net(tape: &Tape) -> (Var<'_>, Vec<Var<'_>>) {
    let net = layers();
    let x = tape.input("x", [100, 784]);
    let t = tape.input("t", [100, 10]);
    let loss = SoftmaxWithLoss.forward(net.forward(x), t);
    (loss, net.parameters(tape))
}

/// The gradients of the loss with respect to each parameter, called after them.
pub(crate) fn gradients<'t>(loss: Var<'t>, parameters: &[Var<'t>]) -> chainrule::Result<Vec<Var<'t>>> {
    let gradients = loss.try_grad(parameters)?;
    let named = |(g, p): (Var<'t>, &Var<'t>)| g.named(&format!("d {}", p.name().unwrap_or_default()));
    Ok(gradients.into_iter().zip(parameters).map(named).collect())
}

fn main() -> chainrule::Result<()> {
    println!("{}", layers());

    let tape = Tape::new();
    let (loss, parameters) = two_layer_net(&tape);
    let forward = tape.graph().len();
    for gradient in gradients(loss, &parameters)? {
        println!("{:<16} {:?}", gradient.name().unwrap_or_default(), gradient.shape());
    }
    println!("{forward} nodes forwards, {} more backwards", tape.graph().len() - forward);
    Ok(())
}
