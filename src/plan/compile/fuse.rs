//! Operator fusion: which elementwise nodes are one program, and which kernel that program is the epilogue of.
//!
//! Every node gets a stage. An array is read by elementwise nodes of the same shape in the stage that computes it, and by all
//! others in a later one. So no path leaves a stage and comes back to it, and elementwise nodes of one shape and stage can be
//! one program, whatever else reads them: the forward and the backward pass of a chain are one program, which stores what
//! others read. Groups by consumers would end wherever the backward pass reads a result.
//!
//! Stages are as late as consumers allow: a mask is computed where it is used, and not kept.

use super::classify::Class;
use super::live::LiveGraph;
use crate::base::shape::size;
use crate::graph::{NodeId, ShapeIndex};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::collections::hash_map::Entry;

/// The number of a fusion group.
pub(crate) type GroupId = u32;

/// The nodes of one step: a kernel, elementwise nodes, or both.
#[derive(Debug, Default)]
pub(crate) struct FusionGroup {
    /// The node whose kernel runs first, if there is one.
    pub(crate) kernel: Option<NodeId>,
    /// Elementwise nodes, in topological order.
    pub(crate) elementwise: Vec<NodeId>,
}

/// The fusion groups of a plan, in no order yet.
pub(crate) struct FusionGroups {
    pub(crate) groups: Vec<FusionGroup>,
    of: Vec<GroupId>,
}

/// The stage that every node is computed in.
fn stages(live: LiveGraph<'_>) -> Vec<u32> {
    let mut stages = vec![0_u32; live.graph.len()];
    // As early as operands allow.
    for &id in &live.merged.nodes {
        let mut stage = 0;
        let elementwise = match live.classes.of(id) {
            Class::Source | Class::View => continue,
            class => class == Class::Elementwise,
        };
        for &x in live.reads.of(id) {
            let root = live.classes.root(x);
            stage = stage.max(match live.classes.of(root) {
                Class::Source => 0,
                _ if elementwise && root == x && live.joins(x, id) => stages[x.index()],
                _ => stages[root.index()] + 1,
            });
        }
        stages[id.index()] = stage;
    }
    // As late as consumers allow; what nothing reads stays, and what frees arrays of others.
    let readers = readers(live);
    let mut latest = vec![u32::MAX; live.graph.len()];
    for &id in live.merged.nodes.iter().rev() {
        let class = live.classes.of(id);
        if !matches!(class, Class::Elementwise | Class::Kernel) {
            continue;
        }
        let stage = match latest[id.index()] {
            u32::MAX => stages[id.index()],
            _ if frees(live, &readers, id) => stages[id.index()],
            stage => stage,
        };
        stages[id.index()] = stage;
        for &x in live.reads.of(id) {
            let root = live.classes.root(x);
            let before = class != Class::Elementwise || root != x || !live.joins(x, id);
            let latest = &mut latest[root.index()];
            *latest = (*latest).min(stage.saturating_sub(u32::from(before)));
        }
    }
    stages
}

/// How many nodes read each array, its views included.
fn readers(live: LiveGraph<'_>) -> Vec<u32> {
    let mut readers = vec![0; live.graph.len()];
    let all = live.merged.nodes.iter().flat_map(|&id| live.reads.of(id));
    all.for_each(|&x| readers[live.classes.root(x).index()] += 1);
    readers
}

/// Whether an elementwise node reads a kernel's result and another array that is computed, and nothing else reads these: then one
/// array is kept instead of two if it is computed at once. So are gradients of weights that a network uses 32 times, each product
/// added to the sum of those before as its epilogue; a step of an LSTM takes 0.73 of the time.
fn frees(live: LiveGraph<'_>, readers: &[u32], id: NodeId) -> bool {
    let classes = live.classes;
    let same_shape = |x: NodeId| live.graph.record(x).shape == live.graph.record(id).shape;
    let own = |&&x: &&NodeId| {
        classes.root(x) == x && readers[x.index()] == 1 && same_shape(x) && !live.pinned[x.index()]
    };
    let class = |x: &NodeId| classes.of(*x);
    let own: SmallVec<[Class; 4]> = live.reads.of(id).iter().filter(own).map(class).collect();
    let computed = own.iter().filter(|class| matches!(class, Class::Kernel | Class::Elementwise)).count();
    classes.of(id) == Class::Elementwise && computed > 1 && own.contains(&Class::Kernel)
}

