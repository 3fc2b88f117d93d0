//! Folding: a drawing that is wider than its limit is broken into rows between its ranks, as a text into lines.
//!
//! The rows are routed as one staircase, each to the right of the row before and below it, so that one router draws them
//! all; then every row moves to the left edge. A line that goes on in the next row turns into the gutter between the two.
//! Lines keep their order at a cut: the topmost turns outermost, so they do not cross in the gutter.

//!
//! In the order of the work: [`stops`] are the points of lines, [`cut`] chooses the rows, [`strip`] carries leaves over a cut, [`staircase`] moves the rows
//! apart, with [`squeeze`] for their heights, and [`rows`] puts them below each other.

mod cut;
pub(crate) mod rows;
mod squeeze;
mod staircase;
mod stops;
mod strip;

use crate::layout::geometry::Rect;
use crate::layout::placed::{Columns, Placed};
use crate::model::picture::Picture;
use rows::FoldedRows;
use rustc_hash::FxHashSet;
use stops::{BESIDE, LANE, Stop, TURN, all_stops, line_key, ordered};
use strip::Strip;

/// How often rows are made narrower, so that the turns beside them have room.
const MAX_TRIES: usize = 12;
const LINE_COST: f64 = 1.0;
const FRAME_COST: f64 = 5.0;
const LABEL_COST: f64 = 0.5;

/// The staircase of rows for a drawing that is wider than `limit`; none if it is not, or cannot be folded.
pub(crate) fn fold(
    picture: &Picture,
    boxes: &[Rect],
    labels: &[Option<Rect>],
    placed: &Placed,
    limit: f64,
) -> Option<(Placed, FoldedRows)> {
    let columns = Columns::of(boxes, labels);
    let count = columns.0.len();
    let mut left: Vec<f64> = columns.0.iter().map(|column| column.x - column.half).collect();
    let mut right: Vec<f64> = columns.0.iter().map(|column| column.x + column.half).collect();
    let at = |x: f64| columns.0.partition_point(|column| column.x < x - 0.01).min(count.saturating_sub(1));
    // Frames reach beyond their first and last columns.
    let mut framed = vec![0_i64; count + 1];
    for frame in placed.groups.iter().flatten() {
        let first = at(frame.x);
        let last = columns.0.partition_point(|column| column.x < frame.right()).max(1) - 1;
        left[first] = left[first].min(frame.x);
        right[last] = right[last].max(frame.right());
        if first < last {
            framed[first] += 1;
            framed[last] -= 1;
        }
    }
    if count < 2 || right[count - 1] - left[0] <= limit {
        return None;
    }
    let stops: Vec<Vec<Stop>> = all_stops(picture, placed, &at);
    // How many different lines cross the boundary after each column, and how many frames.
    let mut crossed = vec![0_i64; count + 1];
    let mut known: FxHashSet<[u64; 5]> = FxHashSet::default();
    for (index, edge) in picture.drawn_edges() {
        for pair in stops[index].windows(2) {
            if known.insert(line_key(edge.from, pair[0].at, pair[1].at)) {
                let (low, high) = ordered(pair[0].column, pair[1].column);
                crossed[low] += 1;
                crossed[high] -= 1;
            }
        }
    }
    for column in 1..=count {
        crossed[column] += crossed[column - 1];
        framed[column] += framed[column - 1];
    }
    let mut of_labels = vec![true; count];
    boxes.iter().for_each(|place| of_labels[at(place.centre().x)] = false);
    let cost = |boundary: usize| {
        let parted = if of_labels[boundary + 1] { LABEL_COST } else { 0.0 };
        LINE_COST * crossed[boundary] as f64 + FRAME_COST * framed[boundary] as f64 + parted
    };
    let beside = |boundary: Option<usize>| {
        boundary.map_or(0.0, |boundary| BESIDE + TURN + LANE * (crossed[boundary] - 1).max(0) as f64)
    };
    let mut ends = Vec::new();
    let mut room = limit;
    for _ in 0..MAX_TRIES {
        ends = cut::cut(&left, &right, room, cost, beside);
        // Rows begin at one left edge, and the turns before them stand to its left.
        let lows = ends.iter().map(|&end| beside(Some(end)));
        let hang = lows.fold(0.0, f64::max);
        let starts = std::iter::once(0).chain(ends.iter().map(|end| end + 1));
        let finals = ends.iter().map(|&end| (end, beside(Some(end)))).chain([(count - 1, 0.0)]);
        let widths = starts.zip(finals).map(|(start, (end, after))| right[end] - left[start] + after);
        let over = hang + widths.fold(0.0, f64::max) - limit;
        if over <= 0.0 {
            break;
        }
        room -= over;
    }
    let mut strip =
        Strip { boxes: boxes.to_vec(), labels: labels.to_vec(), placed: placed.clone(), left, right };
    for (row, &end) in ends.iter().enumerate() {
        let next = ends.get(row + 1).copied();
        let room = limit - beside(Some(end)) - beside(next);
        strip.carry_leaves(picture, (end, next.unwrap_or(count - 1)), room);
    }
    let stops = all_stops(picture, &strip.placed, &|x| strip.column(x));
    Some(staircase::staircase(
        picture,
        &strip.boxes,
        &strip.labels,
        &strip.placed,
        &stops,
        &ends,
        (&strip.left, &strip.right),
    ))
}
