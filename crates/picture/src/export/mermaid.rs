//! Pictures as Mermaid flowcharts, which forges, wikis and notebooks render from the text.
//!
//! Mermaid cannot set text on both sides of an arrow: a label has the forward value over the gradient, each after a small
//! arrow that gives its direction.

use crate::layout::measure::EdgeText;
use crate::model::mark::Mark;
use crate::model::nesting::{Line, Nesting, indent};
use crate::model::number::grouped;
use crate::model::picture::{Direction, Group, NodeKind, Picture, PictureNode};
use crate::model::text::{minus, width};
use chainrule_base::shown::taken;
use std::collections::BTreeSet;
use std::fmt::Write;

/// The styles of nodes by class, with the colours of the other exports. Commas separate properties.
const CLASSES: [(&str, &str); 9] = [
    ("op", "fill:#ffffff,stroke:#1f2933,color:#1f2933,stroke-width:1.6px"),
    ("sign", "fill:#ffffff,stroke:#1f2933,color:#1f2933,stroke-width:1.6px,font-size:22px"),
    ("input", "fill:#e8f1fb,stroke:#2a6cb0,color:#1f2933"),
    ("parameter", "fill:#e7f5eb,stroke:#2f7d4a,color:#1f2933"),
    ("constant", "fill:#f4f5f7,stroke:#6b7680,color:#1f2933,stroke-dasharray:4 2.5"),
    ("layer", "fill:#f1edfa,stroke:#5b4a9c,color:#1f2933,stroke-width:1.8px"),
    // A name without a box, in the text colour of the page.
    ("output", "fill:none,stroke:none"),
    ("hidden", "fill:none,stroke:none"),
    // A translucent grey, for light and dark pages.
    ("frame", "fill:#8895a11a,stroke:#8895a1"),
];

/// The additional style of nodes of the reverse pass.
const BACKWARD: &str = "fill:#fdf0ed,stroke:#c0331c";

/// The additional styles of marks of a check.
const MARKS: [(Mark, &str); 4] = [
    (Mark::Right, "stroke:#3a7350"),
    (Mark::Kink, "stroke:#8a6100"),
    (Mark::Open, "stroke:#52606d,stroke-dasharray:1 3"),
    (Mark::Wrong, "stroke:#b3001b,stroke-width:4px"),
];

/// What Mermaid draws unless a page sets other limits: its `maxEdges` and `maxTextSize`.
const MAX_ARROWS: usize = 500;
const MAX_CHARACTERS: usize = 50_000;

/// Writes a picture as a flowchart that Mermaid draws: if it has too many arrows or characters, with groups closed, and a
/// title that says so.
pub(crate) fn write(picture: &Picture) -> String {
    let arrows = picture.drawn_edges().count();
    let fits = |text: &str| text.chars().count() <= MAX_CHARACTERS;
    if arrows <= MAX_ARROWS {
        let whole = whole(picture);
        if fits(&whole) {
            return whole;
        }
    }
    let said = |rolled: &Picture| {
        let shown = [rolled.nodes.len(), rolled.drawn_edges().count()].map(grouped);
        let all = [picture.nodes.len(), arrows].map(grouped);
        let beginning = if picture.title.is_empty() { String::new() } else { format!("{}: ", picture.title) };
        let [nodes, lines] = all;
        let title = format!(
            "{beginning}{nodes} nodes and {lines} arrows, rolled up to {} and {}",
            shown[0], shown[1]
        );
        Picture { title, ..rolled.clone() }
    };
    let draws = |rolled: &Picture| rolled.drawn_edges().count() <= MAX_ARROWS && fits(&whole(&said(rolled)));
    whole(&said(&picture.rolled_up(draws)))
}

fn whole(picture: &Picture) -> String {
    let mut out = String::new();
    if !picture.title.is_empty() {
        let _ = writeln!(out, "---\ntitle: \"{}\"\n---", title(&picture.title));
    }
    let direction = match picture.direction {
        Direction::LeftToRight => "LR",
        Direction::TopToBottom => "TB",
    };
    let _ = writeln!(out, "flowchart {direction}");
    let ids = ids(picture);
    bodies(picture, &ids, &mut out);
    let arrows = arrows(picture, &ids, &mut out);
    looks(picture, &ids, &arrows, &mut out);
    out
}

/// The id of each node: its own if that is one to four letters and a number, and otherwise a generated one, since many
/// words (`end`, `style`, `click`, …) are keywords of Mermaid.
fn ids(picture: &Picture) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let nodes = picture.nodes.iter().enumerate();
    nodes
        .map(|(index, node)| {
            let number = node.id.trim_start_matches(|c: char| c.is_ascii_lowercase());
            let letters = node.id.len() - number.len();
            let plain = (1..=4).contains(&letters)
                && !number.is_empty()
                && number.bytes().all(|byte| byte.is_ascii_digit());
            if plain && taken.insert(node.id.as_str()) { node.id.clone() } else { format!("node_{index}") }
        })
        .collect()
}

