//! Pictures in Graphviz's DOT language.
//!
//! DOT cannot set text on both sides of an arrow, so an edge has one label beside its line, the forward value over the
//! gradient. A sign is a circle, with its name and the sum of its gradients beside it.

use crate::layout::measure::EdgeText;
use crate::model::display::disambiguate;
use crate::model::mark::Mark;
use crate::model::nesting::{Line, Nesting, indent};
use crate::model::picture::{Direction, Group, NodeKind, Picture, PictureNode};
use crate::model::text::{minus, width, xml};
use chainrule_base::shown::taken;
use graphviz_rust::dot_structures::{Attribute, GraphAttributes, Id, Node, NodeId, Stmt};
use graphviz_rust::printer::{DotPrinter, PrinterContext};
use std::collections::BTreeSet;

const INK: &str = "#1f2933";
const GREY: &str = "#5a646f";
const RED: &str = "#c0331c";
const WRONG: &str = "#b3001b";
const LINE: &str = "#5f6b76";
const BACKWARD_LINE: &str = "#b8452f";

/// The keywords of DOT, which are case-insensitive.
const KEYWORDS: [&str; 6] = ["node", "edge", "graph", "digraph", "subgraph", "strict"];

/// Writes a picture as a directed graph that `dot` accepts.
pub(crate) fn write(picture: &Picture) -> String {
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
    let edge = vec![
        attribute("color", quoted(LINE)),
        attribute("arrowsize", plain("0.7")),
        attribute("fontname", quoted("Helvetica")),
        attribute("fontsize", plain("11")),
    ];
    let heads = [GraphAttributes::Graph(graph), GraphAttributes::Node(node), GraphAttributes::Edge(edge)];
    let heads = heads.into_iter().map(|attributes| (1, Stmt::GAttribute(attributes)));
    let mut out = Text::default();
    out.text.push_str("digraph chainrule {\n");
    heads.for_each(|(depth, stmt)| out.stmt(depth, &stmt));
    bodies(picture, &mut out);
    arrows(picture, &mut out);
    out.text.push_str("}\n");
    out.text
}

/// The output. Statements are printed one by one, and clusters by this file: the printer of `graphviz-rust` indents by
/// nesting level and recurses.
struct Text {
    text: String,
    context: PrinterContext,
}

impl Default for Text {
    fn default() -> Self {
        let mut context = PrinterContext::default();
        // With size 0, the printer does not break lines.
        context.with_semi().with_inline_size(0);
        Text { text: String::new(), context }
    }
}

impl Text {
    fn line(&mut self, depth: usize, said: &str) {
        self.text.extend([indent(depth), said, "\n"]);
    }

    fn stmt(&mut self, depth: usize, stmt: &Stmt) {
        let said = stmt.print(&mut self.context);
        self.line(depth, &said);
    }

    /// An edge; the printer knows that the graph is directed only if it prints the whole graph.
    fn arrow(&mut self, from: &Id, to: &Id, look: Vec<Attribute>) {
        let [from, to] = [from, to].map(|end| end.print(&mut self.context));
        let look = look.print(&mut self.context);
        let space = if look.is_empty() { "" } else { " " };
        self.line(1, &format!("{from} -> {to}{space}{look};"));
    }
}

/// The nodes, each inside the cluster of its group, in reading order: `dot` starts crossing minimisation from
/// the order of the file.
fn bodies(picture: &Picture, out: &mut Text) {
    let order = picture.reading_order();
    let mut place = vec![0; order.len()];
    for (position, &node) in order.iter().enumerate() {
        place[node] = position;
    }
    let nesting = Nesting::of(picture);
    let clusters = clusters(picture);
    let counts = picture.consumer_counts();
    let bodies = picture.nodes.iter().zip(counts).enumerate().map(|(index, (node, consumers))| {
        (picture.group_of(index), place[index], Stmt::Node(body(node, consumers)))
    });
    for (depth, line) in nesting.lines(bodies, |_, first| first) {
        match line {
            Line::Opens(group) => cluster(&picture.groups[group], &clusters[group], depth + 1, out),
            Line::Holds(stmt) => out.stmt(depth + 1, &stmt),
            Line::Closes(_) => out.line(depth + 1, "};"),
        }
    }
}

