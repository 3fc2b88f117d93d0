//! The proper layered graph: nodes, labels, dummy nodes of long edges and borders of frames, in columns.
//!
//! Each rank is a column. Labels have columns of their own between two ranks, so that a column holds nodes or labels,
//! never both; a label column without labels is dropped. An edge has one item in every column between its ends: its label,
//! or a dummy node. Each group has an upper and a lower border in every column from its first to its last.
//!
//! If edges would pass too many columns in total, the longest have items next to their ends only, and run in a lane below
//! the drawing in between: see [`lanes`](super::lanes).

use super::lanes::{self, Arrow, MAX_SEPARATE};
use super::ranks::Ranks;
use crate::layout::measure::Sizes;
use crate::model::picture::{NodeKind, Picture};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ItemKind {
    Node(usize),
    Label(usize),
    Dummy,
    /// The upper border of a group.
    Top(usize),
    /// The lower border of a group.
    Bottom(usize),
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Item {
    pub(crate) kind: ItemKind,
    pub(crate) column: usize,
    /// The innermost group that holds it.
    pub(crate) group: Option<usize>,
    pub(crate) height: f64,
}

impl Item {
    pub(crate) fn is_border(&self) -> bool {
        matches!(self.kind, ItemKind::Top(_) | ItemKind::Bottom(_))
    }

    pub(crate) fn is_node(&self) -> bool {
        matches!(self.kind, ItemKind::Node(_))
    }
}

/// A segment of an edge, or of the border of a frame, from one column to the next.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment {
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// Whether it yields to another segment that can be straight.
    pub(crate) weak: bool,
    /// How many edges share it.
    pub(crate) lines: usize,
    /// Its position among the segments that end at the same item, from the top.
    pub(crate) port: usize,
    operand: usize,
    /// The priority of this operand for being level with its node.
    priority: usize,
    /// The columns that its edge spans; known of the first and the last segment of an edge.
    span: usize,
    /// Whether it is the first segment of an edge of the forward pass.
    pub(crate) forwards: bool,
    /// Whether it belongs to an edge of the forward pass that leaves an op or a box.
    pub(crate) main: bool,
}

/// The columns from one rank to the next, with the digits between them.
const NEXT: usize = 2;

/// The first and the last column of a group.
pub(crate) type Range = (usize, usize);

#[derive(Debug, Default)]
pub(crate) struct LayerGraph {
    pub(crate) items: Vec<Item>,
    pub(crate) segments: Vec<Segment>,
    /// The segments that end at an item, by operand.
    pub(crate) before: Vec<Vec<usize>>,
    /// The segments that start at an item.
    pub(crate) after: Vec<Vec<usize>>,
    /// The labels and dummy nodes of each edge, from left to right.
    pub(crate) chains: Vec<Vec<usize>>,
    /// The lane of each edge that runs in one.
    pub(crate) lanes: Vec<Option<usize>>,
    pub(crate) ranges: Vec<Option<Range>>,
    pub(crate) parents: Vec<Option<usize>>,
    pub(crate) columns: usize,
    /// Whether each column is a rank, and not a column of labels.
    pub(crate) ranked: Vec<bool>,
}

impl LayerGraph {
    /// O(nodes + edges + columns that edges pass + columns that frames pass).
    pub(crate) fn of(picture: &Picture, sizes: &Sizes, ranks: &Ranks) -> LayerGraph {
        let (arrows, columns, ranked) = arrows(picture, sizes, ranks);
        let count = picture.nodes.len();
        let mut graph = LayerGraph {
            chains: vec![Vec::new(); picture.edges.len()],
            ranges: vec![None; picture.groups.len()],
            parents: (0..picture.groups.len())
                .map(|group| picture.groups[group].parent.filter(|&parent| parent < group))
                .collect(),
            columns: ranked.len(),
            ranked,
            ..LayerGraph::default()
        };
        let around: Vec<Vec<usize>> = (0..count).map(|node| picture.groups_around(node)).collect();
        for node in 0..count {
            let column = columns[node];
            graph.add_item(
                ItemKind::Node(node),
                column,
                around[node].first().copied(),
                sizes.nodes[node].all.height,
            );
            for &group in &around[node] {
                let range = graph.ranges[group].get_or_insert((column, column));
                *range = (range.0.min(column), range.1.max(column));
            }
        }
        let mut long = vec![0; count];
        for arrow in arrows.iter().filter(|arrow| arrow.end - arrow.start > 2 && !arrow.in_lane) {
            long[arrow.from] += 1;
        }
        let mut shared: Vec<Vec<usize>> = vec![Vec::new(); count];
        for arrow in &arrows {
            let together = long[arrow.from] > MAX_SEPARATE && !arrow.in_lane;
            let bundle = together.then_some(&mut shared[arrow.from]);
            graph.add_chain(picture, sizes, &around, arrow, bundle);
        }
        // Where an edge branches off a bundle, the bundle goes straight on.
        for pair in shared.iter().flat_map(|bundle| bundle.windows(2)) {
            for &segment in &graph.after[pair[0]] {
                graph.segments[segment].weak |= graph.segments[segment].to != pair[1];
            }
        }
        graph.lanes = lanes::numbers(&arrows, picture.edges.len());
        graph.add_borders();
        graph.mark_weak(count);
        graph
    }

