//! The chapter's graphs: their numbers and their files, and a graph that is too large to be drawn whole.

use chainrule::op::Domain;
use chainrule::picture::{Level, NodeKind, Picture};
use chainrule::{Tape, Var};
use graphviz_rust::dot_structures::{EdgeTy, Graph, Id, NodeId, Stmt, Vertex};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

#[path = "../examples/graphs.rs"]
mod graphs;

use graphs::{affine, apples, apples_and_oranges, nodes, relu, sigmoid, softmax_with_loss, two_layer_net};

/// The numbers of a var.
fn numbers(var: Var<'_>) -> Vec<f64> {
    var.value().iter().copied().collect()
}

/// That numbers are the same but for a few roundings.
#[track_caller]
fn assert_near(found: &[f64], wanted: &[f64]) {
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-12 * b.abs().max(1.0);
    assert!(
        found.len() == wanted.len() && found.iter().zip(wanted).all(near),
        "found {found:?}, wanted {wanted:?}"
    );
}

/// That an output and its gradients are these numbers, recorded for the leaves alone and for everything alike.
#[track_caller]
fn assert_graph<const N: usize>(
    (output, leaves): (Var<'_>, [Var<'_>; N]),
    value: f64,
    gradients: [&[f64]; N],
) {
    assert_near(&numbers(output), &[value]);
    let all = output.backward();
    for ((leaf, gradient), wanted) in leaves.into_iter().zip(output.grad(leaves)).zip(gradients) {
        assert_near(&numbers(gradient), wanted);
        assert_near(&numbers(all.of(leaf)), wanted);
    }
}

#[test]
fn apples_cost_220() {
    assert_graph(apples::apples(&Tape::new()), 220.0, [&[2.2], &[110.0], &[200.0]]);
}

#[test]
fn apples_and_oranges_cost_715() {
    let tape = Tape::new();
    let (price, leaves) = apples_and_oranges::apples_and_oranges(&tape);
    assert_graph((price, leaves), 715.0, [&[2.2], &[110.0], &[3.3], &[165.0], &[650.0]]);
    // Both summands get the whole derivative of the sum.
    let gradients = price.backward();
    let graph = tape.graph();
    let sum = graph.nodes().find(|node| node.op().name == "add").expect("there is a sum");
    let summands: Vec<_> = sum.inputs().iter().filter_map(|&id| tape.var(id)).collect();
    drop(graph);
    assert_eq!(summands.len(), 2);
    for summand in summands {
        assert_near(&numbers(gradients.of(summand)), &[1.1]);
    }
}

#[test]
fn a_sum_hands_on_and_a_product_multiplies() {
    assert_graph(nodes::add_node(&Tape::new()), 19.5, [&[1.3], &[1.3]]);
    assert_graph(nodes::multiply_node(&Tape::new()), 65.0, [&[6.5], &[13.0]]);
}

#[test]
fn relu_is_a_gate() {
    assert_graph(relu::relu(&Tape::new()), 4.0, [&[1.0, 0.0, 0.0, 1.0]]);
}

#[test]
fn the_sigmoid_is_its_steps() {
    let y = 1.0 / (1.0 + (-1.0f64).exp());
    for sigmoid in [sigmoid::sigmoid, sigmoid::sigmoid_steps] {
        assert_graph(sigmoid(&Tape::new()), y, [&[y * (1.0 - y)]]);
    }
    let tape = Tape::new();
    sigmoid::sigmoid_steps(&tape);
    let ops: Vec<String> =
        tape.graph().nodes().filter(|n| n.leaf().is_none()).map(|n| n.op().symbol.clone()).collect();
    assert_eq!(ops, ["×", "exp", "+", "1/x"]);
}

#[test]
fn the_bias_of_a_batch_gets_the_sum_over_its_rows() {
    // dX = dY · Wᵀ, dW = Xᵀ · dY, dB = the sum of dY over the rows, with dY all ones.
    let gradients: [&[f64]; 3] = [&[-0.5, 3.0, -0.5, 3.0], &[4.0, 4.0, 6.0, 6.0], &[2.0, 2.0]];
    assert_graph(affine::affine(&Tape::new()), 16.0, gradients);
}

#[test]
fn softmax_with_loss_is_its_steps() {
    let e = [0.3f64, 2.9, 4.0].map(f64::exp);
    let y = e.map(|x| x / e.iter().sum::<f64>());
    let dx = [y[0], y[1], y[2] - 1.0];
    let dt = y.map(|y| -y.ln());
    for loss in [softmax_with_loss::softmax_with_loss, softmax_with_loss::softmax_with_loss_steps] {
        assert_graph(loss(&Tape::new()), -y[2].ln(), [&dx, &dt]);
    }
}

