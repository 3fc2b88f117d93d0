//! Ops by name: how a loaded graph finds them again.

use super::Op;
use crate::graph::{Attribute, Attributes, Graph, NodeId, OpRecord};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// An op that can be made from its attributes.
pub trait LoadOp: Op + Sized {
    /// The name it is found by; [`Op::name`] gives the same.
    const NAME: &'static str;

    /// The op with these attributes.
    ///
    /// # Errors
    ///
    /// A message naming the attribute that is missing or wrong.
    fn load(attributes: &Attributes) -> Result<Self, String>;

    /// Ops of this type that between them use every attribute, for tests.
    fn examples() -> Vec<Self>;
}

/// Makes an op of one type from its attributes.
pub(crate) type Loader = fn(&Attributes) -> Result<Arc<dyn Op>, String>;

/// A loader for a type of op.
pub(crate) fn loader<O: LoadOp>() -> Loader {
    |attributes| Ok(Arc::new(O::load(attributes)?))
}

/// An op at the end of a [stretch](Op::stretch), made from the nodes of a graph.
pub(crate) struct LoadedStretch {
    pub(crate) op: Arc<dyn Op>,
    /// How many nodes the stretch has.
    pub(crate) nodes: usize,
}

/// The op at the end of a stretch with a user's VJP, which is registered by its label.
pub(crate) const WITH_VJP: &str = "with_vjp";

/// Makes the op of a node that stands at the end of a stretch; it is given the graph, and the ops of the nodes before that one.
pub(crate) type StretchLoader = Arc<
    dyn Fn(&Graph, &dyn Fn(NodeId) -> Arc<dyn Op>, NodeId) -> Result<LoadedStretch, String> + Send + Sync,
>;

/// The ops that a graph may be loaded with. [`Registry::default`] has the built-in ones.
#[derive(Clone)]
pub struct Registry {
    ops: BTreeMap<&'static str, Loader>,
    /// By the op's name and its label.
    stretches: BTreeMap<(&'static str, String), StretchLoader>,
}

impl Registry {
    /// The ops of these names, each made by its loader.
    pub(crate) fn of(ops: impl IntoIterator<Item = (&'static str, Loader)>) -> Self {
        Self { ops: ops.into_iter().collect(), stretches: BTreeMap::new() }
    }

    /// With one more type of op; one of the same name is replaced.
    #[must_use]
    pub fn with<O: LoadOp>(mut self) -> Self {
        self.ops.insert(O::NAME, loader::<O>());
        self
    }

    /// With one more end of stretches.
    pub(crate) fn with_stretch(mut self, name: &'static str, label: &str, load: StretchLoader) -> Self {
        self.stretches.insert((name, label.to_owned()), load);
        self
    }

    /// How the op of a record is made from the graph, if it stands at the end of a stretch.
    pub(super) fn stretch(&self, record: &OpRecord) -> Result<Option<&StretchLoader>, String> {
        let label = match record.attributes.get("name") {
            Some(Attribute::Text(label)) => label.as_str(),
            _ => "",
        };
        let own = |((name, other), load): (&(&'static str, String), _)| {
            (*name == record.name && other == label).then_some(load)
        };
        match self.stretches.iter().find_map(own) {
            None if record.name == WITH_VJP => Err(format!(
                "there is no VJP `{}` in the registry; add it with `Registry::with_vjp`",
                crate::shown::shown(label, crate::shown::CELL)
            )),
            found => Ok(found),
        }
    }

    /// The names it knows, sorted: of ops that their attributes say all of.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.ops.keys().copied()
    }

    /// The op that a record names.
    ///
    /// # Errors
    ///
    /// A message if the name is not known or the attributes do not fit.
    pub fn load(&self, record: &OpRecord) -> Result<Arc<dyn Op>, String> {
        let load = self.ops.get(record.name.as_str()).ok_or_else(|| {
            format!("there is no op `{}` in the registry; add it with `Registry::with`", record.name)
        })?;
        load(&record.attributes).map_err(|problem| format!("op {record}: {problem}"))
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}
