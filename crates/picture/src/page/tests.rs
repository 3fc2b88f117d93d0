//! What a page holds, and what it must not.

use crate::model::text::xml;
use crate::page::digest;
use crate::samples::{self, NASTY, nasty};
use crate::{Details, Group, Page, Picture, Timeline, page_parts};
use flate2::read::GzDecoder;
use serde_json::Value;
use std::io::Read;

/// The data of a page, read back.
fn read(page: &str) -> Value {
    let (_, rest) = page.split_once("<script type=\"application/json\" id=\"data\">").expect("there is data");
    let (data, _) = rest.split_once("</script>").expect("it ends");
    serde_json::from_str(data).expect("it is JSON")
}

/// What is known of the nodes of the drawing.
fn nodes(data: &Value) -> Vec<&Value> {
    data["state"]["nodes"].as_array().expect("a list").iter().collect()
}

fn all() -> impl Iterator<Item = (&'static str, Picture)> {
    samples::all().into_iter().chain([("nasty", nasty())])
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
    assert!(page.len() < 130_000, "{} bytes", page.len());
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
    let node = nodes(&data)[0];
    let op = attack.replace('\u{2028}', " ");
    assert_eq!((&node["op"], &node["findings"][0]), (&Value::from(op), &Value::from(NASTY)));
    assert_eq!(data["state"]["title"], Value::from(picture.title));
}

#[test]
fn the_data_are_those_of_the_picture() {
    for (name, picture) in all() {
        let page = picture.to_html();
        let picture = picture.for_display();
        let data = read(&page);
        let level = &data["state"];
        let nodes = nodes(&data);
        assert_eq!(nodes.len(), picture.nodes.len(), "{name}");
        for (told, node) in nodes.into_iter().zip(&picture.nodes) {
            assert_eq!(
                (&told["id"], &told["kind"]),
                (&Value::from(node.id.as_str()), &Value::from(node.kind.word()))
            );
            assert_eq!(told["name"].as_str().unwrap_or(""), node.name.as_deref().unwrap_or(""), "{name}");
        }
        let count = picture.drawn_edges().count();
        assert_eq!(level["edges"].as_array().expect("a list").len(), count, "{name}");
        // Every number that the script tells is drawn, letter for letter.
        for key in ["values", "gradients"] {
            let told = level["moments"][0][key].as_array().expect("a list");
            assert_eq!(told.len(), count, "{name}");
            for said in told.iter().filter_map(Value::as_str) {
                let drawn = format!(">{}</text>", xml(said));
                assert!(page.contains(&drawn), "{name}: {drawn}");
            }
        }
    }
}

#[test]
fn a_node_of_a_graph_is_told_in_full() {
    let (_, picture) = samples::from_graphs().swap_remove(0);
    let data = read(&picture.to_html());
    let all = nodes(&data);
    let node = |id: &str| *all.iter().find(|node| node["id"] == *id).expect("it is drawn");
    let times = node("n3");
    assert_eq!((&times["op"], &times["formula"]), (&Value::from("×"), &Value::from("y = ×(x)")));
    assert_eq!(times["constants"], serde_json::json!([[1, "−1"]]));
    assert_eq!(times["shape"], "scalar");
    assert!(times["source"].as_str().expect("a line").contains("recordings.rs:"), "{times}");
}

#[test]
fn a_page_that_carries_its_program_has_it_with_its_data_compressed() {
    let picture = samples::apples_and_oranges();
    let page =
        |numbers: &[u8]| Page::new(picture.clone(), ["shop"]).carrying(b"scene".to_vec(), numbers.to_vec());
    let html = page(b"first").to_html();
    assert_eq!((html.matches("<script").count(), html.matches("</script").count()), (4, 4));
    assert!(html.contains("' 'wasm-unsafe-eval'; style-src"), "the policy lets the program run");
    assert!(!picture.to_html().contains("wasm-unsafe-eval"), "a page without one lets none run");
    let data = read(&html);
    assert_eq!((&data["open"], &data["live"]), (&serde_json::json!(["shop"]), &Value::from(true)));
    let timeline = Timeline::new().moment("0", page(b"first")).moment("1", page(b"second")).to_html();
    let timeline = timeline.expect("it is one graph");
    let (_, packed) = timeline.split_once("id=\"carried\">").expect("it carries data");
    let (packed, _) = packed.split_once("</script>").expect("they end");
    let mut carried = Vec::new();
    GzDecoder::new(&*bytes(packed)).read_to_end(&mut carried).expect("they are compressed");
    let parts = page_parts(&carried).expect("in parts");
    assert_eq!(parts[1..], [&b"scene"[..], b"first", b"second"]);
    let state: Value = serde_json::from_slice(parts[0]).expect("it is JSON");
    assert_eq!(state["nodes"].as_array().map(Vec::len), Some(picture.nodes.len()));
    for cut in 1..carried.len() {
        let parts = page_parts(&carried[..cut]);
        assert!(parts.is_none_or(|parts| parts.len() < 4), "cut off at {cut}");
    }
    let other = Page::new(picture.clone(), ["shop"]).carrying(b"another".to_vec(), Vec::new());
    let mixed = Timeline::new().moment("0", page(b"first")).moment("1", other).to_html();
    assert!(mixed.expect_err("it is another graph").to_string().contains("another graph"));
}

