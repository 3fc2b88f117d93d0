//! How good a layout is: crossings, and operands out of their order.

use super::layout::{Point, Rect};
use super::model::Picture;
use super::route::Placed;

/// One step of a line from one rank to the next.
#[derive(Debug, Clone, Copy)]
struct Step {
    from: Point,
    to: Point,
    /// The node and operand where the line ends with this step.
    meets: Option<(usize, usize)>,
}

impl Placed {
    /// Crossings and misplaced operands together, then crossings alone, then the height in whole units.
    pub(super) fn faults(&self, picture: &Picture) -> (usize, usize, u64) {
        let mut steps: Vec<Step> = Vec::new();
        for (index, edge) in picture.drawn_edges() {
            let mut from = self.nodes[edge.from];
            for &to in &self.bends[index] {
                steps.push(Step { from, to, meets: None });
                from = to;
            }
            steps.push(Step { from, to: self.nodes[edge.to], meets: Some((edge.to, edge.operand)) });
        }
        // Steps that start at the same rank stand together.
        steps.sort_by(|a, b| a.from.x.total_cmp(&b.from.x));
        let (mut crossings, mut misplaced) = (0, 0);
        for (index, a) in steps.iter().enumerate() {
            for b in steps[index + 1..].iter().take_while(|b| b.from.x - a.from.x < 0.01) {
                let start = a.from.y - b.from.y;
                match (a.meets, b.meets) {
                    (Some((node, one)), Some((other, two))) if node == other => {
                        misplaced += usize::from((start > 0.01 && one < two) || (start < -0.01 && one > two));
                    }
                    _ => crossings += usize::from(start * (a.to.y - b.to.y) < -1e-3),
                }
            }
        }
        let heights = self.nodes.iter().map(|node| node.y);
        let (low, high) = heights.fold((f64::MAX, f64::MIN), |(low, high), y| (low.min(y), high.max(y)));
        (crossings + misplaced, crossings, (high - low).max(0.0).round() as u64)
    }

    /// The same places mirrored at a level line.
    pub(super) fn upside_down(&self) -> Placed {
        let flip = |p: &Point| Point { x: p.x, y: -p.y };
        Placed {
            nodes: self.nodes.iter().map(flip).collect(),
            labels: self.labels.iter().map(|label| label.as_ref().map(flip)).collect(),
            bends: self.bends.iter().map(|bends| bends.iter().map(flip).collect()).collect(),
            groups: self.groups.iter().map(|group| group.map(|g| Rect { y: -g.bottom(), ..g })).collect(),
        }
    }
}
