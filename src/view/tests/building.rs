//! From graphs to pictures.

use crate::graph::{Leaf, NodeId};
use crate::picture::*;
use crate::view::recordings::{Recording, net_graph, sigmoid_graph};

fn find<'p>(picture: &'p Picture, id: &str) -> &'p PictureNode {
    picture.nodes.iter().find(|node| node.id == id).unwrap_or_else(|| panic!("no {id} in {picture:?}"))
}

fn edge<'p>(picture: &'p Picture, from: &str, to: &str) -> &'p PictureEdge {
    let at = |node: usize| picture.nodes[node].id.as_str();
    let mut edges = picture.edges.iter().filter(|edge| at(edge.from) == from && at(edge.to) == to);
    edges.next().unwrap_or_else(|| panic!("no edge {from} -> {to} in {picture:?}"))
}

#[test]
fn scalar_constants_are_written_into_their_ops() {
    let (graph, y) = sigmoid_graph();
    let picture = Builder::new(&graph, &[y]).build().expect("it is small");
    let symbols: Vec<&str> = picture.nodes.iter().map(|node| node.symbol.as_str()).collect();
    assert_eq!(symbols, ["", "× −1", "exp", "+ 1", "1/x", ""]);
    assert_eq!(find(&picture, "out6").name.as_deref(), Some("y"));
    assert_eq!(find(&picture, "n6").name, None, "the name stands at the arrow");
    assert!(picture.edges.iter().all(|edge| edge.gradient.is_none()), "nobody asked for gradients");
}

#[test]
fn what_stands_between_is_named() {
    let mut r = Recording::new();
    let x = r.leaf(Leaf::Input, "x", &[]);
    let one = r.constant(1.0);
    let half = r.constant(0.5);
    r.graph.set_name(half, "half".to_owned());
    let a = r.op("−", &[one, x], &[]);
    let b = r.op("×", &[a, half], &[]);
    let c = r.op("+", &[one, one], &[]);
    let d = r.op("×", &[b, c], &[]);
    r.graph.set_name(b, "b".to_owned());
    let picture = Builder::new(&r.graph, &[d]).build().expect("it is small");
    assert_eq!(find(&picture, "n3").symbol, "1 −");
    assert_eq!(find(&picture, "n2").name.as_deref(), Some("half"), "a named constant stays a plate");
    assert_eq!(find(&picture, "n4").name.as_deref(), Some("b"));
    assert_eq!(edge(&picture, "n1", "n5").operand, 0, "an op keeps an operand to be drawn");
}

#[test]
fn edges_carry_their_own_part_of_a_gradient() {
    let mut r = Recording::new();
    let x = r.leaf(Leaf::Input, "x", &[]);
    let c = r.leaf(Leaf::Input, "c", &[]);
    let square = r.op("×", &[x, x], &[]);
    let y = r.op("+", &[square, c], &[]);
    let number = |x: f64| ndarray::arr0(x).into_dyn();
    let mut known = Annotations::default();
    for (id, value, gradient) in [(x, 3.0, 6.0), (square, 9.0, 1.0), (y, 10.0, 1.0)] {
        known.values.insert(id, number(value));
        known.node_gradients.insert(id, number(gradient));
    }
    known.edge_gradients.insert((square, 0), number(3.0));
    let builder = Builder::new(&r.graph, &[y]).annotations(known);
    let picture = builder.build().expect("it is small");
    let into = |to: usize| picture.edges.iter().filter(move |edge| edge.to == to);
    let parts: Vec<Option<&str>> = into(2).map(|edge| edge.gradient.as_deref()).collect();
    assert_eq!(parts, [Some("3"), Some("–")], "the other part is not known, and the sum is not it");
    assert_eq!(find(&picture, "n0").gradient.as_deref(), Some("6"));
    assert_eq!(edge(&picture, "n2", "n3").gradient.as_deref(), Some("1"), "the only edge carries the whole");
    assert_eq!(edge(&picture, "n1", "n3").gradient.as_deref(), Some("–"), "not computed is not zero");
    assert_eq!(edge(&picture, "n1", "n3").value, None);
    let last = edge(&picture, "n3", "out3");
    assert_eq!((last.value.as_deref(), last.gradient.as_deref()), (Some("10"), Some("1")));
    let quiet = builder.values(false).gradients(false).build().expect("it is small");
    assert!(quiet.edges.iter().all(|edge| edge.value.is_none() && edge.gradient.is_none()));
}

