//! Pictures written to and read from JSON documents.

use crate::model::details::{Details, Histogram};
use crate::model::json::{Object, list, text};
use crate::model::picture::{Direction, Group, Picture, PictureEdge, PictureNode};

/// The version of the format, increased when readers of this one could misunderstand a document.
const VERSION: u32 = 1;

impl Picture {
    /// The picture as JSON, without any layout.
    ///
    /// It is the object that `serde` makes of a picture, preceded by a `version`: the fields of [`Picture`],
    /// [`PictureNode`], [`PictureEdge`], [`Group`], [`Details`] and [`Histogram`] under their own names; kinds, marks and
    /// directions in snake case. A field that is none or empty may be omitted, except for the texts and lists that a node,
    /// an edge or a group always has. `from`, `to`, `group` and `parent` are positions in the lists `nodes` and `groups`.
    /// Numbers are text, formatted as in the drawing.
    ///
    /// ```json
    /// {"version":1,"title":"","direction":"left_to_right","nodes":[
    /// {"id":"n0","kind":"input","symbol":"","name":"x","backward":false,"tooltip":"n0 input `x`"},
    /// {"id":"n1","kind":"op","symbol":"exp","value":"2.72","backward":false,"tooltip":"n1 exp"}
    /// ],"edges":[
    /// {"from":0,"to":1,"operand":0,"value":"1","backward":false}
    /// ],"groups":[]}
    /// ```
    ///
    /// A page of [`to_html`](Picture::to_html) holds other data, made for its script: the texts as they are drawn, cut if
    /// they are too long, with shapes where there are no numbers.
    ///
    /// The feature `json` adds `Picture::from_json`, which reads it back.
    ///
    /// ```
    /// # use chainrule_picture::{NodeKind, Picture};
    /// let mut picture = Picture::new("");
    /// let x = picture.add_node(NodeKind::Input, "", "x");
    /// let exp = picture.add_node(NodeKind::Op, "exp", "");
    /// picture.add_edge(x, exp);
    /// let json = picture.to_json();
    /// assert!(json.starts_with("{\"version\":1,") && json.contains("\"symbol\":\"exp\""));
    /// # Ok::<(), chainrule_picture::Error>(())
    /// ```
    pub fn to_json(&self) -> String {
        let Picture { title, direction, nodes, edges, groups, max_width } = self;
        let direction = match direction {
            Direction::LeftToRight => "left_to_right",
            Direction::TopToBottom => "top_to_bottom",
        };
        let head = Object::default()
            .raw("version", VERSION)
            .raw("title", text(title))
            .raw("direction", text(direction));
        let mut json = max_width
            .iter()
            .fold(head, |head, width| head.raw("max_width", width))
            .raw("nodes", lines(nodes.iter().map(node)))
            .raw("edges", lines(edges.iter().map(edge)))
            .raw("groups", lines(groups.iter().map(group)))
            .end();
        json.push('\n');
        json
    }
}

/// A list with a line for each of its items.
fn lines(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    if items.is_empty() { "[]".to_owned() } else { format!("[\n{}\n]", items.join(",\n")) }
}

/// An optional text; an empty one is written too.
fn given(object: Object, key: &str, value: &Option<String>) -> Object {
    value.iter().fold(object, |object, value| object.raw(key, text(value)))
}

fn position(object: Object, key: &str, value: Option<usize>) -> Object {
    value.into_iter().fold(object, |object, value| object.raw(key, value))
}

fn node(node: &PictureNode) -> String {
    let PictureNode {
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
        note,
        of,
        mark,
        details: known,
    } = node;
    let object =
        Object::default().raw("id", text(id)).raw("kind", text(kind.word())).raw("symbol", text(symbol));
    let object = given(given(object, "name", name), "shape", shape);
    let object = given(given(object, "value", value), "gradient", gradient);
    let object = position(object, "group", *group).raw("backward", backward).raw("tooltip", text(tooltip));
    let object = given(given(object, "note", note), "of", of).some("mark", mark.map(|mark| mark.word()));
    known.iter().fold(object, |object, known| object.raw("details", details(known))).end()
}

fn edge(edge: &PictureEdge) -> String {
    let PictureEdge { from, to, operand, value, gradient, backward, wrong, mark } = edge;
    let object = Object::default().raw("from", from).raw("to", to).raw("operand", operand);
    let object = given(given(object, "value", value), "gradient", gradient);
    object.raw("backward", backward).flag("wrong", *wrong).some("mark", mark.map(|mark| mark.word())).end()
}

fn group(group: &Group) -> String {
    let Group { id, label, parent } = group;
    position(Object::default().raw("id", text(id)).raw("label", text(label)), "parent", *parent).end()
}

