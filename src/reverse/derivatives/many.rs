//! Derivatives in many directions at once.

use super::batched::batched;
use super::directional::Transposed;
use crate::error::{Error, Result, expected};
use crate::reverse::gradients::{differentiate, gradients_of, zero_like};
use crate::tape::Var;

impl<'t> Var<'t> {
    /// Many [`vjp`](Self::vjp)s in one: `dys` has a cotangent of this var in each row, `[k, …]`, and each result has a row for
    /// each, `[k, …]` of the shape of its var.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", ndarray::arr1(&[1.0, 2.0]));
    /// let dys = tape.leaf("dys", ndarray::arr2(&[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]));
    /// let [dx] = x.powi(2).vjps(dys, [x]);
    /// assert_eq!(*dx.value(), ndarray::arr2(&[[2.0, 0.0], [0.0, 4.0], [2.0, 4.0]]).into_dyn());
    /// ```
    ///
    /// One VJP is recorded, and then once more with an axis for the directions in front of all that depends on them: as many
    /// nodes as two VJPs, whatever k, which compute and keep k times as much. It is PyTorch's `is_grads_batched` and JAX's `vmap` of a
    /// VJP. An op that has no [batched form](crate::op::Op::batched) is recorded k times. The number of directions is part of the graph.
    ///
    /// # Panics
    ///
    /// As [`vjp`](Self::vjp).
    #[doc(alias = "vmap")]
    #[track_caller]
    pub fn vjps<const N: usize>(self, dys: Var<'t>, mut vars: [Var<'t>; N]) -> [Var<'t>; N] {
        let found = expected(self.try_vjps(dys, &vars));
        vars.iter_mut().zip(found).for_each(|(place, dx)| *place = dx);
        vars
    }

    /// As [`vjps`](Self::vjps), for any number of vars.
    ///
    /// # Errors
    ///
    /// What [`vjps`](Self::vjps) panics with.
    #[track_caller]
    pub fn try_vjps(self, dys: Var<'t>, vars: &[Var<'t>]) -> Result<Vec<Var<'t>>> {
        let count = rows("vjps", self, dys, None)?;
        let transposed = Transposed::new("vjps", self, vars)?;
        let mut one = Vec::with_capacity(vars.len());
        for &var in vars {
            one.push(transposed.cotangents.get(var));
        }
        let many = batched(self.tape(), &one, &[(transposed.dual, dys)], count)?;
        or_zeros(many, vars, count)
    }

    /// Many [`jvp`](Self::jvp)s in one: each var moves along the rows of what stands beside it, `[k, …]` of its own shape, all of them
    /// together. The result has a row for each, `[k, …]` of the shape of this var. It costs as [`vjps`](Self::vjps).
    ///
    /// # Panics
    ///
    /// As [`jvp`](Self::jvp); and if there are not as many rows for each var.
    #[track_caller]
    pub fn jvps<const N: usize>(self, directions: [(Var<'t>, Var<'t>); N]) -> Var<'t> {
        expected(self.try_jvps(&directions))
    }

    /// As [`jvps`](Self::jvps), for any number of vars, of which there is at least one.
    ///
    /// # Errors
    ///
    /// What [`jvps`](Self::jvps) panics with.
    #[track_caller]
    pub fn try_jvps(self, directions: &[(Var<'t>, Var<'t>)]) -> Result<Var<'t>> {
        let vars: Vec<Var<'t>> = directions.iter().map(|(var, _)| *var).collect();
        Transposed::new("jvps", self, &vars)?.along_many("jvps", self, directions)
    }

    /// Many [`hvp`](Self::hvp)s in one: the vectors are the rows of what stands beside each var, `[k, …]` of its own shape, and
    /// so are the results. It costs as [`vjps`](Self::vjps) of the gradient.
    ///
    /// # Panics
    ///
    /// As [`hvp`](Self::hvp); and if there are not as many rows for each var.
    #[track_caller]
    pub fn hvps<const N: usize>(self, directions: [(Var<'t>, Var<'t>); N]) -> [Var<'t>; N] {
        let found = expected(self.try_hvps(&directions));
        let mut products = directions.map(|(var, _)| var);
        products.iter_mut().zip(found).for_each(|(place, product)| *place = product);
        products
    }

    /// As [`hvps`](Self::hvps), for any number of vars, of which there is at least one.
    ///
    /// # Errors
    ///
    /// What [`hvps`](Self::hvps) panics with.
    #[track_caller]
    pub fn try_hvps(self, directions: &[(Var<'t>, Var<'t>)]) -> Result<Vec<Var<'t>>> {
        let vars: Vec<Var<'t>> = directions.iter().map(|(var, _)| *var).collect();
        let gradients = gradients_of(self, Some(&vars))?;
        let (count, stacks) = stacks("hvps", directions)?;
        let mut ends = Vec::with_capacity(vars.len());
        for (&var, &(v, _)) in vars.iter().zip(&stacks) {
            ends.extend(gradients.get(var).map(|gradient| (gradient, v)));
        }
        let mut one = vec![None; vars.len()];
        if !ends.is_empty() {
            let products = differentiate("hvps", &ends, Some(&vars))?;
            for (place, &var) in one.iter_mut().zip(&vars) {
                *place = products.get(var);
            }
        }
        let many = batched(self.tape(), &one, &stacks, count)?;
        or_zeros(many, &vars, count)
    }
}

