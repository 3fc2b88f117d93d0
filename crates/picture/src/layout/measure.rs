//! The texts of each node and edge with their font sizes, and the resulting box sizes.

use crate::layout::back::BACK;
use crate::model::picture::{Direction, NodeKind, Picture, PictureNode};
use crate::model::text;
use serde::{Deserialize, Serialize};

/// Diameter of an op.
const CIRCLE: f64 = 44.0;
/// Height of one row of text in a plate.
pub(crate) const ROW: f64 = 16.0;
/// Height of one row of an edge label.
pub(crate) const DIGITS_ROW: f64 = 15.0;
/// Font size of an edge label.
pub(crate) const DIGITS: f64 = 12.0;
/// Space between the line of an arrow and its label.
pub(crate) const DIGITS_GAP: f64 = 3.0;
/// Texts wider than this are cut.
const WIDEST: f64 = 260.0;

/// The sizes of everything in a picture: the input of a layout.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sizes {
    /// One entry per node.
    pub nodes: Vec<NodeSize>,
    /// One entry per edge; none where the arrow has no label.
    pub labels: Vec<Option<Size>>,
}

/// A width and a height.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Size {
    /// Extent to the right.
    #[serde(with = "chainrule_base::written::number")]
    pub width: f64,
    /// Extent downwards.
    #[serde(with = "chainrule_base::written::number")]
    pub height: f64,
}

/// The size of one node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct NodeSize {
    /// The circle or plate itself, where arrows begin and end; it is centred in `all`.
    pub body: Size,
    /// The body with the texts around it.
    pub all: Size,
    /// Whether the body is a circle; arrows then point to its centre.
    pub round: bool,
}

impl Sizes {
    /// The sizes of everything in a picture, from a built-in table of glyph widths.
    pub fn of(picture: &Picture) -> Sizes {
        let counts = picture.consumer_counts();
        let nodes = picture.nodes.iter().zip(counts);
        let back = if picture.has_back_arrows() { BACK } else { 0.0 };
        Sizes {
            nodes: nodes.map(|(node, consumers)| Face::of(node, consumers, picture.direction).size).collect(),
            labels: (0..picture.edges.len()).map(|edge| label_size(picture, edge, back)).collect(),
        }
    }
}

/// The outline of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outline {
    /// A circle, or a box with round ends when the text is long.
    Round,
    /// A box with rows of text.
    Plate,
    /// No outline at all.
    Bare,
}

/// The role of a text, which determines its style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Symbol,
    Name,
    Shape,
    Gradient,
}

/// One line of text of a node.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) text: String,
    pub(crate) role: Role,
    pub(crate) size: f64,
}

impl Row {
    fn new(text: &str, role: Role, size: f64) -> Row {
        Row { text: text::fitted(text, size, WIDEST), role, size }
    }

    pub(crate) fn width(&self) -> f64 {
        text::width(&self.text, self.size) * if self.role == Role::Name { 1.06 } else { 1.0 }
    }
}

/// The texts of a node with its size: the rows in its body and the rows beside it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Face {
    pub(crate) outline: Outline,
    pub(crate) rows: Vec<Row>,
    /// The name of an op: above it, or to its right when the picture runs downwards.
    pub(crate) name: Option<Row>,
    /// The summed gradient of an op with several consumers: below it, or to its right.
    pub(crate) sum: Option<Row>,
    pub(crate) size: NodeSize,
}

impl Face {
    pub(crate) fn of(node: &PictureNode, consumers: usize, direction: Direction) -> Face {
        let sum = node.gradient.as_deref().filter(|_| consumers > 1);
        let sum = sum.map(|sum| Row::new(&format!("Σ {sum}"), Role::Gradient, DIGITS));
        match node.kind {
            NodeKind::Op => Face::op(node, sum, direction),
            NodeKind::Output | NodeKind::Hidden => Face::bare(node),
            _ => Face::plate(node, sum),
        }
    }

    fn op(node: &PictureNode, sum: Option<Row>, direction: Direction) -> Face {
        let size = match node.symbol.chars().count() {
            0 | 1 => 24.0,
            2..=4 => 17.0,
            _ => 15.0,
        };
        let symbol = Row::new(&node.symbol, Role::Symbol, size);
        let name = node.name.as_deref().map(|name| Row::new(name, Role::Name, 12.0));
        let wide = symbol.width() > CIRCLE - 8.0;
        let body = if wide {
            Size { width: symbol.width() + 26.0, height: 36.0 }
        } else {
            Size { width: CIRCLE, height: CIRCLE }
        };
        let beside = [&name, &sum].into_iter().flatten().map(|row| row.width() + 8.0).fold(0.0, f64::max);
        let mut all = body;
        if beside > 0.0 {
            match direction {
                Direction::LeftToRight => {
                    all.width = all.width.max(beside);
                    all.height += 2.0 * (ROW + 1.0);
                }
                Direction::TopToBottom => {
                    all.width += 2.0 * (beside + 6.0);
                    all.height = all.height.max(2.0 * ROW);
                }
            }
        }
        Face {
            outline: Outline::Round,
            rows: vec![symbol],
            name,
            sum,
            size: NodeSize { body, all, round: !wide },
        }
    }

