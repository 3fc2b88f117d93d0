//! The order of the fusion groups of a plan: a topological order, with the least operands first.
//!
//! The branches of a graph are finished one after another, and an update runs as soon as its gradient is there, so that less
//! is alive at one time than in the order of stages.

use super::classify::Class;
use super::fuse::{FusionGroup, FusionGroups, GroupId};
use super::live::LiveGraph;
use crate::graph::topological_order;

/// The groups, each after those that it reads. Of those that could come next, the one whose last operand was recorded first
/// comes next.
pub(crate) fn order(live: LiveGraph<'_>, groups: &FusionGroups) -> Vec<GroupId> {
    let count = groups.groups.len();
    let mut edges: Vec<(GroupId, GroupId)> = Vec::new();
    let mut keys = vec![0_u32; count];
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
            }
        }
    }
    let first = |group: &FusionGroup| group.kernel.iter().chain(&group.elementwise).min().copied();
    let keys: Vec<_> = keys.into_iter().zip(&groups.groups).map(|(key, group)| (key, first(group))).collect();
    // Groups without nodes are left out: they were fused with others.
    let order = topological_order(&keys, edges).unwrap_or_else(|| unreachable!("groups have no circle"));
    order.into_iter().filter(|&g| keys[g].1.is_some()).map(|g| g as GroupId).collect()
}
