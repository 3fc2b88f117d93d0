//! Tests of layout and exporters on the pictures of [`samples`](crate::samples).

mod drawings;
mod exports;
mod files;
#[cfg(any(feature = "png", feature = "pdf"))]
mod raster;

use crate::samples::{self, NASTY, Sample, nasty};
use crate::*;
use graphviz_rust::dot_structures::{Attribute, Graph as Dot, GraphAttributes, Id, Stmt};

fn drawn(picture: &Picture) -> Geometry {
    Layered::default().lay_out(picture, &Sizes::of(picture))
}

#[test]
fn nothing_overlaps_and_nothing_is_cut() {
    for (name, picture) in samples::all().into_iter().chain([("nasty", nasty())]) {
        let drawing = drawn(&picture);
        let canvas = Rect { x: 0.0, y: 0.0, width: drawing.width, height: drawing.height };
        let labels: Vec<Rect> = drawing.edges.iter().filter_map(|edge| edge.label).collect();
        let boxes: Vec<(String, Rect)> = (drawing.nodes.iter().enumerate())
            .map(|(index, rect)| (picture.nodes[index].id.clone(), *rect))
            .chain(labels.iter().enumerate().map(|(index, rect)| (format!("label {index}"), *rect)))
            .collect();
        for (index, (id, rect)) in boxes.iter().enumerate() {
            assert!(canvas.contains(rect), "{name}: {id} is cut");
            for (other, place) in &boxes[index + 1..] {
                assert!(!rect.overlaps(place), "{name}: {id} overlaps {other}");
            }
        }
        for frame in drawing.groups.iter().flatten() {
            assert!(
                canvas.contains(&frame.outline) && canvas.contains(&frame.label),
                "{name}: a frame is cut"
            );
        }
        for line in &drawing.edges {
            for point in line.samples() {
                assert!(
                    canvas.contains(&Rect { x: point.x, y: point.y, ..Rect::default() }),
                    "{name}: a line is cut"
                );
            }
        }
    }
}

#[test]
fn frames_hold_their_nodes_and_no_others() {
    for (name, picture) in samples::all() {
        let drawing = drawn(&picture);
        for (group, frame) in drawing.groups.iter().enumerate() {
            let Some(frame) = frame else {
                continue;
            };
            for (node, rect) in drawing.nodes.iter().enumerate() {
                let inside = picture.groups_around(node).contains(&group);
                let id = &picture.nodes[node].id;
                assert_eq!(
                    frame.outline.contains(rect),
                    inside,
                    "{name}: {id}, {}",
                    picture.groups[group].label
                );
                assert!(
                    inside || !frame.outline.overlaps(rect),
                    "{name}: {id}, {}",
                    picture.groups[group].label
                );
            }
        }
    }
}

#[test]
fn lines_keep_off_other_nodes_and_off_digits() {
    for (name, picture) in samples::all() {
        let (drawing, sizes) = (drawn(&picture), Sizes::of(&picture));
        for (index, edge) in picture.drawn_edges() {
            let line = drawing.edges[index].samples();
            for (node, rect) in drawing.nodes.iter().enumerate() {
                let Size { width, height } = sizes.nodes[node].body;
                let body = Rect::around(rect.centre(), width, height).inflated(-0.5);
                let hit = line.iter().any(|p| body.contains(&Rect { x: p.x, y: p.y, ..Rect::default() }));
                let own = node == edge.from || node == edge.to;
                assert!(own || !hit, "{name}: edge {index} runs through {}", picture.nodes[node].id);
            }
            for (other, label) in
                drawing.edges.iter().enumerate().filter_map(|(i, edge)| Some((i, edge.label?)))
            {
                let label = label.inflated(-2.0);
                let hit = line.iter().any(|p| label.contains(&Rect { x: p.x, y: p.y, ..Rect::default() }));
                assert!(
                    other == index || !hit,
                    "{name}: edge {index} runs through the digits of edge {other}"
                );
            }
        }
    }
}

