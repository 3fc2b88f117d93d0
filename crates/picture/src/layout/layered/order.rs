//! Crossing minimisation: barycenter sweeps, each followed by adjacent exchanges.
//!
//! Sugiyama, Tagawa and Toda (1981): every column is sorted by the barycenters of its items, the mean positions of their
//! neighbours in the column before, in sweeps to the right and to the left in turn. The items of a group stay together;
//! two groups that share columns are in the same order in all of them, which a sweep fixes in the first shared column.

use super::crossings::Order;
use super::layer_graph::{ItemKind, LayerGraph};

/// The most sweeps of one run.
const SWEEPS: usize = 24;
/// A run ends after so many sweeps without improvement.
const PATIENCE: usize = 6;
/// About how many visits of segments one run may take; large pictures get fewer sweeps.
const VISITS: usize = 6_000_000;

/// The effort of crossing minimisation, for tests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Effort {
    pub(crate) sweeps: usize,
    pub(crate) visits: usize,
}

/// A child of a group, or of the whole picture, in one column.
#[derive(Debug, Clone, Copy)]
struct Entry {
    kind: EntryKind,
    /// Its barycenter, and the weight of that: the number of its segments.
    key: Option<f64>,
    lines: f64,
    /// Its previous position.
    place: usize,
}

#[derive(Debug, Clone, Copy)]
enum EntryKind {
    Item(usize),
    Group(usize),
}

/// The order of sibling groups that a sweep has fixed so far: a list for each parent, and one for the whole picture.
struct Siblings {
    lists: Vec<Vec<usize>>,
}

impl LayerGraph {
    /// The best order found from an initial one, given as a key for each item. The first sweep goes to the right or to the
    /// left.
    pub(crate) fn ordered(&self, initial: &[f64], rightwards: bool, effort: &mut Effort) -> Order {
        let mut order = Order { columns: vec![Vec::new(); self.columns], place: vec![0; self.items.len()] };
        for (item, known) in self.items.iter().enumerate() {
            order.columns[known.column].push(item);
        }
        let keys: Vec<Option<f64>> =
            self.items.iter().zip(initial).map(|(item, &key)| (!item.is_border()).then_some(key)).collect();
        let mut siblings = self.siblings();
        for column in 0..self.columns {
            order.columns[column].sort_by(|&a, &b| initial[a].total_cmp(&initial[b]).then(a.cmp(&b)));
            order.index_column(column);
            self.sort_column(&mut order, column, &keys, &mut siblings);
        }
        let visits = self.segments.len() + self.items.len() + 1;
        let sweeps = (VISITS / visits).clamp(2, SWEEPS);
        let mut best = order.clone();
        let mut fewest = self.crossings(&best);
        let mut idle = 0;
        for sweep in 0..sweeps {
            if fewest == 0 || idle >= PATIENCE {
                break;
            }
            self.sweep(&mut order, (sweep % 2 == 0) == rightwards);
            self.exchange(&mut order, sweep % 4 < 2);
            effort.sweeps += 1;
            effort.visits += 2 * visits;
            let now = self.crossings(&order);
            idle += 1;
            if now < fewest {
                (best, fewest, idle) = (order.clone(), now, 0);
            }
        }
        for round in 0..sweeps {
            effort.visits += visits;
            if fewest == 0 || self.exchange(&mut best, round % 2 == 1) == 0 {
                break;
            }
        }
        best
    }

    fn siblings(&self) -> Siblings {
        Siblings { lists: vec![Vec::new(); self.ranges.len() + 1] }
    }

    fn sweep(&self, order: &mut Order, rightwards: bool) {
        let mut siblings = self.siblings();
        let mut keys = vec![None; self.items.len()];
        for step in 0..self.columns {
            let column = if rightwards { step } else { self.columns - 1 - step };
            for &item in &order.columns[column] {
                keys[item] = self.barycenter(order, item, rightwards);
            }
            self.sort_column(order, column, &keys, &mut siblings);
        }
    }

    /// The barycenter of an item: the mean position of its neighbours. Each operand of a node has a port of its own, a
    /// fraction of a position.
    fn barycenter(&self, order: &Order, item: usize, rightwards: bool) -> Option<f64> {
        let near = if rightwards { &self.before[item] } else { &self.after[item] };
        let place = |&s: &usize| {
            let segment = &self.segments[s];
            if rightwards {
                return order.place[segment.from] as f64;
            }
            let ports = self.before[segment.to].len() as f64;
            order.place[segment.to] as f64 + (segment.port as f64 + 0.5) / ports - 0.5
        };
        let sum: f64 = near.iter().map(place).sum();
        (!near.is_empty()).then(|| sum / near.len() as f64)
    }

