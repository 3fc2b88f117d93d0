//! Frames by name, and comparisons of two pictures.

use crate::model::mark::Mark;
use crate::model::nesting::MAX_FRAME_DEPTH;
use crate::model::picture::{Picture, PictureEdge, PictureNode};
use rustc_hash::{FxHashMap, FxHashSet};

impl Picture {
    /// The picture with a frame around the nodes of each path, as folders hold files: `a/b` is the frame `b` inside the frame
    /// `a`, and an empty path is outside of all frames. Earlier frames are replaced.
    ///
    /// ```
    /// # use chainrule_picture::{NodeKind, Picture};
    /// let mut picture = Picture::new("");
    /// for name in ["net/conv1/weight", "net/conv2/weight", "loss"] {
    ///     picture.add_node(NodeKind::Layer, "", name);
    /// }
    /// let folder = |name: &str| name.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    /// let picture = picture.clustered(|node| folder(node.name.as_deref().unwrap_or("")));
    /// let labels: Vec<&str> = picture.groups.iter().map(|group| group.label.as_str()).collect();
    /// assert_eq!(labels, ["net", "conv1", "conv2"]);
    /// ```
    pub fn clustered(mut self, mut path: impl FnMut(&PictureNode) -> String) -> Picture {
        self.groups.clear();
        let mut known: FxHashMap<String, usize> = FxHashMap::default();
        for place in 0..self.nodes.len() {
            let path = path(&self.nodes[place]);
            let mut parent = None;
            let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
            for end in ends.filter(|&end| end > 0).take(MAX_FRAME_DEPTH) {
                parent = Some(match known.get(&path[..end]) {
                    Some(&group) => group,
                    None => {
                        let label = path[..end].rsplit('/').next().unwrap_or_default().to_owned();
                        let group = self.add_group(&label, parent, []);
                        known.insert(path[..end].to_owned(), group);
                        group
                    }
                });
            }
            self.nodes[place].group = parent;
        }
        self
    }

    /// This picture and a later one as one, with marks on what was added, removed and changed: nodes are the same if their
    /// ids are, arrows if their ends are. A changed text says both: `12 kB → 14 kB`. A removed arrow keeps its texts.
    ///
    /// ```
    /// # use chainrule_picture::{Mark, NodeKind, Picture};
    /// let build = |names: &[&str]| {
    ///     let mut picture = Picture::new("a build");
    ///     let steps: Vec<usize> = names.iter().map(|name| picture.add_node(NodeKind::Layer, "", name)).collect();
    ///     steps.windows(2).for_each(|pair| drop(picture.add_edge(pair[0], pair[1]).value.insert("1 s".to_owned())));
    ///     for (node, name) in picture.nodes.iter_mut().zip(names) {
    ///         node.id = (*name).to_owned();
    ///     }
    ///     picture
    /// };
    /// let both = build(&["parse", "lower", "link"]).compared_with(&build(&["parse", "check", "link"]));
    /// let marks: Vec<(&str, Option<Mark>)> = both.nodes.iter().map(|node| (node.id.as_str(), node.mark)).collect();
    /// let (added, removed) = (Some(Mark::Added), Some(Mark::Removed));
    /// assert_eq!(marks, [("parse", None), ("check", added), ("link", None), ("lower", removed)]);
    /// ```
    pub fn compared_with(&self, later: &Picture) -> Picture {
        let mut both = later.clone();
        let places: FxHashMap<&str, usize> =
            later.nodes.iter().enumerate().map(|(place, node)| (node.id.as_str(), place)).collect();
        // Removed nodes stand in the frame of their old path, if it is still there.
        let later_paths: FxHashMap<String, usize> =
            (0..later.groups.len()).map(|group| (later.path_of(group), group)).collect();
        let mut place_of = Vec::with_capacity(self.nodes.len());
        let mut kept = FxHashSet::default();
        for node in &self.nodes {
            match places.get(node.id.as_str()) {
                Some(&place) => {
                    kept.insert(place);
                    place_of.push(place);
                    let new = &mut both.nodes[place];
                    let texts = [(&node.name, &mut new.name), (&node.shape, &mut new.shape)];
                    let more = [(&node.note, &mut new.note), (&node.value, &mut new.value)];
                    let changed = texts.into_iter().chain(more).map(|(old, new)| joined(old, new));
                    let changed =
                        changed.fold(node.symbol != new.symbol || node.kind != new.kind, |a, b| a | b);
                    new.mark = changed.then_some(Mark::Changed);
                }
                None => {
                    place_of.push(both.nodes.len());
                    let group = node.group.filter(|&group| group < self.groups.len());
                    let group = group.and_then(|group| later_paths.get(&self.path_of(group)).copied());
                    both.nodes.push(PictureNode { mark: Some(Mark::Removed), group, ..node.clone() });
                }
            }
        }
        let added = (0..later.nodes.len()).filter(|place| !kept.contains(place));
        added.for_each(|place| both.nodes[place].mark = Some(Mark::Added));
        // Arrows between the same ends are matched in their order.
        let mut arrows: FxHashMap<(usize, usize), Vec<usize>> = FxHashMap::default();
        for (index, edge) in later.drawn_edges() {
            arrows.entry((edge.from, edge.to)).or_default().push(index);
        }
        arrows.values_mut().for_each(|list| list.reverse());
        both.edges.iter_mut().for_each(|edge| edge.mark = Some(Mark::Added));
        let mut operands: FxHashMap<usize, usize> = FxHashMap::default();
        for edge in &later.edges {
            let next = operands.entry(edge.to).or_default();
            *next = (*next).max(edge.operand + 1);
        }
        for (_, edge) in self.drawn_edges() {
            let ends = (place_of[edge.from], place_of[edge.to]);
            if let Some(index) = arrows.get_mut(&ends).and_then(Vec::pop) {
                let new = &mut both.edges[index];
                let value = joined(&edge.value, &mut new.value);
                let changed = joined(&edge.gradient, &mut new.gradient) | value;
                new.mark = changed.then_some(Mark::Changed);
            } else {
                let operand = operands.entry(ends.1).or_default();
                let (from, to) = ends;
                both.edges.push(PictureEdge {
                    from,
                    to,
                    operand: *operand,
                    mark: Some(Mark::Removed),
                    ..edge.clone()
                });
                *operand += 1;
            }
        }
        both
    }
}

impl Picture {
    /// The labels of a group and of those around it.
    fn path_of(&self, group: usize) -> String {
        let mut labels = Vec::new();
        let mut next = Some(group);
        while let Some(at) = next {
            labels.push(self.groups[at].label.as_str());
            next = self.groups[at].parent.filter(|&parent| parent < at);
        }
        labels.reverse();
        labels.join("/")
    }
}

/// Makes a text say what it was before, if it differs; whether it does.
fn joined(old: &Option<String>, new: &mut Option<String>) -> bool {
    let differs = old != new;
    if differs {
        let say = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
        *new = Some(format!("{} → {}", say(old), say(new)));
    }
    differs
}
