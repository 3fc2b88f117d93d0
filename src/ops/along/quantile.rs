//! Quantiles and medians, through the order of elements.

use crate::Float;
use crate::kernel::{Inputs, Output, for_each_line};
use crate::ops::axes::Axes;
use crate::portable::Portable;
use crate::tape::Var;
use crate::tape::op::{Derivative, Kernel, Op, Operand, Zero};
use crate::tape::operands::reals;
use crate::tape::sample::{Domain, Sample};

/// The quantile of lines along the last axis that are in order, from the least to the greatest: with `h = q (n − 1)` for n
/// elements, `y = x_⌊h⌋ + (h − ⌊h⌋) (x_⌈h⌉ − x_⌊h⌋)`. `dx` is `dy` times these two weights, and 0 elsewhere. NaN where the last
/// element is.
///
/// Hyndman and Fan, "Sample quantiles in statistical packages", The American Statistician 50, 1996, definition 7. An op, since
/// the place of the two elements follows from the size of the axis, which no graph may take over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SortedQuantile {
    /// The share of elements that lie below, from 0 to 1.
    pub q: f64,
}

/// Zeros of the shape of x1, of which only that is read, and x0 times its weights at the two elements that [`SortedQuantile`]
/// is made of: its adjoint. `dx0` is that quantile of `dy`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuantileWeights {
    /// The share of elements that lie below, from 0 to 1.
    pub q: f64,
}

/// The places of the two elements of a line of n, at least one, and the weight of the second.
fn places(q: f64, n: usize) -> (usize, usize, f64) {
    let at = q * (n - 1) as f64;
    let low = (at.floor() as usize).min(n - 1);
    (low, (low + 1).min(n - 1), at - low as f64)
}

/// The weighed mean of two numbers, one of which it is for the weight 0.
fn between<F: Float>(low: F, high: F, weight: F) -> F {
    if weight == F::zero() || low == high { low } else { low + weight * (high - low) }
}

impl<F: Float> Kernel<F> for SortedQuantile {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let x = x.real(0);
        let axis = x.shape().len() - 1;
        for_each_line(x, axis, y.data, 1, |_, x, mut y| {
            let (low, high, weight) = places(self.q, x.len());
            let greatest = x.get(x.len() - 1);
            let quantile = between(x.get(low), x.get(high), F::of(weight));
            y[0] = if greatest.is_nan() { greatest } else { quantile };
        });
    }
}

impl<F: Float> Kernel<F> for QuantileWeights {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        y.data.fill(F::zero());
        let Some(&n @ 1..) = y.shape.last() else { return };
        let (low, high, weight) = places(self.q, n);
        let weight = F::of(weight);
        for (x, line) in x.real(0).iter().zip(y.data.chunks_exact_mut(n)) {
            line[low] += (F::one() - weight) * x;
            if weight != F::zero() {
                line[high] += weight * x;
            }
        }
    }
}

fn quantile_shape(q: f64, x: &[usize]) -> Result<Vec<usize>, String> {
    let Some((&n, lines)) = x.split_last() else {
        return Err("takes lines in order, got a scalar".to_owned());
    };
    if !(0.0..=1.0).contains(&q) {
        return Err(format!("the share q of a quantile lies between 0 and 1, got {q}"));
    }
    if n == 0 && !lines.contains(&0) {
        return Err("quantile over an axis of size 0 has no value; give it at least one element".to_owned());
    }
    Ok(lines.to_vec())
}

const SHAPES: [&[usize]; 5] = [&[3, 4], &[2, 3, 5], &[1], &[2, 1], &[0, 3]];

impl Op for SortedQuantile {
    crate::op_settings!();

    fn symbol(&self) -> String {
        "quantile".to_owned()
    }

    fn formula(&self) -> &'static str {
        "y = quantile of x in order"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        quantile_shape(self.q, x)
    }

    fn rule<'t>(&self, _: usize, x: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        dy.tape().apply(QuantileWeights { q: self.q }, &[dy, x[0]]).into()
    }

    fn smooth(&self) -> bool {
        true
    }

    fn portable<'p>(&self, x: &[Portable<'p>], shape: &[usize]) -> Result<Portable<'p>, String> {
        let last = x[0].rank() - 1;
        let n = x[0].shape()[last];
        if n == 0 {
            return Ok(x[0].full(f64::NAN, shape));
        }
        let (low, high, weight) = places(self.q, n);
        let [low, high, greatest] = [low, high, n - 1].map(|i| x[0].narrow(last, i, 1, 1).reshape(shape));
        let y = if weight == 0.0 { low } else { low.equal(high).select(low, low + weight * (high - low)) };
        Ok(greatest.is_nan().select(greatest, y))
    }

    fn samples(&self) -> Vec<Sample> {
        SHAPES.map(|s| Sample::of([s], Domain::Between(-2.0, 2.0))).to_vec()
    }
}

