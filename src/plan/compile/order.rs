//! The order of the fusion groups of a plan: a topological order, with the least operands first.
//!
//! The branches of a graph are finished one after another, and an update runs as soon as its gradient is there, so that less
//! is alive at one time than in the order of stages.

use super::classify::Class;
use super::fuse::{FusionGroups, GroupId};
use super::live::LiveGraph;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The groups, each after those that it reads. Of those that could come next, the one whose last operand was recorded first
/// comes next.
pub(crate) fn order(live: LiveGraph<'_>, groups: &FusionGroups) -> Vec<GroupId> {
    let count = groups.groups.len();
    let mut edges: Vec<(GroupId, GroupId)> = Vec::new();
    let mut keys = vec![0_u32; count];
    let mut waits = vec![0_u32; count];
    for (g, group) in groups.groups.iter().enumerate() {
        let g = g as GroupId;
        for &id in group.kernel.iter().chain(&group.elementwise) {
            for x in live.reads.of(id).iter().map(|&x| live.classes.root(x)) {
                if live.classes.of(x) == Class::Source || groups.of(x) == g {
                    continue;
                }
                let key = &mut keys[g as usize];
                *key = (*key).max(x.index() as u32);
                edges.push((groups.of(x), g));
                waits[g as usize] += 1;
            }
        }
    }
    edges.sort_unstable();
    let starts: Vec<usize> = (0..=count as GroupId).map(|g| edges.partition_point(|e| e.0 < g)).collect();
    let first = |g: GroupId| {
        let group = &groups.groups[g as usize];
        group.kernel.iter().chain(&group.elementwise).min().copied()
    };
    let ready = |g: GroupId| first(g).map(|first| Reverse((keys[g as usize], first, g)));
    let mut open: BinaryHeap<_> =
        (0..count as GroupId).filter(|&g| waits[g as usize] == 0).filter_map(ready).collect();
    let mut order = Vec::with_capacity(count);
    while let Some(Reverse((_, _, g))) = open.pop() {
        order.push(g);
        for &(_, next) in &edges[starts[g as usize]..starts[g as usize + 1]] {
            waits[next as usize] -= 1;
            if waits[next as usize] == 0 {
                open.extend(ready(next));
            }
        }
    }
    order
}