    /// Sorts one column by the keys of its items. Items without a key keep their positions.
    fn sort_column(&self, order: &mut Order, column: usize, keys: &[Option<f64>], siblings: &mut Siblings) {
        // The children of the groups in this column. Parents have smaller indices, so groups are completed in reverse
        // order. The whole picture is the group after the last one.
        let whole = self.ranges.len();
        let mut children: Vec<(usize, Vec<Entry>)> = Vec::new();
        let mut groups: Vec<usize> = Vec::new();
        for &item in &order.columns[column] {
            if let ItemKind::Top(group) = self.items[item].kind {
                groups.push(group);
            }
        }
        groups.sort_unstable();
        children.extend(groups.iter().map(|&group| (group, Vec::new())));
        children.push((whole, Vec::new()));
        let find = |group: usize| groups.partition_point(|&other| other < group);
        let mut borders = vec![(0, 0); groups.len()];
        for (place, &item) in order.columns[column].iter().enumerate() {
            match self.items[item].kind {
                ItemKind::Top(group) => borders[find(group)].0 = item,
                ItemKind::Bottom(group) => borders[find(group)].1 = item,
                _ => {
                    let lines = self.before[item].len().max(self.after[item].len()).max(1) as f64;
                    let entry = Entry { kind: EntryKind::Item(item), key: keys[item], lines, place };
                    children[find(self.items[item].group.unwrap_or(whole))].1.push(entry);
                }
            }
        }
        for at in (0..groups.len()).rev() {
            let group = groups[at];
            self.sort_children(&mut children[at].1, &mut siblings.lists[group]);
            let (mut sum, mut lines, mut place) = (0.0, 0.0, usize::MAX);
            for entry in &children[at].1 {
                place = place.min(entry.place);
                if let Some(key) = entry.key {
                    sum += key * entry.lines;
                    lines += entry.lines;
                }
            }
            // The borders pull the group to its position in the column before.
            let (top, bottom) = borders[at];
            if let (Some(upper), Some(lower)) = (keys[top], keys[bottom]) {
                sum += upper + lower;
                lines += 2.0;
            }
            let place = if place == usize::MAX { order.place[top] } else { place };
            let key = (lines > 0.0).then(|| sum / lines);
            let entry = Entry { kind: EntryKind::Group(group), key, lines: lines.max(1.0), place };
            children[find(self.parents[group].unwrap_or(whole))].1.push(entry);
        }
        let last = groups.len();
        self.sort_children(&mut children[last].1, &mut siblings.lists[whole]);
        let sorted = &mut order.columns[column];
        sorted.clear();
        let mut stack = vec![(last, 0)];
        while let Some((at, next)) = stack.last_mut() {
            let at = *at;
            match children[at].1.get(*next) {
                Some(&Entry { kind, .. }) => {
                    *next += 1;
                    match kind {
                        EntryKind::Item(item) => sorted.push(item),
                        EntryKind::Group(group) => {
                            let inner = find(group);
                            sorted.push(borders[inner].0);
                            stack.push((inner, 0));
                        }
                    }
                }
                None => {
                    stack.pop();
                    if at < last {
                        sorted.push(borders[at].1);
                    }
                }
            }
        }
        order.index_column(column);
    }

    /// Sorts the children of one group. Groups that the sweep has met before keep their order: their keys are made monotonic
    /// (pool adjacent violators).
    fn sort_children(&self, entries: &mut Vec<Entry>, known: &mut Vec<usize>) {
        entries.sort_by_key(|entry| entry.place);
        let rank = |entry: &Entry| match entry.kind {
            EntryKind::Group(group) => known.iter().position(|&other| other == group),
            EntryKind::Item(_) => None,
        };
        let mut old: Vec<(usize, usize)> =
            entries.iter().enumerate().filter_map(|(at, entry)| Some((rank(entry)?, at))).collect();
        old.sort_unstable();
        let mut pooled: Vec<(f64, f64, usize)> = Vec::new();
        for &(_, at) in &old {
            let entry = &entries[at];
            pooled.push((entry.key.unwrap_or(entry.place as f64) * entry.lines, entry.lines, 1));
            while let [.., before, last] = pooled.as_mut_slice() {
                if before.0 / before.1 <= last.0 / last.1 {
                    break;
                }
                *before = (before.0 + last.0, before.1 + last.1, before.2 + last.2);
                pooled.pop();
            }
        }
        let shared = pooled.iter().flat_map(|&(sum, lines, count)| std::iter::repeat_n(sum / lines, count));
        for (&(_, at), key) in old.iter().zip(shared) {
            entries[at].key = Some(key);
        }
        // The sort is stable for equal keys, except that groups met before keep their order.
        let mut ties: Vec<(usize, usize)> = (0..entries.len()).map(|at| (at, 0)).collect();
        let mut latest = 0;
        for &(rank, at) in &old {
            latest = latest.max(at);
            ties[at] = (latest, rank + 1);
        }
        let (free, mut keyed): (Vec<usize>, Vec<usize>) =
            (0..entries.len()).partition(|&at| entries[at].key.is_none());
        keyed.sort_by(|&a, &b| {
            let (one, two) = (entries[a].key.unwrap_or(0.0), entries[b].key.unwrap_or(0.0));
            one.total_cmp(&two).then(ties[a].cmp(&ties[b]))
        });
        let mut keyed = keyed.into_iter();
        let mut free = free.into_iter().peekable();
        let sorted: Vec<Entry> = (0..entries.len())
            .filter_map(|at| free.next_if_eq(&at).or_else(|| keyed.next()).or_else(|| free.next()))
            .map(|at| entries[at])
            .collect();
        *entries = sorted;
        // A new group is inserted after the known group before it.
        let mut after = 0;
        for entry in entries.iter() {
            let EntryKind::Group(group) = entry.kind else {
                continue;
            };
            match known.iter().position(|&other| other == group) {
                Some(at) => after = at + 1,
                None => {
                    known.insert(after, group);
                    after += 1;
                }
            }
        }
    }
}
