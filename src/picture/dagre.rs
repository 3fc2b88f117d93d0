//! The layout used by all exporters: ranks, order and places from the crate `dagre`, lines from [`route`](super::route).

use super::canvas;
use super::layout::{Drawing, Layout, Point, Rect};
use super::measure::{Size, Sizes};
use super::model::{Direction, Picture};
use super::route::{self, Placed};
use ::dagre::graph::{Graph, GraphOptions};
use ::dagre::layout::types::LabelPos;
use ::dagre::{EdgeLabel, LayoutOptions, NodeLabel, RankDir};

/// Layered drawing after Sugiyama, by the crate `dagre`.
#[derive(Debug, Clone, PartialEq)]
pub struct Dagre {
    /// Least distance between two nodes side by side.
    pub node_gap: f64,
    /// Least distance between two lines side by side.
    pub line_gap: f64,
    /// Room between two ranks, in which lines bend.
    pub rank_gap: f64,
}

impl Default for Dagre {
    fn default() -> Self {
        Dagre { node_gap: 18.0, line_gap: 10.0, rank_gap: 40.0 }
    }
}

impl Layout for Dagre {
    fn lay_out(&self, picture: &Picture, sizes: &Sizes) -> Drawing {
        // The layout always runs from left to right; a picture that runs downwards is mirrored at its diagonal.
        let downwards = picture.direction == Direction::TopToBottom;
        let turned = if downwards { &sizes.transposed() } else { sizes };
        let placed = with_room(|| self.best(picture, turned));
        let drawing = route::draw(picture, turned, &placed);
        canvas::finish(picture, if downwards { drawing.transposed() } else { drawing })
    }
}

/// Pictures with more nodes are placed in one way only.
const COMPARED: usize = 200;

impl Dagre {
    /// The best of several layouts, which differ in how ties are settled, each also upside down. A line that meets its
    /// node beside the wrong operand is as bad as two lines that cross.
    fn best(&self, picture: &Picture, sizes: &Sizes) -> Placed {
        let order = picture.reading_order();
        let first = self.place(picture, sizes, &order, true);
        if picture.nodes.len() > COMPARED {
            return first;
        }
        let backwards: Vec<usize> = order.iter().rev().copied().collect();
        let others = [(&order, false), (&backwards, true), (&backwards, false)];
        let others = others.into_iter().map(|(order, keep)| self.place(picture, sizes, order, keep));
        let all = std::iter::once(first)
            .chain(others)
            .flat_map(|placed| [placed.upside_down(), placed].into_iter().rev());
        let rated = all.map(|placed| (placed.faults(picture), placed));
        let best = rated.reduce(|best, next| if next.0 < best.0 { next } else { best });
        best.map(|(_, placed)| placed).unwrap_or_default()
    }

    fn place(&self, picture: &Picture, sizes: &Sizes, order: &[usize], keep_first: bool) -> Placed {
        let mut graph: Graph<NodeLabel, EdgeLabel> = Graph::with_options(GraphOptions {
            directed: true,
            multigraph: true,
            compound: !picture.groups.is_empty(),
        });
        let mut held = vec![false; picture.groups.len()];
        // Ties are settled in favour of the order in which nodes and edges are handed over.
        for &node in order {
            let Size { width, height } = sizes.nodes[node].all;
            graph.set_node(node_key(node), Some(NodeLabel { width, height, ..NodeLabel::default() }));
            let around = picture.groups_around(node);
            for &group in &around {
                if !held[group] {
                    held[group] = true;
                    graph.set_node(group_key(group), Some(NodeLabel::default()));
                }
            }
            if let Some(&inner) = around.first() {
                graph.set_parent(&node_key(node), Some(&group_key(inner)));
            }
            for pair in around.windows(2) {
                graph.set_parent(&group_key(pair[0]), Some(&group_key(pair[1])));
            }
        }
        let lengths = lengths(picture);
        let mut edges: Vec<(usize, usize, usize)> = Vec::new();
        let mut rank = vec![0; picture.nodes.len()];
        for (position, &node) in order.iter().enumerate() {
            rank[node] = position;
        }
        for (index, edge) in picture.drawn_edges() {
            edges.push((rank[edge.to], edge.operand, index));
        }
        edges.sort_unstable();
        for &(_, _, index) in &edges {
            let edge = &picture.edges[index];
            let Size { width, height } = sizes.labels[index].unwrap_or(Size { width: 20.0, height: 4.0 });
            let label = EdgeLabel {
                width,
                height,
                minlen: lengths[index],
                labelpos: LabelPos::Center,
                ..EdgeLabel::default()
            };
            graph.set_edge(node_key(edge.from), node_key(edge.to), Some(label), Some(&index.to_string()));
        }
        ::dagre::layout(
            &mut graph,
            Some(LayoutOptions {
                rankdir: RankDir::LR,
                nodesep: self.node_gap,
                edgesep: self.line_gap,
                ranksep: self.rank_gap,
                tie_keep_first: keep_first,
                ..LayoutOptions::default()
            }),
        );
        read_back(picture, &graph)
    }
}

