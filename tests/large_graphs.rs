//! Large graphs as users record them: quickly collapsed to a readable size, without losing nodes.

use chainrule::picture::{Builder, Level, Mark, NodeKind, Picture, diff};
use chainrule::{Check, Graph, Registry, Tape, Var};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

#[path = "../examples/18_large_graphs.rs"]
#[allow(dead_code, reason = "an example has a `main`")]
mod large_graphs;

use large_graphs::{deep_net, scalar_net};

/// The boxes of a picture by name.
fn boxes(picture: &Picture) -> Vec<&str> {
    let boxes = picture.nodes.iter().filter(|node| node.kind == NodeKind::Layer);
    boxes.filter_map(|node| node.name.as_deref()).collect()
}

/// That every selected node is drawn exactly once, by itself or in a box, and that arrows run forwards.
fn assert_whole(picture: &Picture, selected: &BTreeSet<String>) {
    let (mut drawn, mut listed, mut count) = (BTreeSet::new(), true, 0);
    for node in picture.nodes.iter().filter(|node| !matches!(node.kind, NodeKind::Output | NodeKind::Hidden))
    {
        let known = node.details.as_ref().expect("a node of a graph has details");
        count += known.nodes.max(1);
        // Of a box with very many members, the first thousand are listed.
        listed &= known.nodes == known.members.len();
        match known.members.is_empty() {
            true => assert!(drawn.insert(node.id.clone()), "{} twice", node.id),
            false => known.members.iter().for_each(|id| assert!(drawn.insert(id.clone()), "{id} twice")),
        }
    }
    assert_eq!(count, selected.len());
    assert!(if listed { &drawn == selected } else { drawn.is_subset(selected) }, "{drawn:?}");
    assert!(picture.drawn_edges().all(|(_, edge)| edge.from < edge.to));
}

#[test]
fn a_deep_network_is_a_few_boxes() {
    let tape = Tape::new();
    let loss = deep_net(&tape);
    let picture = loss.draw().picture().expect("it can be read");
    assert_eq!(boxes(&picture), ["layer1 … layer48 ×48"]);
    let opened = loss.draw().open("layer1").picture().expect("it can be read");
    assert_eq!(boxes(&opened), ["wide", "narrow", "layer2 … layer48 ×47"]);
    let deeper = loss.draw().open("layer3/wide").picture().expect("it can be read");
    assert_eq!(boxes(&deeper), ["layer1", "layer2", "narrow", "layer4 … layer48 ×45"]);
    let gradients = loss.try_grad(&tape.parameters()).expect("there are derivatives");
    let all: Vec<Var<'_>> = gradients.into_iter().chain([loss]).collect();
    let picture = tape.draw(&all).picture().expect("it can be read");
    assert!(boxes(&picture).iter().any(|name| name.ends_with("backward ×47")), "{:?}", boxes(&picture));
    assert!(picture.nodes.len() < 300, "{}", picture.nodes.len());
}

#[test]
fn ten_thousand_nodes_are_drawn_without_being_asked_for_anything() {
    for record in [deep_net as for<'t> fn(&'t Tape) -> Var<'t>, scalar_net] {
        let tape = Tape::new();
        let output = record(&tape);
        let start = Instant::now();
        let picture = output.draw().values(false).picture().expect("it can be read");
        let (svg, taken) = (picture.to_svg(), start.elapsed());
        assert!(picture.nodes.len() < 60 && svg.ends_with("</svg>\n"));
        // Far more than it takes, since machines are busy.
        assert!(taken < Duration::from_secs(5), "{taken:?}");
        assert_eq!(picture, output.draw().values(false).picture().expect("as before"));
    }
}

