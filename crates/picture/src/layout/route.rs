//! Edge routing: splines through the bend points of a layered layout.
//!
//! The layout runs from left to right. A line leaves its source, bends in the gap between two ranks, is horizontal across
//! the width of its label and of every rank that it passes, bends again and meets its target.

use crate::layout::canvas::MARGIN;
use crate::layout::fold::fold;
use crate::layout::frames::frames;
use crate::layout::geometry::{EdgeLine, Geometry, Piece, Point, Rect};
use crate::layout::measure::{Size, Sizes};
use crate::layout::placed::{Columns, Flat, Placed};
use crate::layout::ports::{Port, Waypoint, ports};
use crate::model::picture::{Direction, Picture};

/// Length of an arrow's head; the line ends where the head begins.
pub(crate) const HEAD: f64 = 8.0;
/// Distance of the control points of a curve from its ends, relative to its width, if it is S-shaped.
const CONTROL: f64 = 0.37;
/// The same relative to the distance to the corner, if it turns one way only; two thirds give a parabola.
const CORNER_CONTROL: f64 = 0.7;

/// What frames may reach beyond the columns of a folded drawing.
const FRAMES: f64 = 12.0;

/// After so many rounds of routing, every line bends between the ranks.
const ROUNDS: usize = 4;

pub(crate) fn draw(picture: &Picture, sizes: &Sizes, placed: &Placed) -> Geometry {
    let placed = widened(picture, sizes, placed);
    let limit = picture.max_width.map(|width| f64::from(width) - 2.0 * MARGIN - FRAMES);
    let limit = limit.filter(|_| picture.direction == Direction::LeftToRight);
    let folded = limit.and_then(|limit| {
        fold(picture, &node_boxes(sizes, &placed), &label_boxes(sizes, &placed), &placed, limit)
    });
    let (placed, rows) = folded.map_or((placed, None), |(placed, rows)| (placed, Some(rows)));
    let placed = &placed;
    let boxes = node_boxes(sizes, placed);
    let labels = label_boxes(sizes, placed);
    let columns = Columns::of(&boxes, &labels);
    let mut between_ranks = vec![false; picture.edges.len()];
    let mut lines = vec![EdgeLine::default(); picture.edges.len()];
    // A line bends beside its own boxes if it then stays clear of all others, and otherwise between the ranks, where there
    // are no boxes. The ports of a node depend on all its lines, so a change needs another round.
    for round in 0..=ROUNDS {
        let flats = all_flats(picture, placed, &labels, &columns, &between_ranks);
        let ports = ports(picture, sizes, placed, &flats, &columns, &between_ranks);
        let mut clear = true;
        for (index, edge) in picture.drawn_edges() {
            if let (Some(leave), Some(meet)) = ports[index] {
                lines[index] = line(leave, &flats[index], meet);
            }
            if !between_ranks[index] {
                let own = [Some(boxes[edge.from]), Some(boxes[edge.to]), labels[index]];
                between_ranks[index] = columns.touched_by(&lines[index], &own);
                clear &= !between_ranks[index];
            }
        }
        if clear {
            break;
        }
        if round + 1 == ROUNDS {
            between_ranks.fill(true);
        }
    }
    for (line, label) in lines.iter_mut().zip(&labels) {
        line.label = *label;
    }
    let whole = || placed.groups.iter().enumerate().filter_map(|(group, given)| Some((group, 0, (*given)?)));
    let reserved = rows.as_ref().map_or_else(|| whole().collect(), |rows| rows.frames.clone());
    let row = |x: f64| rows.as_ref().map_or(0, |rows| rows.at(x));
    let (mut groups, mut continued) = (vec![None; picture.groups.len()], Vec::new());
    for (group, frame) in frames(picture, &reserved, row, &boxes, &labels) {
        match groups[group] {
            None => groups[group] = Some(frame),
            Some(_) => continued.push((group, frame)),
        }
    }
    let drawing = Geometry { nodes: boxes, edges: lines, groups, continued, ..Geometry::default() };
    match rows {
        Some(rows) => rows.stacked(&drawing),
        None => drawing,
    }
}

