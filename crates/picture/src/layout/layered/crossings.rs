//! How many lines cross between two columns, in O(segments · log segments): inversions counted in a tree of sums,
//! after Barth, Jünger and Mutzel, "Simple and efficient bilayer cross counting" (GD 2002).

use super::layer_graph::LayerGraph;

/// A line that crosses a frame counts as much as so many lines that cross.
pub(crate) const FRAME_WEIGHT: usize = 6;

/// The columns, each from top to bottom, and the place of each item in its column.
#[derive(Debug, Clone, Default)]
pub(crate) struct Order {
    pub(crate) columns: Vec<Vec<usize>>,
    pub(crate) place: Vec<usize>,
}

impl Order {
    /// Notes the places of the items of a column.
    pub(crate) fn index_column(&mut self, column: usize) {
        for (place, &item) in self.columns[column].iter().enumerate() {
            self.place[item] = place;
        }
    }
}

impl LayerGraph {
    /// How much crossing a segment costs.
    pub(crate) fn crossing_weight(&self, segment: usize) -> usize {
        if self.items[self.segments[segment].from].is_border() {
            FRAME_WEIGHT
        } else {
            self.segments[segment].lines
        }
    }

    /// The crossings of a whole order. Two lines that meet a node in the wrong order of its operands cross too.
    pub(crate) fn crossings(&self, order: &Order) -> usize {
        (1..self.columns).map(|column| self.crossings_before(order, column)).sum()
    }

    /// Those between a column and the one before it.
    fn crossings_before(&self, order: &Order, column: usize) -> usize {
        // From top to bottom of the later column, and by operand: the place where each segment starts.
        let ends = order.columns[column].iter().flat_map(|&item| &self.before[item]);
        let starts: Vec<(usize, usize)> =
            ends.map(|&s| (order.place[self.segments[s].from], self.crossing_weight(s))).collect();
        let mut sums = vec![0; order.columns[column - 1].len() + 1];
        let (mut crossings, mut all) = (0, 0);
        for &(start, weight) in &starts {
            // What ends above and starts below.
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
