//! Where a wide drawing is cut.

/// What a cut costs: for each row, for each line, for each frame, and where it parts a label from the node that follows.
const ROW_COST: f64 = 6.0;
/// What a row costs that is left empty.
const RAGGED_COST: f64 = 5.0;

/// The last column of each row but the last: the cheapest cuts, by dynamic programming over the columns.
/// O(columns · columns in a row).
pub(super) fn cut(
    left: &[f64],
    right: &[f64],
    limit: f64,
    cost: impl Fn(usize) -> f64,
    beside: impl Fn(Option<usize>) -> f64,
) -> Vec<usize> {
    let count = left.len();
    // The least cost of everything up to a column that ends a row, and the last column of the row before it.
    let mut best: Vec<(f64, Option<usize>)> = Vec::with_capacity(count);
    for (end, &edge) in right.iter().enumerate() {
        let last = end + 1 == count;
        let after = beside((!last).then_some(end));
        let mut least = (f64::MAX, None);
        for start in (0..=end).rev() {
            let before = start.checked_sub(1);
            let width = beside(before) + edge - left[start] + after;
            // A column that is too wide has a row of its own.
            if width > limit && start < end {
                // Beyond the limit without turns, no earlier start fits.
                if edge - left[start] > limit { break } else { continue }
            }
            let empty = (1.0 - width / limit).max(0.0);
            let ragged = if last { 0.5 * RAGGED_COST * empty } else { RAGGED_COST * empty * empty };
            let own = ROW_COST + ragged + if last { 0.0 } else { cost(end) };
            let all = own + before.map_or(0.0, |before| best[before].0);
            if all < least.0 {
                least = (all, before);
            }
        }
        best.push(least);
    }
    let mut ends = Vec::new();
    let mut next = best[count - 1].1;
    while let Some(end) = next {
        ends.push(end);
        next = best[end].1;
    }
    ends.reverse();
    ends
}
