//! Large graphs: which repetitions are folded, which boxes are open, and that every box is contiguous.

use crate::graph::{Graph, Leaf, NodeId, Origin};
use crate::picture::*;
use crate::view::recordings::{Recording, net_graph};

/// The names of boxes and of nodes that have one, and the signs of others.
fn names(picture: &Picture) -> Vec<String> {
    let said = |node: &PictureNode| match &node.name {
        Some(name) => name.clone(),
        None => node.symbol.clone(),
    };
    picture.nodes.iter().filter(|node| node.kind != NodeKind::Output).map(said).collect()
}

fn collapsed(graph: &Graph, output: NodeId) -> Picture {
    Builder::new(graph, &[output]).build().expect("it can be read")
}

/// The members of all boxes and the ids of all other nodes: each node of the graph exactly once.
fn assert_each_once(picture: &Picture, nodes: &[NodeId]) {
    let mut found: Vec<String> = Vec::new();
    for node in picture.nodes.iter().filter(|node| !matches!(node.kind, NodeKind::Output | NodeKind::Hidden))
    {
        let members = node.details.as_ref().map(|known| known.members.clone()).unwrap_or_default();
        found.extend(if members.is_empty() { vec![node.id.clone()] } else { members });
    }
    found.sort();
    let mut wanted: Vec<String> = nodes.iter().map(ToString::to_string).collect();
    wanted.sort();
    assert_eq!(found, wanted);
    for (_, edge) in picture.drawn_edges() {
        assert!(edge.from < edge.to, "an arrow runs backwards: {edge:?}");
    }
}

/// Layers of four ops and two parameters, named by a function of their number; `odd` has another op in it.
fn layers(count: usize, odd: Option<usize>) -> (Graph, NodeId) {
    let mut r = Recording::new();
    let x = r.leaf(Leaf::Input, "x", &[4, 8]);
    let mut h = r.op("exp", &[x], &[4, 8]);
    for layer in 1..=count {
        r.scope(&format!("layer{layer}"));
        let (w, b) = (r.leaf(Leaf::Parameter, "w", &[8, 8]), r.leaf(Leaf::Parameter, "b", &[8]));
        let product = r.op("·", &[h, w], &[4, 8]);
        let sum = r.op("+", &[product, b], &[4, 8]);
        let a = r.op(if odd == Some(layer) { "relu" } else { "tanh" }, &[sum], &[4, 8]);
        h = r.op("+", &[h, a], &[4, 8]);
    }
    r.scope("");
    let y = r.op("Σ", &[h], &[]);
    (r.graph, y)
}

#[test]
fn layers_of_the_same_structure_are_one_box_with_their_count() {
    let (graph, y) = layers(60, None);
    let picture = collapsed(&graph, y);
    assert_eq!(names(&picture), ["x", "exp", "layer1 … layer60 ×60", "Σ"]);
    let known = picture.nodes[2].details.as_ref().unwrap();
    assert_eq!((known.nodes, known.parameters, known.times), (360, 60 * 72, 60));
    assert_eq!(picture.nodes[2].note.as_deref(), Some("360 nodes, 4,320 parameters"));
    assert_each_once(&picture, &graph.ids().collect::<Vec<_>>());
}

#[test]
fn a_layer_that_differs_in_one_op_is_not_folded() {
    let (graph, y) = layers(60, Some(20));
    let picture = collapsed(&graph, y);
    // The one that is left over is opened, since there is room.
    let folds: Vec<String> = names(&picture).into_iter().filter(|name| name.contains('…')).collect();
    assert_eq!(folds, ["layer1 … layer19 ×19", "layer21 … layer60 ×40"]);
    assert!(names(&picture).contains(&"relu".to_owned()));
    assert_each_once(&picture, &graph.ids().collect::<Vec<_>>());
}

#[test]
fn a_folded_layer_is_opened_by_its_scope_and_the_rest_stays_folded() {
    let (graph, y) = layers(60, None);
    let open = |names: &[&str]| {
        let builder = names.iter().fold(Builder::new(&graph, &[y]), |builder, name| builder.open(*name));
        builder.build().expect("it can be read")
    };
    let picture = open(&["layer7"]);
    let folds: Vec<String> = names(&picture).into_iter().filter(|name| name.contains('…')).collect();
    assert_eq!(folds, ["layer1 … layer6 ×6", "layer8 … layer60 ×53"]);
    assert_eq!(picture.groups.iter().map(|group| group.label.as_str()).collect::<Vec<_>>(), ["layer7"]);
    assert_each_once(&picture, &graph.ids().collect::<Vec<_>>());
    // A box is opened by what its details say.
    let key = collapsed(&graph, y).nodes[2].details.as_ref().unwrap().opens.clone();
    let picture = open(&[&key]);
    assert_eq!(picture.nodes.iter().filter(|node| node.kind == NodeKind::Layer).count(), 60);
    assert_each_once(&picture, &graph.ids().collect::<Vec<_>>());
    assert_eq!(open(&["no such scope"]), collapsed(&graph, y));
}

