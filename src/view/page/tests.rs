//! What a page draws and computes is what the tape draws and computes.

use crate::picture::{Level, LivePage, Picture, Reply};
use crate::{Tape, Var};
use ndarray::{arr1, arr2};
use std::collections::BTreeSet;

/// Scopes in scopes, with leaves of all kinds, a constant, and a value that is used twice.
fn nested(tape: &Tape) -> Var<'_> {
    let x = tape.leaf("x", arr2(&[[0.5, -1.0], [2.0, 0.25]]));
    let mut h = x;
    for block in ["block1", "block2"] {
        let _block = tape.scope(block);
        for part in ["inner", "outer"] {
            let _part = tape.scope(part);
            let w = tape.parameter("w", [2, 2]);
            tape.feed(w, arr2(&[[0.3, -0.7], [1.1, 0.2]])).expect("it is a parameter");
            h = (h.matmul(w) * 2.0).tanh() + h;
        }
    }
    h.square().sum().named("loss")
}

fn live(draw: &crate::Draw<'_>) -> LivePage {
    LivePage::of_page(&draw.page().expect("it is drawn")).expect("it can be read")
}

fn svg(picture: &Picture) -> String {
    chainrule_picture::PageState::of(std::slice::from_ref(picture)).svg
}

#[test]
fn a_page_begins_with_the_picture_that_is_drawn() {
    for level in [Level::Auto, Level::Nodes, Level::Layers] {
        let tape = Tape::new();
        let y = nested(&tape);
        let draw = y.draw().level(level).gradients(&y.backward());
        let first = live(&draw).pictures().expect("it is drawn").swap_remove(0);
        assert_eq!(svg(&first), svg(&draw.picture().expect("it is drawn")), "{level:?}");
    }
}

#[test]
fn groups_opened_and_closed_in_any_order_give_the_drawing_of_what_is_open() {
    let tape = Tape::new();
    let y = nested(&tape);
    let draw = y.draw().level(Level::Layers).gradients(&y.backward());
    let mut page = live(&draw);
    let mut open = BTreeSet::new();
    let groups = ["block1", "block1/inner", "block1/outer", "block2", "block2/inner"];
    // A Gray code goes through all combinations that can be reached by one switch at a time.
    for step in 1_usize..64 {
        let group = groups[step.trailing_zeros() as usize % groups.len()];
        let reply = if open.contains(group) {
            open.retain(|each: &&str| *each != group && !each.starts_with(&format!("{group}/")));
            page.answer(&format!("close\0{group}"))
        } else {
            open.insert(group);
            page.answer(&format!("open\0{group}"))
        };
        let drawn = draw.clone().open_only(open.iter().copied()).picture().expect("it is drawn");
        assert_eq!(reply.svg, svg(&drawn), "{step}: {group} of {open:?}");
    }
    let all = page.answer("all").svg;
    assert_eq!(all, svg(&draw.clone().level(Level::Nodes).picture().expect("it is drawn")));
    let shown = page.answer("only").svg;
    assert_eq!(shown, svg(&draw.picture().expect("it is drawn")));
}

#[test]
fn everything_is_found_and_what_is_around_it_opens() {
    let tape = Tape::new();
    let y = nested(&tape);
    let mut page = live(&y.draw().level(Level::Layers));
    let found = page.answer("find\0tanh").data;
    assert!(found.contains("\"count\":4"), "{found}");
    let node = tape.graph().nodes().filter(|node| node.op().name == "tanh").nth(2).map(|node| node.id());
    let node = node.expect("there are four");
    let shown = page.answer(&format!("show\0{node}"));
    assert!(shown.data.contains("\"open\":[\"block2\",\"block2/inner\"]"), "{}", shown.data);
    assert!(shown.svg.contains(&format!("data-id=\"{node}\"")));
}

#[test]
fn changed_numbers_are_those_of_the_tape_to_the_last_bit() {
    let tape = Tape::new();
    let y = nested(&tape);
    let draw = y.draw().gradients(&y.backward());
    let mut page = live(&draw);
    let x = tape.graph().named("x").and_then(|id| tape.var(id)).expect("there is an x");
    let mut values = arr2(&[[0.5, -1.0], [2.0, 0.25]]);
    for (element, number) in [(0, 0.1), (3, -7.25), (1, 1e-300), (2, 1.0 / 3.0), (0, -0.0)] {
        values[[element / 2, element % 2]] = number;
        tape.feed(x, &values).expect("it is an input");
        let reply = page.answer(&format!("set\0{}\0{element}\00\0{number:?}", x.id()));
        assert!(reply.data.starts_with("{\"moments\":"), "{}", reply.data);
        let drawn = draw.picture().expect("it is drawn");
        assert_eq!(page.answer("draw").svg, svg(&drawn), "{element} is {number}");
        let wanted = tape.graph().ids().filter(|&id| id <= y.id()).collect::<Vec<_>>();
        for id in wanted {
            let told: serde_json::Value =
                serde_json::from_str(&page.answer(&format!("elements\0{id}\00\00")).data)
                    .expect("it is JSON");
            let told = told["value"].as_array().expect("it has a value").iter();
            let told: Vec<u64> = told.map(|x| x.as_f64().expect("it is finite").to_bits()).collect();
            let value = tape.var(id).expect("it is there").value();
            assert_eq!(told, value.view().iter().map(|x| x.to_bits()).collect::<Vec<_>>(), "{id}");
        }
    }
    let first = page.answer("reset").svg;
    tape.feed(x, arr2(&[[0.5, -1.0], [2.0, 0.25]])).expect("it is an input");
    assert_eq!(first, svg(&draw.picture().expect("it is drawn")));
}

