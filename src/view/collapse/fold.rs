//! Repetitions folded into one box: layers of the same structure, unrolled steps, the same few ops along a chain.
//!
//! Parts have labels. Where a sequence of labels is periodic, the ops behind them are compared ([`RunComparison::same`]), so
//! that equal hashes alone never fold anything. Periods are found by naming all substrings of 1, 2, 4, … labels, each by
//! the names of its halves (Karp, Miller and Rosenberg, "Rapid identification of repeated patterns in strings, trees and
//! arrays", STOC 1972): inside a repetition of period p, every substring of at least p labels recurs first after p labels.
//! Short periods are folded first and the search continues on the shorter list, so that repetitions of repetitions are
//! found too.

use crate::view::collapse::compare::RunComparison;
use crate::view::collapse::cut;
use crate::view::collapse::origin::origin;
use crate::view::collapse::tree::{Child, Cluster, ClusterKind, Tree};
use rustc_hash::FxHashMap;

/// The least number of repetitions of scopes, the least number of repetitions of ops without a scope, and the least number
/// of ops in all of the latter.
pub(in crate::view) const MIN_SCOPES: usize = 3;
const MIN_OPS: usize = 4;
const MIN_TOTAL_OPS: usize = 12;
/// The longest period, as a power of two.
const MAX_PERIOD_LOG2: u32 = 11;
/// The structural period may be a multiple of that of the labels, up to this one.
const MAX_MULTIPLE: usize = 8;
/// The most passes of the search.
const ROUNDS: usize = 6;

/// A part with its label and the range of its ops.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    part: Child,
    label: u32,
    start: u32,
    length: u32,
}

/// A repetition: `times` runs of `each` items, from the item `start` on.
#[derive(Debug, Clone, Copy)]
struct Repetition {
    start: usize,
    each: usize,
    times: usize,
    ops: u32,
}

/// A list of parts after folding, and the new clusters in it.
#[derive(Debug)]
pub(in crate::view) struct FoldedParts {
    pub(in crate::view) parts: Vec<Child>,
    pub(in crate::view) groups: Vec<Cluster>,
}

/// Polynomial rolling hashes of runs of ops by their labels, in O(1) each.
struct Hashes {
    sums: Vec<u64>,
    powers: Vec<u64>,
}

const BASE: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hashes {
    fn of(labels: &[u32]) -> Self {
        let (mut sums, mut powers) = (vec![0_u64], vec![1_u64]);
        for &label in labels {
            let (sum, power) = (sums[sums.len() - 1], powers[powers.len() - 1]);
            sums.push(sum.wrapping_mul(BASE).wrapping_add(u64::from(label) + 1));
            powers.push(power.wrapping_mul(BASE));
        }
        Self { sums, powers }
    }

    fn of_run(&self, start: u32, length: u32) -> u64 {
        let (start, end) = (start as usize, (start + length) as usize);
        self.sums[end].wrapping_sub(self.sums[start].wrapping_mul(self.powers[length as usize]))
    }
}

/// Finds repetitions among the parts of the groups of one tree.
pub(in crate::view) struct RepetitionFinder<'t> {
    tree: &'t Tree<'t>,
    comparison: RunComparison<'t>,
    hashes: Hashes,
    /// Labels of parts, by kind of part, number of ops, and hash.
    known: FxHashMap<(u8, u32, u64), u32>,
    /// New groups, numbered after those of the tree.
    groups: Vec<Cluster>,
}

impl<'t> RepetitionFinder<'t> {
    pub(in crate::view) fn of(tree: &'t Tree<'t>) -> Self {
        let comparison = RunComparison::of(tree);
        let hashes = Hashes::of(&comparison.labels);
        Self { tree, comparison, hashes, known: FxHashMap::default(), groups: Vec::new() }
    }

