//! Names in every output: cut to what can be read, without what a reader would refuse or obey.

use super::{hostile_names, is_xml, picture_of};
use chainrule::picture::{Page, Picture, Timeline};
use chainrule::{Check, Graph, Plan, Registry, Schedule, Tape, Var};

/// A parameter and an input of a name, in a scope of that name, and what is computed from them.
fn recorded<'t>(tape: &'t Tape, name: &str) -> (Var<'t>, Var<'t>) {
    let _scope = tape.scope(name);
    let w = tape.parameter(&format!("{name}w"), [3, 2]);
    let x = tape.input(&format!("{name}x"), [4, 3]);
    let loss = x.matmul(w).tanh().square().mean().named(&format!("{name}loss"));
    (w, loss)
}

fn is_plain(line: &str) -> bool {
    line.chars().all(|c| {
        is_xml(c) && !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    })
}

fn check_table(table: &str, name: &str) {
    for line in table.lines() {
        assert!(line.chars().count() < 2_000, "a line of {} for {:.20?}", line.chars().count(), name);
        assert!(is_plain(line), "{line:?} for {name:.20?}");
    }
}

#[test]
fn a_schedule_is_a_table_whatever_the_names_are() {
    for name in hostile_names() {
        let tape = Tape::new();
        let (w, loss) = recorded(&tape, &name);
        let [dw] = loss.grad([w]);
        let plan = Plan::<f64>::compile([loss], [(w, w - 0.1 * dw)]).unwrap();
        check_table(&plan.to_string(), &name);
        check_table(&plan.schedule().to_string(), &name);
        // A file gives the same.
        let graph: Graph = serde_json::from_str(&serde_json::to_string(&*tape.graph()).unwrap()).unwrap();
        let tape = Tape::from_graph(graph, &Registry::default()).unwrap();
        let loss = tape.var(loss.id()).unwrap();
        let plan = Plan::<f64>::compile([loss], []).unwrap();
        check_table(&plan.to_string(), &name);
    }
}

#[test]
fn a_network_is_a_table_whatever_the_names_are() {
    use chainrule::nn::{Affine, Sequential};
    for name in hostile_names().into_iter().filter(|name| !name.is_empty()) {
        let inner = (0..40)
            .fold(Sequential::new(), |net, at| net.push_named(&format!("{name}{at}"), Affine::new(2, 2)));
        check_table(&inner.to_string(), &name);
        check_table(&Sequential::new().push_named(&name, inner).to_string(), &name);
    }
}

#[test]
fn a_schedule_of_wide_steps_is_a_table() {
    let tape = Tape::new();
    let axes = vec![1; 30_000];
    let many: Vec<Var<'_>> = (0..3_000).map(|k| tape.input(&format!("x{k}"), [1])).collect();
    let sum = tape.concat(&many, 0).sum();
    let wide = tape.input("wide", axes).tanh();
    let plan = Plan::<f64>::compile([sum, wide.sum()], []).unwrap();
    check_table(&plan.to_string().lines().take(3_000).collect::<Vec<_>>().join("\n"), "wide");
}

#[test]
fn a_schedule_from_a_file_names_what_is_not_there() {
    let tape = Tape::new();
    let plan = Plan::<f64>::compile([tape.input("x", [4]).tanh().sum()], []).unwrap();
    let json = serde_json::to_string(&plan.schedule()).unwrap().replace("{\"leaf\":0}", "{\"leaf\":77}");
    let schedule: Schedule = serde_json::from_str(&json).unwrap();
    assert!(schedule.to_string().contains("leaf 77"));
    assert!(schedule.picture().to_svg().ends_with("</svg>\n"));
}

#[test]
fn a_report_is_a_table_whatever_the_names_are() {
    for name in hostile_names() {
        let tape = Tape::new();
        let _scope = tape.scope(&name);
        let w = tape.leaf(&format!("{name}w"), 0.3);
        // Where a check finds something, it names the nodes too.
        let loss = (w * 1e300).tanh().named(&name) + w.stop_gradient();
        let report = Check::new(loss, &[w]).run().unwrap();
        check_table(&report.to_string(), &name);
    }
}

#[test]
fn messages_do_not_repeat_what_nobody_can_read() {
    let tape = Tape::new();
    let x = tape.input(&"x\u{1b}".repeat(40_000), [3]);
    let problem = tape.input("y", [4]).try_add_to(x);
    assert!(problem.len() < 2_000 && !problem.contains('\u{1b}'), "{} characters", problem.len());
}

