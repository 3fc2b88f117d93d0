//! cargo run --example graphs
//!
//! Draws every graph of the chapter, and some larger models, into `graphs/`, as SVG, DOT and Mermaid. They are recorded in
//! the numbered examples; `tests/graphs.rs` draws them again and compares byte for byte.

#![allow(dead_code, reason = "each example has a `main`, and tests take a part")]

use chainrule::picture::{Level, Picture};
use chainrule::{Check, Result, Tape, Var};
use std::path::Path;

#[path = "06_affine.rs"]
pub(crate) mod affine;
#[path = "01_apples.rs"]
pub(crate) mod apples;
#[path = "02_apples_and_oranges.rs"]
pub(crate) mod apples_and_oranges;
#[path = "03_add_and_multiply_nodes.rs"]
pub(crate) mod nodes;
#[path = "04_relu.rs"]
pub(crate) mod relu;
#[path = "05_sigmoid.rs"]
pub(crate) mod sigmoid;
#[path = "07_softmax_with_loss.rs"]
pub(crate) mod softmax_with_loss;
#[path = "08_two_layer_net.rs"]
pub(crate) mod two_layer_net;

#[path = "09_gradient_check.rs"]
pub(crate) mod gradient_check;

#[path = "14_what_a_plan_does.rs"]
pub(crate) mod what_a_plan_does;

#[path = "16_residual_mlp.rs"]
pub(crate) mod residual_mlp;

#[path = "17_recurrent_cell.rs"]
pub(crate) mod recurrent_cell;

#[path = "20_attention.rs"]
pub(crate) mod attention;

#[path = "18_large_graphs.rs"]
pub(crate) mod large_graphs;

#[path = "19_health_and_differences.rs"]
pub(crate) mod health_and_differences;

/// Drawings wider than this are folded: a page of text is 880 pixels wide there, and letters of 11 are not below 7.
const WIDEST: u32 = 1_380;

/// Every drawing, by the name of its files.
pub(crate) fn pictures() -> Result<Vec<(&'static str, Picture)>> {
    let drawn = pictures_as_wide_as_they_are()?.into_iter();
    Ok(drawn.map(|(name, picture)| (name, picture.max_width(WIDEST).in_fitting_direction())).collect())
}

/// The same in one row each.
pub(crate) fn pictures_as_wide_as_they_are() -> Result<Vec<(&'static str, Picture)>> {
    Ok(vec![
        ("apples", computed(|tape| apples::apples(tape).0)?),
        ("apples_and_oranges", computed(|tape| apples_and_oranges::apples_and_oranges(tape).0)?),
        ("add_node", computed(|tape| nodes::add_node(tape).0)?),
        ("multiply_node", computed(|tape| nodes::multiply_node(tape).0)?),
        ("relu", computed(|tape| relu::relu(tape).0)?),
        ("sigmoid_steps", computed(|tape| sigmoid::sigmoid_steps(tape).0)?),
        ("sigmoid", computed(|tape| sigmoid::sigmoid(tape).0)?),
        ("affine", computed(|tape| affine::affine(tape).0)?),
        ("softmax_with_loss", computed(|tape| softmax_with_loss::softmax_with_loss(tape).0)?),
        ("softmax_with_loss_steps", computed(|tape| softmax_with_loss::softmax_with_loss_steps(tape).0)?),
        ("two_layer_net_layers", net(Level::Layers)?),
        ("two_layer_net", net(Level::Nodes)?),
        ("two_layer_net_backward", backward()?),
        ("checked_wrong_rule", checked()?),
        ("residual_mlp", residual()?),
        ("recurrent_cell", recurrent()?),
        ("attention_layers", attended(Level::Layers)?),
        ("attention", attended(Level::Nodes)?),
        ("training_step_plan", what_a_plan_does::schedule()?.picture()),
        ("rolled_up", collapsed()?),
        ("rolled_up_scalars", large_graphs::scalar_net(&Tape::new()).draw().picture()?),
        ("health_nan", health_and_differences::sick()?),
        ("diff", health_and_differences::changed().picture().expect("it is small")),
    ])
}

/// A graph with its values above the arrows and its gradients below them.
fn computed(record: impl FnOnce(&Tape) -> Var<'_>) -> Result<Picture> {
    let tape = Tape::new();
    let output = record(&tape);
    output.draw().gradients(&output.backward()).picture()
}

/// The network without data, by its shapes.
fn net(level: Level) -> Result<Picture> {
    let tape = Tape::new();
    two_layer_net::two_layer_net(&tape).0.draw().level(level).picture()
}

/// The same with the nodes that the reverse pass recorded.
fn backward() -> Result<Picture> {
    let tape = Tape::new();
    let (loss, parameters) = two_layer_net::two_layer_net(&tape);
    let gradients = two_layer_net::gradients(loss, &parameters)?;
    tape.draw(&[&[loss], &gradients[..]].concat()).picture()
}

/// A wrong rule, with the checker's verdict on each node.
fn checked() -> Result<Picture> {
    let tape = Tape::new();
    let (output, leaves) = gradient_check::weighed(&tape, gradient_check::wrong_cube);
    let report = Check::new(output, &leaves).run()?;
    output.draw().gradients(&output.backward()).verdicts(&report).picture()
}

/// A deep network with one of its equal layers opened.
fn collapsed() -> Result<Picture> {
    let tape = Tape::new();
    large_graphs::deep_net(&tape).draw().open("layer1").picture()
}

/// Eight residual blocks, the first of them open.
fn residual() -> Result<Picture> {
    let tape = Tape::new();
    let (loss, _) = residual_mlp::residual_mlp(&tape, true)?;
    let draw = loss.draw().title("Eight residual blocks, the first one open").values(false);
    draw.level(Level::Layers).open("block1").picture()
}

/// A recurrent cell at four time steps, by its shapes.
fn recurrent() -> Result<Picture> {
    let tape = Tape::new();
    let (loss, ..) = recurrent_cell::recurrent_cell(&tape)?;
    loss.draw().title("A recurrent cell, unrolled over time").values(false).picture()
}

/// A head of attention, with values and gradients.
fn attended(level: Level) -> Result<Picture> {
    let tape = Tape::new();
    let (loss, ..) = attention::attention(&tape)?;
    let draw = loss.draw().title("Attention, softmax(Q Kᵀ / √d) V").gradients(&loss.backward());
    draw.level(level).picture()
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("graphs");
    std::fs::create_dir_all(&folder)?;
    for (name, picture) in pictures()? {
        for ending in ["svg", "dot", "mmd"] {
            picture.save(folder.join(name).with_extension(ending))?;
        }
        println!("graphs/{name}: {} nodes, {} arrows", picture.nodes.len(), picture.drawn_edges().count());
    }
    Ok(())
}