#[test]
fn a_line_runs_flat_through_the_middle_of_its_label() {
    let picture = samples::apples_and_oranges();
    for line in drawn(&picture).edges {
        let label = line.label.expect("every edge has digits");
        let inside = |x: f64| label.x + 0.2 < x && x < label.right() - 0.2;
        for point in line.samples().into_iter().filter(|point| inside(point.x)) {
            assert!((point.y - label.centre().y).abs() < 0.2, "{point:?} {label:?}");
        }
    }
}

#[test]
fn operands_stand_in_their_order() {
    let pictures = ["apples", "order", "net", "net_shapes", "softmax", "g_net", "order_down", "apples_down"];
    for (name, picture) in samples::all().into_iter().filter(|(name, _)| pictures.contains(name)) {
        let drawing = drawn(&picture);
        for (index, edge) in picture.drawn_edges() {
            for (other, later) in picture.drawn_edges() {
                if edge.to == later.to && edge.operand < later.operand {
                    let (first, second) = (drawing.edges[index].tip, drawing.edges[other].tip);
                    let in_order = match picture.direction {
                        Direction::LeftToRight => first.y < second.y,
                        Direction::TopToBottom => first.x < second.x,
                    };
                    assert!(in_order, "{name}: operands of {}", picture.nodes[edge.to].id);
                }
            }
        }
    }
}

#[test]
fn exports_are_the_same_from_run_to_run() {
    for (name, picture) in samples::all() {
        assert_eq!(picture.to_svg(), picture.to_svg(), "{name}");
        assert_eq!(picture.to_dot(), picture.to_dot(), "{name}");
        assert!(picture.to_svg().ends_with("</svg>\n") && picture.to_dot().ends_with("}\n"), "{name}");
    }
}

#[test]
fn a_picture_survives_json() {
    let picture = nasty();
    let json = serde_json::to_string(&picture).expect("plain data");
    assert_eq!(serde_json::from_str::<Picture>(&json).expect("just written"), picture);
}

#[test]
fn a_square_has_two_arrows() {
    let mut draft = Sample::default();
    let x = draft.node(NodeKind::Input, "", "x", "");
    draft.op("×", &[(x, "3", "3"), (x, "3", "3")]);
    let drawing = drawn(&draft.0);
    assert_ne!(drawing.edges[0].tip, drawing.edges[1].tip);
    assert_eq!(draft.0.to_svg().matches("data-from=\"n0\" data-to=\"n1\"").count(), 2);
    draft.0.edges.iter_mut().for_each(|edge| (edge.value, edge.gradient) = (None, None));
    assert_eq!(draft.0.to_dot().matches("n0 -> n1").count(), 2);
}

#[test]
fn an_edge_that_leads_nowhere_is_left_out() {
    let mut picture = samples::apples_and_oranges();
    let (svg, dot) = (picture.to_svg(), picture.to_dot());
    picture.edges.push(PictureEdge { from: 99, to: 0, ..PictureEdge::default() });
    assert_eq!((picture.to_svg(), picture.to_dot()), (svg, dot));
}

#[test]
fn a_long_title_is_cut_in_the_drawing_and_whole_beside_it() {
    let titled = |title: &str| {
        let picture = Picture { title: title.to_owned(), ..samples::apples_and_oranges() };
        (drawn(&picture).width, picture.to_svg())
    };
    let (width, short) = titled("Apples");
    assert!(short.contains(">Apples</text>"));
    let long = "a title without an end ".repeat(80);
    let (wide, svg) = titled(&long);
    assert!(wide < width.max(800.0), "{wide}");
    assert!(svg.contains(&format!("<title>{long}</title>")) && svg.contains("…</text>"));
    let (_, endless) = titled(&long.repeat(50));
    assert!(endless.len() < svg.len() + 200 && endless.contains("…</title>"));
}

#[test]
fn an_empty_picture_can_be_drawn() {
    assert!(Picture::default().to_svg().contains("</svg>"));
    assert!(graphviz_rust::parse(&Picture::default().to_dot()).is_ok());
}