/// The nodes, each inside the subgraphs of its groups; in a group its own nodes come first, then the inner groups in
/// reverse order.
fn bodies(picture: &Picture, ids: &[String], out: &mut String) {
    let counts = picture.consumer_counts();
    let nodes = picture.nodes.iter().zip(counts).enumerate().map(|(index, (node, consumers))| {
        (picture.group_of(index), index, format!("{}{}", ids[index], body(node, consumers)))
    });
    for (depth, line) in Nesting::of(picture).lines(nodes, |group, _| usize::MAX - group) {
        let pad = indent(depth + 1);
        let _ = match line {
            Line::Opens(group) => {
                writeln!(out, "{pad}subgraph frame_{group}[\"{}\"]", label_of(&picture.groups[group]))
            }
            Line::Holds(node) => writeln!(out, "{pad}{node}"),
            Line::Closes(group) => writeln!(out, "{pad}end\n{pad}class frame_{group} frame"),
        };
    }
}

/// The class of a node: its kind, or that of an op whose sign is one character alone.
fn class(node: &PictureNode, consumers: usize) -> &'static str {
    let alone = node.name.is_none() && node.mark.is_none() && sum(node, consumers).is_none();
    let sign = node.kind == NodeKind::Op && alone && node.symbol.chars().count() == 1;
    if sign { "sign" } else { node.kind.word() }
}

fn sum(node: &PictureNode, consumers: usize) -> Option<String> {
    let sum = node.gradient.as_deref().filter(|_| consumers > 1);
    sum.map(|sum| format!("Σ {}", minus(sum)))
}

/// The outline and the text of a node, and its class.
fn body(node: &PictureNode, consumers: usize) -> String {
    let own = [node.name.as_deref(), Some(node.symbol.as_str()), Some(node.id.as_str())];
    let own = own.into_iter().flatten().find(|text| !text.is_empty()).unwrap_or("?");
    // The dot of a product, as bold as the other signs.
    let symbol = if node.symbol == "·" { "•" } else { &node.symbol };
    let mut rows = match node.kind {
        NodeKind::Op => vec![node.name.as_deref().unwrap_or(""), symbol],
        // The end of an arrow may have no text.
        NodeKind::Output | NodeKind::Hidden => vec![node.name.as_deref().unwrap_or(&node.symbol)],
        _ => vec![own],
    };
    // The shape of an op's result is at the arrows that leave it.
    rows.extend(node.shape.as_deref().filter(|_| node.kind != NodeKind::Op));
    rows.retain(|row| !row.is_empty());
    let mut rows: Vec<String> = rows.into_iter().map(str::to_owned).collect();
    rows.extend(node.note.clone());
    rows.extend(sum(node, consumers));
    rows.extend(node.mark.map(|mark| match mark {
        Mark::Right => mark.sign().to_owned(),
        _ => format!("{} {}", mark.sign(), mark.word()),
    }));
    let class = class(node, consumers);
    let small = rows.len() == 1 && width(&rows[0], 16.0) <= 40.0;
    let (open, close) = match node.kind {
        NodeKind::Op if small => ("((", "))"),
        NodeKind::Op | NodeKind::Layer => ("(", ")"),
        NodeKind::Input => ("([", "])"),
        NodeKind::Parameter => ("[[", "]]"),
        NodeKind::Constant | NodeKind::Output | NodeKind::Hidden => ("[", "]"),
    };
    let first = rows.first().map_or(0.0, |row| width(row, 16.0));
    let widest = rows.iter().map(|row| width(row, 16.0)).fold(0.0, f64::max);
    let mut rows: Vec<String> = rows.iter().map(|row| text(row)).filter(|row| !row.is_empty()).collect();
    // The round ends of a plate that is higher than wide would meet, so it is padded with spaces; zero-width spaces keep
    // these from being trimmed.
    let wanted = 28.0 * rows.len() as f64;
    if node.kind == NodeKind::Input && rows.len() > 1 && widest < wanted {
        let spaces = ((wanted - first) / 2.0 / width(" ", 16.0)).ceil() as usize;
        let padding = "\u{a0}".repeat(spaces);
        rows[0] = format!("\u{200b}{padding}{}{padding}\u{200b}", rows[0]);
    }
    let label = if rows.is_empty() { " ".to_owned() } else { rows.join("<br/>") };
    format!("{open}\"{label}\"{close}:::{class}")
}

