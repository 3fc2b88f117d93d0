//! cargo run --example pages
//!
//! Writes graphs as pages into `target/pages/`: open one in a browser, drag, zoom, search, click a node, and step through
//! the forward and the backward pass with the arrow keys. `tests/browser` opens the same pages, and compares what they show
//! with the numbers in `target/pages/expected.json` and with the drawings in `target/pages/states.json`.

#![allow(dead_code, reason = "each example has a `main`")]

use chainrule::nn::{Affine, Embedding, LayerNorm, MultiHeadAttention, Sequential, TransformerBlock};
use chainrule::picture::{Level, LivePage, Page, Reply};
use chainrule::{Check, Result, Tape, Var};
use ndarray::{arr1, arr2};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use serde_json::{Map, Value, json};
use std::path::Path;

#[path = "01_apples.rs"]
mod apples;
#[path = "10_custom_op.rs"]
mod custom_op;
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
    let (x, w) = (tape.leaf("x", 3.0), tape.leaf("w", arr1(&[0.5, -2.0])));
    ((x * x - x) * (w * 2.0).tanh().sum()).named("y")
}

/// The chapter's network on arbitrary numbers, as layers and as nodes.
fn net(path: &Path) -> Result<()> {
    let tape = Tape::new();
    let loss = net_on_numbers(&tape)?;
    loss.draw().title("A network of two layers").gradients(&loss.backward()).save(path)
}

fn net_on_numbers(tape: &Tape) -> Result<Var<'_>> {
    let (loss, _) = two_layer_net::two_layer_net(tape);
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
    Ok(loss)
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

/// Twelve equal blocks, each of attention and a network of two layers.
fn transformer(tape: &Tape) -> Result<Var<'_>> {
    let block = || TransformerBlock::new(8, 16, MultiHeadAttention::new(8, 2).causal().rotary());
    let net = (0..12).fold(Sequential::new().push(Embedding::new(11, 8)), |net, _| net.push(block()));
    let net = net.push(LayerNorm::new(8)).push(Affine::new(8, 11));
    let tokens = tape.index_leaf("tokens", arr2(&[[1, 4, 9, 2, 7, 3], [5, 5, 0, 10, 6, 8]]));
    let logits = net.forward(tokens);
    let targets = tape.index_leaf("targets", arr2(&[[4, 9, 2, 7, 3, 1], [5, 0, 10, 6, 8, 2]]));
    let loss = logits.softmax_cross_entropy(targets).named("loss");
    tape.load(&net.init::<f64>(&mut ChaCha8Rng::seed_from_u64(1)))?;
    Ok(loss)
}

/// A thousand numbers, most of which change with each of the inputs.
fn thousand(tape: &Tape) -> Var<'_> {
    let mut values: Vec<Var<'_>> = (0..8).map(|i| tape.leaf(&format!("x{i}"), 0.1 * f64::from(i))).collect();
    while tape.graph().len() < 1_000 {
        let (a, b, c) = (values[values.len() - 8], values[values.len() - 3], values[values.len() - 1]);
        values.push((a * b - c).tanh() + 0.5);
    }
    values.into_iter().rev().take(8).reduce(|a, b| a + b).expect("there are eight").named("y")
}

/// An op of the user's own between two that a page can compute.
fn own_op(tape: &Tape) -> Var<'_> {
    let x = tape.leaf("x", arr1(&[0.5, -1.0]));
    tape.apply(custom_op::Swish { beta: 1.5 }, &[x * 2.0]).sum().named("y")
}

