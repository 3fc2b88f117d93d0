//! The matrix product.

use super::contract::Contract;
use crate::Float;
use crate::kernel::{Inputs, Output, matmul};
use crate::portable::Portable;
use crate::tape::Var;
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::operands::reals;
use crate::tape::sample::{Domain, Sample};
use std::sync::Arc;

/// The product of matrices: `Y = X0 · X1`, `dX0 = dY · X1ᵀ`, `dX1 = X0ᵀ · dY`. Transposes are views and cost nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MatMul;

impl<F: Float> Kernel<F> for MatMul {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        matmul(x.real(0), x.real(1), y.data, y.threads);
    }
}

impl Op for MatMul {
    crate::op_settings!();

    fn symbol(&self) -> String {
        "·".to_owned()
    }

    fn formula(&self) -> &'static str {
        "y = x0 · x1"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        match reals(x)? {
            [&[m, k], &[inner, n]] if k == inner => Ok(vec![m, n]),
            [&[m, k], &[inner, n]] => Err(format!(
                "cannot multiply [{m}, {k}] by [{inner}, {n}]: {k} columns meet {inner} rows; [m, k] · [k, n] gives [m, n]"
            )),
            [a, b] => Err(format!("takes two matrices, got ranks {} and {}", a.len(), b.len())),
        }
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        if operand == 0 { dy.matmul(x[1].t()).into() } else { x[0].t().matmul(dy).into() }
    }

    fn flops(&self, x: &[Operand<'_>], shape: &[usize]) -> u64 {
        let terms = x[0].shape.last().copied().unwrap_or(1);
        shape.iter().fold(2 * terms as u64, |n, &size| n.saturating_mul(size as u64))
    }

    fn by_rows(&self) -> bool {
        true
    }

    fn column(
        &self,
        operand: usize,
        x: Inputs<'_, '_, f64>,
        element: usize,
        add: &mut dyn FnMut(usize, f64),
    ) -> bool {
        let (&[_, inner], &[_, columns]) = (x.shape(0), x.shape(1)) else { return false };
        // Element [i, k] of x0 has a part in row i of y, in the measure of row k of x1; [k, j] of x1 in column j.
        if operand == 0 {
            let (row, k) = (element / inner, element % inner);
            x.real(1).line(k, 1).enumerate().for_each(|(j, gain)| add(row * columns + j, gain));
        } else {
            let (k, column) = (element / columns, element % columns);
            x.real(0).line(k, 0).enumerate().for_each(|(i, gain)| add(i * columns + column, gain));
        }
        true
    }

    fn batched(&self, is_batched: &[bool]) -> Option<Arc<dyn Op>> {
        Contract::of("ik", "kj", "ij").batched(is_batched)
    }

    fn smooth(&self) -> bool {
        true
    }

    fn portable<'p>(&self, x: &[Portable<'p>], _: &[usize]) -> Result<Portable<'p>, String> {
        Ok(x[0].contract(x[1], [&[], &[]], [&[1], &[0]]))
    }

    fn samples(&self) -> Vec<Sample> {
        let shapes: [[&[usize]; 2]; 5] = [
            [&[3, 4], &[4, 2]],
            [&[1, 5], &[5, 1]],
            [&[2, 0], &[0, 3]],
            [&[0, 2], &[2, 3]],
            [&[2, 1], &[1, 3]],
        ];
        shapes.map(|s| Sample::of(s, Domain::Between(-2.0, 2.0))).to_vec()
    }
}

crate::ops::entry::built_in! { MatMul, "matmul"; }

impl<'t> Var<'t> {
    /// The matrix product `[m, k] · [k, n] → [m, n]`; O(mkn). As NumPy's `matmul` also of
    ///
    /// - batches of matrices, `[…, m, k] · […, k, n] → […, m, n]`, where the axes in front stretch to each other;
    /// - vectors, which count as a row on the left and as a column on the right, and leave no axis in the result.
    ///
    /// A batch that is stretched is not copied, neither here nor in the gradient, which is summed over it in the product.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let (x, w) = (tape.input("x", [8, 5, 3]), tape.input("w", [3, 4]));
    /// let heads = tape.input("heads", [2, 1, 4, 6]);
    /// assert_eq!(x.matmul(w).shape(), [8, 5, 4]);
    /// assert_eq!(x.matmul(w).matmul(heads).shape(), [2, 8, 5, 6]);
    /// assert_eq!(x.matmul(tape.input("v", [3])).shape(), [8, 5]);
    /// ```
    ///
    /// # Panics
    ///
    /// If one is a single number, the columns of one are not as many as the rows of the other, or the axes in front do not
    /// stretch to each other.
    #[doc(alias = "bmm")]
    #[doc(alias = "linear")]
    #[doc(alias = "mm")]
    #[track_caller]
    #[must_use]
    pub fn matmul(self, other: Var<'t>) -> Var<'t> {
        match (self.rank(), other.rank()) {
            (2, 2) => self.tape().apply(MatMul, &[self, other]),
            _ => self.batched_matmul(other),
        }
    }
}
