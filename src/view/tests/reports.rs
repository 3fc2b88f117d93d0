//! Reports on nodes: health of their numbers, and differences between two graphs.

use crate::graph::{Graph, Leaf, NodeId};
use crate::picture::*;
use crate::view::recordings::{Recording, net_graph};
use ndarray::{ArrayD, arr1};

fn marks(findings: &[Finding]) -> Vec<(usize, Mark)> {
    findings.iter().map(|finding| (finding.node.index(), finding.mark)).collect()
}

fn array(numbers: &[f64]) -> ArrayD<f64> {
    arr1(numbers).into_dyn()
}

#[test]
fn where_nan_begins_is_told_from_where_it_is_handed_on() {
    let mut r = Recording::new();
    let x = r.leaf(Leaf::Input, "x", &[2]);
    let zero = r.op("−", &[x, x], &[2]);
    let quotient = r.op("÷", &[zero, zero], &[2]);
    let exp = r.op("exp", &[quotient], &[2]);
    let other = r.op("1/x", &[zero], &[2]);
    let mut known = Annotations::default();
    for (id, value) in [
        (x, [1.0, 2.0]),
        (zero, [0.0, 0.0]),
        (quotient, [f64::NAN, f64::NAN]),
        (exp, [f64::NAN, f64::INFINITY]),
        (other, [f64::INFINITY, f64::NEG_INFINITY]),
    ] {
        known.values.insert(id, array(&value));
    }
    let found = health(&r.graph, &known);
    assert_eq!(marks(&found), [(2, Mark::Nan), (3, Mark::NanInherited), (4, Mark::Infinite)]);
    assert!(found[0].text.contains("2 of 2 elements are NaN") && found[0].text.contains("begins here"));
    assert!(found[1].text.contains("it comes from n2"), "{}", found[1].text);
    assert!(found[2].text.contains("1 of 2 elements is ∞, 1 of 2 elements is −∞"), "{}", found[2].text);
    let picture = Builder::new(&r.graph, &[exp, other]).annotations(known).health(true).build().unwrap();
    let svg = picture.to_svg();
    for text in ["1 NaN, begins here", "1 NaN, from before", "1 infinite, begins here", "node op nan"] {
        assert!(svg.contains(text), "{text}");
    }
    let quotient = picture.nodes.iter().find(|node| node.id == "n2").unwrap();
    assert!(quotient.details.as_ref().unwrap().findings[0].contains("begins here"));
}

#[test]
fn gradients_that_begin_to_be_nan_are_found_from_the_outputs_backwards() {
    let mut r = Recording::new();
    let x = r.leaf(Leaf::Input, "x", &[]);
    let root = r.op("√", &[x], &[]);
    let y = r.op("×", &[root, root], &[]);
    let mut known = Annotations::default();
    for (id, value, gradient) in [(x, 0.0, f64::INFINITY), (root, 0.0, 1.0), (y, 0.0, 1.0)] {
        known.values.insert(id, ndarray::arr0(value).into_dyn());
        known.node_gradients.insert(id, ndarray::arr0(gradient).into_dyn());
    }
    let found = health(&r.graph, &known);
    assert_eq!(marks(&found), [(0, Mark::InfiniteGradient)]);
    assert!(found[0].text.starts_with("its gradient is ∞, and it begins here"), "{}", found[0].text);
}

#[test]
fn gradients_out_of_proportion_are_found_whatever_the_scale_of_the_loss() {
    let mut r = Recording::new();
    let parameters: Vec<NodeId> = (0..7).map(|i| r.leaf(Leaf::Parameter, &format!("w{i}"), &[2])).collect();
    for scale in [1.0, 1e-200, 1e200] {
        let mut known = Annotations::default();
        for (&id, size) in parameters.iter().zip([1.0, 2.0, 0.5, 2_500.0, 1e-4, 0.0, 900.0]) {
            known.node_gradients.insert(id, array(&[size * scale, -size * scale]));
        }
        let found = health(&r.graph, &known);
        let wanted = [(3, Mark::Exploding), (4, Mark::Vanishing), (5, Mark::ZeroGradient)];
        assert_eq!(marks(&found), wanted, "{scale}");
    }
    let two = parameters[..2].iter().zip([1.0, 1e9]).map(|(&id, size)| (id, array(&[size])));
    let known = Annotations { node_gradients: two.collect(), ..Annotations::default() };
    assert!(health(&r.graph, &known).is_empty(), "of two it cannot be said which one is out of proportion");
}

#[test]
fn a_relu_is_dead_if_nothing_passes() {
    let mut r = Recording::new();
    let x = r.leaf(Leaf::Input, "x", &[2]);
    let (dead, alive) = (r.op("relu", &[x], &[2]), r.op("relu", &[x], &[2]));
    let values =
        [(dead, array(&[0.0, 0.0])), (alive, array(&[0.0, 1.0])), (NodeId::new(99), array(&[f64::NAN]))];
    let known = Annotations { values: values.into(), ..Annotations::default() };
    assert_eq!(marks(&health(&r.graph, &known)), [(1, Mark::Dead)]);
}

fn lines(found: &Diff) -> Vec<String> {
    found.to_string().lines().map(str::to_owned).collect()
}

#[test]
fn a_graph_is_not_different_from_itself() {
    let (graph, ..) = net_graph();
    let found = diff(&graph, &graph);
    assert!(found.is_empty() && found.to_string().is_empty());
    assert_eq!(found.pairs, graph.ids().map(|id| (id, id)).collect::<Vec<_>>());
    assert!(diff(&Graph::new(), &Graph::new()).is_empty());
    assert_eq!(diff(&Graph::new(), &graph).differences.len(), graph.len());
    assert!(diff(&graph, &Graph::new()).differences.iter().all(|found| found.kind == ChangeKind::Removed));
    assert!(diff(&graph, &Graph::new()).picture().unwrap().to_svg().contains("removed"));
}