    /// The parts with their repetitions folded, and the new groups, which are numbered from `next` on.
    pub(in crate::view) fn fold(&mut self, parts: &[Child], scope: &str, next: usize) -> FoldedParts {
        let mut items: Vec<Candidate> = parts.iter().map(|&part| self.item(part)).collect();
        for _ in 0..ROUNDS {
            let before = items.len();
            let mut names: Vec<u32> = Vec::new();
            let mut level = 0;
            while level <= MAX_PERIOD_LOG2 && items.len() >= MIN_SCOPES << level.saturating_sub(1) {
                names = match level {
                    0 => items.iter().map(|item| item.label).collect(),
                    _ if names.is_empty() => self.names(&items, level),
                    _ => double_names(&names, 1 << (level - 1)),
                };
                // If all substrings differ, so do longer ones.
                if level > 0 && all_differ(&names) {
                    break;
                }
                let runs = self.runs(&items, &names, 1 << level);
                if !runs.is_empty() {
                    items = self.contract(&items, runs, scope, next);
                    names.clear();
                }
                level += 1;
            }
            if items.len() == before {
                break;
            }
        }
        FoldedParts {
            parts: items.iter().map(|item| item.part).collect(),
            groups: std::mem::take(&mut self.groups),
        }
    }

    fn item(&mut self, part: Child) -> Candidate {
        let range = self.tree.range(part);
        let length = range.end - range.start;
        let kind = u8::from(matches!(part, Child::Cluster(_)));
        Candidate { part, label: self.label(kind, range.start, length), start: range.start, length }
    }

    fn label(&mut self, kind: u8, start: u32, length: u32) -> u32 {
        let next = self.known.len() as u32;
        *self.known.entry((kind, length, self.hashes.of_run(start, length))).or_insert(next)
    }

    fn names(&self, items: &[Candidate], level: u32) -> Vec<u32> {
        let labels = items.iter().map(|item| item.label).collect();
        (0..level).fold(labels, |names: Vec<u32>, level| double_names(&names, 1 << level))
    }

    /// Disjoint repetitions whose period is at most `width`, the length of the named substrings.
    fn runs(&mut self, items: &[Candidate], names: &[u32], width: usize) -> Vec<Repetition> {
        let mut found = Vec::new();
        let mut last: FxHashMap<u32, usize> = FxHashMap::default();
        // The position from which on substrings recur with the same period, and this period.
        let mut steady = (0, 0);
        for (at, &name) in names.iter().enumerate() {
            let period = last.insert(name, at).map_or(0, |before| at - before);
            if period != steady.1 {
                self.verify(items, steady, at, width, &mut found);
                steady = (at, period);
            }
        }
        self.verify(items, steady, names.len(), width, &mut found);
        found.sort_by_key(|run| (std::cmp::Reverse(run.ops), run.each, run.start));
        let mut taken = vec![false; items.len()];
        found.retain(|run| {
            let range = run.start..run.start + run.each * run.times;
            let free = !taken[range.clone()].contains(&true);
            if free {
                taken[range].fill(true);
            }
            free
        });
        found.sort_by_key(|run| run.start);
        found
    }

    /// The structural repetitions within a range of periodic labels.
    fn verify(
        &mut self,
        items: &[Candidate],
        (from, period): (usize, usize),
        to: usize,
        width: usize,
        found: &mut Vec<Repetition>,
    ) {
        // Shorter periods were tried with shorter substrings.
        if period == 0 || period > width || 2 * period <= width {
            return;
        }
        let (start, end) = (from - period, to - 1 + width);
        for multiple in 1..=MAX_MULTIPLE {
            let each = period * multiple;
            let known = found.len();
            let mut at = start;
            while at + MIN_SCOPES * each <= end {
                let run = self.count_repetitions(&items[..end], at, each);
                at += each * run.times;
                let scopes =
                    items[run.start..run.start + each].iter().any(|item| is_scope(self.tree, item.part));
                let ops = if scopes { 0 } else { MIN_TOTAL_OPS as u32 };
                if run.times >= (if scopes { MIN_SCOPES } else { MIN_OPS }) && run.ops >= ops {
                    found.push(run);
                }
            }
            if found.len() > known {
                return;
            }
        }
    }

