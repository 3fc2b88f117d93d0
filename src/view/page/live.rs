//! The program of a page: it answers the page's script.

use crate::error::Error;
use crate::graph::NodeId;
use crate::view::annotations::Annotations;
use crate::view::builder::Builder;
use crate::view::options::Level;
use crate::view::page::engine::PageEngine;
use crate::view::page::scene::{Scene, SceneNumbers};
use chainrule_picture::{Page, PageState, Picture, group_key, page_parts};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The graph of a page, of which it draws states with other groups open.
///
/// The same code runs in the page, compiled to WebAssembly, and here: a page that was opened and closed in any order has the
/// drawing that Rust makes of that state, byte for byte.
#[derive(Debug)]
pub struct LivePage {
    pub(in crate::view) scene: Scene,
    pub(in crate::view) moments: Vec<Moment>,
    pub(in crate::view) engine: PageEngine,
    open: BTreeSet<String>,
    /// The numbers that elements had at first, of those that were changed: by moment, or at all moments for a constant.
    pub(in crate::view) first: BTreeMap<(Option<usize>, NodeId, usize), f64>,
}

/// The numbers of one moment.
#[derive(Debug)]
pub(in crate::view) struct Moment {
    pub(in crate::view) numbers: SceneNumbers,
    /// What is drawn of them; none before they are asked for.
    pub(in crate::view) known: Option<Arc<Annotations>>,
}

/// The answer to a page's script.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// JSON: an object with the `state` of the page and its `open` groups, with what was `found`, or with the `problem`.
    pub data: String,
    /// The drawing, where there is a new one.
    pub svg: String,
}

impl Reply {
    /// The answer to what cannot be done.
    pub fn refused(problem: &str) -> Reply {
        Reply::wrong(problem, None)
    }

    /// The same, of what is wrong at a column.
    pub(in crate::view) fn wrong(problem: &str, column: Option<usize>) -> Reply {
        Reply::of(&Wrong { problem, column })
    }

    /// An answer without a drawing.
    pub(in crate::view) fn of(data: &impl Serialize) -> Reply {
        Reply { data: json(data), svg: String::new() }
    }
}

/// What is said of something that cannot be done.
#[derive(Serialize)]
struct Wrong<'a> {
    problem: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
}

/// What an error says, without the line of the crate that recorded the page's own tape.
pub(in crate::view) fn said(problem: &Error) -> String {
    let text = problem.to_string();
    text.split("; recorded at ").next().unwrap_or_default().to_owned()
}

/// Data as JSON.
fn json(data: &impl Serialize) -> String {
    // Writing to a string cannot fail, and all keys are texts.
    serde_json::to_string(data).unwrap_or_default()
}

/// What was found.
#[derive(Serialize)]
struct Hits<'a> {
    found: Vec<FoundNode<'a>>,
    count: usize,
}

/// A node that was found.
#[derive(Serialize)]
struct FoundNode<'a> {
    id: String,
    kind: &'static str,
    label: String,
    scope: &'a str,
}

/// The most nodes that are found.
const MAX_FOUND: usize = 1_000;

impl LivePage {
    /// Reads what [`Draw::page`](crate::Draw::page) has a page carry, as it is after it was decompressed.
    ///
    /// # Errors
    ///
    /// A message, if it is something else.
    pub fn read(carried: &[u8]) -> Result<LivePage, String> {
        let parts = page_parts(carried).ok_or("the data of the page are cut off")?;
        let (scene, numbers) = parts.split_first().ok_or("the page carries no data")?;
        let scene = Scene::read(scene)?;
        let moments = numbers.iter().map(|numbers| SceneNumbers::read(numbers, &scene.graph));
        let moments = moments.collect::<Result<Vec<SceneNumbers>, String>>()?;
        LivePage::of(scene, moments)
    }

    /// Reads what a page carries.
    ///
    /// # Errors
    ///
    /// A message, if it carries nothing.
    pub fn of_page(page: &Page) -> Result<LivePage, String> {
        LivePage::read(&page.carried())
    }

    pub(in crate::view) fn of(mut scene: Scene, moments: Vec<SceneNumbers>) -> Result<LivePage, String> {
        let first = moments.first().ok_or("the page carries no numbers")?;
        let engine = PageEngine::of(&scene, first).map_err(|e| said(&e))?;
        let moments = moments.into_iter().map(|numbers| Moment { numbers, known: None }).collect();
        let open = Builder::new(&scene.graph, &scene.outputs).options(scene.options.clone()).open_groups();
        // From here on, the groups are open that the reader wants open.
        scene.options.only = true;
        if scene.options.level == Level::Nodes {
            scene.options.level = Level::Layers;
        }
        Ok(LivePage { scene, moments, engine, open, first: BTreeMap::new() })
    }

    /// Answers a request of the page's script: a word and what it is about, with a character 0 between two of them.
    ///
    /// | request | answer |
    /// |---|---|
    /// | `draw` | the drawing as it is |
    /// | `open`, `close`, group | that group open, or closed with all groups in it |
    /// | `only`, groups | exactly these groups open; `all`: every group |
    /// | `show`, node | the groups around a node open too |
    /// | `find`, words | nodes that are called so |
    /// | `elements`, node, element, moment | the value and the gradient of a node |
    /// | `set`, node, element, moment, number | an element of a leaf changed; `reset`: all as they were |
    /// | `quotient`, node, element, moment | how the output changes with an element, by differences |
    /// | `paths`, node, element, moment | the paths from a node to the output |
    /// | `local`, node, element, moment | the local derivatives of an op |
    /// | `express`, text | the drawing of another expression, in a playground |
    pub fn answer(&mut self, request: &str) -> Reply {
        let words: Vec<&str> = request.split('\0').collect();
        self.handle(words[0], &words[1..]).unwrap_or_else(|problem| Reply::refused(&problem))
    }

