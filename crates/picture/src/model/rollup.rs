//! Pictures made smaller: groups become boxes, and where there are none, runs of nodes do.

use crate::model::nesting::Nesting;
use crate::model::number::grouped;
use crate::model::picture::{NodeKind, Picture, PictureEdge, PictureNode};
use rustc_hash::FxHashMap;

/// How many boxes are tried for nodes without groups, one number after the other.
const BOXES: [usize; 4] = [120, 60, 30, 12];

impl Picture {
    /// The picture with as few groups closed, innermost first, as make it fit; if it does not fit with all groups closed,
    /// neighbours in the order of [`nodes`](Picture::nodes) are put into boxes. The boxes say how many nodes they hold.
    ///
    /// O(nodes + arrows) for each depth of groups.
    pub(crate) fn rolled_up(&self, fits: impl Fn(&Picture) -> bool) -> Picture {
        let nesting = Nesting::of(self);
        let deepest = nesting.depths().iter().max().map_or(0, |depth| depth + 1);
        let mut smallest = None;
        for depth in (0..deepest).rev() {
            let closed = |node: usize| {
                let group = self.group_of(node).filter(|&group| nesting.depths()[group] >= depth)?;
                Some(nesting.at_depth(group, depth))
            };
            let boxes: Vec<Option<usize>> = (0..self.nodes.len()).map(closed).collect();
            let picture = self.contracted(&boxes, |group| self.groups[group].label.clone());
            if fits(&picture) {
                return picture;
            }
            smallest = Some(picture);
        }
        let picture = smallest.unwrap_or_else(|| self.clone());
        let count = picture.nodes.len();
        let mut last = picture.clone();
        for boxes in BOXES.into_iter().filter(|&boxes| boxes < count) {
            let length = count.div_ceil(boxes);
            let of: Vec<Option<usize>> = (0..count).map(|node| Some(node / length)).collect();
            last = picture.contracted(&of, |part| format!("part {}", part + 1));
            if fits(&last) {
                break;
            }
        }
        last
    }

    /// The picture with the nodes of each box as one node; nodes without a box stay.
    fn contracted(&self, boxes: &[Option<usize>], label: impl Fn(usize) -> String) -> Picture {
        let mut picture =
            Picture { groups: self.groups.clone(), nodes: Vec::new(), edges: Vec::new(), ..self.clone() };
        let mut place_of_box: FxHashMap<usize, usize> = FxHashMap::default();
        let mut places = Vec::with_capacity(self.nodes.len());
        let mut sizes: Vec<usize> = Vec::new();
        for (node, &within) in self.nodes.iter().zip(boxes) {
            let next = picture.nodes.len();
            let place = within.map_or(next, |within| *place_of_box.entry(within).or_insert(next));
            if place == next {
                let outer = within.and_then(|group| self.groups.get(group)).and_then(|group| group.parent);
                picture.nodes.push(match within {
                    Some(within) => PictureNode {
                        id: format!("box_{}", node.id),
                        kind: NodeKind::Layer,
                        name: Some(label(within)),
                        group: outer,
                        backward: node.backward,
                        ..PictureNode::default()
                    },
                    None => node.clone(),
                });
                sizes.push(0);
            }
            sizes[place] += 1;
            if within.is_some() {
                picture.nodes[place].backward &= node.backward;
                picture.nodes[place].mark = picture.nodes[place].mark.max(node.mark);
            }
            places.push(place);
        }
        for (node, &size) in picture.nodes.iter_mut().zip(&sizes) {
            if node.id.starts_with("box_") {
                let s = if size == 1 { "" } else { "s" };
                node.note = Some(format!("{} node{s}", grouped(size)));
            }
        }
        let mut known: FxHashMap<(usize, usize), (usize, usize)> = FxHashMap::default();
        let mut operands = vec![0; picture.nodes.len()];
        for (_, edge) in self.drawn_edges() {
            let (from, to) = (places[edge.from], places[edge.to]);
            if from == to {
                continue;
            }
            let is_box = [from, to].iter().any(|&end| picture.nodes[end].id.starts_with("box_"));
            if let Some((place, count)) = known.get_mut(&(from, to)).filter(|_| is_box) {
                *count += 1;
                let shared: &mut PictureEdge = &mut picture.edges[*place];
                (shared.value, shared.gradient) = (Some(format!("{} arrows", grouped(*count))), None);
                shared.wrong |= edge.wrong;
                shared.mark = shared.mark.max(edge.mark);
                continue;
            }
            known.insert((from, to), (picture.edges.len(), 1));
            picture.edges.push(PictureEdge { from, to, operand: operands[to], ..edge.clone() });
            operands[to] += 1;
        }
        picture
    }
}
