//! In which order the units of a plan are computed: as they were recorded, but nothing later than what it needs.

use super::classify::Class;
use super::fuse::{Given, UnitId, Units};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The units, each after those it reads. Of those that could come next, the one whose operands were recorded first comes:
/// an update as soon as its gradient is there, the branches of a graph one after another.
pub(crate) fn order(given: Given<'_>, units: &Units) -> Vec<UnitId> {
    let count = units.units.len();
    let mut edges: Vec<(UnitId, UnitId)> = Vec::new();
    let mut keys = vec![0_u32; count];
    let mut waits = vec![0_u32; count];
    for (u, unit) in units.units.iter().enumerate() {
        let u = u as UnitId;
        for &id in unit.head.iter().chain(&unit.members) {
            for x in given.reads.of(id).iter().map(|&x| given.classes.root(x)) {
                if given.classes.of(x) == Class::Source || units.of(x) == u {
                    continue;
                }
                let key = &mut keys[u as usize];
                *key = (*key).max(x.index() as u32);
                edges.push((units.of(x), u));
                waits[u as usize] += 1;
            }
        }
    }
    edges.sort_unstable();
    let starts: Vec<usize> = (0..=count as UnitId).map(|u| edges.partition_point(|e| e.0 < u)).collect();
    let first = |u: UnitId| {
        let unit = &units.units[u as usize];
        unit.head.iter().chain(&unit.members).min().copied()
    };
    let ready = |u: UnitId| first(u).map(|first| Reverse((keys[u as usize], first, u)));
    let mut open: BinaryHeap<_> =
        (0..count as UnitId).filter(|&u| waits[u as usize] == 0).filter_map(ready).collect();
    let mut order = Vec::with_capacity(count);
    while let Some(Reverse((_, _, u))) = open.pop() {
        order.push(u);
        for &(_, next) in &edges[starts[u as usize]..starts[u as usize + 1]] {
            waits[next as usize] -= 1;
            if waits[next as usize] == 0 {
                open.extend(ready(next));
            }
        }
    }
    order
}
