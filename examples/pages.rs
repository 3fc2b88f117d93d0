//! cargo run --example pages
//!
//! Writes graphs as pages into `target/pages/`: open one in a browser, drag, zoom, search, click a node, and walk
//! through the forward and the backward pass with the arrow keys. `tests/browser` opens the same pages.

use chainrule::{Check, Result, Tape};
use std::path::Path;

#[allow(dead_code)]
#[path = "01_apples.rs"]
mod apples;
#[allow(dead_code)]
#[path = "09_gradient_check.rs"]
mod gradient_check;
#[allow(dead_code)]
#[path = "08_two_layer_net.rs"]
mod two_layer_net;

/// Two apples at 100 each, and a tax of 10 %.
fn apples(path: &Path) -> Result<()> {
    let tape = Tape::new();
    let (price, _) = apples::apples(&tape);
    price.draw().title("Two apples").gradients(&price.backward()).save(path)
}

/// A value that is used twice: its gradient is a sum.
fn fan_out(path: &Path) -> Result<()> {
    let tape = Tape::new();
    let (x, w) = (tape.leaf("x", 3.0), tape.leaf("w", ndarray::arr1(&[0.5, -2.0])));
    let y = (x * x - x) * (w * 2.0).tanh().sum();
    y.named("y").draw().title("x is used three times").gradients(&y.backward()).save(path)
}

/// The chapter's network on numbers made up, as layers and as nodes.
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

/// A wrong rule, with what the checker says of each node.
fn checked(path: &Path) -> Result<()> {
    let tape = Tape::new();
    let (output, leaves) = gradient_check::weighed(&tape, gradient_check::wrong_cube);
    let report = Check::new(output, &leaves).run()?;
    let gradients = output.backward();
    output.draw().title("A wrong rule").gradients(&gradients).verdicts(&report).save(path)
}

/// Names that would be markup if they were not taken for text.
fn hostile(path: &Path) -> Result<()> {
    let tape = Tape::new();
    let a = tape.leaf("</script><script>document.title = 'taken'</script>", 2.0);
    let b = tape.leaf("<img src=x onerror=\"document.title = 'taken'\">", 3.0);
    let y = (a * b).named("\u{2028}]]>&lt;b&gt; {{data}}");
    y.draw().title("<script>document.title = 'taken'</script>").gradients(&y.backward()).save(path)
}

type Page = fn(&Path) -> Result<()>;

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pages");
    std::fs::create_dir_all(&folder)?;
    let pages: [(&str, Page); 5] = [
        ("apples", apples),
        ("fan_out", fan_out),
        ("two_layer_net", net),
        ("checked_wrong_rule", checked),
        ("hostile_names", hostile),
    ];
    for (name, page) in pages {
        page(&folder.join(name).with_extension("html"))?;
        println!("target/pages/{name}.html");
    }
    Ok(())
}
