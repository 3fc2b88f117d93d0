//! Running products, and the linear recurrence that their derivatives are made of.

use crate::Float;
use crate::base::shape::check_axis;
use crate::kernel::{Inputs, Output, for_each_line};
use crate::ops::axes::from_front;
use crate::portable::{Portable, running};
use crate::tape::Var;
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::operands::reals;
use crate::tape::sample::{Domain, Sample};

/// The state before each step of a linear recurrence along an axis: `y₀` is given, and `yᵢ₊₁ = aᵢ yᵢ + bᵢ` with a = x0 and
/// b = x1; or from the end, where it is reversed.
///
/// With h the recurrence of a and `dy` the other way round, from 0, `db = h` and `da = h y`: the derivative is an op of the same
/// kind, nothing is divided, and what goes through products of numbers that may be 0 is right to every order. `y₀ = 1` and b = 0 make
/// the products of all elements before each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recurrence {
    /// The axis along which it runs.
    pub axis: usize,
    /// Whether it runs from the end.
    pub reverse: bool,
    /// The first state.
    pub initial: f64,
}

impl<F: Float> Kernel<F> for Recurrence {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let b = x.real(1);
        for_each_line(x.real(0), self.axis, y.data, y.shape[self.axis], |k, a, mut y| {
            let (n, b) = (a.len(), b.nth_line(self.axis, k));
            let mut state = F::of(self.initial);
            for i in 0..n {
                let i = if self.reverse { n - 1 - i } else { i };
                y[i] = state;
                state = a.get(i) * state + b.get(i);
            }
        });
    }
}

impl Op for Recurrence {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = state before each step of y ← x0 y + x1"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [a, b] = reals(x)?;
        check_axis(self.axis, a.len())?;
        if a == b {
            Ok(a.to_vec())
        } else {
            Err(format!("factors of shape {a:?} want terms of the same shape, got {b:?}"))
        }
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let back = Self { axis: self.axis, reverse: !self.reverse, initial: 0.0 };
        let h = dy.tape().apply(back, &[x[0], dy]);
        if operand == 0 { (h * y).into() } else { h.into() }
    }

    fn smooth(&self) -> bool {
        true
    }

    fn portable<'p>(&self, x: &[Portable<'p>], shape: &[usize]) -> Result<Portable<'p>, String> {
        // Steps y ← a y + b one after another are one such step.
        let after = |[a, b]: [Portable<'p>; 2], [c, d]: [Portable<'p>; 2]| [c * a, c * b + d];
        let [a, b] = running([x[0], x[1]], self.axis, self.reverse, after);
        let y = if self.initial == 0.0 { b } else { a * self.initial + b };
        let n = shape[self.axis];
        if n == 0 {
            return Ok(y);
        }
        let first = if self.reverse { 1 } else { 0 };
        let rest = y.narrow(self.axis, first, n - 1, 1);
        let ends = if self.reverse { [0, 1, 0] } else { [1, 0, 0] };
        Ok(rest.pad_axis(self.initial, self.axis, ends))
    }

    fn samples(&self) -> Vec<Sample> {
        [&[3, 4][..], &[2, 5, 3], &[1, 1], &[0, 2], &[2, 0]]
            .map(|s| Sample::of([s, s], Domain::Between(-1.5, 1.5)))
            .to_vec()
    }
}

crate::ops::entry::built_in! {
    Recurrence, "recurrence", [axis, reverse, initial], [
        Self { axis: 0, reverse: false, initial: 1.0 },
        Self { axis: 1, reverse: true, initial: 0.0 },
    ];
}

impl<'t> Var<'t> {
    /// The running product along an axis (−1 is the last): `yᵢ = Π xₖ` over k ≤ i. Right where elements are 0, also its
    /// derivatives of every order.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", [2.0, 0.0, 3.0]);
    /// let y = x.cumprod(0);
    /// assert_eq!(y.value().as_slice().unwrap(), [2.0, 0.0, 0.0]);
    /// assert_eq!(y.sum().grad([x])[0].value().as_slice().unwrap(), [1.0, 8.0, 0.0]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn cumprod(self, axis: isize) -> Var<'t> {
        let axis = from_front(&[axis], "cumprod", self, self.rank())[0];
        self * self.product_before(axis, false)
    }

    /// The product of all elements before each along an axis, or behind each.
    #[track_caller]
    fn product_before(self, axis: usize, reverse: bool) -> Var<'t> {
        let zeros = self.tape().constant(0.0).broadcast_like(self);
        self.tape().apply(Recurrence { axis, reverse, initial: 1.0 }, &[self, zeros])
    }

    /// For each element the product of all others over some axes: of those before it, times those behind it.
    #[track_caller]
    pub(super) fn product_of_others(self, axes: &[usize]) -> Var<'t> {
        if axes.is_empty() {
            return self.tape().constant(1.0).broadcast_like(self);
        }
        let lines = self.with_axes_last(axes);
        let axis = lines.rank() - 1;
        let products = lines.product_before(axis, false) * lines.product_before(axis, true);
        // Back to where the axes were.
        let rank = self.rank();
        let order: Vec<usize> = (0..rank).filter(|a| !axes.contains(a)).chain(axes.iter().copied()).collect();
        if order.is_sorted() {
            return products.reshape_like(self);
        }
        let mut back = vec![0; rank];
        order.iter().enumerate().for_each(|(k, &a)| back[a] = k as isize);
        let order: Vec<isize> = order.into_iter().map(|a| a as isize).collect();
        products.reshape_like(self.permute(&order)).permute(&back)
    }
}
