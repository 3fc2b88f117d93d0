//! What a page's script knows of the drawings: names, numbers as they are drawn, and the details of nodes.

use super::super::details::{Details, Histogram};
use super::super::measure::EdgeText;
use super::super::model::PictureNode;
use super::super::text::minus;
use super::Sheet;
use super::json::{Object, list, text};

/// The data of all drawings of a page, as JSON.
pub(super) fn write(sheets: &[Sheet<'_>]) -> String {
    Object::default().raw("levels", list(sheets.iter().map(level))).end()
}

fn level(sheet: &Sheet<'_>) -> String {
    let Sheet { name, open, picture } = *sheet;
    let edges = picture.drawn_edges().map(|(index, edge)| {
        let said = EdgeText::of(picture, index);
        Object::default()
            .raw("at", index)
            .raw("from", edge.from)
            .raw("to", edge.to)
            .raw("operand", edge.operand)
            .some("value", said.value.as_deref().map(minus))
            .flag("isShape", said.is_shape)
            .some("gradient", said.gradient.as_deref().map(minus))
            .flag("wrong", edge.wrong)
            .end()
    });
    Object::default()
        .text("name", name)
        .some("open", open)
        .text("title", &picture.title)
        .raw("nodes", list(picture.nodes.iter().map(node)))
        .raw("edges", list(edges))
        .all("groups", &picture.groups, |group| {
            Object::default().text("id", &group.id).text("label", &group.label).end()
        })
        .end()
}

fn node(node: &PictureNode) -> String {
    let object = Object::default()
        .text("id", &node.id)
        .text("kind", node.kind.word())
        .text("symbol", &node.symbol)
        .some("name", node.name.as_deref())
        .some("value", node.value.as_deref().map(minus))
        .some("gradient", node.gradient.as_deref().map(minus))
        .flag("backward", node.backward)
        .text("tooltip", &node.tooltip)
        .some("of", node.of.as_deref())
        .some("note", node.note.as_deref())
        .some("mark", node.mark.map(|mark| mark.word()));
    match &node.details {
        Some(known) => details(object, known).end(),
        None => object.some("shape", node.shape.as_deref()).end(),
    }
}

fn details(object: Object, known: &Details) -> Object {
    let by_operand = |(operand, said): &(usize, String)| format!("[{operand},{}]", text(said));
    let histogram = |object: Object, key, bins: &Option<Histogram>| match bins {
        None => object,
        Some(bins) => object.raw(
            key,
            Object::default()
                .text("low", &minus(&bins.low))
                .text("high", &minus(&bins.high))
                .raw("counts", list(bins.counts.iter().map(usize::to_string)))
                .raw("zeros", bins.zeros)
                .raw("notFinite", bins.not_finite)
                .end(),
        ),
    };
    let object = object
        .text("op", &known.op)
        .text("formula", &known.formula)
        .text("shape", &known.shape)
        .text("scope", &known.scope)
        .some("source", known.source.as_deref())
        .all("constants", &known.constants, by_operand)
        .all("rules", &known.rules, by_operand)
        .all("findings", &known.findings, |said| text(said))
        .all("members", &known.members, |id| text(id))
        .some("opens", Some(known.opens.as_str()).filter(|key| !key.is_empty()))
        .some("backwardOf", known.backward_of.as_deref());
    let object = [("nodeCount", known.nodes), ("parameterCount", known.parameters), ("times", known.times)]
        .into_iter()
        .filter(|&(_, count)| count > 0)
        .fold(object, |object, (key, count)| object.raw(key, count));
    let object = histogram(object, "valueBins", &known.values);
    histogram(object, "gradientBins", &known.gradients)
}
