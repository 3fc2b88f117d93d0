//! Parts of an array added up: what several slices of one array hand back together.

use super::slice::{Range, Slice, portable_unslice, sliced_layout, sliced_shape};
use crate::Float;
use crate::base::shape::Layout;
use crate::kernel::{Inputs, Output, scatter};
use crate::portable::Portable;
use crate::tape::Var;
use crate::tape::op::{Derivative, Kernel, Op, Operand, Zero};
use crate::tape::operands::all_reals;
use crate::tape::sample::{Domain, Sample};

/// Zeros of the shape of x0, of which only that is read, and each of the other operands added in a part of it. `dx` of a part is
/// `dy` there.
///
/// The reverse pass records it in the place of a sum of as many arrays that are zero outside a part: a layer over 32 times has
/// 32 slices of one array, and their sum would go through 32 arrays as large as that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddSlices {
    /// A range for every axis of x0, for one part after another.
    pub ranges: Vec<Range>,
}

impl AddSlices {
    /// The ranges of a part, an operand from 1, in an array of so many axes.
    fn part(&self, operand: usize, axes: usize) -> &[Range] {
        self.ranges.get((operand - 1) * axes..operand * axes).unwrap_or_default()
    }
}

impl<F: Float> Kernel<F> for AddSlices {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        y.data.fill(F::zero());
        let whole = Layout::contiguous(y.shape);
        for i in 1..x.len() {
            let part = sliced_layout(self.part(i, y.shape.len()), &whole);
            scatter(x.real(i), &part, y.data, |y, x| *y += x);
        }
    }
}

impl Op for AddSlices {
    crate::op_settings!();

    fn symbol(&self) -> String {
        "Σ parts".to_owned()
    }

    fn formula(&self) -> &'static str {
        "y = the sum of x1, x2, … in parts of the shape of x0"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let all = all_reals(x)?;
        let Some((&like, parts)) = all.split_first() else {
            return Err("takes an array for its shape, and parts".to_owned());
        };
        if self.ranges.len() != parts.len() * like.len() {
            return Err(format!(
                "{} ranges for {} parts of {} axes; give one for each axis of each part",
                self.ranges.len(),
                parts.len(),
                like.len()
            ));
        }
        for (i, &part) in parts.iter().enumerate() {
            let wanted = sliced_shape(self.part(i + 1, like.len()), like)?;
            if wanted != part {
                return Err(format!("part {} of {like:?} has shape {wanted:?}, got {part:?}", i + 1));
            }
        }
        Ok(like.to_vec())
    }

    fn reads(&self, operand: usize) -> bool {
        operand > 0
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        match operand {
            0 => Zero.into(),
            _ => dy.tape().apply(Slice { ranges: self.part(operand, x[0].rank()).to_vec() }, &[dy]).into(),
        }
    }

    fn smooth(&self) -> bool {
        true
    }

    fn portable<'p>(&self, x: &[Portable<'p>], shape: &[usize]) -> Result<Portable<'p>, String> {
        let mut y = x[0].full(0.0, shape);
        for (i, &part) in x.iter().enumerate().skip(1) {
            y = y + portable_unslice(part, self.part(i, shape.len()), shape)?;
        }
        Ok(y)
    }

    fn samples(&self) -> Vec<Sample> {
        // The examples are of parts of matrices.
        let parts = |like: &[usize]| -> Option<Vec<Vec<usize>>> {
            self.ranges.chunks(2).map(|ranges| sliced_shape(ranges, like).ok()).collect()
        };
        let sample = |like: [usize; 2]| {
            let all: Vec<Vec<usize>> = [vec![like.to_vec()], parts(&like)?].concat();
            let all: Vec<&[usize]> = all.iter().map(Vec::as_slice).collect();
            Some(Sample(all.into_iter().map(|s| (s.to_vec(), Domain::Between(-2.0, 2.0))).collect()))
        };
        [[3, 4], [4, 3], [2, 5]].into_iter().filter_map(sample).collect()
    }
}

/// Parts side by side, parts that overlap, one with steps and one that is empty.
fn examples() -> [AddSlices; 3] {
    let range = |start, end, step| Range { start, end, step };
    [
        vec![range(0, Some(1), 1), range(0, None, 1), range(1, None, 1), range(0, None, 1)],
        vec![range(0, Some(2), 1), range(1, None, 1), range(1, None, 1), range(0, Some(-1), 1)],
        vec![range(0, None, 2), range(0, None, -1), range(0, Some(0), 1), range(1, Some(3), 3)],
    ]
    .map(|ranges| AddSlices { ranges })
}

crate::ops::entry::built_in! { AddSlices, "add_slices", [ranges], examples(); }
