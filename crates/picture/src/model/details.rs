//! What a page shows of a node besides its drawing.

use crate::model::mark::Mark;
use crate::model::number;
use chainrule_base::fields;
use ndarray::ArrayD;
use serde::{Deserialize, Serialize};

/// What is known of a node and does not fit in a drawing, for exporters that show one node at a time; all of it is text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Details {
    /// The name of the op with its attributes.
    pub op: String,
    /// What the op computes, in the notation of the rules: `y = x0 × x1`.
    pub formula: String,
    /// The full shape, `[100, 784]`, or `scalar`.
    pub shape: String,
    /// The scope that the node was recorded in.
    pub scope: String,
    /// The line of the user's program that recorded the node.
    pub source: Option<String>,
    /// The constant operands that are written into the node's symbol, by position.
    pub constants: Vec<(usize, String)>,
    /// The cotangent that is propagated to each operand, by position: `dy × x1`.
    pub rules: Vec<(usize, String)>,
    /// What a check, the health of the numbers or a comparison reports of the node.
    pub findings: Vec<String>,
    /// The ids of the nodes that a box collapses; at most the first thousand.
    pub members: Vec<String>,
    /// How many nodes a box collapses.
    pub nodes: usize,
    /// How many elements the parameters in a box have.
    pub parameters: usize,
    /// How often the structure in a box is repeated; 0 if it is not a repetition.
    pub times: usize,
    /// The name by which a box is expanded, with `Draw::open` of the crate `chainrule`: see [`group_key`](crate::group_key).
    pub opens: String,
    /// How many nodes of a box have each mark, worst first.
    pub marks: Vec<(Mark, usize)>,
    /// The distribution of the value's elements.
    pub values: Option<Histogram>,
    /// The distribution of the gradient's elements.
    pub gradients: Option<Histogram>,
}

fields! {
    Details {
        op unless String::is_empty,
        formula unless String::is_empty,
        shape unless String::is_empty,
        scope unless String::is_empty,
        source unless Option::is_none,
        constants unless Vec::is_empty,
        rules unless Vec::is_empty,
        findings unless Vec::is_empty,
        members unless Vec::is_empty,
        nodes unless is_zero,
        parameters unless is_zero,
        times unless is_zero,
        opens unless String::is_empty,
        marks unless Vec::is_empty,
        values unless Option::is_none,
        gradients unless Option::is_none,
    }
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// The elements of a tensor counted in bins of equal width, from the smallest element to the largest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram {
    /// The smallest finite element.
    pub low: String,
    /// The largest finite element.
    pub high: String,
    /// How many elements lie in each bin; a single bin if all elements are equal.
    pub counts: Vec<usize>,
    /// How many elements are exactly 0.
    pub zeros: usize,
    /// How many elements are NaN or infinite; they are in no bin.
    pub not_finite: usize,
}

/// Tensors of at most so many elements are written out and need no histogram.
const WRITTEN_OUT: usize = 4;
/// The number of bins.
const INTERVALS: usize = 24;

impl Histogram {
    /// The histogram of a tensor; none if it has at most four elements or no finite one.
    pub fn of(array: &ArrayD<f64>) -> Option<Histogram> {
        if array.len() <= WRITTEN_OUT {
            return None;
        }
        let finite = || array.iter().copied().filter(|x| x.is_finite());
        let (low, high) = finite().fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(x), high.max(x)));
        let count = finite().count();
        if count == 0 {
            return None;
        }
        // Halved, so that the width of the largest range does not overflow.
        let width = high / 2.0 - low / 2.0;
        let mut counts = vec![0; if width > 0.0 { INTERVALS } else { 1 }];
        for x in finite() {
            let part = if width > 0.0 { (x / 2.0 - low / 2.0) / width } else { 0.0 };
            // Truncated on purpose; the largest element belongs to the last bin.
            let interval = (part * INTERVALS as f64) as usize;
            let last = counts.len() - 1;
            counts[interval.min(last)] += 1;
        }
        Some(Histogram {
            low: number::scalar(low),
            high: number::scalar(high),
            counts,
            zeros: finite().filter(|&x| x == 0.0).count(),
            not_finite: array.len() - count,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::arr1;

    #[test]
    fn every_finite_element_is_in_one_interval() {
        let array = ArrayD::from_shape_fn(vec![10, 5], |i| (i[0] * 5 + i[1]) as f64 / 49.0);
        let bins = Histogram::of(&array).expect("it is large");
        assert_eq!((bins.counts.len(), bins.counts.iter().sum::<usize>()), (INTERVALS, 50));
        assert_eq!((bins.low.as_str(), bins.high.as_str(), bins.zeros), ("0", "1", 1));
    }

    #[test]
    fn hostile_numbers_are_counted() {
        let sick = arr1(&[f64::NAN, f64::INFINITY, f64::MAX, -f64::MAX, 0.0, 1.0]).into_dyn();
        let bins = Histogram::of(&sick).expect("it is large");
        assert_eq!((bins.not_finite, bins.zeros, bins.counts.iter().sum::<usize>()), (2, 1, 4));
        let equal = Histogram::of(&ArrayD::ones(vec![7])).expect("it is large");
        assert_eq!(equal.counts, [7]);
        assert_eq!(Histogram::of(&arr1(&[f64::NAN; 9]).into_dyn()), None);
        assert_eq!(Histogram::of(&ArrayD::ones(vec![4])), None, "it is written out");
    }
}
