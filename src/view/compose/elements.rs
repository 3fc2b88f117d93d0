//! The elements of a picture: nodes of the graph and boxes of many; and the frames around them.

use crate::error::{Error, Result};
use crate::graph::{Graph, Leaf, NodeId, topological_order};
use crate::shown::{DRAWN, shown};
use crate::view::builder::Builder;
use crate::view::collapse::origin::{origin, suffix};
use crate::view::collapse::tree::{Tree, prefixes};
use crate::view::collapse::visible::{GroupBox, Visible};
use crate::view::compose::select::Selection;
use crate::view::options::Level;
use chainrule_picture::Group;
use chainrule_picture::MAX_FRAME_DEPTH;
use std::collections::{BTreeMap, BTreeSet};

/// The most nodes that are drawn as they are; in larger graphs, groups are collapsed.
const MAX_UNCOLLAPSED: usize = 300;
/// If there are more leaves outside boxes than this, each goes into the first box that uses it.
const MAX_LOOSE_LEAVES: usize = 24;
/// No element.
const NONE: u32 = u32::MAX;

/// Pictures with more nodes than this are an error: nobody could read them.
const MAX_NODES: usize = 2_000;

/// The error for a picture that would have more nodes than anyone can read.
fn too_large(nodes: usize) -> Error {
    Error::Argument {
        what: "draw",
        problem: format!(
            "{nodes} nodes would be drawn, and more than {MAX_NODES} cannot be read; collapse groups with \
             `.level(Level::Auto)`, draw whole layers with `.level(Level::Layers)`, or the neighbourhood of one node \
             with `.around(node, 3)`"
        ),
    }
}

/// One node of a picture.
#[derive(Debug)]
pub(in crate::view) enum PictureElement {
    Node(NodeId),
    /// A box, and its nodes in the order of the graph.
    Layer {
        cell: GroupBox,
        members: Vec<NodeId>,
    },
}

impl PictureElement {
    pub(in crate::view) fn members(&self) -> &[NodeId] {
        match self {
            PictureElement::Node(id) => std::slice::from_ref(id),
            PictureElement::Layer { members, .. } => members,
        }
    }

    pub(in crate::view) fn is_layer(&self) -> bool {
        matches!(self, PictureElement::Layer { .. })
    }

    /// The scope whose frame it is in, and its origin.
    fn frame<'a>(&'a self, graph: &'a Graph) -> (&'a str, u8) {
        match self {
            PictureElement::Node(id) => (graph.node(*id).scope(), origin(graph, *id)),
            PictureElement::Layer { cell, .. } => (cell.outer(), cell.origin),
        }
    }
}

/// All elements, each after those it depends on.
#[derive(Debug)]
pub(in crate::view) struct PictureElements {
    pub(in crate::view) list: Vec<PictureElement>,
    /// The element of each drawn node, in the order of the selection.
    of_place: Vec<u32>,
    /// Whether groups were collapsed because there are many nodes.
    pub(in crate::view) collapsed: bool,
}

impl PictureElements {
    pub(in crate::view) fn of(builder: &Builder<'_>, selection: &Selection) -> Result<PictureElements> {
        let options = &builder.options;
        let count = selection.nodes.len();
        let every = match options.level {
            Level::Nodes => true,
            Level::Auto => count <= MAX_UNCOLLAPSED,
            Level::Layers => false,
        };
        if every && !options.only {
            return PictureElements::every(selection);
        }
        let groups = PictureGroups::of(builder, selection);
        if !groups.collapsed && groups.tree.is_open(&groups.open) {
            return PictureElements::every(selection);
        }
        PictureElements::with_open(builder, selection, &groups.tree, &groups.open, groups.collapsed)
    }

    /// Every node by itself.
    fn every(selection: &Selection) -> Result<PictureElements> {
        let count = selection.nodes.len();
        check(count)?;
        let list = selection.nodes.iter().map(|&id| PictureElement::Node(id)).collect();
        Ok(PictureElements { list, of_place: (0..count as u32).collect(), collapsed: false })
    }

    /// The elements with all groups closed except `open`.
    pub(in crate::view) fn with_open(
        builder: &Builder<'_>,
        selection: &Selection,
        tree: &Tree<'_>,
        open: &BTreeSet<String>,
        collapsed: bool,
    ) -> Result<PictureElements> {
        let shown = tree.visible(&tree.open_groups(open));
        let places = LeafPlacer { builder, selection, tree }.places(&shown);
        check(shown.len() + places.loose)?;
        let mut list: Vec<PictureElement> = shown
            .into_iter()
            .map(|shown| match shown {
                Visible::Op(id) => PictureElement::Node(id),
                Visible::Box(cell) => PictureElement::Layer { cell, members: Vec::new() },
            })
            .collect();
        let mut of_place = places.of_place;
        for (place, element) in of_place.iter_mut().enumerate() {
            let id = selection.nodes[place];
            if *element == NONE {
                *element = list.len() as u32;
                list.push(PictureElement::Node(id));
            } else if let PictureElement::Layer { members, .. } = &mut list[*element as usize] {
                members.push(id);
            }
        }
        Ok(PictureElements { list, of_place, collapsed }.sorted(builder.graph, selection))
    }

