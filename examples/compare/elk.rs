//! ELK as a layout engine, by its build for JavaScript in `tests/elk`: it gets the same boxes, and its lines, which turn at
//! right angles, are drawn in the same style.

use chainrule::picture::{EdgeLine, Frame, Geometry, LayoutEngine, Picture, Piece, Point, Rect, Size, Sizes};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Places pictures with `elkjs`.
pub(crate) struct Elk;

/// Margin around a drawing, and space above it for a title.
const MARGIN: f64 = 16.0;
const TITLE: f64 = 26.0;

impl LayoutEngine for Elk {
    fn lay_out(&self, picture: &Picture, sizes: &Sizes) -> Geometry {
        let answer = ask(&question(picture, sizes)).expect("`npm ci` in `tests/elk`, and `node`, give ELK");
        read(picture, sizes, &answer)
    }
}

/// The boxes and edges as ELK's JSON. A label is a box on its edge, as in the layout of the crate.
fn question(picture: &Picture, sizes: &Sizes) -> Value {
    let mut members: Vec<Vec<Value>> = vec![Vec::new(); picture.groups.len()];
    let mut roots = Vec::new();
    let mut put = |group: Option<usize>, value: Value| match group {
        Some(group) => members[group].push(value),
        None => roots.push(value),
    };
    let sized = |id: String, size: Size| json!({ "id": id, "width": size.width, "height": size.height });
    for (index, node) in picture.nodes.iter().enumerate() {
        put(node.group, sized(format!("n{index}"), sizes.nodes[index].all));
    }
    let mut edges = Vec::new();
    for (index, edge) in picture.drawn_edges() {
        let (from, to) = (format!("n{}", edge.from), format!("n{}", edge.to));
        let mut arrow = |id: String, from: &str, to: &str| {
            edges.push(json!({ "id": id, "sources": [from], "targets": [to] }));
        };
        match sizes.labels[index] {
            Some(size) => {
                let around = picture.groups_around(edge.to);
                let common =
                    picture.groups_around(edge.from).into_iter().find(|group| around.contains(group));
                let label = format!("l{index}");
                put(common, sized(label.clone(), size));
                arrow(format!("a{index}"), &from, &label);
                arrow(format!("b{index}"), &label, &to);
            }
            None => arrow(format!("b{index}"), &from, &to),
        }
    }
    for group in (0..picture.groups.len()).rev() {
        let children = std::mem::take(&mut members[group]);
        let padding = "[top=14,left=12,bottom=12,right=12]";
        let frame = json!({
            "id": format!("g{group}"), "children": children, "layoutOptions": { "elk.padding": padding }
        });
        match picture.groups[group].parent {
            Some(parent) => members[parent].push(frame),
            None => roots.push(frame),
        }
    }
    json!({
        "id": "root", "children": roots, "edges": edges,
        "layoutOptions": {
            "elk.algorithm": "layered", "elk.direction": "RIGHT", "elk.hierarchyHandling": "INCLUDE_CHILDREN",
            "elk.json.shapeCoords": "ROOT", "elk.json.edgeCoords": "ROOT",
            "elk.layered.spacing.nodeNodeBetweenLayers": "20", "elk.spacing.nodeNode": "18"
        }
    })
}

fn ask(graph: &Value) -> Result<Value, Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join("elk");
    let mut child = Command::new("node")
        .arg("place.mjs")
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(graph.to_string().as_bytes())?;
    }
    Ok(serde_json::from_slice(&child.wait_with_output()?.stdout)?)
}

fn read(picture: &Picture, sizes: &Sizes, answer: &Value) -> Geometry {
    let top = if picture.title.is_empty() { MARGIN } else { MARGIN + TITLE };
    let number = |value: &Value| value.as_f64().unwrap_or_default();
    let round = |value: f64| (value * 10.0).round() / 10.0;
    let point =
        |value: &Value| Point { x: round(number(&value["x"]) + MARGIN), y: round(number(&value["y"]) + top) };
    let mut drawing = Geometry {
        width: (number(&answer["width"]) + 2.0 * MARGIN).ceil(),
        height: (number(&answer["height"]) + MARGIN + top).ceil(),
        nodes: vec![Rect::default(); picture.nodes.len()],
        edges: vec![EdgeLine::default(); picture.edges.len()],
        groups: vec![None; picture.groups.len()],
        ..Geometry::default()
    };
    let list = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let mut stack = list(answer, "children");
    while let Some(child) = stack.pop() {
        stack.extend(list(&child, "children"));
        let (kind, index) = child["id"].as_str().unwrap_or("?").split_at(1);
        let Ok(index) = index.parse::<usize>() else { continue };
        let Point { x, y } = point(&child);
        let place =
            Rect { x, y, width: round(number(&child["width"])), height: round(number(&child["height"])) };
        match kind {
            "g" => {
                let label = Rect { x: x + 10.0, y: y - 9.0, width: 90.0_f64.min(place.width), height: 18.0 };
                drawing.groups[index] = Some(Frame { outline: place, label });
            }
            "n" => drawing.nodes[index] = place,
            _ => drawing.edges[index].label = Some(place),
        }
    }
    let mut halves: Vec<[Vec<Point>; 2]> = vec![<[Vec<Point>; 2]>::default(); picture.edges.len()];
    for edge in list(answer, "edges") {
        let (half, index) = edge["id"].as_str().unwrap_or("?").split_at(1);
        let section = &edge["sections"][0];
        let bends = list(section, "bendPoints");
        let all = [&section["startPoint"]].into_iter().chain(&bends).chain([&section["endPoint"]]);
        if let Ok(index) = index.parse::<usize>() {
            halves[index][usize::from(half == "b")] = all.map(point).collect();
        }
    }
    for (index, edge) in picture.drawn_edges() {
        let mut way: Vec<Point> = halves[index].iter().flatten().copied().collect();
        let start = way.first().copied().unwrap_or_default();
        let Some(end) = way.pop() else { continue };
        // The boxes hold the texts beside circles too; the arrow goes on to the circle.
        let (place, body) = (drawing.nodes[edge.to].centre(), sizes.nodes[edge.to].body);
        let tip = Point { x: place.x - body.width / 2.0, y: end.y };
        let base = Point { x: tip.x - 8.0, y: end.y };
        let line = &mut drawing.edges[index];
        (line.start, line.tip) = (start, tip);
        line.pieces = way[1..].iter().map(|&p| Piece::Line(p)).chain([Piece::Line(base)]).collect();
    }
    drawing
}
