//! Which groups of a tree are closed, and which are open.

use crate::graph::NodeId;
use crate::view::collapse::fold;
use crate::view::collapse::fold::MIN_SCOPES;
use crate::view::collapse::origin::suffix;
use crate::view::collapse::tree::{Child, Cluster, ClusterKind, Tree, prefixes};
use chainrule_picture::group_key;
use chainrule_picture::number::grouped;
use std::collections::BTreeSet;
use std::ops::Range;

/// An open fold shows all repetitions if there are at most so many, each one box; otherwise it shows the first.
const ALL_SHOWN: usize = 64;

/// An op, or many as one box.
#[derive(Debug)]
pub(in crate::view) enum Visible {
    Op(NodeId),
    Box(GroupBox),
}

/// A closed group of ops, drawn as one box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::view) struct GroupBox {
    /// The text on it.
    pub(in crate::view) label: String,
    /// The name by which it is opened.
    pub(in crate::view) key: String,
    /// How often its structure is repeated; 1 if it is not a repetition.
    pub(in crate::view) times: usize,
    /// Whether it is a scope.
    pub(in crate::view) is_scope: bool,
    /// Whether opening it would show chunks.
    pub(in crate::view) has_chunks: bool,
    /// Its scope, or the scope that it is in.
    pub(in crate::view) scope: String,
    pub(in crate::view) origin: u8,
    /// The positions of its ops in the order of the tree, and those of its first repetition.
    pub(in crate::view) range: Range<u32>,
    pub(in crate::view) first: Range<u32>,
}

impl GroupBox {
    /// The scope whose frame the box is in.
    pub(in crate::view) fn outer(&self) -> &str {
        match self.is_scope {
            true => prefixes(&self.scope).filter(|path| path.len() < self.scope.len()).last().unwrap_or(""),
            false => &self.scope,
        }
    }
}

/// An entry of the traversal stack: a part, or some repetitions of a fold.
enum Visit {
    Child(Child),
    Fold(usize, Range<usize>),
}

/// The open groups.
#[derive(Debug, Clone)]
pub(in crate::view) struct OpenGroups {
    /// Groups opened by name.
    named: Vec<bool>,
    /// Groups with an open descendant.
    around: Vec<bool>,
    names: BTreeSet<String>,
}