#[test]
fn the_two_layer_net_has_layers_nodes_and_gradients() {
    let tape = Tape::new();
    let (loss, parameters) = two_layer_net::two_layer_net(&tape);
    let count: usize = parameters.iter().map(|p| p.shape().iter().product::<usize>()).sum();
    assert_eq!(count, 39_760);
    let gradients = two_layer_net::gradients(loss, &parameters).expect("there are derivatives");
    for (gradient, parameter) in gradients.iter().zip(&parameters) {
        assert_eq!(gradient.shape(), parameter.shape());
    }

    let picture = |name| {
        let pictures = graphs::pictures().expect("they can be drawn");
        pictures.into_iter().find(|(known, _)| *known == name).expect("it is one of them").1
    };
    let layers: Vec<Option<String>> = picture("two_layer_net_layers")
        .nodes
        .into_iter()
        .filter(|node| node.kind == NodeKind::Layer)
        .map(|node| node.name)
        .collect();
    assert_eq!(layers, ["affine1", "relu1", "affine2", "loss"].map(|name| Some(name.to_owned())));
    let whole = picture("two_layer_net_backward");
    assert!(whole.nodes.iter().any(|node| node.backward) && whole.nodes.iter().any(|node| !node.backward));
    assert_eq!(whole.nodes.iter().filter(|node| node.kind == NodeKind::Output).count(), 1 + parameters.len());
    // What the reverse pass recorded is tied to the node that it is of.
    let forward: Vec<&str> = whole.nodes.iter().filter(|n| !n.backward).map(|n| n.id.as_str()).collect();
    for node in whole.nodes.iter().filter(|node| node.backward) {
        let of = node.of.as_deref().expect("it was recorded at a node");
        assert!(forward.contains(&of), "{} of {of}", node.id);
    }
    let svg = whole.to_svg();
    assert_eq!(svg.matches("data-of=").count(), whole.nodes.iter().filter(|node| node.backward).count());
}

#[test]
fn the_files_are_what_is_drawn() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("graphs");
    let refresh = std::env::var_os("CHAINRULE_REFRESH").is_some();
    let mut stale = Vec::new();
    for (name, picture) in graphs::pictures().expect("they can be drawn") {
        assert_eq!(picture.to_svg(), picture.to_svg(), "{name} is drawn the same way every time");
        let drawings = [("svg", picture.to_svg()), ("dot", picture.to_dot()), ("mmd", picture.to_mermaid())];
        for (ending, drawn) in drawings {
            let path = folder.join(name).with_extension(ending);
            if refresh {
                std::fs::write(&path, &drawn).expect("the folder `graphs` can be written");
            } else if std::fs::read(&path).ok().as_deref() != Some(drawn.as_bytes()) {
                stale.push(format!("graphs/{name}.{ending}"));
            }
        }
    }
    assert!(
        stale.is_empty(),
        "no longer what is drawn: {}\nif the drawings should change, refresh the files with \
         `CHAINRULE_REFRESH=1 cargo test --test graphs`, look at them, and commit them",
        stale.join(", ")
    );
}

/// The places that a text in Markdown links to, pictures first.
fn links(text: &str) -> (BTreeSet<&str>, BTreeSet<&str>) {
    let ends = text.match_indices("](").filter_map(|(at, _)| {
        let place = text[at + 2..].split(')').next()?;
        let is_picture = text[..at].rsplit_once('[').is_some_and(|(before, _)| before.ends_with('!'));
        Some((is_picture, place))
    });
    let (pictures, others): (Vec<_>, Vec<_>) = ends.partition(|(is_picture, _)| *is_picture);
    (
        pictures.into_iter().map(|(_, place)| place).collect(),
        others.into_iter().map(|(_, place)| place).collect(),
    )
}

#[test]
fn the_gallery_shows_every_drawing_and_names_what_recorded_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("graphs");
    let text = std::fs::read_to_string(folder.join("README.md")).expect("there is a gallery");
    let (shown, linked) = links(&text);
    let drawn: Vec<String> = graphs::pictures()
        .expect("they can be drawn")
        .into_iter()
        .map(|(name, _)| format!("{name}.svg"))
        .collect();
    assert_eq!(shown, drawn.iter().map(String::as_str).collect(), "the gallery shows what is drawn");
    // No file is left over from a drawing that is no longer made.
    let files = std::fs::read_dir(&folder).expect("there is a folder");
    let files = files.filter_map(|file| file.ok()?.file_name().into_string().ok());
    let stray: Vec<String> =
        files.filter(|file| file.ends_with(".svg") && !shown.contains(file.as_str())).collect();
    assert!(stray.is_empty(), "not in the gallery: {stray:?}");
    for place in shown.iter().chain(&linked) {
        assert!(folder.join(place).exists(), "the gallery links to {place}, which is not there");
    }
    // Each section that shows a drawing links to the example that recorded it.
    for section in text.split("\n### ").skip(1) {
        assert!(
            section.contains("](../examples/"),
            "no example in section {}",
            section.lines().next().unwrap()
        );
    }
    let (pictures, others) = links("a ![b](c.svg) and [d](e)");
    assert_eq!((pictures, others), (BTreeSet::from(["c.svg"]), BTreeSet::from(["e"])));
}

