//! The texts of a picture prepared for display: cut to a readable length, without characters that readers reject, and with
//! unique ids.
//!
//! Pictures of graphs are made of such texts. Exporters prepare them again, since a picture may also come from a file or
//! be made by hand.

use crate::model::details::{Details, Histogram};
use crate::model::picture::{Group, Picture, PictureEdge, PictureNode};
use chainrule_base::shown::{DRAWN, LIST, TOLD, shown, shown_lines};
use std::borrow::Cow;
use std::collections::BTreeSet;

fn trim(text: &mut String, longest: usize) {
    if let Cow::Owned(cut) = shown(text, longest) {
        *text = cut;
    }
}

fn trim_lines(text: &mut String, longest: usize) {
    if let Cow::Owned(cut) = shown_lines(text, longest) {
        *text = cut;
    }
}

fn trim_all<'a>(texts: impl IntoIterator<Item = &'a mut String>, longest: usize) {
    texts.into_iter().for_each(|text| trim(text, longest));
}

impl Picture {
    /// The picture with all texts prepared for display, as every exporter does first: cut to a bounded length, and `�` for
    /// characters that terminals, Graphviz or XML readers interpret or reject. An id that is empty, too long, taken or not
    /// plain text is replaced by a unique one.
    pub fn for_display(&self) -> Picture {
        let mut picture = Picture {
            title: shown_lines(&self.title, TOLD).into_owned(),
            direction: self.direction,
            max_width: self.max_width,
            nodes: self.nodes.iter().cloned().map(PictureNode::for_display).collect(),
            edges: self.edges.iter().cloned().map(PictureEdge::for_display).collect(),
            groups: self.groups.iter().cloned().map(Group::for_display).collect(),
        };
        distinct_ids(picture.nodes.iter_mut().map(|node| &mut node.id), "node");
        distinct_ids(picture.groups.iter_mut().map(|group| &mut group.id), "cluster");
        picture
    }
}

/// Makes ids unique: one that is taken or not plain text becomes `word` and its position.
fn distinct_ids<'a>(ids: impl Iterator<Item = &'a mut String>, word: &str) {
    // The bare word is never an id.
    let mut taken: BTreeSet<String> = BTreeSet::from([word.to_owned()]);
    let mut others = Vec::new();
    for (at, id) in ids.enumerate() {
        let plain = !id.is_empty() && shown(id, DRAWN) == *id && !id.contains(['\u{fffd}', '…']);
        if !(plain && taken.insert(id.clone())) {
            others.push((at, id));
        }
    }
    for (at, id) in others {
        *id = word.to_owned();
        disambiguate(id, at, &mut taken);
    }
}

/// Makes a word that is taken unique by appending its position.
pub(crate) fn disambiguate(word: &mut String, place: usize, taken: &mut BTreeSet<String>) {
    if !taken.insert(word.clone()) {
        word.push_str(&format!("_{place}"));
        while !taken.insert(word.clone()) {
            word.push('_');
        }
    }
}

impl PictureNode {
    /// The node with its texts prepared for display.
    pub fn for_display(mut self) -> PictureNode {
        let drawn = [&mut self.name, &mut self.shape, &mut self.value, &mut self.gradient, &mut self.note];
        trim_all(drawn.into_iter().flatten().chain([&mut self.symbol]).chain(&mut self.of), DRAWN);
        trim_lines(&mut self.tooltip, TOLD);
        if let Some(known) = &mut self.details {
            known.trim();
        }
        self
    }
}

impl Details {
    fn trim(&mut self) {
        let whole = [&mut self.op, &mut self.formula, &mut self.scope, &mut self.opens];
        let rules = self.rules.iter_mut().map(|(_, said)| said);
        trim_all(whole.into_iter().chain(&mut self.source).chain(rules), TOLD);
        self.findings.iter_mut().for_each(|said| trim_lines(said, TOLD));
        trim(&mut self.shape, LIST);
        let constants = self.constants.iter_mut().map(|(_, said)| said);
        trim_all(constants.chain(&mut self.members), DRAWN);
        for Histogram { low, high, .. } in [&mut self.values, &mut self.gradients].into_iter().flatten() {
            trim_all([low, high], DRAWN);
        }
    }
}

impl PictureEdge {
    /// The arrow with its texts prepared for display.
    pub fn for_display(mut self) -> PictureEdge {
        trim_all([&mut self.value, &mut self.gradient].into_iter().flatten(), DRAWN);
        self
    }
}

impl Group {
    /// The group with its label prepared for display.
    pub fn for_display(mut self) -> Group {
        trim(&mut self.label, DRAWN);
        self
    }
}

/// The key of a group that can be expanded: its name, prepared for display as in [`Details::opens`]. Names are compared by
/// their keys, so that a long name is found again after a picture was exported.
pub fn group_key(name: &str) -> String {
    shown(name, TOLD).into_owned()
}
