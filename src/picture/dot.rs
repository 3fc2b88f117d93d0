//! Pictures in Graphviz's DOT language.
//!
//! DOT cannot set text on both sides of an arrow, so the digits stand on plates of their own: op, plate with the
//! forward value over the gradient, op.

use super::mark::Mark;
use super::measure::EdgeText;
use super::model::{Direction, Group, NodeKind, Picture, PictureNode};
use super::text::{minus, width, xml};
use graphviz_rust::dot_structures::{
    Attribute, Edge, EdgeTy, Graph, GraphAttributes, Id, Node, NodeId, Stmt, Subgraph, Vertex,
};
use graphviz_rust::printer::{DotPrinter, PrinterContext};

const INK: &str = "#1f2933";
const GREY: &str = "#66717c";
const RED: &str = "#c0331c";
const WRONG: &str = "#b3001b";
const LINE: &str = "#5f6b76";
const BACKWARD_LINE: &str = "#d0705f";

/// Words that DOT keeps for itself, in any case.
const KEYWORDS: [&str; 6] = ["node", "edge", "graph", "digraph", "subgraph", "strict"];

/// Writes a picture as a directed graph that `dot` accepts.
pub(super) fn write(picture: &Picture) -> String {
    let rankdir = match picture.direction {
        Direction::LeftToRight => "LR",
        Direction::TopToBottom => "TB",
    };
    let mut graph = vec![
        attribute("rankdir", plain(rankdir)),
        attribute("ordering", plain("in")),
        attribute("bgcolor", quoted("white")),
        attribute("fontname", quoted("Helvetica")),
        attribute("nodesep", plain("0.16")),
        attribute("ranksep", plain("0.3")),
    ];
    if !picture.title.is_empty() {
        graph.push(attribute("label", worded(&picture.title)));
        graph.push(attribute("labelloc", plain("t")));
        graph.push(attribute("fontsize", plain("16")));
    }
    let node = vec![
        attribute("shape", plain("none")),
        attribute("margin", plain("0")),
        attribute("width", plain("0")),
        attribute("height", plain("0")),
        attribute("fontname", quoted("Helvetica")),
        attribute("fontsize", plain("13")),
        attribute("fontcolor", quoted(INK)),
    ];
    let edge = vec![attribute("color", quoted(LINE)), attribute("arrowsize", plain("0.7"))];
    let mut stmts = vec![
        Stmt::GAttribute(GraphAttributes::Graph(graph)),
        Stmt::GAttribute(GraphAttributes::Node(node)),
        Stmt::GAttribute(GraphAttributes::Edge(edge)),
    ];
    stmts.extend(bodies(picture));
    stmts.extend(arrows(picture));
    let graph = Graph::DiGraph { id: plain("chainrule"), strict: false, stmts };
    // Without a limit on the length of a line the printer breaks nothing up by itself.
    let mut text = graph.print(PrinterContext::default().with_semi().with_inline_size(0));
    text.push('\n');
    text
}

/// The nodes and plates, each inside the cluster of its group, in reading order: `dot` starts from the order of the
/// file when it sorts what stands side by side.
fn bodies(picture: &Picture) -> Vec<Stmt> {
    let mut held: Vec<Vec<(usize, Stmt)>> = vec![Vec::new(); picture.groups.len()];
    let mut loose = Vec::new();
    let order = picture.reading_order();
    let mut place = vec![0; order.len()];
    for (position, &node) in order.iter().enumerate() {
        place[node] = 2 * position + 1;
    }
    let counts = picture.consumer_counts();
    for (index, (node, consumers)) in picture.nodes.iter().zip(counts).enumerate() {
        let stmt = (place[index], Stmt::Node(body(node, consumers)));
        match picture.groups_around(index).first() {
            Some(&group) => held[group].push(stmt),
            None => loose.push(stmt),
        }
    }
    for (_, _, index) in sorted_edges(picture) {
        let edge = &picture.edges[index];
        let Some(plate) = plate(picture, index) else {
            continue;
        };
        let plate = (place[edge.to] - 1, plate);
        let from = picture.groups_around(edge.from);
        let common = picture.groups_around(edge.to).into_iter().find(|group| from.contains(group));
        match common {
            Some(group) => held[group].push(plate),
            None => loose.push(plate),
        }
    }
    // A parent stands before its children, so that going backwards every group is complete when it is closed.
    for index in (0..picture.groups.len()).rev() {
        let mut inner = std::mem::take(&mut held[index]);
        inner.sort_by_key(|&(place, _)| place);
        let Some(&(place, _)) = inner.first() else {
            continue;
        };
        let group = &picture.groups[index];
        let cluster = (place, cluster(group, inner.into_iter().map(|(_, stmt)| stmt)));
        match group.parent.filter(|&parent| parent < index) {
            Some(parent) => held[parent].push(cluster),
            None => loose.push(cluster),
        }
    }
    loose.sort_by_key(|&(place, _)| place);
    loose.into_iter().map(|(_, stmt)| stmt).collect()
}