#[test]
fn a_page_is_saved_with_its_drawing_and_the_same_every_time() {
    let saved = |file: &str, tape: &Tape, output: for<'t> fn(&'t Tape) -> Var<'t>| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(file);
        output(tape).draw().save(&path).expect("it can be written");
        std::fs::read_to_string(path).expect("it was written")
    };
    let net = || saved("net.html", &Tape::new(), |tape| two_layer_net::two_layer_net(tape).0);
    let page = net();
    assert_eq!(page, net(), "the same program writes the same page");
    let apples = saved("apples.html", &Tape::new(), |tape| apples::apples(tape).0);
    for page in [&page, &apples] {
        assert_eq!(
            page.matches("<svg").count(),
            1,
            "one drawing stands there without the program, which makes the others"
        );
        assert!(page.len() < 900_000, "{} bytes", page.len());
    }

    let tape = Tape::new();
    let problem = apples::apples(&tape).0.draw().save("apples.txt").expect_err("no such format").to_string();
    assert!(problem.contains("apples.txt does not end in .svg, .html, .dot"), "{problem}");
}

#[test]
fn a_whole_tape_is_drawn_without_its_reverse_pass_unless_asked_for() {
    let tape = Tape::new();
    let nothing = tape.draw_all().picture().expect_err("it is empty").to_string();
    assert!(nothing.contains("there is nothing to draw"), "{nothing}");
    let x = tape.leaf("x", 3.0);
    assert_eq!(tape.draw_all().picture().expect("a leaf can be drawn"), x.draw().picture().unwrap());
    let (square, sine) = (x * x, x.sin());
    tape.leaf("unused", 1.0);
    let forward = tape.draw(&[square, sine]).picture().expect("it is small");
    assert_eq!(tape.draw_all().picture().expect("it is small"), forward);
    square.grad([x]);
    assert_eq!(tape.draw_all().picture().expect("it is small"), forward);
    let both = tape.draw_all().backward(true).picture().expect("it is small");
    assert_eq!(both, tape.draw(&[square, sine]).backward(true).picture().unwrap());
}