fn node_boxes(sizes: &Sizes, placed: &Placed) -> Vec<Rect> {
    placed.nodes.iter().zip(&sizes.nodes).map(|(&centre, size)| around(centre, size.all)).collect()
}

fn label_boxes(sizes: &Sizes, placed: &Placed) -> Vec<Option<Rect>> {
    let pairs = placed.labels.iter().zip(&sizes.labels);
    pairs.map(|(centre, size)| Some(around((*centre)?, (*size)?))).collect()
}

fn all_flats(
    picture: &Picture,
    placed: &Placed,
    labels: &[Option<Rect>],
    columns: &Columns,
    between_ranks: &[bool],
) -> Vec<Vec<Flat>> {
    let mut all = vec![Vec::new(); picture.edges.len()];
    for (index, _) in picture.drawn_edges() {
        all[index] =
            flats(&placed.bends[index], placed.labels[index], labels[index], columns, between_ranks[index]);
    }
    all
}

/// The same coordinates with wider gaps between two ranks where lines are steep.
fn widened(picture: &Picture, sizes: &Sizes, placed: &Placed) -> Placed {
    let (boxes, labels) = (node_boxes(sizes, placed), label_boxes(sizes, placed));
    let columns = Columns::of(&boxes, &labels);
    let flats = all_flats(picture, placed, &labels, &columns, &vec![true; picture.edges.len()]);
    // How far lines climb in the gap before each column.
    let mut climbs = vec![0.0_f64; columns.0.len()];
    for (index, edge) in picture.drawn_edges() {
        let ends =
            [placed.nodes[edge.from], placed.nodes[edge.to]].map(|p| Flat { x: p.x, end: p.x, y: p.y });
        let stops: Vec<&Flat> = ends[..1].iter().chain(&flats[index]).chain(&ends[1..]).collect();
        for pair in stops.windows(2) {
            let gap = columns.0.partition_point(|column| column.x <= pair[0].end + 0.01);
            if let Some(climb) = climbs.get_mut(gap) {
                *climb = climb.max((pair[1].y - pair[0].y).abs());
            }
        }
    }
    let extra = climbs.iter().map(|climb| (climb * 0.1 - 10.0).clamp(0.0, 40.0));
    let mut gaps: Vec<(f64, f64, f64)> = Vec::new();
    for (column, extra) in (1..columns.0.len()).zip(extra.skip(1)) {
        let (before, after) = (&columns.0[column - 1], &columns.0[column]);
        let from = before.x + before.half;
        gaps.push((from, (after.x - after.half).max(from + 0.1), extra));
    }
    // The total shift of everything after each gap.
    let mut behind = Vec::with_capacity(gaps.len());
    let mut sum = 0.0;
    for &(_, _, by) in &gaps {
        behind.push(sum);
        sum += by;
    }
    let moved = |x: f64| {
        let at = gaps.partition_point(|&(from, _, _)| from <= x);
        let gap = at.checked_sub(1).map(|at| (gaps[at], behind[at]));
        gap.map_or(x, |((from, to, by), behind)| x + behind + by * ((x - from) / (to - from)).min(1.0))
    };
    let shift = |p: &Point| Point { x: moved(p.x), y: p.y };
    let stretch =
        |r: &Rect| Rect { x: moved(r.x), y: r.y, width: moved(r.right()) - moved(r.x), height: r.height };
    Placed {
        nodes: placed.nodes.iter().map(shift).collect(),
        labels: placed.labels.iter().map(|label| label.as_ref().map(shift)).collect(),
        bends: placed.bends.iter().map(|bends| bends.iter().map(shift).collect()).collect(),
        groups: placed.groups.iter().map(|group| group.as_ref().map(stretch)).collect(),
    }
}

