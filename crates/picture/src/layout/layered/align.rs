//! Coordinate assignment within the columns: the average median of four extremal alignments.
//!
//! Brandes and Köpf, "Fast and Simple Horizontal Coordinate Assignment" (GD 2001), for a left-to-right drawing. Longest
//! paths over the blocks replace their compaction, and with it the error where classes meet that Brandes, Walter and Zink
//! corrected ("Erratum", 2020).

use super::crossings::Order;
use super::layer_graph::{ItemKind, LayerGraph};

/// The directions of one of the four alignments.
#[derive(Debug, Clone, Copy)]
struct Bias {
    /// Items are aligned with their predecessors, from left to right.
    rightwards: bool,
    /// Columns are visited from top to bottom, and blocks placed as far up as possible.
    downwards: bool,
}

impl LayerGraph {
    /// The y coordinates of all items.
    pub(crate) fn assign_ys(&self, order: &Order) -> Vec<f64> {
        let conflicts = self.conflicts(order);
        let mut all: Vec<Vec<f64>> = Vec::with_capacity(4);
        for rightwards in [true, false] {
            for downwards in [true, false] {
                let bias = Bias { rightwards, downwards };
                let root = self.align_blocks(order, &conflicts, bias);
                all.push(self.compact(order, &root, bias));
            }
        }
        // All four are aligned with the one of least height: two at its upper edge, two at its lower one.
        let edges = |ys: &Vec<f64>| {
            let mut edges = (f64::MAX, f64::MIN);
            for (item, &y) in self.items.iter().zip(ys) {
                edges = (edges.0.min(y - item.height / 2.0), edges.1.max(y + item.height / 2.0));
            }
            edges
        };
        let spans: Vec<(f64, f64)> = all.iter().map(edges).collect();
        let least = spans.iter().copied().min_by(|a, b| (a.1 - a.0).total_cmp(&(b.1 - b.0)));
        let least = least.unwrap_or_default();
        for (index, (ys, span)) in all.iter_mut().zip(&spans).enumerate() {
            let shift = if index % 2 == 0 { least.0 - span.0 } else { least.1 - span.1 };
            ys.iter_mut().for_each(|y| *y += shift);
        }
        let mean = |item: usize| {
            let mut four = [all[0][item], all[1][item], all[2][item], all[3][item]];
            four.sort_by(f64::total_cmp);
            f64::midpoint(four[1], four[2])
        };
        (0..self.items.len()).map(mean).collect()
    }

    /// The least distance between the centres of two neighbours in a column.
    pub(crate) fn distance(&self, upper: usize, lower: usize) -> f64 {
        let (a, b) = (&self.items[upper], &self.items[lower]);
        let gap = match (a.kind, b.kind) {
            // A frame's label is on its upper border.
            (ItemKind::Top(_), ItemKind::Top(_)) => 22.0,
            (ItemKind::Top(_), _) => 13.0,
            (_, ItemKind::Bottom(_)) => 12.0,
            (ItemKind::Bottom(_), ItemKind::Top(_)) => 22.0,
            (_, ItemKind::Top(_)) => 20.0,
            (ItemKind::Bottom(_), _) => 12.0,
            (ItemKind::Node(_), ItemKind::Node(_)) => 18.0,
            (ItemKind::Node(_), _) | (_, ItemKind::Node(_)) => 14.0,
            _ => 10.0,
        };
        a.height / 2.0 + gap + b.height / 2.0
    }

    /// The segments that must not be aligned because they cross one of higher priority, an inner segment of a long edge or
    /// a frame border (type 1 conflicts).
    fn conflicts(&self, order: &Order) -> Vec<bool> {
        let mut conflicts = vec![false; self.segments.len()];
        let border = |s: usize| self.items[self.segments[s].from].is_border();
        let inner = |s: usize| {
            let segment = &self.segments[s];
            !self.items[segment.from].is_node() && !self.items[segment.to].is_node()
        };
        for column in 1..self.columns {
            self.mark_conflicts(order, column, &border, &mut conflicts);
            self.mark_conflicts(order, column, &inner, &mut conflicts);
        }
        conflicts
    }