#[test]
fn a_long_chain_needs_no_deep_stack() {
    let mut draft = Sample::default();
    let mut x = draft.node(NodeKind::Input, "", "x", "");
    for _ in 0..1_500 {
        x = draft.op("exp", &[(x, "1", "1")]);
    }
    assert_eq!(draft.0.to_svg().matches("<circle").count(), 1_500);
}

#[test]
fn every_drawing_in_dot_is_read_back() {
    for (name, picture) in samples::all().into_iter().chain([("nasty", nasty())]) {
        let text = picture.to_dot();
        let read = graphviz_rust::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
        let Dot::DiGraph { stmts, .. } = read else {
            panic!("{name}: not a directed graph");
        };
        let arrows = stmts.iter().filter(|stmt| matches!(stmt, Stmt::Edge(_))).count();
        assert_eq!(arrows, picture.edges.len(), "{name}");
        // The digits of each arrow are its label.
        let labels = Sizes::of(&picture).labels.iter().flatten().count();
        let labelled = |stmt: &&Stmt| match stmt {
            Stmt::Edge(edge) => edge.attributes.iter().any(|a| a.0 == Id::Plain("label".to_owned())),
            _ => false,
        };
        assert_eq!(stmts.iter().filter(labelled).count(), labels, "{name}");
    }
}

#[test]
fn quoted_text_in_dot_comes_back_as_it_was_written() {
    let title = format!("{NASTY}&lt;&#35;&amp;");
    let dot = Picture { title: format!("{title}\t"), ..Picture::default() }.to_dot();
    let Ok(Dot::DiGraph { stmts, .. }) = graphviz_rust::parse(&dot) else {
        panic!("not read back: {dot}");
    };
    let Some(Stmt::GAttribute(GraphAttributes::Graph(attributes))) = stmts.first() else {
        panic!("no graph attributes: {dot}");
    };
    let label = attributes.iter().find(|Attribute(key, _)| *key == Id::Plain("label".to_owned()));
    let Some(Attribute(_, Id::Escaped(label))) = label else {
        panic!("no label: {dot}");
    };
    let inner = label.trim_start_matches('"').strip_suffix('"').expect("the closing quote");
    let read = inner.replace("\\n", "\n").replace("\\\"", "\"").replace("\\\\", "\\");
    // As Graphviz reads it, which knows the names of characters.
    assert_eq!(read.replace("&amp;", "&"), format!("{title} "));
    assert_eq!(read.matches("&amp;").count(), title.matches('&').count());
}

#[test]
fn names_are_text_in_svg() {
    let svg = nasty().to_svg();
    assert_eq!(svg.matches("</title>").count(), 1 + nasty().nodes.len());
    assert!(!svg.contains("<b>") && svg.contains("&lt;b&gt;&amp; 損失"));
}

#[test]
fn marks_are_drawn_with_signs_and_a_legend_and_change_nothing_where_there_are_none() {
    let mut draft = Sample::default();
    let x = draft.node(NodeKind::Input, "", "x", "3");
    let f = draft.op("f", &[(x, "1", "2")]);
    let y = draft.op("g", &[(f, "3", "4")]);
    let mut picture = draft.0;
    let plain = (picture.to_svg(), picture.to_dot());
    assert!(!plain.0.contains("badge") && !plain.1.contains("xlabel"));
    for (node, mark) in [(x, Mark::Right), (f, Mark::Wrong), (y, Mark::Kink)] {
        picture.nodes[node].mark = Some(mark);
    }
    picture.edges[0].wrong = true;
    let (svg, dot) = (picture.to_svg(), picture.to_dot());
    for text in ["1 wrong", "1 at a kink", "1 right", "node op wrong", "edge wrong"] {
        assert!(svg.contains(text), "{text}\n{svg}");
    }
    assert!(dot.contains("✗ wrong") && graphviz_rust::parse(&dot).is_ok(), "{dot}");
    let json = serde_json::to_string(&picture).unwrap();
    assert_eq!(serde_json::from_str::<Picture>(&json).unwrap(), picture);
    picture.nodes.iter_mut().for_each(|node| node.mark = None);
    picture.edges[0].wrong = false;
    assert_eq!((picture.to_svg(), picture.to_dot()), plain);
}
