//! Reductions over axes: sum, mean, product, greatest, log of the sum of exponentials.

use crate::Float;
use crate::base::shape::size;
use crate::kernel::{Inputs, Output, reduce_axes, sum_axes};
use crate::ops::axes::{Axes, flags};
use crate::portable::Portable;
use crate::tape::Var;
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::operands::reals;
use crate::tape::sample::{Domain, Sample};
use std::sync::Arc;

/// Defines a reduction: its struct with axes and kept dimensions, shape rule, attributes, methods. What is left to say
/// is the kernel and the rule, in which `x`, `y` and `dy` are given with the reduced axes kept as size 1.
macro_rules! reduction {
    ($(#[$doc:meta])* $op:ident, $name:literal, $symbol:literal, $formula:literal, $domain:expr, $empty:literal, $smooth:literal,
     |$view:ident, $reduced:ident, $threads:ident, $out:ident| $kernel:expr, |$v:ident, $along:ident| $portable:expr,
     |$axes:ident, $x:ident, $y:ident, $dy:ident| $rule:expr, $method:ident, $over:ident, $keep:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $op {
            /// The axes that are reduced, sorted, counted from the front.
            pub axes: Vec<usize>,
            /// Whether they stay in the result, with size 1.
            pub keep: bool,
        }

        impl<F: Float> Kernel<F> for $op {
            fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
                let ($view, $threads, $out) = (x.real(0), y.threads, y.data);
                let $reduced: smallvec::SmallVec<[bool; 8]> =
                    (0..$view.shape().len()).map(|a| self.axes.contains(&a)).collect();
                $kernel
            }
        }

        impl Op for $op {
            $crate::op_settings!();

            fn symbol(&self) -> String {
                $symbol.to_owned()
            }

            fn formula(&self) -> &'static str {
                $formula
            }

            fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
                let [x] = reals(x)?;
                let shape = reduced_shape(x, &self.axes, self.keep)?;
                if !$empty && x.contains(&0) && size(&shape) > 0 {
                    return Err(concat!($name, " over an axis of size 0 has no value; give it at least one element")
                        .to_owned());
                }
                Ok(shape)
            }

            fn rule<'t>(&self, _: usize, x: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
                let kept = |v: Var<'t>| if self.keep { v } else { v.expand_dims_at(&self.axes) };
                let ($axes, $x, $y, $dy) = (&self.axes[..], x[0], kept(y), kept(dy));
                let _ = ($axes, $x, $y);
                ($rule).into()
            }

            fn smooth(&self) -> bool {
                $smooth
            }

            fn threaded(&self) -> bool {
                true
            }

            fn portable<'p>(&self, x: &[Portable<'p>], _: &[usize]) -> Result<Portable<'p>, String> {
                let ($v, $along) = (x[0], &self.axes[..]);
                let y = $portable;
                Ok(if self.keep { y.keep($along) } else { y })
            }

            fn batched(&self, _: &[bool]) -> Option<Arc<dyn Op>> {
                Some(Arc::new(Self { axes: self.axes.iter().map(|a| a + 1).collect(), keep: self.keep }))
            }

            fn samples(&self) -> Vec<Sample> {
                // Every example's axes exist in these; the last is empty along one of them.
                [&[3, 4, 2][..], &[1, 2, 5], &[2, 0, 3]]
                    .into_iter()
                    .filter(|s| {
                        let x = Operand { shape: s, kind: crate::graph::Kind::Real };
                        self.shape(&[x]).is_ok()
                    })
                    .map(|s| Sample::of([s], $domain))
                    .collect()
            }
        }

        impl<'t> Var<'t> {
            $(#[$doc])*
            ///
            /// Over all axes, to one number.
            #[track_caller]
            #[must_use]
            pub fn $method(self) -> Var<'t> {
                self.$over(..)
            }

            $(#[$doc])*
            ///
            /// Over some axes (`0`, `-1`, `[0, 2]`), which disappear.
            #[track_caller]
            #[must_use]
            pub fn $over(self, axes: impl Into<Axes>) -> Var<'t> {
                let axes = axes.into().resolve($name, self, self.rank());
                self.tape().apply($op { axes, keep: false }, &[self])
            }

            $(#[$doc])*
            ///
            /// Over some axes (`0`, `-1`, `[0, 2]`, `..`), which stay with size 1.
            #[track_caller]
            #[must_use]
            pub fn $keep(self, axes: impl Into<Axes>) -> Var<'t> {
                let axes = axes.into().resolve($name, self, self.rank());
                self.tape().apply($op { axes, keep: true }, &[self])
            }
        }
    };
}