    /// The elements in topological order; among those that are ready, the one whose first op was recorded first comes next.
    fn sorted(self, graph: &Graph, selection: &Selection) -> PictureElements {
        let first = |element: &PictureElement| {
            let ids = element.members();
            ids.iter().find(|&&id| graph.node(id).leaf().is_none()).or(ids.first()).copied()
        };
        let keys: Vec<Option<NodeId>> = self.list.iter().map(first).collect();
        let mut edges = Vec::new();
        for (place, &id) in selection.nodes.iter().enumerate() {
            let to = self.of_place[place];
            for (_, input) in graph.node(id).read_inputs() {
                let from = selection.place(input).map(|place| self.of_place[place]);
                edges.extend(from.filter(|&from| from != to).map(|from| (from, to)));
            }
        }
        // Boxes are contiguous in one topological order, so the quotient graph is acyclic.
        let Some(order) = topological_order(&keys, edges) else { return self };
        let mut place_of = vec![0; order.len()];
        order.iter().enumerate().for_each(|(new, &old)| place_of[old] = new as u32);
        let mut list: Vec<(usize, PictureElement)> = self.list.into_iter().enumerate().collect();
        list.sort_by_key(|&(old, _)| place_of[old]);
        PictureElements {
            list: list.into_iter().map(|(_, element)| element).collect(),
            of_place: self.of_place.into_iter().map(|old| place_of[old as usize]).collect(),
            collapsed: self.collapsed,
        }
    }

    /// The nodes whose numbers are drawn, in the order of the graph.
    pub(in crate::view) fn visible(&self, builder: &Builder<'_>, selection: &Selection) -> Vec<NodeId> {
        let graph = builder.graph;
        let mut visible: Vec<bool> =
            self.of_place.iter().map(|&element| !self.list[element as usize].is_layer()).collect();
        for (place, &id) in selection.nodes.iter().enumerate() {
            for source in graph.node(id).read_inputs().filter_map(|(_, x)| selection.place(x)) {
                visible[source] |= self.of_place[source] != self.of_place[place];
            }
        }
        builder.outputs.iter().filter_map(|&id| selection.place(id)).for_each(|place| visible[place] = true);
        selection.nodes.iter().zip(visible).filter(|&(_, visible)| visible).map(|(&id, _)| id).collect()
    }

    /// The element that a node is drawn in.
    pub(in crate::view) fn of_node(&self, selection: &Selection, id: NodeId) -> Option<usize> {
        selection.place(id).map(|place| self.of_place[place] as usize)
    }
}

/// The groups of the selected nodes, and which of them are open.
pub(in crate::view) struct PictureGroups<'g> {
    pub(in crate::view) tree: Tree<'g>,
    pub(in crate::view) open: BTreeSet<String>,
    /// Whether repetitions are folded, because there are many nodes.
    pub(in crate::view) collapsed: bool,
}

impl<'g> PictureGroups<'g> {
    pub(in crate::view) fn of(builder: &Builder<'g>, selection: &Selection) -> Self {
        let options = &builder.options;
        let mut tree = Tree::of(builder.graph, &selection.nodes);
        let mut open = options.open.clone();
        let collapsed = options.level == Level::Auto && selection.nodes.len() > MAX_UNCOLLAPSED;
        if collapsed {
            tree.collapse();
        }
        if !options.only && options.level != Level::Layers {
            let leaves = LeafPlacer { builder, selection, tree: &tree };
            let most = if collapsed { MAX_UNCOLLAPSED } else { usize::MAX };
            open.extend(tree.open_within(most, |shown| shown.len() + leaves.places(shown).loose));
        }
        PictureGroups { tree, open, collapsed }
    }
}

fn check(nodes: usize) -> Result<()> {
    if nodes > MAX_NODES { Err(too_large(nodes)) } else { Ok(()) }
}

/// Assigns leaves to boxes.
struct LeafPlacer<'a> {
    builder: &'a Builder<'a>,
    selection: &'a Selection,
    tree: &'a Tree<'a>,
}

/// The visible item of each node.
struct LeafPlaces {
    /// By the position of the node in the selection; [`NONE`] for leaves outside boxes.
    of_place: Vec<u32>,
    /// How many leaves are outside boxes.
    loose: usize,
}

/// The first use of a leaf, and whether all others are in the same visible item.
#[derive(Debug, Clone, Copy)]
struct Use {
    shown: u32,
    by: NodeId,
    operand: usize,
    alone: bool,
}

