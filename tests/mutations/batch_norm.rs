//! Batch normalisation. The crate has no such op; this one is a user's.

use crate::specimen::{Specimen, operands};
use chainrule::Var;
use chainrule::op::{
    Attribute, Attributes, Derivative, Inputs, Kernel, Op, Operand, Output, Precision, reals,
};

pub(crate) fn all() -> Vec<Specimen> {
    vec![
        Specimen::new(
            21,
            "batch norm without the variance path",
            0,
            operands([&[5, 3], &[3], &[3]]),
            |wrong| BatchNorm { constant_variance: wrong.is_some() },
        )
        .hides_under_ones(),
    ]
}

/// Keeps the deviation of a column off 0.
const EPSILON: f64 = 1e-5;

/// `y = x1 z + x2` with `z = (x0 − μ) / σ`, where μ is a column's mean and `σ² = mean (x0 − μ)² + ε`.
///
/// With `dz = dy x1`: `dx0 = (dz − mean dz − z mean (dz z)) / σ`, `dx1 = Σ dy z`, `dx2 = Σ dy`.
#[derive(Debug)]
struct BatchNorm {
    /// Whether the rule takes σ for a constant.
    constant_variance: bool,
}

impl<F: Precision> Kernel<F> for BatchNorm {
    fn run(&self, x: Inputs<'_, '_, F>, mut y: Output<'_, F>) {
        let (x, scale, shift) = (x.real(0).array(), x.real(1).array(), x.real(2).array());
        let mut y = y.array();
        let columns = x.columns().into_iter().zip(y.columns_mut());
        for ((x, y), (&scale, &shift)) in columns.zip(scale.iter().zip(&shift)) {
            let n = F::of(x.len() as f64);
            let mean = x.iter().copied().sum::<F>() / n;
            let variance = x.iter().map(|&x| (x - mean) * (x - mean)).sum::<F>() / n;
            let deviation = (variance + F::of(EPSILON)).sqrt();
            y.into_iter().zip(x).for_each(|(y, &x)| *y = scale * (x - mean) / deviation + shift);
        }
    }
}

impl Op for BatchNorm {
    fn name(&self) -> &'static str {
        "batch_norm"
    }

    fn formula(&self) -> &'static str {
        "y = x1 (x0 − mean x0) / √(var x0 + ε) + x2"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with("constant_variance", Attribute::Flag(self.constant_variance))
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        match reals(x)? {
            [&[rows, columns], &[scales], &[shifts]] if columns == scales && columns == shifts => {
                Ok(vec![rows, columns])
            }
            _ => Err("takes a matrix, and a scale and a shift for every column".to_owned()),
        }
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let centred = x[0] - x[0].mean_keep(0);
        let deviation = (centred.square().mean_keep(0) + EPSILON).sqrt();
        let z = centred / deviation;
        match operand {
            0 => {
                let dz = dy * x[1];
                let centred = dz - dz.mean_keep(0);
                let path = z * (dz * z).mean_keep(0);
                let rest = if self.constant_variance { centred } else { centred - path };
                (rest / deviation).into()
            }
            1 => (dy * z).into(),
            _ => dy.into(),
        }
    }
}
