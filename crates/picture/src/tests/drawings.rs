//! What a drawing promises to its reader, measured: rows, contrast, base lines, arrows back, marks.

use super::drawn;
use crate::samples::{self, Sample, nasty};
use crate::*;
use std::collections::BTreeSet;

/// A chain of ops, from the second of which on each has a digit at its arrow.
fn chain(steps: usize) -> Picture {
    let mut draft = Sample::default();
    let mut x = draft.node(NodeKind::Input, "", "x", "");
    for _ in 0..steps {
        x = draft.op("exp", &[(x, "1", "1")]);
    }
    draft.0
}

fn point(p: Point) -> Rect {
    Rect { x: p.x, y: p.y, width: 0.0, height: 0.0 }
}

#[test]
fn a_wide_drawing_is_folded_into_rows_that_read_as_text_does() {
    let picture = chain(40).max_width(800);
    let drawing = drawn(&picture);
    assert!(drawing.width <= 800.0, "{}", drawing.width);
    let mut row_starts = 0;
    for pair in drawing.nodes.windows(2) {
        let (a, b) = (pair[0].centre(), pair[1].centre());
        let (beside, below) = ((a.y - b.y).abs() < 0.2 && a.x < b.x, a.y + 40.0 < b.y && a.x > b.x);
        assert!(beside || below, "{a:?} {b:?}");
        row_starts += usize::from(below);
    }
    assert!(row_starts >= 4, "{row_starts}");
    // Rows begin at one edge.
    let starts: BTreeSet<i64> = drawing
        .nodes
        .windows(2)
        .filter(|pair| pair[1].x < pair[0].x)
        .map(|pair| pair[1].x.round() as i64)
        .collect();
    assert_eq!(starts.len(), 1, "{starts:?}");
    // A line that turns goes right, down, left, down and right, and every arrow ends at its node.
    for (index, edge) in picture.drawn_edges() {
        let line = &drawing.edges[index];
        assert!(drawing.nodes[edge.to].inflated(1.0).contains(&point(line.tip)), "{index}");
        let mut from = line.start;
        for piece in &line.pieces {
            let steps = (piece.end().x - from.x).abs() + (piece.end().y - from.y).abs();
            assert!(steps < 1_700.0, "{index} jumps");
            from = piece.end();
        }
    }
    // Without a limit it is one row, and one that fits is not folded.
    let one = drawn(&Picture { max_width: None, ..picture.clone() });
    assert!(one.nodes.iter().all(|place| (place.centre().y - one.nodes[0].centre().y).abs() < 0.2));
    assert_eq!(drawn(&chain(3).max_width(800)), drawn(&chain(3)));
}

#[test]
fn frames_that_go_on_in_the_next_row_are_drawn_in_both() {
    let mut picture = chain(30).max_width(700);
    picture.add_group("outer", None, 1..30);
    picture.add_group("inner", Some(0), 4..28);
    let drawing = drawn(&picture);
    assert!(!drawing.continued.is_empty());
    for (node, place) in drawing.nodes.iter().enumerate() {
        for group in picture.groups_around(node) {
            let first = drawing.groups[group].iter().map(|frame| (group, *frame));
            let mut parts = first.chain(drawing.continued.iter().copied());
            assert!(parts.any(|(part, frame)| part == group && frame.outline.contains(place)), "{node}");
        }
    }
    let svg = picture.to_svg();
    assert!(svg.contains(">outer<") && svg.contains(">… outer<"));
}

#[test]
fn a_picture_runs_downwards_where_that_fits_better() {
    // Two nodes beside each other with long digits: too wide, and not high.
    let mut picture = Picture::new("").max_width(300);
    let nodes: Vec<usize> = (0..3).map(|_| picture.add_node(NodeKind::Op, "exp", "")).collect();
    for pair in nodes.windows(2) {
        picture.add_edge(pair[0], pair[1]).value = Some("a long text".to_owned());
    }
    let folded = drawn(&picture);
    let picture = picture.in_fitting_direction();
    let better = drawn(&picture);
    assert!(better.width <= 300.0 && better.height <= folded.height);
    // A long chain stays in rows.
    assert_eq!(chain(40).max_width(800).in_fitting_direction().direction, Direction::LeftToRight);
    assert_eq!(chain(40).in_fitting_direction().direction, Direction::LeftToRight, "there is no limit");
}