impl LeafPlacer<'_> {
    fn places(&self, shown: &[Visible]) -> LeafPlaces {
        let (graph, tree, nodes) = (self.builder.graph, self.tree, &self.selection.nodes);
        let mut of_position = vec![NONE; tree.order().len()];
        for (index, shown) in shown.iter().enumerate() {
            of_position[tree.visible_range(shown)].fill(index as u32);
        }
        let mut of_place: Vec<u32> = nodes
            .iter()
            .map(|&id| tree.position(id).map_or(NONE, |position| of_position[position as usize]))
            .collect();
        let mut uses: Vec<Option<Use>> = vec![None; nodes.len()];
        for (position, &by) in tree.order().iter().enumerate() {
            for (operand, leaf) in graph.node(by).read_inputs().filter(|&(_, x)| tree.position(x).is_none()) {
                let Some(place) = self.selection.place(leaf) else { continue };
                let shown = of_position[position];
                match &mut uses[place] {
                    Some(known) => known.alone &= known.shown == shown,
                    none => *none = Some(Use { shown, by, operand, alone: true }),
                }
            }
        }
        let boxed = |used: &Use| match &shown[used.shown as usize] {
            Visible::Box(cell) => Some(cell),
            Visible::Op(_) => None,
        };
        let mut loose = 0;
        for (place, used) in uses.iter().enumerate() {
            if of_place[place] != NONE {
                continue;
            }
            let home =
                used.filter(|used| boxed(used).is_some_and(|cell| self.belongs(nodes[place], cell, used)));
            match home {
                Some(used) => of_place[place] = used.shown,
                None => loose += 1,
            }
        }
        if loose > MAX_LOOSE_LEAVES && self.builder.options.level == Level::Auto {
            for (place, used) in uses.iter().enumerate() {
                let used = used.filter(|used| boxed(used).is_some() && !self.is_wanted(nodes[place]));
                if let (NONE, Some(used)) = (of_place[place], used) {
                    of_place[place] = used.shown;
                }
            }
            loose = of_place.iter().filter(|&&element| element == NONE).count();
        }
        LeafPlaces { of_place, loose }
    }

    fn is_wanted(&self, leaf: NodeId) -> bool {
        self.builder.options.around.is_some_and(|(centre, _)| centre == leaf)
    }

    /// Whether a leaf is drawn as part of the box that reads it first: because it has the same scope, or because nothing else
    /// reads it. A leaf that only the first repetition reads stays outside.
    fn belongs(&self, leaf: NodeId, cell: &GroupBox, used: &Use) -> bool {
        let graph = self.builder.graph;
        let node = graph.node(leaf);
        let inside = |outer: &str| {
            let rest = node.scope().strip_prefix(outer);
            origin(graph, leaf) == cell.origin
                && rest.is_some_and(|rest| outer.is_empty() && !rest.is_empty() || rest.starts_with('/'))
        };
        if cell.is_scope {
            return inside(&cell.scope) || origin(graph, leaf) == cell.origin && node.scope() == cell.scope;
        }
        let own = matches!(node.leaf(), Some(Leaf::Parameter | Leaf::Constant));
        inside(&cell.scope)
            || used.alone && (own || cell.times == 1 || self.differs_per_repetition(leaf, cell, used))
    }

    /// Whether the next repetition reads another leaf at the operand where this one is read.
    fn differs_per_repetition(&self, leaf: NodeId, cell: &GroupBox, used: &Use) -> bool {
        let (tree, length) = (self.tree, cell.first.end - cell.first.start);
        let Some(position) = tree.position(used.by).filter(|&position| position + length < cell.range.end)
        else {
            return true;
        };
        let next = self.builder.graph.node(tree.order()[(position + length) as usize]);
        let other = |&input: &NodeId| tree.position(input).is_none() && input != leaf;
        next.inputs().get(used.operand).is_some_and(other)
    }
}

/// The frames of a picture and the frame of each element.
pub(in crate::view) struct Frames {
    pub(in crate::view) list: Vec<Group>,
    pub(in crate::view) of_elements: Vec<(usize, usize)>,
}

impl PictureElements {
    /// One frame for each open scope, inside that of its parent scope. Backward nodes and updates of a scope have frames of
    /// their own.
    pub(in crate::view) fn groups(&self, builder: &Builder<'_>) -> Frames {
        let mut groups = Frames { list: Vec::new(), of_elements: Vec::new() };
        let mut known: BTreeMap<(&str, u8), usize> = BTreeMap::new();
        for (element, entry) in self.list.iter().enumerate() {
            let (scope, origin) = entry.frame(builder.graph);
            let mut parent = None;
            for path in prefixes(scope).take(MAX_FRAME_DEPTH) {
                parent = Some(*known.entry((path, origin)).or_insert_with(|| {
                    let last = shown(path.rsplit('/').next().unwrap_or(path), DRAWN);
                    let word = path.chars().take(DRAWN / 2);
                    let word: String =
                        word.map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
                    let id =
                        format!("cluster_{}_{word}{}", groups.list.len(), suffix(origin).replace(' ', "_"));
                    groups.list.push(Group { id, label: format!("{last}{}", suffix(origin)), parent });
                    groups.list.len() - 1
                }));
            }
            groups.of_elements.extend(parent.map(|group| (element, group)));
        }
        groups
    }
}
