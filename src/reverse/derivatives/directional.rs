//! Derivatives in a direction, by a second reverse pass.

use crate::error::{Error, Result, expected};
use crate::reverse::gradients::{Gradients, differentiate, gradients_of, zero_like};
use crate::tape::{Tape, Var};

/// The VJP of an output as a linear function of its cotangent, from which JVPs follow.
pub(super) struct Transposed<'t> {
    /// The cotangent, of which only the shape matters.
    pub(super) dual: Var<'t>,
    pub(super) cotangents: Gradients<'t>,
}

impl<'t> Transposed<'t> {
    #[track_caller]
    pub(super) fn new(what: &'static str, output: Var<'t>, vars: &[Var<'t>]) -> Result<Self> {
        let dual = zero_like(output)?;
        let cotangents = differentiate(what, &[(output, dual)], Some(vars))?;
        Ok(Self { dual, cotangents })
    }

    /// The JVP in some directions together; `None` if the output depends on none of the vars.
    #[track_caller]
    pub(super) fn along(
        &self,
        what: &'static str,
        directions: &[(Var<'t>, Var<'t>)],
    ) -> Result<Option<Var<'t>>> {
        let mut ends = Vec::with_capacity(directions.len());
        for &(var, dx) in directions {
            fits(what, self.dual.tape(), var, dx)?;
            ends.extend(self.cotangents.get(var).map(|cotangent| (cotangent, dx)));
        }
        if ends.is_empty() {
            return Ok(None);
        }
        Ok(differentiate(what, &ends, Some(&[self.dual]))?.get(self.dual))
    }
}

/// That a direction is of the tape and of the shape of its var.
#[track_caller]
fn fits(what: &'static str, tape: &Tape, var: Var<'_>, dx: Var<'_>) -> Result<()> {
    tape.own(what, dx, &[var])?;
    if dx.shape() == var.shape() {
        return Ok(());
    }
    Err(Error::Argument {
        what,
        problem: format!("the direction {dx:?} has shape {:?}, and {var:?} wants its own", dx.shape()),
    })
}

impl<'t> Var<'t> {
    /// The Jacobian-vector product `dy = Σ ∂y/∂x · dx`: by how much this var, of any shape, changes where each var `x`
    /// moves along `dx`, of the shape of `x`. The result has the shape of this var.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let (x, dx) = (tape.leaf("x", ndarray::arr1(&[1.0, 2.0])), tape.leaf("dx", ndarray::arr1(&[1.0, 10.0])));
    /// assert_eq!(x.powi(2).jvp([(x, dx)]).value().as_slice().unwrap(), [2.0, 40.0]);
    /// ```
    ///
    /// The VJP is linear in its cotangent `u`, so that the JVP is the VJP of it: `∂(uᵀJ)/∂u · dx = J dx`. Both passes are
    /// recorded, as many nodes as two [`vjp`](Self::vjp)s; a plan leaves out what only the first is computed from,
    /// `u` with it. What is recorded can be differentiated again.
    ///
    /// # Panics
    ///
    /// As [`vjp`](Self::vjp); and if a direction has another shape than its var.
    #[track_caller]
    pub fn jvp<const N: usize>(self, directions: [(Var<'t>, Var<'t>); N]) -> Var<'t> {
        expected(self.try_jvp(&directions))
    }

    /// As [`jvp`](Self::jvp), for any number of vars.
    ///
    /// # Errors
    ///
    /// What [`jvp`](Self::jvp) panics with.
    #[track_caller]
    pub fn try_jvp(self, directions: &[(Var<'t>, Var<'t>)]) -> Result<Var<'t>> {
        let vars: Vec<Var<'t>> = directions.iter().map(|(var, _)| *var).collect();
        let along = Transposed::new("jvp", self, &vars)?.along("jvp", directions)?;
        match along {
            Some(dy) => Ok(dy),
            None => zero_like(self),
        }
    }

    /// The Hessian-vector products of this number: for each var `x_i`, `Σ_j ∂²y/∂x_i∂x_j · v_j`, where `v_j` is given
    /// beside `x_j` and has its shape. The Hessian itself is not formed: it costs a gradient and a VJP of it.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let (x, v) = (tape.leaf("x", ndarray::arr1(&[1.0, 2.0])), tape.leaf("v", ndarray::arr1(&[1.0, 10.0])));
    /// let [hv] = x.powi(3).sum().hvp([(x, v)]); // the Hessian has 6 x on its diagonal
    /// assert_eq!(hv.value().as_slice().unwrap(), [6.0, 120.0]);
    /// ```
    ///
    /// # Panics
    ///
    /// As [`grad`](Self::grad); and if a direction has another shape than its var.
    #[track_caller]
    pub fn hvp<const N: usize>(self, directions: [(Var<'t>, Var<'t>); N]) -> [Var<'t>; N] {
        let found = expected(self.try_hvp(&directions));
        let mut products = directions.map(|(var, _)| var);
        products.iter_mut().zip(found).for_each(|(place, product)| *place = product);
        products
    }

    /// As [`hvp`](Self::hvp), for any number of vars.
    ///
    /// # Errors
    ///
    /// What [`hvp`](Self::hvp) panics with.
    #[track_caller]
    pub fn try_hvp(self, directions: &[(Var<'t>, Var<'t>)]) -> Result<Vec<Var<'t>>> {
        let vars: Vec<Var<'t>> = directions.iter().map(|(var, _)| *var).collect();
        let gradients = gradients_of(self, Some(&vars))?;
        let mut ends = Vec::with_capacity(vars.len());
        for &(var, v) in directions {
            fits("hvp", self.tape(), var, v)?;
            ends.extend(gradients.get(var).map(|gradient| (gradient, v)));
        }
        // A loop, not a closure: what is recorded names the caller's line.
        if ends.is_empty() {
            let mut zeros = Vec::with_capacity(vars.len());
            for var in vars {
                zeros.push(zero_like(var)?);
            }
            return Ok(zeros);
        }
        differentiate("hvp", &ends, Some(&vars))?.for_each_of(&vars)
    }
}