reduction! {
    /// The sum: `y = Σ x`, `dx = dy` for every element. Pairwise, so that rounding grows with log₂ n.
    Sum, "sum", "Σ", "y = Σ x", Domain::Between(-2.0, 2.0), true, true,
    |x, reduced, threads, y| sum_axes(x, &reduced, y, threads), |x, axes| x.sum(axes),
    |axes, x, y, dy| dy.broadcast_like(x), sum, sum_over, sum_keep
}

reduction! {
    /// The mean of n elements: `y = Σ x / n`, `dx = dy / n`. NaN if there are none.
    Mean, "mean", "mean", "y = Σ x / n", Domain::Between(-2.0, 2.0), true, true,
    |x, reduced, threads, y| {
        let n = F::of(x.shape().iter().zip(&reduced).filter(|(_, r)| **r).map(|(n, _)| *n as f64).product());
        sum_axes(x, &reduced, y, threads);
        y.iter_mut().for_each(|y| *y /= n);
    },
    |x, axes| x.sum(axes) / axes.iter().map(|&a| x.shape()[a] as f64).product::<f64>(),
    |axes, x, y, dy| (dy / x.count_per(y)).broadcast_like(x), mean, mean_over, mean_keep
}

reduction! {
    /// The product: `y = Π x`; `dx` is `dy` times the product of the other elements, which is right where elements are 0, also
    /// when it is differentiated again. 1 if there are none.
    Prod, "prod", "Π", "y = Π x", Domain::Signed(0.4, 1.6), true, true,
    |x, reduced, threads, y| reduce_axes(x, &reduced, y, threads, |line| line.product()), |x, axes| x.product(axes),
    |axes, x, y, dy| dy * x.product_of_others(axes), prod, prod_over, prod_keep
}

reduction! {
    /// The greatest element: `y = max x`; equal ones share `dy` equally.
    #[doc(alias = "amax")]
    Max, "max", "max", "y = max x", Domain::Spaced(0.0), false, false,
    |x, reduced, threads, y| reduce_axes(x, &reduced, y, threads, |line| line.greatest()), |x, axes| x.max(axes),
    |axes, x, y, dy| {
        let greatest = x.equal(y);
        let ties = greatest.tape().apply(Sum { axes: axes.to_vec(), keep: true }, &[greatest]);
        greatest * (dy / ties)
    },
    max, max_over, max_keep
}

reduction! {
    /// The log of the sum of exponentials: `y = ln Σ eˣ`, computed as `m + ln Σ e^(x−m)` with m the greatest;
    /// `dx = dy e^(x−y)`, NaN where all are −∞, and y with them.
    LogSumExp, "logsumexp", "log Σ exp", "y = ln Σ exp x", Domain::Between(-2.0, 2.0), true, true,
    |x, reduced, threads, y| reduce_axes(x, &reduced, y, threads, |line| {
        let (greatest, log_sum) = line.log_sum_exp();
        if greatest.is_infinite() { greatest } else { greatest + log_sum }
    }),
    |x, axes| {
        let greatest = x.max(axes);
        let log_sum = (x - greatest.keep(axes)).exp().sum(axes).ln();
        greatest.abs().equal(f64::INFINITY).select(greatest, greatest + log_sum)
    },
    |axes, x, y, dy| dy * (x - y).exp(), logsumexp, logsumexp_over, logsumexp_keep
}

/// Axes that between them are all there are, and whether they are kept.
const EXAMPLES: [(&[usize], bool); 6] =
    [(&[0, 1, 2], false), (&[0], true), (&[1], false), (&[0, 2], false), (&[2], true), (&[], false)];

crate::ops::entry::built_in! {
    Sum, "sum", [axes, keep], EXAMPLES.map(|(axes, keep)| Self { axes: axes.to_vec(), keep });
    Mean, "mean", [axes, keep], EXAMPLES.map(|(axes, keep)| Self { axes: axes.to_vec(), keep });
    Prod, "prod", [axes, keep], EXAMPLES.map(|(axes, keep)| Self { axes: axes.to_vec(), keep });
    Max, "max", [axes, keep], EXAMPLES.map(|(axes, keep)| Self { axes: axes.to_vec(), keep });
    LogSumExp, "logsumexp", [axes, keep], EXAMPLES.map(|(axes, keep)| Self { axes: axes.to_vec(), keep });
}

/// A shape without some axes, or with size 1 there.
fn reduced_shape(x: &[usize], axes: &[usize], keep: bool) -> Result<Vec<usize>, String> {
    let reduced = flags(axes, x.len())?;
    let sizes = x.iter().zip(reduced);
    Ok(sizes.filter_map(|(&n, r)| if !r { Some(n) } else { keep.then_some(1) }).collect())
}