    fn add_item(&mut self, kind: ItemKind, column: usize, group: Option<usize>, height: f64) -> usize {
        self.items.push(Item { kind, column, group, height });
        self.before.push(Vec::new());
        self.after.push(Vec::new());
        self.items.len() - 1
    }

    fn add_segment(&mut self, from: usize, to: usize, operand: usize) {
        let segment = self.segments.len();
        self.segments.push(Segment {
            from,
            to,
            weak: false,
            lines: 1,
            port: 0,
            operand,
            priority: 0,
            span: 0,
            forwards: false,
            main: false,
        });
        self.after[from].push(segment);
        self.before[to].push(segment);
    }

    /// Adds the items and segments of one edge; all items but the last are shared with its bundle, if it is in one.
    fn add_chain(
        &mut self,
        picture: &Picture,
        sizes: &Sizes,
        around: &[Vec<usize>],
        arrow: &Arrow,
        mut bundle: Option<&mut Vec<usize>>,
    ) {
        let (out, into) = (&around[arrow.from], &around[arrow.to]);
        let common = out.iter().position(|group| into.contains(group)).unwrap_or(out.len());
        let mut chain = Vec::with_capacity(arrow.end - arrow.start);
        let mut last = arrow.from;
        let beside = |&column: &usize| !arrow.in_lane || column == arrow.start + 1 || column + 1 == arrow.end;
        for column in (arrow.start + 1..arrow.end).filter(beside) {
            // In the group of the source up to its last column, then in that of the target from its first column on.
            let reaches = |group: &usize| self.ranges[*group].is_some_and(|(_, end)| column <= end);
            let begins = |group: &usize| self.ranges[*group].is_some_and(|(start, _)| start <= column);
            let inner = out[..common].iter().find(|group| reaches(group));
            let entered = || into.iter().find(|group| out.contains(group) || begins(group));
            let shares = column + 1 < arrow.end;
            if let Some(known) = bundle.as_deref().filter(|_| shares)
                && let Some(&item) = known.get(column - arrow.start - 1)
            {
                let segment = self.before[item][0];
                self.segments[segment].lines += 1;
                chain.push(item);
                last = item;
                continue;
            }
            let group = match bundle {
                Some(_) if shares => inner.or_else(|| out.get(common)),
                _ => inner.or_else(entered),
            };
            let group = group.copied();
            let (kind, height) = match arrow.label {
                Some(at) if at == column => {
                    (ItemKind::Label(arrow.index), sizes.labels[arrow.index].map_or(0.0, |size| size.height))
                }
                _ => (ItemKind::Dummy, 4.0),
            };
            let item = self.add_item(kind, column, group, height);
            if !(arrow.in_lane && column + 1 == arrow.end) {
                self.add_segment(last, item, 0);
            }
            if let Some(known) = bundle.as_deref_mut().filter(|_| shares) {
                known.push(item);
            }
            chain.push(item);
            last = item;
        }
        let edge = &picture.edges[arrow.index];
        let met = self.segments.len();
        self.add_segment(last, arrow.to, edge.operand);
        let into = match picture.nodes[arrow.from].kind {
            NodeKind::Op | NodeKind::Layer => 2,
            NodeKind::Input | NodeKind::Hidden => 1,
            _ => 0,
        };
        self.segments[met].priority = into;
        if into == 2 && !edge.backward {
            let passed = chain.iter().flat_map(|&item| &self.before[item]).chain([&met]);
            passed.for_each(|&segment| self.segments[segment].main = true);
        }
        let first = chain.first().map_or(met, |&item| self.before[item][0]);
        self.segments[first].forwards |= !edge.backward;
        for segment in [first, met] {
            self.segments[segment].span = self.segments[segment].span.max(arrow.end - arrow.start);
        }
        self.chains[arrow.index] = chain;
    }

    fn add_borders(&mut self) {
        for group in 0..self.ranges.len() {
            let Some((first, last)) = self.ranges[group] else {
                continue;
            };
            let mut before: Option<(usize, usize)> = None;
            for column in first..=last {
                let top = self.add_item(ItemKind::Top(group), column, Some(group), 0.0);
                let bottom = self.add_item(ItemKind::Bottom(group), column, Some(group), 0.0);
                if let Some((upper, lower)) = before {
                    self.add_segment(upper, top, 0);
                    self.add_segment(lower, bottom, 0);
                }
                before = Some((top, bottom));
            }
        }
    }

