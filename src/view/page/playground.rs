//! A page into which expressions are typed.

use crate::error::{Error, Result};
use crate::graph::{Graph, Leaf, Node, NodeId};
use crate::tape::Tape;
use crate::view::options::Options;
use crate::view::page::expression::{self, ExpressionError};
use crate::view::page::live::{LivePage, Reply};
use crate::view::page::scene::{Scene, SceneNumbers};
use chainrule_picture::{Page, Picture};
use ndarray::ArrayD;
use std::collections::{BTreeMap, BTreeSet};

/// What stands in the playground at first.
const FIRST: &str = "a = 2; b = -3; c = 10; (a * b + c).sigmoid()";

/// A page on which an expression becomes a graph with its numbers and gradients as it is typed.
///
/// Statements are separated by `;`. A name for numbers is an input, which can be changed on the page; a name for anything else
/// names a node. Operators, and methods by their own names, are those of [`Var`](crate::Var).
///
/// ```
/// let page = chainrule::picture::playground()?.to_html();
/// assert!(page.starts_with("<!doctype html>") && page.contains("(a * b + c).sigmoid()"));
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// # Errors
///
/// None that depends on the caller: the page is always the same.
pub fn playground() -> Result<Page> {
    let wrong = |problem: String| Error::Graph { problem };
    let (scene, numbers) = recorded(FIRST, &BTreeMap::new()).map_err(|e| wrong(e.problem))?;
    let (scene, numbers) = (scene.write().map_err(wrong)?, numbers.write().map_err(wrong)?);
    let carried = Page::from(Picture::default()).carrying(scene, numbers);
    let mut live = LivePage::of_page(&carried).map_err(wrong)?;
    let first = live.pictures().map_err(wrong)?.swap_remove(0);
    Ok(carried.showing(first).with_playground(FIRST))
}

/// A graph without source lines, which would be those of the parser.
fn unlocated(graph: &Graph) -> Graph {
    // Its ops are built in, so none is taken for another.
    let read = postcard::to_allocvec(graph).ok().and_then(|bytes| postcard::from_bytes(&bytes).ok());
    read.unwrap_or_else(|| graph.clone())
}

/// The scene of an expression, and its numbers.
fn recorded(
    text: &str,
    values: &BTreeMap<String, ArrayD<f64>>,
) -> std::result::Result<(Scene, SceneNumbers), ExpressionError> {
    let tape = Tape::new();
    let output = expression::record(&tape, text, values)?;
    let is_input = |node: &Node<'_>| node.leaf().is_some_and(|leaf| leaf != Leaf::Constant);
    let inputs: Vec<NodeId> = tape.graph().nodes().filter(is_input).map(|node| node.id()).collect();
    let given = tape.values(inputs).map_err(|e| ExpressionError { column: 0, problem: e.to_string() })?;
    let is_number = output.shape().is_empty();
    let outputs = vec![output.id()];
    let scene = Scene {
        differentiated: is_number.then(|| output.id()),
        outputs,
        options: Options::default(),
        held: Vec::new(),
        graph: unlocated(&tape.into_graph()),
    };
    Ok((scene, SceneNumbers { given: given.into_iter().collect(), ..SceneNumbers::default() }))
}

impl LivePage {
    /// Draws another expression; inputs that have the same name and shape keep their numbers.
    pub(in crate::view) fn express(&mut self, text: &str) -> std::result::Result<(), Reply> {
        let values = self.moments.first().into_iter().flat_map(|moment| &moment.numbers.given);
        let changed: BTreeSet<NodeId> = self.first.keys().map(|&(_, node, _)| node).collect();
        let named = values.filter(|(id, _)| changed.contains(id));
        let named = named
            .filter_map(|(&id, array)| Some((self.scene.graph.node(id).name()?.to_owned(), array.clone())));
        let wrong = |e: ExpressionError| Reply::wrong(&e.problem, Some(e.column));
        let (scene, numbers) = recorded(text, &named.collect()).map_err(wrong)?;
        let refused = |problem: String| Reply::refused(&problem);
        let mut next = LivePage::of(scene, vec![numbers]).map_err(refused)?;
        // What an op refuses is said before it is shown.
        next.known_at(0).map_err(refused)?;
        next.first = self.first_in(&next);
        *self = next;
        Ok(())
    }

    /// The first numbers of those elements that were changed, in another expression with inputs of the same names.
    fn first_in(&self, next: &LivePage) -> BTreeMap<(Option<usize>, NodeId, usize), f64> {
        let place = |(&(moment, node, element), &number): (&(Option<usize>, NodeId, usize), &f64)| {
            let name = self.scene.graph.node(node).name()?;
            let same = next.scene.graph.named(name)?;
            let fits = next.scene.graph.node(same).shape() == self.scene.graph.node(node).shape();
            Some(((moment?, same, element), number)).filter(|_| fits)
        };
        let known = self.first.iter().filter_map(place);
        known.map(|((moment, node, element), number)| ((Some(moment), node, element), number)).collect()
    }
}
