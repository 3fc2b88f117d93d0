//! Improvement of the y coordinates: aligned blocks move to the weighted medians of their neighbours.

use super::crossings::Order;
use super::layer_graph::{ItemKind, LayerGraph};

/// Passes over all blocks.
const PASSES: usize = 6;
/// The same under pressure.
const PRESSED_PASSES: usize = 24;
/// The most touching neighbours through which a pressure is transmitted.
const MAX_CONTACTS: usize = 64;

/// Two items with a smaller gap than this touch.
const TOUCH: f64 = 0.5;
/// A target beyond every coordinate: as far as possible.
const FAR: f64 = 1e12;

/// Sets of items that are level with each other and move as one.
struct Blocks {
    of: Vec<usize>,
    members: Vec<Vec<usize>>,
}

impl LayerGraph {
    /// Moves each block to the weighted median of its neighbours, as far as the items above and below it allow.
    /// O(items + segments · log) for each of a fixed number of passes.
    ///
    /// With a pressure, blocks that touch a frame border or the edge of the drawing, directly or through others, are pushed
    /// inwards with this weight, and edges may bend at the frames that they cross, unless they run from op to op.
    pub(crate) fn straighten(&self, order: &Order, ys: &mut [f64], pressure: f64) {
        let blocks = self.blocks(ys, pressure > 0.0);
        let mut targets: Vec<(f64, f64)> = Vec::new();
        for pass in 0..if pressure > 0.0 { PRESSED_PASSES } else { PASSES } {
            let extent = self.extent(ys);
            let mut moved = false;
            for step in 0..blocks.members.len() {
                let block = if pass % 2 == 0 { step } else { blocks.members.len() - 1 - step };
                let members = &blocks.members[block];
                let y = ys[members[0]];
                let (mut low, mut high) = (f64::MIN, f64::MAX);
                for &item in members {
                    let column = &order.columns[self.items[item].column];
                    let place = order.place[item];
                    if let Some(&upper) = place.checked_sub(1).and_then(|at| column.get(at)) {
                        low = low.max(ys[upper] + self.distance(upper, item));
                    }
                    if let Some(&lower) = column.get(place + 1) {
                        high = high.min(ys[lower] - self.distance(item, lower));
                    }
                }
                // Rounding may have left a negative gap.
                let (low, high) = (low.min(y), high.max(y));
                let aim = match self.items[members[0]].kind {
                    ItemKind::Top(_) if high < f64::MAX => high,
                    ItemKind::Bottom(_) if low > f64::MIN => low,
                    ItemKind::Top(_) | ItemKind::Bottom(_) => continue,
                    _ => {
                        targets.clear();
                        for &item in members {
                            self.targets(item, block, &blocks, ys, &mut targets);
                        }
                        for (upwards, far) in [(true, FAR), (false, -FAR)] {
                            let pressed = |&item: &usize| self.is_pressed(order, ys, extent, item, upwards);
                            if pressure > 0.0 && members.iter().any(pressed) {
                                targets.push((far, pressure));
                            }
                        }
                        match weighted_median(&mut targets, y) {
                            Some(aim) => aim.clamp(low, high),
                            None => continue,
                        }
                    }
                };
                if (aim - y).abs() > 0.05 {
                    moved = true;
                    members.iter().for_each(|&item| ys[item] = aim);
                }
            }
            if !moved {
                break;
            }
        }
    }

    /// Blocks: items joined by level segments, and the upper or lower borders of one frame. With `split`, edges are split at
    /// the frames that they cross.
    fn blocks(&self, ys: &[f64], split: bool) -> Blocks {
        let mut of = vec![usize::MAX; self.items.len()];
        let mut members: Vec<Vec<usize>> = Vec::new();
        for start in 0..self.items.len() {
            if of[start] != usize::MAX {
                continue;
            }
            let block = members.len();
            let mut found = vec![start];
            of[start] = block;
            let mut next = 0;
            while next < found.len() {
                let item = found[next];
                next += 1;
                for &s in self.before[item].iter().chain(&self.after[item]) {
                    let segment = &self.segments[s];
                    let other = if segment.from == item { segment.to } else { segment.from };
                    let level = (ys[item] - ys[other]).abs() < 0.01 || self.items[item].is_border();
                    let held = !split || segment.main || self.items[item].group == self.items[other].group;
                    if level && held && of[other] == usize::MAX {
                        of[other] = block;
                        found.push(other);
                    }
                }
            }
            members.push(found);
        }
        Blocks { of, members }
    }

    /// The upper and the lower edge of everything.
    fn extent(&self, ys: &[f64]) -> (f64, f64) {
        let all = self.items.iter().zip(ys);
        all.fold((f64::MAX, f64::MIN), |(low, high), (item, y)| {
            (low.min(y - item.height / 2.0), high.max(y + item.height / 2.0))
        })
    }