#[test]
fn the_main_path_is_straight_and_the_shortcut_bends() {
    let mut draft = Sample::default();
    let mut x = draft.node(NodeKind::Input, "", "x", "");
    let mut main = Vec::new();
    x = draft.op("relu", &[(x, "1", "1")]);
    main.push(x);
    for _ in 0..3 {
        let a = draft.op("f", &[(x, "1", "1")]);
        let b = draft.op("g", &[(a, "1", "1")]);
        // The shortcut is the first operand.
        x = draft.op("+", &[(x, "1", "1"), (b, "1", "1")]);
        main.extend([a, b, x]);
    }
    let drawing = drawn(&draft.0);
    let heights: Vec<f64> = main.iter().map(|&node| drawing.nodes[node].centre().y).collect();
    assert!(heights.iter().all(|y| (y - heights[0]).abs() < 0.5), "{heights:?}");
}

#[test]
fn a_node_is_not_pulled_late_on_a_tie() {
    let mut draft = Sample::default();
    let x = draft.node(NodeKind::Input, "", "x", "");
    let first = draft.op("f", &[(x, "1", "1")]);
    // Used at once and, through one op, four steps later.
    let side = draft.op("tanh", &[(first, "1", "1")]);
    let mut y = first;
    for _ in 0..4 {
        y = draft.op("g", &[(y, "1", "1")]);
    }
    draft.op("×", &[(y, "1", "1"), (side, "1", "1")]);
    let drawing = drawn(&draft.0);
    let x = |node: usize| drawing.nodes[node].centre().x;
    assert!(x(side) < x(side + 2), "it stands right after what it is computed from");
}

#[test]
fn a_leaf_with_distant_uses_is_repeated_at_each_and_counted_once() {
    let mut draft = Sample::default();
    let w = draft.node(NodeKind::Parameter, "", "W", "3×3");
    let mut h = draft.node(NodeKind::Input, "", "h", "1×3");
    for _ in 0..20 {
        h = draft.op("·", &[(h, "1", "1"), (w, "1", "1")]);
    }
    draft.0.nodes[w].gradient = Some("4.2".to_owned());
    let plain = draft.0;
    assert_eq!(plain.with_leaves_at_uses().as_ref(), &plain, "lines are bundled where there is no limit");
    let picture = plain.clone().max_width(900);
    let drawn_picture = picture.with_leaves_at_uses();
    let copies: Vec<&PictureNode> =
        drawn_picture.nodes.iter().filter(|node| node.name.as_deref() == Some("W")).collect();
    assert_eq!(copies.len(), 20);
    assert_eq!(copies[0].note.as_deref(), Some("×20, Σ 4.2"));
    assert!(copies[1..].iter().all(|copy| copy.note.is_none()));
    let ids: BTreeSet<&str> = drawn_picture.nodes.iter().map(|node| node.id.as_str()).collect();
    assert_eq!(ids.len(), drawn_picture.nodes.len());
    assert_eq!(picture.to_svg().matches("×20").count(), 1);
}

#[test]
fn a_constant_stands_in_the_frame_of_what_uses_it() {
    let mut picture = chain(4).max_width(900);
    let half = picture.add_node(NodeKind::Constant, "0.5", "");
    picture.add_edge(half, 2);
    picture.add_group("scale", None, [1, 2]);
    assert_eq!(picture.with_leaves_at_uses().nodes[half].group, Some(0));
}

