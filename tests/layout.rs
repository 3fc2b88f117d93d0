//! What holds of every drawing, measured in its boxes and lines, and of the chapter's graphs in the text of their files.

use chainrule::picture::{
    Direction, Drawing, Group, Layered, Layout, NodeKind, Picture, PictureEdge, PictureNode, Point, Rect, Sizes,
};
use proptest::prelude::*;

#[allow(dead_code)]
#[path = "../examples/graphs.rs"]
mod graphs;
#[allow(dead_code)]
#[path = "../examples/compare/measure.rs"]
mod measure;

use measure::{bodies, enters, points, within};

/// What is wrong with the boxes of a drawing: those that overlap or are cut, frames that lack members or hold
/// strangers.
fn faults_of_boxes(picture: &Picture, drawing: &Drawing) -> Vec<String> {
    let mut faults = Vec::new();
    let canvas = Rect { x: 0.0, y: 0.0, width: drawing.width, height: drawing.height };
    let nodes = drawing.nodes.iter().enumerate().map(|(node, place)| (format!("node {node}"), *place));
    let labels = drawing.edges.iter().enumerate();
    let labels = labels.filter_map(|(edge, line)| Some((format!("digits {edge}"), line.label?)));
    let boxes: Vec<(String, Rect)> = nodes.chain(labels).collect();
    for (at, (name, place)) in boxes.iter().enumerate() {
        if !canvas.contains(place) {
            faults.push(format!("{name} is cut"));
        }
        for (other, beside) in &boxes[at + 1..] {
            // Coordinates are rounded.
            if within(place, 0.1).overlaps(&within(beside, 0.1)) {
                faults.push(format!("{name} overlaps {other}"));
            }
        }
    }
    let frames: Vec<Option<Rect>> = drawing.groups.iter().map(|frame| Some(frame.as_ref()?.outline)).collect();
    let ancestors = |group: usize| {
        let parent = |&group: &usize| picture.groups[group].parent;
        std::iter::successors(Some(group), parent).collect::<Vec<_>>()
    };
    for (group, frame) in frames.iter().enumerate() {
        let Some(frame) = frame else {
            continue;
        };
        if !canvas.contains(frame) {
            faults.push(format!("frame {group} is cut"));
        }
        for (node, place) in drawing.nodes.iter().enumerate() {
            let member = picture.nodes[node].group.is_some_and(|inner| ancestors(inner).contains(&group));
            if member && !frame.contains(place) {
                faults.push(format!("frame {group} does not hold node {node}"));
            }
            if !member && frame.overlaps(place) {
                faults.push(format!("node {node} is a stranger in frame {group}"));
            }
        }
        for (other, beside) in frames.iter().enumerate().skip(group + 1) {
            let Some(beside) = beside else {
                continue;
            };
            let nested = ancestors(other).contains(&group);
            if nested && !frame.contains(beside) {
                faults.push(format!("frame {group} does not hold frame {other}"));
            }
            if !nested && frame.overlaps(beside) {
                faults.push(format!("frames {group} and {other} overlap"));
            }
        }
        for (edge, line) in drawing.edges.iter().enumerate() {
            let Some(label) = line.label else {
                continue;
            };
            let ends = [picture.edges[edge].from, picture.edges[edge].to];
            let touches = ends.iter().any(|&end| {
                picture.nodes[end].group.is_some_and(|inner| ancestors(inner).contains(&group))
            });
            if !touches && frame.overlaps(&within(&label, 0.1)) {
                faults.push(format!("digits {edge} are strangers in frame {group}"));
            }
        }
    }
    for (edge, line) in drawing.edges.iter().enumerate().filter(|(_, line)| !line.pieces.is_empty()) {
        let cut = |p: &Point| !canvas.contains(&Rect { x: p.x, y: p.y, width: 0.0, height: 0.0 });
        if points(line).iter().any(cut) {
            faults.push(format!("line {edge} is cut"));
        }
    }
    faults
}

/// Lines that run through nodes, or through the digits of others.
fn faults_of_lines(picture: &Picture, drawing: &Drawing) -> Vec<String> {
    let mut faults = Vec::new();
    let bodies = bodies(drawing, &Sizes::of(picture));
    for (index, edge) in picture.drawn_edges() {
        let line = points(&drawing.edges[index]);
        let hits = |place: &Rect| line.windows(2).any(|step| enters(step[0], step[1], place));
        for (node, body) in bodies.iter().enumerate() {
            if node != edge.from && node != edge.to && hits(&within(body, 0.5)) {
                faults.push(format!("line {index} runs through node {node}"));
            }
        }
        for (other, beside) in drawing.edges.iter().enumerate() {
            if other != index && beside.label.is_some_and(|label| hits(&within(&label, 2.0))) {
                faults.push(format!("line {index} runs through digits {other}"));
            }
        }
    }
    faults
}

