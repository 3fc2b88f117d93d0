//! Folding: a drawing that is wider than its limit is broken into rows between its ranks, as a text into lines.
//!
//! The rows are routed as one staircase, each to the right of the row before and below it, so that one router draws them
//! all; then every row moves to the left edge. A line that goes on in the next row turns into the gutter between the two.
//! Lines keep their order at a cut: the topmost turns outermost, so they do not cross in the gutter.

use crate::layout::geometry::{Geometry, Piece, Point, Rect};
use crate::layout::placed::{Columns, Placed};
use crate::layout::ports;
use crate::model::picture::Picture;
use rustc_hash::FxHashMap;

/// Distance between two lines beside each other in a gutter.
const LANE: f64 = 9.0;
/// Radius of a turn.
const TURN: f64 = 9.0;
/// Distance between the end of a row and its nearest turn, and between a row and the gutter below or above it.
const BESIDE: f64 = 22.0;
/// Distance between two rows on the staircase.
const APART: f64 = 240.0;
/// The highest stretch of a row in which nothing stands.
const EMPTY: f64 = 18.0;
/// Space between two rows without lines.
const GUTTER: f64 = 34.0;
/// What a cut costs: for each row, for each line, for each frame, and where it parts a label from the node that follows.
const ROW_COST: f64 = 6.0;
const LINE_COST: f64 = 1.0;
const FRAME_COST: f64 = 5.0;
const LABEL_COST: f64 = 0.5;
/// How often rows are made narrower, so that the turns beside them have room.
const MAX_TRIES: usize = 12;
/// What a row costs that is left empty.
const RAGGED_COST: f64 = 5.0;

/// A line across a cut: where it leaves its row and where it enters the next one, on the staircase.
#[derive(Debug, Clone, Copy)]
struct Crossing {
    exit: Point,
    entry: Point,
}

/// A row of columns.
#[derive(Debug, Clone)]
struct Row {
    /// Left and right edges of what stands in it.
    left: f64,
    right: f64,
    /// How far it moves to the left, from the staircase to its place.
    shift: f64,
    /// The upper edge of the gutter below it.
    gutter: f64,
    /// The lines that go on in the next row, from top to bottom.
    crossings: Vec<Crossing>,
}

/// The rows of a folded drawing, on the staircase.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    rows: Vec<Row>,
    /// What was reserved for each group in each row: group, row, rectangle.
    pub(crate) frames: Vec<(usize, usize, Rect)>,
}

/// A stop of a line: its source, a bend point or its target.
#[derive(Debug, Clone, Copy)]
struct Stop {
    at: Point,
    column: usize,
}

