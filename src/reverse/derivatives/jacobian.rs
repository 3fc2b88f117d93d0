//! Whole Jacobians and Hessians.

use super::directional::Transposed;
use crate::base::shape::size;
use crate::error::{Result, expected};
use crate::ops::{Range, Slice};
use crate::reverse::gradients::{gradients_of, real, zero_like};
use crate::tape::Var;

impl<'t> Var<'t> {
    /// The Jacobian with respect to each var: every derivative of every element, `∂y[i, …]/∂x[j, …]` at `[i, …, j, …]`, of
    /// the shape of this var and then that of `x`.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let (x, w) = (tape.leaf("x", ndarray::arr1(&[1.0, 2.0])), tape.leaf("w", 3.0));
    /// let [dx, dw] = (w * x.powi(2)).jacobian([x, w]);
    /// assert_eq!(*dx.value(), ndarray::arr2(&[[6.0, 0.0], [0.0, 12.0]]).into_dyn());
    /// assert_eq!(*dw.value(), ndarray::arr1(&[1.0, 4.0]).into_dyn());
    /// ```
    ///
    /// With n elements of this var and m of all `vars` together, it is put together of n rows by VJPs where n ≤ m, and of
    /// m columns by [JVPs](Self::jvp) of one common VJP where m < n: min(n, m + 1) times the work of a
    /// [`vjp`](Self::vjp), and what the directions share is computed once. A fit of a few parameters to many residuals costs a
    /// few passes. Up to eight rows or columns are recorded one by one; more are [`vjps`](Self::vjps) or [`jvps`](Self::jvps) of
    /// all directions together, as many nodes as two VJPs, and as much memory as all directions want at once.
    ///
    /// Where that is too much, record *one* row, `y.vjp(u, [x])` with `u` an [input](crate::Tape::input), and
    /// run its plan for each direction; or use what needs no Jacobian, [`jvp`](Self::jvp) and [`vjp`](Self::vjp).
    ///
    /// # Panics
    ///
    /// As [`vjp`](Self::vjp).
    #[doc(alias = "jacrev")]
    #[track_caller]
    pub fn jacobian<const N: usize>(self, mut vars: [Var<'t>; N]) -> [Var<'t>; N] {
        let found = expected(self.try_jacobian(&vars));
        vars.iter_mut().zip(found).for_each(|(place, jacobian)| *place = jacobian);
        vars
    }

    /// As [`jacobian`](Self::jacobian), for any number of vars.
    ///
    /// # Errors
    ///
    /// What [`jacobian`](Self::jacobian) panics with.
    #[track_caller]
    pub fn try_jacobian(self, vars: &[Var<'t>]) -> Result<Vec<Var<'t>>> {
        real(self)?;
        self.tape().free("jacobian")?;
        for &var in vars {
            self.tape().own("jacobian", var, &[self])?;
            real(var)?;
        }
        let columns: usize = vars.iter().map(|var| size(&var.shape())).sum();
        if size(&self.shape()) <= columns { by_rows(self, vars) } else { by_columns(self, vars) }
    }

    /// The Hessian of this number: for each pair of vars all second derivatives, `∂²y/∂x_i∂x_j` in row i and column j, of
    /// the shape of `x_i` and then that of `x_j`.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", ndarray::arr1(&[1.0, 2.0]));
    /// let [[hessian]] = x.powi(3).sum().hessian([x]);
    /// assert_eq!(*hessian.value(), ndarray::arr2(&[[6.0, 0.0], [0.0, 12.0]]).into_dyn());
    /// ```
    ///
    /// It is the [Jacobian](Self::jacobian) of the gradient, by rows: it costs as many VJPs of the gradient as the vars have elements.
    /// [`hvp`](Self::hvp) multiplies by it for the cost of one.
    ///
    /// # Panics
    ///
    /// As [`grad`](Self::grad).
    #[track_caller]
    pub fn hessian<const N: usize>(self, vars: [Var<'t>; N]) -> [[Var<'t>; N]; N] {
        let found = expected(self.try_hessian(&vars));
        let mut rows = [vars; N];
        for (row, found) in rows.iter_mut().zip(found) {
            row.iter_mut().zip(found).for_each(|(place, block)| *place = block);
        }
        rows
    }

    /// As [`hessian`](Self::hessian), for any number of vars.
    ///
    /// # Errors
    ///
    /// What [`hessian`](Self::hessian) panics with.
    #[track_caller]
    pub fn try_hessian(self, vars: &[Var<'t>]) -> Result<Vec<Vec<Var<'t>>>> {
        let gradients = gradients_of(self, Some(vars))?;
        let mut rows = Vec::with_capacity(vars.len());
        // Loops, not closures: what is recorded names the caller's line.
        for &var in vars {
            rows.push(match gradients.get(var) {
                Some(gradient) => by_rows(gradient, vars)?,
                None => {
                    let mut zeros = Vec::with_capacity(vars.len());
                    for &other in vars {
                        zeros.push(zero(var, other));
                    }
                    zeros
                }
            });
        }
        Ok(rows)
    }
}

/// Up to so many directions are recorded one by one: numbers by themselves are computed faster than arrays of a few, and the
/// directions need not be kept all at once. Two columns of 200 steps of an oscillator take 387 µs so, and 736 together; 16
/// rows of a network of three products from 64 numbers take 91 µs, and 60 together; 64 rows of it on a batch of 32 take 6.3 ms,
/// and 9.2 together, in a fortieth of the steps (one thread of a busy Zen 5, `--profile test`).
const FEW: usize = 8;

/// The directions along each element of a var: rows of the unit matrix, each in the shape of the var.
#[track_caller]
fn units(var: Var<'_>) -> Var<'_> {
    let count = size(&var.shape());
    let shape: Vec<isize> = std::iter::once(count).chain(var.shape()).map(|n| n as isize).collect();
    var.tape().constant(1.0).broadcast_to([count]).diag(0).reshape(shape)
}

/// The shape of y and then that of x.
fn sizes(y: Var<'_>, x: Var<'_>) -> Vec<isize> {
    y.shape().into_iter().chain(x.shape()).map(|n| n as isize).collect()
}

/// A row for each element of y.
#[track_caller]
fn by_rows<'t>(y: Var<'t>, vars: &[Var<'t>]) -> Result<Vec<Var<'t>>> {
    let count = size(&y.shape());
    if count > FEW {
        let mut blocks = Vec::with_capacity(vars.len());
        for (rows, &var) in y.try_vjps(units(y), vars)?.into_iter().zip(vars) {
            blocks.push(rows.reshape(sizes(y, var)));
        }
        return Ok(blocks);
    }
    let elements = y.reshape([count as isize]);
    let mut rows: Vec<Vec<Option<Var<'t>>>> = vec![Vec::with_capacity(count); vars.len()];
    for i in 0..count {
        let gradients = gradients_of(element(elements, i), Some(vars))?;
        for (rows, &var) in rows.iter_mut().zip(vars) {
            rows.push(gradients.get(var));
        }
    }
    let mut blocks = Vec::with_capacity(vars.len());
    for (rows, &var) in rows.into_iter().zip(vars) {
        blocks.push(block(y, var, rows, var, 0)?);
    }
    Ok(blocks)
}

/// A column for each element of the vars, from one VJP.
#[track_caller]
fn by_columns<'t>(y: Var<'t>, vars: &[Var<'t>]) -> Result<Vec<Var<'t>>> {
    let transposed = Transposed::new("jacobian", y, vars)?;
    let mut blocks = Vec::with_capacity(vars.len());
    for &var in vars {
        let count = size(&var.shape());
        if count > FEW {
            let columns = transposed.along_many("jacobian", y, &[(var, units(var))])?;
            blocks.push(columns.reshape([count as isize, -1]).t().reshape(sizes(y, var)));
            continue;
        }
        let elements = var.reshape([count as isize]);
        let mut columns = Vec::with_capacity(count);
        for i in 0..count {
            // The derivative of an element of x with respect to x: 1 there, and else 0.
            let element = element(elements, i);
            let unit = gradients_of(element, Some(&[var]))?.of(var);
            columns.push(transposed.along("jacobian", &[(var, unit)])?);
        }
        blocks.push(block(y, var, columns, y, -1)?);
    }
    Ok(blocks)
}

/// An element of a vector, as an array of one element.
#[track_caller]
fn element(vector: Var<'_>, i: usize) -> Var<'_> {
    let start = i as isize;
    vector.tape().apply(Slice { ranges: vec![Range { start, end: Some(start + 1), step: 1 }] }, &[vector])
}

/// The derivatives of y with respect to x from its rows or columns, each of the shape of `part`, or zero.
#[track_caller]
fn block<'t>(
    y: Var<'t>,
    x: Var<'t>,
    parts: Vec<Option<Var<'t>>>,
    part: Var<'t>,
    axis: isize,
) -> Result<Var<'t>> {
    if parts.iter().all(Option::is_none) {
        return Ok(zero(y, x));
    }
    let mut all = Vec::with_capacity(parts.len());
    for given in parts {
        all.push(match given {
            Some(given) => given,
            None => zero_like(part)?,
        });
    }
    Ok(y.tape().stack(&all, axis).reshape(sizes(y, x)))
}

/// The derivative of what does not depend on x.
#[track_caller]
fn zero<'t>(y: Var<'t>, x: Var<'t>) -> Var<'t> {
    let sizes: Vec<usize> = y.shape().into_iter().chain(x.shape()).collect();
    y.tape().constant(0.0).broadcast_to(sizes)
}