impl<'t> Transposed<'t> {
    /// The JVPs in many directions of some vars together.
    #[track_caller]
    pub(super) fn along_many(
        &self,
        what: &'static str,
        output: Var<'t>,
        directions: &[(Var<'t>, Var<'t>)],
    ) -> Result<Var<'t>> {
        let (count, stacks) = stacks(what, directions)?;
        let mut along = Vec::with_capacity(directions.len());
        for (&(var, _), &(dx, _)) in directions.iter().zip(&stacks) {
            along.push((var, dx));
        }
        let one = self.along(what, &along)?;
        let many = batched(output.tape(), &[one], &stacks, count)?;
        Ok(or_zeros(many, &[output], count)?[0])
    }
}

/// How many rows there are, each of the shape of a var, and as many as of others.
#[track_caller]
fn rows(what: &'static str, var: Var<'_>, all: Var<'_>, others: Option<usize>) -> Result<usize> {
    var.tape().own(what, all, &[var])?;
    let shape = all.shape();
    match shape.split_first() {
        Some((&count, row)) if row == var.shape() && others.is_none_or(|others| others == count) => Ok(count),
        _ => Err(Error::Argument {
            what,
            problem: format!(
                "{all:?} has shape {shape:?}, and {var:?} wants rows of its own, [{}, …] of shape {:?}",
                others.map_or("k".to_owned(), |others| others.to_string()),
                var.shape()
            ),
        }),
    }
}

/// A direction of each var, of which only the shape matters, with the rows that stand for it; and how many rows there are.
#[track_caller]
fn stacks<'t>(
    what: &'static str,
    directions: &[(Var<'t>, Var<'t>)],
) -> Result<(usize, Vec<(Var<'t>, Var<'t>)>)> {
    let (mut count, mut stacks) = (None, Vec::with_capacity(directions.len()));
    for &(var, all) in directions {
        count = Some(rows(what, var, all, count)?);
        stacks.push((zero_like(var)?, all));
    }
    match count {
        Some(count) => Ok((count, stacks)),
        None => {
            Err(Error::Argument { what, problem: "there is no direction; give at least one var".to_owned() })
        }
    }
}

/// Zeros of the shape of each var for what is not computed from the directions.
#[track_caller]
fn or_zeros<'t>(many: Vec<Option<Var<'t>>>, vars: &[Var<'t>], count: usize) -> Result<Vec<Var<'t>>> {
    let mut all = Vec::with_capacity(vars.len());
    for (found, &var) in many.into_iter().zip(vars) {
        all.push(match found {
            Some(found) => found,
            None => {
                let shape: Vec<usize> = std::iter::once(count).chain(var.shape()).collect();
                var.tape().constant(0.0).broadcast_to(shape)
            }
        });
    }
    Ok(all)
}