#[test]
fn scopes_are_frames_or_boxes() {
    let (graph, loss, dw) = net_graph();
    let picture = Builder::new(&graph, &[loss]).build().expect("it is small");
    let labels: Vec<&str> = picture.groups.iter().map(|group| group.label.as_str()).collect();
    assert_eq!(labels, ["affine1", "affine2"]);
    assert_eq!(find(&picture, "n1").name.as_deref(), Some("W"), "the frame tells the scope");
    assert_eq!(find(&picture, "n3").group, Some(0));
    assert_eq!(find(&picture, "n5").group, None);

    let layers = Builder::new(&graph, &[loss]).level(Level::Layers).build().expect("it is small");
    let ids: Vec<&str> = layers.nodes.iter().map(|node| node.id.as_str()).collect();
    assert_eq!(ids, ["n0", "g0", "n5", "g1", "n10", "n11", "out11"]);
    assert_eq!(find(&layers, "g0").kind, NodeKind::Layer);
    assert_eq!(find(&layers, "g0").shape.as_deref(), Some("100×50"));
    assert_eq!(edge(&layers, "n5", "g1").operand, 0);
    assert_eq!(layers.edges.len(), 6);

    let both = Builder::new(&graph, &[loss, dw]).build().expect("it is small");
    let labels: Vec<&str> = both.groups.iter().map(|group| group.label.as_str()).collect();
    assert_eq!(labels, ["affine1", "affine2", "affine2 backward", "affine1 backward"]);
    assert!(find(&both, &dw.to_string()).backward && !find(&both, "n11").backward);
    let forward = Builder::new(&graph, &[loss, dw]).backward(false).build().expect("it is small");
    assert!(forward.nodes.iter().all(|node| !node.backward));
}

#[test]
fn a_scope_that_is_entered_again_becomes_two_boxes() {
    let mut r = Recording::new();
    let x = r.leaf(Leaf::Input, "x", &[]);
    r.scope("cell");
    let w = r.leaf(Leaf::Parameter, "w", &[]);
    let a = r.op("×", &[x, w], &[]);
    r.scope("");
    let b = r.op("tanh", &[a], &[]);
    r.scope("cell");
    let c = r.op("×", &[b, w], &[]);
    let picture = Builder::new(&r.graph, &[c]).level(Level::Layers).build().expect("it is small");
    let names: Vec<Option<&str>> = picture.nodes.iter().map(|node| node.name.as_deref()).collect();
    assert_eq!(names, [Some("x"), Some("cell"), None, Some("cell (2)"), None]);
    assert!(picture.edges.iter().all(|edge| edge.from < edge.to));
}

#[test]
fn a_neighbourhood_ends_in_dots() {
    let (graph, loss, _) = net_graph();
    let relu = NodeId::new(5);
    let picture = Builder::new(&graph, &[loss]).around(relu, 1).build().expect("it is small");
    let ids: Vec<&str> = picture.nodes.iter().map(|node| node.id.as_str()).collect();
    assert_eq!(ids, ["n4", "n5", "n8", "n3", "n2", "n6", "after_n8"]);
    assert!(picture.nodes[3..].iter().all(|node| node.kind == NodeKind::Hidden));
    assert_eq!(edge(&picture, "n6", "n8").operand, 1);
}

#[test]
fn too_large_a_picture_is_an_error_that_names_the_way_out() {
    let mut r = Recording::new();
    let mut x = r.leaf(Leaf::Input, "x", &[]);
    r.scope("block");
    for _ in 0..2_500 {
        x = r.op("exp", &[x], &[]);
    }
    let error = Builder::new(&r.graph, &[x]).level(Level::Nodes).build().expect_err("2,501 nodes");
    let message = error.to_string();
    assert!(message.contains("2501") && message.contains("level") && message.contains("around"), "{message}");
    let layers = Builder::new(&r.graph, &[x]).level(Level::Layers).build().expect("one box");
    assert_eq!(layers.nodes.len(), 3);
    let near = Builder::new(&r.graph, &[x]).around(NodeId::new(1_000), 3).build().expect("a neighbourhood");
    assert_eq!(near.nodes.len(), 9);
}
