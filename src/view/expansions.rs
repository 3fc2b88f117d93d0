//! A drawing as a page, with as many combinations of open groups as limits allow.

use crate::error::Result;
use crate::tape::Tape;
use crate::view::annotations::Annotations;
use crate::view::draw::Draw;
use crate::view::options::Level;
use chainrule_picture::{Expansions, NodeKind, Picture};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The most groups that are each opened alone, however large the drawings are.
const MAX_ALONE: usize = 24;
/// The most nodes in all drawings together, before further combinations are left out: a node takes about a kilobyte.
const MAX_NODES: usize = 2_000;
/// The most graph nodes that are visited to open boxes, which takes some seconds: every drawing visits the whole graph.
const MAX_VISITED: usize = 5_000_000;

impl Draw<'_> {
    /// The drawing as a page, as [`Picture::to_html`], with the name scopes of the graph as groups that can be opened and
    /// closed; see [`expansions`](Self::expansions).
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let (price, number) = (tape.leaf("price", 100.0), tape.leaf("number", 2.0));
    /// let total = price * number;
    /// let page = total.draw().gradients(&total.backward()).to_html()?;
    /// assert!(page.starts_with("<!doctype html>"));
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What [`picture`](Self::picture) returns.
    #[track_caller]
    pub fn to_html(&self) -> Result<String> {
        Ok(self.expansions()?.to_html())
    }

    /// The picture with different sets of its outermost scopes open, first the one that the options ask for; for a page, or
    /// for a moment of a [`Timeline`](crate::picture::Timeline).
    ///
    /// The sets are: all, none, and, if there are up to 24 scopes, each alone; then all pairs, triples and so on, as long as
    /// the pictures have at most 2,000 nodes in total, so that a few layers have every combination. If the picture is
    /// collapsed ([`Level::Auto`]), each of its boxes is opened alone; in graphs of more than 200,000 nodes, only the first
    /// few.
    ///
    /// # Errors
    ///
    /// What [`picture`](Self::picture) returns.
    #[track_caller]
    pub fn expansions(&self) -> Result<Expansions> {
        let (tape, annotations) = self.prepared()?;
        let annotations = Arc::new(annotations);
        let shown = self.build(tape, Arc::clone(&annotations))?;
        let scopes = self.scopes(tape);
        let open_first: Vec<&String> = match self.options.level {
            Level::Auto if shown.nodes.iter().any(|node| node.kind == NodeKind::Layer) => {
                return Ok(self.expand_each_box(tape, &annotations, shown));
            }
            Level::Auto | Level::Nodes => scopes.iter().collect(),
            Level::Layers => {
                scopes.iter().filter(|scope| self.options.open.contains(scope.as_str())).collect()
            }
        };
        let mut expansions = Expansions::new().with(open_first, shown);
        let every: Vec<String> = {
            let graph = tape.graph();
            let every: BTreeSet<&str> = graph.nodes().map(|node| node.scope()).collect();
            every.into_iter().map(str::to_owned).collect()
        };
        // Other pictures than the requested one are left out if they are too large.
        let drawn = |open: &[usize]| {
            let open: Vec<String> = open.iter().map(|&scope| scopes[scope].clone()).collect();
            // A page opens a group with all groups in it.
            let outermost: BTreeSet<&str> = open.iter().map(String::as_str).collect();
            let within =
                |scope: &str| scope.split_once('/').is_some_and(|(outer, _)| outermost.contains(outer));
            let inner = every.iter().filter(|scope| within(scope)).cloned();
            let level = if open.len() == scopes.len() { Level::Nodes } else { Level::Layers };
            let mut draw = self.clone().level(level);
            draw.options.open = open.iter().cloned().chain(inner).collect();
            let picture = draw.build(tape, Arc::clone(&annotations)).ok()?;
            Some((open, picture))
        };
        let everything: Vec<usize> = (0..scopes.len()).collect();
        for (open, picture) in [&[][..], &everything].into_iter().filter_map(drawn) {
            expansions = expansions.with(open, picture);
        }
        let mut nodes: usize = expansions.iter().map(|(_, picture)| picture.nodes.len()).sum();
        let mut combinations = vec![Vec::new()];
        for size in 1..scopes.len() {
            combinations = extend_by_one(&combinations, scopes.len());
            let mut larger = Vec::new();
            for (open, picture) in combinations.iter().filter_map(|open| drawn(open)) {
                nodes += picture.nodes.len();
                larger.push((open, picture));
                if nodes > MAX_NODES && size > 1 || scopes.len() > MAX_ALONE {
                    return Ok(expansions);
                }
            }
            expansions = larger.into_iter().fold(expansions, |all, (open, picture)| all.with(open, picture));
        }
        Ok(expansions)
    }

    /// A collapsed picture, and the pictures with one of its boxes open, as many as limits allow.
    fn expand_each_box(&self, tape: &Tape, known: &Arc<Annotations>, shown: Picture) -> Expansions {
        let boxes = shown.nodes.iter().filter(|node| node.kind == NodeKind::Layer);
        let keys: Vec<String> =
            boxes.filter_map(|node| node.details.as_ref()).map(|known| known.opens.clone()).collect();
        let mut nodes = shown.nodes.len();
        let mut expansions = Expansions::new().with(&self.options.open, shown);
        let limit = MAX_VISITED / tape.graph().len().max(1);
        for key in keys.into_iter().take(MAX_ALONE.min(limit)) {
            let draw = self.clone().open(key);
            let Ok(picture) = draw.build(tape, Arc::clone(known)) else { continue };
            nodes += picture.nodes.len();
            if nodes > MAX_NODES {
                break;
            }
            expansions = expansions.with(draw.options.open, picture);
        }
        expansions
    }

    /// The outermost scopes of the drawn nodes, in order of first occurrence.
    fn scopes(&self, tape: &Tape) -> Vec<String> {
        let graph = tape.graph();
        let mut known: BTreeSet<&str> = BTreeSet::new();
        let mut scopes: Vec<String> = Vec::new();
        for id in self.builder(&graph, Arc::default()).selected() {
            let scope = graph.node(id).scope().split('/').next().unwrap_or("");
            if !scope.is_empty() && known.insert(scope) {
                scopes.push(scope.to_owned());
            }
        }
        scopes
    }
}

