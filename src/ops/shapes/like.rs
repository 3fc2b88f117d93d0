//! Shapes taken from another operand instead of from numbers, so that rules fit any batch size.

use super::views::view_kernel;
use crate::Float;
use crate::base::shape::{self, Layout, size};
use crate::kernel::{Inputs, Output, View, sum_axes};
use crate::portable::Portable;
use crate::tape::Var;
use crate::tape::op::{Derivative, Kernel, Op, Operand, Zero};
use crate::tape::operands::reals;
use crate::tape::sample::{Domain, Sample};
use std::sync::Arc;

view_kernel! { BroadcastLike ReshapeLike }

/// `y = x0` stretched to the shape of x1; `dx0` is `dy` summed over the stretched axes, nothing to x1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BroadcastLike;

/// `y = x0` under the shape of x1, in row-major order; `dx0` is `dy` in the shape of x0, nothing to x1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReshapeLike;

/// `y = x0` summed over the axes along which x1 is stretched to it; `dx0` is `dy` stretched back, nothing to x1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SumToLike;

/// The number of elements of x0 for each of x1, a scalar; its derivative is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountPer;

/// Summed to a smaller shape, from which broadcasting would give the operand's; `dx` is `dy` stretched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SumTo {
    /// The sizes of the result.
    pub shape: Vec<usize>,
}

/// Adds up what broadcasting from y's shape to x's would have copied.
fn sum_to<F: Float>(x: View<'_, F>, y: Output<'_, F>) {
    let new = x.shape().len() - y.shape.len();
    let reduced: smallvec::SmallVec<[bool; 8]> =
        (0..x.shape().len()).map(|a| a < new || y.shape[a - new] != x.shape()[a]).collect();
    sum_axes(x, &reduced, y.data, y.threads);
}

fn sums_to(x: &[usize], to: &[usize]) -> Result<Vec<usize>, String> {
    if shape::broadcasts_to(to, x) {
        return Ok(to.to_vec());
    }
    Err(format!("shape {x:?} does not sum to {to:?}: that would have to stretch to it"))
}

/// The same of a portable value.
fn portable_sum_to<'p>(x: Portable<'p>, to: &[usize]) -> Portable<'p> {
    let own = x.shape();
    let new = own.len() - to.len();
    let axes: Vec<usize> = (0..own.len()).filter(|&a| a < new || to[a - new] != own[a]).collect();
    x.sum(&axes).reshape(to)
}

impl<F: Float> Kernel<F> for SumToLike {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        sum_to(x.real(0), y);
    }
}

impl<F: Float> Kernel<F> for SumTo {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        sum_to(x.real(0), y);
    }
}

impl<F: Float> Kernel<F> for CountPer {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        y.data.fill(F::of(size(x.shape(0)) as f64 / size(x.shape(1)) as f64));
    }
}

/// The parts that ops on `(x0, like x1)` share.
macro_rules! like {
    ($op:ident, $symbol:literal, $formula:literal, $notation:literal, |$x0:ident, $x1:ident| $shape:expr,
     $reads:literal, $threaded:literal, $view:expr, |$p0:ident, $p1:ident| $portable:expr, |$a:ident, $dy:ident| $rule:expr,
     $samples:expr) => {
        impl Op for $op {
            $crate::op_settings!();

            fn symbol(&self) -> String {
                $symbol.to_owned()
            }

            fn formula(&self) -> &'static str {
                $formula
            }

            fn notation(&self) -> Option<&'static str> {
                Some($notation)
            }

            fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
                let [$x0, $x1] = reals(x)?;
                $shape
            }

            fn reads(&self, operand: usize) -> bool {
                operand == 0 && $reads
            }

            fn threaded(&self) -> bool {
                $threaded
            }

            fn view(&self, x: &Layout, shape: &[usize]) -> Option<Layout> {
                let view: fn(&Layout, &[usize]) -> Option<Layout> = $view;
                view(x, shape)
            }

            fn rule<'t>(&self, operand: usize, x: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
                let ($a, $dy) = (x[0], dy);
                let _ = ($a, $dy);
                if operand == 0 { ($rule).into() } else { Zero.into() }
            }

            fn smooth(&self) -> bool {
                true
            }

            fn portable<'p>(&self, x: &[Portable<'p>], _: &[usize]) -> Result<Portable<'p>, String> {
                let ($p0, $p1) = (x[0], x[1]);
                Ok($portable)
            }

            fn broadcasts(&self) -> bool {
                true
            }

            fn batched(&self, is_batched: &[bool]) -> Option<Arc<dyn Op>> {
                is_batched.iter().all(|&is| is).then(|| Arc::new(*self) as Arc<dyn Op>)
            }

            fn samples(&self) -> Vec<Sample> {
                let shapes: &[[&[usize]; 2]] = &$samples;
                shapes.iter().map(|&s| Sample::of(s, Domain::Between(-2.0, 2.0))).collect()
            }
        }
    };
}

