//! Pictures and graphs from files that nest, repeat or spread without end: work and memory grow with the file, and no
//! stack does.

use chainrule::picture::{Group, NodeKind, Picture, PictureEdge, PictureNode};
use chainrule::{Graph, Registry, Tape};
use std::time::{Duration, Instant};

/// A node with a short text, in a group.
fn node(at: usize, group: Option<usize>) -> PictureNode {
    PictureNode { id: format!("n{at}"), symbol: "f".to_owned(), group, ..PictureNode::default() }
}

fn edge(from: usize, to: usize, operand: usize) -> PictureEdge {
    PictureEdge { from, to, operand, value: Some("1".to_owned()), ..PictureEdge::default() }
}

fn group(at: usize, parent: Option<usize>) -> Group {
    Group { id: format!("cluster{at}"), label: format!("g{at}"), parent }
}

/// So many groups, each inside the one before, with a node in each and an arrow from every node to the next one and to
/// one far inside.
fn nested(depth: usize) -> Picture {
    let mut picture = Picture::default();
    for at in 0..depth {
        picture.groups.push(group(at, at.checked_sub(1)));
        picture.nodes.push(node(at, Some(at)));
        if at > 0 {
            picture.edges.push(edge(at - 1, at, 0));
            picture.edges.push(edge(at / 2, at, 1));
        }
    }
    picture
}

/// Runs something on a small stack, and says how long it took.
fn on_a_small_stack<T: Send>(work: impl FnOnce() -> T + Send) -> (T, Duration) {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(256 << 10);
        let start = Instant::now();
        (thread.spawn_scoped(scope, work).unwrap().join().unwrap(), start.elapsed())
    })
}

/// Every format of a picture that came from a file, by name.
fn formats(json: &str) -> Vec<(&'static str, String)> {
    let (formats, took) = on_a_small_stack(|| {
        let picture = Picture::from_json(json).unwrap();
        vec![
            ("dot", picture.to_dot()),
            ("mermaid", picture.to_mermaid()),
            ("svg", picture.to_svg()),
            ("html", picture.to_html()),
            ("json", picture.to_json()),
        ]
    });
    assert!(took < Duration::from_secs(120), "{} bytes took {took:?}", json.len());
    formats
}

/// Holds every format to be no more than so many times as long as the file, beside what it always has.
fn check(picture: &Picture, times: usize) {
    let json = picture.to_json();
    for (format, text) in formats(&json) {
        assert!(
            text.len() < 200_000 + times * json.len(),
            "{format}: {} bytes of {}",
            text.len(),
            json.len()
        );
    }
}

#[test]
fn nested_groups_are_written_in_a_text_that_grows_with_their_number() {
    for depth in [800, 3_000] {
        check(&nested(depth), 12);
        let mut alone = nested(depth);
        alone.nodes.drain(..depth - 1);
        alone.edges.clear();
        check(&alone, 12);
        let dot = alone.to_dot();
        assert_eq!(dot.matches("subgraph ").count(), depth);
        assert_eq!(dot.matches("};\n").count(), depth);
        assert!(dot.lines().all(|line| line.len() - line.trim_start().len() <= 16), "set in too far");
    }
}

#[test]
fn ten_thousand_nested_groups_end() {
    check(&nested(10_000), 12);
}

#[test]
fn wide_frames_in_a_long_drawing_end() {
    let mut picture = Picture::default();
    let length = 600;
    for at in 0..length {
        picture.nodes.push(node(at, None));
        if at > 0 {
            picture.edges.push(edge(at - 1, at, 0));
        }
    }
    for at in 0..2 * length {
        let [first, last] = [picture.nodes.len(), picture.nodes.len() + 1];
        picture.groups.push(group(at, None));
        picture.nodes.extend([node(first, Some(at)), node(last, Some(at))]);
        picture.edges.extend([edge(first, 0, at + 1), edge(length - 1, last, 0)]);
    }
    check(&picture, 12);
}

#[test]
fn ways_past_a_frame_do_not_lengthen_a_drawing_without_end() {
    let mut picture = Picture { groups: vec![group(0, None)], ..Picture::default() };
    let length = 1_500;
    for at in 0..length {
        picture.nodes.push(node(at, Some(0)));
        if at > 0 {
            picture.edges.push(edge(at - 1, at, 0));
        }
    }
    for _ in 0..length {
        let out = picture.nodes.len();
        picture.nodes.extend([node(out, None), node(out + 1, Some(0))]);
        picture.edges.extend([edge(out, out + 1, 0), edge(length - 1, out + 1, 1)]);
        if out > length {
            picture.edges.push(edge(out - 1, out, 0));
        }
    }
    check(&picture, 12);
}