#[test]
fn a_million_nodes_are_collapsed_or_refused_and_neither_takes_long() {
    let work = || {
        let tape = Tape::new();
        let (x, w) = (tape.leaf("x", 0.5), tape.leaf("w", 0.9));
        let y = (0..333_333).fold(x, |x, _| (x * w + 0.1).tanh());
        let start = Instant::now();
        let picture = y.draw().picture().expect("it is a chain");
        assert_eq!(boxes(&picture), ["(× + tanh) ×333,333"]);
        let value = format!("{:.3}", y.value().item());
        let shown = picture.nodes.iter().find_map(|node| node.value.clone());
        assert_eq!(picture.edges.last().and_then(|edge| edge.value.as_deref()), Some(value.as_str()));
        assert!(shown.is_some());
        for level in [Level::Nodes, Level::Layers] {
            let problem = y.draw().level(level).picture().expect_err("nobody could read it").to_string();
            assert!(problem.contains(".level(") && problem.contains(".around("), "{problem}");
        }
        let near = y.draw().around(y, 3).picture().expect("a few nodes");
        assert!(near.nodes.len() < 20);
        let around_all = x.tape().draw(&[y]).around(w, 1).values(false).picture().expect("it is collapsed");
        assert!(around_all.nodes.len() < 300, "{}", around_all.nodes.len());
        assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(work).expect("a thread can be had");
    thread.join().expect("nothing recurses over a graph");
}

#[test]
fn verdicts_survive_rolling_up() {
    let tape = Tape::new();
    let x = tape.leaf("x", 0.3);
    let y = (0..200).fold(x, |x, _| (x * 1.01).sin());
    let report = Check::new(y, &[x]).run().expect("it can be checked");
    let picture = y.draw().verdicts(&report).picture().expect("it can be read");
    let known =
        picture.nodes.iter().find(|node| node.kind == NodeKind::Layer).expect("a box").details.as_ref();
    let marks = &known.expect("a box has details").marks;
    let counted: usize = marks.iter().map(|mark| mark.1).sum();
    assert_eq!(counted, 400, "{marks:?}");
}

#[test]
fn the_beginning_of_a_nan_is_found_in_a_graph_that_is_collapsed() {
    let tape = Tape::new();
    let x = tape.leaf("x", 0.3);
    fn steps(x: Var<'_>) -> Var<'_> {
        (0..200).fold(x, |x, _| (x * 1.01).sin())
    }
    let negative = -steps(x).exp();
    let y = steps(negative.ln());
    let picture = y.draw().health().picture().expect("it can be read");
    let marked = |mark| picture.nodes.iter().filter(|node| node.mark == Some(mark)).collect::<Vec<_>>();
    let begins = marked(Mark::Nan);
    assert_eq!(begins.iter().map(|node| node.symbol.as_str()).collect::<Vec<_>>(), ["log"]);
    let known = marked(Mark::NanInherited)[0].details.as_ref().expect("a box has details");
    assert_eq!(known.marks, [(Mark::NanInherited, 400)]);
    assert_eq!(known.findings[0], "400 NaN, from before");
    assert!(known.findings.last().is_some_and(|said| said.contains("more; open the box")));
    assert!(picture.to_svg().contains("400 NaN, from before"));
}

#[test]
fn a_million_nodes_that_follow_no_rule_are_cut_into_stretches() {
    // All of one op, so that every step looks like the next, or of several; the operands are picked by a fixed sequence.
    for kinds in [1, 4] {
        let tape = Tape::new();
        let mut all = vec![tape.input("x", []), tape.input("y", [])];
        let mut state = 1_u64;
        for _ in 0..1_000_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let random = (state >> 33) as usize;
            let (a, b) = (all[all.len() - 1], all[all.len() - 1 - random % all.len().min(50)]);
            all.push(match random / 64 % kinds {
                0 => a + b,
                1 => a * b,
                2 => b.sin(),
                _ => a.tanh(),
            });
        }
        let start = Instant::now();
        let picture = all[all.len() - 1].draw().values(false).picture().expect("it is cut");
        let taken = start.elapsed();
        assert!((10..40).contains(&boxes(&picture).len()), "{:?}", boxes(&picture));
        assert!(taken < Duration::from_secs(60), "{taken:?}");
    }
}

#[test]
fn a_graph_with_other_shapes_or_from_a_file_differs_in_nothing_else() {
    let tape = Tape::new();
    let loss = deep_net(&tape);
    let graph = tape.graph();
    let file = serde_json::to_string(&*graph).expect("plain data");
    let read: Graph = serde_json::from_str(&file).expect("just written");
    assert!(diff(&graph, &read).is_empty());
    let loaded = Tape::from_graph(read, &Registry::default()).expect("built-in ops");
    assert!(diff(&graph, &loaded.graph()).is_empty() && diff(&loaded.graph(), &graph).is_empty());
    let leaves = graph.nodes().filter(|node| matches!(node.name(), Some("x" | "t")));
    let leaves: Vec<(Var<'_>, [usize; 2])> =
        leaves.map(|node| (tape.var(node.id()).expect("of this tape"), [8, node.shape()[1]])).collect();
    let other = tape.with_shapes(leaves).expect("another batch");
    let found = diff(&graph, &other.graph());
    let only_shapes =
        found.differences.iter().all(|found| found.changes.iter().all(|change| change.what == "shape"));
    assert!(!found.is_empty() && only_shapes);
    let picture = found.picture().expect("it can be read");
    assert!(boxes(&picture).contains(&"layer1 … layer48 ×48"));
    assert!(picture.to_svg().contains(&format!("{} changed", found.differences.len())), "{loss:?}");
}

#[test]
fn one_op_more_among_a_hundred_thousand_is_found() {
    let record = |more: Option<usize>| {
        let tape = Tape::new();
        let (x, w) = (tape.input("x", []), tape.parameter("w", []));
        let _ = (0..33_333).fold(x, |x, step| {
            let product = x * w + 0.1;
            if more == Some(step) { product.exp().tanh() } else { product.tanh() }
        });
        tape.graph().clone()
    };
    let (before, after) = (record(None), record(Some(20_000)));
    let start = Instant::now();
    let found = diff(&before, &after);
    assert_eq!(found.differences.len(), 1, "{}", found.differences.len());
    let picture = found.picture().expect("it is collapsed");
    assert_eq!(picture.nodes.iter().filter(|node| node.mark == Some(Mark::Added)).count(), 1);
    assert!(diff(&after, &after).is_empty());
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

/// A recording of random ops in random scopes, some of them repeated.
#[derive(Debug, Clone)]
enum Piece {
    Op(u8, usize),
    Repeat(u8, usize, usize),
    Scope(String, Vec<(u8, usize)>),
}

fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    let op = (0..4_u8, 0..40_usize);
    let piece = prop_oneof![
        4 => op.clone().prop_map(|(op, from)| Piece::Op(op, from)),
        2 => (0..4_u8, 1..4_usize, 3..40_usize).prop_map(|(op, each, times)| Piece::Repeat(op, each, times)),
        4 => ("[a-c]{1}(/[a-b]{1}){0,2}", prop::collection::vec(op, 1..8)).prop_map(|(name, ops)| Piece::Scope(name, ops)),
    ];
    prop::collection::vec(piece, 20..120)
}

fn record<'t>(tape: &'t Tape, pieces: &[Piece]) -> Vec<Var<'t>> {
    let mut all = vec![tape.input("x", []), tape.input("y", [])];
    let push = |all: &mut Vec<Var<'t>>, op: u8, back: usize| {
        let (a, b) = (all[all.len() - 1], all[all.len() - 1 - back % all.len()]);
        all.push(match op {
            0 => a.sin(),
            1 => a * b,
            2 => a + 0.5,
            _ => b.tanh() + a,
        });
    };
    for piece in pieces {
        match piece {
            Piece::Op(op, back) => push(&mut all, *op, *back),
            Piece::Repeat(op, each, times) => {
                (0..each * times).for_each(|i| push(&mut all, op + (i % each) as u8, 1));
            }
            Piece::Scope(name, ops) => {
                let _scope = tape.scope(name);
                ops.iter().for_each(|&(op, back)| push(&mut all, op, back));
            }
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_node_is_in_one_unit_and_units_have_no_circle(pieces in pieces(), open in "[a-c](/[a-b])?") {
        let tape = Tape::new();
        let all = record(&tape, &pieces);
        let graph = tape.graph();
        let outputs = [all[all.len() - 1].id(), all[all.len() / 2].id()];
        for level in [Level::Auto, Level::Layers] {
            let builder = Builder::new(&graph, &outputs).level(level);
            let selected: BTreeSet<String> = builder.selected().iter().map(ToString::to_string).collect();
            for builder in [builder.clone(), builder.open(open.as_str())] {
                let Ok(picture) = builder.build() else { continue };
                assert_whole(&picture, &selected);
                prop_assert_eq!(&picture, &builder.build().expect("as before"));
                let boxes = picture.nodes.iter().rev().filter_map(|node| node.details.as_ref());
                // Of many boxes, a few: the last ones are nearest to the end of the tape, where scopes come back.
                for known in boxes.filter(|known| !known.opens.is_empty()).take(6) {
                    // Repetitions are equal parts: each holds as many of every op.
                    if known.times > 0 {
                        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
                        for id in &known.members {
                            let id = id[1..].parse().map(chainrule::NodeId::new).expect("an id");
                            if graph.node(id).leaf().is_none() {
                                *counts.entry(graph.node(id).op().to_string()).or_default() += 1;
                            }
                        }
                        prop_assert!(counts.values().all(|count| count % known.times == 0), "{counts:?}");
                    }
                    if let Ok(opened) = builder.clone().open(known.opens.as_str()).build() {
                        assert_whole(&opened, &selected);
                        prop_assert!(opened != picture, "{} does not open", known.opens);
                    }
                }
            }
        }
    }

    #[test]
    fn a_difference_is_empty_only_between_equal_graphs(pieces in pieces(), at in 0..20_usize) {
        let (before, after) = (Tape::new(), Tape::new());
        record(&before, &pieces);
        let mut other = pieces.clone();
        other.insert(at, Piece::Op(0, 1));
        record(&after, &other);
        let (before, after) = (before.graph(), after.graph());
        prop_assert!(diff(&before, &before).is_empty());
        let found = diff(&before, &after);
        prop_assert!(!found.is_empty());
        let paired: BTreeSet<_> = found.pairs.iter().map(|pair| pair.1).collect();
        prop_assert_eq!(paired.len(), found.pairs.len());
        if let Ok(picture) = found.builder().level(Level::Nodes).build() {
            prop_assert!(picture.drawn_edges().all(|(_, edge)| edge.from < edge.to));
        }
    }
}