/// The names of the clusters, which must begin with `cluster` for Graphviz to draw a frame.
fn clusters(picture: &Picture) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let ids = picture.groups.iter().enumerate().map(|(at, group)| {
        let prefix = if group.id.starts_with("cluster") { "" } else { "cluster_" };
        let mut id = format!("{prefix}{}", group.id);
        disambiguate(&mut id, at, &mut taken);
        id
    });
    ids.collect()
}

/// The beginning of a cluster.
fn cluster(group: &Group, id: &str, depth: usize, out: &mut Text) {
    let look = [
        ("label", worded(&group.label)),
        ("labeljust", plain("l")),
        ("style", quoted("rounded,filled")),
        ("color", quoted("#b3bcc6")),
        ("fillcolor", quoted("#f6f7f9")),
        ("fontcolor", quoted("#52606d")),
        ("fontsize", plain("12")),
    ];
    let id = name(id).print(&mut out.context);
    out.line(depth, &format!("subgraph {id} {{"));
    for (key, value) in look {
        out.stmt(depth + 1, &Stmt::Attribute(attribute(key, value)));
    }
}

fn body(node: &PictureNode, consumers: usize) -> Node {
    let mut attributes = match node.kind {
        NodeKind::Op => op(node),
        NodeKind::Output | NodeKind::Hidden => {
            let label = worded(node.name.as_deref().unwrap_or(&node.symbol));
            vec![attribute("label", label), attribute("margin", quoted("0.05,0.02"))]
        }
        _ => vec![attribute("label", leaf(node, consumers))],
    };
    let mut beside = Vec::new();
    if node.kind == NodeKind::Op {
        beside.extend(node.name.as_deref().and_then(|name| font("POINT-SIZE=\"11\"", false, name)));
        beside.extend(sum(node, consumers));
    }
    if let Some(mark) = node.mark {
        let said = match mark {
            Mark::Right => mark.sign().to_owned(),
            Mark::Kink | Mark::Open | Mark::Wrong => format!("{} {}", mark.sign(), mark.word()),
            _ => format!("{} {}", mark.sign(), mark.says()),
        };
        let pen = if mark.outlines(false) { WRONG } else { GREY };
        beside.push(format!("<FONT COLOR=\"{pen}\" POINT-SIZE=\"12\">{said}</FONT>"));
        if mark == Mark::Wrong {
            attributes.retain(|a| !["color", "penwidth"].contains(&key(a)));
            attributes.extend([attribute("color", quoted(WRONG)), attribute("penwidth", plain("3"))]);
        }
    }
    if let [only] = &beside[..] {
        attributes.push(attribute("xlabel", html(only)));
    } else if !beside.is_empty() {
        attributes.push(attribute("xlabel", html(&table(0, 0, "", beside.into_iter()))));
    }
    let tooltip = if node.tooltip.is_empty() { node.kind.word() } else { &node.tooltip };
    attributes.push(attribute("tooltip", worded(tooltip)));
    Node::new(NodeId(name(&node.id), None), attributes)
}

