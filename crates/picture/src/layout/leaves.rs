//! Leaves drawn where they are used: a leaf that many distant nodes use is repeated at each of them, and a constant stands
//! in the frame of the nodes that use it.

use crate::layout::layered::Layered;
use crate::layout::layered::ranks::{Ranks, Ties};
use crate::layout::measure::Sizes;
use crate::model::nesting::Nesting;
use crate::model::picture::{Direction, NodeKind, Picture, PictureNode};
use std::borrow::Cow;

/// A leaf is repeated if its uses are at least so many ranks apart, in a drawing of more than `LONG` ranks, or if there are
/// `MANY` of them.
const FAR: usize = 4;
const LONG: usize = 12;
const MANY: usize = 4;
/// The same in a drawing that is folded, so that fewer lines run from row to row.
const FAR_IN_ROWS: usize = 2;
/// The same for leaves with many uses.
const FAR_FOR_MANY: usize = 3;
/// In a drawing with more repetitions than this, leaves are not repeated: their lines are bundled.
const MAX_COPIES: usize = 800;

impl Picture {
    /// A picture that has a [`max_width`](Picture#structfield.max_width), with leaves where they are used: an input, parameter or constant that is used at distant places is
    /// repeated at each of them, the first with the number of uses, and with the sum of their gradients; a constant outside
    /// of frames stands in the frame of its users, if they have one in common.
    ///
    /// Copies have ids of their own, and texts and details of the leaf. O(nodes + arrows) and the number of copies.
    pub fn with_leaves_at_uses(&self) -> Cow<'_, Picture> {
        if self.max_width.is_none() {
            return Cow::Borrowed(self);
        }
        let users = self.users();
        let homes = self.homes(&users);
        let repeated = self.repeated(&users);
        let copies: usize = repeated.iter().map(|&leaf| users[leaf].len()).sum();
        let repeated = if copies > MAX_COPIES { Vec::new() } else { repeated };
        if homes.is_empty() && repeated.is_empty() {
            return Cow::Borrowed(self);
        }
        let mut picture = self.clone();
        for (leaf, home) in homes {
            picture.nodes[leaf].group = Some(home);
        }
        for leaf in repeated {
            let group = |user: usize| picture.nodes[user].group.or(picture.nodes[leaf].group);
            let groups: Vec<Option<usize>> = users[leaf].iter().map(|&user| group(user)).collect();
            let first = &mut picture.nodes[leaf];
            let copy = PictureNode { mark: None, gradient: None, note: None, ..first.clone() };
            let sum = first.gradient.take().map(|sum| format!("Σ {sum}"));
            let times = format!("×{}", users[leaf].len());
            first.note = Some(
                [first.note.take(), Some(times), sum].into_iter().flatten().collect::<Vec<_>>().join(", "),
            );
            first.group = groups[0];
            for (at, (&user, group)) in users[leaf].iter().zip(groups).enumerate().skip(1) {
                let id = format!("{}_{}", copy.id, at + 1);
                let place = picture.nodes.len();
                picture.nodes.push(PictureNode { id, group, ..copy.clone() });
                for edge in picture.edges.iter_mut().filter(|edge| edge.from == leaf && edge.to == user) {
                    edge.from = place;
                }
            }
        }
        Cow::Owned(picture)
    }

    /// The different nodes that use each leaf, in order; nothing for other nodes.
    fn users(&self) -> Vec<Vec<usize>> {
        let is_leaf = |node: usize| {
            matches!(self.nodes[node].kind, NodeKind::Input | NodeKind::Parameter | NodeKind::Constant)
        };
        let mut users = vec![Vec::new(); self.nodes.len()];
        for (_, edge) in self.drawn_edges().filter(|(_, edge)| is_leaf(edge.from)) {
            users[edge.from].push(edge.to);
        }
        // What has operands is no leaf, whatever it is called.
        self.drawn_edges().for_each(|(_, edge)| users[edge.to].clear());
        for list in &mut users {
            list.sort_unstable();
            list.dedup();
        }
        users
    }

    /// The leaves to repeat, by the ranks of their uses.
    fn repeated(&self, users: &[Vec<usize>]) -> Vec<usize> {
        let ranks = Ranks::of(self, &self.reading_order(), Ties::Early).of;
        let is_long = ranks.iter().max().is_some_and(|&last| last > LONG);
        let least = if self.will_fold(&ranks) { Some(FAR_IN_ROWS) } else { is_long.then_some(FAR) };
        let far = |leaf: &usize| {
            let at = || users[*leaf].iter().map(|&user| ranks[user]);
            let span = at().max().unwrap_or(0) - at().min().unwrap_or(0);
            least.is_some_and(|least| span >= least) || users[*leaf].len() >= MANY && span >= FAR_FOR_MANY
        };
        (0..users.len()).filter(|&leaf| users[leaf].len() > 1).filter(far).collect()
    }

    /// Whether the drawing is wider than its limit, by the widest node and digits of each rank.
    fn will_fold(&self, ranks: &[usize]) -> bool {
        let Some(limit) = self.max_width.filter(|_| self.direction == Direction::LeftToRight) else {
            return false;
        };
        let sizes = Sizes::of(self);
        let last = ranks.iter().max().copied().unwrap_or(0);
        let mut widths = vec![(0.0_f64, 0.0_f64); last + 1];
        for (&rank, size) in ranks.iter().zip(&sizes.nodes) {
            widths[rank].0 = widths[rank].0.max(size.all.width);
        }
        for (index, edge) in self.drawn_edges() {
            let digits = sizes.labels[index].map_or(0.0, |size| size.width);
            let before = ranks[edge.to].max(1) - 1;
            widths[before].1 = widths[before].1.max(digits);
        }
        let gap = Layered::default().rank_gap;
        widths.into_iter().map(|(node, digits)| node + digits + gap).sum::<f64>() > f64::from(limit)
    }

    /// The constants outside of frames whose users have a frame in common, each with the innermost such frame.
    fn homes(&self, users: &[Vec<usize>]) -> Vec<(usize, usize)> {
        let nesting = Nesting::of(self);
        let constants = self.nodes.iter().enumerate().filter(|(leaf, node)| {
            node.kind == NodeKind::Constant && self.group_of(*leaf).is_none() && !users[*leaf].is_empty()
        });
        let home = |leaf: usize| {
            let groups = users[leaf].iter().map(|&user| self.group_of(user));
            groups.reduce(|a, b| nesting.common_ancestor(a, b)).flatten()
        };
        constants.filter_map(|(leaf, _)| Some((leaf, home(leaf)?))).collect()
    }
}
