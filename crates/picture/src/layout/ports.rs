//! Ports: where edges meet the outlines of their nodes.

use crate::layout::geometry::Point;
use crate::layout::measure::{NodeSize, Sizes};
use crate::layout::placed::{Columns, Flat, Placed};
use crate::model::picture::Picture;
use std::f64::consts::FRAC_PI_2;

/// Largest angle to the horizontal, in radians, at which an arrow may meet a circle.
const MAX_ANGLE: f64 = 1.05;
/// The same where there is text above or below the circle.
const MAX_ANGLE_BESIDE_TEXT: f64 = 0.6;
/// How far above or below the box of its node a line may be at the border of the rank.
const CLEARANCE: f64 = 5.0;
/// How far inside the height of its node a line stays that has a text above or below it.
const BELOW_TEXT: f64 = 1.0;
/// Least angle between two arrows at one circle.
const MIN_ANGLE: f64 = 0.4;

/// The weight of a line that can stay straight; a line that has to bend has weight 1.
const STRAIGHT_WEIGHT: f64 = 1e6;

/// At which part of the distance to its first horizontal part a line reaches the height of that part.
const FIRST_BEND: f64 = 0.75;

/// Largest slope of an arrow at a box.
const MAX_SLOPE: f64 = 0.85;
/// Least distance between two arrows at one box.
const PORT_GAP: f64 = 14.0;
/// The same where it lets one of them stay straight: arrow heads just do not touch.
const MIN_PORT_GAP: f64 = 8.5;

const _: () = assert!(MAX_ANGLE < FRAC_PI_2, "an arrow meets a circle from the side it comes from");

/// A point of a line, and the unit direction of the line there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waypoint {
    pub(crate) at: Point,
    pub(crate) direction: (f64, f64),
}

/// Where a line meets the outline of a node, and where it crosses the border of the node's rank. It is straight between
/// the two, so that no line bends around the neighbours of its node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Port {
    pub(crate) on: Waypoint,
    pub(crate) border: Waypoint,
}

pub(crate) type Ports = Vec<(Option<Port>, Option<Port>)>;

/// The ports of every edge at its source and target, ordered by y, so that no two lines cross at a node.
pub(crate) fn ports(
    picture: &Picture,
    sizes: &Sizes,
    placed: &Placed,
    flats: &[Vec<Flat>],
    columns: &Columns,
    between_ranks: &[bool],
) -> Ports {
    // A line to a horizontal part bends once on the way, and not before it has left the rank.
    let aim = |index: usize| if flats[index].is_empty() { 1.0 } else { FIRST_BEND };
    let mut leaving: Vec<Vec<(f64, f64, usize)>> = vec![Vec::new(); picture.nodes.len()];
    let mut meeting = leaving.clone();
    for (index, edge) in picture.drawn_edges() {
        let (from, to) = (placed.nodes[edge.from], placed.nodes[edge.to]);
        let first = flats[index].first().map_or(to, |flat| Point { x: flat.x, y: flat.y });
        let last = flats[index].last().map_or(from, |flat| Point { x: flat.end, y: flat.y });
        leaving[edge.from].push((first.y - from.y, (first.x - from.x).abs() * aim(index), index));
        meeting[edge.to].push((last.y - to.y, (to.x - last.x).abs() * aim(index), index));
    }
    let mut ports = vec![(None, None); picture.edges.len()];
    for (node, (mut out, mut into)) in leaving.into_iter().zip(meeting).enumerate() {
        let (centre, size) = (placed.nodes[node], &sizes.nodes[node]);
        for (list, side) in [(&mut out, 1.0), (&mut into, -1.0)] {
            // Lines may bend beside the node where no other box of its rank is in their way.
            let border = if list.iter().all(|&(_, _, index)| !between_ranks[index]) {
                size.all.width / 2.0
            } else {
                columns.half_width_beside(centre.x, size.all.width).max(size.body.width / 2.0)
            };
            list.sort_by(|a, b| {
                a.0.total_cmp(&b.0).then(picture.edges[a.2].operand.cmp(&picture.edges[b.2].operand))
            });
            // Lines with a shared first part share their port.
            let together = |a: usize, b: usize| {
                let start = |index: usize| flats[index].first().map(|flat| (flat.x, flat.y));
                side > 0.0 && start(a).is_some() && start(a) == start(b)
            };
            let runs: Vec<&[(f64, f64, usize)]> = list.chunk_by(|a, b| together(a.2, b.2)).collect();
            let firsts: Vec<(f64, f64, usize)> = runs.iter().map(|run| run[0]).collect();
            for (port, run) in fan_out(centre, size, border, side, &firsts).into_iter().zip(runs) {
                for &(_, _, index) in run {
                    if side > 0.0 { ports[index].0 = Some(port) } else { ports[index].1 = Some(port) }
                }
            }
        }
    }
    ports
}