fn cluster(group: &Group, inner: impl Iterator<Item = Stmt>) -> Stmt {
    let look = [
        ("label", worded(&group.label)),
        ("labeljust", plain("l")),
        ("style", quoted("rounded,filled")),
        ("color", quoted("#b3bcc6")),
        ("fillcolor", quoted("#f6f7f9")),
        ("fontcolor", quoted("#52606d")),
        ("fontsize", plain("12")),
    ];
    let look = look.into_iter().map(|(key, value)| Stmt::Attribute(attribute(key, value)));
    let id = if group.id.starts_with("cluster") { &group.id } else { &format!("cluster_{}", group.id) };
    Stmt::Subgraph(Subgraph { id: name(id), stmts: look.chain(inner).collect() })
}

fn body(node: &PictureNode, consumers: usize) -> Node {
    let mut attributes = match node.kind {
        NodeKind::Op => op(node, consumers),
        NodeKind::Output | NodeKind::Hidden => {
            let label = worded(node.name.as_deref().unwrap_or(&node.symbol));
            vec![attribute("label", label), attribute("margin", quoted("0.05,0.02"))]
        }
        _ => vec![attribute("label", leaf(node, consumers))],
    };
    if let Some(mark) = node.mark {
        let said = match mark {
            Mark::Right => mark.sign().to_owned(),
            Mark::Kink | Mark::Open | Mark::Wrong => format!("{} {}", mark.sign(), mark.word()),
            _ => format!("{} {}", mark.sign(), mark.says()),
        };
        let pen = if mark.outlines(false) { WRONG } else { GREY };
        let said = format!("<FONT COLOR=\"{pen}\" POINT-SIZE=\"12\">{said}</FONT>");
        attributes.push(attribute("xlabel", html(&said)));
        if mark == Mark::Wrong {
            attributes.retain(|a| !["color", "penwidth"].contains(&key(a)));
            attributes.extend([attribute("color", quoted(WRONG)), attribute("penwidth", plain("3"))]);
        }
    }
    let tooltip = if node.tooltip.is_empty() { node.kind.word() } else { &node.tooltip };
    attributes.push(attribute("tooltip", worded(tooltip)));
    Node::new(NodeId(name(&node.id), None), attributes)
}