/// Does work that recurses as deep as the picture is long, on a stack that is large enough for it.
fn with_room<T: Send>(work: impl Fn() -> T + Sync) -> T {
    const STACK: usize = 256 << 20;
    std::thread::scope(|scope| {
        match std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, &work) {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            // Where no thread can be had, the stack at hand has to do.
            Err(_) => work(),
        }
    })
}

/// Zero-padded, since ids are compared as text in places.
fn node_key(node: usize) -> String {
    format!("n{node:08}")
}

fn group_key(group: usize) -> String {
    format!("g{group:08}")
}

fn read_back(picture: &Picture, graph: &Graph<NodeLabel, EdgeLabel>) -> Placed {
    let centre = |label: &NodeLabel| Point { x: label.x.unwrap_or(0.0), y: label.y.unwrap_or(0.0) };
    let mut placed = Placed {
        nodes: (0..picture.nodes.len())
            .map(|node| graph.node(&node_key(node)).map(centre).unwrap_or_default())
            .collect(),
        groups: (0..picture.groups.len())
            .map(|group| graph.node(&group_key(group)).map(|g| Rect::around(centre(g), g.width, g.height)))
            .collect(),
        labels: vec![None; picture.edges.len()],
        bends: vec![Vec::new(); picture.edges.len()],
    };
    for (index, edge) in picture.drawn_edges() {
        let name = index.to_string();
        let Some(label) = graph.edge(&node_key(edge.from), &node_key(edge.to), Some(&name)) else {
            continue;
        };
        if let (Some(x), Some(y)) = (label.x, label.y) {
            placed.labels[index] = Some(Point { x, y });
        }
        // The first and last point lie on the boxes of the ends.
        let inner = label.points.len().saturating_sub(1);
        let points = label.points.iter().take(inner).skip(1);
        placed.bends[index] = points.map(|point| Point { x: point.x, y: point.y }).collect();
    }
    placed
}

/// How many ranks each edge spans at least. An edge that enters or leaves a group is as long as the way inside, so
/// that the other end stands beside the frame and not above or below it.
fn lengths(picture: &Picture) -> Vec<i32> {
    let order = picture.reading_order();
    let around: Vec<Vec<usize>> = (0..picture.nodes.len()).map(|node| picture.groups_around(node)).collect();
    let mut into: Vec<Vec<usize>> = vec![Vec::new(); picture.nodes.len()];
    let mut out = into.clone();
    for (index, edge) in picture.drawn_edges() {
        into[edge.to].push(index);
        out[edge.from].push(index);
    }
    let mut lengths = vec![1; picture.edges.len()];
    let mut depth = vec![0; picture.nodes.len()];
    for group in 0..picture.groups.len() {
        let inside = |node: usize| around[node].contains(&group);
        for forwards in [true, false] {
            let near = if forwards { &into } else { &out };
            let position = |step: usize| if forwards { order[step] } else { order[order.len() - 1 - step] };
            for node in (0..order.len()).map(position).filter(|&node| inside(node)) {
                let other =
                    |edge: usize| if forwards { picture.edges[edge].from } else { picture.edges[edge].to };
                let inner = near[node].iter().map(|&edge| other(edge)).filter(|&from| inside(from));
                depth[node] = inner.map(|from| depth[from] + 1).max().unwrap_or(0);
                for &edge in near[node].iter().filter(|&&edge| !inside(other(edge))) {
                    lengths[edge] = lengths[edge].max(depth[node] + 1);
                }
            }
        }
    }
    lengths
}
