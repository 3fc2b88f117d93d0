//! Lanes below the drawing for the longest edges, so that the number of dummy nodes is bounded.
//!
//! A long edge has a dummy node in every column that it passes: a chain of n nodes, each of which also uses a node far
//! before it, has about n²/3 of them. Beyond a bound the longest edges leave the columns after their first item, run below
//! the drawing and come back to their last one, so that time and memory are linear in the picture and not quadratic.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// If a node has more long edges than this, they are bundled: they share dummy nodes until each branches off to its target.
pub(crate) const MAX_SEPARATE: usize = 3;

/// An edge of the layer graph: its index, its ends from left to right with their columns, and the column of its label.
pub(crate) struct Arrow {
    pub(crate) index: usize,
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) label: Option<usize>,
    /// Whether it runs in a lane.
    pub(crate) in_lane: bool,
}

/// The most columns that all edges pass in total without lanes.
const MAX_PASSED: usize = 40_000;
/// The most columns that all bundled edges pass in total: they share dummy nodes, but each has bend points of its own.
const MAX_BUNDLED: usize = 4_000_000;
/// Edges over fewer columns get no lane.
pub(crate) const MIN_SPAN: usize = 8;

/// Chooses the edges that run in lanes: the longest ones, as many as exceed the bounds. A bundle counts once.
/// O(edges · log edges).
pub(crate) fn choose(arrows: &mut [Arrow], nodes: usize) {
    // For each node: the number of long edges, the longest span, the sum of all spans.
    let mut long = vec![(0, 0, 0); nodes];
    for arrow in arrows.iter() {
        let span = arrow.end - arrow.start;
        let (count, longest, sum) = &mut long[arrow.from];
        *count += usize::from(span > 2);
        *longest = span.max(*longest);
        *sum += span;
    }
    // The dummy nodes of each edge that is not bundled, and of each bundle.
    let is_bundled = |arrow: &Arrow| long[arrow.from].0 > MAX_SEPARATE;
    let mut costs: Vec<(usize, bool, usize)> = Vec::new();
    for (at, arrow) in arrows.iter().enumerate() {
        let span = arrow.end - arrow.start;
        costs.push((if is_bundled(arrow) { 2.min(span) } else { span }, false, at));
    }
    let bundles = (0..nodes).filter(|&node| long[node].0 > MAX_SEPARATE);
    costs.extend(bundles.map(|node| (long[node].1, true, node)));
    costs.sort_unstable();
    let (mut passed, mut bundled) = (0, 0);
    let mut in_lane = vec![false; nodes];
    for (cost, bundle, at) in costs {
        passed += cost;
        bundled += if bundle { long[at].2 } else { 0 };
        if (passed > MAX_PASSED || bundle && bundled > MAX_BUNDLED) && cost >= MIN_SPAN {
            match bundle {
                true => in_lane[at] = true,
                false => arrows[at].in_lane = true,
            }
        }
    }
    for arrow in arrows.iter_mut() {
        arrow.in_lane |= in_lane[arrow.from] && arrow.end - arrow.start >= MIN_SPAN;
    }
}

/// The lane of each edge that runs in one: the first one that is free at its start (interval partitioning).
pub(crate) fn numbers(arrows: &[Arrow], edges: usize) -> Vec<Option<usize>> {
    let mut lanes = vec![None; edges];
    let mut in_lane: Vec<&Arrow> = arrows.iter().filter(|arrow| arrow.in_lane).collect();
    in_lane.sort_by_key(|arrow| (arrow.start, arrow.end, arrow.index));
    let mut busy: BinaryHeap<Reverse<(usize, usize)>> = BinaryHeap::new();
    let mut free: BinaryHeap<Reverse<usize>> = BinaryHeap::new();
    let mut count = 0;
    for arrow in in_lane {
        while let Some(&Reverse((end, lane))) = busy.peek()
            && end <= arrow.start
        {
            busy.pop();
            free.push(Reverse(lane));
        }
        let lane = free.pop().map_or(count, |Reverse(lane)| lane);
        count = count.max(lane + 1);
        busy.push(Reverse((arrow.end, lane)));
        lanes[arrow.index] = Some(lane);
    }
    lanes
}
