//! Coordinates within the columns: four drawings, each as straight as it can be in one direction, and their mean.
//!
//! Brandes and Köpf, "Fast and Simple Horizontal Coordinate Assignment" (GD 2001). Their compaction
//! is replaced by longest paths over the blocks, which cannot go wrong where classes meet, the error that Brandes,
//! Walter and Zink corrected ("Erratum", 2020).

use super::crossings::Order;
use super::layer_graph::{ItemKind, LayerGraph};

/// Which way one of the four drawings is made.
#[derive(Debug, Clone, Copy)]
struct Way {
    /// Aligned with what comes before, from left to right.
    rightwards: bool,
    /// From top to bottom, as far up as possible.
    downwards: bool,
}

impl LayerGraph {
    /// The heights of all items.
    pub(crate) fn heights(&self, order: &Order) -> Vec<f64> {
        let taboo = self.taboo(order);
        let mut all: Vec<Vec<f64>> = Vec::with_capacity(4);
        for rightwards in [true, false] {
            for downwards in [true, false] {
                let way = Way { rightwards, downwards };
                let root = self.aligned(order, &taboo, way);
                all.push(self.compacted(order, &root, way));
            }
        }
        // All four are moved to the one of least height: two to its upper edge, two to its lower one.
        let edges = |heights: &Vec<f64>| {
            let mut edges = (f64::MAX, f64::MIN);
            for (item, &y) in self.items.iter().zip(heights) {
                edges = (edges.0.min(y - item.height / 2.0), edges.1.max(y + item.height / 2.0));
            }
            edges
        };
        let spans: Vec<(f64, f64)> = all.iter().map(edges).collect();
        let least = spans.iter().copied().min_by(|a, b| (a.1 - a.0).total_cmp(&(b.1 - b.0)));
        let least = least.unwrap_or_default();
        for (index, (heights, span)) in all.iter_mut().zip(&spans).enumerate() {
            let shift = if index % 2 == 0 { least.0 - span.0 } else { least.1 - span.1 };
            heights.iter_mut().for_each(|y| *y += shift);
        }
        let mean = |item: usize| {
            let mut four = [all[0][item], all[1][item], all[2][item], all[3][item]];
            four.sort_by(f64::total_cmp);
            f64::midpoint(four[1], four[2])
        };
        (0..self.items.len()).map(mean).collect()
    }

    /// The least distance between the middles of two neighbours in a column.
    pub(crate) fn distance(&self, upper: usize, lower: usize) -> f64 {
        let (a, b) = (&self.items[upper], &self.items[lower]);
        let gap = match (a.kind, b.kind) {
            // A frame's label stands on its upper border.
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

    /// Segments that may not be straight, since they cross one that matters more: long lines and borders of frames.
    fn taboo(&self, order: &Order) -> Vec<bool> {
        let mut taboo = vec![false; self.segments.len()];
        let border = |s: usize| self.items[self.segments[s].from].is_border();
        let inner = |s: usize| {
            let segment = &self.segments[s];
            !self.items[segment.from].is_node() && !self.items[segment.to].is_node()
        };
        for column in 1..self.columns {
            self.cross(order, column, &border, &mut taboo);
            self.cross(order, column, &inner, &mut taboo);
        }
        taboo
    }

    /// Marks what crosses a strong segment before a column, and is not strong itself.
    fn cross(&self, order: &Order, column: usize, strong: &dyn Fn(usize) -> bool, taboo: &mut [bool]) {
        let items = &order.columns[column];
        let last = order.columns[column - 1].len();
        let (mut low, mut scanned) = (0, 0);
        for (at, &item) in items.iter().enumerate() {
            let own = self.before[item].iter().copied().find(|&s| strong(s) && !taboo[s]);
            let high = match own {
                Some(segment) => order.place[self.segments[segment].from],
                None if at + 1 == items.len() => last,
                None => continue,
            };
            for &other in &items[scanned..=at] {
                for &s in &self.before[other] {
                    let place = order.place[self.segments[s].from];
                    taboo[s] |= (place < low || place > high) && !strong(s);
                }
            }
            (low, scanned) = (high, at + 1);
        }
    }

    /// The root of each item's block: the items that lie on one line with it.
    fn aligned(&self, order: &Order, taboo: &[bool], way: Way) -> Vec<usize> {
        let count = self.items.len();
        let mut root: Vec<usize> = (0..count).collect();
        let mut taken = vec![false; count];
        let mut near: Vec<(usize, usize)> = Vec::new();
        for step in 0..self.columns {
            let column = if way.rightwards { step } else { self.columns - 1 - step };
            let items = &order.columns[column];
            let mut limit: Option<usize> = None;
            for at in 0..items.len() {
                let item = if way.downwards { items[at] } else { items[items.len() - 1 - at] };
                near.clear();
                let list = if way.rightwards { &self.before[item] } else { &self.after[item] };
                for &s in list.iter().filter(|&&s| !self.segments[s].weak) {
                    let segment = &self.segments[s];
                    let other = if way.rightwards { segment.from } else { segment.to };
                    near.push((order.place[other], s));
                }
                near.sort_unstable();
                if !way.downwards {
                    near.reverse();
                }
                let Some(end) = near.len().checked_sub(1) else {
                    continue;
                };
                for &(place, s) in &near[end / 2..=end.div_ceil(2)] {
                    let segment = &self.segments[s];
                    let other = if way.rightwards { segment.from } else { segment.to };
                    let beyond =
                        limit.is_none_or(|limit| if way.downwards { limit < place } else { place < limit });
                    if root[item] == item && !taken[other] && beyond && !taboo[s] {
                        root[item] = root[other];
                        taken[other] = true;
                        limit = Some(place);
                    }
                }
            }
        }
        root
    }

    /// Places blocks as far up as they can go, then down again as far as what is below them allows; and the other way
    /// round for drawings from bottom to top.
    fn compacted(&self, order: &Order, root: &[usize], way: Way) -> Vec<f64> {
        let count = self.items.len();
        let mut pushes: Vec<Vec<(usize, f64)>> = vec![Vec::new(); count];
        let mut waits = vec![0; count];
        for items in &order.columns {
            for pair in items.windows(2) {
                let distance = self.distance(pair[0], pair[1]);
                let (first, second) = if way.downwards { (pair[0], pair[1]) } else { (pair[1], pair[0]) };
                pushes[root[first]].push((root[second], distance));
                waits[root[second]] += 1;
            }
        }
        let mut sorted: Vec<usize> = (0..count).filter(|&i| root[i] == i && waits[i] == 0).collect();
        let mut at = vec![0.0_f64; count];
        let mut next = 0;
        while next < sorted.len() {
            let block = sorted[next];
            next += 1;
            for &(other, distance) in &pushes[block] {
                at[other] = at[other].max(at[block] + distance);
                waits[other] -= 1;
                if waits[other] == 0 {
                    sorted.push(other);
                }
            }
        }
        for &block in sorted.iter().rev() {
            let far = pushes[block].iter().map(|&(other, distance)| at[other] - distance);
            let far = far.fold(f64::MAX, f64::min);
            // Borders are not pulled away from what they hold.
            let held = match self.items[block].kind {
                ItemKind::Bottom(_) => way.downwards,
                ItemKind::Top(_) => !way.downwards,
                _ => false,
            };
            if far < f64::MAX && !held {
                at[block] = at[block].max(far);
            }
        }
        let sign = if way.downwards { 1.0 } else { -1.0 };
        (0..count).map(|item| sign * at[root[item]]).collect()
    }
}
