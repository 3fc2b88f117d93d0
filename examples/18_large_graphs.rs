//! cargo run --example 18_large_graphs
//!
//! Graphs with more nodes than anyone can read are collapsed: scopes of the same structure are folded into one box with their
//! count, and so are the same few ops along a chain. Long lists without scopes or repetitions are split into chunks.
//! Every box can be opened by name. Drawn in `graphs/rolled_up.svg`, the deep network with its first layer open, and in
//! `graphs/rolled_up_scalars.svg`.
//!
//! ```text
//! the deep network, 493 nodes: 15 drawn; layer1 … layer48 ×48 (480 nodes, 795,648 parameters)
//! with `layer1` opened: wide (4 nodes, 8,320 parameters); narrow (4 nodes, 8,256 parameters); layer2 … layer48 ×47 (470 nodes, 779,072 parameters)
//! whole layers: 54 drawn
//! single numbers, 9839 nodes: 4 drawn; (× + (× +) ×39 tanh) ×40 (4,920 nodes, 40 inputs, 1,640 parameters); (× + (× +) ×39 tanh) ×40 (4,880 nodes, 1,640 parameters); + ×39 (39 nodes)
//! draw: 9839 nodes would be drawn, and more than 2000 cannot be read; collapse groups with `.level(Level::Auto)`, draw whole layers with `.level(Level::Layers)`, or the neighbourhood of one node with `.around(node, 3)`
//! a chain, 1666666 nodes: 3 drawn; (× + tanh) ×333,333 (999,999 nodes)
//! near its end: 6 drawn
//! ```

use chainrule::picture::{Level, NodeKind, Picture};
use chainrule::{Result, Tape, Var};

/// A network of 48 equal layers, each with two products and a shortcut around them.
pub(crate) fn deep_net(tape: &Tape) -> Var<'_> {
    fn affine<'t>(name: &str, x: Var<'t>, outputs: usize) -> Var<'t> {
        let tape = x.tape();
        let _scope = tape.scope(name);
        let inputs = x.shape()[1];
        let (weight, bias) = (tape.parameter("weight", [inputs, outputs]), tape.parameter("bias", [outputs]));
        x.matmul(weight) + bias
    }
    let (x, t) = (tape.input("x", [32, 784]), tape.input("t", [32, 10]));
    let mut h = affine("embed", x, 64);
    for layer in 1..=48 {
        let _scope = tape.scope(&format!("layer{layer}"));
        h = h + affine("narrow", affine("wide", h, 128).tanh(), 64);
    }
    let y = affine("head", h, 10);
    let _scope = tape.scope("loss");
    (y - t).square().mean().named("loss")
}

/// Two layers of 40 neurons as scalar nodes, without a scope: ten thousand nodes.
pub(crate) fn scalar_net(tape: &Tape) -> Var<'_> {
    const WIDTH: usize = 40;
    let mut values: Vec<Var<'_>> = (0..WIDTH).map(|i| tape.input(&format!("x{i}"), [])).collect();
    for layer in 1..=2 {
        let neuron = |unit: usize| {
            let mut sum = tape.parameter(&format!("b{layer},{unit}"), []);
            for (i, &value) in values.iter().enumerate() {
                sum += value * tape.parameter(&format!("w{layer},{unit},{i}"), []);
            }
            sum.tanh()
        };
        values = (0..WIDTH).map(neuron).collect();
    }
    values.into_iter().reduce(|a, b| a + b).expect("there are some").named("y")
}

/// The boxes of a picture, by name.
fn boxes(picture: &Picture) -> String {
    let boxes = picture.nodes.iter().filter(|node| node.kind == NodeKind::Layer);
    let said = |node: &chainrule::picture::PictureNode| {
        format!("{} ({})", node.name.as_deref().unwrap_or(""), node.note.as_deref().unwrap_or(""))
    };
    boxes.map(said).collect::<Vec<_>>().join("; ")
}

/// What a drawing shows of how many nodes.
fn report(what: &str, output: Var<'_>) -> Result<()> {
    let picture = output.draw().picture()?;
    let nodes = output.tape().graph().len();
    println!("{what}, {nodes} nodes: {} drawn; {}", picture.nodes.len(), boxes(&picture));
    Ok(())
}

fn main() -> Result<()> {
    let tape = Tape::new();
    let loss = deep_net(&tape);
    report("the deep network", loss)?;
    println!("with `layer1` opened: {}", boxes(&loss.draw().open("layer1").picture()?));
    println!("whole layers: {} drawn", loss.draw().level(Level::Layers).picture()?.nodes.len());

    let tape = Tape::new();
    let y = scalar_net(&tape);
    report("single numbers", y)?;
    if let Err(problem) = y.draw().level(Level::Nodes).picture() {
        println!("{problem}");
    }

    let tape = Tape::new();
    let x = tape.input("x", []);
    let end = (0..333_333).fold(x, |x, _| (x * 0.9 + 0.1).tanh());
    report("a chain", end)?;
    println!("near its end: {} drawn", end.draw().around(end, 3).picture()?.nodes.len());
    Ok(())
}
