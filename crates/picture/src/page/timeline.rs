//! Several moments of a run on one page.

use crate::layout::measure::EdgeText;
use crate::model::picture::{NodeKind, Picture, PictureEdge, PictureNode};
use crate::model::text::{minus, width};
use crate::page::carried::Page;
use chainrule_base::error::Error;
use std::borrow::Cow;

/// Pictures of one graph at several moments, such as steps of a training run, on one page with a slider.
///
/// All moments share one layout, made for the widest number at each place, so that nothing moves. Values, gradients and
/// histograms change; everything else, such as the marks of a check, is taken from the first moment.
///
/// ```
/// use chainrule_picture::{Timeline, NodeKind, Picture};
///
/// let mut timeline = Timeline::new();
/// for (step, loss) in ["9", "5.76", "3.69"].into_iter().enumerate() {
///     let mut picture = Picture::new("a fit");
///     let square = picture.add_node(NodeKind::Op, "²", "");
///     let out = picture.add_node(NodeKind::Output, "", "loss");
///     picture.add_edge(square, out).value = Some(loss.to_owned());
///     timeline = timeline.moment(format!("step {step}"), picture);
/// }
/// assert!(timeline.to_html()?.starts_with("<!doctype html>"));
/// # Ok::<(), chainrule_picture::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeline {
    pub(crate) moments: Vec<(String, Page)>,
}

impl Timeline {
    /// No moments.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a moment with its label on the slider: a [`Picture`], or a [`Page`] whose groups can be opened.
    #[must_use]
    pub fn moment(mut self, label: impl Into<String>, pictures: impl Into<Page>) -> Self {
        self.moments.push((label.into(), pictures.into()));
        self
    }
}

pub(crate) fn refused(problem: String) -> Error {
    Error::Argument { what: "timeline", problem }
}

/// The first structural difference between two moments, if there is one; numbers may differ.
pub(crate) fn difference(first: &Page, second: &Page) -> Option<&'static str> {
    let (a, b) = (&first.picture, &second.picture);
    let ends = |edge: &PictureEdge| (edge.from, edge.to, edge.operand);
    let scene = |page: &Page| page.carried.as_ref().map(|carried| carried.scene.clone());
    if first.open != second.open {
        Some("other open groups")
    } else if !a.nodes.iter().map(identity).eq(b.nodes.iter().map(identity)) {
        Some("other nodes")
    } else if !a.edges.iter().map(ends).eq(b.edges.iter().map(ends)) {
        Some("other arrows")
    } else if a.groups != b.groups || a.direction != b.direction {
        Some("other groups")
    } else {
        (scene(first) != scene(second)).then_some("another graph")
    }
}

/// What must be equal for the node of another moment.
fn identity(node: &PictureNode) -> (&str, NodeKind, &str, Option<&str>, Option<usize>) {
    (&node.id, node.kind, &node.symbol, node.name.as_deref(), node.group)
}

/// The first of some pictures of one graph, with the widest number of all at each place: what the layout is made for.
pub(crate) fn widest_texts<'a>(pictures: &[&'a Picture]) -> Cow<'a, Picture> {
    let Some((&first, rest)) = pictures.split_first() else {
        return Cow::Owned(Picture::default());
    };
    if rest.is_empty() {
        return Cow::Borrowed(first);
    }
    let mut widest = first.clone();
    for picture in rest {
        for (place, node) in widest.nodes.iter_mut().zip(&picture.nodes) {
            widen(&mut place.gradient, &node.gradient);
        }
        for (place, edge) in widest.edges.iter_mut().zip(&picture.edges) {
            widen(&mut place.value, &edge.value);
            widen(&mut place.gradient, &edge.gradient);
        }
    }
    Cow::Owned(widest)
}

fn widen(place: &mut Option<String>, text: &Option<String>) {
    let wide = |text: &Option<String>| text.as_deref().map(|text| width(&minus(text), 1.0));
    if wide(text) > wide(place) {
        place.clone_from(text);
    }
}

/// The value of a picture's first output, if it is a number.
pub(crate) fn output(picture: &Picture) -> Option<f64> {
    let (index, _) =
        picture.drawn_edges().find(|(_, edge)| picture.nodes[edge.to].kind == NodeKind::Output)?;
    read(&EdgeText::of(picture, index).value?)
}

/// A number as pictures write it: `-4×10⁻⁹`.
fn read(text: &str) -> Option<f64> {
    // A power of ten stands by itself: `10⁶`.
    let (sign, size) = text.strip_prefix('-').map_or(("", text), |size| ("-", size));
    let alone = size.strip_prefix("10").filter(|power| power.starts_with(|c: char| !c.is_ascii()));
    let (digits, power) = match (size.split_once("×10"), alone) {
        (Some(parts), _) => parts,
        (None, Some(power)) => ("1", power),
        (None, None) => return text.parse().ok(),
    };
    let lowered = power.chars().map(|c| match "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().position(|raised| raised == c)
    {
        Some(digit) => char::from_digit(digit as u32, 10),
        None => (c == '⁻').then_some('-'),
    });
    format!("{sign}{digits}e{}", lowered.collect::<Option<String>>()?).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::model::number;

    #[test]
    fn numbers_are_read_as_they_are_written() {
        for x in [0.0, 220.0, -0.333, 1.23e-5, -4e-9, -1e-7, 1.7e308, 2.23e-308, 1e6] {
            assert_eq!(read(&number::scalar(x)), Some(x), "{x}");
        }
        assert_eq!([read("[1, 2]"), read("1×10"), read("×10⁻"), read("2×10x")], [None; 4]);
    }
}
