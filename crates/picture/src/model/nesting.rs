//! The tree of groups: lowest common ancestors, depth limits, and nested text output.
//!
//! Nothing recurses: pictures from outside may be nested arbitrarily deep.

use crate::model::picture::Picture;
use std::borrow::Cow;

/// The deepest level at which a scope has a frame or box of its own; nobody could tell deeper ones apart. A hand-made
/// picture may nest deeper, as long as few nodes do.
pub const MAX_FRAME_DEPTH: usize = 64;
/// The most pairs of a node and a group around it that a layout visits; beyond that, the innermost groups are dropped.
const MAX_ENCLOSING: usize = 400_000;

/// For each group, links to its ancestors.
pub(crate) struct Nesting {
    parents: Vec<Option<usize>>,
    /// The number of ancestors of each group.
    depths: Vec<usize>,
    /// A jump pointer to an ancestor of each group, to the group itself at the root: any ancestor is found in O(log depth)
    /// (Myers, An applicative random-access stack, 1983).
    links: Vec<usize>,
}

impl Nesting {
    pub(crate) fn of(picture: &Picture) -> Nesting {
        let count = picture.groups.len();
        let (mut depths, mut links) = (vec![0; count], vec![0; count]);
        let mut parents = Vec::with_capacity(count);
        for (group, known) in picture.groups.iter().enumerate() {
            let parent = known.parent.filter(|&parent| parent < group);
            links[group] = group;
            if let Some(parent) = parent {
                depths[group] = depths[parent] + 1;
                let (near, far) = (links[parent], links[links[parent]]);
                let even = depths[parent] - depths[near] == depths[near] - depths[far];
                links[group] = if even && near != parent { far } else { parent };
            }
            parents.push(parent);
        }
        Nesting { parents, depths, links }
    }

    /// The lowest common ancestor of two groups, which may be one of them.
    pub(crate) fn common_ancestor(&self, a: Option<usize>, b: Option<usize>) -> Option<usize> {
        let (mut a, mut b) = (a?, b?);
        if self.depths[a] < self.depths[b] {
            std::mem::swap(&mut a, &mut b);
        }
        a = self.at_depth(a, self.depths[b]);
        while a != b {
            // A root's jump pointer is the root itself.
            if self.depths[a] > 0 && self.links[a] != self.links[b] {
                (a, b) = (self.links[a], self.links[b]);
            } else {
                (a, b) = (self.parents[a]?, self.parents[b]?);
            }
        }
        Some(a)
    }

    /// The number of ancestors of each group.
    pub(crate) fn depths(&self) -> &[usize] {
        &self.depths
    }

    /// The ancestor of a group at a depth.
    pub(crate) fn at_depth(&self, mut group: usize, depth: usize) -> usize {
        while self.depths[group] > depth {
            let far = self.links[group];
            group = match self.parents[group] {
                Some(parent) if self.depths[far] < depth => parent,
                _ => far,
            };
        }
        group
    }
}

/// A line of nested text output.
pub(crate) enum Line<T> {
    Opens(usize),
    Holds(T),
    Closes(usize),
}

/// An item of the output, or a group of items.
enum Part<T> {
    Item(T),
    Group(usize),
}

impl Nesting {
    /// Items nested in their groups, each with its depth. Children of a group are sorted by position; `place(group, first)`
    /// gives the position of a group from its index and the first position in it. Empty groups are omitted. O(n log n).
    pub(crate) fn lines<T>(
        &self,
        items: impl IntoIterator<Item = (Option<usize>, usize, T)>,
        place: impl Fn(usize, usize) -> usize,
    ) -> Vec<(usize, Line<T>)> {
        let mut held: Vec<Vec<(usize, Part<T>)>> = self.parents.iter().map(|_| Vec::new()).collect();
        let mut loose = Vec::new();
        for (group, place, item) in items {
            group.map_or(&mut loose, |group| &mut held[group]).push((place, Part::Item(item)));
        }
        // Parents have smaller indices than their children, so in reverse order every group is complete when visited.
        for group in (0..held.len()).rev() {
            held[group].sort_by_key(|&(place, _)| place);
            let Some(&(first, _)) = held[group].first() else { continue };
            let outer = self.parents[group].map_or(&mut loose, |parent| &mut held[parent]);
            outer.push((place(group, first), Part::Group(group)));
        }
        loose.sort_by_key(|&(place, _)| place);
        let mut lines = Vec::new();
        let mut open = vec![(None, loose.into_iter())];
        while let Some((group, parts)) = open.last_mut() {
            match (parts.next(), *group) {
                (Some((_, Part::Item(item))), _) => lines.push((open.len() - 1, Line::Holds(item))),
                (Some((_, Part::Group(inner))), _) => {
                    lines.push((open.len() - 1, Line::Opens(inner)));
                    open.push((Some(inner), std::mem::take(&mut held[inner]).into_iter()));
                }
                (None, group) => {
                    open.pop();
                    lines.extend(group.map(|group| (open.len() - 1, Line::Closes(group))));
                }
            }
        }
        lines
    }
}