/// The arrows by target and operand, and the position in the picture of each that was written.
fn arrows(picture: &Picture, ids: &[String], out: &mut String) -> Vec<usize> {
    let mut order: Vec<_> =
        picture.drawn_edges().map(|(index, edge)| (edge.to, edge.operand, index)).collect();
    order.sort_unstable();
    for &(_, _, index) in &order {
        let edge = &picture.edges[index];
        let hidden = [edge.from, edge.to].iter().any(|&end| picture.nodes[end].kind == NodeKind::Hidden);
        let line = if hidden { "-.->" } else { "-->" };
        let said = EdgeText::of(picture, index);
        let sign = if said.is_shape { "" } else { "▶ " };
        let value = said
            .value
            .filter(|value| !value.is_empty())
            .map(|value| text(&format!("{sign}{}", minus(&value))));
        let gradient = said
            .gradient
            .filter(|gradient| !gradient.is_empty())
            .map(|gradient| text(&format!("◀ {}", minus(&gradient))));
        let rows: Vec<String> = [value, gradient].into_iter().flatten().collect();
        let label = if rows.is_empty() { String::new() } else { format!("|\"{}\"|", rows.join("<br/>")) };
        let _ = writeln!(out, "  {} {line}{label} {}", ids[edge.from], ids[edge.to]);
    }
    order.into_iter().map(|(_, _, index)| index).collect()
}

/// The classes that are used, and the arrows that look different.
fn looks(picture: &Picture, ids: &[String], arrows: &[usize], out: &mut String) {
    let framed = (0..picture.nodes.len()).any(|node| picture.group_of(node).is_some());
    let counts = picture.consumer_counts();
    let nodes = || picture.nodes.iter().zip(ids);
    let used: BTreeSet<&str> = (picture.nodes.iter().zip(counts))
        .map(|(node, consumers)| class(node, consumers))
        .chain(framed.then_some("frame"))
        .collect();
    for (class, look) in CLASSES.iter().filter(|(class, _)| used.contains(class)) {
        let _ = writeln!(out, "  classDef {class} {look}");
    }
    let mut on_top = |class: &str, look: &str, wanted: &dyn Fn(&PictureNode) -> bool| {
        let ids: Vec<&str> = nodes().filter(|(node, _)| wanted(node)).map(|(_, id)| id.as_str()).collect();
        if !ids.is_empty() {
            let _ = writeln!(out, "  classDef {class} {look}\n  class {} {class}", ids.join(","));
        }
    };
    on_top("backward", BACKWARD, &|node| node.backward);
    for (mark, look) in MARKS {
        // A wrong leaf is not marked by its outline.
        let shown =
            |node: &PictureNode| mark != Mark::Wrong || matches!(node.kind, NodeKind::Op | NodeKind::Layer);
        on_top(mark.word(), look, &|node| node.mark == Some(mark) && shown(node));
    }
    let mut strokes = |look: &str, wanted: &dyn Fn(usize) -> bool| {
        let at: Vec<String> = (arrows.iter().enumerate())
            .filter(|&(_, &index)| wanted(index))
            .map(|(position, _)| position.to_string())
            .collect();
        if !at.is_empty() {
            let _ = writeln!(out, "  linkStyle {} {look}", at.join(","));
        }
    };
    strokes("stroke:#b8452f", &|index| picture.edges[index].backward && !picture.edges[index].wrong);
    strokes("stroke:#b3001b,stroke-width:3px", &|index| picture.edges[index].wrong);
}

/// A label that may be empty.
fn label_of(group: &Group) -> String {
    Some(text(&group.label)).filter(|label| !label.is_empty()).unwrap_or_else(|| " ".to_owned())
}

/// Pairs of characters that Mermaid interprets even as entity codes: mathematics, a line break, an icon, and its internal
/// placeholders for entity codes. A zero-width space separates them.
const KEPT_APART: [(char, char); 5] = [('$', '$'), ('\\', 'n'), (':', 'f'), ('ﬂ', '°'), ('¶', 'ß')];

/// Escapes text for a quoted label.
///
/// Letters, digits and harmless characters stay; everything that Mermaid, Markdown or HTML could interpret becomes an
/// entity code, `#60;` for `<` (Mermaid writes them without the `&`). A line break becomes a space.
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = None;
    for (at, c) in text.char_indices() {
        if before.is_some_and(|before| KEPT_APART.contains(&(before, c))) {
            out.push('\u{200b}');
        }
        before = Some(c);
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
            // `1. ` at the beginning would start a list.
            '.' | ')' if text[..at].bytes().all(|byte| byte.is_ascii_digit()) => code(&mut out, c),
            ' ' | '.' | ',' | '(' | ')' | '[' | ']' | '=' | '/' | '?' => out.push(c),
            c if c.is_ascii_alphanumeric() || !c.is_ascii() || c.is_control() => out.push(taken(c)),
            c => code(&mut out, c),
        }
    }
    out
}

fn code(out: &mut String, c: char) {
    let _ = write!(out, "#{};", u32::from(c));
}

/// Escapes a title for a double-quoted YAML string.
///
/// Mermaid does not accept `<`, `>` and `&` in a title and has no entity codes there, so look-alikes replace them.
fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
            '\\' | '"' => out.extend(['\\', c]),
            '<' => out.push('‹'),
            '>' => out.push('›'),
            '&' => out.push('＆'),
            c => out.push(taken(c)),
        }
    }
    out
}