/// A circle, or a box with round corners where more than a short sign has to fit: a long one, the op's name, the sum
/// of its gradients.
fn op(node: &PictureNode, consumers: usize) -> Vec<Attribute> {
    let (pen, fill) = if node.backward { (RED, "#fdf0ed") } else { (INK, "white") };
    // The dot of a product, as bold as the other signs.
    let symbol = if node.symbol == "·" { "•" } else { &node.symbol };
    let size = if symbol.chars().count() > 1 { 14 } else { 20 };
    let name = node.name.as_deref().map(|name| format!("<FONT POINT-SIZE=\"11\">{}</FONT>", xml(name)));
    let sum = node.gradient.as_deref().filter(|_| consumers > 1).map(sum_text);
    let alone = name.is_none() && sum.is_none();
    let circle = alone && width(symbol, f64::from(size)) <= 36.0;
    let label = if alone {
        worded(symbol)
    } else {
        let symbol = format!("<FONT POINT-SIZE=\"{size}\">{}</FONT>", xml(symbol));
        let rows = [name, Some(symbol), sum].into_iter().flatten();
        let rows: String = rows.map(|row| format!("<TR><TD>{row}</TD></TR>")).collect();
        html(&format!(
            "<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"0\">{rows}</TABLE>"
        ))
    };
    let mut attributes = vec![
        attribute("label", label),
        attribute("shape", plain(if circle { "circle" } else { "box" })),
        attribute("style", quoted(if circle { "filled" } else { "rounded,filled" })),
        attribute("color", quoted(pen)),
        attribute("fillcolor", quoted(fill)),
        attribute("penwidth", plain("1.5")),
        attribute("fontsize", plain(&size.to_string())),
    ];
    if circle {
        attributes.extend([attribute("fixedsize", plain("true")), attribute("width", plain("0.55"))]);
    } else {
        attributes.push(attribute("margin", quoted("0.12,0.05")));
    }
    attributes
}

fn sum_text(gradient: &str) -> String {
    format!("<FONT POINT-SIZE=\"11\" COLOR=\"{RED}\"><I>Σ {}</I></FONT>", xml(&minus(gradient)))
}

/// A leaf or a layer: name, shape and, where it has several consumers, the sum of their gradients.
fn leaf(node: &PictureNode, consumers: usize) -> Id {
    let shown = [node.name.as_deref(), Some(node.symbol.as_str()), Some(node.id.as_str())];
    let shown = shown.into_iter().flatten().find(|text| !text.is_empty()).unwrap_or("?");
    let mut rows = vec![xml(shown)];
    let small = [node.shape.as_ref(), node.note.as_ref()].into_iter().flatten();
    rows.extend(small.map(|s| format!("<FONT POINT-SIZE=\"10\" COLOR=\"{GREY}\">{}</FONT>", xml(s))));
    rows.extend(node.gradient.as_deref().filter(|_| consumers > 1).map(sum_text));
    let rows: String = rows.iter().map(|row| format!("<TR><TD>{row}</TD></TR>")).collect();
    let (style, pen, fill) = match node.kind {
        NodeKind::Parameter => ("", "#2f7d4a", "#e7f5eb"),
        NodeKind::Constant => (" STYLE=\"dashed\"", "#6b7680", "#f4f5f7"),
        NodeKind::Layer => (" STYLE=\"rounded\"", "#5b4a9c", "#f1edfa"),
        _ => (" STYLE=\"rounded\"", "#2a6cb0", "#e8f1fb"),
    };
    let inner = |border: u8| {
        format!(
            "<TABLE BORDER=\"{border}\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"3\"{style} COLOR=\"{pen}\" \
             BGCOLOR=\"{fill}\">{rows}</TABLE>"
        )
    };
    html(&match node.kind {
        // A frame around the frame: a parameter is known by its double outline.
        NodeKind::Parameter => format!(
            "<TABLE BORDER=\"1\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"2\" COLOR=\"{pen}\">\
             <TR><TD>{}</TD></TR></TABLE>",
            inner(1)
        ),
        _ => inner(1),
    })
}

fn plate_name(picture: &Picture, index: usize) -> Id {
    let edge = &picture.edges[index];
    name(&format!("{}_{}", picture.nodes[edge.to].id, edge.operand))
}

