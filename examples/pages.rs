//! cargo run --example pages
//!
//! Writes graphs as pages into `target/pages/`: open one in a browser, drag, zoom, search, click a node, and step through
//! the forward and the backward pass with the arrow keys. `tests/browser` opens the same pages, and compares what they show
//! with the numbers in `target/pages/expected.json`.

#![allow(dead_code, reason = "each example has a `main`")]

use chainrule::picture::Level;
use chainrule::{Check, Result, Tape, Var};
use serde_json::{Map, Value, json};
use std::path::Path;

#[path = "01_apples.rs"]
mod apples;
#[path = "09_gradient_check.rs"]
mod gradient_check;
#[path = "16_residual_mlp.rs"]
mod residual_mlp;
#[path = "08_two_layer_net.rs"]
mod two_layer_net;
#[path = "15_watching_training.rs"]
mod watching_training;

/// Two apples at 100 each, and a tax of 10 %.
fn apples(path: &Path) -> Result<()> {
    let tape = Tape::new();
    let (price, _) = apples::apples(&tape);
    price.draw().title("Two apples").gradients(&price.backward()).save(path)
}

/// A value that is used twice: its gradient is a sum.
fn fan_out(path: &Path) -> Result<()> {
    let tape = Tape::new();
    let y = used_three_times(&tape);
    y.draw().title("x is used three times").gradients(&y.backward()).save(path)
}

fn used_three_times(tape: &Tape) -> Var<'_> {
    let (x, w) = (tape.leaf("x", 3.0), tape.leaf("w", ndarray::arr1(&[0.5, -2.0])));
    ((x * x - x) * (w * 2.0).tanh().sum()).named("y")
}

/// The chapter's network on arbitrary numbers, as layers and as nodes.
fn net(path: &Path) -> Result<()> {
    let tape = Tape::new();
    let (loss, _) = two_layer_net::two_layer_net(&tape);
    let leaves: Vec<_> = tape.graph().nodes().filter(|n| n.leaf().is_some()).map(|n| n.id()).collect();
    for leaf in leaves.into_iter().filter_map(|id| tape.var(id)) {
        let shape = leaf.shape();
        let wave = |i: usize| ((i * i % 7919) as f64 * 0.37).sin() * 0.1;
        let targets = |i: usize| f64::from(u8::from(i % 10 == i / 10 % 10));
        let is_target = leaf.name().as_deref() == Some("t");
        let numbers =
            (0..shape.iter().product()).map(|i| if is_target { targets(i) } else { wave(i) }).collect();
        let array = ndarray::ArrayD::from_shape_vec(shape, numbers).expect("as many as the shape has");
        tape.feed(leaf, array)?;
    }
    loss.draw().title("A network of two layers").gradients(&loss.backward()).save(path)
}

/// The network with the nodes that the reverse pass recorded for its gradients.
fn net_backward(path: &Path) -> Result<()> {
    let tape = Tape::new();
    let (loss, parameters) = two_layer_net::two_layer_net(&tape);
    let gradients = two_layer_net::gradients(loss, &parameters)?;
    tape.draw(&[&[loss], &gradients[..]].concat()).title("A network and its reverse pass").save(path)
}

/// More groups than can be opened in every combination.
fn residual(path: &Path) -> Result<()> {
    let tape = Tape::new();
    let (loss, _) = residual_mlp::residual_mlp(&tape, true)?;
    let draw = loss.draw().title("Eight residual blocks").gradients(&loss.backward());
    draw.level(Level::Layers).save(path)
}

/// Training on a page, with a slider.
fn training(path: &Path) -> Result<()> {
    watching_training::timeline(watching_training::training(&[0, 25, 50, 100, 200])?).save(path)
}

/// The single numbers of a graph and their gradients, node by node, as the tape computes them.
fn numbers<'t>(tape: &'t Tape, output: Var<'t>) -> Value {
    let gradients = output.backward();
    let ids: Vec<_> = tape.graph().nodes().map(|node| node.id()).collect();
    let drawn = ids.into_iter().filter(|&id| id <= output.id()).filter_map(|id| tape.var(id));
    let numbers = drawn.filter(|var| var.shape().is_empty() && gradients.reaches(*var)).map(|var| {
        let (value, gradient) = (var.value().item(), gradients.of(var).value().item());
        (var.id().to_string(), json!({ "value": value, "gradient": gradient }))
    });
    numbers.collect::<Map<String, Value>>().into()
}

/// What the pages must show.
fn expected() -> Result<Value> {
    let (shop, three) = (Tape::new(), Tape::new());
    let apples = numbers(&shop, apples::apples(&shop).0);
    let losses = watching_training::training(&[0, 25, 50, 100, 200])?;
    let losses: Vec<f64> = losses.into_iter().map(|(_, loss, _)| loss).collect();
    Ok(json!({ "apples": apples, "fan_out": numbers(&three, used_three_times(&three)), "training": losses }))
}

/// A wrong rule, with the checker's verdict on each node.
fn checked(path: &Path) -> Result<()> {
    let tape = Tape::new();
    let (output, leaves) = gradient_check::weighed(&tape, gradient_check::wrong_cube);
    let report = Check::new(output, &leaves).run()?;
    let gradients = output.backward();
    output.draw().title("A wrong rule").gradients(&gradients).verdicts(&report).save(path)
}

/// Names that would be markup if they were not escaped.
fn hostile(path: &Path) -> Result<()> {
    let tape = Tape::new();
    let a = tape.leaf("</script><script>document.title = 'taken'</script>", 2.0);
    let b = tape.leaf("<img src=x onerror=\"document.title = 'taken'\">", 3.0);
    let y = (a * b).named("\u{2028}]]>&lt;b&gt; {{data}}");
    y.draw().title("<script>document.title = 'taken'</script>").gradients(&y.backward()).save(path)
}

type Page = fn(&Path) -> Result<()>;

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let folder = watching_training::target::folder().join("pages");
    std::fs::create_dir_all(&folder)?;
    let pages: [(&str, Page); 8] = [
        ("apples", apples),
        ("fan_out", fan_out),
        ("two_layer_net", net),
        ("two_layer_net_backward", net_backward),
        ("residual_mlp", residual),
        ("training", training),
        ("checked_wrong_rule", checked),
        ("hostile_names", hostile),
    ];
    for (name, page) in pages {
        let path = folder.join(name).with_extension("html");
        page(&path)?;
        println!("{}", path.display());
    }
    std::fs::write(folder.join("expected.json"), serde_json::to_string_pretty(&expected()?)?)?;
    Ok(())
}
