//! Groups opened and closed by name.

use crate::error::Result;
use crate::graph::NodeId;
use crate::view::builder::Builder;
use crate::view::collapse::tree::{Child, Cluster, ClusterKind, Tree};
use crate::view::compose::elements::{PictureElement, PictureElements, PictureGroups};
use crate::view::compose::select::Selection;
use chainrule_picture::group_key;
use std::collections::BTreeSet;
use std::ops::Range;

/// The most boxes that are opened to find one node.
const MAX_OPENED: usize = 1_000;

impl Builder<'_> {
    /// The groups that are open in the picture, by the names that [`open_only`](Self::open_only) takes.
    pub(in crate::view) fn open_groups(&self) -> BTreeSet<String> {
        PictureGroups::of(self, &Selection::of(self)).open
    }

    /// All groups.
    pub(in crate::view) fn all_groups(&self) -> BTreeSet<String> {
        let selection = Selection::of(self);
        let tree = PictureGroups::of(self, &selection).tree;
        (0..tree.groups.len()).map(|group| tree.key(group)).collect()
    }

    /// The open groups after one was closed, with everything in it.
    pub(in crate::view) fn groups_without(&self, closed: &str) -> BTreeSet<String> {
        let selection = Selection::of(self);
        let PictureGroups { tree, mut open, .. } = PictureGroups::of(self, &selection);
        let inside = Inside::of(&tree, closed);
        open.retain(|name| !inside.holds(&tree, name));
        open
    }

    /// The open groups after those around a node were opened too.
    pub(in crate::view) fn groups_around(&self, node: NodeId) -> Result<BTreeSet<String>> {
        let selection = Selection::of(self);
        let PictureGroups { tree, mut open, collapsed } = PictureGroups::of(self, &selection);
        for _ in 0..MAX_OPENED {
            let elements = PictureElements::with_open(self, &selection, &tree, &open, collapsed)?;
            let element = elements.of_node(&selection, node).map(|element| &elements.list[element]);
            let Some(PictureElement::Layer { cell, .. }) = element else { break };
            if !open.insert(cell.key.clone()) {
                break;
            }
        }
        Ok(open)
    }
}

/// What closes with a group.
struct Inside {
    name: String,
    /// The group and all groups in it.
    groups: BTreeSet<usize>,
    /// The positions of its ops.
    range: Range<u32>,
}

impl Inside {
    fn of(tree: &Tree<'_>, name: &str) -> Inside {
        let mut groups = BTreeSet::new();
        let mut stack: Vec<usize> = groups_of(tree, name).collect();
        let whole = stack.iter().map(|&group| tree.groups[group].range.clone());
        let whole = whole.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end));
        while let Some(group) = stack.pop() {
            groups.insert(group);
            stack.extend(tree.groups[group].parts.iter().filter_map(|part| match *part {
                Child::Cluster(inner) => Some(inner),
                Child::Op(_) => None,
            }));
        }
        let range = whole.or_else(|| positions(tree, name)).unwrap_or(0..0);
        Inside { name: name.to_owned(), groups, range }
    }

    fn holds(&self, tree: &Tree<'_>, name: &str) -> bool {
        let mut known = groups_of(tree, name).peekable();
        if name == self.name || known.peek().is_some() && known.all(|group| self.groups.contains(&group)) {
            return true;
        }
        // Some repetitions of a fold are no group of the tree.
        let range = positions(tree, name);
        range.is_some_and(|it| it.start >= self.range.start && it.end <= self.range.end)
    }
}

/// The groups of a name: a scope, or a key.
fn groups_of<'a>(tree: &'a Tree<'_>, name: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_named = move |&group: &usize| {
        let Cluster { kind, ref scope, .. } = tree.groups[group];
        kind == ClusterKind::Scope && group_key(scope) == name || group_key(&tree.key(group)) == name
    };
    (0..tree.groups.len()).filter(is_named)
}

/// The positions of the ops of a key that names the first and the last.
fn positions(tree: &Tree<'_>, key: &str) -> Option<Range<u32>> {
    let (first, last) = key.split_once(" … ")?;
    let at = |id: &str| {
        let id = NodeId::new(id.strip_prefix('n')?.parse().ok()?);
        tree.graph.get(id).and_then(|_| tree.position(id))
    };
    Some(at(first)?..at(last)? + 1)
}