    /// Marks the segments before a column that cross a strong one and are not strong themselves.
    fn mark_conflicts(
        &self,
        order: &Order,
        column: usize,
        strong: &dyn Fn(usize) -> bool,
        conflicts: &mut [bool],
    ) {
        let items = &order.columns[column];
        let last = order.columns[column - 1].len();
        let (mut low, mut scanned) = (0, 0);
        for (at, &item) in items.iter().enumerate() {
            let own = self.before[item].iter().copied().find(|&s| strong(s) && !conflicts[s]);
            let high = match own {
                Some(segment) => order.place[self.segments[segment].from],
                None if at + 1 == items.len() => last,
                None => continue,
            };
            for &other in &items[scanned..=at] {
                for &s in &self.before[other] {
                    let place = order.place[self.segments[s].from];
                    conflicts[s] |= (place < low || place > high) && !strong(s);
                }
            }
            (low, scanned) = (high, at + 1);
        }
    }

    /// The root of the block of each item: the items that are aligned with it.
    fn align_blocks(&self, order: &Order, conflicts: &[bool], bias: Bias) -> Vec<usize> {
        let count = self.items.len();
        let mut root: Vec<usize> = (0..count).collect();
        let mut taken = vec![false; count];
        let mut near: Vec<(usize, usize)> = Vec::new();
        for step in 0..self.columns {
            let column = if bias.rightwards { step } else { self.columns - 1 - step };
            let items = &order.columns[column];
            let mut limit: Option<usize> = None;
            for at in 0..items.len() {
                let item = if bias.downwards { items[at] } else { items[items.len() - 1 - at] };
                near.clear();
                let list = if bias.rightwards { &self.before[item] } else { &self.after[item] };
                for &s in list.iter().filter(|&&s| !self.segments[s].weak) {
                    let segment = &self.segments[s];
                    let other = if bias.rightwards { segment.from } else { segment.to };
                    near.push((order.place[other], s));
                }
                near.sort_unstable();
                if !bias.downwards {
                    near.reverse();
                }
                let Some(end) = near.len().checked_sub(1) else {
                    continue;
                };
                for &(place, s) in &near[end / 2..=end.div_ceil(2)] {
                    let segment = &self.segments[s];
                    let other = if bias.rightwards { segment.from } else { segment.to };
                    let beyond =
                        limit.is_none_or(|limit| if bias.downwards { limit < place } else { place < limit });
                    if root[item] == item && !taken[other] && beyond && !conflicts[s] {
                        root[item] = root[other];
                        taken[other] = true;
                        limit = Some(place);
                    }
                }
            }
        }
        root
    }

    /// Places blocks as far up as possible by longest paths, then down as far as the blocks below allow; mirrored for
    /// alignments from bottom to top.
    fn compact(&self, order: &Order, root: &[usize], bias: Bias) -> Vec<f64> {
        let count = self.items.len();
        let mut successors: Vec<Vec<(usize, f64)>> = vec![Vec::new(); count];
        let mut in_degrees = vec![0; count];
        for items in &order.columns {
            for pair in items.windows(2) {
                let distance = self.distance(pair[0], pair[1]);
                let (first, second) = if bias.downwards { (pair[0], pair[1]) } else { (pair[1], pair[0]) };
                successors[root[first]].push((root[second], distance));
                in_degrees[root[second]] += 1;
            }
        }
        let mut sorted: Vec<usize> = (0..count).filter(|&i| root[i] == i && in_degrees[i] == 0).collect();
        let mut at = vec![0.0_f64; count];
        let mut next = 0;
        while next < sorted.len() {
            let block = sorted[next];
            next += 1;
            for &(other, distance) in &successors[block] {
                at[other] = at[other].max(at[block] + distance);
                in_degrees[other] -= 1;
                if in_degrees[other] == 0 {
                    sorted.push(other);
                }
            }
        }
        for &block in sorted.iter().rev() {
            let far = successors[block].iter().map(|&(other, distance)| at[other] - distance);
            let far = far.fold(f64::MAX, f64::min);
            // Borders are not pulled away from their contents.
            let held = match self.items[block].kind {
                ItemKind::Bottom(_) => bias.downwards,
                ItemKind::Top(_) => !bias.downwards,
                _ => false,
            };
            if far < f64::MAX && !held {
                at[block] = at[block].max(far);
            }
        }
        let sign = if bias.downwards { 1.0 } else { -1.0 };
        (0..count).map(|item| sign * at[root[item]]).collect()
    }
}
