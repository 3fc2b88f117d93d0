//! Frames around groups, from the rectangles that the layout reserved for them.

use crate::layout::geometry::{Frame, Rect};
use crate::layout::placed::Placed;
use crate::model::picture::Picture;
use crate::model::text;

/// Least margin between a frame and its contents.
const FRAME: f64 = 10.0;
/// Largest margin, where the layout reserved more for lines that pass inside.
const LOOSE: f64 = 26.0;
/// Font size of a frame's label.
pub(crate) const LABEL_SIZE: f64 = 12.0;

/// The frames of the groups: the reserved rectangles, clamped to between the two margins around the contents.
pub(crate) fn frames(
    picture: &Picture,
    placed: &Placed,
    boxes: &[Rect],
    labels: &[Option<Rect>],
) -> Vec<Option<Frame>> {
    let mut held: Vec<Option<Rect>> = vec![None; placed.groups.len()];
    let hold = |held: &mut Option<Rect>, inner: Rect| {
        *held = Some(held.map_or(inner, |held| held.union(&inner)));
    };
    for (node, inner) in boxes.iter().enumerate() {
        if let Some(group) = picture.group_of(node) {
            hold(&mut held[group], *inner);
        }
    }
    // The labels of edges that enter or leave may stand inside too.
    for (index, edge) in picture.drawn_edges() {
        let Some(label) = labels[index] else {
            continue;
        };
        for group in [edge.from, edge.to].into_iter().flat_map(|end| picture.groups_around(end)) {
            let middle = Rect::around(label.centre(), 0.0, 0.0);
            if placed.groups[group].is_some_and(|given| given.contains(&middle)) {
                hold(&mut held[group], label);
            }
        }
    }
    let mut frames: Vec<Option<Rect>> = vec![None; placed.groups.len()];
    for group in (0..frames.len()).rev() {
        let (Some(given), Some(inner)) = (placed.groups[group], held[group]) else {
            continue;
        };
        let frame = given.intersection(&inner.inflated(LOOSE)).union(&inner.inflated(FRAME));
        frames[group] = Some(frame);
        if let Some(parent) = picture.groups[group].parent.filter(|&parent| parent < group) {
            hold(&mut held[parent], frame);
        }
    }
    frames
        .into_iter()
        .map(|outline| outline.map(|outline| Frame { outline, label: Rect::default() }))
        .collect()
}

/// Width of the plate of a frame label.
pub(crate) fn label_width(label: &str) -> f64 {
    if label.is_empty() { 0.0 } else { text::width(label, LABEL_SIZE) + 14.0 }
}

/// The width that a frame needs to show its label, or the beginning of a long one.
pub(crate) fn frame_width(label: &str) -> f64 {
    const LONGEST: f64 = 160.0;
    label_width(label).min(LONGEST) + 20.0
}
