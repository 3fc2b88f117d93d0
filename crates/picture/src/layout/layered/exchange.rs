//! Adjacent exchanges: neighbours in a column change places if that reduces crossings.

use super::crossings::Order;
use super::layer_graph::{ItemKind, LayerGraph};

/// Two items with more pairs of segments than this are left to the sweeps.
const MAX_PAIRS: usize = 4_096;

impl LayerGraph {
    /// One pass over all columns; returns by how much it reduced the crossings. With `accept_ties`, neighbours are also
    /// exchanged where that changes nothing, which may open better exchanges.
    pub(crate) fn exchange(&self, order: &mut Order, accept_ties: bool) -> usize {
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
                let (current, swapped) = self.pair_crossings(order, upper, lower);
                if swapped < current || accept_ties && swapped == current && current > 0 {
                    order.columns[column].swap(at, at + 1);
                    order.place[upper] += 1;
                    order.place[lower] -= 1;
                    gained += current - swapped;
                }
                at += 1;
            }
            gained += self.exchange_groups(order, column);
        }
        gained
    }

    /// Exchanges items with whole groups beside them.
    fn exchange_groups(&self, order: &mut Order, column: usize) -> usize {
        let mut gained = 0;
        let mut at = 0;
        while at < order.columns[column].len() {
            let items = &order.columns[column];
            let single = |item: usize| !self.items[item].is_border();
            let item = items[at];
            // The group that begins right below the item, or, further down, that ends right above it.
            let below = match items.get(at + 1).map(|&next| self.items[next].kind) {
                Some(ItemKind::Top(group)) if single(item) => {
                    items[at + 1..].iter().position(|&i| self.items[i].kind == ItemKind::Bottom(group))
                }
                _ => None,
            };
            if let Some(length) = below {
                let block = at + 1..at + 2 + length;
                let costs = items[block.clone()].iter().map(|&other| self.pair_crossings(order, item, other));
                let (current, swapped) = costs.fold((0, 0), |(a, b), (x, y)| (a + x, b + y));
                if swapped < current {
                    order.columns[column][at..block.end].rotate_left(1);
                    order.index_column(column);
                    gained += current - swapped;
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
                let costs = items[first..at].iter().map(|&other| self.pair_crossings(order, other, item));
                let (current, swapped) = costs.fold((0, 0), |(a, b), (x, y)| (a + x, b + y));
                if swapped < current {
                    order.columns[column][first..=at].rotate_right(1);
                    order.index_column(column);
                    gained += current - swapped;
                }
            }
            at += 1;
        }
        gained
    }

    /// The weighted crossings between the segments of two items of one column, in their current order and swapped.
    fn pair_crossings(&self, order: &Order, upper: usize, lower: usize) -> (usize, usize) {
        let (mut current, mut swapped) = (0, 0);
        for (near, start) in [(&self.before, true), (&self.after, false)] {
            if near[upper].len() * near[lower].len() > MAX_PAIRS {
                continue;
            }
            for &a in &near[upper] {
                for &b in &near[lower] {
                    let (one, two) = (&self.segments[a], &self.segments[b]);
                    let ends = if start { (one.from, two.from) } else { (one.to, two.to) };
                    let weight = self.crossing_weight(a) * self.crossing_weight(b);
                    let places = (order.place[ends.0], order.place[ends.1]);
                    if places.0 > places.1 {
                        current += weight;
                    } else if places.0 < places.1 {
                        swapped += weight;
                    } else if !start {
                        // Two operands of one node.
                        if one.port > two.port { current += weight } else { swapped += weight }
                    }
                }
            }
        }
        (current, swapped)
    }
}