/// The digits of one edge: the forward value over the gradient.
fn plate(picture: &Picture, index: usize) -> Option<Stmt> {
    let said = EdgeText::of(picture, index);
    let ink = if said.is_shape { GREY } else { INK };
    let value = said.value.map(|text| format!("<FONT COLOR=\"{ink}\">{}</FONT>", xml(&minus(&text))));
    let gradient =
        said.gradient.map(|text| format!("<FONT COLOR=\"{RED}\"><I>{}</I></FONT>", xml(&minus(&text))));
    let rows: String =
        [value, gradient].into_iter().flatten().map(|row| format!("<TR><TD>{row}</TD></TR>")).collect();
    (!rows.is_empty()).then(|| {
        let label = html(&format!(
            "<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"1\">{rows}</TABLE>"
        ));
        let attributes = vec![attribute("label", label), attribute("fontsize", plain("11"))];
        Stmt::Node(Node::new(NodeId(plate_name(picture, index), None), attributes))
    })
}

/// The arrows, by target and operand, which is what `ordering=in` goes by.
fn arrows(picture: &Picture) -> Vec<Stmt> {
    let mut stmts = Vec::new();
    for (_, _, index) in sorted_edges(picture) {
        let edge = &picture.edges[index];
        let (from, to) = (name(&picture.nodes[edge.from].id), name(&picture.nodes[edge.to].id));
        let hidden = [edge.from, edge.to].iter().any(|&end| picture.nodes[end].kind == NodeKind::Hidden);
        let colour = edge.backward.then(|| attribute("color", quoted(BACKWARD_LINE)));
        let colour = match edge.wrong {
            true => vec![attribute("color", quoted(WRONG)), attribute("penwidth", plain("3"))],
            false => colour.into_iter().collect(),
        };
        let style = match edge.mark {
            Some(Mark::Removed) => Some("dashed"),
            Some(_) => Some("bold"),
            None => hidden.then_some("dashed"),
        };
        let look: Vec<_> =
            colour.into_iter().chain(style.map(|style| attribute("style", plain(style)))).collect();
        if plate(picture, index).is_some() {
            let middle = plate_name(picture, index);
            let half = look.iter().cloned().chain([attribute("arrowhead", plain("none"))]).collect();
            stmts.push(arrow(from, middle.clone(), half));
            stmts.push(arrow(middle, to, look));
        } else {
            stmts.push(arrow(from, to, look));
        }
    }
    stmts
}

/// The drawn edges as target, operand and position, in this order.
fn sorted_edges(picture: &Picture) -> Vec<(usize, usize, usize)> {
    let mut order: Vec<_> =
        picture.drawn_edges().map(|(index, edge)| (edge.to, edge.operand, index)).collect();
    order.sort_unstable();
    order
}

fn arrow(from: Id, to: Id, attributes: Vec<Attribute>) -> Stmt {
    let ends = EdgeTy::Pair(Vertex::N(NodeId(from, None)), Vertex::N(NodeId(to, None)));
    Stmt::Edge(Edge { ty: ends, attributes })
}

fn attribute(key: &str, value: Id) -> Attribute {
    Attribute(plain(key), value)
}

/// The name of an attribute.
fn key(attribute: &Attribute) -> &str {
    match &attribute.0 {
        Id::Plain(key) => key,
        _ => "",
    }
}

fn plain(text: &str) -> Id {
    Id::Plain(text.to_owned())
}

/// A label of markup; the text in it is escaped already.
fn html(markup: &str) -> Id {
    Id::Html(format!("<{markup}>"))
}

/// A text in quotes. A backslash would begin an escape sequence, a line break becomes one.
fn quoted(text: &str) -> Id {
    let mut escaped = String::with_capacity(text.len() + 2);
    escaped.push('"');
    for c in text.chars() {
        match c {
            '\\' => escaped.push_str("\\\\"),
            '"' => escaped.push_str("\\\""),
            '\n' => escaped.push_str("\\n"),
            '\r' | '\t' => escaped.push(' '),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped.push('"');
    Id::Escaped(escaped)
}

/// A text to be read, in quotes: Graphviz takes `&amp;` and its like in labels and tooltips for the characters they name.
fn worded(text: &str) -> Id {
    quoted(&text.replace('&', "&amp;"))
}

/// An id: a bare word if it may be one, else in quotes.
fn name(id: &str) -> Id {
    let word = id.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !KEYWORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(id));
    if word { plain(id) } else { quoted(id) }
}