    /// How often the `each` items from `start` on are repeated.
    fn count_repetitions(&mut self, items: &[Candidate], start: usize, each: usize) -> Repetition {
        let first = &items[start..start + each];
        let scopes = first.iter().any(|item| is_scope(self.tree, item.part));
        let length: u32 = first.iter().map(|item| item.length).sum();
        let mut times = 1;
        while start + (times + 1) * each <= items.len() {
            let here = first[0].start + times as u32 * length;
            // The user named the scopes, so the same structure inside is enough. For ops without a scope, the sources of
            // their operands must also advance by a constant stride, from the second repetition on.
            let repeats = self.comparison.same(here - length, here, length)
                && (scopes || times < 3 || self.comparison.regular(here, length));
            if !repeats {
                break;
            }
            times += 1;
        }
        Repetition { start, each, times, ops: length * times as u32 }
    }

    /// The items with each run replaced by one item.
    fn contract(
        &mut self,
        items: &[Candidate],
        runs: Vec<Repetition>,
        scope: &str,
        next: usize,
    ) -> Vec<Candidate> {
        let mut contracted = Vec::with_capacity(items.len());
        let mut from = 0;
        for run in runs {
            contracted.extend_from_slice(&items[from..run.start]);
            from = run.start + run.each * run.times;
            let start = items[run.start].start;
            let group = next + self.groups.len();
            self.groups.push(Cluster {
                kind: ClusterKind::Fold { times: run.times, each: run.each },
                parts: items[run.start..from].iter().map(|item| item.part).collect(),
                range: start..start + run.ops,
                scope: scope.to_owned(),
                origin: origin(self.tree.graph, self.tree.order[start as usize]),
                occurrence: 1,
            });
            let label = self.label(2, start, run.ops);
            contracted.push(Candidate { part: Child::Cluster(group), label, start, length: run.ops });
        }
        contracted.extend_from_slice(&items[from..]);
        contracted
    }
}

/// Whether a part is a scope; a repetition that was just found is not in the tree yet and is not one.
fn is_scope(tree: &Tree<'_>, part: Child) -> bool {
    matches!(part, Child::Cluster(group) if group < tree.groups.len())
}

/// Whether no name occurs twice; [`double_names`] numbers names from 0 in order of first occurrence.
fn all_differ(names: &[u32]) -> bool {
    names.iter().max().is_none_or(|&largest| largest as usize + 1 == names.len())
}

/// Names of substrings twice as long, from the names of their halves.
fn double_names(names: &[u32], half: usize) -> Vec<u32> {
    let mut known: FxHashMap<(u32, u32), u32> = FxHashMap::default();
    let pairs = names.iter().zip(names.get(half..).unwrap_or_default());
    pairs
        .map(|(&a, &b)| {
            let next = known.len() as u32;
            *known.entry((a, b)).or_insert(next)
        })
        .collect()
}

/// Folds repetitions in every group, and splits lists that are still too long.
pub(in crate::view) fn collapse(tree: &mut Tree<'_>) {
    let count = tree.groups.len();
    let mut collapsed: Vec<(Option<usize>, Vec<Child>)> = Vec::with_capacity(count + 1);
    let mut new = Vec::new();
    {
        let mut finder = RepetitionFinder::of(tree);
        for owner in (0..count).map(Some).chain([None]) {
            let (parts, scope) = match owner {
                Some(group) => (&tree.groups[group].parts, tree.groups[group].scope.as_str()),
                None => (&tree.root, ""),
            };
            if parts.len() < MIN_SCOPES {
                continue;
            }
            let folded = finder.fold(parts, scope, count + new.len());
            new.extend(folded.groups);
            collapsed.push((owner, folded.parts));
        }
    }
    tree.groups.extend(new);
    let crossings = cut::crossings(tree);
    for (owner, parts) in collapsed {
        let scope = owner.map_or_else(String::new, |group| tree.groups[group].scope.clone());
        let origin = |tree: &Tree<'_>, at: u32| origin(tree.graph, tree.order[at as usize]);
        let parts = cut::cut(tree, parts, &crossings, &scope, origin);
        match owner {
            Some(group) => tree.groups[group].parts = parts,
            None => tree.root = parts,
        }
    }
}
