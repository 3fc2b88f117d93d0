//! The built-in ops: each one block, or one row, in one file; the files are named below, and [`TABLE`] follows from them.
//!
//! In rules and formulas the letters are always the same: operands `x` (`x0`, `x1`, …), result `y`, cotangent `dy`.
//!
#![doc = include_str!("reference.md")]

mod along;
mod axes;
mod contract;
mod conv;
mod einsum;
mod elementwise;
mod entry;
#[cfg(feature = "linalg")]
mod linalg;
mod matmul;
mod operand;
mod random;
mod shapes;

pub use axes::Axes;
#[cfg(feature = "onnx")]
pub(crate) use contract::product as matrix_product;
pub use conv::{ConvOptions, Padding, PerAxis, PoolOptions};
pub(crate) use elementwise::{Chain, CotangentTarget, RuleArguments, Scalar};
pub use entry::Entry;
pub use operand::IntoVar;

use crate::tape::{Loader, Registry};
use std::any::TypeId;

impl Default for Registry {
    fn default() -> Self {
        Self::of(LOADED).with_checkpoints()
    }
}

/// Whether a type of op is in the table: then its attributes say all of it, and its kernel takes all numbers but indices
/// that name nothing, and does not panic.
pub(crate) fn is_built_in(op: TypeId) -> bool {
    TYPES.iter().any(|type_id| type_id() == op)
}

/// Re-exports the ops of files, and puts them in the table.
macro_rules! table {
    ($($(#[$feature:meta])? $($part:ident)::+,)+) => {
        $($(#[$feature])? pub use $($part)::+::*;)+

        const FILES: &[&[Entry]] = &[$($(#[$feature])? $($part)::+::OPS),+];
    };
}

// The order of the list in the documentation.
table! {
    elementwise::known,
    elementwise::functions::exponentials,
    elementwise::functions::circular,
    elementwise::functions::hyperbolic,
    elementwise::functions::special,
    elementwise::functions::polygamma,
    elementwise::functions::sinc,
    elementwise::functions::rounding,
    elementwise::functions::activations,
    elementwise::power,
    elementwise::select,
    along::reduce,
    along::product,
    along::scan,
    along::order,
    along::index,
    along::quantile,
    shapes::like,
    shapes::views,
    shapes::dims,
    shapes::slice,
    shapes::add_slices,
    shapes::concat,
    shapes::arrange,
    shapes::diagonal,
    matmul,
    contract,
    #[cfg(feature = "linalg")]
    linalg::triangular,
    #[cfg(feature = "linalg")]
    linalg::cholesky,
    #[cfg(feature = "linalg")]
    linalg::solve,
    #[cfg(feature = "linalg")]
    linalg::det,
    #[cfg(feature = "linalg")]
    linalg::cofactor,
    #[cfg(feature = "linalg")]
    linalg::qr,
    #[cfg(feature = "linalg")]
    linalg::eigh,
    #[cfg(feature = "linalg")]
    linalg::svd,
    #[cfg(feature = "linalg")]
    linalg::pinv,
    #[cfg(feature = "linalg")]
    linalg::expm,
    conv::pad,
    conv::windows,
    conv::pool,
    along::softmax,
    along::cross_entropy,
    along::one_hot,
    random,
}

/// All built-in ops, which follow from the files named above. It drives loading, the gradient tests, the drawn symbols and
/// the list in the documentation.
pub const TABLE: &[Entry] = &joined::<{ count(FILES) }>(FILES);

/// How each op of the table is loaded, and its type: constants of their own, so that a program which loads graphs does not
/// carry the examples of the table.
const LOADED: [(&str, Loader); TABLE.len()] = {
    let mut all = [(TABLE[0].name, TABLE[0].load); TABLE.len()];
    let mut i = 1;
    while i < all.len() {
        all[i] = (TABLE[i].name, TABLE[i].load);
        i += 1;
    }
    all
};
const TYPES: [fn() -> TypeId; TABLE.len()] = {
    let mut all = [TABLE[0].type_id; TABLE.len()];
    let mut i = 1;
    while i < all.len() {
        all[i] = TABLE[i].type_id;
        i += 1;
    }
    all
};

const fn count(files: &[&[Entry]]) -> usize {
    let (mut count, mut k) = (0, 0);
    while k < files.len() {
        count += files[k].len();
        k += 1;
    }
    count
}

/// The parts one after another, `N` entries together.
const fn joined<const N: usize>(files: &[&[Entry]]) -> [Entry; N] {
    let mut all = [files[0][0]; N];
    let (mut k, mut at) = (0, 0);
    while k < files.len() {
        let mut i = 0;
        while i < files[k].len() {
            all[at] = files[k][i];
            (at, i) = (at + 1, i + 1);
        }
        k += 1;
    }
    all
}