    /// Whether an item touches the border of a frame around it, or the edge of the drawing, directly or through the items in
    /// between.
    fn is_pressed(&self, order: &Order, ys: &[f64], extent: (f64, f64), item: usize, upwards: bool) -> bool {
        let column = &order.columns[self.items[item].column];
        let (mut at, mut last) = (order.place[item], item);
        // How many frames next to the item have been entered and not left.
        let mut depth = 0;
        for _ in 0..MAX_CONTACTS {
            let next = if upwards { at.checked_sub(1) } else { Some(at + 1) };
            let Some(&other) = next.and_then(|next| column.get(next)) else {
                let half = self.items[last].height / 2.0;
                let rest = if upwards { ys[last] - half - extent.0 } else { extent.1 - ys[last] - half };
                return rest < TOUCH;
            };
            let (upper, lower) = if upwards { (other, last) } else { (last, other) };
            if ys[lower] - ys[upper] - self.distance(upper, lower) > TOUCH {
                return false;
            }
            match self.items[other].kind {
                ItemKind::Top(_) if upwards && depth == 0 => return true,
                ItemKind::Bottom(_) if !upwards && depth == 0 => return true,
                ItemKind::Top(_) => depth += if upwards { -1 } else { 1 },
                ItemKind::Bottom(_) => depth += if upwards { 1 } else { -1 },
                _ => {}
            }
            at = order.place[other];
            last = other;
        }
        false
    }

    /// The y coordinates at which segments of an item would be level, with their weights. For a node, the medians of its
    /// operands and of its consumers.
    fn targets(&self, item: usize, block: usize, blocks: &Blocks, ys: &[f64], into: &mut Vec<(f64, f64)>) {
        for (near, rightwards) in [(&self.before[item], false), (&self.after[item], true)] {
            let first = into.len();
            // Only the strongest segments count: not weak ones if there are others, and then those of the forward pass.
            let strength = |s: usize| {
                let segment = &self.segments[s];
                (!segment.weak, rightwards && segment.forwards)
            };
            let strongest = near.iter().map(|&s| strength(s)).max();
            for &s in near.iter().filter(|&&s| Some(strength(s)) == strongest) {
                let segment = &self.segments[s];
                let other = if rightwards { segment.to } else { segment.from };
                // A single neighbour in the same block is level already.
                if blocks.of[other] != block || near.len() > 1 {
                    into.push((ys[other], self.straightness(s)));
                }
            }
            let own = &mut into[first..];
            if own.len() > 1 && self.items[item].is_node() {
                own.sort_by(|a, b| a.0.total_cmp(&b.0));
                let end = own.len() - 1;
                let median = f64::midpoint(own[end / 2].0, own[end.div_ceil(2)].0);
                let all = own.iter().map(|target| target.1).sum();
                into.truncate(first);
                into.push((median, all));
            }
        }
    }

    /// The weight of a segment being level: inner segments of long edges most (Gansner et al. 1993, section 4), weak ones
    /// least.
    fn straightness(&self, s: usize) -> f64 {
        let segment = &self.segments[s];
        let nodes = [segment.from, segment.to].iter().filter(|&&item| self.items[item].is_node()).count();
        let straightness = [8.0, 2.0, 1.0][nodes];
        if segment.weak { straightness * 0.25 } else { straightness }
    }

    /// The sum of the heights of the drawing and of all its frames.
    fn total_height(&self, ys: &[f64]) -> f64 {
        let extent = self.extent(ys);
        let mut frames = vec![(0.0, 0.0); self.ranges.len()];
        for (item, &y) in self.items.iter().zip(ys) {
            match item.kind {
                ItemKind::Top(group) => frames[group].0 = y,
                ItemKind::Bottom(group) => frames[group].1 = y,
                _ => {}
            }
        }
        extent.1 - extent.0 + frames.iter().map(|(top, bottom)| bottom - top).sum::<f64>()
    }

    /// The cost of y coordinates, rounded: the weighted vertical extents of all segments, and `pressure` times the total
    /// height.
    pub(crate) fn cost(&self, ys: &[f64], pressure: f64) -> u64 {
        let rise = |s: usize| {
            let segment = &self.segments[s];
            self.straightness(s) * (ys[segment.from] - ys[segment.to]).abs()
        };
        let cost = (0..self.segments.len()).map(rise).sum::<f64>();
        (cost + pressure * self.total_height(ys)).round().max(0.0) as u64
    }
}

/// The weighted median of the targets; if an interval of them minimises the sum of weighted distances, `y` if it lies in
/// it, and otherwise its middle.
fn weighted_median(targets: &mut [(f64, f64)], y: f64) -> Option<f64> {
    targets.sort_by(|a, b| a.0.total_cmp(&b.0));
    let all: f64 = targets.iter().map(|target| target.1).sum();
    let mut sum = 0.0;
    for (at, &(target, weight)) in targets.iter().enumerate() {
        sum += weight;
        if (sum * 2.0 - all).abs() < 1e-9
            && let Some(&(next, _)) = targets.get(at + 1)
        {
            return Some(if target <= y && y <= next { y } else { f64::midpoint(target, next) });
        }
        if sum * 2.0 > all {
            return Some(target);
        }
    }
    None
}
