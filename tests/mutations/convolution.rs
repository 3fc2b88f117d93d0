//! Convolution along one axis with stride and dilation. The crate has no such op; this one is a user's.

use crate::specimen::{Specimen, operands};
use chainrule::Var;
use chainrule::op::{
    Attribute, Attributes, Derivative, Inputs, Kernel, Op, Operand, Output, Precision, Zero, reals,
};
use ndarray::Ix3;

pub(crate) fn all() -> Vec<Specimen> {
    // 3 rows of 2 channels and 13 places, by 5 filters 3 long, give 3 rows of 5 channels and 4 places.
    let swapped = |what, operand| {
        Specimen::new(22, what, operand, operands([&[3, 2, 13], &[5, 2, 3]]), |wrong| Convolution {
            wanted: Array::Output,
            stride: 2,
            dilation: 3,
            swapped: wrong,
        })
    };
    vec![
        swapped("conv stride and dilation swapped, for the input", 0),
        swapped("conv stride and dilation swapped, for the filters", 1),
    ]
}

/// The three arrays of a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Array {
    /// Rows, channels, places.
    Input,
    /// Filters, channels, taps.
    Filters,
    /// Rows, filters, places.
    Output,
}

/// One of three arrays from the two others: `output[n, f, p] = Σ input[n, c, p · stride + t · dilation] filters[f, c, t]`
/// over c and t; and for the others, given as input, filters, output in this order and then an operand with the shape
/// wanted, what the same products sum to for each of their elements.
///
/// The sum of `input × filters × output` over all these products is linear in each of the three, and what is wanted is
/// its derivative with respect to one. So the rule for any operand is the same op, with that array wanted.
#[derive(Debug, Clone)]
struct Convolution {
    wanted: Array,
    stride: usize,
    dilation: usize,
    /// The operand whose rule takes one for the other.
    swapped: Option<usize>,
}

impl Convolution {
    /// What operand 0 and 1 are.
    fn operands(&self) -> [Array; 2] {
        match self.wanted {
            Array::Input => [Array::Filters, Array::Output],
            Array::Filters => [Array::Input, Array::Output],
            Array::Output => [Array::Input, Array::Filters],
        }
    }
}

impl<F: Precision> Kernel<F> for Convolution {
    fn run(&self, x: Inputs<'_, '_, F>, mut y: Output<'_, F>) {
        y.data.fill(F::zero());
        let three = |i: usize| x.real(i).array().into_dimensionality::<Ix3>();
        let (Ok(a), Ok(b), Ok(mut y)) = (three(0), three(1), y.array().into_dimensionality::<Ix3>()) else {
            unreachable!("the shape rule takes rank 3")
        };
        // Rows, filters, channels, places, taps, and the places of the input.
        let ((n, c, length), (f, t), p) = match self.wanted {
            Array::Input => (y.dim(), (a.dim().0, a.dim().2), b.dim().2),
            Array::Filters => (a.dim(), (y.dim().0, y.dim().2), b.dim().2),
            Array::Output => (a.dim(), (b.dim().0, b.dim().2), y.dim().2),
        };
        for (n, f, c, p, t) in ndarray::indices((n, f, c, p, t)) {
            let i = p * self.stride + t * self.dilation;
            if i >= length {
                continue;
            }
            match self.wanted {
                Array::Input => y[[n, c, i]] += a[[f, c, t]] * b[[n, f, p]],
                Array::Filters => y[[f, c, t]] += a[[n, c, i]] * b[[n, f, p]],
                Array::Output => y[[n, f, p]] += a[[n, c, i]] * b[[f, c, t]],
            }
        }
    }
}

impl Op for Convolution {
    fn name(&self) -> &'static str {
        "convolution"
    }

    fn formula(&self) -> &'static str {
        "output = Σ input × filters"
    }

    fn attributes(&self) -> Attributes {
        let swapped = self.swapped.map(|operand| operand as i64);
        Attributes::new()
            .with("wanted", Attribute::Text(format!("{:?}", self.wanted)))
            .with_sizes("stride", &[self.stride])
            .with_sizes("dilation", &[self.dilation])
            .with("swapped", Attribute::Ints(vec![swapped]))
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        if self.wanted != Array::Output {
            let [_, _, like] = reals(x)?;
            return Ok(like.to_vec());
        }
        match reals(x)? {
            [&[rows, channels, length], &[filters, same, taps]] if channels == same && taps > 0 => {
                let reach = (taps - 1) * self.dilation;
                let places = length.checked_sub(reach + 1).ok_or("the filters reach past the input")?;
                Ok(vec![rows, filters, places / self.stride + 1])
            }
            _ => Err("takes rows × channels × places and filters × channels × taps".to_owned()),
        }
    }

    fn reads(&self, operand: usize) -> bool {
        operand < 2
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let Some(&array) = self.operands().get(operand) else { return Zero.into() };
        let (stride, dilation) = match self.swapped == Some(operand) {
            true => (self.dilation, self.stride),
            false => (self.stride, self.dilation),
        };
        let rule = Self { wanted: array, stride, dilation, swapped: None };
        let (other, like) = (x[1 - operand], x[operand]);
        let mut given = [(self.operands()[1 - operand], other), (self.wanted, dy)];
        given.sort_by_key(|(array, _)| *array as usize);
        let [(_, a), (_, b)] = given;
        let operands = if array == Array::Output { vec![a, b] } else { vec![a, b, like] };
        dy.tape().apply(rule, &operands).into()
    }
}
