//! What a page holds, and what it must not.

use crate::model::text::xml;
use crate::page::digest;
use crate::samples::{self, NASTY, nasty};
use crate::{Details, Expansions, Group, Picture, Timeline};
use serde_json::Value;

/// The data of a page, read back.
fn read(page: &str) -> Value {
    let (_, rest) = page.split_once("<script type=\"application/json\" id=\"data\">").expect("there is data");
    let (data, _) = rest.split_once("</script>").expect("it ends");
    serde_json::from_str(data).expect("it is JSON")
}

/// What is known of the nodes of a drawing.
fn nodes(data: &Value, level: usize) -> Vec<&Value> {
    let places = data["levels"][level]["nodes"].as_array().expect("a list").iter();
    places.map(|place| &data["facts"][place.as_u64().expect("a place") as usize]).collect()
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
    let node = nodes(&data, 0)[0];
    let op = attack.replace('\u{2028}', " ");
    assert_eq!((&node["op"], &node["findings"][0]), (&Value::from(op), &Value::from(NASTY)));
    assert_eq!(data["levels"][0]["title"], Value::from(picture.title));
}

#[test]
fn the_data_are_those_of_the_picture() {
    for (name, picture) in all() {
        let page = picture.to_html();
        let picture = picture.for_display();
        let data = read(&page);
        let level = &data["levels"][0];
        let nodes = nodes(&data, 0);
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
    let all = nodes(&data, 0);
    let node = |id: &str| *all.iter().find(|node| node["id"] == *id).expect("it is drawn");
    let times = node("n3");
    assert_eq!((&times["op"], &times["formula"]), (&Value::from("×"), &Value::from("y = ×(x)")));
    assert_eq!(times["constants"], serde_json::json!([[1, "−1"]]));
    assert_eq!(times["shape"], "scalar");
    assert!(times["source"].as_str().expect("a line").contains("recordings.rs:"), "{times}");
}

#[test]
fn a_page_of_two_openings_holds_both_drawings_and_shared_facts_once() {
    let closed = samples::apples_and_oranges();
    let mut open = closed.clone();
    open.edges.pop();
    let expansions = Expansions::new().with(["shop"], open).with([""; 0], closed.clone());
    let page = expansions.to_html();
    assert_eq!(
        (page.matches("<svg").count(), page.matches("<div class=\"drawing\" hidden>").count()),
        (2, 1)
    );
    let data = read(&page);
    assert_eq!(data["levels"][0]["open"], serde_json::json!(["shop"]));
    assert_eq!(data["levels"][1]["open"], Value::Null);
    assert_eq!(data["facts"].as_array().map(Vec::len), Some(closed.nodes.len()));
    // The first picture of a combination counts.
    assert_eq!(expansions.clone().with(["shop"], Picture::default()), expansions);
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
    let groups = &data["levels"][0]["groups"];
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
    let (edges, moments) = (&short.edges, &data["levels"][0]["moments"]);
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