/// The message of a sum of two shapes that do not fit.
trait TryAdd {
    fn try_add_to(self, other: Self) -> String;
}

impl TryAdd for Var<'_> {
    fn try_add_to(self, other: Self) -> String {
        self.tape().try_apply(chainrule::ops::Add, &[self, other]).unwrap_err().to_string()
    }
}

/// Every format of a picture, by name.
fn formats(picture: &Picture) -> Vec<(&'static str, String)> {
    let page = Page::from(picture.clone());
    let timeline = Timeline::new().moment("1", page.clone()).moment(&*picture.title, page);
    vec![
        ("svg", picture.to_svg()),
        ("html", picture.to_html()),
        ("timeline", timeline.to_html().unwrap()),
        ("dot", picture.to_dot()),
        ("mermaid", picture.to_mermaid()),
    ]
}

#[test]
fn every_format_holds_what_readers_take_and_no_more_than_can_be_read() {
    let plain: Vec<usize> = formats(&picture_of("name")).iter().map(|(_, text)| text.len()).collect();
    for name in hostile_names() {
        let picture = picture_of(&name);
        for ((format, text), plain) in formats(&picture).iter().zip(&plain) {
            let bad = text.chars().find(|&c| !is_xml(c) || c.is_control() && c != '\n');
            assert_eq!(bad, None, "{format} of {name:.20?}");
            assert!(text.len() < plain + 1_000_000, "{format} of {name:.20?} has {} bytes", text.len());
        }
        assert!(!picture.to_mermaid().contains("[\"\"]") && !picture.to_mermaid().contains("(\"\")"));
    }
}

#[test]
fn a_picture_of_a_graph_has_names_that_can_be_read_in_json_too() {
    for name in hostile_names() {
        let tape = Tape::new();
        let (_, loss) = recorded(&tape, &name);
        let (picture, json) = (loss.draw().picture().unwrap(), loss.draw().picture().unwrap().to_json());
        assert_eq!(Picture::from_json(&json).unwrap(), picture, "{name:.20?}");
        assert!(json.len() < 200_000, "{} bytes for {name:.20?}", json.len());
        for node in &picture.nodes {
            let said = [&node.symbol, node.name.as_ref().unwrap_or(&node.id)];
            assert!(said.iter().all(|text| is_plain(text)), "{said:?}");
            assert!(node.tooltip.lines().all(is_plain), "{:?}", node.tooltip);
        }
        for (format, text) in formats(&picture) {
            assert!(text.len() < 1_000_000, "{format} has {} bytes for {name:.20?}", text.len());
        }
    }
}

#[test]
fn a_picture_made_by_hand_is_kept_as_it_is_in_json() {
    for name in hostile_names() {
        let mut picture = picture_of(&name);
        if picture.nodes.iter().skip(1).any(|node| node.id == name) {
            picture.nodes[0].id = "other".to_owned();
        }
        assert_eq!(Picture::from_json(picture.to_json()).unwrap(), picture, "{name:.20?}");
    }
}

#[test]
fn names_that_can_be_read_stay_whole_everywhere() {
    let name = "decoder/block_11/attention/query — 損失 ünï";
    let tape = Tape::new();
    let w = tape.leaf(name, 0.5);
    let loss = w.tanh();
    let report = Check::new(loss, &[w]).run().unwrap().to_string();
    let schedule = Plan::<f64>::compile([loss], []).unwrap().to_string();
    let picture = loss.draw().picture().unwrap();
    for text in [
        report,
        schedule,
        picture.to_svg(),
        picture.to_dot(),
        picture.to_mermaid(),
        picture.to_html(),
        picture.to_json(),
    ] {
        assert!(text.contains("損失 ünï") && text.contains("query"), "{text}");
    }
}

#[test]
fn a_long_scope_is_opened_by_the_name_that_a_picture_tells() {
    let tape = Tape::new();
    let x = tape.leaf("x", 0.5);
    let scope = "s".repeat(70_000);
    let y = {
        let _scope = tape.scope(&scope);
        x.tanh().exp()
    };
    let draw = || y.draw().level(chainrule::picture::Level::Layers);
    let closed = draw().picture().unwrap();
    let key = closed.nodes.iter().filter_map(|node| node.details.as_ref()).map(|known| known.opens.clone());
    let key = key.into_iter().find(|key| !key.is_empty()).expect("a box");
    assert!(key.chars().count() <= 2_000);
    for name in [key, scope] {
        assert_eq!(draw().open(&name).picture().unwrap().nodes.len(), closed.nodes.len() + 1);
    }
}