/// Pages, each with requests of its script and the replies that the same code gives here.
fn states() -> Result<Value> {
    let mut all = Map::new();
    let mut add = |name: &str, page: Page, requests: &[Vec<String>]| {
        let mut live = LivePage::of_page(&page).expect("the page can be read");
        let replies = requests.iter().map(|request| {
            let Reply { data, svg } = live.answer(&request.join("\0"));
            json!({ "request": request, "data": data, "svg": svg })
        });
        all.insert(name.to_owned(), replies.collect());
    };
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<String>>();
    let (draw, reset) = (words(&["draw"]), words(&["reset"]));
    let set = |node: &str, element: &str, number: &str| words(&["set", node, element, "0", number]);
    let ask = |what: &str, node: &str| words(&[what, node, "0", "0"]);
    let open = |group: &str| words(&["open", group]);
    let close = |group: &str| words(&["close", group]);
    let find = words(&["find", "softmax"]);

    let tape = Tape::new();
    let (price, _) = apples::apples(&tape);
    let page = price.draw().title("Two apples").gradients(&price.backward()).page()?;
    let numbers = ["3", "2.5", "-1e-3", "0.1", "123456789.123"].map(|number| set("n1", "0", number));
    let asked = [ask("elements", "n0"), ask("quotient", "n0"), ask("paths", "n0"), ask("local", "n3")];
    add("apples", page, &[&[draw.clone()][..], &numbers, &asked, &[reset]].concat());

    let tape = Tape::new();
    let y = used_three_times(&tape);
    let page = y.draw().title("x is used three times").gradients(&y.backward()).page()?;
    let asked = [
        draw.clone(),
        set("n0", "0", "0.7"),
        ask("paths", "n0"),
        set("n1", "1", "0.3"),
        ask("elements", "n1"),
        ask("quotient", "n1"),
    ];
    add("fan_out", page, &asked);

    let tape = Tape::new();
    let loss = net_on_numbers(&tape)?;
    let page = loss.draw().title("A network of two layers").gradients(&loss.backward()).page()?;
    let orders = [
        draw.clone(),
        close("affine1"),
        close("loss"),
        open("affine1"),
        close("affine2"),
        words(&["only"]),
        open("loss"),
        words(&["all"]),
        find.clone(),
    ];
    add("two_layer_net", page, &orders);

    let tape = Tape::new();
    let loss = transformer(&tape)?;
    let page = loss.draw().title("A transformer of twelve blocks").gradients(&loss.backward()).page()?;
    let first = LivePage::of_page(&page).and_then(|mut live| live.pictures()).expect("it is drawn");
    let boxes = first[0]
        .nodes
        .iter()
        .filter_map(|node| Some(node.details.as_ref()?.opens.clone()).filter(|key| !key.is_empty()));
    let boxes: Vec<String> = boxes.take(3).collect();
    let forth = boxes.iter().map(|key| open(key));
    let back = boxes.iter().map(|key| close(key));
    let found = [find, words(&["show", "n400"])];
    let requests: Vec<Vec<String>> =
        [draw.clone()].into_iter().chain(forth).chain(back).chain(found).collect();
    add("transformer", page, &requests);

    let tape = Tape::new();
    let y = thousand(&tape);
    let page = y.draw().title("A thousand numbers").gradients(&y.backward()).level(Level::Nodes).page()?;
    add("thousand", page, &[set("n3", "0", "0.31"), ask("elements", "n3"), ask("quotient", "n3")]);

    let tape = Tape::new();
    let y = own_op(&tape);
    let page = y.draw().title("An op of one's own").gradients(&y.backward()).page()?;
    add("own_op", page, &[draw, set("n0", "0", "2"), ask("elements", "n3")]);

    let express = |text: &str| words(&["express", text]);
    let typed = [
        "a * b + c",
        "(a*b + c).sigmoid(",
        "a = 2; b = [1, 2]; (a * b).exp().sum()",
        "x.sin() / x",
        "a.nothing()",
    ];
    add("playground", chainrule::picture::playground()?, &typed.map(express));
    Ok(all.into())
}

type Written = fn(&Path) -> Result<()>;

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let folder = watching_training::target::folder().join("pages");
    std::fs::create_dir_all(&folder)?;
    let pages: [(&str, Written); 12] = [
        ("apples", apples),
        ("fan_out", fan_out),
        ("two_layer_net", net),
        ("two_layer_net_backward", net_backward),
        ("residual_mlp", residual),
        ("training", training),
        ("checked_wrong_rule", checked),
        ("hostile_names", hostile),
        ("transformer", |path| {
            let tape = Tape::new();
            let loss = transformer(&tape)?;
            loss.draw().title("A transformer of twelve blocks").gradients(&loss.backward()).save(path)
        }),
        ("thousand", |path| {
            let tape = Tape::new();
            let y = thousand(&tape);
            y.draw().title("A thousand numbers").gradients(&y.backward()).level(Level::Nodes).save(path)
        }),
        ("own_op", |path| {
            let tape = Tape::new();
            let y = own_op(&tape);
            y.draw().title("An op of one's own").gradients(&y.backward()).save(path)
        }),
        ("playground", |path| {
            let page = chainrule::picture::playground()?;
            chainrule::picture::write_file(path, page.to_html().as_bytes())
        }),
    ];
    for (name, page) in pages {
        let path = folder.join(name).with_extension("html");
        page(&path)?;
        println!("{}", path.display());
    }
    std::fs::write(folder.join("states.json"), states()?.to_string())?;
    std::fs::write(folder.join("expected.json"), serde_json::to_string_pretty(&expected()?)?)?;
    Ok(())
}