fn drawn(picture: &Picture) -> Drawing {
    Layered::default().lay_out(picture, &Sizes::of(picture))
}

#[test]
fn nothing_overlaps_in_the_graphs_of_the_chapter() {
    for (name, picture) in graphs::pictures().expect("they can be drawn") {
        let drawing = drawn(&picture);
        let faults = [faults_of_boxes(&picture, &drawing), faults_of_lines(&picture, &drawing)].concat();
        assert!(faults.is_empty(), "{name}: {faults:?}");
    }
}

/// A node of a random picture: its kind, a text, how far back its operands are, digits, and how its group goes on.
type Grown = (u8, u8, Vec<usize>, u8, u8);

/// A picture with nested groups of nodes that follow each other, and arrows that only lead on.
fn grown(nodes: &[Grown], downwards: bool) -> Picture {
    let mut picture = Picture::default();
    picture.direction = if downwards { Direction::TopToBottom } else { Direction::LeftToRight };
    let mut stack: Vec<usize> = Vec::new();
    for (index, (kind, text, operands, digits, step)) in nodes.iter().enumerate() {
        match step % 8 {
            0 | 1 if stack.len() < 3 => {
                let id = format!("cluster_{}", picture.groups.len());
                let label = "frame".repeat(usize::from(step % 3));
                picture.groups.push(Group { id, label, parent: stack.last().copied() });
                stack.push(picture.groups.len() - 1);
            }
            2..=4 => drop(stack.pop()),
            _ => {}
        }
        let leaf = operands.is_empty() || index == 0;
        let kinds = if leaf {
            [NodeKind::Input, NodeKind::Parameter, NodeKind::Constant]
        } else {
            [NodeKind::Op, NodeKind::Op, NodeKind::Layer]
        };
        let word = |length: u8| "abcdefghijklmnop"[..usize::from(length % 17)].to_owned();
        picture.nodes.push(PictureNode {
            id: format!("n{index}"),
            kind: kinds[usize::from(kind % 3)],
            symbol: word(text % 5),
            name: (text % 3 == 0).then(|| word(*text)),
            gradient: (text % 2 == 0).then(|| word(*text)),
            group: stack.last().copied(),
            ..PictureNode::default()
        });
        if leaf {
            continue;
        }
        for (operand, back) in operands.iter().enumerate() {
            picture.edges.push(PictureEdge {
                from: index - 1 - back % index,
                to: index,
                operand,
                value: (digits % 3 > 0).then(|| word(*digits)),
                gradient: (digits % 5 > 2).then(|| word(digits / 2)),
                ..PictureEdge::default()
            });
        }
    }
    picture
}

fn node() -> impl Strategy<Value = Grown> {
    let back = prop_oneof![4 => 0..4_usize, 1 => 0..60_usize];
    (any::<u8>(), any::<u8>(), proptest::collection::vec(back, 0..4), any::<u8>(), any::<u8>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn boxes_never_overlap(nodes in proptest::collection::vec(node(), 1..60), downwards in any::<bool>()) {
        let picture = grown(&nodes, downwards);
        let drawing = drawn(&picture);
        let faults = faults_of_boxes(&picture, &drawing);
        prop_assert!(faults.is_empty(), "{faults:?}");
    }
}
#[test]
fn scan() {
    use proptest::strategy::ValueTree; use proptest::test_runner::{TestRunner, Config, RngAlgorithm, TestRng};
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let (mut bad, mut badb, mut node, mut digits, mut edges) = (0,0,0,0,0);
    for _ in 0..300 { 
        let nodes = proptest::collection::vec(self::node(), 1..60).new_tree(&mut runner).unwrap().current();
        let p = grown(&nodes, false); let d = drawn(&p);
        let f = faults_of_lines(&p,&d); edges += p.edges.len();
        bad += usize::from(!f.is_empty()); node += f.iter().filter(|f| f.contains("node")).count(); digits += f.iter().filter(|f| f.contains("digits")).count();
        let f = faults_of_boxes(&p,&d); badb += usize::from(!f.is_empty()); if !f.is_empty() && badb < 6 { println!("{} nodes {f:?}", nodes.len()); }
    }
    println!("bad {bad} boxes {badb} through nodes {node} digits {digits} of {edges}");
}
#[test]
fn pics() {
    use proptest::strategy::ValueTree; use proptest::test_runner::{TestRunner, Config, RngAlgorithm, TestRng};
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    std::fs::create_dir_all("/tmp/lay/r").unwrap();
    for i in 0..300 { 
        let nodes = proptest::collection::vec(self::node(), 1..60).new_tree(&mut runner).unwrap().current();
        let p = grown(&nodes, false);
        if i>=4 && i<8 { std::fs::write(format!("/tmp/lay/r/r{i}.svg"), p.to_svg_with(&Layered::default())).unwrap(); println!("{} {}", i, p.nodes.len()); }
    }
}
