//! Which elementwise nodes are computed together, and which kernel runs before them in the same step.
//!
//! Every node gets a stage: an array is read by elementwise nodes of the same shape in the stage that computes it, and by
//! all others in a later one. So no way leads out of a stage and back into it, and elementwise nodes of one shape and stage
//! can be one program, whatever else reads them. Stages are as late as consumers allow: what is cheap to compute is
//! computed where it is wanted, and not kept.

use super::classify::{Class, Classes};
use super::merge::Merged;
use crate::graph::{Graph, NodeId};
use crate::shape::size;
use crate::tape::Op;
use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

/// The number of a unit: a group of elementwise nodes, or one node with a kernel.
pub(crate) type UnitId = u32;

/// The nodes of one step.
#[derive(Debug, Default)]
pub(crate) struct Unit {
    /// The node whose kernel runs first, if there is one.
    pub(crate) head: Option<NodeId>,
    /// Elementwise nodes, in topological order.
    pub(crate) members: Vec<NodeId>,
}

/// The nodes of a plan as steps, in no order yet.
pub(crate) struct Units {
    pub(crate) units: Vec<Unit>,
    of: Vec<UnitId>,
}

/// What units are made of.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) ops: &'a [Arc<dyn Op>],
    pub(crate) merged: &'a Merged,
    pub(crate) classes: &'a Classes,
    pub(crate) reads: &'a Reads,
    /// Nodes that have to have an array of their own.
    pub(crate) pinned: &'a [bool],
}

/// The operands whose elements live nodes read, as the nodes that stand for them: gone through several times.
pub(crate) struct Reads {
    all: Vec<NodeId>,
    /// Where the operands of each node begin.
    starts: Vec<u32>,
}

impl Reads {
    /// Those of the nodes that are computed.
    pub(crate) fn new(graph: &Graph, merged: &Merged, classes: &Classes) -> Self {
        let mut reads = Self { all: Vec::new(), starts: vec![0; graph.len() + 1] };
        let mut next = 0;
        for &id in &merged.nodes {
            let before = reads.all.len() as u32;
            reads.starts[next..=id.index()].fill(before);
            if matches!(classes.of(id), Class::Elementwise | Class::Kernel) {
                reads.all.extend(graph.node(id).read_inputs().map(|(_, x)| merged.of(x)));
            }
            next = id.index() + 1;
        }
        let all = reads.all.len() as u32;
        reads.starts[next..].fill(all);
        reads
    }

    /// The operands that a node reads, in their order.
    #[inline]
    pub(crate) fn of(&self, id: NodeId) -> &[NodeId] {
        let i = id.index();
        &self.all[self.starts[i] as usize..self.starts[i + 1] as usize]
    }
}

impl Given<'_> {
    /// Whether an elementwise node can read another in the program that computes it.
    #[inline]
    fn joins(&self, x: NodeId, y: NodeId) -> bool {
        self.classes.of(x) == Class::Elementwise && self.graph.record(x).shape == self.graph.record(y).shape
    }

    /// The stage that every node is computed in.
    fn stages(&self) -> Vec<u32> {
        let mut stages = vec![0_u32; self.graph.len()];
        // As early as operands allow.
        for &id in &self.merged.nodes {
            let mut stage = 0;
            let elementwise = match self.classes.of(id) {
                Class::Source | Class::View => continue,
                class => class == Class::Elementwise,
            };
            for &x in self.reads.of(id) {
                let root = self.classes.root(x);
                stage = stage.max(match self.classes.of(root) {
                    Class::Source => 0,
                    _ if elementwise && root == x && self.joins(x, id) => stages[x.index()],
                    _ => stages[root.index()] + 1,
                });
            }
            stages[id.index()] = stage;
        }
        // As late as consumers allow; what nothing reads stays.
        let mut latest = vec![u32::MAX; self.graph.len()];
        for &id in self.merged.nodes.iter().rev() {
            let class = self.classes.of(id);
            if !matches!(class, Class::Elementwise | Class::Kernel) {
                continue;
            }
            let stage = match latest[id.index()] {
                u32::MAX => stages[id.index()],
                stage => stage,
            };
            stages[id.index()] = stage;
            for &x in self.reads.of(id) {
                let root = self.classes.root(x);
                let before = class != Class::Elementwise || root != x || !self.joins(x, id);
                let latest = &mut latest[root.index()];
                *latest = (*latest).min(stage.saturating_sub(u32::from(before)));
            }
        }
        stages
    }
}

