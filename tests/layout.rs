//! Invariants of every drawing, measured in its boxes and lines, and of the files of the chapter's graphs.

use chainrule::picture::{
    Direction, Geometry, Layered, LayoutEngine, NodeKind, Picture, Piece, Point, Rect, Sizes,
};

#[path = "../examples/graphs.rs"]
mod graphs;
#[allow(dead_code, reason = "the comparison with `dot` measures more")]
#[path = "../examples/compare/measure.rs"]
mod measure;
#[path = "layout/random.rs"]
mod random;

use measure::{Figures, bodies, enters, points, within};
use random::{grown, random};

/// What is wrong with the boxes of a drawing: those that overlap or are cut, frames that lack members or hold
/// strangers.
fn faults_of_boxes(picture: &Picture, drawing: &Geometry) -> Vec<String> {
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
    // A frame of a folded drawing has a part in each row.
    let firsts =
        drawing.groups.iter().enumerate().filter_map(|(group, frame)| Some((group, frame.as_ref()?.outline)));
    let others = drawing.continued.iter().map(|(group, frame)| (*group, frame.outline));
    let frames: Vec<(usize, Rect)> = firsts.chain(others).collect();
    let ancestors = |group: usize| {
        let parent = |&group: &usize| picture.groups[group].parent;
        std::iter::successors(Some(group), parent).collect::<Vec<_>>()
    };
    let holds = |group: usize, place: &Rect| {
        frames.iter().any(|(part, frame)| *part == group && frame.contains(place))
    };
    for (at, &(group, frame)) in frames.iter().enumerate() {
        if !canvas.contains(&frame) {
            faults.push(format!("frame {group} is cut"));
        }
        for (node, place) in drawing.nodes.iter().enumerate() {
            let member = picture.nodes[node].group.is_some_and(|inner| ancestors(inner).contains(&group));
            if member && !holds(group, place) {
                faults.push(format!("frame {group} does not hold node {node}"));
            }
            if !member && frame.overlaps(place) {
                faults.push(format!("node {node} is a stranger in frame {group}"));
            }
        }
        for &(other, beside) in &frames[at + 1..] {
            let nested = ancestors(other).contains(&group) && other != group;
            if nested && !holds(group, &beside) {
                faults.push(format!("frame {group} does not hold frame {other}"));
            }
            let related = nested || ancestors(group).contains(&other) && other != group;
            if !related && frame.overlaps(&beside) {
                faults.push(format!("frames {group} and {other} overlap"));
            }
        }
        for (edge, line) in drawing.edges.iter().enumerate() {
            let Some(label) = line.label else {
                continue;
            };
            let ends = [picture.edges[edge].from, picture.edges[edge].to];
            let touches = ends
                .iter()
                .any(|&end| picture.nodes[end].group.is_some_and(|inner| ancestors(inner).contains(&group)));
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
fn faults_of_lines(picture: &Picture, drawing: &Geometry) -> Vec<String> {
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

/// Names of frames on lines, boxes, digits or each other.
fn faults_of_names(drawing: &Geometry) -> Vec<String> {
    let mut faults = Vec::new();
    let continued = drawing.continued.iter().map(|(_, frame)| frame);
    let names: Vec<Rect> =
        drawing.groups.iter().flatten().chain(continued).map(|frame| frame.label).collect();
    let digits = drawing.edges.iter().filter_map(|line| line.label);
    let boxes: Vec<Rect> = drawing.nodes.iter().copied().chain(digits).collect();
    for (at, name) in names.iter().map(|name| within(name, 0.1)).enumerate() {
        for (edge, line) in drawing.edges.iter().enumerate() {
            if points(line).windows(2).any(|step| enters(step[0], step[1], &name)) {
                faults.push(format!("line {edge} runs through the name of frame {at}"));
            }
        }
        if boxes.iter().chain(&names[at + 1..]).any(|other| name.overlaps(other)) {
            faults.push(format!("the name of frame {at} lies on something"));
        }
    }
    faults
}

fn drawn(picture: &Picture) -> Geometry {
    Layered::default().lay_out(picture, &Sizes::of(picture))
}

#[test]
fn nothing_overlaps_in_the_graphs_of_the_chapter() {
    for (name, picture) in graphs::pictures().expect("they can be drawn") {
        let picture = picture.with_leaves_at_uses();
        let drawing = drawn(&picture);
        assert_eq!(faults_of_boxes(&picture, &drawing), [""; 0], "{name}");
        assert_eq!(faults_of_lines(&picture, &drawing), [""; 0], "{name}");
        assert_eq!(faults_of_names(&drawing), [""; 0], "{name}");
    }
}

fn faults(picture: &Picture) -> Vec<String> {
    let drawing = drawn(picture);
    [faults_of_boxes(picture, &drawing), faults_of_lines(picture, &drawing)].concat()
}

/// All that is promised of the chapter's graphs holds of these too, in both directions: no box on another, no stranger
/// in a frame, no line through a node or through the digits of another line.
#[test]
fn nothing_overlaps_in_random_graphs() {
    for seed in 0..100 {
        let (nodes, downwards) = random(seed, 60, false);
        assert_eq!(faults(&grown(&nodes, downwards)), [""; 0], "seed {seed}");
    }
    for seed in 0..10 {
        let (nodes, downwards) = random(seed, 150, true);
        let mut picture = grown(&nodes, downwards);
        // Some digits wider than any node.
        for value in picture.edges.iter_mut().filter_map(|edge| edge.value.as_mut()) {
            *value = value.repeat(if value.len() % 3 == 1 { 3 } else { 1 });
        }
        assert_eq!(faults(&picture), [""; 0], "dense, seed {seed}");
    }
}

/// The same of folded drawings, none of which is wider than its limit unless one rank is.
#[test]
fn nothing_overlaps_in_random_graphs_that_are_folded() {
    for seed in 0..100 {
        let (nodes, _) = random(seed, 60, seed % 3 == 0);
        let picture = grown(&nodes, false).max_width(700);
        let drawing = drawn(&picture);
        assert!(drawing.width <= 700.0 || seed % 3 == 0, "seed {seed}: {}", drawing.width);
        assert_eq!(faults(&picture), [""; 0], "seed {seed}");
    }
}

/// In a column of a page, 880 pixels wide, no text of a drawing is smaller than 7 pixels.
#[test]
fn the_text_of_every_drawing_can_be_read_in_a_column() {
    for (name, picture) in graphs::pictures().expect("they can be drawn") {
        let svg = picture.to_svg();
        let number =
            |key: &str| svg.split(&format!("{key}=\"")).nth(1)?.split('"').next()?.parse::<f64>().ok();
        let width = number("width").expect("it has a width");
        let sizes =
            svg.split("font-size=\"").skip(1).filter_map(|rest| rest.split('"').next()?.parse::<f64>().ok());
        let least = sizes.fold(12.0, f64::min);
        let shown = least * (880.0 / width).min(1.0);
        assert!(shown >= 7.0, "{name}: {shown:.1} px, {width} px wide");
    }
}

#[test]
fn arrows_side_by_side_bend_clear_of_a_wide_neighbour() {
    let leaf = |text| (0, text, Vec::new(), 0, 5);
    // One operand three times, and a plate that is wider than the circle above it.
    let nodes = [leaf(1), (0, 1, vec![0, 0, 0], 0, 5), leaf(165), (0, 1, vec![1, 0], 0, 5)];
    for downwards in [false, true] {
        assert_eq!(faults(&grown(&nodes, downwards)), [""; 0]);
    }
    // The same within frames.
    let nodes = [leaf(1), (0, 1, Vec::new(), 0, 80), (0, 1, vec![1], 0, 5), leaf(1)];
    let inner = [(0, 180, Vec::new(), 0, 129), (0, 1, vec![1, 1, 1], 0, 5)];
    for downwards in [false, true] {
        assert_eq!(faults(&grown(&[&nodes[..], &inner[..]].concat(), downwards)), [""; 0]);
    }
}

#[test]
fn a_box_that_is_moved_is_found() {
    let pictures = graphs::pictures().expect("they can be drawn");
    let (_, picture) = pictures.iter().find(|(name, _)| *name == "two_layer_net").expect("it is one of them");
    let drawing = drawn(picture);
    let moved = |change: &dyn Fn(&mut Geometry)| {
        let mut drawing = drawing.clone();
        change(&mut drawing);
        [faults_of_boxes(picture, &drawing), faults_of_lines(picture, &drawing)].concat()
    };
    assert!(moved(&|_| {}).is_empty());
    let label = drawing.edges.iter().rev().find_map(|line| line.label).expect("there are shapes at arrows");
    let of_group = |group| picture.nodes.iter().position(|node| node.group == group).expect("there is one");
    let (inner, outer) = (of_group(Some(0)), of_group(None));
    // A leaf on digits and their line, out of its frame; then at the edge; and one in a frame that is not its own.
    let faults = moved(&|d| d.nodes[inner] = Rect { x: label.x, y: label.y, ..d.nodes[inner] });
    for part in ["overlaps digits", "runs through node", "does not hold node"] {
        assert!(faults.iter().any(|fault| fault.contains(part)), "{part}: {faults:?}");
    }
    let faults = moved(&|d| d.nodes[inner].x = -1.0);
    assert!(faults.iter().any(|fault| fault.contains("is cut")), "{faults:?}");
    let frame = drawing.groups[0].expect("it holds nodes").outline;
    let faults = moved(&|d| d.nodes[outer] = Rect { x: frame.x + 1.0, y: frame.y + 1.0, ..d.nodes[outer] });
    assert!(faults.iter().any(|fault| fault.contains("is a stranger")), "{faults:?}");
    let (first, second) = (0, drawing.edges.len() - 1);
    let faults = moved(&|d| d.edges[first].pieces = d.edges[second].pieces.clone());
    assert!(faults.iter().any(|fault| fault.contains("runs through digits")), "{faults:?}");
}

/// A number in an element's attribute.
fn attribute(element: &str, name: &str) -> Option<f64> {
    element.split_once(&format!(" {name}=\""))?.1.split('"').next()?.parse().ok()
}

fn text_of<'s>(element: &'s str, name: &str) -> &'s str {
    let value = element.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| rest.split('"').next());
    value.unwrap_or_default()
}

/// A `rect` or a `circle`.
fn shape(element: &str) -> Option<Rect> {
    let number = |name: &str| attribute(element, name);
    if let (Some(x), Some(y), Some(r)) = (number("cx"), number("cy"), number("r")) {
        return Some(Rect::around(Point { x, y }, 2.0 * r, 2.0 * r));
    }
    Some(Rect { x: number("x")?, y: number("y")?, width: number("width")?, height: number("height")? })
}

/// The points of a path of straight lines and cubic curves.
fn path(d: &str) -> Vec<Point> {
    let mut line = chainrule::picture::EdgeLine::default();
    let steps = d.split_inclusive(['M', 'L', 'C']).collect::<Vec<_>>();
    for pair in steps.windows(2) {
        let letter = pair[0].chars().last().unwrap_or('M');
        let numbers = pair[1].trim_end_matches(['M', 'L', 'C']).split(' ');
        let numbers: Vec<f64> = numbers.map(|number| number.parse().expect("a number")).collect();
        let at = |index: usize| Point { x: numbers[2 * index], y: numbers[2 * index + 1] };
        match letter {
            'M' => line.start = at(0),
            'L' => line.pieces.push(Piece::Line(at(0))),
            _ => line.pieces.push(Piece::Curve(at(0), at(1), at(2))),
        }
    }
    line.tip = line.pieces.last().map_or(line.start, Piece::end);
    points(&line)
}

#[test]
fn nothing_overlaps_in_the_files() {
    for (name, picture) in graphs::pictures().expect("they can be drawn") {
        let picture = picture.with_leaves_at_uses().into_owned();
        let file =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("graphs").join(name).with_extension("svg");
        let svg = std::fs::read_to_string(file).expect("it was drawn");
        let (mut bodies, mut plates, mut frames, mut lines) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut node, mut ends) = (None, ("", ""));
        for element in svg.lines() {
            let class = text_of(element, "class");
            match class.split(' ').next().unwrap_or_default() {
                "node" => node = Some(text_of(element, "data-id")),
                "edge" => ends = (text_of(element, "data-from"), text_of(element, "data-to")),
                "body" => bodies.push((node.unwrap_or_default(), shape(element).expect("a shape"))),
                "plate" if node.is_none() => plates.push(shape(element).expect("a plate")),
                "frame" => frames.push(shape(element).expect("a frame")),
                "line" => lines.push((ends, path(text_of(element, "d")))),
                _ => {}
            }
            node = node.filter(|_| element != "</g>");
        }
        assert_eq!(lines.len(), picture.drawn_edges().count(), "{name}");
        let bare = |kind| matches!(kind, NodeKind::Output | NodeKind::Hidden);
        assert_eq!(bodies.len(), picture.nodes.iter().filter(|node| !bare(node.kind)).count(), "{name}");
        let rows = picture.drawn_edges().map(|(index, edge)| {
            let shown = Sizes::of(&picture).labels[index].is_some();
            usize::from(shown) + usize::from(shown && edge.value.is_some() && edge.gradient.is_some())
        });
        assert_eq!(plates.len(), rows.sum::<usize>(), "{name}");
        let boxes: Vec<Rect> = bodies.iter().map(|&(_, body)| body).chain(plates.iter().copied()).collect();
        for (at, place) in boxes.iter().enumerate() {
            let other = boxes[at + 1..].iter().find(|other| within(place, 0.2).overlaps(other));
            assert!(other.is_none(), "{name}: {place:?} on {other:?}");
        }
        for ((from, to), line) in &lines {
            let hits =
                |place: &Rect| line.windows(2).any(|step| enters(step[0], step[1], &within(place, 0.5)));
            let own = |id: &str| id == *from || id == *to;
            assert!(!bodies.iter().any(|(id, body)| !own(id) && hits(body)), "{name}: {from} to {to}");
            // A line's own digits stand above and below it.
            assert!(!plates.iter().any(hits), "{name}: {from} to {to}");
        }
        for (at, frame) in frames.iter().enumerate() {
            let apart =
                |other: &Rect| !frame.overlaps(other) || frame.contains(other) || other.contains(frame);
            assert!(frames[at + 1..].iter().all(apart), "{name}: {frame:?}");
            assert!(bodies.iter().all(|(_, body)| apart(body)), "{name}: {frame:?}");
        }
    }
}

#[test]
fn the_two_layer_net_at_the_level_of_layers_fits_a_screen() {
    let pictures = graphs::pictures().expect("they can be drawn");
    let (_, picture) =
        pictures.iter().find(|(name, _)| *name == "two_layer_net_layers").expect("it is one of them");
    for direction in [Direction::LeftToRight, Direction::TopToBottom] {
        let drawing = drawn(&Picture { direction, ..picture.clone() });
        assert!(drawing.width <= 1_600.0 && drawing.height <= 900.0, "{}×{}", drawing.width, drawing.height);
    }
}

#[test]
fn the_comparison_shows_what_is_drawn() {
    let file =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("graphs").join("compare").join("README.md");
    let page = std::fs::read_to_string(file).expect("`cargo run --example compare` writes it");
    for (name, picture) in graphs::pictures_as_wide_as_they_are().expect("they can be drawn") {
        let row = Figures::of(&picture, &drawn(&picture)).row("ours");
        let part = page.split("\n## ").find(|part| part.starts_with(&format!("{name}\n")));
        assert!(
            part.is_some_and(|part| part.contains(&row)),
            "{name} is drawn otherwise: run `cargo run --example compare`, which needs Graphviz\n{row}"
        );
    }
}