#[test]
fn scopes_in_scopes_are_opened_level_by_level_as_long_as_there_is_room() {
    let mut r = Recording::new();
    let mut h = r.leaf(Leaf::Input, "x", &[]);
    for block in 0..2 {
        for (part, ops) in [("attention", 110 + block), ("mlp", 120 + block)] {
            r.scope(&format!("block{block}/{part}"));
            for i in 0..ops {
                // No two ops alike, so that nothing is folded.
                h = r.op(&format!("{part}{block}{i}"), &[h], &[]);
            }
        }
    }
    let picture = collapsed(&r.graph, h);
    assert_eq!(names(&picture), ["x", "attention", "mlp", "attention", "mlp"]);
    let frames: Vec<&str> = picture.groups.iter().map(|group| group.label.as_str()).collect();
    assert_eq!(frames, ["block0", "block1"]);
    let layers = Builder::new(&r.graph, &[h]).level(Level::Layers);
    assert_eq!(names(&layers.clone().build().unwrap()), ["x", "block0", "block1"]);
    let opened = layers.open("block1/mlp").build().unwrap();
    assert_eq!(names(&opened)[..3], ["x", "block0", "attention"]);
    assert_eq!(opened.nodes.len(), 3 + 121 + 1, "the output's arrow has an end of its own");
    assert_eq!(opened.groups.iter().map(|g| g.label.as_str()).collect::<Vec<_>>(), ["block1", "mlp"]);
}

#[test]
fn the_same_few_ops_along_a_chain_are_one_box() {
    let mut r = Recording::new();
    let mut h = r.leaf(Leaf::Input, "x", &[]);
    for i in 0..400 {
        let w = r.leaf(Leaf::Parameter, &format!("w{i}"), &[]);
        let product = r.op("×", &[h, w], &[]);
        let half = r.constant(0.5);
        let sum = r.op("+", &[product, half], &[]);
        h = r.op("tanh", &[sum], &[]);
    }
    let picture = collapsed(&r.graph, h);
    assert_eq!(names(&picture), ["x", "(× + tanh) ×400"]);
    let known = picture.nodes[1].details.as_ref().unwrap();
    assert_eq!((known.nodes, known.parameters, known.times), (1_600, 400, 400));
    let opened = Builder::new(&r.graph, &[h]).open(known.opens.as_str()).build().unwrap();
    assert_eq!(names(&opened), ["x", "w0", "×", "+ 0.5", "tanh", "(× + tanh) ×399"]);
}

#[test]
fn a_constant_that_differs_keeps_a_step_out_of_the_fold() {
    let mut r = Recording::new();
    let mut h = r.leaf(Leaf::Input, "x", &[]);
    for i in 0..400 {
        let number = r.constant(if i == 100 { 3.0 } else { 2.0 });
        h = r.op("×", &[h, number], &[]);
    }
    assert_eq!(names(&collapsed(&r.graph, h)), ["x", "× ×100", "× 3", "× ×299"]);
}

#[test]
fn ops_that_are_wired_without_a_rule_are_not_a_repetition() {
    let mut r = Recording::new();
    let mut all: Vec<NodeId> = (0..3).map(|i| r.leaf(Leaf::Input, &format!("x{i}"), &[])).collect();
    // A fixed sequence without a period picks the operands.
    let mut state = 1_u64;
    for _ in 0..1_000 {
        let pick: [NodeId; 2] = std::array::from_fn(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            all[(state >> 33) as usize % all.len()]
        });
        all.push(r.op("+", &pick, &[]));
    }
    let outputs = &all[900..];
    let picture = Builder::new(&r.graph, outputs).build().expect("it can be read");
    let boxes: Vec<&PictureNode> = picture.nodes.iter().filter(|node| node.kind == NodeKind::Layer).collect();
    assert!(boxes.len() >= 15 && picture.nodes.len() <= 500, "{} of {}", boxes.len(), picture.nodes.len());
    assert!(boxes.iter().all(|node| node.details.as_ref().unwrap().times == 0), "nothing repeats");
    let selected = Builder::new(&r.graph, outputs).selected();
    assert_each_once(&picture, &selected);
}

