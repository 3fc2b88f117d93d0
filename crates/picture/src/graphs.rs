//! Pictures of petgraph's graphs.

use crate::model::picture::{NodeKind, Picture, PictureEdge, PictureNode};
use petgraph::visit::{EdgeRef, IntoEdgeReferences, IntoNodeReferences, NodeIndexable, NodeRef};
use rustc_hash::FxHashMap;

impl Picture {
    /// A picture of any graph of [`petgraph`], by its visit traits: every node is a box and every edge an arrow, and two
    /// closures write the texts on them. Needs the feature `petgraph`.
    ///
    /// Positions in [`nodes`](Picture::nodes) are those of `node_references`; ids are `n` with the node's index. An arrow has a
    /// text on either side, `value` above and `gradient` below. For frames, see [`clustered`](Self::clustered) and
    /// [`add_group`](Self::add_group); for what changed between two graphs, [`compared_with`](Self::compared_with). O(nodes +
    /// edges).
    ///
    /// ```
    /// use chainrule_picture::Picture;
    /// use petgraph::Graph;
    ///
    /// let mut crates = Graph::<&str, f64>::new();
    /// let [base, picture, engine] = ["base", "picture", "engine"].map(|name| crates.add_node(name));
    /// crates.extend_with_edges([(base, picture, 0.4), (base, engine, 0.4), (picture, engine, 6.1)]);
    ///
    /// let svg = Picture::of_graph("crates", &crates, |(_, name), node| node.name = Some((*name).to_owned()), |edge, arrow| {
    ///     arrow.value = Some(format!("{} s", edge.weight()));
    /// })
    /// .to_svg();
    /// assert!(svg.contains("engine") && svg.contains("6.1 s"));
    /// ```
    pub fn of_graph<G>(
        title: impl Into<String>,
        graph: G,
        mut node: impl FnMut((G::NodeId, &G::NodeWeight), &mut PictureNode),
        mut edge: impl FnMut(G::EdgeRef, &mut PictureEdge),
    ) -> Picture
    where
        G: IntoNodeReferences + IntoEdgeReferences + NodeIndexable,
    {
        let mut picture = Picture::new(title);
        let mut places: FxHashMap<usize, usize> = FxHashMap::default();
        for known in graph.node_references() {
            let index = graph.to_index(known.id());
            let place = picture.add_node(NodeKind::Layer, "", "");
            places.insert(index, place);
            let drawn = &mut picture.nodes[place];
            drawn.id = format!("n{index}");
            node((known.id(), known.weight()), drawn);
            if drawn.tooltip.is_empty() {
                drawn.tooltip = drawn.name.clone().unwrap_or_default();
            }
        }
        let mut operands = vec![0; picture.nodes.len()];
        for known in graph.edge_references() {
            let [from, to] = [known.source(), known.target()].map(|end| places[&graph.to_index(end)]);
            let mut arrow = PictureEdge { from, to, operand: operands[to], ..PictureEdge::default() };
            operands[to] += 1;
            edge(known, &mut arrow);
            picture.edges.push(arrow);
        }
        picture
    }
}