    /// Sorts the segments that end at an item by operand, and marks those that yield to others as weak: leaves yield to
    /// computed operands, parameters and constants to inputs, backward to forward edges that leave the same node, and
    /// shortcuts to edges that go on in the next rank, so that the main path is straight and the shortcut bends.
    fn mark_weak(&mut self, count: usize) {
        for item in 0..self.items.len() {
            let segments = &self.segments;
            self.before[item].sort_by_key(|&segment| segments[segment].operand);
            for (port, &segment) in self.before[item].iter().enumerate() {
                self.segments[segment].port = port;
            }
        }
        for node in 0..count {
            let strongest = self.before[node].iter().map(|&s| self.segments[s].priority).max();
            for &segment in &self.before[node] {
                let segment = &mut self.segments[segment];
                segment.weak |= Some(segment.priority) < strongest;
            }
            let forwards = self.after[node].iter().any(|&s| self.segments[s].forwards);
            for &segment in &self.after[node] {
                let segment = &mut self.segments[segment];
                segment.weak |= forwards && !segment.forwards;
            }
            for near in [&self.before[node], &self.after[node]] {
                let strong = || near.iter().copied().filter(|&s| !self.segments[s].weak);
                let least = strong().map(|s| self.segments[s].span).min();
                let longer: Vec<usize> = strong().filter(|&s| Some(self.segments[s].span) > least).collect();
                if least.is_some_and(|least| least <= NEXT) {
                    longer.into_iter().for_each(|s| self.segments[s].weak = true);
                }
            }
        }
    }
}

/// The edges, the columns of the nodes, and for every column whether it is a rank.
fn arrows(picture: &Picture, sizes: &Sizes, ranks: &Ranks) -> (Vec<Arrow>, Vec<usize>, Vec<bool>) {
    let raw: Vec<usize> = ranks.of.iter().map(|rank| 2 * rank).collect();
    let count = raw.iter().max().map_or(0, |last| last + 1);
    let mut used = vec![false; count];
    for &column in &raw {
        used[column] = true;
    }
    let mut arrows: Vec<Arrow> = Vec::new();
    let mut long = vec![0; raw.len()];
    for (index, edge) in picture.drawn_edges() {
        let (from, to) = if ranks.reversed[index] { (edge.to, edge.from) } else { (edge.from, edge.to) };
        let (start, end) = (raw[from], raw[to]);
        arrows.push(Arrow { index, from, to, start, end, label: None, in_lane: false });
    }
    lanes::choose(&mut arrows, raw.len());
    for arrow in arrows.iter().filter(|arrow| arrow.end - arrow.start > 2 && !arrow.in_lane) {
        long[arrow.from] += 1;
    }
    // The label of an edge between adjacent ranks has only one column. Others go to the column that they widen least, the
    // one nearest to the middle of the edge on ties, or to the last one if the edge is bundled or runs in a lane.
    arrows.sort_by_key(|arrow| (arrow.end - arrow.start, arrow.index));
    let mut widths = vec![0.0_f64; count];
    for arrow in &mut arrows {
        let Some(size) = sizes.labels[arrow.index] else {
            continue;
        };
        let middle = (arrow.start + arrow.end) / 2;
        let wider = |column: usize| (size.width - widths[column]).max(0.0);
        let places = (arrow.start + 1..arrow.end).step_by(2);
        let column = if long[arrow.from] > MAX_SEPARATE || arrow.in_lane {
            arrow.end - 1
        } else {
            let better = |a: &usize, b: &usize| {
                let far = |column: usize| column.abs_diff(middle);
                wider(*a).total_cmp(&wider(*b)).then(far(*a).cmp(&far(*b)))
            };
            places.min_by(better).unwrap_or(arrow.end - 1)
        };
        widths[column] = widths[column].max(size.width);
        used[column] = true;
        arrow.label = Some(column);
    }
    let mut numbers = vec![0; count];
    let mut ranked = Vec::new();
    for column in 0..count {
        numbers[column] = ranked.len();
        if used[column] {
            ranked.push(column % 2 == 0);
        }
    }
    arrows.sort_by_key(|arrow| arrow.index);
    for arrow in &mut arrows {
        (arrow.start, arrow.end) = (numbers[arrow.start], numbers[arrow.end]);
        arrow.label = arrow.label.map(|column| numbers[column]);
        arrow.in_lane &= arrow.end - arrow.start >= lanes::MIN_SPAN;
    }
    (arrows, raw.into_iter().map(|column| numbers[column]).collect(), ranked)
}
