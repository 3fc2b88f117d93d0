//! The picture itself: plain, public data that says what is drawn, not where or how.

use crate::model::details::Details;
use crate::model::mark::Mark;
use chainrule_base::fields;
use serde::{Deserialize, Serialize};
use std::ops::Not;

/// A drawing of a computation: nodes, edges and groups as plain data.
///
/// Every exporter is a function of this value alone, so a picture can be kept, compared, edited or built by hand:
///
/// - edges and groups name nodes and groups by their position in [`nodes`](Picture::nodes) and
///   [`groups`](Picture::groups); an edge with a missing end is not drawn;
/// - numbers are text already (see [`number`](crate::model::number)), so there is no float type here;
/// - ids derive from positions in the graph: the same program gives the same picture, byte for byte.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Picture {
    /// The title, drawn above the picture; empty for none.
    pub title: String,
    /// Which way the forward pass runs.
    pub direction: Direction,
    /// The nodes in topological order: the inputs of a node stand before it.
    pub nodes: Vec<PictureNode>,
    /// The arrows, ordered by target node and then by operand.
    pub edges: Vec<PictureEdge>,
    /// Frames around nodes that belong together, parents before children.
    pub groups: Vec<Group>,
    /// The widest that a drawing from left to right may be, in pixels: a wider one is folded into rows, as a text is into
    /// lines. A rank that is wider alone, and a drawing from top to bottom, are not folded.
    #[serde(default)]
    pub max_width: Option<u32>,
}

fields! { Picture { title, direction, nodes, edges, groups, max_width unless Option::is_none } }

/// Which way the forward pass runs across the page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From left to right: forward values above each arrow, gradients below it.
    #[default]
    LeftToRight,
    /// From top to bottom: forward values left of each arrow, gradients right of it.
    TopToBottom,
}

/// What a node of a picture represents; it determines outline and colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// An operation: a circle with its symbol.
    #[default]
    Op,
    /// A leaf that is fed for every run: a blue plate with round ends.
    Input,
    /// A leaf that is trained: a green plate with a double outline.
    Parameter,
    /// A leaf that never changes: a grey plate with a dashed outline.
    Constant,
    /// Many nodes collapsed into one box, such as a layer of a network.
    Layer,
    /// The loose end of an arrow that leaves the picture: a name without a box.
    Output,
    /// A node outside the picture: dots at the end of a dashed arrow.
    Hidden,
}

impl NodeKind {
    /// The name of this kind, as used in the CSS classes of the SVG and in tooltips.
    pub fn word(self) -> &'static str {
        match self {
            NodeKind::Op => "op",
            NodeKind::Input => "input",
            NodeKind::Parameter => "parameter",
            NodeKind::Constant => "constant",
            NodeKind::Layer => "layer",
            NodeKind::Output => "output",
            NodeKind::Hidden => "hidden",
        }
    }
}

/// One node of a picture.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct PictureNode {
    /// `n12` for node 12 of the graph, `g3` for a group collapsed into one box, `out12` for the end of an output's arrow.
    pub id: String,
    /// What the node represents.
    pub kind: NodeKind,
    /// The sign in the circle: `×`, `exp`, `1 −`; the number of a constant; empty for other leaves.
    pub symbol: String,
    /// The name that the user gave.
    pub name: Option<String>,
    /// `100×784`; none for a scalar or where shapes are not requested.
    pub shape: Option<String>,
    /// The forward value; none where values are not requested or not known.
    pub value: Option<String>,
    /// The whole gradient of the node, summed over all edges that leave it; `–` if requested and not computed.
    /// It is drawn where a node has several consumers, so that the edges show the summands.
    pub gradient: Option<String>,
    /// The innermost group that holds the node, a position in [`Picture::groups`].
    pub group: Option<usize>,
    /// Whether the node was recorded by the reverse pass.
    pub backward: bool,
    /// The tooltip: op, formula, full shape. Lines are separated by `\n`.
    pub tooltip: String,
    /// The line below name and shape of a box of many nodes: `576 nodes, 1,280 parameters`.
    #[serde(default)]
    pub note: Option<String>,
    /// For a node of the reverse pass, the id of the forward node whose rule recorded it: `n12`.
    #[serde(default)]
    pub of: Option<String>,
    /// The verdict of a check, of the health of the numbers, or of a comparison, if there is one.
    #[serde(default)]
    pub mark: Option<Mark>,
    /// What a page shows of the node besides its drawing.
    #[serde(default)]
    pub details: Option<Box<Details>>,
}

