//! The second arrow of an edge, thin and against the first: the way on which the gradient comes back, as the book draws it.

use crate::layout::geometry::{EdgeLine, Point};
use crate::model::number::NOT_COMPUTED;
use crate::model::picture::{Direction, NodeKind, Picture};

/// Distance between the two arrows.
const BESIDE: f64 = 4.5;
/// Length of the head of the second one.
const HEAD: f64 = 5.0;
/// Distance from its ends to the nodes.
const SHORT: f64 = 4.0;
/// What it adds between the line and the gradient.
pub(crate) const BACK: f64 = 5.0;

/// The second arrow: its points, the last of which is where its head begins, and the tip of the head.
pub(crate) struct Back {
    pub(crate) points: Vec<Point>,
    pub(crate) tip: Point,
}

impl Picture {
    /// Whether gradients have arrows of their own: in pictures of single numbers with gradients, where the recorded reverse
    /// pass is not drawn too.
    pub(crate) fn has_back_arrows(&self) -> bool {
        let plain = |kind| matches!(kind, NodeKind::Output | NodeKind::Hidden | NodeKind::Layer);
        let single = self.nodes.iter().all(|node| node.shape.is_none() && !node.backward);
        let known = |text: &Option<String>| text.as_deref().is_some_and(|text| text != NOT_COMPUTED);
        let numbers = self.edges.iter().flat_map(|edge| [&edge.value, &edge.gradient]).flatten();
        single
            && !self.nodes.iter().any(|node| node.kind == NodeKind::Layer)
            && self.nodes.iter().any(|node| !plain(node.kind))
            && self.edges.iter().any(|edge| known(&edge.gradient))
            && numbers.into_iter().all(|number| !number.starts_with('[') && !number.contains('µ'))
    }

    /// Whether the gradient of an edge has an arrow of its own.
    pub(crate) fn has_back_arrow(&self, edge: usize) -> bool {
        self.edges[edge].gradient.as_deref().is_some_and(|text| text != NOT_COMPUTED)
    }
}

/// The second arrow below a line that runs to the right, or right of one that runs downwards.
pub(crate) fn back(line: &EdgeLine, direction: Direction) -> Option<Back> {
    let side = match direction {
        Direction::LeftToRight => BESIDE,
        Direction::TopToBottom => -BESIDE,
    };
    let mut points = line.sloped_samples();
    points.dedup_by(|b, a| (a.x - b.x).hypot(a.y - b.y) < 0.05);
    let ends = [shortened(&mut points, SHORT), {
        points.reverse();
        let done = shortened(&mut points, SHORT);
        points.reverse();
        done
    }];
    if ends.contains(&false) || points.len() < 2 {
        return None;
    }
    let count = points.len();
    let beside = |at: usize| {
        let (a, b) = (points[at.max(1) - 1], points[(at + 1).min(count - 1)]);
        let long = (b.x - a.x).hypot(b.y - a.y).max(1e-9);
        let (dx, dy) = ((b.x - a.x) / long, (b.y - a.y) / long);
        Point { x: points[at].x - dy * side, y: points[at].y + dx * side }
    };
    let mut points: Vec<Point> = (0..count).rev().map(beside).collect();
    let tip = points.last().copied()?;
    shortened_at_end(&mut points, HEAD).then_some(Back { points, tip })
}

fn shortened_at_end(points: &mut Vec<Point>, by: f64) -> bool {
    points.reverse();
    let done = shortened(points, by);
    points.reverse();
    done
}

/// Takes a length from the beginning of a line; false if it is not longer than that.
fn shortened(points: &mut Vec<Point>, mut by: f64) -> bool {
    let mut gone = 0;
    while let [a, b, ..] = points[gone..] {
        let long = (b.x - a.x).hypot(b.y - a.y);
        if long > by {
            points.drain(..gone);
            points[0] = Point { x: a.x + (b.x - a.x) * by / long, y: a.y + (b.y - a.y) * by / long };
            return true;
        }
        by -= long;
        gone += 1;
    }
    false
}