impl Units {
    /// Without `fuse`, every node is a unit of its own.
    pub(crate) fn new(given: Given<'_>, fuse: bool) -> Self {
        let nodes = &given.merged.nodes;
        let mut sets = Sets((0..given.graph.len() as u32).collect());
        if fuse {
            join(given, &given.stages(), &mut sets);
        }
        let mut units = Self { units: Vec::new(), of: vec![u32::MAX; given.graph.len()] };
        let mut unit_of_set: Vec<UnitId> = vec![u32::MAX; given.graph.len()];
        for &id in nodes {
            let new = units.units.len() as UnitId;
            match given.classes.of(id) {
                Class::Source | Class::View => continue,
                Class::Kernel => {
                    units.of[id.index()] = new;
                    units.units.push(Unit { head: Some(id), members: Vec::new() });
                }
                Class::Elementwise => {
                    let unit = &mut unit_of_set[sets.find(id)];
                    if *unit == u32::MAX {
                        *unit = new;
                        units.units.push(Unit::default());
                    }
                    units.of[id.index()] = *unit;
                    units.units[*unit as usize].members.push(id);
                }
            }
        }
        if fuse {
            units.put_kernels_before(given);
        }
        units
    }

    /// The unit of a node that is computed.
    #[inline]
    pub(crate) fn of(&self, id: NodeId) -> UnitId {
        self.of[id.index()]
    }

    /// Lets a kernel that works row by row run in the unit of the elementwise nodes that alone read its result.
    fn put_kernels_before(&mut self, given: Given<'_>) {
        const SEVERAL: UnitId = u32::MAX - 1;
        let (graph, classes) = (given.graph, given.classes);
        let mut reader: Vec<UnitId> = vec![u32::MAX; graph.len()];
        for &id in &given.merged.nodes {
            if matches!(classes.of(id), Class::Source | Class::View) {
                continue;
            }
            for &x in given.reads.of(id) {
                let root = classes.root(x);
                let same_shape = graph.record(root).shape == graph.record(id).shape;
                let direct = root == x && classes.of(id) == Class::Elementwise && same_shape;
                let by = if direct { self.of(id) } else { SEVERAL };
                let reader = &mut reader[root.index()];
                *reader = if *reader == u32::MAX || *reader == by { by } else { SEVERAL };
            }
        }
        for id in given.merged.nodes.iter().copied().filter(|&id| classes.of(id) == Class::Kernel) {
            let unit = reader[id.index()];
            let fits = given.ops[graph.record(id).op.0 as usize].by_rows()
                && !given.pinned[id.index()]
                && size(graph.node(id).shape()) > 1
                && unit < SEVERAL;
            // The last such kernel: the ones before it are computed by then.
            if fits {
                let own = std::mem::replace(&mut self.of[id.index()], unit);
                self.units[own as usize].head = None;
                if let Some(before) = self.units[unit as usize].head.replace(id) {
                    self.of[before.index()] = self.units.len() as UnitId;
                    self.units.push(Unit { head: Some(before), members: Vec::new() });
                }
            }
        }
    }
}

/// Joins elementwise nodes of one shape and stage that read each other or the same array.
fn join(given: Given<'_>, stages: &[u32], sets: &mut Sets) {
    let Given { graph, classes, .. } = given;
    // The last elementwise node that read each array whole.
    let mut reader: Vec<Option<NodeId>> = vec![None; graph.len()];
    // Single numbers cost more to hand over than to compute, so all of a stage are one program.
    let mut single: FxHashMap<(crate::graph::ShapeIndex, u32), NodeId> = FxHashMap::default();
    let together = |a: NodeId, b: NodeId| {
        stages[a.index()] == stages[b.index()] && graph.record(a).shape == graph.record(b).shape
    };
    for &id in &given.merged.nodes {
        if classes.of(id) != Class::Elementwise {
            continue;
        }
        let shape = graph.record(id).shape;
        let one = size(graph.node(id).shape()) == 1;
        if one {
            match single.entry((shape, stages[id.index()])) {
                Entry::Occupied(first) => sets.join(*first.get(), id),
                Entry::Vacant(place) => drop(place.insert(id)),
            }
        }
        for &x in given.reads.of(id) {
            if given.joins(x, id) && together(x, id) {
                sets.join(x, id);
            }
            if !one && graph.record(x).shape == shape {
                let last = &mut reader[x.index()];
                if let Some(last) = last.filter(|&last| together(last, id)) {
                    sets.join(last, id);
                }
                *last = Some(id);
            }
        }
    }
}

/// Disjoint sets of nodes, with halved paths.
struct Sets(Vec<u32>);

impl Sets {
    fn find(&mut self, id: NodeId) -> usize {
        let mut at = id.index() as u32;
        while self.0[at as usize] != at {
            let above = self.0[self.0[at as usize] as usize];
            self.0[at as usize] = above;
            at = above;
        }
        at as usize
    }

    /// Joins two sets; the one that has the earlier node gives its number.
    fn join(&mut self, a: NodeId, b: NodeId) {
        let (a, b) = (self.find(a), self.find(b));
        self.0[a.max(b)] = a.min(b) as u32;
    }
}
