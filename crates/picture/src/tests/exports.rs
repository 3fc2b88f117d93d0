//! Mermaid, JSON and notebooks.

use super::*;
use crate::export::notebook;
use std::collections::BTreeSet;

/// Names that some format could take for something else.
const HOSTILE: [&str; 34] = [
    "end",
    "subgraph",
    "default",
    "style x:y#f00;z",
    "classDef a fill:#f00;",
    "click n0 callback",
    "\"quoted\"",
    "'single'",
    "`code`",
    "`**bold**`",
    "**bold** _slanted_ __init__",
    "- item",
    "1. first",
    "1) first",
    "# heading",
    "> quote",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</text></svg>",
    "&lt;b&gt; &amp; &#60;",
    "#quot; #35; #60;",
    "a;b%%c",
    "%%{init: {'theme':'dark'}}%%",
    "a --> b --- c",
    "[x](y) {z} |w| ((u)) [[v]]",
    "[a](javascript:alert)",
    "https://example.org/a?b=c",
    "fa:fa-car :smile: $$x^2$$",
    "損失 ünï ﬂ°°60¶ß ﬂ°lt¶ß",
    "line\nbreak\ttab",
    "back\\slash \\n \\\" $$",
    "x ::: y @{ shape: circle }",
    "---",
    "~~~ !!! ??? *** +++",
];

/// A picture in which every text is hostile.
fn hostile() -> Picture {
    let mut draft = Sample::default();
    let kinds = [
        NodeKind::Input,
        NodeKind::Parameter,
        NodeKind::Constant,
        NodeKind::Layer,
        NodeKind::Output,
        NodeKind::Op,
        NodeKind::Hidden,
    ];
    let mut nodes = Vec::new();
    for (at, name) in HOSTILE.into_iter().enumerate() {
        nodes.push(draft.node(kinds[at % kinds.len()], name, name, ""));
    }
    for (pair, name) in nodes.windows(2).step_by(2).zip(HOSTILE) {
        draft.feed(pair[1], &[(pair[0], name, name)]);
    }
    let outer = draft.group("end", None, &[]);
    draft.group("<b>\"]; subgraph `x` #35;", Some(outer), &[0, 1, 2]);
    let mut picture = draft.0;
    let marks = [Mark::Right, Mark::Kink, Mark::Open, Mark::Wrong];
    for (at, node) in picture.nodes.iter_mut().enumerate() {
        node.mark = marks.get(at % 9).copied();
        node.backward = at % 4 == 1;
        if at % 3 == 0 {
            node.id = HOSTILE[at].to_owned();
        }
    }
    (picture.edges[0].wrong, picture.edges[2].backward) = (true, true);
    picture.title = "a: \"title\" # <b> &lt; #60; {{x}} - 損失 \\".to_owned();
    picture
}

fn all() -> Vec<(&'static str, Picture)> {
    let mut all = samples::all();
    let net = samples::downwards(samples::two_layer_net());
    all.extend([
        ("nasty", nasty()),
        ("hostile", hostile()),
        ("empty", Picture::default()),
        ("net_grad_down", net),
    ]);
    all
}

#[test]
fn a_flowchart_has_a_line_for_every_node_arrow_and_frame() {
    for (name, picture) in all() {
        let text = picture.to_mermaid();
        assert_eq!(text, picture.to_mermaid(), "{name}");
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let arrows = lines.iter().filter(|line| line.contains("-->") || line.contains("-.->")).count();
        assert_eq!(arrows, picture.drawn_edges().count(), "{name}\n{text}");
        let bodies: BTreeSet<&str> = lines
            .iter()
            .filter_map(|line| line.contains(":::").then(|| line.split_once('"')?.0.into())?)
            .collect();
        assert_eq!(bodies.len(), picture.nodes.len(), "{name}\n{text}");
        let opened = lines.iter().filter(|line| line.starts_with("subgraph ")).count();
        assert_eq!(opened, lines.iter().filter(|&&line| line == "end").count(), "{name}");
        let framed = (0..picture.nodes.len()).flat_map(|node| picture.groups_around(node));
        assert_eq!(opened, framed.collect::<BTreeSet<_>>().len(), "{name}");
        let direction = if picture.direction == Direction::TopToBottom { "TB" } else { "LR" };
        assert!(lines.contains(&format!("flowchart {direction}").as_str()), "{name}");
    }
}