    fn handle(&mut self, what: &str, about: &[&str]) -> Result<Reply, String> {
        let word = |at: usize| about.get(at).copied().unwrap_or("");
        let count = |at: usize| word(at).parse().unwrap_or(0_usize);
        let (element, moment) = (count(1), count(2));
        let builder = self.builder();
        let open = match what {
            "draw" => self.open.clone(),
            "open" => self.open.iter().cloned().chain([group_key(word(0))]).collect(),
            "close" => builder.groups_without(&group_key(word(0))),
            "only" => about.iter().map(|group| group_key(group)).collect(),
            "all" => builder.all_groups(),
            "show" => builder.groups_around(self.node(word(0))?).map_err(|e| said(&e))?,
            "find" => return Ok(self.find(word(0))),
            "elements" => return self.elements(self.node(word(0))?, moment),
            "set" if !self.set(self.node(word(0))?, element, word(3), moment)? => {
                return self.numbers(moment);
            }
            "set" => self.open.clone(),
            "express" => match self.express(word(0)) {
                Ok(()) => self.open.clone(),
                Err(refused) => return Ok(refused),
            },
            "reset" => {
                self.reset()?;
                self.open.clone()
            }
            "quotient" => return self.quotient(self.node(word(0))?, element, moment),
            "paths" => return self.paths(self.node(word(0))?, moment),
            "local" => return self.local(self.node(word(0))?, moment),
            other => return Err(format!("the page is not asked to {other}")),
        };
        // A state that cannot be drawn is not entered.
        let before = std::mem::replace(&mut self.open, open);
        let pictures = self.pictures();
        if pictures.is_err() {
            self.open = before;
        }
        let PageState { svg, data } = PageState::of(&pictures?);
        Ok(Reply { data: format!("{{\"state\":{data},\"open\":{}}}", json(&self.open)), svg })
    }

    /// The pictures of the moments, as they are drawn now.
    ///
    /// # Errors
    ///
    /// A message, if there are more nodes than can be drawn, or an op refuses its operands.
    pub fn pictures(&mut self) -> Result<Vec<Picture>, String> {
        let mut pictures = Vec::with_capacity(self.moments.len());
        for moment in 0..self.moments.len() {
            let known = self.known(moment).map_err(|e| said(&e))?;
            pictures.push(self.builder().annotations(known).build().map_err(|e| said(&e))?);
        }
        Ok(pictures)
    }

    fn builder(&self) -> Builder<'_> {
        let Scene { graph, outputs, options, .. } = &self.scene;
        let mut options = options.clone();
        options.open.clone_from(&self.open);
        Builder::new(graph, outputs).options(options)
    }

    /// The numbers of a moment in the drawing as it is, without a drawing.
    fn numbers(&mut self, moment: usize) -> Result<Reply, String> {
        let known = self.known(moment).map_err(|e| said(&e))?;
        let picture = self.builder().annotations(known).build().map_err(|e| said(&e))?;
        let data = format!("{{\"moments\":{}}}", PageState::numbers(&[picture]));
        Ok(Reply { data, svg: String::new() })
    }

    /// The numbers of a moment.
    pub(in crate::view) fn known(&mut self, moment: usize) -> crate::Result<Arc<Annotations>> {
        if let Some(known) = &self.moments[moment].known {
            return Ok(Arc::clone(known));
        }
        let Moment { numbers, .. } = &self.moments[moment];
        self.engine.feed(&numbers.given)?;
        let drawn = self.builder().numbered()?;
        let known = Arc::new(self.engine.annotations(&drawn, &numbers.told)?);
        self.moments[moment].known = Some(Arc::clone(&known));
        Ok(known)
    }

    /// The node with an id, as drawings write it.
    fn node(&self, id: &str) -> Result<NodeId, String> {
        let node = id.strip_prefix('n').and_then(|number| number.parse().ok()).map(NodeId::new);
        let node = node.filter(|&id| self.scene.graph.get(id).is_some());
        node.ok_or_else(|| format!("there is no node {id}"))
    }

    /// The nodes whose name, op, symbol, scope or id contains some words.
    fn find(&self, words: &str) -> Reply {
        let (graph, words) = (&self.scene.graph, words.to_lowercase());
        let says = |id: &NodeId| {
            let node = graph.node(*id);
            let op = node.op();
            let said = [node.name().unwrap_or(""), &op.name, &op.symbol, node.scope()];
            said.into_iter().any(|text| text.to_lowercase().contains(&words)) || id.to_string() == words
        };
        let selected = self.builder().selected();
        let all: Vec<&NodeId> = selected.iter().filter(|id| says(id)).collect();
        let found = all.iter().take(MAX_FOUND).map(|&&id| {
            let node = graph.node(id);
            let label = node.name().map_or_else(|| node.op().name.clone(), str::to_owned);
            let label = format!("{} ({id})", group_key(&label));
            FoundNode {
                id: id.to_string(),
                kind: node.leaf().map_or("op", |leaf| leaf.name()),
                label,
                scope: node.scope(),
            }
        });
        let found: Vec<FoundNode<'_>> = found.collect();
        Reply::of(&Hits { found, count: all.len() })
    }
}