#[test]
fn a_constant_is_changed_where_it_is_written() {
    let tape = Tape::new();
    let y = (tape.leaf("x", 3.0) * 2.0).named("y");
    let mut page = live(&y.draw().gradients(&y.backward()));
    let constant = tape.graph().nodes().find(|node| node.constant().is_some()).map(|node| node.id());
    let reply = page.answer(&format!("set\0{}\00\00\05", constant.expect("it is recorded")));
    assert!(reply.svg.contains("× 5") && reply.svg.contains(">15<"), "{}", reply.svg);
    assert!(page.answer("reset").svg.contains("× 2"));
}

#[test]
fn the_products_of_the_paths_sum_to_the_gradient() {
    let tape = Tape::new();
    let (a, b) = (tape.leaf("a", 1.5), tape.leaf("b", -0.5));
    let p = a * b;
    let y = ((p + a).sigmoid() * p - (a * a) / b.exp()).named("y");
    let gradient = y.grad([a])[0].value().item();
    let mut page = live(&y.draw().gradients(&y.backward()));
    let told = page.answer(&format!("paths\0{}\00\00", a.id())).data;
    let told: serde_json::Value = serde_json::from_str(&told).expect("it is JSON");
    let products = told["paths"].as_array().expect("a list").iter().map(|path| path["product"].as_f64());
    let sum: f64 = products.map(|product| product.expect("a number")).sum();
    assert!((sum - gradient).abs() < 1e-14 && told["count"] == 5.0, "{told}");
    assert!((told["sum"].as_f64().expect("a number") - gradient).abs() < 1e-14);
    let slope = page.answer(&format!("quotient\0{}\00\00", a.id())).data;
    let slope: serde_json::Value = serde_json::from_str(&slope).expect("it is JSON");
    assert!((slope["quotient"].as_f64().expect("a number") - gradient).abs() < 1e-8, "{slope}");
}

#[test]
fn what_is_too_large_or_not_built_in_keeps_what_was_recorded() {
    let tape = Tape::new();
    let large = tape.leaf("large", ndarray::Array1::linspace(-1.0, 1.0, 10_000));
    let scale = tape.leaf("scale", 2.0);
    let y = (large.square().mean() * scale).named("y");
    let draw = y.draw().gradients(&y.backward());
    let mut page = live(&draw);
    let drawn = draw.picture().expect("it is drawn");
    assert_eq!(page.answer("draw").svg, svg(&drawn), "summaries stand for large arrays");
    let told = page.answer(&format!("set\0{}\00\00\04", scale.id())).data;
    assert!(told.contains("\"1.33\""), "what is computed from the mean follows: {told}");
    let refused = page.answer(&format!("set\0{}\00\00\04", large.id())).data;
    assert!(refused.contains("not carried"), "{refused}");
}

#[test]
fn requests_that_make_no_sense_are_refused() {
    let tape = Tape::new();
    let labels = tape.index_leaf("labels", [0, 1]);
    let y = tape.leaf("table", arr1(&[1.0, 2.0, 3.0])).take(labels, 0).sum();
    let mut page = live(&y.draw().gradients(&y.backward()));
    let node = labels.id();
    for (request, problem) in [
        ("".to_owned(), "not asked"),
        ("show\0n99".to_owned(), "no node n99"),
        ("show\0x".to_owned(), "no node x"),
        (format!("set\0{node}\00\00\03"), "index 3 at [0]"),
        (format!("set\0{node}\00\00\00.5"), "no index"),
        (format!("set\0{node}\09\00\01"), "no such element"),
        (format!("set\0{node}\00\09\01"), "no such moment"),
        (format!("set\0{node}\00\00\0two"), "no number"),
    ] {
        let Reply { data, svg } = page.answer(&request);
        assert!(data.contains("problem") && data.contains(problem) && svg.is_empty(), "{request:?}: {data}");
    }
    assert!(page.answer("draw").svg.contains(">[0, 1]<"), "a number that is refused is not kept");
}

#[test]
fn data_that_are_cut_off_are_refused() {
    let tape = Tape::new();
    let y = nested(&tape);
    let carried = y.draw().page().expect("it is drawn").carried();
    assert!(LivePage::read(&carried).is_ok());
    for end in (0..carried.len()).step_by(7) {
        assert!(LivePage::read(&carried[..end]).is_err(), "{end} of {}", carried.len());
    }
}
