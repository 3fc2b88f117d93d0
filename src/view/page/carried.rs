//! What a page takes along of a tape: the graph, the numbers that its program computes all others from, and what is said
//! of those that it does not compute.

use crate::base::shape::size;
use crate::error::{Error, Result};
use crate::graph::{Graph, Leaf, NodeId};
use crate::tape::Tape;
use crate::view::annotations::{Annotations, Summary};
use crate::view::draw::Draw;
use crate::view::page::scene::{Scene, SceneNumbers};
use chainrule_picture::Page;
use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most elements of an array that a page carries.
const MAX_ELEMENTS: usize = 8_192;
/// The most elements of all arrays that a page carries: 160 kilobytes.
const MAX_TOTAL: usize = 20_000;
/// Graphs with more nodes than this are computed in a page no more: opening a group would take too long.
const MAX_NODES: usize = 20_000;

/// How the numbers of a node come into a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NumberSource {
    /// They are computed there.
    Computed,
    /// They are carried.
    Given,
    /// Only what a drawing says of them is known there.
    Told,
}

impl Draw<'_> {
    /// The drawing as a page, as [`Picture::to_html`](chainrule_picture::Picture::to_html), in which groups of any depth are
    /// opened and closed, numbers are changed, and everything is searched; see [`page`](Self::page).
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
    /// What [`page`](Self::page) returns.
    #[track_caller]
    pub fn to_html(&self) -> Result<String> {
        Ok(self.page()?.to_html())
    }

    /// The drawing with what a page needs to draw and compute it anew, also as a moment of a
    /// [`Timeline`](chainrule_picture::Timeline).
    ///
    /// A page carries the graph, and arrays of up to 8,192 elements, 20,000 together, from which its program computes all
    /// others and their gradients. What depends on larger arrays, and ops that are not built in, keep the numbers that are
    /// recorded here.
    ///
    /// # Errors
    ///
    /// What [`picture`](Self::picture) returns; and [`Error::Graph`] if two ops of the graph cannot be told apart in a file.
    #[track_caller]
    pub fn page(&self) -> Result<Page> {
        let (tape, annotations) = self.prepared()?;
        let annotations = Arc::new(annotations);
        let picture = self.build(tape, Arc::clone(&annotations))?;
        let (graph, open) = {
            let graph = tape.graph();
            let builder = self.builder(&graph, Arc::default());
            let last = builder.selected().last().map_or(0, |id| id.index() + 1);
            let ends = self.ends().map(|id| id.index() + 1);
            (graph.prefix(ends.fold(last, usize::max)), builder.open_groups())
        };
        let sources = self.sources(tape, &graph, &annotations);
        let held =
            |id: &NodeId| sources[id.index()] != NumberSource::Computed && graph.node(*id).leaf().is_none();
        let held = graph.ids().filter(held).collect();
        let numbers = self.carried_numbers(tape, &graph, &sources, &annotations)?;
        let scene = Scene {
            outputs: self.output_ids(),
            differentiated: self.differentiated(),
            options: self.options.clone(),
            held,
            graph,
        };
        let wrong = |problem| Error::Graph { problem };
        let scene = scene.write().map_err(wrong)?;
        Ok(Page::new(picture, open).carrying(scene, numbers.write().map_err(wrong)?))
    }

    /// Where the numbers of each node come from.
    fn sources(&self, tape: &Tape, graph: &Graph, known: &Annotations) -> Vec<NumberSource> {
        let mut sources = vec![NumberSource::Told; graph.len()];
        if known.values.is_empty() || self.run.is_some() || graph.len() > MAX_NODES {
            return sources;
        }
        let needed = graph.read_by(self.ends());
        let mut left = MAX_TOTAL;
        for node in graph.nodes().filter(|node| needed[node.id().index()]) {
            let id = node.id();
            let computed = match node.leaf() {
                Some(leaf) => leaf == Leaf::Constant,
                None => {
                    let op = tape.op(id);
                    crate::ops::is_built_in((&*op as &dyn Any).type_id())
                        && node.inputs().iter().all(|x| sources[x.index()] != NumberSource::Told)
                }
            };
            let elements = size(node.shape());
            let fits = elements <= MAX_ELEMENTS.min(left);
            sources[id.index()] = match computed {
                true => NumberSource::Computed,
                false if fits => NumberSource::Given,
                false => continue,
            };
            left -= if computed { 0 } else { elements };
        }
        sources
    }

    /// The arrays that are carried, and what is said of those that are not computed from them.
    fn carried_numbers(
        &self,
        tape: &Tape,
        graph: &Graph,
        sources: &[NumberSource],
        known: &Annotations,
    ) -> Result<SceneNumbers> {
        let is = |id: &NodeId, source: NumberSource| sources.get(id.index()) == Some(&source);
        let given: Vec<NodeId> = graph.ids().filter(|id| is(id, NumberSource::Given)).collect();
        let mut told = Annotations {
            values: BTreeMap::new(),
            node_gradients: BTreeMap::new(),
            edge_gradients: BTreeMap::new(),
            rules: BTreeMap::new(),
            ..known.clone()
        };
        // A gradient is computed where everything between a node and the output is.
        let mut flows = vec![false; graph.len()];
        if let Some(output) = self.differentiated().filter(|id| !is(id, NumberSource::Told)) {
            let mut stopped = vec![false; graph.len()];
            for index in (0..=output.index()).rev() {
                let id = NodeId::new(index);
                flows[index] = (id == output || known.node_gradients.contains_key(&id))
                    && !stopped[index]
                    && !is(&id, NumberSource::Told);
                let passes = flows[index] && is(&id, NumberSource::Computed);
                for input in graph.node(id).inputs().iter().filter(|_| !passes) {
                    stopped[input.index()] |= known.node_gradients.contains_key(&id);
                }
            }
        }
        let passes = |id: &NodeId| flows[id.index()] && is(id, NumberSource::Computed);
        let values = known.values.iter().filter(|(id, _)| is(id, NumberSource::Told));
        told.summaries.values = values.map(|(&id, array)| (id, Summary::of(array))).collect();
        let gradients = known.node_gradients.iter().filter(|(id, _)| !flows[id.index()]);
        told.summaries.node_gradients = gradients.map(|(&id, array)| (id, Summary::of(array))).collect();
        let gradients = known.edge_gradients.iter().filter(|((id, _), _)| !passes(id));
        told.summaries.edge_gradients = gradients.map(|(&edge, array)| (edge, Summary::of(array))).collect();
        let rules = known.rules.iter().filter(|((id, _), _)| !is(id, NumberSource::Computed));
        told.rules = rules.map(|(edge, rule)| (*edge, rule.clone())).collect();
        Ok(SceneNumbers { given: tape.values(given)?.into_iter().collect(), told })
    }
}