impl FusionGroups {
    /// Without `fuse`, every node is a group of its own.
    pub(crate) fn new(live: LiveGraph<'_>, fuse: bool) -> Self {
        let nodes = &live.merged.nodes;
        let mut sets = Sets((0..live.graph.len() as u32).collect());
        if fuse {
            join(live, &stages(live), &mut sets);
        }
        let mut groups = Self { groups: Vec::new(), of: vec![u32::MAX; live.graph.len()] };
        let mut group_of_set: Vec<GroupId> = vec![u32::MAX; live.graph.len()];
        for &id in nodes {
            let new = groups.groups.len() as GroupId;
            match live.classes.of(id) {
                Class::Source | Class::View => continue,
                Class::Kernel => {
                    groups.of[id.index()] = new;
                    groups.groups.push(FusionGroup { kernel: Some(id), elementwise: Vec::new() });
                }
                Class::Elementwise => {
                    let group = &mut group_of_set[sets.find(id)];
                    if *group == u32::MAX {
                        *group = new;
                        groups.groups.push(FusionGroup::default());
                    }
                    groups.of[id.index()] = *group;
                    groups.groups[*group as usize].elementwise.push(id);
                }
            }
        }
        if fuse {
            groups.fuse_epilogues(live);
        }
        groups
    }

    /// The group of a node that is computed.
    #[inline]
    pub(crate) fn of(&self, id: NodeId) -> GroupId {
        self.of[id.index()]
    }

    /// For each node, whether its group stores it: where it is pinned, or another group or a view of it is read.
    pub(crate) fn stored(&self, live: LiveGraph<'_>) -> Vec<bool> {
        let classes = live.classes;
        let mut stored = live.pinned.to_vec();
        for &id in &live.merged.nodes {
            if matches!(classes.of(id), Class::Source | Class::View) {
                continue;
            }
            for &x in live.reads.of(id) {
                let root = classes.root(x);
                if classes.of(root) != Class::Source && (root != x || self.of(root) != self.of(id)) {
                    stored[root.index()] = true;
                }
            }
        }
        stored
    }

    /// Fuses a kernel that works row by row with the group of the elementwise nodes that alone read its result.
    ///
    /// Product, bias and activation, or product and update, are one step then: the result of the kernel is read while it is
    /// in the cache, and threads split it once. The update stays outside of the product itself (`w − r · g` where the library
    /// adds `g`): that would save 1 % of a training step, and be the only fusion that changes rounding.
    fn fuse_epilogues(&mut self, live: LiveGraph<'_>) {
        const SEVERAL: GroupId = u32::MAX - 1;
        let (graph, classes) = (live.graph, live.classes);
        let mut reader: Vec<GroupId> = vec![u32::MAX; graph.len()];
        for &id in &live.merged.nodes {
            if matches!(classes.of(id), Class::Source | Class::View) {
                continue;
            }
            for &x in live.reads.of(id) {
                let root = classes.root(x);
                let same_shape = graph.record(root).shape == graph.record(id).shape;
                let direct = root == x && classes.of(id) == Class::Elementwise && same_shape;
                let by = if direct { self.of(id) } else { SEVERAL };
                let reader = &mut reader[root.index()];
                *reader = if *reader == u32::MAX || *reader == by { by } else { SEVERAL };
            }
        }
        for id in live.merged.nodes.iter().copied().filter(|&id| classes.of(id) == Class::Kernel) {
            let group = reader[id.index()];
            let fits = live.op(id).by_rows()
                && !live.pinned[id.index()]
                && size(graph.node(id).shape()) > 1
                && group < SEVERAL;
            // The last such kernel: the ones before it are computed by then.
            if fits {
                let own = std::mem::replace(&mut self.of[id.index()], group);
                self.groups[own as usize].kernel = None;
                if let Some(before) = self.groups[group as usize].kernel.replace(id) {
                    self.of[before.index()] = self.groups.len() as GroupId;
                    self.groups.push(FusionGroup { kernel: Some(before), elementwise: Vec::new() });
                }
            }
        }
    }
}

/// Joins elementwise nodes of one shape and stage that read each other or the same array.
fn join(live: LiveGraph<'_>, stages: &[u32], sets: &mut Sets) {
    let LiveGraph { graph, classes, .. } = live;
    // The last elementwise node that read all elements of each array.
    let mut reader: Vec<Option<NodeId>> = vec![None; graph.len()];
    // A load and a store of a single number cost more than a function, so all of a stage are one program.
    let mut single: FxHashMap<(ShapeIndex, u32), NodeId> = FxHashMap::default();
    let together = |a: NodeId, b: NodeId| {
        stages[a.index()] == stages[b.index()] && graph.record(a).shape == graph.record(b).shape
    };
    for &id in &live.merged.nodes {
        if classes.of(id) != Class::Elementwise {
            continue;
        }
        let shape = graph.record(id).shape;
        let one = size(graph.node(id).shape()) == 1;
        if one {
            match single.entry((shape, stages[id.index()])) {
                Entry::Occupied(first) => sets.join(*first.get(), id),
                Entry::Vacant(free) => drop(free.insert(id)),
            }
        }
        for &x in live.reads.of(id) {
            if live.joins(x, id) && together(x, id) {
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

/// Disjoint sets of nodes (union-find with path halving).
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

    /// Joins two sets; the earlier representative stays.
    fn join(&mut self, a: NodeId, b: NodeId) {
        let (a, b) = (self.find(a), self.find(b));
        self.0[a.max(b)] = a.min(b) as u32;
    }
}