/// A circle for a short sign, and a box with round ends for a long one.
fn op(node: &PictureNode) -> Vec<Attribute> {
    let (pen, fill) = if node.backward { (RED, "#fdf0ed") } else { (INK, "white") };
    // The dot of a product, as bold as the other signs.
    let symbol = if node.symbol == "·" { "•" } else { &node.symbol };
    let size = if symbol.chars().count() > 1 { 14 } else { 20 };
    let circle = width(symbol, f64::from(size)) <= 36.0;
    let mut attributes = vec![
        attribute("label", worded(symbol)),
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

/// The sum of the gradients of a node with several consumers.
fn sum(node: &PictureNode, consumers: usize) -> Option<String> {
    let sum = node.gradient.as_deref().filter(|_| consumers > 1)?;
    font(&format!("POINT-SIZE=\"11\" COLOR=\"{RED}\""), true, &format!("Σ {}", minus(sum)))
}

/// A text in markup; none for an empty one, which Graphviz rejects.
fn font(look: &str, slanted: bool, text: &str) -> Option<String> {
    let (begin, end) = if slanted { ("<I>", "</I>") } else { ("", "") };
    (!text.is_empty()).then(|| format!("<FONT {look}>{begin}{}{end}</FONT>", xml(text)))
}

/// Rows of markup, one below the other.
fn table(border: u8, padding: u8, look: &str, rows: impl Iterator<Item = String>) -> String {
    let rows: String = rows.map(|row| format!("<TR><TD>{row}</TD></TR>")).collect();
    format!(
        "<TABLE BORDER=\"{border}\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"{padding}\"{look}>{rows}</TABLE>"
    )
}

/// A leaf or a layer: name, shape and, where it has several consumers, the sum of their gradients.
fn leaf(node: &PictureNode, consumers: usize) -> Id {
    let shown = [node.name.as_deref(), Some(node.symbol.as_str()), Some(node.id.as_str())];
    let shown = shown.into_iter().flatten().find(|text| !text.is_empty()).unwrap_or("?");
    let mut rows = vec![xml(shown)];
    let small = [node.shape.as_ref(), node.note.as_ref()].into_iter().flatten();
    rows.extend(small.filter_map(|said| font(&format!("POINT-SIZE=\"10\" COLOR=\"{GREY}\""), false, said)));
    rows.extend(sum(node, consumers));
    let (style, pen, fill) = match node.kind {
        NodeKind::Parameter => ("", "#2f7d4a", "#e7f5eb"),
        NodeKind::Constant => (" STYLE=\"dashed\"", "#5f6a74", "#f4f5f7"),
        NodeKind::Layer => (" STYLE=\"rounded\"", "#5b4a9c", "#f1edfa"),
        _ => (" STYLE=\"rounded\"", "#2a6cb0", "#e8f1fb"),
    };
    let inner = table(1, 3, &format!("{style} COLOR=\"{pen}\" BGCOLOR=\"{fill}\""), rows.into_iter());
    html(&match node.kind {
        // A frame around the frame: a parameter has a double outline.
        NodeKind::Parameter => table(1, 2, &format!(" COLOR=\"{pen}\""), [inner].into_iter()),
        _ => inner,
    })
}

/// The label of an edge: the forward value over the gradient; none for an edge without them.
fn digits(picture: &Picture, index: usize) -> Option<Id> {
    let said = EdgeText::of(picture, index);
    let ink = if said.is_shape { GREY } else { INK };
    let value = said.value.and_then(|text| font(&format!("COLOR=\"{ink}\""), false, &minus(&text)));
    let gradient = said.gradient.and_then(|text| font(&format!("COLOR=\"{RED}\""), true, &minus(&text)));
    (value.is_some() || gradient.is_some())
        .then(|| html(&table(0, 1, "", [value, gradient].into_iter().flatten())))
}

/// The edges sorted by target and operand, since `ordering=in` keeps the order of the file.
fn arrows(picture: &Picture, out: &mut Text) {
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
        let label = digits(picture, index).map(|label| attribute("label", label));
        out.arrow(&from, &to, look.into_iter().chain(label).collect());
    }
}

/// The drawn edges as target, operand and position, in this order.
fn sorted_edges(picture: &Picture) -> Vec<(usize, usize, usize)> {
    let mut order: Vec<_> =
        picture.drawn_edges().map(|(index, edge)| (edge.to, edge.operand, index)).collect();
    order.sort_unstable();
    order
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

/// An HTML-like label; the text in it is escaped already.
fn html(markup: &str) -> Id {
    Id::Html(format!("<{markup}>"))
}

/// A quoted string. Backslashes are escaped, and a line break becomes `\n`.
fn quoted(text: &str) -> Id {
    let mut escaped = String::with_capacity(text.len() + 2);
    escaped.push('"');
    for c in text.chars() {
        match c {
            '\\' => escaped.push_str("\\\\"),
            '"' => escaped.push_str("\\\""),
            '\n' => escaped.push_str("\\n"),
            '\r' | '\t' => escaped.push(' '),
            c => escaped.push(taken(c)),
        }
    }
    escaped.push('"');
    Id::Escaped(escaped)
}

/// A quoted label or tooltip, in which Graphviz expands entities such as `&amp;`.
fn worded(text: &str) -> Id {
    quoted(&text.replace('&', "&amp;"))
}

/// An id: bare if DOT allows it, and quoted otherwise.
fn name(id: &str) -> Id {
    let word = id.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !KEYWORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(id));
    if word { plain(id) } else { quoted(id) }
}
