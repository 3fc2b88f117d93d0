//! In which order the units of a plan are computed: as they were recorded, but nothing later than what it needs.

use super::class::Class;
use super::group::{Given, Unit, UnitId, Units};
use crate::graph::topological_order;

/// The units, each after those it reads. Of those that could come next, the one whose operands were recorded first comes:
/// an update as soon as its gradient is there, the branches of a graph one after another.
pub(super) fn order(given: Given<'_>, units: &Units) -> Vec<UnitId> {
    let count = units.units.len();
    let mut edges: Vec<(UnitId, UnitId)> = Vec::new();
    let mut keys = vec![0_u32; count];
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
            }
        }
    }
    let first = |unit: &Unit| unit.head.iter().chain(&unit.members).min().copied();
    let keys: Vec<_> = keys.into_iter().zip(&units.units).map(|(key, unit)| (key, first(unit))).collect();
    // Units without nodes are left out: they were joined with others.
    let order = topological_order(&keys, edges).unwrap_or_else(|| unreachable!("units have no circle"));
    order.into_iter().filter(|&u| keys[u].1.is_some()).map(|u| u as UnitId).collect()
}
