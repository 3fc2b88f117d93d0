//! Any text as every name of a recording, and as every text of a picture: what is written holds only characters that
//! readers take, in strings that they have room for.

#![no_main]

use chainrule::picture::{Details, Group, NodeKind, Picture, PictureEdge, PictureNode};
use chainrule::{Check, Plan, Tape};
use libfuzzer_sys::fuzz_target;

/// Whether XML 1.0 and a terminal take a character as text.
fn is_text(c: char) -> bool {
    c == '\n' || !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')
}

fn check(picture: &Picture) {
    let texts = [picture.to_svg(), picture.to_dot(), picture.to_mermaid()];
    for text in &texts {
        assert_eq!(text.chars().find(|&c| !is_text(c)), None);
    }
    // What Graphviz holds of one string; strings are within lines.
    assert!(texts[1].lines().all(|line| line.len() < 5 * 16_384), "a line of DOT is too long");
    assert!(!texts[1].contains("\"></FONT>"), "empty markup");
    for tag in ["<script", "</script", "<svg", "<title"] {
        let plain = if tag == "<title" { 1 + picture.nodes.len() } else { 1 };
        let found = texts[0].matches(tag).count();
        assert!(found <= plain, "{found} of {tag}");
    }
    assert_eq!(&Picture::from_json(picture.to_json()).expect("just written"), picture);
}

/// A picture with the text in every place.
fn by_hand(text: &str) -> Picture {
    let said = || Some(text.to_owned());
    let mut picture = Picture { title: text.to_owned(), ..Picture::default() };
    let kinds = [NodeKind::Input, NodeKind::Parameter, NodeKind::Constant, NodeKind::Layer, NodeKind::Op, NodeKind::Output];
    for (at, kind) in kinds.into_iter().enumerate() {
        picture.nodes.push(PictureNode {
            id: if at == 0 { text.to_owned() } else { format!("{text}{at}") },
            kind,
            symbol: text.to_owned(),
            name: said().filter(|_| at % 2 == 0),
            shape: said(),
            value: said(),
            gradient: said(),
            note: said(),
            of: said(),
            tooltip: text.to_owned(),
            group: Some(0),
            details: Some(Box::new(Details { scope: text.to_owned(), formula: text.to_owned(), ..Details::default() })),
            ..PictureNode::default()
        });
        if at > 0 {
            let (value, gradient) = (said(), said());
            picture.edges.push(PictureEdge { from: 0, to: at, value, gradient, ..PictureEdge::default() });
        }
    }
    picture.groups.push(Group { id: text.to_owned(), label: text.to_owned(), parent: None });
    picture
}

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let picture = by_hand(&text);
    check(&picture);
    let page = picture.to_html();
    assert_eq!(page.chars().find(|&c| !is_text(c)), None);
    assert_eq!([page.matches("<script").count(), page.matches("</script").count()], [2, 2]);
    let tape = Tape::new();
    let _scope = tape.scope(&text);
    let w = tape.leaf(&format!("{text}w"), 0.5);
    let loss = (w * w.sin()).named(&text);
    let gradients = loss.backward();
    if let Ok(picture) = loss.draw().title(&*text).gradients(&gradients).picture() {
        check(&picture);
    }
    let plan = Plan::<f64>::compile([loss], []).expect("names refuse no plan");
    let report = Check::new(loss, &[w]).run().expect("names refuse no check");
    for table in [plan.to_string(), report.to_string()] {
        assert_eq!(table.chars().find(|&c| !is_text(c)), None);
        assert!(table.lines().all(|line| line.chars().count() < 2_000));
    }
});
