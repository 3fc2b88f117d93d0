//! Weighted crossing counts between two columns, in O(segments · log segments): inversions counted in a Fenwick tree, after
//! Barth, Jünger and Mutzel, "Simple and efficient bilayer cross counting" (GD 2002).

use super::layer_graph::{ItemKind, LayerGraph};

/// The weight of a crossing with a frame border.
pub(crate) const FRAME_WEIGHT: usize = 6;

/// The items of each column from top to bottom, and the position of each item in its column.
#[derive(Debug, Clone, Default)]
pub(crate) struct Order {
    pub(crate) columns: Vec<Vec<usize>>,
    pub(crate) place: Vec<usize>,
}

impl Order {
    /// Updates the positions of the items of a column.
    pub(crate) fn index_column(&mut self, column: usize) {
        for (place, &item) in self.columns[column].iter().enumerate() {
            self.place[item] = place;
        }
    }
}

impl LayerGraph {
    /// The weight of a segment in crossing counts.
    pub(crate) fn crossing_weight(&self, segment: usize) -> usize {
        if self.items[self.segments[segment].from].is_border() {
            FRAME_WEIGHT
        } else {
            self.segments[segment].lines
        }
    }

    /// The weighted crossings of an order. Two edges that enter a node in the wrong order of its operands cross too.
    pub(crate) fn crossings(&self, order: &Order) -> usize {
        (1..self.columns).map(|column| self.crossings_before(order, column)).sum()
    }

    /// How many neighbours in a column are nodes without operands that were not recorded in their order from top to bottom.
    pub(crate) fn disorder(&self, order: &Order) -> usize {
        let leaf = |item: usize| match self.items[item].kind {
            ItemKind::Node(node) if self.before[item].is_empty() => Some(node),
            _ => None,
        };
        let swapped = |pair: &&[usize]| leaf(pair[0]).zip(leaf(pair[1])).is_some_and(|(a, b)| a > b);
        order.columns.iter().map(|items| items.windows(2).filter(swapped).count()).sum()
    }

    /// Those between a column and the one before it.
    fn crossings_before(&self, order: &Order, column: usize) -> usize {
        // The start position and weight of each segment, by its end from top to bottom and then by operand.
        let ends = order.columns[column].iter().flat_map(|&item| &self.before[item]);
        let starts: Vec<(usize, usize)> =
            ends.map(|&s| (order.place[self.segments[s].from], self.crossing_weight(s))).collect();
        let mut sums = vec![0; order.columns[column - 1].len() + 1];
        let (mut crossings, mut all) = (0, 0);
        for &(start, weight) in &starts {
            // The weight of segments that end above and do not start below.
            let mut above = 0;
            let mut at = start + 1;
            while at > 0 {
                above += sums[at];
                at &= at - 1;
            }
            crossings += weight * (all - above);
            let mut at = start + 1;
            while at < sums.len() {
                sums[at] += weight;
                at += at & at.wrapping_neg();
            }
            all += weight;
        }
        crossings
    }
}