/// The relative luminance of a colour (WCAG 2.2).
fn luminance(colour: &str) -> f64 {
    let digits = colour.trim_start_matches('#');
    let wide: String = match digits.len() {
        3 => digits.chars().flat_map(|c| [c, c]).collect(),
        _ => digits.to_owned(),
    };
    let part = |at: usize| {
        let value = u8::from_str_radix(&wide[at..at + 2], 16).expect("a colour");
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
}

fn contrast(one: &str, two: &str) -> f64 {
    let (a, b) = (luminance(one), luminance(two));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn every_text_line_and_sign_has_a_contrast_of_four_and_a_half() {
    assert!((contrast("#000", "#fff") - 21.0).abs() < 1e-9 && contrast("#777", "#fff") < 4.5);
    let style = [export::svg::STYLE.to_owned(), export::badge::style(None)].concat();
    let rules: Vec<(&str, &str)> =
        style.lines().filter_map(|line| line.trim_end_matches('}').split_once('{')).collect();
    let of = |name: &str, property: &str| -> String {
        let rule = rules.iter().rfind(|(selectors, rule)| {
            let own = selectors.split(',').any(|selector| selector.trim() == format!(".chainrule {name}"));
            own && rule.split(';').any(|part| part.split_once(':').is_some_and(|(key, _)| key == property))
        });
        let (_, rule) = rule.unwrap_or_else(|| panic!("{name} has a {property}"));
        let parts = rule.split(';').filter_map(|part| part.split_once(':'));
        parts
            .filter(|(key, _)| *key == property)
            .map(|(_, value)| value.to_owned())
            .next_back()
            .expect("a value")
    };
    let papers = ["#fff".to_owned(), of(".frame", "fill")];
    // Texts on paper, on frames, and on the bodies of nodes.
    let kinds = [".input .body", ".parameter .body", ".constant .body", ".layer .body", ".backward .body"];
    let bodies: Vec<String> =
        kinds.iter().map(|kind| of(kind, "fill")).chain([of(".body", "fill")]).collect();
    for (text, on) in [("text", &bodies), (".shape", &bodies), (".gradient", &bodies)] {
        for paper in on.iter().chain(&papers) {
            let seen = contrast(&of(text, "fill"), paper);
            assert!(seen >= 4.5, "{text} on {paper}: {seen:.2}");
        }
    }
    assert!(contrast(&of(".frame-label", "fill"), &of(".frame-plate", "fill")) >= 4.5);
    // Lines, heads and outlines on paper and on frames.
    let drawn =
        [(".line", "stroke"), (".head", "fill"), (".backward .line", "stroke"), (".backward .head", "fill")];
    let back = [(".back", "stroke"), (".back-head", "fill")];
    let outlines = kinds.map(|kind| (kind, "stroke"));
    for (name, property) in drawn.into_iter().chain(back).chain(outlines) {
        for paper in &papers {
            let seen = contrast(&of(name, property), paper);
            assert!(seen >= 4.5, "{name} on {paper}: {seen:.2}");
        }
    }
    // Every sign on its badge, and every badge on paper.
    for mark in Mark::ALL {
        let [badge, sign] = [".badge", ".sign"].map(|part| format!(".mark-{} {part}", mark.word()));
        let filled = rules.iter().any(|(selectors, rule)| {
            selectors.contains(&format!(".chainrule {badge}")) && rule.starts_with("fill:#")
        });
        let fill = if filled { of(&badge, "fill") } else { "#fff".to_owned() };
        for paper in &papers {
            assert!(contrast(&of(&badge, "stroke"), paper) >= 4.5, "{mark:?}");
        }
        assert!(contrast(&of(&sign, "stroke"), &fill) >= 4.5, "{mark:?}");
    }
}

#[test]
fn a_name_above_a_node_meets_no_line() {
    let mut pictures: Vec<(String, Picture)> =
        samples::all().into_iter().map(|(name, picture)| (name.to_owned(), picture)).collect();
    // Names on every op of a graph whose lines are steep.
    let mut steep = samples::two_layer_net();
    for (at, node) in steep.nodes.iter_mut().enumerate().filter(|(_, node)| node.kind == NodeKind::Op) {
        node.name = Some(format!("a_name_of_{at}"));
    }
    pictures.push(("steep".to_owned(), steep.clone()));
    pictures.push(("folded".to_owned(), steep.max_width(700)));
    for (name, picture) in pictures {
        let (drawing, sizes) = (drawn(&picture), Sizes::of(&picture));
        for (node, place) in drawing.nodes.iter().enumerate() {
            let size = &sizes.nodes[node];
            if picture.nodes[node].kind != NodeKind::Op || size.all.height <= size.body.height {
                continue;
            }
            let above = Rect { height: (size.all.height - size.body.height) / 2.0 - 1.0, ..*place };
            for (index, edge) in picture.drawn_edges() {
                let own = [edge.from, edge.to].contains(&node);
                let text = if own { above.inflated(-6.0) } else { above };
                let met = drawing.edges[index]
                    .samples()
                    .into_iter()
                    .any(|p| text.height > 0.0 && text.contains(&point(p)));
                assert!(!met, "{name}: line {index} at node {node}");
            }
        }
    }
}

#[test]
fn gradients_of_single_numbers_come_back_on_arrows_of_their_own() {
    let picture = samples::apples_and_oranges();
    let svg = picture.to_svg();
    assert_eq!(svg.matches("class=\"back\"").count(), picture.drawn_edges().count());
    // Each runs to the left, below the arrow that it belongs to.
    for line in svg.lines().filter(|line| line.contains("class=\"back\"")) {
        let way = line.split("d=\"M").nth(1).and_then(|rest| rest.split('"').next()).expect("a way");
        let xs: Vec<f64> = way.split('L').map(|p| p.split(' ').next().unwrap().parse().unwrap()).collect();
        assert!(xs.windows(2).all(|pair| pair[1] < pair[0] + 1e-9), "{way}");
    }
    // Not where there are shapes, or no gradients.
    assert!(!samples::two_layer_net().to_svg().contains("class=\"back\""));
    let mut plain = picture;
    plain.edges.iter_mut().for_each(|edge| edge.gradient = None);
    assert!(!plain.to_svg().contains("class=\"back\""));
}

#[test]
fn what_marks_and_signs_mean_is_told_below_the_drawing() {
    let looks: BTreeSet<String> = Mark::ALL
        .into_iter()
        .map(|mark| {
            let mut picture = chain(1);
            picture.nodes[1].mark = Some(mark);
            let svg = picture.to_svg();
            assert!(svg.contains(&format!(">{}<", mark.legend_entry(1))), "{mark:?}");
            let at = svg.find(&format!("mark-{}\"", mark.word())).expect("a badge");
            let badge =
                svg[at..].lines().next().expect("a line").split_once("><").expect("an outline").1.to_owned();
            let style = export::badge::style(None);
            let fill = style.lines().find(|line| line.contains(&format!(".mark-{} .badge", mark.word())));
            format!("{badge} {}", fill.is_some_and(|line| line.contains("{fill:#")))
        })
        .collect();
    assert_eq!(looks.len(), Mark::ALL.len(), "every mark looks different without its colour");
    let net = samples::two_layer_net().to_svg();
    for said in ["µ mean", "σ standard deviation"] {
        assert_eq!(net.matches(said).count(), 1, "{said}");
    }
    assert!(!samples::apples_and_oranges().to_svg().contains("µ mean"));
}

#[test]
fn a_flowchart_is_never_larger_than_mermaid_draws() {
    let fits = |text: &str| text.chars().count() <= 50_000 && text.matches(" --").count() <= 500;
    for grouped in [true, false] {
        let mut picture = chain(2_000);
        if grouped {
            for part in 0..40 {
                picture.add_group(&format!("part {part}"), None, part * 50..(part + 1) * 50);
            }
        }
        let text = picture.to_mermaid();
        assert!(fits(&text), "{} characters", text.chars().count());
        assert!(text.contains("2,001 nodes and 2,000 arrows, rolled up to"), "{}", &text[..200]);
        assert_eq!(text.contains("50 nodes"), grouped, "{}", &text[..600]);
    }
    assert!(!chain(100).to_mermaid().contains("rolled up"));
    let mut wordy = chain(400);
    wordy
        .nodes
        .iter_mut()
        .for_each(|node| node.name = Some("a name of forty letters or a few more than that".repeat(3)));
    assert!(fits(&wordy.to_mermaid()));
    assert!(fits(&nasty().to_mermaid()));
}

#[test]
fn any_graph_of_petgraph_is_drawn_with_its_removed_nodes_too() {
    let mut graph = petgraph::stable_graph::StableGraph::<&str, u32>::new();
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| graph.add_node(name));
    graph.extend_with_edges([(a, b, 1), (b, c, 2), (a, c, 3), (c, c, 4), (c, d, 5)]);
    let draw = |graph: &petgraph::stable_graph::StableGraph<&str, u32>| {
        Picture::of_graph(
            "letters",
            graph,
            |(_, name), node| node.name = Some((*name).to_owned()),
            |edge, arrow| arrow.value = Some(edge.weight().to_string()),
        )
    };
    let before = draw(&graph);
    assert_eq!((before.nodes.len(), before.edges.len(), before.drawn_edges().count()), (4, 5, 4));
    graph.remove_node(b);
    graph[a] = "A";
    let after = draw(&graph);
    assert_eq!(after.nodes.iter().map(|node| node.id.as_str()).collect::<Vec<_>>(), ["n0", "n2", "n3"]);
    let both = before.compared_with(&after);
    let marks: Vec<_> =
        both.nodes.iter().map(|node| (node.name.as_deref().unwrap_or(""), node.mark)).collect();
    let expected = [("a → A", Some(Mark::Changed)), ("c", None), ("d", None), ("b", Some(Mark::Removed))];
    assert_eq!(marks, expected);
    let removed: Vec<_> = both.edges.iter().filter(|edge| edge.mark == Some(Mark::Removed)).collect();
    assert_eq!(removed.iter().map(|edge| edge.value.as_deref()).collect::<Vec<_>>(), [Some("1"), Some("2")]);
    // Undirected graphs and other kinds of graph too.
    let map = petgraph::graphmap::UnGraphMap::<u32, ()>::from_edges([(1, 2), (2, 3)]);
    let picture = Picture::of_graph("", &map, |(id, _), node| node.name = Some(id.to_string()), |_, _| {});
    assert_eq!((picture.nodes.len(), picture.edges.len()), (3, 2));
}
