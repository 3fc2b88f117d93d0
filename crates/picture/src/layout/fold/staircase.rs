//! The rows of a folded drawing as a staircase: each to the right of the row before and below it.

use super::rows::{APART, Crossing, FoldedRow, FoldedRows};
use super::squeeze::Squeeze;
use super::stops::{BESIDE, LANE, Stop, line_key};
use crate::layout::geometry::{Point, Rect};
use crate::layout::placed::Placed;
use crate::layout::ports;
use crate::model::picture::Picture;
use rustc_hash::FxHashMap;

/// Space between two rows without lines.
const GUTTER: f64 = 34.0;

/// Moves the rows apart and adds the points at which lines leave and enter them.
pub(super) fn staircase(
    picture: &Picture,
    boxes: &[Rect],
    labels: &[Option<Rect>],
    placed: &Placed,
    stops: &[Vec<Stop>],
    ends: &[usize],
    (left, right): (&[f64], &[f64]),
) -> (Placed, FoldedRows) {
    let row_of = |column: usize| ends.partition_point(|&end| end < column);
    let count = ends.len() + 1;
    let first = |row: usize| if row == 0 { 0 } else { ends[row - 1] + 1 };
    let last = |row: usize| if row < ends.len() { ends[row] } else { left.len() - 1 };
    // The lines across each cut, from top to bottom.
    let mut lines: Vec<Vec<(f64, f64, [u64; 5])>> = vec![Vec::new(); ends.len()];
    let mut known: FxHashMap<([u64; 5], usize), usize> = FxHashMap::default();
    for (index, edge) in picture.drawn_edges() {
        for pair in stops[index].windows(2) {
            let (low, high) =
                if pair[0].column <= pair[1].column { (pair[0], pair[1]) } else { (pair[1], pair[0]) };
            let key = line_key(edge.from, pair[0].at, pair[1].at);
            let cuts = row_of(low.column)..row_of(high.column);
            for (row, lines) in cuts.clone().zip(&mut lines[cuts]) {
                if known.insert((key, row), 0).is_none() {
                    lines.push((low.at.y, high.at.y, key));
                }
            }
        }
    }
    // The heights at which something stands in each row; what is empty between them is taken out.
    let mut taken: Vec<Vec<(f64, f64)>> = vec![Vec::new(); count];
    let column = |x: f64| right.partition_point(|&right| right < x).min(right.len() - 1);
    for place in boxes.iter().chain(labels.iter().flatten()) {
        taken[row_of(column(place.centre().x))].push((place.y, place.bottom()));
    }
    for stop in stops.iter().flatten() {
        taken[row_of(stop.column)].push((stop.at.y, stop.at.y));
    }
    for (row, lines) in lines.iter().enumerate() {
        for &(exit, entry, _) in lines {
            taken[row].push((exit, exit));
            taken[row + 1].push((entry, entry));
        }
    }
    for frame in placed.groups.iter().flatten() {
        for taken in &mut taken[row_of(column(frame.x))..=row_of(column(frame.right()))] {
            // The name of a frame is on its upper line.
            taken.extend([(frame.y - 10.0, frame.y + 10.0), (frame.bottom(), frame.bottom())]);
        }
    }
    let squeezed: Vec<Squeeze> = taken.into_iter().map(Squeeze::of).collect();
    let mut crossings: Vec<Vec<(f64, f64)>> = Vec::with_capacity(ends.len());
    for (row, lines) in lines.iter_mut().enumerate() {
        lines.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        for (place, line) in lines.iter().enumerate() {
            known.insert((line.2, row), place);
        }
        let exits = spread(&lines.iter().map(|line| squeezed[row].at(line.0)).collect::<Vec<_>>());
        let entries = spread(&lines.iter().map(|line| squeezed[row + 1].at(line.1)).collect::<Vec<_>>());
        crossings.push(exits.into_iter().zip(entries).collect());
    }
    // The extent of each row, and how far it moves down.
    let mut extents: Vec<(f64, f64)> = squeezed.iter().map(|row| (0.0, row.height)).collect();
    for (row, lines) in crossings.iter().enumerate() {
        for &(exit, entry) in lines {
            extents[row] = (extents[row].0.min(exit), extents[row].1.max(exit));
            extents[row + 1] = (extents[row + 1].0.min(entry), extents[row + 1].1.max(entry));
        }
    }
    let mut rows: Vec<FoldedRow> = Vec::with_capacity(count);
    let mut falls = Vec::with_capacity(count);
    let mut top = extents[0].0;
    for row in 0..count {
        let fall = top - extents[row].0;
        let bottom = extents[row].1 + fall;
        let across = APART * row as f64;
        let step = crossings.get(row).map_or(0, Vec::len);
        rows.push(FoldedRow {
            left: left[first(row)] + across,
            right: right[last(row)] + across,
            shift: left[first(row)] + across - left[0],
            gutter: bottom + BESIDE,
            crossings: Vec::new(),
        });
        top = bottom + if step > 0 { 2.0 * BESIDE + LANE * (step - 1) as f64 } else { GUTTER };
        falls.push(fall);
    }
    for (row, lines) in crossings.iter().enumerate() {
        let (exit_x, entry_x) = (rows[row].right + BESIDE, rows[row + 1].left - BESIDE);
        rows[row].crossings = lines
            .iter()
            .map(|&(exit, entry)| Crossing {
                exit: Point { x: exit_x, y: exit + falls[row] },
                entry: Point { x: entry_x, y: entry + falls[row + 1] },
            })
            .collect();
    }
    let moved = |p: Point| {
        let row = row_of(column(p.x));
        Point { x: p.x + APART * row as f64, y: squeezed[row].at(p.y) + falls[row] }
    };
    let mut bends = vec![Vec::new(); placed.bends.len()];
    for (index, edge) in picture.drawn_edges() {
        let all = &stops[index];
        for (at, pair) in all.windows(2).enumerate() {
            let key = line_key(edge.from, pair[0].at, pair[1].at);
            let (from, to) = (row_of(pair[0].column), row_of(pair[1].column));
            let crossing = |row: usize| rows[row].crossings[known[&(key, row)]];
            for row in from..to {
                bends[index].extend([crossing(row).exit, crossing(row).entry]);
            }
            for row in (to..from).rev() {
                bends[index].extend([crossing(row).entry, crossing(row).exit]);
            }
            if at + 2 < all.len() {
                bends[index].push(moved(pair[1].at));
            }
        }
    }
    let mut frames = Vec::new();
    for (group, frame) in placed.groups.iter().enumerate() {
        let Some(frame) = frame else { continue };
        for row in row_of(column(frame.x))..=row_of(column(frame.right())) {
            let (from, to) = (frame.x.max(left[first(row)]), frame.right().min(right[last(row)]));
            let [top, bottom] = [frame.y, frame.bottom()].map(|y| squeezed[row].at(y) + falls[row]);
            let x = from + APART * row as f64;
            frames.push((group, row, Rect { x, y: top, width: to - from, height: bottom - top }));
        }
    }
    let placed = Placed {
        nodes: placed.nodes.iter().map(|&node| moved(node)).collect(),
        labels: placed.labels.iter().map(|label| label.map(moved)).collect(),
        bends,
        groups: placed.groups.clone(),
    };
    (placed, FoldedRows { rows, frames })
}

/// Heights near the wanted ones, which ascend, with room for a turn between neighbours.
fn spread(wanted: &[f64]) -> Vec<f64> {
    let weights = vec![1.0; wanted.len()];
    let reach = wanted.iter().fold(0.0, |far: f64, y| far.max(y.abs())) + LANE * wanted.len() as f64;
    let mut sorted = wanted.to_vec();
    // Lines that change places do so behind the turn.
    for at in 1..sorted.len() {
        sorted[at] = sorted[at].max(sorted[at - 1]);
    }
    ports::spread(&sorted, &weights, LANE, reach)
}