#[test]
fn tall_columns_with_many_frames_end() {
    let mut picture = Picture::default();
    for at in 0..2_000 {
        picture.groups.push(group(at, None));
        picture.nodes.push(node(at, Some(at)));
        if at > 0 {
            picture.edges.push(edge(0, at, 0));
        }
    }
    check(&picture, 12);
    picture
        .edges
        .iter_mut()
        .enumerate()
        .for_each(|(at, edge)| (edge.from, edge.to, edge.operand) = (at + 1, 0, at));
    check(&picture, 12);
}

#[test]
fn thousands_of_arrows_between_two_nodes_end() {
    let nodes = vec![node(0, None), node(1, None)];
    let edges = (0..6_000).map(|at| edge(0, 1, at)).collect();
    check(&Picture { nodes, edges, ..Picture::default() }, 14);
}

#[test]
fn long_arrows_from_one_node_end() {
    let mut picture = Picture { nodes: vec![node(0, None)], ..Picture::default() };
    for at in 1..4_000 {
        picture.nodes.push(node(at, None));
        picture.edges.extend([edge(at - 1, at, 0), edge(0, at, 1)]);
    }
    check(&picture, 14);
}

#[test]
fn a_long_id_is_not_repeated_for_every_arrow() {
    let mut picture = Picture { nodes: vec![node(0, None)], ..Picture::default() };
    picture.nodes[0].id = "n".repeat(50_000);
    for at in 1..1_000 {
        picture.nodes.push(PictureNode { of: Some("n".repeat(90)), ..node(at, None) });
        picture.edges.push(edge(0, at, 0));
    }
    check(&picture, 12);
}

#[test]
fn a_scope_as_deep_as_a_file_likes_is_drawn() {
    let tape = Tape::new();
    let mut x = tape.leaf("x", 0.5);
    for path in ["a/".repeat(20_000), "a".repeat(40_000), format!("{}b", "a/".repeat(20_000))] {
        let _scope = tape.scope(&path);
        x = x.tanh().exp();
    }
    let json = serde_json::to_string(&*tape.graph()).unwrap();
    let ((), took) = on_a_small_stack(|| {
        let graph: Graph = serde_json::from_str(&json).unwrap();
        let tape = Tape::from_graph(graph, &Registry::default()).unwrap();
        let last = tape.graph().ids().last().unwrap();
        for level in [chainrule::picture::Level::Nodes, chainrule::picture::Level::Layers] {
            let draw = tape.var(last).unwrap().draw().level(level);
            for text in
                [draw.to_html().unwrap(), draw.picture().unwrap().to_dot(), draw.picture().unwrap().to_json()]
            {
                assert!(text.len() < 1_000_000, "{} bytes", text.len());
            }
        }
    });
    assert!(took < Duration::from_secs(60), "{took:?}");
}

#[test]
fn a_number_with_as_many_axes_as_a_file_likes_is_drawn() {
    let tape = Tape::new();
    let axes = vec![1; 20_000];
    let x = tape.constant(ndarray::ArrayD::from_elem(axes, 0.5));
    let y = x.exp().sum();
    let (json, y) = (serde_json::to_string(&*tape.graph()).unwrap(), y.id());
    let (length, _) = on_a_small_stack(|| {
        let graph: Graph = serde_json::from_str(&json).unwrap();
        let tape = Tape::from_graph(graph, &Registry::default()).unwrap();
        tape.var(y).unwrap().draw().picture().unwrap().to_html().len()
    });
    assert!(length < 1_000_000, "{length} bytes");
}

#[test]
fn a_document_that_nests_without_end_is_refused() {
    let deep = |open: &str| format!("{{\"version\":1,\"nodes\":[{}", open.repeat(500_000));
    for open in ["[", "{\"a\":", "{\"details\":"] {
        let (problem, _) = on_a_small_stack(|| Picture::from_json(deep(open)).unwrap_err().to_string());
        assert!(problem.contains("picture from JSON"), "{problem}");
        let (read, _) = on_a_small_stack(|| serde_json::from_str::<Graph>(&deep(open)).is_err());
        assert!(read);
    }
}

#[test]
fn links_of_groups_that_lead_nowhere_are_left_out() {
    let mut picture = nested(3);
    picture.groups[1].parent = Some(1);
    picture.groups[2].parent = Some(7);
    picture.nodes[0].group = Some(9);
    picture.nodes.push(PictureNode { kind: NodeKind::Layer, ..node(3, Some(2)) });
    assert!(Picture::from_json(picture.to_json()).is_err());
    assert_eq!(picture.to_dot().matches("subgraph ").count(), 2);
    assert!(picture.to_svg().ends_with("</svg>\n") && picture.to_html().ends_with("</html>\n"));
    assert_eq!(picture.to_mermaid().matches("subgraph ").count(), 2);
}
