//! The built-in ops: each one block in one file and one line in [`TABLE`].
//!
//! In rules and formulas the letters are always the same: operands `x` (`x0`, `x1`, …), result `y`, cotangent `dy`.

/// How ops without attributes are made from none.
macro_rules! without_attributes {
    ($($op:ident $name:expr),+ $(,)?) => {
        $(impl $crate::tape::LoadOp for $op {
            const NAME: &'static str = $name;

            fn load(_: &$crate::graph::Attributes) -> Result<Self, String> {
                Ok(Self)
            }

            fn examples() -> Vec<Self> {
                vec![Self]
            }
        })+
    };
}
use without_attributes;

mod axes;
mod chain;
mod concat;
mod cross_entropy;
mod dims;
mod elementwise;
mod like;
mod matmul;
mod number;
mod power;
mod pull;
mod reduce;
mod scalar;
mod select;
mod slice;
mod softmax;
mod views;

pub use axes::Axes;
pub(crate) use chain::Chain;
pub use concat::{Concat, Segment, Unsegment};
pub use cross_entropy::{CrossEntropy, CrossEntropyIndex, OneHot};
pub use dims::{ExpandDims, Squeeze};
pub use elementwise::{
    Abs, Add, Cos, Div, Equal, Exp, ExpM1, Greater, GreaterEqual, Less, LessEqual, Ln, Maximum, Minimum, Mul,
    Neg, NotEqual, Recip, Relu, Sigmoid, SigmoidGrad, Sin, Softplus, Sqrt, Square, Sub, Tanh, TanhGrad,
};
pub use like::{BroadcastLike, CountPer, ReshapeLike, SumTo, SumToLike};
pub use matmul::MatMul;
pub use power::{Powf, Powi};
pub(crate) use pull::{Given, Target};
pub use reduce::{LogSumExp, Max, Mean, Sum};
pub(crate) use scalar::Scalar;
pub use select::Where;
pub use slice::{Slice, Unslice};
pub use softmax::{LogSoftmax, Softmax};
pub use views::{BroadcastTo, Permute, Reshape, StopGradient};

use crate::tape::{LoadOp, Loader, Op, loader};
use std::any::TypeId;
use std::sync::Arc;

/// A line of the table of ops.
#[derive(Clone, Copy)]
pub struct Entry {
    /// The op's name.
    pub name: &'static str,
    pub(crate) load: Loader,
    type_id: fn() -> TypeId,
    /// Ops of this type that between them use every attribute, each with sample operands.
    pub examples: fn() -> Vec<Arc<dyn Op>>,
}

const fn entry<O: LoadOp>() -> Entry {
    Entry {
        name: O::NAME,
        load: loader_of::<O>,
        type_id: TypeId::of::<O>,
        examples: || O::examples().into_iter().map(|op| Arc::new(op) as Arc<dyn Op>).collect(),
    }
}

/// Whether a type of op is in the table: then its attributes say all of it, and its kernel takes all numbers but indices
/// that name nothing, and does not panic.
pub(crate) fn is_built_in(op: TypeId) -> bool {
    TABLE.iter().any(|entry| (entry.type_id)() == op)
}

fn loader_of<O: LoadOp>(attributes: &crate::graph::Attributes) -> Result<Arc<dyn Op>, String> {
    loader::<O>()(attributes)
}

/// All built-in ops. It drives loading, the gradient tests, the drawn symbols and the list in the documentation.
pub const TABLE: &[Entry] = &[
    // Arithmetic
    entry::<Add>(),
    entry::<Sub>(),
    entry::<Mul>(),
    entry::<Div>(),
    entry::<Neg>(),
    entry::<Recip>(),
    entry::<Square>(),
    entry::<Powi>(),
    entry::<Powf>(),
    entry::<Sqrt>(),
    // Elementary functions
    entry::<Exp>(),
    entry::<ExpM1>(),
    entry::<Ln>(),
    entry::<Sin>(),
    entry::<Cos>(),
    entry::<Tanh>(),
    entry::<TanhGrad>(),
    entry::<Sigmoid>(),
    entry::<SigmoidGrad>(),
    entry::<Softplus>(),
    // Piecewise functions and comparisons
    entry::<Abs>(),
    entry::<Relu>(),
    entry::<Maximum>(),
    entry::<Minimum>(),
    entry::<Greater>(),
    entry::<GreaterEqual>(),
    entry::<Less>(),
    entry::<LessEqual>(),
    entry::<Equal>(),
    entry::<NotEqual>(),
    entry::<Where>(),
    entry::<StopGradient>(),
    // Reductions
    entry::<Sum>(),
    entry::<Mean>(),
    entry::<Max>(),
    entry::<LogSumExp>(),
    entry::<SumTo>(),
    entry::<SumToLike>(),
    entry::<CountPer>(),
    // Shapes
    entry::<Reshape>(),
    entry::<ReshapeLike>(),
    entry::<Permute>(),
    entry::<ExpandDims>(),
    entry::<Squeeze>(),
    entry::<BroadcastTo>(),
    entry::<BroadcastLike>(),
    entry::<Slice>(),
    entry::<Unslice>(),
    entry::<Concat>(),
    entry::<Segment>(),
    entry::<Unsegment>(),
    // Products
    entry::<MatMul>(),
    // Classification
    entry::<Softmax>(),
    entry::<LogSoftmax>(),
    entry::<CrossEntropy>(),
    entry::<CrossEntropyIndex>(),
    entry::<OneHot>(),
];
