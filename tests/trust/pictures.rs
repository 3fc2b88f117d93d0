//! Names and graphs from outside, drawn.

mod graphviz;
mod names;
mod nesting;

use chainrule::picture::{Group, NodeKind, Picture, PictureEdge, PictureNode};

/// Names that some reader refuses, obeys, or cannot hold.
fn hostile_names() -> Vec<String> {
    let mut names: Vec<String> = [
        "",
        " ",
        "\n",
        "\u{0}",
        "a\u{1}b",
        "\u{8}\u{b}\u{c}\u{1f}",
        "a\u{1b}[2Jb",
        "\u{7f}\u{80}\u{85}\u{9f}",
        "a\u{ffff}b\u{fffe}c",
        "\u{fdd0}\u{fdef}\u{1ffff}\u{10ffff}",
        "\u{202e}gnp.x\u{2066}\u{2069}\u{200f}",
        "\u{2028}\u{2029}\u{feff}\u{200b}\u{ad}",
        "\\N \\G \\l",
        "ends in a backslash \\",
        "&#0; &#x1; &#65535; &lt;&bogus;",
        "]]></FONT></TD><script>",
        "\"];} digraph {",
        "../../x\r\ny",
        "損失 👩\u{200d}🔬 e\u{301}",
    ]
    .into_iter()
    .map(str::to_owned)
    .collect();
    for unit in ["x", "&", "\"", "<", "\\", "失", "👩", "a/", "\n", "\u{1}", "-", " "] {
        names.push(unit.repeat(70_000 / unit.len()));
    }
    for length in [16_380, 16_383, 16_384, 16_385, 65_535, 65_536] {
        names.push("y".repeat(length));
    }
    names
}

/// A small picture that has one text everywhere.
fn picture_of(text: &str) -> Picture {
    let kinds = [
        NodeKind::Input,
        NodeKind::Parameter,
        NodeKind::Constant,
        NodeKind::Layer,
        NodeKind::Op,
        NodeKind::Output,
        NodeKind::Hidden,
    ];
    let said = || Some(text.to_owned());
    let mut picture = Picture { title: text.to_owned(), ..Picture::default() };
    for name in [None, said()] {
        for kind in kinds {
            let first = picture.nodes.is_empty();
            picture.nodes.push(PictureNode {
                id: if first { text.to_owned() } else { format!("n{}", picture.nodes.len()) },
                kind,
                symbol: text.to_owned(),
                name: name.clone(),
                shape: said(),
                value: said(),
                gradient: said(),
                note: said(),
                of: said(),
                tooltip: format!("{text}\n{text}"),
                group: Some(picture.nodes.len() % 2),
                ..PictureNode::default()
            });
        }
    }
    for to in 1..picture.nodes.len() {
        for (operand, from) in [to - 1, to / 2].into_iter().enumerate() {
            picture.edges.push(PictureEdge {
                from,
                to,
                operand,
                value: said(),
                gradient: said().filter(|_| operand == 0),
                ..PictureEdge::default()
            });
        }
    }
    picture.groups = [None, Some(0)]
        .into_iter()
        .enumerate()
        .map(|(at, parent)| Group { id: format!("{text}{at}"), label: text.to_owned(), parent })
        .collect();
    picture
}

/// Whether XML 1.0 allows a character.
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}
