//! The last steps of a layout: frame labels, canvas size, rounding of coordinates.

use crate::layout::frames::label_width;
use crate::layout::geometry::{EdgeLine, Frame, Geometry, Point, Rect, round};
use crate::model::picture::Picture;
use crate::model::text;
use rustc_hash::FxHashMap;

/// Margin between the drawing and the edge of the canvas.
pub(crate) const MARGIN: f64 = 16.0;
/// Before the name of a frame that goes on in a further row.
pub(crate) const CONTINUED: &str = "… ";
/// Space above the drawing for a title.
const TITLE: f64 = 26.0;
/// The widest canvas that a title alone may require; a longer title is cut.
const WIDEST_TITLE: f64 = 720.0;
/// How much wider bold letters are.
const BOLD: f64 = 1.08;
/// Font size of a title.
pub(crate) const TITLE_SIZE: f64 = 16.0;
/// Width and height of the grid cells in which lines close to a label are looked up.
const CELL: (f64, f64) = (160.0, 48.0);
/// Height of a frame's label, which sits on the upper line of the frame.
const LABEL_HEIGHT: f64 = 18.0;

/// How many places are tried for the label of a frame.
const PLACES: usize = 12;

/// Places the label of each frame on its upper line: at the first of some candidates that no edge crosses.
/// O(groups + points along all lines · candidates that share a cell).
fn place_labels(picture: &Picture, drawing: &mut Geometry) {
    if picture.groups.is_empty() {
        return;
    }
    let named = |group: usize, prefix: &str, frame: &Frame| {
        label_candidates(&format!("{prefix}{}", picture.groups[group].label), &frame.outline)
    };
    let frames = drawing.groups.iter().enumerate();
    let firsts = frames.filter_map(|(group, frame)| Some(named(group, "", frame.as_ref()?)));
    let others = drawing.continued.iter().map(|(group, frame)| named(*group, CONTINUED, frame));
    let candidates: Vec<[Rect; PLACES]> = firsts.chain(others).collect();
    // A grid of the candidates, so that every point of a line is compared with few of them.
    let cell = |x: f64, y: f64| ((x / CELL.0).floor() as i64, (y / CELL.1).floor() as i64);
    let mut cells: FxHashMap<(i64, i64), Vec<(usize, usize)>> = FxHashMap::default();
    for (group, candidates) in candidates.iter().enumerate() {
        for (at, place) in candidates.iter().map(|place| place.inflated(3.0)).enumerate() {
            let (first, last) = (cell(place.x, place.y), cell(place.right(), place.bottom()));
            for column in first.0..=last.0 {
                for row in first.1..=last.1 {
                    cells.entry((column, row)).or_default().push((group, at));
                }
            }
        }
    }
    let mut free = vec![[true; PLACES]; candidates.len()];
    for point in drawing.edges.iter().flat_map(EdgeLine::samples) {
        for &(group, at) in cells.get(&cell(point.x, point.y)).into_iter().flatten() {
            let place = candidates[group][at].inflated(3.0);
            free[group][at] &= !place.contains(&Rect { x: point.x, y: point.y, width: 0.0, height: 0.0 });
        }
    }
    let Geometry { groups, continued, .. } = drawing;
    let frames = groups.iter_mut().flatten().chain(continued.iter_mut().map(|(_, frame)| frame));
    for ((candidates, free), frame) in candidates.iter().zip(free).zip(frames) {
        frame.label = candidates[free.iter().position(|&free| free).unwrap_or(0)];
    }
}

/// Where the label of a frame may stand, the best position first.
fn label_candidates(label: &str, outline: &Rect) -> [Rect; PLACES] {
    let width = label_width(label).min((outline.width - 16.0).max(24.0));
    let (left, right) = (outline.x + 10.0, outline.right() - 10.0 - width);
    let at = |(part, y): (f64, f64)| Rect {
        x: left + (right - left) * part,
        y: y - LABEL_HEIGHT / 2.0,
        width,
        height: LABEL_HEIGHT,
    };
    let top = [0.0, 1.0, 0.5, 0.25, 0.75, 0.125, 0.375, 0.625, 0.875].map(|part| (part, outline.y));
    // On the lower line only if all of these are crossed.
    let bottom = [0.0, 1.0, 0.5].map(|part| (part, outline.bottom()));
    let mut places = [Rect::default(); PLACES];
    for (place, known) in places.iter_mut().zip(top.into_iter().chain(bottom)) {
        *place = at(known);
    }
    places
}

/// A title, cut to the width of its canvas.
pub(crate) fn heading(title: &str, width: f64) -> String {
    text::fitted(title, TITLE_SIZE, (width - 2.0 * MARGIN) / BOLD)
}

/// Sizes the canvas to hold the whole drawing, moves the drawing to its origin, and rounds coordinates to 0.1.
pub(crate) fn finish(picture: &Picture, mut drawing: Geometry) -> Geometry {
    place_labels(picture, &mut drawing);
    let labels = drawing.edges.iter().filter_map(|edge| edge.label);
    let frames = drawing.groups.iter().flatten().chain(drawing.continued.iter().map(|(_, frame)| frame));
    let frames = frames.map(|frame| frame.outline.union(&frame.label));
    let lines = drawing.edges.iter().filter_map(EdgeLine::bounds);
    let all = drawing.nodes.iter().copied().chain(labels).chain(frames).chain(lines);
    let bounds = all.reduce(|a, b| a.union(&b)).unwrap_or_default();
    let top = if picture.title.is_empty() { MARGIN } else { MARGIN + TITLE };
    let titled = (text::width(&picture.title, TITLE_SIZE) * BOLD).min(WIDEST_TITLE) + 2.0 * MARGIN;
    let mut moved = drawing.mapped(|p| Point { x: p.x - bounds.x + MARGIN, y: p.y - bounds.y + top });
    moved.width = (bounds.width + 2.0 * MARGIN).max(titled).ceil();
    moved.height = (bounds.height + MARGIN + top).ceil();
    moved.mapped(|p| Point { x: round(p.x), y: round(p.y) })
}