/// The indentation of a line, bounded so that deeply nested output does not grow quadratically.
pub(crate) fn indent(depth: usize) -> &'static str {
    const WIDEST: &str = "                ";
    &WIDEST[..WIDEST.len().min(2 * depth)]
}

impl Picture {
    /// The innermost group around a node.
    pub(crate) fn group_of(&self, node: usize) -> Option<usize> {
        self.nodes.get(node)?.group.filter(|&group| group < self.groups.len())
    }

    /// The picture without the groups that are not kept; their nodes move to the nearest kept ancestor.
    pub(crate) fn keeping_groups(&self, kept: impl Fn(usize) -> bool) -> Cow<'_, Picture> {
        let mut home: Vec<Option<usize>> = Vec::with_capacity(self.groups.len());
        for (group, known) in self.groups.iter().enumerate() {
            let outer = known.parent.filter(|&parent| parent < group).and_then(|parent| home[parent]);
            home.push(if kept(group) { Some(group) } else { outer });
        }
        if home.iter().enumerate().all(|(group, &home)| home == Some(group)) {
            return Cow::Borrowed(self);
        }
        let mut picture = self.clone();
        for node in 0..picture.nodes.len() {
            picture.nodes[node].group = self.group_of(node).and_then(|group| home[group]);
        }
        for (group, known) in picture.groups.iter_mut().enumerate() {
            known.parent = known.parent.filter(|&parent| parent < group).and_then(|parent| home[parent]);
        }
        Cow::Owned(picture)
    }

    /// The picture without groups that are nested too deep to be drawn; their nodes move to the innermost kept ancestor.
    /// O(nodes + groups).
    pub(crate) fn shallow(&self) -> Cow<'_, Picture> {
        let Nesting { depths, .. } = Nesting::of(self);
        let around = |node: usize| self.group_of(node).map_or(0, |group| depths[group] + 1);
        let sum = |deepest: usize| (0..self.nodes.len()).map(|node| around(node).min(deepest)).sum::<usize>();
        let mut deepest = depths.iter().max().map_or(0, |depth| depth + 1);
        while deepest > MAX_FRAME_DEPTH && sum(deepest) > MAX_ENCLOSING {
            deepest = (deepest / 2).max(MAX_FRAME_DEPTH);
        }
        self.keeping_groups(|group| depths[group] < deepest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::picture::{Group, PictureNode};

    fn nested(parents: &[Option<usize>]) -> Picture {
        let group = |&parent: &Option<usize>| Group { parent, ..Group::default() };
        Picture { groups: parents.iter().map(group).collect(), ..Picture::default() }
    }

    #[test]
    fn the_common_group_is_the_one_found_step_by_step() {
        let mut picture = nested(&[]);
        let mut state = 9_usize;
        for group in 0..300 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Long chains, with branches.
            let parent = if state >> 59 == 0 {
                None
            } else if state >> 60 == 1 {
                (state >> 20).checked_rem(group)
            } else {
                group.checked_sub(1)
            };
            picture.groups.push(Group { parent, ..Group::default() });
            picture.nodes.push(PictureNode { group: Some(group), ..PictureNode::default() });
        }
        let nesting = Nesting::of(&picture);
        for a in (0..300).step_by(7) {
            for b in 0..300 {
                let around = picture.groups_around(b);
                let common = picture.groups_around(a).into_iter().find(|group| around.contains(group));
                assert_eq!(nesting.common_ancestor(Some(a), Some(b)), common, "{a} {b}");
            }
        }
        assert_eq!(nesting.common_ancestor(None, Some(1)), None);
    }

    #[test]
    fn lines_stand_inside_their_groups() {
        let nesting = Nesting::of(&nested(&[None, Some(0), None, Some(9)]));
        let items = [(Some(1), 3, "c"), (None, 0, "a"), (Some(0), 2, "b"), (Some(3), 1, "d")];
        let said: Vec<String> = nesting
            .lines(items, |_, first| first)
            .into_iter()
            .map(|(depth, line)| match line {
                Line::Opens(group) => format!("{depth}+{group}"),
                Line::Holds(item) => format!("{depth}{item}"),
                Line::Closes(group) => format!("{depth}-{group}"),
            })
            .collect();
        assert_eq!(said, ["0a", "0+3", "1d", "0-3", "0+0", "1b", "1+1", "2c", "1-1", "0-0"]);
    }

    #[test]
    fn what_a_dropped_group_held_is_held_by_the_next_around_it() {
        let mut picture = nested(&[None, Some(0), Some(1)]);
        picture.nodes.push(PictureNode { group: Some(2), ..PictureNode::default() });
        picture.nodes.push(PictureNode { group: Some(7), ..PictureNode::default() });
        let kept = picture.keeping_groups(|group| group == 0);
        assert_eq!(kept.nodes.iter().map(|node| node.group).collect::<Vec<_>>(), [Some(0), None]);
        assert!(matches!(picture.keeping_groups(|_| true), Cow::Borrowed(_)));
    }
}
