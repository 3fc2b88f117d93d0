//! Last moves: lines are drawn tight where there is room.

use super::crossings::Order;
use super::mesh::{Kind, Mesh};

/// Passes over all blocks.
const PASSES: usize = 6;

/// What lies on one line and moves as one.
struct Blocks {
    of: Vec<usize>,
    members: Vec<Vec<usize>>,
}

impl Mesh {
    /// Moves whatever lies on one line, as one, to the middle of what it is joined to, as far as its neighbours in the
    /// columns allow, where that makes lines steadier. O(items + segments · log) for each of a fixed number of passes.
    pub(super) fn settle(&self, order: &Order, heights: &mut [f64]) {
        let blocks = self.blocks(heights);
        let mut wishes: Vec<(f64, f64)> = Vec::new();
        for pass in 0..PASSES {
            let mut moved = false;
            for step in 0..blocks.members.len() {
                let block = if pass % 2 == 0 { step } else { blocks.members.len() - 1 - step };
                let members = &blocks.members[block];
                let y = heights[members[0]];
                let (mut low, mut high) = (f64::MIN, f64::MAX);
                for &item in members {
                    let column = &order.columns[self.items[item].column];
                    let place = order.place[item];
                    if let Some(&upper) = place.checked_sub(1).and_then(|at| column.get(at)) {
                        low = low.max(heights[upper] + self.distance(upper, item));
                    }
                    if let Some(&lower) = column.get(place + 1) {
                        high = high.min(heights[lower] - self.distance(item, lower));
                    }
                }
                // Rounding may have left less than no room.
                let (low, high) = (low.min(y), high.max(y));
                let aim = match self.items[members[0]].kind {
                    Kind::Top(_) if high < f64::MAX => high,
                    Kind::Bottom(_) if low > f64::MIN => low,
                    Kind::Top(_) | Kind::Bottom(_) => continue,
                    _ => {
                        wishes.clear();
                        for &item in members {
                            self.wishes(item, block, &blocks, heights, &mut wishes);
                        }
                        match middle(&mut wishes, y) {
                            Some(aim) => aim.clamp(low, high),
                            None => continue,
                        }
                    }
                };
                if (aim - y).abs() > 0.05 {
                    moved = true;
                    members.iter().for_each(|&item| heights[item] = aim);
                }
            }
            if !moved {
                break;
            }
        }
    }

    /// Items joined by level segments, and the borders of one frame, are one block.
    fn blocks(&self, heights: &[f64]) -> Blocks {
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
                    let level = (heights[item] - heights[other]).abs() < 0.01 || self.items[item].is_border();
                    if level && of[other] == usize::MAX {
                        of[other] = block;
                        found.push(other);
                    }
                }
            }
            members.push(found);
        }
        Blocks { of, members }
    }

    /// The heights at which lines of an item would be level, with how much they matter. A node wants to be in the
    /// middle of its operands, and in the middle of where it is used.
    fn wishes(
        &self,
        item: usize,
        block: usize,
        blocks: &Blocks,
        heights: &[f64],
        into: &mut Vec<(f64, f64)>,
    ) {
        for (near, rightwards) in [(&self.before[item], false), (&self.after[item], true)] {
            let first = into.len();
            // Where there is none that is not weak, those of the forward pass come first.
            let strength = |s: usize| {
                let segment = &self.segments[s];
                (!segment.weak, rightwards && segment.forwards)
            };
            let strongest = near.iter().map(|&s| strength(s)).max();
            for &s in near.iter().filter(|&&s| Some(strength(s)) == strongest) {
                let segment = &self.segments[s];
                let other = if rightwards { segment.to } else { segment.from };
                // A line that is level already holds its end where it is.
                if blocks.of[other] != block || near.len() > 1 {
                    into.push((heights[other], self.tension(s)));
                }
            }
            let own = &mut into[first..];
            if own.len() > 1 && self.items[item].is_node() {
                own.sort_by(|a, b| a.0.total_cmp(&b.0));
                let end = own.len() - 1;
                let middle = f64::midpoint(own[end / 2].0, own[end.div_ceil(2)].0);
                let all = own.iter().map(|wish| wish.1).sum();
                into.truncate(first);
                into.push((middle, all));
            }
        }
    }

    /// How much a segment wants to be level: long lines more than others (Gansner et al. 1993, section 4), weak ones
    /// hardly.
    fn tension(&self, s: usize) -> f64 {
        let segment = &self.segments[s];
        let nodes = [segment.from, segment.to].iter().filter(|&&item| self.items[item].is_node()).count();
        let tension = [8.0, 2.0, 1.0][nodes];
        if segment.weak { tension * 0.25 } else { tension }
    }

    /// How far lines rise and fall in all, in whole units.
    pub(super) fn unrest(&self, heights: &[f64]) -> u64 {
        let rise = |s: usize| {
            let segment = &self.segments[s];
            self.tension(s) * (heights[segment.from] - heights[segment.to]).abs()
        };
        (0..self.segments.len()).map(rise).sum::<f64>().round() as u64
    }
}

/// The height with the least sum of weighted distances from the wishes: `y` if it is one such, else the middle of all.
fn middle(wishes: &mut [(f64, f64)], y: f64) -> Option<f64> {
    wishes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let all: f64 = wishes.iter().map(|wish| wish.1).sum();
    let mut sum = 0.0;
    for (at, &(wish, weight)) in wishes.iter().enumerate() {
        sum += weight;
        if (sum * 2.0 - all).abs() < 1e-9
            && let Some(&(next, _)) = wishes.get(at + 1)
        {
            return Some(if wish <= y && y <= next { y } else { f64::midpoint(wish, next) });
        }
        if sum * 2.0 > all {
            return Some(wish);
        }
    }
    None
}
