//! Graphviz as a layout engine: it gets the same boxes, and its coordinates are drawn in the same style.

use chainrule::picture::{EdgeLine, Frame, Geometry, LayoutEngine, Picture, Piece, Point, Rect, Sizes};
use serde_json::Value;
use std::fmt::Write;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Places pictures with the program `dot`.
pub(crate) struct Graphviz;

/// Margin around a drawing, and space above it for a title.
const MARGIN: f64 = 16.0;
const TITLE: f64 = 26.0;
/// Length of the head of an arrow.
const HEAD: f64 = 8.0;

impl Graphviz {
    /// The version, or what to do when the program is not there.
    pub(crate) fn version() -> Result<String, String> {
        let missing = |error| {
            format!(
                "the comparison needs Graphviz, and `dot` does not run ({error}): install the package `graphviz`"
            )
        };
        let output = Command::new("dot").arg("-V").output().map_err(missing)?;
        let said = String::from_utf8_lossy(&output.stderr);
        Ok(said.trim().trim_start_matches("dot - graphviz version ").to_owned())
    }
}

impl LayoutEngine for Graphviz {
    fn lay_out(&self, picture: &Picture, sizes: &Sizes) -> Geometry {
        let answer =
            ask(&question(picture, sizes)).expect("`dot` answers, since it was asked for its version");
        read(picture, sizes, &answer)
    }
}

/// The boxes and edges in DOT. A label is a box on its edge, as in the layout of the crate.
fn question(picture: &Picture, sizes: &Sizes) -> String {
    let mut dot = String::from(
        "digraph G {\nrankdir=LR; nodesep=0.25; ranksep=0.28;\n\
         node[label=\"\",fixedsize=true,shape=box]; edge[arrowsize=0.8];\n",
    );
    let inches = |pixels: f64| pixels / 72.0;
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); picture.groups.len()];
    let mut members: Vec<Vec<String>> = vec![Vec::new(); picture.groups.len()];
    for (group, known) in picture.groups.iter().enumerate() {
        known.parent.iter().for_each(|&parent| children[parent].push(group));
    }
    for (index, node) in picture.nodes.iter().enumerate() {
        let size = sizes.nodes[index];
        let shape = if size.round && size.all == size.body { "circle" } else { "box" };
        let (width, height) = (inches(size.all.width), inches(size.all.height));
        let _ = writeln!(dot, "n{index}[shape={shape},width={width:.4},height={height:.4}];");
        node.group.iter().for_each(|&group| members[group].push(format!("n{index}")));
    }
    // Labels are in the frames that contain both ends of their edge.
    for (index, edge) in picture.drawn_edges().filter(|&(index, _)| sizes.labels[index].is_some()) {
        let around = picture.groups_around(edge.to);
        let common = picture.groups_around(edge.from).into_iter().find(|group| around.contains(group));
        common.iter().for_each(|&group| members[group].push(format!("l{index}")));
    }
    let roots = (0..picture.groups.len()).rev().filter(|&group| picture.groups[group].parent.is_none());
    let mut stack: Vec<Option<usize>> = roots.map(Some).collect();
    while let Some(next) = stack.pop() {
        let Some(group) = next else {
            dot.push_str("}\n");
            continue;
        };
        let label = picture.groups[group].label.replace(['\\', '"'], "");
        let _ = writeln!(dot, "subgraph cluster_{group} {{ margin=10; fontsize=12; label=\"{label}\";");
        members[group].iter().for_each(|member| dot.push_str(&format!("{member}; ")));
        stack.push(None);
        stack.extend(children[group].iter().rev().map(|&child| Some(child)));
    }
    for (index, edge) in picture.drawn_edges() {
        let (from, to) = (edge.from, edge.to);
        let _ = match sizes.labels[index] {
            Some(size) => writeln!(
                dot,
                "l{index}[width={:.4},height={:.4}];\nn{from} -> l{index}[id=a{index},arrowhead=none,headport=w];\n\
                 l{index} -> n{to}[id=b{index},tailport=e];",
                inches(size.width),
                inches(size.height)
            ),
            None => writeln!(dot, "n{from} -> n{to}[id=b{index},minlen=2];"),
        };
    }
    dot.push('}');
    dot
}

fn ask(dot: &str) -> Result<Value, Box<dyn std::error::Error>> {
    let mut child = Command::new("dot").arg("-Tjson").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(dot.as_bytes())?;
    }
    Ok(serde_json::from_slice(&child.wait_with_output()?.stdout)?)
}