impl Tree<'_> {
    /// Folds repetitions and splits long lists.
    pub(in crate::view) fn collapse(&mut self) {
        fold::collapse(self);
    }

    /// The groups with these scopes or keys, and their ancestors, as the open ones.
    pub(in crate::view) fn open_groups(&self, names: &BTreeSet<String>) -> OpenGroups {
        let mut opened = OpenGroups {
            named: vec![false; self.groups.len()],
            around: vec![false; self.groups.len()],
            names: names.iter().map(|name| group_key(name)).collect(),
        };
        if names.is_empty() {
            return opened;
        }
        let mut parent = vec![usize::MAX; self.groups.len()];
        for (group, Cluster { parts, .. }) in self.groups.iter().enumerate() {
            parts.iter().for_each(|part| {
                if let Child::Cluster(inner) = *part {
                    parent[inner] = group;
                }
            });
        }
        for (group, Cluster { kind, scope, .. }) in self.groups.iter().enumerate() {
            let is_named = |name: &str| opened.names.contains(&group_key(name));
            opened.named[group] =
                *kind == ClusterKind::Scope && is_named(scope) || is_named(&self.key(group));
            let mut outer = group;
            while opened.named[group] && parent[outer] != usize::MAX {
                outer = parent[outer];
                if std::mem::replace(&mut opened.around[outer], true) {
                    break;
                }
            }
        }
        opened
    }

    /// Whether these scopes or keys open every group.
    pub(in crate::view) fn is_open(&self, names: &BTreeSet<String>) -> bool {
        let opened = self.open_groups(names);
        self.groups.is_empty()
            || opened.named.iter().zip(&opened.around).all(|(&named, &around)| named || around)
    }

    /// The visible items in topological order. O(visible items + parts of open groups).
    pub(in crate::view) fn visible(&self, opened: &OpenGroups) -> Vec<Visible> {
        let mut shown = Vec::new();
        let mut tasks: Vec<Visit> = self.root.iter().rev().map(|&part| Visit::Child(part)).collect();
        while let Some(task) = tasks.pop() {
            match task {
                Visit::Child(Child::Op(id)) => shown.push(Visible::Op(id)),
                Visit::Child(Child::Cluster(group)) => match self.groups[group].kind {
                    ClusterKind::Fold { times, .. } => tasks.push(Visit::Fold(group, 0..times)),
                    ClusterKind::Scope | ClusterKind::Chunk
                        if opened.named[group] || opened.around[group] =>
                    {
                        tasks.extend(self.groups[group].parts.iter().rev().map(|&part| Visit::Child(part)));
                    }
                    ClusterKind::Scope | ClusterKind::Chunk => {
                        shown.push(Visible::Box(self.group_box(group)))
                    }
                },
                Visit::Fold(group, repetitions) => {
                    self.expand_fold(group, repetitions, opened, &mut shown, &mut tasks)
                }
            }
        }
        shown
    }

    /// Shows some repetitions of a fold: as one box, or with one of them open and boxes of the others before and after it.
    fn expand_fold(
        &self,
        group: usize,
        repetitions: Range<usize>,
        opened: &OpenGroups,
        shown: &mut Vec<Visible>,
        tasks: &mut Vec<Visit>,
    ) {
        let fold = &self.groups[group];
        let ClusterKind::Fold { each, .. } = fold.kind else { return };
        let parts = |repetitions: Range<usize>| &fold.parts[repetitions.start * each..repetitions.end * each];
        let holds = |part: &Child| matches!(*part, Child::Cluster(inner) if opened.named[inner] || opened.around[inner]);
        let some = if opened.around[group] {
            parts(repetitions.clone()).iter().position(holds).map(|at| repetitions.start + at / each)
        } else {
            None
        };
        let cell = self.repetitions(group, repetitions.clone());
        let named = opened.names.contains(&group_key(&cell.key));
        let whole = repetitions.len() < MIN_SCOPES || named && each == 1 && repetitions.len() <= ALL_SHOWN;
        let mut then = |repetitions: Range<usize>| {
            if !repetitions.is_empty() {
                tasks.push(Visit::Fold(group, repetitions));
            }
        };
        match some.or(named.then_some(repetitions.start)) {
            _ if whole => tasks.extend(parts(repetitions).iter().rev().map(|&part| Visit::Child(part))),
            None => shown.push(Visible::Box(cell)),
            Some(one) => {
                then(one + 1..repetitions.end);
                tasks.extend(parts(one..one + 1).iter().rev().map(|&part| Visit::Child(part)));
                if one > repetitions.start {
                    tasks.push(Visit::Fold(group, repetitions.start..one));
                }
            }
        }
    }

    /// Opens scopes level by level while `count` of the visible items is at most `most`. A scope that would show chunks
    /// stays closed.
    pub(in crate::view) fn open_within(
        &self,
        most: usize,
        count: impl Fn(&[Visible]) -> usize,
    ) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        loop {
            let shown = self.visible(&self.open_groups(&names));
            let mut more = names.clone();
            more.extend(shown.into_iter().filter_map(|shown| match shown {
                Visible::Box(cell) if cell.is_scope && !cell.has_chunks => Some(cell.key),
                _ => None,
            }));
            if more.len() == names.len() || count(&self.visible(&self.open_groups(&more))) > most {
                return names;
            }
            names = more;
        }
    }

    /// The positions of a visible item in the order.
    pub(in crate::view) fn visible_range(&self, shown: &Visible) -> Range<usize> {
        let range = match shown {
            Visible::Op(id) => self.range(Child::Op(*id)),
            Visible::Box(cell) => cell.range.clone(),
        };
        range.start as usize..range.end as usize
    }

    fn group_box(&self, group: usize) -> GroupBox {
        let Cluster { kind, ref range, ref scope, origin, occurrence, .. } = self.groups[group];
        let is_scope = kind == ClusterKind::Scope;
        let label = match is_scope {
            true => {
                let number = if occurrence > 1 { format!(" ({occurrence})") } else { String::new() };
                format!("{}{}{number}", last(scope), suffix(origin))
            }
            false => self.key(group),
        };
        let (range, first) = (range.clone(), range.clone());
        let has_chunks = self.groups[group].parts.iter().any(|part| match *part {
            Child::Cluster(inner) => self.groups[inner].kind == ClusterKind::Chunk,
            Child::Op(_) => false,
        });
        GroupBox {
            label,
            key: self.key(group),
            times: 1,
            is_scope,
            has_chunks,
            scope: scope.clone(),
            origin,
            range,
            first,
        }
    }

    /// Some repetitions of a fold as one box.
    fn repetitions(&self, group: usize, repetitions: Range<usize>) -> GroupBox {
        let fold = &self.groups[group];
        let times = repetitions.len();
        let ClusterKind::Fold { each, times: all } = fold.kind else { return self.group_box(group) };
        let length = (fold.range.end - fold.range.start) / all as u32;
        let at = |repetition: usize| fold.range.start + repetition as u32 * length;
        let range = at(repetitions.start)..at(repetitions.end);
        let parts = |repetition: usize| &fold.parts[repetition * each..(repetition + 1) * each];
        let named = |repetition: usize| {
            let scopes = parts(repetition).iter().filter_map(|&part| match part {
                Child::Cluster(inner) if self.groups[inner].kind == ClusterKind::Scope => {
                    Some(self.group_box(inner).label)
                }
                _ => None,
            });
            scopes.collect::<Vec<_>>().join(", ")
        };
        // The common suffix of the names is written once.
        let (first, last) = (named(repetitions.start), named(repetitions.end - 1));
        let end = suffix(fold.origin);
        let label = match (first.strip_suffix(end), last.strip_suffix(end)) {
            _ if first.is_empty() => self.symbols(parts(repetitions.start)),
            (Some(first), Some(last)) => format!("{} … {}{end}", short(first), short(last)),
            _ => format!("{} … {}", short(&first), short(&last)),
        };
        GroupBox {
            label: format!("{label} ×{}", grouped(times)),
            key: self.key_of(&range),
            times,
            is_scope: false,
            has_chunks: false,
            scope: fold.scope.clone(),
            origin: fold.origin,
            first: range.start..range.start + length,
            range,
        }
    }

    /// The symbols of repeated parts: `(× + tanh)`, and with a repetition among them, `((× +) ×40 tanh)`.
    fn symbols(&self, parts: &[Child]) -> String {
        const MAX_SYMBOLS: usize = 5;
        let mut out = String::new();
        let mut left = MAX_SYMBOLS;
        // A part to be written, or the count at the end of a repetition.
        let mut stack: Vec<Result<Child, usize>> = parts.iter().rev().map(|&part| Ok(part)).collect();
        while let Some(next) = stack.pop() {
            let space = if out.is_empty() || out.ends_with('(') { "" } else { " " };
            match next {
                Err(times) => out.push_str(&format!(") ×{}", grouped(times))),
                Ok(_) if left == 0 => {
                    if !out.ends_with('…') {
                        out.push_str(" …");
                    }
                }
                Ok(Child::Op(id)) => {
                    left -= 1;
                    out.push_str(&format!("{space}{}", self.graph.node(id).op().symbol));
                }
                Ok(Child::Cluster(group)) => match self.groups[group].kind {
                    ClusterKind::Fold { times, each } => {
                        out.push_str(&format!("{space}("));
                        stack.push(Err(times));
                        stack.extend(self.groups[group].parts[..each].iter().rev().map(|&part| Ok(part)));
                    }
                    ClusterKind::Scope | ClusterKind::Chunk => {
                        left -= 1;
                        out.push_str(&format!("{space}{}", self.group_box(group).label));
                    }
                },
            }
        }
        if parts.len() > 1 { format!("({out})") } else { out }
    }
}

/// The last component of a scope.
fn last(scope: &str) -> &str {
    scope.rsplit('/').find(|name| !name.is_empty()).unwrap_or(scope)
}

/// A name, cut to leave space for the text after it.
fn short(name: &str) -> String {
    const LONGEST: usize = 16;
    match name.char_indices().nth(LONGEST) {
        Some(_) => name.chars().take(LONGEST - 1).chain(['…']).collect(),
        None => name.to_owned(),
    }
}