impl Op for QuantileWeights {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = x0 by its weights in a quantile"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x, like] = reals(x)?;
        let wanted = quantile_shape(self.q, like)?;
        if wanted == x {
            Ok(like.to_vec())
        } else {
            Err(format!("quantiles of {like:?} have shape {wanted:?}, got {x:?}"))
        }
    }

    fn reads(&self, operand: usize) -> bool {
        operand == 0
    }

    fn rule<'t>(&self, operand: usize, _: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        match operand {
            0 => dy.tape().apply(SortedQuantile { q: self.q }, &[dy]).into(),
            _ => Zero.into(),
        }
    }

    fn smooth(&self) -> bool {
        true
    }

    fn portable<'p>(&self, x: &[Portable<'p>], shape: &[usize]) -> Result<Portable<'p>, String> {
        let last = shape.len() - 1;
        let n = shape[last];
        if n == 0 {
            return Ok(x[0].full(0.0, shape));
        }
        let (low, high, weight) = places(self.q, n);
        let at =
            |i: usize, share: f64| (share * x[0]).expand_dim(last).pad_axis(0.0, last, [i, n - 1 - i, 0]);
        Ok(if weight == 0.0 { at(low, 1.0) } else { at(low, 1.0 - weight) + at(high, weight) })
    }

    fn samples(&self) -> Vec<Sample> {
        SHAPES.map(|s| Sample::of([&s[..s.len() - 1], s], Domain::Between(-2.0, 2.0))).to_vec()
    }
}

crate::ops::entry::built_in! {
    SortedQuantile, "sorted_quantile", [q], [0.5, 0.2, 1.0].map(|q| Self { q });
    QuantileWeights, "quantile_weights", [q], [0.5, 0.2, 1.0].map(|q| Self { q });
}

/// Quantiles: the elements are put in order, and `dx` is `dy` at the one or two that the quantile lies at or between, by their
/// weights. Of equal elements, those count that stable sorting puts there. O(n log n) for each line.
impl<'t> Var<'t> {
    /// The quantile of all elements: the number that a share q of them lies below, between two elements in proportion, as NumPy's
    /// default (`linear`). NaN if one is NaN.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", [4.0, 1.0, 2.0]);
    /// let y = x.quantile(0.75);
    /// assert_eq!(y.value().item(), 3.0);
    /// assert_eq!(y.grad([x])[0].value().as_slice().unwrap(), [0.5, 0.0, 0.5]);
    /// ```
    ///
    /// # Panics
    ///
    /// If q does not lie between 0 and 1, or there are no elements.
    #[track_caller]
    #[must_use]
    pub fn quantile(self, q: f64) -> Var<'t> {
        self.quantile_over(.., q)
    }

    /// The [quantile](Self::quantile) over some axes (`0`, `-1`, `[0, 2]`, `..`), which disappear.
    #[track_caller]
    #[must_use]
    pub fn quantile_over(self, axes: impl Into<Axes>, q: f64) -> Var<'t> {
        let axes = axes.into().resolve("quantile", self, self.rank());
        self.quantile_at(&axes, q)
    }

    /// The [quantile](Self::quantile) over some axes (`0`, `-1`, `[0, 2]`, `..`), which stay with size 1.
    #[track_caller]
    #[must_use]
    pub fn quantile_keep(self, axes: impl Into<Axes>, q: f64) -> Var<'t> {
        let axes = axes.into().resolve("quantile", self, self.rank());
        self.quantile_at(&axes, q).expand_dims_at(&axes)
    }

    /// The median of all elements, the mean of the two in the middle where their number is even, as NumPy's: the
    /// [quantile](Self::quantile) of one half. (PyTorch's `median` is the lower of the two.)
    #[track_caller]
    #[must_use]
    pub fn median(self) -> Var<'t> {
        self.quantile_over(.., 0.5)
    }

    /// The [median](Self::median) over some axes (`0`, `-1`, `[0, 2]`, `..`), which disappear.
    #[track_caller]
    #[must_use]
    pub fn median_over(self, axes: impl Into<Axes>) -> Var<'t> {
        self.quantile_over(axes, 0.5)
    }

    /// The [median](Self::median) over some axes (`0`, `-1`, `[0, 2]`, `..`), which stay with size 1.
    #[track_caller]
    #[must_use]
    pub fn median_keep(self, axes: impl Into<Axes>) -> Var<'t> {
        self.quantile_keep(axes, 0.5)
    }

    #[track_caller]
    fn quantile_at(self, axes: &[usize], q: f64) -> Var<'t> {
        if axes.is_empty() {
            // One element each, which is its own quantile.
            let lines = self.expand_dims_at(&[self.rank()]);
            return self.tape().apply(SortedQuantile { q }, &[lines]);
        }
        let lines = self.with_axes_last(axes).sort(-1);
        self.tape().apply(SortedQuantile { q }, &[lines])
    }
}