/// A net of two layers; what is between them, the batch, and a factor can be chosen.
fn net(batch: usize, between: &[&str], factor: f64, shuffled: bool) -> Graph {
    let mut r = Recording::new();
    let leaf = |r: &mut Recording, name: &str, shape: &[usize]| r.leaf(Leaf::Parameter, name, shape);
    let early = shuffled.then(|| leaf(&mut r, "v", &[5, 2]));
    let x = r.leaf(Leaf::Input, "x", &[batch, 8]);
    let w = leaf(&mut r, "w", &[8, 5]);
    let mut h = r.op("·", &[x, w], &[batch, 5]);
    for op in between {
        h = r.op(op, &[h], &[batch, 5]);
    }
    let v = early.unwrap_or_else(|| leaf(&mut r, "v", &[5, 2]));
    let y = r.op("·", &[h, v], &[batch, 2]);
    let number = r.constant(factor);
    let scaled = r.op("×", &[y, number], &[batch, 2]);
    r.op("Σ", &[scaled], &[]);
    r.graph
}

#[test]
fn the_order_of_recording_makes_no_difference() {
    let found = diff(&net(4, &["relu"], 2.0, false), &net(4, &["relu"], 2.0, true));
    assert!(found.is_empty(), "{found}");
}

#[test]
fn what_was_put_in_taken_out_or_exchanged_is_all_that_is_told() {
    let of = |before: &[&str], after: &[&str]| {
        lines(&diff(&net(4, before, 2.0, false), &net(4, after, 2.0, false)))
    };
    assert_eq!(of(&["relu"], &["relu", "tanh"]), ["+ n4 tanh [4, 5]"]);
    assert_eq!(of(&["relu", "tanh"], &["tanh"]), ["− n3 relu [4, 5]"]);
    assert_eq!(of(&["relu"], &["tanh"]), ["− n3 relu [4, 5]", "+ n3 tanh [4, 5]"]);
    assert_eq!(of(&[], &["tanh"; 3]).len(), 3);
}

#[test]
fn shapes_numbers_and_names_are_changes_and_no_removals() {
    let (before, after) = (net(100, &["relu"], 2.0, false), net(128, &["relu"], 3.0, false));
    let found = diff(&before, &after);
    assert!(found.differences.iter().all(|found| found.kind == ChangeKind::Changed), "{found}");
    let said = lines(&found);
    assert_eq!(said[0], "~ n0 `x` [128, 8]: shape [100, 8] → [128, 8]");
    assert!(said.contains(&"~ n6 constant [] 3: values 2 → 3".to_owned()), "{said:?}");
    assert_eq!(said.len(), 6, "x, two products, relu, the factor and what it scales: {said:?}");
    let picture = found.picture().unwrap();
    let svg = picture.to_svg();
    assert!(svg.contains("node input changed") && svg.contains("6 changed"), "{svg}");
    let x = &picture.nodes[0];
    assert_eq!(x.details.as_ref().unwrap().findings, ["shape [100, 8] → [128, 8]"]);
}

#[test]
fn exchanged_operands_are_a_difference() {
    let of = |swap: bool| {
        let mut r = Recording::new();
        let (a, b) = (r.leaf(Leaf::Input, "a", &[]), r.leaf(Leaf::Input, "b", &[]));
        r.op("−", &if swap { [b, a] } else { [a, b] }, &[]);
        r.graph
    };
    let found = diff(&of(false), &of(true));
    assert_eq!(
        lines(&found),
        ["~ n2 − []: operand 0 n0 `a` [] → n1 `b` []; operand 1 n1 `b` [] → n0 `a` []"]
    );
}

#[test]
fn what_is_gone_is_drawn_where_it_was() {
    let (before, after) = (net(4, &["relu", "tanh"], 2.0, false), net(4, &["tanh"], 2.0, false));
    let picture = diff(&before, &after).picture().unwrap();
    let gone = picture.nodes.iter().position(|node| node.mark == Some(Mark::Removed)).expect("relu");
    let edges = |mark| picture.edges.iter().filter(|edge| edge.mark == Some(mark)).collect::<Vec<_>>();
    assert_eq!(edges(Mark::Removed).len(), 2);
    assert!(edges(Mark::Removed).iter().all(|edge| edge.from == gone || edge.to == gone));
    assert_eq!(edges(Mark::Added).len(), 1, "from the product straight to tanh");
    assert!(picture.drawn_edges().all(|(_, edge)| edge.from < edge.to));
    assert!(graphviz_rust::parse(&picture.to_dot()).is_ok());
}

#[test]
fn an_exchange_of_order_leads_to_no_circle() {
    let of = |ops: &[&str]| net(4, ops, 2.0, false);
    for (a, b) in [(["relu", "tanh"], ["tanh", "relu"]), (["exp", "relu"], ["relu", "exp"])] {
        let found = diff(&of(&a), &of(&b));
        assert!(!found.is_empty());
        let picture = found.picture().unwrap();
        assert!(picture.drawn_edges().all(|(_, edge)| edge.from < edge.to));
    }
}

#[test]
fn a_large_difference_is_collapsed_and_its_marks_survive() {
    let of = |steps: usize| net(4, &vec!["tanh"; steps], 2.0, false);
    let found = diff(&of(1_000), &of(1_001));
    assert_eq!(found.differences.len(), 1, "{}", found.differences.len());
    let picture = found.picture().unwrap();
    assert!(picture.nodes.len() < 50);
    assert!(picture.to_svg().contains("1 added"));
}
