//! What a page holds, and what it must not.

use super::super::samples::{self, NASTY, nasty};
use super::super::{Details, Picture, recordings};
use super::*;
use serde_json::Value;

/// The data of a page, read back.
fn read(page: &str) -> Value {
    let (_, rest) = page.split_once("<script type=\"application/json\" id=\"data\">").expect("there is data");
    let (data, _) = rest.split_once("</script>").expect("it ends");
    serde_json::from_str(data).expect("it is JSON")
}

fn all() -> impl Iterator<Item = (&'static str, Picture)> {
    samples::all().into_iter().chain([("nasty", nasty()), ("sigmoid", recordings::sigmoid())])
}

#[test]
fn pages_are_the_same_from_run_to_run() {
    for (name, picture) in all() {
        assert_eq!(picture.to_html(), picture.to_html(), "{name}");
    }
}

#[test]
fn a_page_without_data_is_small() {
    let page = Picture::default().to_html();
    assert!(page.len() < 100_000, "{} bytes", page.len());
    assert!(!page.contains("{{") && page.ends_with("</html>\n"));
}

#[test]
fn nothing_is_loaded_and_only_the_pages_own_script_runs() {
    for (name, picture) in all() {
        let page = picture.to_html();
        for word in ["http:", "https:", "//cdn", "src=", "href=", "url(", "@import", "innerHTML", "eval("] {
            assert!(!page.contains(word), "{name}: {word}");
        }
        assert_eq!(page.matches("<script").count(), 2, "{name}");
        assert_eq!(page.matches("</script").count(), 2, "{name}");
        assert_eq!(page.matches("<style").count(), 1, "{name}");
        let (_, script) = page.rsplit_once("<script>").expect("there is a script");
        let (script, _) = script.split_once("</script>").expect("it ends");
        let policy = format!("default-src 'none'; script-src '{}';", digest::source(script));
        assert!(page.contains(&policy), "{name}: {policy}");
    }
}

#[test]
fn hostile_names_stay_text() {
    let mut picture = nasty();
    picture.title = "</title><script>alert(1)</script>{{data}}".to_owned();
    let attack = "</script><img src=x onerror=alert(1)>\u{2028}";
    picture.nodes[0].details = Some(Box::new(Details {
        op: attack.to_owned(),
        source: Some(attack.to_owned()),
        findings: vec![NASTY.to_owned(), attack.to_owned()],
        ..Details::default()
    }));
    let page = picture.to_html();
    assert_eq!((page.matches("<script").count(), page.matches("</script").count()), (2, 2));
    assert!(!page.contains("<img") && !page.contains('\u{2028}'));
    let data = read(&page);
    let node = &data["levels"][0]["nodes"][0];
    assert_eq!((&node["op"], &node["findings"][0]), (&Value::from(attack), &Value::from(NASTY)));
    assert_eq!(data["levels"][0]["title"], Value::from(picture.title));
}

#[test]
fn the_data_are_those_of_the_picture() {
    for (name, picture) in all() {
        let page = picture.to_html();
        let level = &read(&page)["levels"][0];
        let nodes = level["nodes"].as_array().expect("a list");
        assert_eq!(nodes.len(), picture.nodes.len(), "{name}");
        for (told, node) in nodes.iter().zip(&picture.nodes) {
            assert_eq!(
                (&told["id"], &told["kind"]),
                (&Value::from(node.id.as_str()), &Value::from(node.kind.word()))
            );
            assert_eq!(told["name"].as_str().unwrap_or(""), node.name.as_deref().unwrap_or(""), "{name}");
        }
        let edges = level["edges"].as_array().expect("a list");
        assert_eq!(edges.len(), picture.drawn_edges().count(), "{name}");
        // Every number that the script tells is drawn, letter for letter.
        for (edge, key) in edges.iter().flat_map(|edge| [(edge, "value"), (edge, "gradient")]) {
            if let Some(said) = edge[key].as_str() {
                let drawn = format!(">{}</text>", xml(said));
                assert!(page.contains(&drawn), "{name}: {drawn} at edge {}", edge["at"]);
            }
        }
    }
}

#[test]
fn a_node_of_a_graph_is_told_in_full() {
    let data = read(&recordings::sigmoid().to_html());
    let node = |id: &str| {
        let nodes = data["levels"][0]["nodes"].as_array().expect("a list");
        nodes.iter().find(|node| node["id"] == *id).expect("it is drawn").clone()
    };
    let times = node("n3");
    assert_eq!((&times["op"], &times["formula"]), (&Value::from("×"), &Value::from("y = ×(x)")));
    assert_eq!(times["constants"], serde_json::json!([[1, "−1"]]));
    assert_eq!(times["shape"], "scalar");
    assert!(times["source"].as_str().expect("a line").contains("recordings.rs:"), "{times}");
}

#[test]
fn a_page_of_two_levels_holds_both_drawings() {
    let (net, sigmoid) = (samples::apples_and_oranges(), recordings::sigmoid());
    let sheet = |name, picture| Sheet { name, open: None, picture };
    let page = write(&[sheet("Nodes", &net), sheet("Layers", &sigmoid)]);
    assert_eq!(
        (page.matches("<svg").count(), page.matches("<div class=\"drawing\" hidden>").count()),
        (2, 1)
    );
    assert_eq!(read(&page)["levels"][1]["name"], "Layers");
}

#[test]
fn the_drawing_of_a_page_is_that_of_the_file() {
    for (name, picture) in all() {
        let (svg, page) = (picture.to_svg(), picture.to_html());
        let shapes = |text: &str| {
            let (_, drawing) = text.split_once("<svg").expect("a drawing");
            let (drawing, _) = drawing.split_once("</svg>").expect("it ends");
            let lines = drawing
                .lines()
                .filter(|l| ["<rect", "<path", "<text", "<circle"].iter().any(|tag| l.starts_with(tag)));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(shapes(&svg), shapes(&page), "{name}");
    }
}