#[test]
fn a_layer_is_opened_among_the_others() {
    let tape = Tape::new();
    let loss = two_layer_net::two_layer_net(&tape).0;
    let layers = loss.draw().level(Level::Layers);
    let picture = layers.clone().open("affine1").picture().expect("it is small");
    let boxes = |picture: &Picture| {
        let layers = picture.nodes.iter().filter(|node| node.kind == NodeKind::Layer);
        layers.filter_map(|node| node.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(boxes(&picture), ["relu1", "affine2", "loss"]);
    assert_eq!(picture.groups.iter().map(|group| group.label.as_str()).collect::<Vec<_>>(), ["affine1"]);
    let framed = picture.nodes.iter().filter(|node| node.group == Some(0)).count();
    assert_eq!(framed, 4, "weight, product, bias, sum");
    assert_eq!(
        layers.clone().open("no such layer").picture().expect("it is small"),
        layers.picture().unwrap()
    );
}

#[test]
fn rules_and_their_numbers_come_with_a_picture() {
    let tape = Tape::new();
    let price = apples::apples(&tape).0;
    let picture = price.draw().gradients(&price.backward()).picture().expect("it is small");
    let product = picture.nodes[3].details.as_ref().expect("a node of a graph has details");
    assert_eq!(product.rules, [(0, "dy × x1".to_owned()), (1, "dy × x0".to_owned())]);
    let plain = price.draw().picture().expect("it is small");
    assert!(plain.nodes[3].details.as_ref().is_some_and(|known| known.rules.is_empty()));
    // What is told beyond the drawing changes nothing of the drawing.
    let mut bare = picture.clone();
    bare.nodes.iter_mut().for_each(|node| node.details = None);
    assert_eq!((bare.to_svg(), bare.to_dot()), (picture.to_svg(), picture.to_dot()));
}

/// The node ids and the arrows of some statements, those of subgraphs among them.
fn read(stmts: &[Stmt], ids: &mut BTreeSet<String>, arrows: &mut Vec<(String, String)>) {
    let text = |id: &Id| match id {
        Id::Plain(text) | Id::Escaped(text) | Id::Html(text) | Id::Anonymous(text) => text.clone(),
    };
    let end = |vertex: &Vertex| match vertex {
        Vertex::N(NodeId(id, _)) => text(id),
        Vertex::S(subgraph) => panic!("an arrow at a subgraph: {subgraph:?}"),
    };
    for stmt in stmts {
        match stmt {
            Stmt::Node(node) => assert!(ids.insert(text(&node.id.0)), "twice: {node:?}"),
            Stmt::Subgraph(subgraph) => read(&subgraph.stmts, ids, arrows),
            Stmt::Edge(edge) => match &edge.ty {
                EdgeTy::Pair(from, to) => arrows.push((end(from), end(to))),
                EdgeTy::Chain(chain) => panic!("a chain of arrows: {chain:?}"),
            },
            Stmt::GAttribute(_) | Stmt::Attribute(_) => {}
        }
    }
}

/// That the text holds every node and arrow of a picture, and nothing else.
fn assert_reads_back(name: &str, picture: &Picture, dot: &str) {
    let Graph::DiGraph { stmts, .. } =
        graphviz_rust::parse(dot).unwrap_or_else(|problem| panic!("{name}: {problem}"))
    else {
        panic!("{name} is not a directed graph");
    };
    let (mut ids, mut arrows) = (BTreeSet::new(), Vec::new());
    read(&stmts, &mut ids, &mut arrows);
    assert_eq!(ids.len(), picture.nodes.len(), "{name}");
    let id = |node: usize| picture.nodes[node].id.clone();
    let mut drawn: Vec<(String, String)> =
        picture.drawn_edges().map(|(_, edge)| (id(edge.from), id(edge.to))).collect();
    drawn.sort();
    arrows.sort();
    assert_eq!(arrows, drawn, "{name}");
    assert!(picture.nodes.iter().all(|node| ids.contains(&node.id)), "{name}");
}

#[test]
fn graphviz_reads_every_graph_back() {
    for (name, picture) in graphs::pictures().expect("they can be drawn") {
        assert_reads_back(name, &picture, &picture.to_dot());
    }
}

#[test]
fn there_is_an_arrow_for_every_operand_whose_numbers_an_op_reads() {
    for op in chainrule::ops::TABLE.iter().flat_map(|entry| (entry.examples)()) {
        for sample in op.samples() {
            let tape = Tape::new();
            let leaf = |(shape, domain): &(Vec<usize>, Domain)| match domain {
                Domain::Index(_) => tape.index_input("x", shape),
                _ => tape.input("x", shape),
            };
            let operands: Vec<Var<'_>> = sample.0.iter().map(leaf).collect();
            let y = tape.try_apply_shared(op.clone(), &operands).expect("it takes its samples");
            let picture = y.draw().picture().expect("it is small");
            let drawn: Vec<usize> = picture
                .drawn_edges()
                .filter(|(_, edge)| picture.nodes[edge.to].kind == NodeKind::Op)
                .map(|(_, edge)| edge.operand)
                .collect();
            let read: Vec<usize> = (0..operands.len()).filter(|&operand| op.reads(operand)).collect();
            assert_eq!(drawn, read, "{op:?}; see `takes_shape` in src/view/compose/select.rs");
        }
    }
}

#[test]
fn one_node_of_a_million_is_drawn_with_its_neighbours() {
    let work = || {
        let tape = Tape::new();
        let mut middle = tape.leaf("x", 0.5);
        let mut last = middle;
        for step in 0..1_000_000 {
            last = last.sin();
            if step == 500_000 {
                middle = last;
            }
        }
        let start = Instant::now();
        let picture =
            last.draw().around(middle, 3).values(false).picture().expect("seven nodes can be drawn");
        let svg = picture.to_svg();
        let taken = start.elapsed();
        // Three nodes on either side, and dots where the chain goes on.
        assert_eq!((picture.nodes.len(), picture.drawn_edges().count()), (9, 8));
        assert!(svg.contains("sin"));
        assert_reads_back("chain", &picture, &picture.to_dot());
        assert!(taken < Duration::from_secs(5), "it took {taken:?}");

        let whole = last.draw().values(false).level(Level::Nodes).picture();
        let whole = whole.expect_err("nobody could read it").to_string();
        assert!(whole.contains(".around(") && whole.contains("Level::Layers"), "{whole}");
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(work).expect("a thread can be had");
    thread.join().expect("a chain does not overflow the stack");
}