/// The staircase of rows for a drawing that is wider than `limit`; none if it is not, or cannot be folded.
pub(crate) fn fold(
    picture: &Picture,
    boxes: &[Rect],
    labels: &[Option<Rect>],
    placed: &Placed,
    limit: f64,
) -> Option<(Placed, Rows)> {
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
    let mut known: FxHashMap<[u64; 5], ()> = FxHashMap::default();
    for (index, edge) in picture.drawn_edges() {
        for pair in stops[index].windows(2) {
            if known.insert(line_key(edge.from, pair[0].at, pair[1].at), ()).is_none() {
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
        ends = cut(&left, &right, room, cost, beside);
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
    Some(staircase(picture, boxes, labels, placed, &stops, &ends, (&left, &right)))
}

fn ordered(a: usize, b: usize) -> (usize, usize) {
    (a.min(b), a.max(b))
}

/// Lines of one source between the same two points are one line.
fn line_key(from: usize, a: Point, b: Point) -> [u64; 5] {
    [from as u64, a.x.to_bits(), a.y.to_bits(), b.x.to_bits(), b.y.to_bits()]
}

fn all_stops(picture: &Picture, placed: &Placed, at: &dyn Fn(f64) -> usize) -> Vec<Vec<Stop>> {
    let mut stops = vec![Vec::new(); picture.edges.len()];
    for (index, edge) in picture.drawn_edges() {
        let ends = [placed.nodes[edge.from], placed.nodes[edge.to]];
        let all = ends[..1].iter().chain(&placed.bends[index]).chain(&ends[1..]);
        stops[index] = all.map(|&point| Stop { at: point, column: at(point.x) }).collect();
    }
    stops
}

/// The last column of each row but the last: the cheapest cuts, by dynamic programming over the columns.
/// O(columns · columns in a row).
fn cut(
    left: &[f64],
    right: &[f64],
    limit: f64,
    cost: impl Fn(usize) -> f64,
    beside: impl Fn(Option<usize>) -> f64,
) -> Vec<usize> {
    let count = left.len();
    // The least cost of everything up to a column that ends a row, and the last column of the row before it.
    let mut best: Vec<(f64, Option<usize>)> = Vec::with_capacity(count);
    for end in 0..count {
        let last = end + 1 == count;
        let after = beside((!last).then_some(end));
        let mut least = (f64::MAX, None);
        for start in (0..=end).rev() {
            let before = start.checked_sub(1);
            let width = beside(before) + right[end] - left[start] + after;
            // A column that is too wide has a row of its own.
            if width > limit && start < end {
                // Beyond the limit without turns, no earlier start fits.
                if right[end] - left[start] > limit { break } else { continue }
            }
            let empty = (1.0 - width / limit).max(0.0);
            let ragged = if last { 0.5 * RAGGED_COST * empty } else { RAGGED_COST * empty * empty };
            let own = ROW_COST + ragged + if last { 0.0 } else { cost(end) };
            let all = own + before.map_or(0.0, |before| best[before].0);
            if all < least.0 {
                least = (all, before);
            }
        }
        best.push(least);
    }
    let mut ends = Vec::new();
    let mut next = best[count - 1].1;
    while let Some(end) = next {
        ends.push(end);
        next = best[end].1;
    }
    ends.reverse();
    ends
}

/// Moves the rows apart and adds the points at which lines leave and enter them.
fn staircase(
    picture: &Picture,
    boxes: &[Rect],
    labels: &[Option<Rect>],
    placed: &Placed,
    stops: &[Vec<Stop>],
    ends: &[usize],
    (left, right): (&[f64], &[f64]),
) -> (Placed, Rows) {
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
            for row in row_of(low.column)..row_of(high.column) {
                let key = line_key(edge.from, pair[0].at, pair[1].at);
                if known.insert((key, row), 0).is_none() {
                    lines[row].push((low.at.y, high.at.y, key));
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
        for row in row_of(column(frame.x))..=row_of(column(frame.right())) {
            // The name of a frame is on its upper line.
            taken[row].extend([(frame.y - 10.0, frame.y + 10.0), (frame.bottom(), frame.bottom())]);
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
    let mut rows: Vec<Row> = Vec::with_capacity(count);
    let mut falls = Vec::with_capacity(count);
    let mut top = extents[0].0;
    for row in 0..count {
        let fall = top - extents[row].0;
        let bottom = extents[row].1 + fall;
        let across = APART * row as f64;
        let step = crossings.get(row).map_or(0, Vec::len);
        rows.push(Row {
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
    (placed, Rows { rows, frames })
}

impl Rows {
    /// The row that a place on the staircase belongs to.
    pub(crate) fn at(&self, x: f64) -> usize {
        self.rows.partition_point(|row| row.right + APART / 2.0 < x).min(self.rows.len() - 1)
    }

    /// The drawing with all rows at the left edge, and lines that turn between them.
    pub(crate) fn stacked(&self, drawing: &Geometry) -> Geometry {
        let at_left = |p: Point| Point { x: p.x - self.rows[self.at(p.x)].shift, y: p.y };
        let mut stacked = drawing.mapped(at_left);
        for (line, known) in stacked.edges.iter_mut().zip(&drawing.edges) {
            line.pieces.clear();
            let mut from = known.start;
            for piece in &known.pieces {
                let to = piece.end();
                let rows = (self.at(from.x), self.at(to.x));
                if rows.0 == rows.1 {
                    line.pieces.push(piece.mapped(at_left));
                } else {
                    self.turn(from, to, rows, &mut line.pieces);
                }
                from = to;
            }
        }
        stacked
    }

    /// The way from the end of one row to the beginning of the next, or back.
    fn turn(&self, from: Point, to: Point, (a, b): (usize, usize), into: &mut Vec<Piece>) {
        let (high, low) = if a < b { (from, to) } else { (to, from) };
        let (upper, lower) = (&self.rows[a.min(b)], &self.rows[a.max(b)]);
        let count = upper.crossings.len();
        let off = |crossing: &Crossing| {
            (crossing.exit.y - high.y).abs() + (crossing.entry.y - low.y).abs()
        };
        let near = (0..count).min_by(|&a, &b| off(&upper.crossings[a]).total_cmp(&off(&upper.crossings[b])));
        let place = near.unwrap_or(0);
        let behind = LANE * (count.max(1) - 1 - place) as f64;
        // The topmost line turns outermost on the right, runs lowest in the gutter, and turns innermost on the left.
        let (right, across) = (high.x - upper.shift + TURN + behind, upper.gutter + behind);
        let left = low.x - lower.shift - TURN - LANE * place as f64;
        let corners = [
            Point { x: high.x - upper.shift, y: high.y },
            Point { x: right, y: high.y },
            Point { x: right, y: across },
            Point { x: left, y: across },
            Point { x: left, y: low.y },
            Point { x: low.x - lower.shift, y: low.y },
        ];
        let mut way = corners.to_vec();
        if a > b {
            way.reverse();
        }
        rounded(&way, into);
    }
}

/// A way along straight lines with round corners, from its first point, at which the line already is.
fn rounded(way: &[Point], into: &mut Vec<Piece>) {
    // A quarter of a circle as a cubic curve.
    const KAPPA: f64 = 0.552;
    let step = |from: Point, to: Point, by: f64| {
        let long = (to.x - from.x).hypot(to.y - from.y).max(1e-9);
        let part = (by / long).min(0.5);
        Point { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part }
    };
    for corner in way.windows(3) {
        let (before, after) = (step(corner[1], corner[0], TURN), step(corner[1], corner[2], TURN));
        let pull = |from: Point| Point {
            x: from.x + (corner[1].x - from.x) * KAPPA,
            y: from.y + (corner[1].y - from.y) * KAPPA,
        };
        into.push(Piece::Line(before));
        into.push(Piece::Curve(pull(before), pull(after), after));
    }
    into.extend(way.last().map(|&end| Piece::Line(end)));
}

/// Heights in a row without what is empty: the first is 0.
#[derive(Debug)]
struct Squeeze {
    /// Where something begins after an empty stretch, and how much is taken out up to there.
    starts: Vec<(f64, f64)>,
    height: f64,
}

impl Squeeze {
    /// Takes out of each stretch in which nothing stands what exceeds [`EMPTY`].
    fn of(mut taken: Vec<(f64, f64)>) -> Squeeze {
        taken.sort_by(|a, b| a.0.total_cmp(&b.0));
        let top = taken.first().map_or(0.0, |first| first.0);
        let (mut starts, mut out, mut bottom) = (vec![(top, top)], top, top);
        for (from, to) in taken {
            if from - bottom > EMPTY {
                out += from - bottom - EMPTY;
                starts.push((from, out));
            }
            bottom = bottom.max(to);
        }
        Squeeze { starts, height: bottom - out }
    }

    fn at(&self, y: f64) -> f64 {
        let place = self.starts.partition_point(|start| start.0 <= y).max(1) - 1;
        let above = y - self.starts[place].1;
        // Nothing in an empty stretch comes below what follows it.
        self.starts.get(place + 1).map_or(above, |next| above.min(next.0 - next.1))
    }
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
