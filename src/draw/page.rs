//! A drawing as a page: with every combination of open groups that a page has room for.

use super::Draw;
use crate::error::Result;
use crate::picture::{Annotations, Level, Openings, Picture};
use crate::tape::Tape;
use std::sync::Arc;

/// Up to so many combinations, all are drawn.
const MOST_COMBINATIONS: usize = 64;
/// Groups that are opened alone, where there are too many combinations.
const MOST_ALONE: usize = 24;
/// Nodes in all the drawings of a page together: about a kilobyte each.
const MOST_NODES: usize = 2_000;

impl Draw<'_> {
    /// The drawing as a page: as [`Picture::to_html`], and where the graph has name scopes, as groups that can be
    /// opened and closed; see [`openings`](Self::openings).
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
        Ok(self.openings()?.to_html())
    }

    /// The picture with these or those of its outermost scopes open, the one that was asked for first; for a page, or
    /// for a moment of a [`Film`](crate::picture::Film).
    ///
    /// Up to six scopes are opened in every combination, as long as the pictures have no more than 2,000 nodes
    /// together; beyond that, all together, none, and one at a time for up to 24.
    ///
    /// # Errors
    ///
    /// What [`picture`](Self::picture) returns.
    #[track_caller]
    pub fn openings(&self) -> Result<Openings> {
        let (tape, annotations) = self.prepared()?;
        let annotations = Arc::new(annotations);
        let shown = self.build(tape, Arc::clone(&annotations))?;
        let scopes = self.scopes(tape);
        let open_first: Vec<&String> = match self.level {
            Level::Nodes => scopes.iter().collect(),
            Level::Layers => scopes.iter().filter(|scope| self.open.contains(scope)).collect(),
        };
        let first = Openings::new().with(open_first.iter().copied(), shown);
        // A picture that is too large to be drawn is left out; that which was asked for is not.
        let with_all = |openings: Openings, combinations: Vec<Vec<String>>| {
            let drawn = combinations.into_iter().filter_map(|open| {
                let picture = self.opened(tape, &annotations, &scopes, &open)?;
                Some((open, picture))
            });
            drawn.fold(openings, |all, (open, picture)| all.with(open, picture))
        };
        if scopes.len() <= MOST_COMBINATIONS.ilog2() as usize {
            let all = with_all(first.clone(), every_combination(&scopes));
            if all.iter().map(|(_, picture)| picture.nodes.len()).sum::<usize>() <= MOST_NODES {
                return Ok(all);
            }
        }
        Ok(with_all(first, few_combinations(&scopes)))
    }

    /// The picture with exactly these scopes open, if it is not too large.
    fn opened(
        &self,
        tape: &Tape,
        known: &Arc<Annotations>,
        scopes: &[String],
        open: &[String],
    ) -> Option<Picture> {
        let level = if open.len() == scopes.len() { Level::Nodes } else { Level::Layers };
        let draw = Self { level, open: open.to_vec(), ..self.clone() };
        draw.build(tape, Arc::clone(known)).ok()
    }

    /// The outermost scopes of what is drawn, in the order in which they come.
    fn scopes(&self, tape: &Tape) -> Vec<String> {
        let graph = tape.graph();
        let mut scopes: Vec<String> = Vec::new();
        for id in self.builder(&graph, Arc::default()).selected() {
            let scope = graph.node(id).scope().split('/').next().unwrap_or("");
            if !scope.is_empty() && !scopes.iter().any(|known| known == scope) {
                scopes.push(scope.to_owned());
            }
        }
        scopes
    }
}

/// Every set of some scopes, as the digits of a binary number.
fn every_combination(scopes: &[String]) -> Vec<Vec<String>> {
    let chosen = |number: usize| {
        let digits = scopes.iter().enumerate().filter(|(digit, _)| number >> digit & 1 == 1);
        digits.map(|(_, scope)| scope.clone()).collect()
    };
    (0..1 << scopes.len()).map(chosen).collect()
}

/// No scope, all, and one alone where there are not too many.
fn few_combinations(scopes: &[String]) -> Vec<Vec<String>> {
    let alone = scopes.iter().filter(|_| scopes.len() <= MOST_ALONE).map(|scope| vec![scope.clone()]);
    [Vec::new(), scopes.to_vec()].into_iter().chain(alone).collect()
}
