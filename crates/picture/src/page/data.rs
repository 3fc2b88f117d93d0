//! The data of a page's script: names, numbers as they are drawn, and the details of nodes.

use crate::layout::measure::EdgeText;
use crate::model::details::{Details, Histogram};
use crate::model::display::group_key;
use crate::model::json::{Object, list, text};
use crate::model::mark::Mark;
use crate::model::picture::{Picture, PictureNode};
use crate::model::text::minus;
use crate::page::carried::Page;
use crate::page::timeline;

/// The data of a page, as JSON: the `state` that is shown first, unless it is carried compressed, its `open` groups, the `marks` with their signs and
/// words, from good to bad, the labels of the `moments` with the
/// output at each, whether the page carries its program (`live`), and the expression of a `playground`.
pub(crate) fn write(state: Option<&str>, page: &Page, moments: &[(&str, &Picture)]) -> String {
    let named = |(label, picture): &(&str, &Picture)| {
        let output = timeline::output(picture);
        Object::default()
            .text("label", label)
            .some("output", output.filter(|y| y.is_finite()).map(|y| y.to_string()))
            .end()
    };
    let object = state.into_iter().fold(Object::default(), |object, state| object.raw("state", state));
    object
        .all("open", &page.open, |name| text(&group_key(name)))
        .all("moments", if moments.len() > 1 { moments } else { &[] }, named)
        .raw(
            "marks",
            list(Mark::ALL.iter().rev().map(|mark| list([mark.word(), mark.sign(), mark.says()].map(text)))),
        )
        .flag("live", page.carried.is_some())
        .some("playground", page.playground.as_deref())
        .end()
}

/// What is known of the nodes, arrows and groups of a picture, and their numbers at each moment.
pub(crate) fn state(pictures: &[&Picture]) -> String {
    let Some(&picture) = pictures.first() else { return "{}".to_owned() };
    let edges = picture.drawn_edges().map(|(index, edge)| {
        Object::default()
            .raw("at", index)
            .raw("from", edge.from)
            .raw("to", edge.to)
            .raw("operand", edge.operand)
            .flag("isShape", EdgeText::of(picture, index).is_shape)
            .flag("wrong", edge.wrong)
            .end()
    });
    let groups = groups(picture);
    Object::default()
        .text("title", &picture.title)
        .raw("nodes", list(picture.nodes.iter().map(node_facts)))
        .raw("edges", list(edges))
        .all("groups", &groups, Clone::clone)
        .raw("moments", moments(pictures))
        .end()
}

/// The numbers of nodes and arrows at each moment.
pub(crate) fn moments(pictures: &[&Picture]) -> String {
    let moment = |&picture: &&Picture| {
        let texts = |pick: fn(EdgeText) -> Option<String>| {
            let said = |index| pick(EdgeText::of(picture, index));
            let written = |said: Option<String>| said.map_or("null".to_owned(), |said| text(&minus(&said)));
            list(picture.drawn_edges().map(|(index, _)| written(said(index))))
        };
        Object::default()
            .raw("numbers", list(picture.nodes.iter().map(node_numbers)))
            .raw("values", texts(|said| said.value))
            .raw("gradients", texts(|said| said.gradient))
            .end()
    };
    list(pictures.iter().map(moment))
}

/// The frames, each with its scope. O(nodes + groups).
fn groups(picture: &Picture) -> Vec<String> {
    // Parents have smaller indices, so the walk up terminates.
    let parent = |group: usize| picture.groups[group].parent.filter(|&parent| parent < group);
    let (mut depths, mut inside) = (vec![0; picture.groups.len()], vec![None; picture.groups.len()]);
    for group in 0..picture.groups.len() {
        depths[group] = parent(group).map_or(0, |parent| depths[parent] + 1);
    }
    for (index, node) in picture.nodes.iter().enumerate() {
        let mut around = picture.group_of(index);
        // If a group has a node, so have all its ancestors.
        while let Some(group) = around.filter(|&group| inside[group].is_none()) {
            inside[group] = Some(node);
            around = parent(group);
        }
    }
    let written = (picture.groups.iter().zip(depths).zip(inside)).map(|((group, depth), inside)| {
        let scope = inside.and_then(|node| node.details.as_ref()).map(|known| {
            let ends = known.scope.match_indices('/').map(|(at, _)| at).nth(depth);
            &known.scope[..ends.unwrap_or(known.scope.len())]
        });
        Object::default().text("id", &group.id).text("label", &group.label).some("scope", scope).end()
    });
    written.collect()
}

fn node_facts(node: &PictureNode) -> String {
    let object = Object::default()
        .text("id", &node.id)
        .text("kind", node.kind.word())
        .text("symbol", &node.symbol)
        .some("name", node.name.as_deref())
        .flag("backward", node.backward)
        .text("tooltip", &node.tooltip)
        .some("belongsTo", node.of.as_deref())
        .some("note", node.note.as_deref())
        .some("mark", node.mark.map(|mark| mark.word()));
    match &node.details {
        Some(known) => details(object, known).end(),
        None => object.some("shape", node.shape.as_deref()).end(),
    }
}

fn node_numbers(node: &PictureNode) -> String {
    let known = node.details.as_deref();
    let bins = |object: Object, key, bins: Option<&Histogram>| match bins {
        None => object,
        Some(bins) => object.raw(key, histogram(bins)),
    };
    let object = Object::default()
        .some("value", node.value.as_deref().map(minus))
        .some("gradient", node.gradient.as_deref().map(minus));
    let object = bins(object, "valueBins", known.and_then(|known| known.values.as_ref()));
    bins(object, "gradientBins", known.and_then(|known| known.gradients.as_ref())).end()
}

fn histogram(bins: &Histogram) -> String {
    Object::default()
        .text("low", &minus(&bins.low))
        .text("high", &minus(&bins.high))
        .raw("counts", list(bins.counts.iter().map(usize::to_string)))
        .raw("zeros", bins.zeros)
        .raw("notFinite", bins.not_finite)
        .end()
}

fn details(object: Object, known: &Details) -> Object {
    let by_operand = |(operand, said): &(usize, String)| format!("[{operand},{}]", text(said));
    // A box that is not a scope is expanded by its own key.
    let is_scope = known.opens.is_empty() || !known.scope.is_empty() && known.opens.starts_with(&known.scope);
    let object = object
        .text("op", &known.op)
        .text("formula", &known.formula)
        .text("shape", &known.shape)
        .text("scope", if is_scope { &known.scope } else { &known.opens })
        .some("source", known.source.as_deref())
        .all("constants", &known.constants, by_operand)
        .all("rules", &known.rules, by_operand)
        .all("findings", &known.findings, |said| text(said))
        .all("members", &known.members, |id| text(id))
        .some("opens", Some(known.opens.as_str()).filter(|key| !key.is_empty()));
    [("nodeCount", known.nodes), ("parameterCount", known.parameters), ("times", known.times)]
        .into_iter()
        .filter(|&(_, count)| count > 0)
        .fold(object, |object, (key, count)| object.raw(key, count))
}