/// Ports on one side of a node for lines to points at the given offsets: (dy, dx, edge), by ascending dy.
fn fan_out(centre: Point, size: &NodeSize, border: f64, side: f64, lines: &[(f64, f64, usize)]) -> Vec<Port> {
    let (half, tall) = (size.body.width / 2.0, size.body.height / 2.0);
    let count = lines.len().max(1) as f64;
    if size.round {
        let beside = if size.all.height > size.body.height { MAX_ANGLE_BESIDE_TEXT } else { MAX_ANGLE };
        let limit = beside.min((size.all.height / 2.0 + CLEARANCE).atan2(border));
        // A line passes below the name above its node.
        let below = (half - BELOW_TEXT).atan2(size.all.width / 2.0);
        let limit = if size.all.height > size.body.height { limit.min(below) } else { limit };
        let wanted = |&(dy, dx, _): &(f64, f64, usize)| dy.atan2(dx.max(border)).clamp(-limit, limit);
        let wanted: Vec<f64> = lines.iter().map(wanted).collect();
        let port = |angle: f64| {
            let direction = (angle.cos(), side * angle.sin());
            let at = |reach: f64, rise: f64| Point { x: centre.x + side * reach, y: centre.y + rise };
            Port {
                on: Waypoint { at: at(half * angle.cos(), half * angle.sin()), direction },
                border: Waypoint { at: at(border, border * angle.tan()), direction },
            }
        };
        let weights = weights(&wanted, 0.01);
        return spread(&wanted, &weights, MIN_ANGLE.min(2.0 * limit / count), limit)
            .into_iter()
            .map(port)
            .collect();
    }
    let reach = (tall - 9.0).max(0.0);
    // A line that can stay straight does; one that has to bend leaves near the middle.
    let wanted =
        |&(dy, _, _): &(f64, f64, usize)| if dy.abs() <= reach { dy } else { dy.signum() * reach * 0.5 };
    let wanted: Vec<f64> = lines.iter().map(wanted).collect();
    let weights = weights(&wanted, 0.5);
    let mut gap = PORT_GAP.min(2.0 * reach / (count - 1.0).max(1.0));
    // Closer together if one of them can then stay straight.
    let straight = |weight: &f64| *weight > 1.0;
    if let (Some(first), Some(last)) = (weights.iter().position(straight), weights.iter().rposition(straight))
    {
        let beside = first.max(weights.len() - 1 - last) as f64 + (last - first) as f64 / 2.0;
        let closer = reach / beside.max(1.0);
        gap = if closer >= MIN_PORT_GAP { gap.min(closer) } else { gap };
    }
    let heights = spread(&wanted, &weights, gap, reach);
    let port = |(dy, &(far, dx, _)): (f64, &(f64, f64, usize))| {
        // A line that has to bend meets the box at a slope and so bends less, but stays within the height of its node
        // until it has left the rank.
        let room = (border - half).max(0.0);
        let clearance = if size.all.height > size.body.height { -BELOW_TEXT } else { CLEARANCE };
        let clear = (tall + clearance - dy.abs()).max(0.0);
        let most = if room > 0.1 { (clear / room).min(MAX_SLOPE) } else { MAX_SLOPE };
        let fall = ((far - dy) / (dx - half).max(room).max(1.0)).clamp(-most, most);
        let fall = if (far - dy).abs() < 0.5 { 0.0 } else { fall };
        let long = fall.hypot(1.0);
        let direction = (1.0 / long, side * fall / long);
        let at = |reach: f64, dy: f64| Point { x: centre.x + side * reach, y: centre.y + dy };
        Port {
            on: Waypoint { at: at(half, dy), direction },
            border: Waypoint { at: at(border, dy + fall * room), direction },
        }
    };
    heights.into_iter().zip(lines).map(port).collect()
}

/// The weight of each line's wanted position: lines that can stay straight do, spread around the middle if there are
/// several.
fn weights(wanted: &[f64], level: f64) -> Vec<f64> {
    wanted.iter().map(|wanted| if wanted.abs() < level { STRAIGHT_WEIGHT } else { 1.0 }).collect()
}

/// The numbers within ±`limit` nearest to the wanted ones (which ascend), in weighted least squares, with at least `gap`
/// between neighbours: pool adjacent violators.
pub(crate) fn spread(wanted: &[f64], weights: &[f64], gap: f64, limit: f64) -> Vec<f64> {
    // Blocks of numbers exactly `gap` apart: (weighted sum of wanted starts, weight, count).
    let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
    for (index, (&value, &weight)) in wanted.iter().zip(weights).enumerate() {
        blocks.push(((value - gap * index as f64) * weight, weight, 1));
        while let [.., before, last] = blocks.as_mut_slice() {
            if before.0 / before.1 <= last.0 / last.1 {
                break;
            }
            *before = (before.0 + last.0, before.1 + last.1, before.2 + last.2);
            blocks.pop();
        }
    }
    let low = -limit;
    let high = limit - gap * wanted.len().saturating_sub(1) as f64;
    let starts = blocks.iter().flat_map(|&(sum, weight, count)| std::iter::repeat_n(sum / weight, count));
    starts.enumerate().map(|(index, start)| start.min(high).max(low) + gap * index as f64).collect()
}
