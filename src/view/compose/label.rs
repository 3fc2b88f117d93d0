//! The texts of nodes and arrows.

use crate::graph::{Graph, Leaf, Node, NodeId, Origin};
use crate::view::compose::select::Selection;
use chainrule_picture::NodeKind;
use chainrule_picture::number;
use ndarray::ArrayD;

pub(in crate::view) fn kind(node: Node<'_>) -> NodeKind {
    match node.leaf() {
        None => NodeKind::Op,
        Some(Leaf::Input | Leaf::Index) => NodeKind::Input,
        Some(Leaf::Parameter) => NodeKind::Parameter,
        Some(Leaf::Constant) => NodeKind::Constant,
    }
}

/// The sign of an op with the constant that is folded into it; the number of a constant; nothing for other leaves.
pub(in crate::view) fn symbol(graph: &Graph, node: Node<'_>, selection: &Selection) -> String {
    match node.leaf() {
        Some(Leaf::Constant) => return constant(node),
        Some(_) => return String::new(),
        None => {}
    }
    let sign = &node.op().symbol;
    let number = |operand: usize| constant(graph.node(node.inputs()[operand]));
    if selection.is_folded(node.id(), 0) {
        format!("{} {sign}", number(0))
    } else if selection.is_folded(node.id(), 1) {
        format!("{sign} {}", number(1))
    } else {
        sign.clone()
    }
}

/// The value of a constant, with a true minus sign, as in the signs of ops.
pub(in crate::view) fn constant(node: Node<'_>) -> String {
    let values = node.constant().unwrap_or_default().to_vec();
    let array = ArrayD::from_shape_vec(node.shape(), values);
    array.map_or_else(|_| "?".to_owned(), |array| number::elements(array.view()).replace('-', "−"))
}

/// The name of a node, without the scope, which its frame shows.
pub(in crate::view) fn name(node: Node<'_>) -> Option<String> {
    let name = node.name()?;
    let inner = name.strip_prefix(node.scope()).and_then(|rest| rest.strip_prefix('/'));
    Some(inner.unwrap_or(name).to_owned())
}

/// A value or gradient; `with_shape` puts the shape in front if it is too large to be written out.
pub(in crate::view) fn number(value: &ArrayD<f64>, with_shape: bool) -> String {
    if with_shape { number::tensor(value.view()) } else { number::elements(value.view()) }
}

pub(in crate::view) fn not_computed() -> String {
    number::NOT_COMPUTED.to_owned()
}

fn shape_words(node: Node<'_>) -> String {
    number::shape(node.shape()).map_or_else(|| "scalar".to_owned(), |shape| format!("shape {shape}"))
}

/// A line with the op and name; then formula, shape, scope and origin.
pub(in crate::view) fn tooltip(graph: &Graph, node: Node<'_>) -> String {
    let what = node.op();
    let named = node.name().map(|name| format!(" `{name}`")).unwrap_or_default();
    let mut lines = vec![format!("{} {what}{named}", node.id())];
    if !what.formula.is_empty() {
        lines.push(what.formula.clone());
    }
    lines.push(shape_words(node));
    if !node.scope().is_empty() {
        lines.push(format!("in {}", node.scope()));
    }
    match node.origin() {
        Origin::Forward => {}
        Origin::Backward(of) if graph.get(of).is_some() => {
            lines.push(format!("reverse pass of {}", graph.describe(of)))
        }
        Origin::Backward(of) => lines.push(format!("reverse pass of {of}")),
        Origin::Update => lines.push("update".to_owned()),
    }
    lines.join("\n")
}

/// The ops and parameters of a layer.
pub(in crate::view) fn layer_tooltip(graph: &Graph, name: &str, members: &[NodeId]) -> String {
    let nodes = || members.iter().map(|&id| graph.node(id));
    let ops: Vec<&str> =
        nodes().filter(|node| node.leaf().is_none()).map(|node| node.op().name.as_str()).collect();
    let mut lines = vec![format!("layer {name}")];
    const SHOWN: usize = 12;
    let more = if ops.len() > SHOWN { format!(" and {} more", ops.len() - SHOWN) } else { String::new() };
    lines.push(format!("{} ops: {}{more}", ops.len(), ops[..ops.len().min(SHOWN)].join(", ")));
    let parameters = || nodes().filter(|node| node.leaf() == Some(Leaf::Parameter));
    for node in parameters().take(SHOWN) {
        lines.push(format!("parameter `{}`, {}", node.name().unwrap_or(""), shape_words(node)));
    }
    let more = parameters().count().saturating_sub(SHOWN);
    lines.extend((more > 0).then(|| format!("and {more} more parameters")));
    lines.join("\n")
}