#[test]
fn layers_run_backwards_are_folded_too() {
    let (graph, y) = layers(60, None);
    let mut r = Recording::new();
    r.graph = graph;
    let h: Vec<NodeId> = r.graph.nodes().filter(|n| n.op().symbol == "tanh").map(|n| n.id()).collect();
    let mut d = r.op("like", &[y], &[4, 8]);
    for (layer, &h) in h.iter().enumerate().rev() {
        r.scope(&format!("layer{}", layer + 1));
        r.origin(Origin::Backward(h));
        let slope = r.op("1 − x²", &[h], &[4, 8]);
        d = r.op("×", &[d, slope], &[4, 8]);
    }
    let picture = Builder::new(&r.graph, &[y, d]).build().expect("it can be read");
    assert_eq!(names(&picture)[2..], ["layer1 … layer60 ×60", "Σ", "like", "layer60 … layer1 backward ×60"]);
    assert!(picture.nodes[5].backward && picture.nodes[5].of.is_some());
}

#[test]
fn a_picture_of_few_nodes_is_as_it_was() {
    let (graph, loss, _) = net_graph();
    let of = |level| Builder::new(&graph, &[loss]).level(level).build().unwrap();
    assert_eq!(of(Level::Auto), of(Level::Nodes));
}

#[test]
fn many_values_between_two_boxes_are_one_arrow() {
    let mut r = Recording::new();
    let xs: Vec<NodeId> = (0..50).map(|i| r.leaf(Leaf::Input, &format!("x{i}"), &[3])).collect();
    r.scope("a");
    let a: Vec<NodeId> = xs.iter().map(|&x| r.op("exp", &[x], &[3])).collect();
    r.scope("b");
    let b = a.windows(2).map(|w| r.op("+", w, &[3])).collect::<Vec<_>>();
    let picture = Builder::new(&r.graph, &b).level(Level::Layers).build().unwrap();
    let arrow = picture.edges.iter().find(|edge| edge.value.as_deref() == Some("50 of 3"));
    assert!(arrow.is_some_and(|edge| edge.gradient.is_none()), "{:?}", picture.edges);
    assert_eq!(picture.nodes.iter().filter(|node| node.kind == NodeKind::Output).count(), 1, "49 outputs");
}

#[test]
fn an_empty_graph_and_hostile_scopes_are_drawn() {
    let graph = Graph::new();
    for level in [Level::Auto, Level::Nodes, Level::Layers] {
        assert_eq!(Builder::new(&graph, &[]).level(level).build().unwrap().nodes.len(), 0);
    }
    let mut r = Recording::new();
    let mut h = r.leaf(Leaf::Input, "x", &[]);
    let deep = "d/".repeat(500);
    for scope in ["/", "//", "a//b", "/a", "a/", "\u{202e}</text>", " ", "…", "n1 … n2", deep.as_str()] {
        r.scope(scope);
        for i in 0..60 {
            h = r.op(&format!("f{i}"), &[h], &[]);
        }
    }
    let ids: Vec<NodeId> = r.graph.ids().collect();
    for level in [Level::Auto, Level::Layers] {
        let picture = Builder::new(&r.graph, &[h]).level(level).build().unwrap();
        assert_each_once(&picture, &ids);
        assert!(picture.to_svg().ends_with("</svg>\n") && graphviz_rust::parse(&picture.to_dot()).is_ok());
        for node in picture.nodes.iter().filter(|node| node.kind == NodeKind::Layer) {
            let key = &node.details.as_ref().unwrap().opens;
            let opened = Builder::new(&r.graph, &[h]).level(level).open(key.as_str()).build().unwrap();
            assert_each_once(&opened, &ids);
        }
    }
}

#[test]
fn a_box_shows_the_worst_mark_of_its_members_and_counts_all() {
    let (graph, y) = layers(60, None);
    let mut known = Annotations::default();
    for id in graph.ids() {
        known.marks.insert(id, Mark::Right);
    }
    let wrong = NodeId::new(100);
    known.marks.insert(wrong, Mark::Wrong);
    known.notes.insert(wrong, "it is off by 2".to_owned());
    let picture = Builder::new(&graph, &[y]).annotations(known).build().unwrap();
    assert_eq!(picture.nodes[2].mark, Some(Mark::Wrong));
    let said = picture.nodes[2].details.as_ref().unwrap();
    assert_eq!(said.marks, [(Mark::Wrong, 1), (Mark::Right, 359)]);
    assert_eq!(said.findings, ["1 wrong, 359 right", "n100: it is off by 2"]);
    let svg = picture.to_svg();
    assert!(svg.contains(">1 wrong<") && svg.contains(">362 right<"), "{svg}");
}
