//! Exchanges of neighbours in a column, where lines then cross less.

use super::crossings::Order;
use super::layer_graph::{ItemKind, LayerGraph};

/// Two items with more pairs of lines than this are left to the sweeps.
const PAIRS: usize = 4_096;

impl LayerGraph {
    /// One pass through all columns, and by how much it lowered the crossings. With `level`, neighbours are exchanged
    /// where that changes nothing, too: what it leads to may be better.
    pub(crate) fn exchange(&self, order: &mut Order, level: bool) -> usize {
        let mut gained = 0;
        for column in 0..self.columns {
            let mut at = 0;
            while at + 1 < order.columns[column].len() {
                let items = &order.columns[column];
                let (upper, lower) = (items[at], items[at + 1]);
                let same = self.items[upper].group == self.items[lower].group;
                if !same || self.items[upper].is_border() || self.items[lower].is_border() {
                    at += 1;
                    continue;
                }
                let (now, then) = self.between(order, upper, lower);
                if then < now || level && then == now && now > 0 {
                    order.columns[column].swap(at, at + 1);
                    order.place[upper] += 1;
                    order.place[lower] -= 1;
                    gained += now - then;
                }
                at += 1;
            }
            gained += self.hop(order, column);
        }
        gained
    }

    /// Exchanges items with whole groups beside them.
    fn hop(&self, order: &mut Order, column: usize) -> usize {
        let mut gained = 0;
        let mut at = 0;
        while at < order.columns[column].len() {
            let items = &order.columns[column];
            let single = |item: usize| !self.items[item].is_border();
            let item = items[at];
            // The whole group that begins right below the item, or ends right above it.
            let below = match items.get(at + 1).map(|&next| self.items[next].kind) {
                Some(ItemKind::Top(group)) if single(item) => {
                    items[at + 1..].iter().position(|&i| self.items[i].kind == ItemKind::Bottom(group))
                }
                _ => None,
            };
            if let Some(length) = below {
                let block = at + 1..at + 2 + length;
                let costs = items[block.clone()].iter().map(|&other| self.between(order, item, other));
                let (now, then) = costs.fold((0, 0), |(a, b), (x, y)| (a + x, b + y));
                if then < now {
                    order.columns[column][at..block.end].rotate_left(1);
                    order.straighten(column);
                    gained += now - then;
                }
            }
            let items = &order.columns[column];
            let above = match (at > 0 && single(items[at])).then(|| self.items[items[at - 1]].kind) {
                Some(ItemKind::Bottom(group)) => {
                    items[..at].iter().rposition(|&i| self.items[i].kind == ItemKind::Top(group))
                }
                _ => None,
            };
            if let Some(first) = above {
                let item = items[at];
                let costs = items[first..at].iter().map(|&other| self.between(order, other, item));
                let (now, then) = costs.fold((0, 0), |(a, b), (x, y)| (a + x, b + y));
                if then < now {
                    order.columns[column][first..=at].rotate_right(1);
                    order.straighten(column);
                    gained += now - then;
                }
            }
            at += 1;
        }
        gained
    }

    /// The crossings of the lines of two items of one column as they stand, and the other way round.
    fn between(&self, order: &Order, upper: usize, lower: usize) -> (usize, usize) {
        let (mut now, mut then) = (0, 0);
        for (near, start) in [(&self.before, true), (&self.after, false)] {
            if near[upper].len() * near[lower].len() > PAIRS {
                continue;
            }
            for &a in &near[upper] {
                for &b in &near[lower] {
                    let (one, two) = (&self.segments[a], &self.segments[b]);
                    let ends = if start { (one.from, two.from) } else { (one.to, two.to) };
                    let weight = self.weight(a) * self.weight(b);
                    let places = (order.place[ends.0], order.place[ends.1]);
                    if places.0 > places.1 {
                        now += weight;
                    } else if places.0 < places.1 {
                        then += weight;
                    } else if !start {
                        // Two operands of one node.
                        if one.seat > two.seat { now += weight } else { then += weight }
                    }
                }
            }
        }
        (now, then)
    }
}