fn details(known: &Details) -> String {
    let Details {
        op,
        formula,
        shape,
        scope,
        source,
        constants,
        rules,
        findings,
        members,
        nodes,
        parameters,
        times,
        opens,
        marks,
        values,
        gradients,
    } = known;
    let by_operand = |(operand, said): &(usize, String)| format!("[{operand},{}]", text(said));
    let object =
        Object::default().text("op", op).text("formula", formula).text("shape", shape).text("scope", scope);
    let object = given(object, "source", source)
        .all("constants", constants, by_operand)
        .all("rules", rules, by_operand)
        .all("findings", findings, |said| text(said))
        .all("members", members, |id| text(id));
    let counts = [("nodes", nodes), ("parameters", parameters), ("times", times)].into_iter();
    let object = counts.filter(|&(_, &n)| n > 0).fold(object, |object, (key, n)| object.raw(key, n));
    let object = object
        .text("opens", opens)
        .all("marks", marks, |(mark, count)| format!("[{},{count}]", text(mark.word())));
    let bins = |object: Object, key, bins: &Option<Histogram>| {
        bins.iter().fold(object, |object, bins| object.raw(key, histogram(bins)))
    };
    bins(bins(object, "values", values), "gradients", gradients).end()
}

fn histogram(bins: &Histogram) -> String {
    let Histogram { low, high, counts, zeros, not_finite } = bins;
    Object::default()
        .raw("low", text(low))
        .raw("high", text(high))
        .raw("counts", list(counts.iter().map(usize::to_string)))
        .raw("zeros", zeros)
        .raw("not_finite", not_finite)
        .end()
}

#[cfg(feature = "json")]
mod reading {
    use super::{Picture, VERSION};
    use chainrule_base::error::{Error, Result};
    use serde::Deserialize;
    use std::collections::BTreeSet;

    #[derive(Deserialize)]
    struct Document {
        version: u32,
    }

    impl Picture {
        /// Reads a document of [`to_json`](Picture::to_json). Unknown fields are ignored. Needs the feature `json`.
        ///
        /// ```
        /// # use chainrule_picture::{NodeKind, Picture};
        /// let mut picture = Picture::new("");
        /// let x = picture.add_node(NodeKind::Input, "", "x");
        /// let exp = picture.add_node(NodeKind::Op, "exp", "");
        /// picture.add_edge(x, exp);
        /// assert_eq!(Picture::from_json(picture.to_json())?, picture);
        /// assert!(Picture::from_json("{\"version\":1,\"nodes\":[").is_err());
        /// # Ok::<(), chainrule_picture::Error>(())
        /// ```
        ///
        /// # Errors
        ///
        /// If the bytes are not such a document, or of another version; if ids of nodes or groups are not unique; if a
        /// reference to a node or group does not exist, or a parent does not stand before its group; if two edges are the
        /// same operand of one node.
        pub fn from_json(json: impl AsRef<[u8]>) -> Result<Picture> {
            let json = json.as_ref();
            let Document { version } = serde_json::from_slice(json).map_err(|e| refused(e.to_string()))?;
            if version != VERSION {
                return Err(refused(format!("its version is {version}, and {VERSION} is what can be read")));
            }
            let picture: Picture = serde_json::from_slice(json).map_err(|e| refused(e.to_string()))?;
            check(&picture).map_err(refused)?;
            Ok(picture)
        }
    }

    /// Checks that ids are unique and references valid.
    fn check(picture: &Picture) -> std::result::Result<(), String> {
        let Picture { title: _, direction: _, nodes, edges, groups, max_width: _ } = picture;
        let place = |list: &str, at: usize, problem: String| Err(format!("{list}[{at}]: {problem}"));
        let mut ids = BTreeSet::new();
        for (at, node) in nodes.iter().enumerate() {
            if !ids.insert(&node.id) {
                return place("nodes", at, format!("the id {:?} is that of another node", node.id));
            }
            if let Some(group) = node.group.filter(|&group| group >= groups.len()) {
                return place("nodes", at, format!("there is no group {group} among {}", groups.len()));
            }
        }
        let mut ids = BTreeSet::new();
        for (at, group) in groups.iter().enumerate() {
            if !ids.insert(&group.id) {
                return place("groups", at, format!("the id {:?} is that of another group", group.id));
            }
            if let Some(parent) = group.parent.filter(|&parent| parent >= at) {
                return place("groups", at, format!("its parent {parent} does not stand before it"));
            }
        }
        let mut operands = BTreeSet::new();
        for (at, edge) in edges.iter().enumerate() {
            for end in [edge.from, edge.to] {
                if end >= nodes.len() {
                    return place("edges", at, format!("there is no node {end} among {}", nodes.len()));
                }
            }
            if !operands.insert((edge.to, edge.operand)) {
                return place(
                    "edges",
                    at,
                    format!("node {} has its operand {} twice", edge.to, edge.operand),
                );
            }
        }
        Ok(())
    }

    fn refused(problem: String) -> Error {
        Error::Argument { what: "picture from JSON", problem }
    }
}
