//! Finding the slots of inputs: by var in the order of their nodes, by name in a map.

use super::slots::InputSlot;
use crate::error::{Error, Result, first_of};
use crate::graph::{Leaf, NodeId};
use crate::tape::{Var, not_fed};
use rustc_hash::FxHashMap;
use std::fmt;
use std::sync::OnceLock;

/// The slot of each name, collected when the first one is looked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct InputNames(OnceLock<FxHashMap<String, NameMatch>>);

/// The slots with a name.
#[derive(Debug, Clone, Copy)]
enum NameMatch {
    /// This one.
    One(usize),
    Several,
}

impl InputNames {
    fn get<T>(&self, slots: &[InputSlot<T>], name: &str) -> Option<NameMatch> {
        let names = self.0.get_or_init(|| {
            let mut names = FxHashMap::default();
            for (i, slot) in slots.iter().enumerate() {
                let named = names.entry(slot.name.clone());
                named.and_modify(|named| *named = NameMatch::Several).or_insert(NameMatch::One(i));
            }
            names
        });
        names.get(name).copied()
    }
}

/// How an input or an output is named: by its var, or by its name.
#[derive(Debug, Clone, Copy)]
pub enum Key<'a> {
    /// By its var, of the tape that the plan was compiled from.
    Var(Var<'a>),
    /// By its name, if only one has it.
    Name(&'a str),
}

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Var(var) => write!(f, "{var:?}"),
            Self::Name(name) => write!(f, "`{name}`"),
        }
    }
}

impl<'a> From<Var<'a>> for Key<'a> {
    fn from(var: Var<'a>) -> Self {
        Self::Var(var)
    }
}

impl<'a> From<&'a str> for Key<'a> {
    fn from(name: &'a str) -> Self {
        Self::Name(name)
    }
}

/// The slot of a node among inputs, which are in the order of their nodes.
pub(crate) fn by_node<T>(slots: &[InputSlot<T>], node: NodeId) -> Option<usize> {
    slots.binary_search_by_key(&node, |slot| slot.id).ok()
}

/// The slot that a key names among inputs of one kind.
pub(crate) fn find<T>(
    what: &'static str,
    kind: Leaf,
    key: Key<'_>,
    slots: &[InputSlot<T>],
    names: &InputNames,
) -> Result<usize> {
    let found = match key {
        Key::Var(var) => by_node(slots, var.id()).map(NameMatch::One),
        Key::Name(name) => names.get(slots, name),
    };
    let kind_name = if kind == Leaf::Index { "index input" } else { "input" };
    let wanted = match (key, found) {
        (_, Some(NameMatch::One(slot))) => return Ok(slot),
        (Key::Var(var), _) => {
            check_leaf(what, kind, var)?;
            format!("{kind_name} {} that the plan reads", var.id())
        }
        (Key::Name(name), None) => format!("{kind_name} `{name}` that the plan reads"),
        (Key::Name(name), Some(NameMatch::Several)) => {
            format!(
                "single {kind_name} `{name}`, since several that the plan reads have this name: give the var"
            )
        }
    };
    let present = first_of(slots.iter().map(|slot| format!("{} `{}`", slot.id, slot.name)));
    Err(Error::Unknown { what, wanted, present })
}

/// That a var is a leaf of a kind, whether the plan reads it or not.
fn check_leaf(what: &'static str, kind: Leaf, var: Var<'_>) -> Result<()> {
    let graph = var.tape().graph();
    let node = graph.node(var.id());
    match not_fed(&graph, var.id(), &[kind]) {
        None => Ok(()),
        Some(expected) => Err(Error::Feed {
            what,
            leaf: graph.describe(var.id()),
            expected,
            found: "a value for it".to_owned(),
            location: node.place(),
        }),
    }
}
