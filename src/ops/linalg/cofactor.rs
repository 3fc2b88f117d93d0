//! Cofactors, the derivatives of determinants.

use super::dense::{Lu, Matrices, for_each_matrix, is_finite, product, write};
use super::svd::decompose;
use super::{SPREAD, square, transposed};
use crate::Float;
use crate::kernel::{Inputs, Output};
use crate::tape::Var;
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::operands::reals;
use crate::tape::sample::Sample;
use faer::Mat;

/// The cofactors of matrices in the last two axes, `y = det(x) · x⁻ᵀ`; of singular ones too. Its derivative is
/// [`CofactorVjp`].
///
/// A single pivot of 0 counts as one as small as a rounding of the greatest: the inverse is large by as much as the
/// determinant is small, and the cofactors of a matrix are those of one that differs from it by roundings. If more are 0, so are
/// all cofactors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cofactor;

/// The VJP of [`Cofactor`]: the gradient of `Σ dy cofactor(x)` in x, of singular matrices too.
///
/// The cofactors of a product are the product of the cofactors. So with `x = U · diag(s) · Vᵀ` and `H = ± Uᵀ · dy · V`, where the
/// sign is that of `det(U · V)`, it is `U · D · Vᵀ` with `Dⱼⱼ = Σᵢ pᵢⱼ Hᵢᵢ` over i ≠ j and `Dⱼᵢ = −pᵢⱼ Hᵢⱼ`, where `pᵢⱼ` is the product
/// of all singular values but sᵢ and sⱼ (derived here: the cofactors of a diagonal matrix, and their derivatives, are products of
/// its elements).
///
/// Its own derivative in x is that of `det(x) (⟨Y, dy⟩⟨Y, c⟩ − ⟨Y · dyᵀ · Y, c⟩)` with `Y = x⁻ᵀ` and its cotangent c, which is NaN where x is
/// singular; in dy, it is the same op for c.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CofactorVjp;

impl<F: Float> Kernel<F> for Cofactor {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        for_each_matrix(x.real(0), y, |matrix, y| {
            let n = matrix.nrows();
            if n == 1 {
                // The product of no elements.
                y.fill(F::one());
                return Some(());
            }
            let mut lu = Lu::of(&matrix);
            let rank = lu.pivots().take_while(|&pivot| pivot != 0.0).count();
            if rank + 1 < n {
                y.fill(F::zero());
                return Some(());
            }
            if rank + 1 == n {
                let greatest = lu.pivots().fold(0.0_f64, |greatest, pivot| greatest.max(pivot.abs()));
                lu.factors[(rank, rank)] = f64::EPSILON * greatest;
            }
            let (det, inverse) = (lu.determinant(), lu.solve(Mat::identity(n, n).as_ref()));
            for (k, y) in y.iter_mut().enumerate() {
                *y = F::of(det * inverse[(k % n, k / n)]);
            }
            Some(())
        });
    }
}

impl<F: Float> Kernel<F> for CofactorVjp {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        if y.data.is_empty() {
            return;
        }
        let (leading, n) = (&y.shape[..y.shape.len() - 2], y.shape[y.shape.len() - 1]);
        let [matrices, cotangents] = [0, 1].map(|i| Matrices::of(x.real(i), leading));
        for (k, y) in y.data.chunks_exact_mut(n * n).enumerate() {
            let of_matrix = [&matrices, &cotangents].map(|batch| batch.matrix(k));
            let is_finite = of_matrix.iter().all(|matrix| is_finite(matrix.as_ref()));
            let [matrix, dy] = of_matrix;
            match is_finite.then(|| decompose(matrix, true)).flatten() {
                Some(parts) => write(vjp(parts, &dy).as_ref(), y),
                None => y.fill(F::nan()),
            }
        }
    }
}

/// The VJP at a matrix with this singular value decomposition.
fn vjp((u, s, v): (Mat<f64>, Vec<f64>, Mat<f64>), dy: &Mat<f64>) -> Mat<f64> {
    let sign = Lu::of(&u).sign() * Lu::of(&v).sign();
    let h = product(product(u.transpose(), dy.as_ref()).as_ref(), v.as_ref());
    let mut d = Mat::<f64>::zeros(s.len(), s.len());
    for i in 0..s.len() {
        for (j, p) in products_without(&s, i) {
            d[(j, j)] += sign * p * h[(i, i)];
            d[(j, i)] = -sign * p * h[(i, j)];
        }
    }
    product(product(u.as_ref(), d.as_ref()).as_ref(), v.transpose())
}

/// For each j but i, the product of all numbers but those two.
fn products_without(s: &[f64], i: usize) -> Vec<(usize, f64)> {
    let mut products = Vec::with_capacity(s.len());
    let others = || (0..s.len()).filter(|&j| j != i);
    let mut before = 1.0;
    for j in others() {
        products.push((j, before));
        before *= s[j];
    }
    let mut after = 1.0;
    for (j, product) in products.iter_mut().rev() {
        *product *= after;
        after *= s[*j];
    }
    products
}

impl Op for Cofactor {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = cofactors of x"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        square(x).map(|_| x.to_vec())
    }

    fn rule<'t>(&self, _: usize, x: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        dy.tape().apply(CofactorVjp, &[x[0], dy]).into()
    }

    fn normwise(&self) -> bool {
        true
    }

    fn smooth(&self) -> bool {
        true
    }

    fn samples(&self) -> Vec<Sample> {
        // Of two rows, they are linear, and a second derivative is roundings.
        [&[3, 3][..], &[2, 3, 3], &[1, 1], &[4, 4], &[0, 3, 3]]
            .map(|shape| Sample::of([shape], SPREAD))
            .to_vec()
    }
}

impl Op for CofactorVjp {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = gradient of Σ x1 · cofactors of x0"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x, dy] = reals(x)?;
        square(x)?;
        match dy == x {
            true => Ok(x.to_vec()),
            false => Err(format!("takes matrices {x:?} and a cotangent of their shape, got shape {dy:?}")),
        }
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let tape = dy.tape();
        if operand == 1 {
            return tape.apply(Self, &[x[0], dy]).into();
        }
        let (a, b) = (x[1], dy);
        let y = transposed(x[0].inverse());
        let (ya, yb) = (y.matmul(transposed(a)), y.matmul(transposed(b)));
        let (yay, yby) = (ya.matmul(y), yb.matmul(y));
        let inner = |p: Var<'t>, q: Var<'t>| (p * q).sum_keep([-2, -1]);
        let (in_a, in_b, both) = (inner(y, a), inner(y, b), inner(yay, b));
        let terms = (in_a * in_b - both) * y - in_b * yay - in_a * yby + ya.matmul(yby) + yb.matmul(yay);
        (x[0].det().expand_dims([-2, -1]) * terms).into()
    }

    fn normwise(&self) -> bool {
        true
    }

    fn smooth(&self) -> bool {
        true
    }

    fn samples(&self) -> Vec<Sample> {
        // Of three rows, they are linear, and a second derivative is roundings.
        [&[4, 4][..], &[2, 4, 4], &[5, 5], &[0, 4, 4]]
            .map(|shape| Sample::of([shape, shape], SPREAD))
            .to_vec()
    }
}

crate::ops::entry::built_in! {
    Cofactor, "cofactor";
    CofactorVjp, "cofactor_vjp";
}