/// The numbers in a text of numbers.
fn numbers(value: &Value) -> Vec<f64> {
    let text = value.as_str().unwrap_or_default();
    text.split([',', ' ']).filter_map(|word| word.parse().ok()).collect()
}

/// The output of `dot` in the coordinates of a drawing; in its own, y points up.
fn read(picture: &Picture, sizes: &Sizes, answer: &Value) -> Geometry {
    let bounds = numbers(&answer["bb"]);
    let (wide, high) = (bounds.get(2).copied().unwrap_or(0.0), bounds.get(3).copied().unwrap_or(0.0));
    let top = if picture.title.is_empty() { MARGIN } else { MARGIN + TITLE };
    let round = |value: f64| (value * 10.0).round() / 10.0;
    let point = |x: f64, y: f64| Point { x: round(x + MARGIN), y: round(high - y + top) };
    let mut drawing = Geometry {
        width: (wide + 2.0 * MARGIN).ceil(),
        height: (high + MARGIN + top).ceil(),
        nodes: vec![Rect::default(); picture.nodes.len()],
        edges: vec![EdgeLine::default(); picture.edges.len()],
        groups: vec![None; picture.groups.len()],
        ..Geometry::default()
    };
    let list = |key: &str| answer[key].as_array().cloned().unwrap_or_default();
    for object in list("objects") {
        let name = object["name"].as_str().unwrap_or_default();
        let place = numbers(&object["pos"]);
        let index = |prefix: &str| name.strip_prefix(prefix).and_then(|index| index.parse::<usize>().ok());
        if let (Some(group), &[left, low, right, up]) = (index("cluster_"), &numbers(&object["bb"])[..]) {
            let corner = point(left, up);
            let outline =
                Rect { x: corner.x, y: corner.y, width: round(right - left), height: round(up - low) };
            let label = Rect {
                x: corner.x + 10.0,
                y: corner.y + 4.0,
                width: 90.0_f64.min(right - left),
                height: 18.0,
            };
            drawing.groups[group] = Some(Frame { outline, label });
        } else if let (Some(node), &[x, y]) = (index("n"), &place[..]) {
            let size = sizes.nodes[node].all;
            drawing.nodes[node] = Rect::around(point(x, y), size.width, size.height);
        } else if let (Some(edge), &[x, y]) = (index("l"), &place[..]) {
            let size = sizes.labels[edge].unwrap_or_default();
            drawing.edges[edge].label = Some(Rect::around(point(x, y), size.width, size.height));
        }
    }
    let mut halves: Vec<[Vec<Point>; 2]> = vec![<[Vec<Point>; 2]>::default(); picture.edges.len()];
    for edge in list("edges") {
        let id = edge["id"].as_str().unwrap_or_default();
        let (half, index) = id.split_at(id.len().min(1));
        if let Ok(index) = index.parse::<usize>() {
            // The tip comes first, behind the letter e.
            let found: Vec<Point> =
                numbers(&edge["pos"]).chunks_exact(2).map(|pair| point(pair[0], pair[1])).collect();
            halves[index][usize::from(half == "b")] = found;
        }
    }
    for (index, edge) in picture.drawn_edges() {
        let [before, after] = &halves[index];
        let Some((&end, spline)) = after.split_first() else {
            continue;
        };
        let curves = |points: &[Point]| {
            let steps = points.get(1..).unwrap_or(&[]).chunks_exact(3);
            steps.map(|p| Piece::Curve(p[0], p[1], p[2])).collect::<Vec<_>>()
        };
        let mut pieces = curves(before);
        if !before.is_empty() {
            pieces.extend(spline.first().map(|&next| Piece::Line(next)));
        }
        pieces.extend(curves(spline));
        // If there is text beside a circle, the edge is extended from the box around both to the circle.
        let (place, size) = (drawing.nodes[edge.to].centre(), sizes.nodes[edge.to]);
        let mut tip = end;
        if size.round && size.all != size.body {
            let (dx, dy) = (end.x - place.x, end.y - place.y);
            let far = dx.hypot(dy).max(1.0);
            let at = |reach: f64| Point {
                x: round(place.x + dx / far * reach),
                y: round(place.y + dy / far * reach),
            };
            tip = at(size.body.width / 2.0);
            pieces.push(Piece::Line(at(size.body.width / 2.0 + HEAD)));
        }
        let line = &mut drawing.edges[index];
        line.start = before.first().or(spline.first()).copied().unwrap_or_default();
        (line.pieces, line.tip) = (pieces, tip);
    }
    drawing
}