/// All ascending choices from `0..count` that extend one of the given ascending choices by one number.
fn extend_by_one(choices: &[Vec<usize>], count: usize) -> Vec<Vec<usize>> {
    let extended = |choice: &Vec<usize>| {
        let next = choice.last().map_or(0, |last| last + 1);
        let choice = choice.clone();
        (next..count).map(move |number| choice.iter().copied().chain([number]).collect())
    };
    choices.iter().flat_map(extended).collect()
}

#[cfg(test)]
mod tests {
    use super::extend_by_one;
    use crate::Tape;
    use crate::picture::Level;

    #[test]
    fn choices_grow_to_all_of_one_size() {
        let one = extend_by_one(&[Vec::new()], 4);
        assert_eq!(one, [[0], [1], [2], [3]]);
        let two = extend_by_one(&one, 4);
        assert_eq!(two, [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]);
        assert_eq!(extend_by_one(&extend_by_one(&two, 4), 4), [[0, 1, 2, 3]]);
    }

    /// How many drawings a page of so many groups of so many nodes has.
    fn drawings(groups: usize, nodes: usize) -> usize {
        let tape = Tape::new();
        let mut last = tape.leaf("x", 0.5);
        for group in 0..groups {
            let _scope = tape.scope(&format!("part{group}"));
            for _ in 0..nodes {
                last = last.sin();
            }
        }
        let expansions = last.draw().level(Level::Layers).expansions().expect("it is small");
        let (open, first) = expansions.iter().next().expect("there is one");
        assert!(open.is_empty() && first.nodes.len() == groups + 2, "the one asked for comes first");
        expansions.iter().count()
    }

    #[test]
    fn few_groups_are_opened_in_every_combination_and_many_as_far_as_there_is_room() {
        assert_eq!([drawings(0, 0), drawings(1, 3), drawings(2, 3), drawings(5, 4)], [1, 2, 4, 32]);
        assert_eq!(drawings(10, 5), 2 + 10 + 45, "none, all, each, every two");
        assert_eq!(drawings(20, 60), 2 + 20, "each alone, though that is much");
        assert_eq!(drawings(30, 2), 2, "none and all");
    }
}
