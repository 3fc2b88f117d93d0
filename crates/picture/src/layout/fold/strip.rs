//! A drawing in one row, and the leaves that are carried over its cuts.

use super::stops::{BESIDE, LANE};
use crate::layout::geometry::{Point, Rect};
use crate::layout::placed::Placed;
use crate::model::picture::Picture;

/// Least distance between a leaf that is carried into a row and a line into it.
const CLEAR: f64 = 10.0;
/// The same of a frame, with its name.
const FRAME: f64 = 16.0;

/// A drawing in one row, that is to be cut.
pub(super) struct Strip {
    pub(super) boxes: Vec<Rect>,
    pub(super) labels: Vec<Option<Rect>>,
    pub(super) placed: Placed,
    /// The edges of each column.
    pub(super) left: Vec<f64>,
    pub(super) right: Vec<f64>,
}

impl Strip {
    pub(super) fn column(&self, x: f64) -> usize {
        self.right.partition_point(|&right| right < x).min(self.right.len() - 1)
    }

    /// Carries leaves that are used in the next row alone over the cut after a column, to the beginning of that row, where
    /// there is room for them between the lines.
    pub(super) fn carry_leaves(&mut self, picture: &Picture, (end, last): (usize, usize), room: f64) {
        let mut uses: Vec<Vec<usize>> = vec![Vec::new(); picture.nodes.len()];
        let mut has_operands = vec![false; picture.nodes.len()];
        for (index, edge) in picture.drawn_edges() {
            uses[edge.from].push(index);
            has_operands[edge.to] = true;
        }
        // Where a line goes on behind the cut, if its digits are there too.
        let after = |strip: &Strip, index: usize| {
            let behind = |p: &Point| strip.column(p.x) > end;
            let all = strip.placed.bends[index].iter().chain([&strip.placed.nodes[picture.edges[index].to]]);
            strip.placed.labels[index]
                .as_ref()
                .is_none_or(behind)
                .then(|| all.copied().find(behind))
                .flatten()
        };
        // The lines over the cut: their heights before and behind it, and their sources.
        let mut entries: Vec<(f64, f64, usize)> = Vec::new();
        for (index, edge) in picture.drawn_edges() {
            let ends = [self.placed.nodes[edge.from], self.placed.nodes[edge.to]];
            let bends = self.placed.bends[index].iter();
            let all: Vec<Point> = ends[..1].iter().chain(bends).chain(&ends[1..]).copied().collect();
            for pair in all.windows(2) {
                let (a, b) = (self.column(pair[0].x), self.column(pair[1].x));
                if a.min(b) <= end && a.max(b) > end {
                    let (before, behind) =
                        if a < b { (pair[0].y, pair[1].y) } else { (pair[1].y, pair[0].y) };
                    entries.push((before, behind, edge.from));
                }
            }
        }
        entries.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        entries.dedup();
        // Where lines change places or move apart behind the cut, leaves would be in their way.
        let level = |pair: &[(f64, f64, usize)]| pair[1].1 - pair[0].1 >= LANE;
        if !entries.windows(2).all(level) {
            return;
        }
        let mut carried: Vec<(usize, f64)> = Vec::new();
        for node in 0..picture.nodes.len() {
            let &[index] = &uses[node][..] else { continue };
            let Some(to) = after(self, index).filter(|_| self.column(self.placed.nodes[node].x) <= end)
            else {
                continue;
            };
            if has_operands[node] || picture.group_of(node).is_some() {
                continue;
            }
            let half = self.boxes[node].height / 2.0;
            // Frames that go on in the next row would hold it.
            let (border, first) = (self.right[end], self.left[end + 1]);
            let outside = self.placed.groups.iter().flatten().all(|frame| {
                let goes_on = frame.x <= border && frame.right() >= first;
                !goes_on || to.y + half + FRAME < frame.y || to.y - half - FRAME > frame.bottom()
            });
            if !outside {
                continue;
            }
            let free = entries.iter().all(|&(_, y, from)| from == node || (y - to.y).abs() >= half + CLEAR);
            let apart = |&(other, y): &(usize, f64)| {
                (y - to.y).abs() >= half + self.boxes[other].height / 2.0 + CLEAR
            };
            if free && carried.iter().all(apart) {
                carried.push((node, to.y));
            }
        }
        let width = carried.iter().map(|&(node, _)| self.boxes[node].width).fold(0.0, f64::max);
        let first = end + 1;
        let by = width + 2.0 * BESIDE;
        if carried.is_empty() || self.right[last] - self.left[first] + by > room {
            return;
        }
        let border = self.right[end];
        let shift = |x: &mut f64| *x += if *x > border + 0.01 { by } else { 0.0 };
        let Placed { nodes, labels, bends, groups } = &mut self.placed;
        nodes
            .iter_mut()
            .chain(labels.iter_mut().flatten())
            .chain(bends.iter_mut().flatten())
            .for_each(|p| shift(&mut p.x));
        for frame in groups.iter_mut().flatten() {
            let mut right = frame.right();
            shift(&mut right);
            shift(&mut frame.x);
            frame.width = right - frame.x;
        }
        self.boxes.iter_mut().chain(self.labels.iter_mut().flatten()).for_each(|place| shift(&mut place.x));
        self.left.iter_mut().chain(&mut self.right).for_each(shift);
        let middle = self.left[first] - BESIDE - width / 2.0;
        for (node, y) in carried {
            let border = self.right[end];
            self.placed.bends[uses[node][0]].retain(|bend| bend.x > border);
            self.placed.nodes[node] = Point { x: middle, y };
            self.boxes[node] =
                Rect::around(Point { x: middle, y }, self.boxes[node].width, self.boxes[node].height);
        }
        self.left[first] = middle - width / 2.0;
    }
}