/// Base64, read back.
fn bytes(letters: &str) -> Vec<u8> {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let places = letters.chars().filter_map(|letter| LETTERS.find(letter)).collect::<Vec<_>>();
    let bytes = places.chunks(4).flat_map(|four| {
        let bits = (0..4).fold(0, |bits, i| bits << 6 | four.get(i).copied().unwrap_or(0));
        (0..four.len() - 1).map(move |i| (bits >> (16 - 8 * i)) as u8)
    });
    bytes.collect()
}

#[test]
fn frames_know_the_scopes_they_are_drawn_around() {
    let picture = samples::all().into_iter().find(|(_, picture)| !picture.groups.is_empty());
    let (_, mut picture) = picture.expect("one sample has groups");
    let inner = picture.groups.len();
    picture.groups.push(Group { id: "cluster_in".to_owned(), label: "in".to_owned(), parent: Some(0) });
    for node in picture.nodes.iter_mut().filter(|node| node.group == Some(0)) {
        node.group = Some(inner);
        node.details = Some(Box::new(Details { scope: "net/in/deep".to_owned(), ..Details::default() }));
    }
    let data = read(&picture.to_html());
    let groups = &data["state"]["groups"];
    assert_eq!((&groups[0]["scope"], &groups[inner]["scope"]), (&Value::from("net"), &Value::from("net/in")));
}

#[test]
fn moments_share_one_layout_and_change_numbers_alone() {
    let short = samples::apples_and_oranges();
    let mut long = short.clone();
    for text in long.edges.iter_mut().flat_map(|edge| [&mut edge.value, &mut edge.gradient]).flatten() {
        *text = format!("-1234567{text}");
    }
    let timeline = |first: &Picture, second: &Picture| {
        let timeline = Timeline::new().moment("step 0", first.clone()).moment("<b>", second.clone());
        timeline.to_html().expect("it is one graph")
    };
    let places = |page: &str| {
        let lines =
            page.lines().filter(|line| ["<path", "<rect", "<circle"].iter().any(|tag| line.starts_with(tag)));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let page = timeline(&short, &long);
    assert_eq!(places(&page), places(&timeline(&long, &short)), "whichever moment is longer");
    assert_eq!(page.matches("<svg").count(), 1);
    assert!(!page.contains("<b>"));
    let data = read(&page);
    let (edges, moments) = (&short.edges, &data["state"]["moments"]);
    for (index, edge) in edges.iter().enumerate() {
        let (first, second) = (&moments[0]["values"][index], &moments[1]["values"][index]);
        if let Some(value) = &edge.value {
            assert_eq!(first, &Value::from(value.as_str()));
            assert_eq!(second, &Value::from(format!("−1234567{value}")));
        }
    }
    let moments =
        serde_json::json!([{"label": "step 0", "output": "715"}, {"label": "<b>", "output": "-1234567715"}]);
    assert_eq!(data["moments"], moments);
}

#[test]
fn moments_of_other_graphs_are_refused() {
    let first = samples::apples_and_oranges();
    let refused = |second: Picture| {
        let timeline = Timeline::new().moment("0", first.clone()).moment("1", second);
        timeline.to_html().expect_err("it is another graph").to_string()
    };
    let mut fewer = first.clone();
    fewer.edges.pop();
    assert!(refused(fewer).contains("the moment `1` has other arrows"));
    let mut renamed = first.clone();
    renamed.nodes[0].id = "n99".to_owned();
    assert!(refused(renamed).contains("other nodes"));
    let nothing = Timeline::new().to_html().expect_err("there is nothing to show");
    assert_eq!(nothing.to_string(), "timeline: there is no moment; add pictures with `moment`");
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
