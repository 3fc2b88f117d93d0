//! Frames around groups, from the rectangles that the layout reserved for them.

use crate::layout::geometry::{Frame, Rect};
use crate::model::picture::Picture;
use crate::model::text;
use rustc_hash::FxHashMap;

/// Least margin between a frame and its contents.
const FRAME: f64 = 10.0;
/// Largest margin, where the layout reserved more for lines that pass inside.
const LOOSE: f64 = 26.0;
/// Font size of a frame's label.
pub(crate) const LABEL_SIZE: f64 = 12.0;

/// The frames of the groups, by group and then by row: what was reserved for each in each row, clamped to between the two
/// margins around the contents. `row` is the row of a place in the drawing.
pub(crate) fn frames(
    picture: &Picture,
    reserved: &[(usize, usize, Rect)],
    row: impl Fn(f64) -> usize,
    boxes: &[Rect],
    labels: &[Option<Rect>],
) -> Vec<(usize, Frame)> {
    let places: FxHashMap<(usize, usize), usize> =
        reserved.iter().enumerate().map(|(at, &(group, row, _))| ((group, row), at)).collect();
    let mut held: Vec<Option<Rect>> = vec![None; reserved.len()];
    let hold = |held: &mut Option<Rect>, inner: Rect| {
        *held = Some(held.map_or(inner, |held| held.union(&inner)));
    };
    for (node, inner) in boxes.iter().enumerate() {
        let group = picture.group_of(node);
        if let Some(&at) = group.and_then(|group| places.get(&(group, row(inner.centre().x)))) {
            hold(&mut held[at], *inner);
        }
    }
    // A part of a frame in which there are no nodes is not drawn.
    let mut peopled: Vec<bool> = held.iter().map(Option::is_some).collect();
    // The labels of edges that enter or leave may stand inside too.
    for (index, edge) in picture.drawn_edges() {
        let Some(label) = labels[index] else {
            continue;
        };
        let middle = Rect::around(label.centre(), 0.0, 0.0);
        for group in [edge.from, edge.to].into_iter().flat_map(|end| picture.groups_around(end)) {
            if let Some(&at) = places.get(&(group, row(middle.x)))
                && reserved[at].2.contains(&middle)
            {
                hold(&mut held[at], label);
            }
        }
    }
    let mut frames = Vec::new();
    for (at, &(group, row, given)) in reserved.iter().enumerate().rev() {
        let Some(inner) = held[at].filter(|_| peopled[at]) else {
            continue;
        };
        let outline = given.intersection(&inner.inflated(LOOSE)).union(&inner.inflated(FRAME));
        frames.push((group, Frame { outline, label: Rect::default() }));
        let parent = picture.groups[group].parent.filter(|&parent| parent < group);
        if let Some(&outer) = parent.and_then(|parent| places.get(&(parent, row))) {
            hold(&mut held[outer], outline);
            peopled[outer] = true;
        }
    }
    frames.reverse();
    frames
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