like!(
    BroadcastLike,
    "broadcast",
    "y = x0, stretched to the shape of x1",
    "x0",
    |x0, x1| if shape::broadcasts_to(x0, x1) {
        Ok(x1.to_vec())
    } else {
        Err(format!("shape {x0:?} does not stretch to {x1:?}: sizes must be equal, or the first operand's 1"))
    },
    true,
    false,
    |x, shape| Some(x.broadcast(shape)),
    |x0, x1| x0.broadcast_to(&x1.shape()),
    |x0, dy| dy.sum_to_like(x0),
    [[&[3, 1], &[2, 3, 4]], [&[], &[3]], [&[1], &[0]], [&[4], &[4]]]
);

like!(
    ReshapeLike,
    "reshape",
    "y = x0 under the shape of x1",
    "x0",
    |x0, x1| if size(x0) == size(x1) {
        Ok(x1.to_vec())
    } else {
        Err(format!("{} elements do not fit shape {x1:?}", size(x0)))
    },
    true,
    false,
    |x, shape| x.reshaped(shape),
    |x0, x1| x0.reshape(&x1.shape()),
    |x0, dy| dy.reshape_like(x0),
    [[&[3, 4], &[2, 6]], [&[], &[1, 1]], [&[0, 3], &[2, 0]]]
);

like!(
    SumToLike,
    "Σ",
    "y = x0, summed to the shape of x1",
    "Σ x0",
    |x0, x1| sums_to(x0, x1),
    true,
    true,
    |_, _| None,
    |x0, x1| portable_sum_to(x0, &x1.shape()),
    |x0, dy| dy.broadcast_like(x0),
    [[&[2, 3, 4], &[3, 1]], [&[3, 4], &[4]], [&[3, 4], &[]], [&[3, 4], &[3, 4]], [&[0, 4], &[1, 4]]]
);

like!(
    CountPer,
    "n",
    "y = elements of x0 for each of x1",
    "n",
    |_a, _b| Ok(vec![]),
    false,
    false,
    |_, _| None,
    |x0, x1| x0.number(size(&x0.shape()) as f64 / size(&x1.shape()) as f64),
    |x0, dy| Zero,
    [[&[3, 4], &[3, 1]], [&[2], &[]]]
);

impl Op for SumTo {
    crate::op_settings!();

    fn symbol(&self) -> String {
        "Σ".to_owned()
    }

    fn formula(&self) -> &'static str {
        "y = x, summed to a shape"
    }

    fn notation(&self) -> Option<&'static str> {
        Some("Σ x")
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        sums_to(x, &self.shape)
    }

    fn threaded(&self) -> bool {
        true
    }

    fn rule<'t>(&self, _: usize, x: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        dy.broadcast_like(x[0]).into()
    }

    fn smooth(&self) -> bool {
        true
    }

    fn portable<'p>(&self, x: &[Portable<'p>], shape: &[usize]) -> Result<Portable<'p>, String> {
        Ok(portable_sum_to(x[0], shape))
    }

    fn samples(&self) -> Vec<Sample> {
        [&[2, 3, 4][..], &[3, 1], &[3, 0]].map(|s| Sample::of([s], Domain::Between(-2.0, 2.0))).to_vec()
    }
}

crate::ops::entry::built_in! {
    BroadcastLike, "broadcast_like";
    ReshapeLike, "reshape_like";
    SumToLike, "sum_to_like";
    CountPer, "count_per";
    SumTo, "sum_to", [shape], [Self { shape: vec![3, 1] }];
}

/// Shapes taken from another var, of which the elements are not read.
impl<'t> Var<'t> {
    /// Stretched to the shape of another var.
    #[doc(alias = "broadcast_to")]
    #[doc(alias = "expand_as")]
    #[track_caller]
    #[must_use]
    pub fn broadcast_like(self, other: Var<'t>) -> Var<'t> {
        self.tape().apply(BroadcastLike, &[self, other])
    }

    /// The same elements in row-major order under the shape of another var.
    #[doc(alias = "reshape")]
    #[doc(alias = "view_as")]
    #[track_caller]
    #[must_use]
    pub fn reshape_like(self, other: Var<'t>) -> Var<'t> {
        self.tape().apply(ReshapeLike, &[self, other])
    }

    /// Summed to the shape of another var, from which broadcasting would give this shape: the adjoint of
    /// [`broadcast_like`](Self::broadcast_like).
    #[doc(alias = "sum_to_size")]
    #[track_caller]
    #[must_use]
    pub fn sum_to_like(self, other: Var<'t>) -> Var<'t> {
        self.tape().apply(SumToLike, &[self, other])
    }

    /// Summed to a smaller shape, from which broadcasting would give this one.
    #[doc(alias = "sum_to_size")]
    #[track_caller]
    #[must_use]
    pub fn sum_to(self, shape: impl AsRef<[usize]>) -> Var<'t> {
        self.tape().apply(SumTo { shape: shape.as_ref().to_vec() }, &[self])
    }

    /// How many elements this has for each element of another: the n of a mean, as a scalar.
    #[track_caller]
    #[must_use]
    pub fn count_per(self, other: Var<'t>) -> Var<'t> {
        self.tape().apply(CountPer, &[self, other])
    }
}
