//! Finding the inputs of a plan: by var in the order of their nodes, by name in a map.

use super::{InputSlot, Key, Plan};
use crate::error::{Error, Result, first_of};
use crate::graph::{Leaf, NodeId};
use crate::tape::{Precision, Var, not_fed};
use rustc_hash::FxHashMap;
use std::sync::OnceLock;

/// Where the inputs of each name are, made when the first one is looked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names(OnceLock<FxHashMap<String, Named>>);

/// What has a name.
#[derive(Debug, Clone, Copy)]
enum Named {
    /// The input at this place.
    One(usize),
    Several,
}

impl Names {
    fn get<T>(&self, slots: &[InputSlot<T>], name: &str) -> Option<Named> {
        let names = self.0.get_or_init(|| {
            let mut names = FxHashMap::default();
            for (place, slot) in slots.iter().enumerate() {
                let named = names.entry(slot.name.clone());
                named.and_modify(|named| *named = Named::Several).or_insert(Named::One(place));
            }
            names
        });
        names.get(name).copied()
    }
}

impl<F: Precision> Plan<F> {
    /// The place of an input of real numbers.
    #[track_caller]
    pub(crate) fn place_of_input(&self, what: &'static str, key: Key<'_>) -> Result<usize> {
        self.check_tape(key)?;
        find(what, Leaf::Input, key, &self.inputs, &self.names)
    }

    /// The place of an index input.
    #[track_caller]
    pub(crate) fn place_of_index(&self, what: &'static str, key: Key<'_>) -> Result<usize> {
        self.check_tape(key)?;
        find(what, Leaf::Index, key, &self.indices, &self.index_names)
    }

    /// The place of a node among the inputs, if the plan reads it as one.
    pub(crate) fn slot(&self, node: NodeId) -> Option<usize> {
        by_node(&self.inputs, node)
    }

    /// The numbers of the input at a place, in row-major order.
    pub(crate) fn slot_mut(&mut self, slot: usize) -> &mut [F] {
        &mut self.inputs[slot].values
    }

    /// That a var is of the tape that the plan was compiled from.
    #[track_caller]
    fn check_tape(&self, key: Key<'_>) -> Result<()> {
        match key {
            Key::Var(var) if !var.is_of(&self.lineage) => Err(Error::MixedTapes {
                what: "feed",
                var: format!("{var:?}"),
                other: "the one that the plan was compiled from".to_owned(),
                location: std::panic::Location::caller().into(),
            }),
            _ => Ok(()),
        }
    }
}

/// The place of a node among inputs, which are in the order of their nodes.
fn by_node<T>(slots: &[InputSlot<T>], node: NodeId) -> Option<usize> {
    slots.binary_search_by_key(&node, |slot| slot.id).ok()
}

/// The place that a key names among inputs of one kind.
fn find<T>(
    what: &'static str,
    kind: Leaf,
    key: Key<'_>,
    slots: &[InputSlot<T>],
    names: &Names,
) -> Result<usize> {
    let found = match key {
        Key::Var(var) => by_node(slots, var.id()).map(Named::One),
        Key::Name(name) => names.get(slots, name),
    };
    let kind_name = if kind == Leaf::Index { "index input" } else { "input" };
    let wanted = match (key, found) {
        (_, Some(Named::One(place))) => return Ok(place),
        (Key::Var(var), _) => {
            check_leaf(what, kind, var)?;
            format!("{kind_name} {} that the plan reads", var.id())
        }
        (Key::Name(name), None) => format!("{kind_name} `{name}` that the plan reads"),
        (Key::Name(name), Some(Named::Several)) => {
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