fields! {
    PictureNode {
        id,
        kind,
        symbol,
        name,
        shape,
        value,
        gradient,
        group,
        backward,
        tooltip,
        note unless Option::is_none,
        of unless Option::is_none,
        mark unless Option::is_none,
        details unless Option::is_none,
    }
}

/// One arrow of a picture: one operand of one op. The same node used twice gives two edges.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct PictureEdge {
    /// Where the value comes from, a position in [`Picture::nodes`].
    pub from: usize,
    /// Where the value is used, a position in [`Picture::nodes`].
    pub to: usize,
    /// Which operand of `to` this is, counted from 0.
    pub operand: usize,
    /// The forward value that the arrow carries.
    pub value: Option<String>,
    /// The contribution to the gradient that comes back along this arrow; `–` if requested and not computed.
    pub gradient: Option<String>,
    /// Whether the arrow belongs to the recorded reverse pass.
    pub backward: bool,
    /// Whether a check found the derivative along this arrow wrong.
    #[serde(default)]
    pub wrong: bool,
    /// The verdict of a comparison: added or removed.
    #[serde(default)]
    pub mark: Option<Mark>,
}

fields! {
    PictureEdge {
        from,
        to,
        operand,
        value,
        gradient,
        backward,
        wrong unless Not::not,
        mark unless Option::is_none,
    }
}

/// A labelled frame around nodes that belong together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// A word of ASCII letters, digits and `_` that begins with `cluster`, which Graphviz requires.
    pub id: String,
    /// The text on the frame.
    pub label: String,
    /// The parent group, a position in [`Picture::groups`] smaller than this group's own.
    pub parent: Option<usize>,
}

impl Picture {
    /// An empty picture with a title.
    ///
    /// ```
    /// use chainrule_picture::{NodeKind, Picture};
    ///
    /// let mut picture = Picture::new("a build");
    /// let parse = picture.add_node(NodeKind::Op, "✂", "parse");
    /// let check = picture.add_node(NodeKind::Op, "✓", "check");
    /// picture.add_edge(parse, check).value = Some("12 ms".to_owned());
    /// picture.add_group("front end", None, [parse, check]);
    /// assert!(picture.to_svg().contains("front end"));
    /// ```
    pub fn new(title: impl Into<String>) -> Self {
        Picture { title: title.into(), ..Picture::default() }
    }

    /// The picture with a limit to the width of its drawing: see [`max_width`](Picture#structfield.max_width).
    ///
    /// ```
    /// # use chainrule_picture::{NodeKind, Picture};
    /// let mut picture = Picture::new("a long chain");
    /// let nodes: Vec<usize> = (0..60).map(|_| picture.add_node(NodeKind::Op, "exp", "")).collect();
    /// for pair in nodes.windows(2) {
    ///     picture.add_edge(pair[0], pair[1]);
    /// }
    /// let svg = picture.max_width(880).to_svg();
    /// let width = svg.split("width=\"").nth(1).and_then(|rest| rest.split('"').next());
    /// assert!(width.is_some_and(|width| width.parse::<u32>().is_ok_and(|width| width <= 880)));
    /// ```
    pub fn max_width(mut self, pixels: u32) -> Self {
        self.max_width = Some(pixels);
        self
    }