#[test]
fn a_label_of_a_flowchart_holds_only_letters_entity_codes_and_what_is_harmless() {
    for (name, picture) in all() {
        let text = picture.to_mermaid();
        let code = text.split_once("flowchart ").expect("it is one").1;
        for line in code.lines().filter(|line| line.contains('"')) {
            assert_eq!(line.matches('"').count(), 2, "{name}: {line}");
            let label = line.split('"').nth(1).expect("between them").replace("<br/>", " ");
            // Every `#` begins a code, every `;` ends one.
            let mut rest = label.as_str();
            while let Some((before, after)) = rest.split_once('#') {
                let (number, after) = after.split_once(';').expect("a code ends");
                assert!(
                    number.parse::<u32>().is_ok_and(|code| char::from_u32(code).is_some()),
                    "{name}: {line}"
                );
                assert!(!before.contains(';'), "{name}: {line}");
                rest = after;
            }
            assert!(
                !label.contains(['<', '>', '`', '{', '}', '|', '*', '_', ':', '%', '\\', '&', '$', '~']),
                "{line}"
            );
        }
    }
}

#[test]
fn marks_and_the_reverse_pass_have_their_looks_in_a_flowchart() {
    let mut picture = samples::apples_and_oranges();
    assert!(!picture.to_mermaid().contains("linkStyle"));
    picture.nodes[5].mark = Some(Mark::Wrong);
    picture.nodes[6].mark = Some(Mark::Right);
    picture.nodes[7].backward = true;
    picture.edges[0].wrong = true;
    picture.edges[1].backward = true;
    let text = picture.to_mermaid();
    for part in [
        "n5(\"×<br/>✗ wrong\"):::op",
        "n6(\"×<br/>✓\"):::op",
        "n7((\"#43;\")):::sign",
        "class n7 backward\n",
        "classDef wrong stroke:#b3001b",
        "class n5 wrong\n",
        "class n6 right\n",
        "linkStyle 0 stroke:#b3001b,stroke-width:3px\n",
        "linkStyle 1 stroke:#b8452f\n",
        "n0 -->|\"▶ 100<br/>◀ 2.2\"| n5\n",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

/// `tests/mermaid` draws these files with Mermaid itself, and reads every name of the one in the drawing of the other.
#[test]
fn the_hostile_flowchart_that_is_drawn_in_a_browser_is_what_is_written() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/mermaid");
    let picture = hostile();
    for (file, text) in [("hostile.mmd", picture.to_mermaid()), ("hostile.json", picture.to_json())] {
        let path = folder.join(file);
        if std::env::var_os("CHAINRULE_REFRESH").is_some() {
            std::fs::write(&path, &text).expect("the folder can be written");
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == text,
            "{file} is stale; `CHAINRULE_REFRESH=1 cargo test -p chainrule-picture hostile` writes it anew"
        );
    }
}

#[test]
fn a_document_is_what_serde_makes_of_a_picture() {
    for (name, picture) in all() {
        let json = picture.to_json();
        let value: serde_json::Value = serde_json::from_str(&json).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(value["version"], 1, "{name}");
        assert_eq!(serde_json::from_value::<Picture>(value).expect("the same fields"), picture, "{name}");
        // Every field that serde writes and that says something is there under the same name.
        let by_serde = serde_json::to_value(&picture).expect("plain data");
        assert_same(&by_serde, &serde_json::from_str(&json).expect("it was read"), name);
    }
}

fn assert_same(wanted: &serde_json::Value, found: &serde_json::Value, at: &str) {
    use serde_json::Value;
    match (wanted, found) {
        (Value::Object(fields), found) => {
            for (key, wanted) in fields.iter().filter(|(_, value)| !value.is_null()) {
                assert_same(wanted, &found[key], &format!("{at}.{key}"));
            }
        }
        (Value::Array(wanted), Value::Array(found)) => {
            assert_eq!(wanted.len(), found.len(), "{at}");
            wanted.iter().zip(found).for_each(|(wanted, found)| assert_same(wanted, found, at));
        }
        _ => assert_eq!(wanted, found, "{at}"),
    }
}

#[cfg(feature = "json")]
mod reading {
    use super::*;

    #[test]
    fn a_document_reads_back() {
        for (name, picture) in all() {
            assert_eq!(Picture::from_json(picture.to_json()).expect(name), picture, "{name}");
        }
    }

    #[test]
    fn a_document_that_is_wrong_is_refused_with_its_place() {
        type Change = fn(&mut Picture);
        let changes: [(Change, &str); 8] = [
            (|p| p.edges[0].from = 99, "edges[0]: there is no node 99 among 13"),
            (|p| p.edges[1].to = usize::MAX, "edges[1]: there is no node"),
            (|p| p.edges[1].operand = 0, "edges[1]: node 6 has its operand 0 twice"),
            (|p| p.nodes[2].group = Some(2), "nodes[2]: there is no group 2 among 2"),
            (|p| p.nodes[2].id = "n1".to_owned(), "nodes[2]: the id \"n1\" is that of another node"),
            (|p| p.groups[1].id = "cluster_0".to_owned(), "groups[1]: the id \"cluster_0\""),
            (|p| p.groups[0].parent = Some(1), "groups[0]: its parent 1 does not stand before it"),
            (|p| p.groups[1].parent = Some(1), "groups[1]: its parent 1 does not stand before it"),
        ];
        for (change, said) in changes {
            let mut picture = samples::two_layer_net();
            change(&mut picture);
            let problem = Picture::from_json(picture.to_json()).expect_err(said).to_string();
            assert!(problem.contains(said), "{problem}, and not {said}");
        }
        let newer = samples::two_layer_net().to_json().replacen("\"version\":1", "\"version\":2", 1);
        let problem = Picture::from_json(newer).expect_err("it is newer").to_string();
        assert!(problem.contains("its version is 2, and 1 is"), "{problem}");
    }

    #[test]
    fn no_bytes_make_the_reader_panic_and_what_it_accepts_can_be_drawn() {
        let whole = samples::order().to_json().trim_end().as_bytes().to_vec();
        let mut read = 0;
        for at in 0..whole.len() {
            assert!(Picture::from_json(&whole[..at]).is_err(), "cut at {at}");
            for byte in [b'0', b'9', b'"', b'}', 0xff] {
                let mut bent = whole.clone();
                bent[at] = byte;
                if let Ok(picture) = Picture::from_json(&bent) {
                    let _ = (picture.to_dot(), picture.to_mermaid(), picture.to_json());
                    read += 1;
                    if read % 50 == 0 {
                        let _ = picture.to_svg();
                    }
                }
            }
        }
        assert!(read > 50, "{read} were read");
        for bytes in [&b""[..], b"null", b"[]", b"{}", b"{\"version\":1}", b"\xff\xfe", &[b'['; 100_000]] {
            assert!(Picture::from_json(bytes).is_err());
        }
    }
}

#[test]
fn a_notebook_is_given_one_drawing_between_its_two_lines() {
    for (name, picture) in all() {
        let mut picture = picture;
        picture.title.push_str("\nEVCXR_END_CONTENT\n");
        let text = notebook::output(&picture.to_svg());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "EVCXR_BEGIN_CONTENT image/svg+xml", "{name}");
        assert!(lines[1].starts_with("<svg ") && lines[lines.len() - 2] == "</svg>", "{name}");
        let ends: Vec<usize> = (0..lines.len()).filter(|&at| lines[at] == "EVCXR_END_CONTENT").collect();
        assert_eq!(ends, [lines.len() - 1], "{name}");
    }
}

#[test]
fn two_drawings_on_one_page_do_not_disturb_each_other() {
    for (name, picture) in all() {
        let svg = picture.to_svg();
        // Nothing is referred to by an id, which two drawings could both define.
        for reference in [" id=", "url(", "href=", "#clip", "<defs"] {
            let outside: String = svg.split('>').map(|part| part.rsplit('<').next().unwrap_or("")).collect();
            assert!(!outside.contains(reference), "{name}: {reference}");
        }
        // Every rule is for what stands in a drawing of ours.
        let style =
            svg.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>")).expect("a style").0;
        let mut rules = style.lines().filter(|line| !line.is_empty());
        assert!(rules.all(|rule| rule.starts_with(".chainrule")), "{name}");
    }
}
