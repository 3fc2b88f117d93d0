//! Rows taken by position. The crate has no such op; this one is a user's.

use crate::specimen::{Specimen, operands};
use crate::support;
use chainrule::op::{
    Attribute, Attributes, Derivative, Inputs, Kernel, Kind, Op, Operand, Output, Precision, Zero,
};
use chainrule::{Float, Var};
use ndarray::arr1;

pub(crate) fn all() -> Vec<Specimen> {
    let rows = operands([&[5, 2]]);
    // Row 1 is taken three times, row 2 never.
    let positions = support::Operand::Index(arr1(&[1, 3, 1, 4, 1, 0]).into_dyn());
    let operands = rows.into_iter().chain([positions]).collect();
    vec![Specimen::new(19, "duplicate gather indices overwrite", 0, operands, |wrong| Gather {
        overwrite: wrong.is_some(),
    })]
}

/// Rows put at positions of zeros in the shape of another array, each in the place of what was there.
pub(crate) fn overwriting<'t>(rows: Var<'t>, positions: Var<'t>, like: Var<'t>) -> Var<'t> {
    rows.tape().apply(Scatter { overwrite: true }, &[rows, positions, like])
}

/// `y = x0[x1]`, rows of x0 by position; `dx0` is `dy`, added to the rows it came from.
#[derive(Debug)]
struct Gather {
    /// Whether the rule puts rows of dy where it must add them.
    overwrite: bool,
}

/// Zeros in the shape of x2, and the rows of x0 added at the positions x1.
#[derive(Debug)]
struct Scatter {
    /// Whether a row is put in the place of what was added before.
    overwrite: bool,
}

impl<F: Precision> Kernel<F> for Gather {
    fn run(&self, x: Inputs<'_, '_, F>, mut y: Output<'_, F>) {
        let rows = x.real(0).array();
        for (mut y, &position) in y.array().outer_iter_mut().zip(x.index(1).array()) {
            y.assign(&rows.index_axis(ndarray::Axis(0), position));
        }
    }
}

impl<F: Float> Kernel<F> for Scatter {
    fn run(&self, x: Inputs<'_, '_, F>, mut y: Output<'_, F>) {
        y.data.fill(F::zero());
        let mut rows = y.array();
        for (x, &position) in x.real(0).array().outer_iter().zip(x.index(1).array()) {
            let mut row = rows.index_axis_mut(ndarray::Axis(0), position);
            if self.overwrite {
                row.assign(&x);
            } else {
                row += &x;
            }
        }
    }
}

fn overwrites(flag: bool) -> Attributes {
    Attributes::new().with("overwrite", Attribute::Flag(flag))
}

impl Op for Gather {
    fn name(&self) -> &'static str {
        "gather"
    }

    fn formula(&self) -> &'static str {
        "y = x0[x1]"
    }

    fn attributes(&self) -> Attributes {
        overwrites(self.overwrite)
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        match x {
            [
                Operand { shape: [_, columns], kind: Kind::Real },
                Operand { shape: [n], kind: Kind::Index },
            ] => Ok(vec![*n, *columns]),
            _ => Err("takes a matrix and a list of positions".to_owned()),
        }
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        match operand {
            0 => dy.tape().apply(Scatter { overwrite: self.overwrite }, &[dy, x[1], x[0]]).into(),
            _ => Derivative::NotDifferentiable,
        }
    }
}

impl Op for Scatter {
    fn name(&self) -> &'static str {
        "scatter"
    }

    fn formula(&self) -> &'static str {
        "y[x1] += x0"
    }

    fn attributes(&self) -> Attributes {
        overwrites(self.overwrite)
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        match x {
            [
                Operand { shape: [rows, columns], kind: Kind::Real },
                Operand { shape: [n], kind: Kind::Index },
                like,
            ] if rows == n && like.shape.get(1) == Some(columns) => Ok(like.shape.to_vec()),
            _ => Err("takes rows, a position for each, and a matrix as wide".to_owned()),
        }
    }

    fn reads(&self, operand: usize) -> bool {
        operand < 2
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        match operand {
            0 => dy.tape().apply(Gather { overwrite: self.overwrite }, &[dy, x[1]]).into(),
            1 => Derivative::NotDifferentiable,
            _ => Zero.into(),
        }
    }
}