    /// Adds a node with the symbol in it and its name, either of which may be empty; returns its position in
    /// [`nodes`](Picture::nodes), where its other fields can be set.
    pub fn add_node(&mut self, kind: NodeKind, symbol: &str, name: &str) -> usize {
        let place = self.nodes.len();
        self.nodes.push(PictureNode {
            id: format!("n{place}"),
            kind,
            symbol: symbol.to_owned(),
            name: (!name.is_empty()).then(|| name.to_owned()),
            tooltip: format!("{symbol} {name}").trim().to_owned(),
            ..PictureNode::default()
        });
        place
    }

    /// Adds an arrow between two nodes, as the next operand of `to`. The texts above and below it can be set on the
    /// returned edge. O(arrows).
    pub fn add_edge(&mut self, from: usize, to: usize) -> &mut PictureEdge {
        let operand = self.edges.iter().filter(|edge| edge.to == to).count();
        let place = self.edges.len();
        self.edges.push(PictureEdge { from, to, operand, ..PictureEdge::default() });
        &mut self.edges[place]
    }

    /// Adds a frame around nodes, inside the frame of `parent` if one is given; returns its position in
    /// [`groups`](Picture::groups). Missing nodes are ignored.
    pub fn add_group(
        &mut self,
        label: &str,
        parent: Option<usize>,
        members: impl IntoIterator<Item = usize>,
    ) -> usize {
        let place = self.groups.len();
        self.groups.push(Group { id: format!("cluster_{place}"), label: label.to_owned(), parent });
        for member in members {
            if let Some(node) = self.nodes.get_mut(member) {
                node.group = Some(place);
            }
        }
        place
    }

    /// The edges between two existing, different nodes, with their positions in [`Picture::edges`].
    pub fn drawn_edges(&self) -> impl Iterator<Item = (usize, &PictureEdge)> {
        let count = self.nodes.len();
        self.edges
            .iter()
            .enumerate()
            .filter(move |(_, edge)| edge.from < count && edge.to < count && edge.from != edge.to)
    }

    /// How many drawn arrows leave each node.
    pub fn consumer_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.nodes.len()];
        for (_, edge) in self.drawn_edges() {
            counts[edge.from] += 1;
        }
        counts
    }

    /// The groups around a node, innermost first; an invalid parent, missing or not smaller, ends the list.
    pub fn groups_around(&self, node: usize) -> Vec<usize> {
        let mut around = Vec::new();
        let mut next = self.nodes.get(node).and_then(|node| node.group);
        let mut limit = self.groups.len();
        while let Some(group) = next.filter(|&group| group < limit) {
            around.push(group);
            limit = group;
            next = self.groups[group].parent;
        }
        around
    }

    /// The nodes in postorder: a depth-first search from the nodes without consumers, operands in order, as a formula is
    /// read. Iterative, since pictures may be deep.
    pub(crate) fn reading_order(&self) -> Vec<usize> {
        let count = self.nodes.len();
        let mut operands: Vec<Vec<(usize, usize)>> = vec![Vec::new(); count];
        for (_, edge) in self.drawn_edges() {
            operands[edge.to].push((edge.operand, edge.from));
        }
        for list in &mut operands {
            list.sort_unstable();
        }
        let consumers = self.consumer_counts();
        let ends = (0..count).filter(|&node| consumers[node] == 0);
        let mut order = Vec::with_capacity(count);
        let mut seen = vec![false; count];
        for root in ends.chain(0..count) {
            let mut stack = vec![(root, 0)];
            if std::mem::replace(&mut seen[root], true) {
                continue;
            }
            while let Some((node, next)) = stack.last_mut() {
                if let Some(&(_, operand)) = operands[*node].get(*next) {
                    *next += 1;
                    if !std::mem::replace(&mut seen[operand], true) {
                        stack.push((operand, 0));
                    }
                } else {
                    order.push(*node);
                    stack.pop();
                }
            }
        }
        order
    }
}
