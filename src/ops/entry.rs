//! A line of the table of ops, and what a file of ops says of them.

use crate::tape::op::Op;
use crate::tape::{LoadOp, Loader, loader};
use std::any::TypeId;
use std::sync::Arc;

/// The settings of a file's ops, and its part of [`TABLE`]: `Type, "name", [fields], [examples];` for each.
macro_rules! built_in {
    ($($op:ident, $name:expr $(, [$($field:ident),*], $examples:expr)?;)+) => {
        $($crate::op_settings!($op, $name $(, [$($field),*], $examples)?);)+

        /// The ops of this file.
        pub(in crate::ops) const OPS: &[$crate::ops::entry::Entry] = &[$($crate::ops::entry::entry::<$op>()),+];
    };
}
pub(super) use built_in;

/// A line of the table of ops.
#[derive(Clone, Copy)]
pub struct Entry {
    /// The op's name.
    pub name: &'static str,
    pub(crate) load: Loader,
    pub(super) type_id: fn() -> TypeId,
    /// Ops of this type that between them use every attribute, each with sample operands.
    pub examples: fn() -> Vec<Arc<dyn Op>>,
}

pub(super) const fn entry<O: LoadOp>() -> Entry {
    Entry {
        name: O::NAME,
        load: loader_of::<O>,
        type_id: TypeId::of::<O>,
        examples: || O::examples().into_iter().map(|op| Arc::new(op) as Arc<dyn Op>).collect(),
    }
}

fn loader_of<O: LoadOp>(attributes: &crate::graph::Attributes) -> Result<Arc<dyn Op>, String> {
    loader::<O>()(attributes)
}
