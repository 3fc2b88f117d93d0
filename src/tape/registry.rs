//! Ops by name: how a loaded graph finds them again.

use super::Op;
use crate::graph::{Attributes, OpRecord};
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

/// The ops that a graph may be loaded with. [`Registry::default`] has the built-in ones.
#[derive(Clone)]
pub struct Registry(BTreeMap<&'static str, Loader>);

impl Registry {
    /// The ops of these names, each made by its loader.
    pub(crate) fn of(ops: impl IntoIterator<Item = (&'static str, Loader)>) -> Self {
        Self(ops.into_iter().collect())
    }

    /// With one more type of op; one of the same name is replaced.
    #[must_use]
    pub fn with<O: LoadOp>(mut self) -> Self {
        self.0.insert(O::NAME, loader::<O>());
        self
    }

    /// The names it knows, sorted.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }

    /// The op that a record names.
    ///
    /// # Errors
    ///
    /// A message if the name is not known or the attributes do not fit.
    pub fn load(&self, record: &OpRecord) -> Result<Arc<dyn Op>, String> {
        let load = self.0.get(record.name.as_str()).ok_or_else(|| {
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