fn around(centre: Point, size: Size) -> Rect {
    Rect::around(centre, size.width, size.height)
}

/// The horizontal parts of a line: across its label, or, if it bends `between_ranks` only, across the label's whole rank.
fn flats(
    bends: &[Point],
    centre: Option<Point>,
    label: Option<Rect>,
    columns: &Columns,
    between_ranks: bool,
) -> Vec<Flat> {
    let mut flats: Vec<Flat> = Vec::new();
    for bend in bends {
        let whole = columns.half_width(bend.x);
        let own = label.filter(|_| centre.is_some_and(|c| (c.x - bend.x).abs() < 0.01));
        let half = own.filter(|_| !between_ranks).map_or(whole, |label| label.width / 2.0);
        let next = Flat { x: bend.x - half, end: bend.x + half, y: bend.y };
        match flats.last_mut() {
            Some(last) if (last.y - next.y).abs() < 0.5 => last.end = last.end.max(next.end),
            _ => flats.push(next),
        }
    }
    flats
}

fn line(leave: Port, flats: &[Flat], meet: Port) -> EdgeLine {
    let tip = meet.on.at;
    let base = Point { x: tip.x - meet.on.direction.0 * HEAD, y: tip.y - meet.on.direction.1 * HEAD };
    let mut pieces = Vec::new();
    straight(leave.on.at, leave.border.at, &mut pieces);
    let mut here = leave.border;
    for flat in flats {
        let level = |x: f64| Waypoint { at: Point { x, y: flat.y }, direction: (1.0, 0.0) };
        bend(here, level(flat.x), &mut pieces);
        straight(level(flat.x).at, level(flat.end).at, &mut pieces);
        here = level(flat.end);
    }
    let last = if meet.border.at.x < base.x {
        meet.border
    } else {
        Waypoint { at: base, direction: meet.on.direction }
    };
    bend(here, last, &mut pieces);
    straight(last.at, base, &mut pieces);
    EdgeLine { start: leave.on.at, pieces, tip, label: None }
}

fn straight(from: Point, to: Point, pieces: &mut Vec<Piece>) {
    if (to.x - from.x).abs() + (to.y - from.y).abs() > 0.05 {
        pieces.push(Piece::Line(to));
    }
}

/// A curve between two points with the given directions at both ends; a straight line if possible.
fn bend(from: Waypoint, to: Waypoint, pieces: &mut Vec<Piece>) {
    let (dx, dy) = (to.at.x - from.at.x, to.at.y - from.at.y);
    let is_straight = |direction: (f64, f64)| (direction.0 * dy - direction.1 * dx).abs() < 0.3;
    if is_straight(from.direction) && is_straight(to.direction) {
        straight(from.at, to.at, pieces);
        return;
    }
    let cross = |a: (f64, f64), b: (f64, f64)| a.0 * b.1 - a.1 * b.0;
    // The distances of the corner, where the two tangents meet, from either end.
    let sine = cross(from.direction, to.direction);
    let (there, back) = (cross((dx, dy), to.direction) / sine, cross(from.direction, (dx, dy)) / sine);
    let (a, b) = if sine.abs() > 1e-3 && there > 0.0 && back > 0.0 {
        (CORNER_CONTROL * there, CORNER_CONTROL * back)
    } else {
        // The control points stay within the width of the curve, so that x is monotonic.
        let pull = |direction: (f64, f64)| CONTROL * dx.abs() / direction.0.max(0.3);
        (pull(from.direction), pull(to.direction))
    };
    let first = Point { x: from.at.x + from.direction.0 * a, y: from.at.y + from.direction.1 * a };
    let second = Point { x: to.at.x - to.direction.0 * b, y: to.at.y - to.direction.1 * b };
    pieces.push(Piece::Curve(first, second, to.at));
}