    fn plate(node: &PictureNode, sum: Option<Row>) -> Face {
        let name = node.name.as_deref().filter(|name| !name.is_empty());
        let shown = [name, Some(&node.symbol), Some(&node.id)];
        let shown = shown.into_iter().flatten().find(|text| !text.is_empty()).unwrap_or("?");
        let layer = node.kind == NodeKind::Layer;
        let mut rows = vec![Row::new(shown, Role::Name, if layer { 14.0 } else { 13.0 })];
        rows.extend(node.shape.as_deref().map(|shape| Row::new(shape, Role::Shape, 11.0)));
        rows.extend(node.note.as_deref().map(|note| Row::new(note, Role::Shape, 11.0)));
        rows.extend(sum);
        let widest = rows.iter().map(Row::width).fold(0.0, f64::max);
        let (side, height) = if layer { (20.0, 52.0) } else { (13.0, 32.0) };
        let height = (rows.len() as f64 * ROW + 10.0).max(height);
        // Clearly wider than high, so that round ends do not make it look like a circle.
        let body = Size { width: (widest + 2.0 * side).max(1.35 * height), height };
        Face {
            outline: Outline::Plate,
            rows,
            name: None,
            sum: None,
            size: NodeSize { body, all: body, round: false },
        }
    }

    fn bare(node: &PictureNode) -> Face {
        let said = [node.name.as_deref(), Some(node.symbol.as_str())];
        let said = said.into_iter().flatten().find(|text| !text.is_empty());
        let rows: Vec<Row> = said.map(|text| Row::new(text, Role::Name, 13.0)).into_iter().collect();
        let width = rows.iter().map(|row| row.width() + 8.0).fold(2.0, f64::max);
        let body = Size { width, height: if rows.is_empty() { 2.0 } else { 20.0 } };
        Face {
            outline: Outline::Bare,
            rows,
            name: None,
            sum: None,
            size: NodeSize { body, all: body, round: false },
        }
    }
}

/// The label of an edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EdgeText {
    pub(crate) value: Option<String>,
    /// Whether the value is a shape, shown where there is no number.
    pub(crate) is_shape: bool,
    pub(crate) gradient: Option<String>,
}

impl EdgeText {
    /// The forward value, or, if there is none, the shape of an op's result, which the op itself does not show.
    pub(crate) fn of(picture: &Picture, edge: usize) -> EdgeText {
        let edge = &picture.edges[edge];
        let source = picture.nodes.get(edge.from);
        let cut = |text: &str| text::fitted(text, DIGITS, WIDEST);
        let shape =
            source.filter(|node| matches!(node.kind, NodeKind::Op)).and_then(|node| node.shape.as_deref());
        EdgeText {
            value: edge.value.as_deref().or(shape).map(cut),
            is_shape: edge.value.is_none(),
            gradient: edge.gradient.as_deref().map(cut),
        }
    }
}

fn label_size(picture: &Picture, edge: usize, back: f64) -> Option<Size> {
    let label = EdgeText::of(picture, edge);
    let width = |text: &Option<String>| text.as_deref().map(|text| text::width(text, DIGITS));
    let (value, gradient) = (width(&label.value), width(&label.gradient));
    let widest = value.unwrap_or(0.0).max(gradient.unwrap_or(0.0));
    value.or(gradient)?;
    Some(match picture.direction {
        Direction::LeftToRight => {
            Size { width: widest + 12.0, height: 2.0 * (DIGITS_ROW + DIGITS_GAP + back) }
        }
        Direction::TopToBottom => Size { width: 2.0 * (widest + 9.0 + back), height: DIGITS_ROW + 8.0 },
    })
}

impl Sizes {
    /// The sizes with width and height exchanged.
    pub(crate) fn transposed(&self) -> Sizes {
        let turn = |size: Size| Size { width: size.height, height: size.width };
        Sizes {
            nodes: self
                .nodes
                .iter()
                .map(|node| NodeSize { body: turn(node.body), all: turn(node.all), round: node.round })
                .collect(),
            labels: self.labels.iter().map(|label| label.map(turn)).collect(),
        }
    }
}
