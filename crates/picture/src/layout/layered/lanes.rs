//! Lanes below the drawing, for the longest arrows of pictures that nobody could read anyway.
//!
//! An arrow has an item in every column that it passes, so a chain of n nodes, each of which also uses a node far before
//! it, has about n²/3 of them. Beyond a bound the longest arrows leave the columns behind their first item, run below
//! everything, and come back to their last one: work and memory then grow with the picture, not with its square.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// More long lines than this from one node share their bends until each turns off to its target.
pub(crate) const MAX_SEPARATE: usize = 3;

/// What an arrow is to the layer graph: its index, its ends from left to right with their columns, and its label's column.
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

/// The most columns that all arrows pass together without lanes.
const MAX_PASSED: usize = 40_000;
/// The most columns that the arrows of bundles pass, each counted by itself: they share their items, but every line has
/// its points.
const MAX_BUNDLED: usize = 4_000_000;
/// Arrows over fewer columns have no lane.
pub(crate) const MIN_SPAN: usize = 8;

/// Chooses the arrows that run in lanes: the longest ones, as many as lie beyond the bounds. Arrows of one node that run
/// together count once. O(arrows · log arrows).
pub(crate) fn choose(arrows: &mut [Arrow], nodes: usize) {
    // How many arrows of each node are long, the longest, and all together.
    let mut long = vec![(0, 0, 0); nodes];
    for arrow in arrows.iter() {
        let span = arrow.end - arrow.start;
        let (count, longest, sum) = &mut long[arrow.from];
        *count += usize::from(span > 2);
        *longest = span.max(*longest);
        *sum += span;
    }
    // What each arrow that passes columns alone, and each bundle, costs.
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

/// The lane of each arrow that runs in one: the first that is free again where it begins.
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
