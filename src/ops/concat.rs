//! Arrays joined along an axis, and one part of what was joined.

use super::axes::from_front;
use crate::Float;
use crate::graph::{Attribute, Attributes};
use crate::kernel::{Inputs, Output, View, gather};
use crate::shape::{self, Layout};
use crate::tape::op::{Derivative, Domain, Kernel, Op, Operand, Sample};
use crate::tape::{LoadOp, Tape, Var};

/// Arrays one after another along an axis; each operand's cotangent is its own part of `dy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concat {
    /// The axis along which sizes add up.
    pub axis: usize,
}

/// The part of x0 that operand `part` gave to the joined array: operands are the joined array and, for their shapes
/// alone, all that were joined. `dx0` is `dy` in that part, and 0 elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// The axis along which sizes were added up.
    pub axis: usize,
    /// Which of the joined arrays, from 0.
    pub part: usize,
}

fn joined_shape(axis: usize, parts: &[&[usize]]) -> Result<Vec<usize>, String> {
    let Some((first, rest)) = parts.split_first() else {
        return Err("takes at least one operand".to_owned());
    };
    shape::check_axis(axis, first.len())?;
    let mut joined = first.to_vec();
    for (i, part) in rest.iter().enumerate() {
        let fits = part.len() == first.len() && (0..part.len()).all(|a| a == axis || part[a] == first[a]);
        if !fits {
            return Err(format!(
                "operand {} has shape {part:?}, which differs from {first:?} on another axis than {axis}",
                i + 1
            ));
        }
        // The tape refuses what is then too large to be addressed.
        joined[axis] = joined[axis].saturating_add(part[axis]);
    }
    Ok(joined)
}

impl<F: Float> Kernel<F> for Concat {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let outer: usize = y.shape[..self.axis].iter().product();
        let inner: usize = y.shape[self.axis + 1..].iter().product();
        let mut rest = y.data;
        for row in 0..outer {
            for i in 0..x.len() {
                let n = x.shape(i)[self.axis] * inner;
                let (part, next) = rest.split_at_mut(n);
                gather(x.real(i), row * n, part);
                rest = next;
            }
        }
    }
}

impl<F: Float> Kernel<F> for Segment {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let before: usize = (0..self.part).map(|i| x.shape(i + 1)[self.axis]).sum();
        let joined = x.real(0);
        let (data, offset) = joined.buffer();
        let layout = Layout { shape: y.shape.into(), strides: joined.strides().into(), offset };
        if layout.is_empty() {
            return;
        }
        let offset = (offset as isize + before as isize * joined.strides()[self.axis]) as usize;
        gather(View::new(data, offset, &layout.shape, &layout.strides), 0, y.data);
    }
}

impl Op for Concat {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn formula(&self) -> &'static str {
        "y = x0, x1, … one after another"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with("axis", Attribute::Int(self.axis as i64))
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        joined_shape(self.axis, &all_reals(x)?)
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let operands: Vec<Var<'t>> = std::iter::once(dy).chain(x.iter().copied()).collect();
        dy.tape().apply(Segment { axis: self.axis, part: operand }, &operands).into()
    }

    fn samples(&self) -> Vec<Sample> {
        let domain = Domain::Between(-2.0, 2.0);
        match self.axis {
            0 => vec![Sample::of([&[2, 3], &[1, 3], &[0, 3]], domain), Sample::of([&[4]], domain)],
            _ => vec![
                Sample::of([&[3, 2], &[3, 4]], domain),
                Sample::of([&[2, 1, 3], &[2, 2, 3], &[2, 1, 3]], domain),
            ],
        }
    }
}

/// The shapes of any number of operands of real numbers.
fn all_reals<'a>(x: &[Operand<'a>]) -> Result<Vec<&'a [usize]>, String> {
    x.iter()
        .enumerate()
        .map(|(i, x)| match x.kind {
            crate::graph::Kind::Real => Ok(x.shape),
            crate::graph::Kind::Index => {
                Err(format!("operand {i} holds indices, and real numbers are wanted"))
            }
        })
        .collect()
}

impl Op for Segment {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn formula(&self) -> &'static str {
        "y = one part of x0"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new()
            .with("axis", Attribute::Int(self.axis as i64))
            .with("part", Attribute::Int(self.part as i64))
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let shapes = all_reals(x)?;
        let Some((joined, parts)) = shapes.split_first() else {
            return Err("takes the joined array and its parts".to_owned());
        };
        let wanted = joined_shape(self.axis, parts)?;
        let Some(part) = parts.get(self.part) else { return Err(format!("there is no part {}", self.part)) };
        if wanted == *joined {
            Ok(part.to_vec())
        } else {
            Err(format!("the parts join to {wanted:?}, got {joined:?}"))
        }
    }

    fn reads(&self, operand: usize) -> bool {
        operand == 0
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        if operand > 0 {
            return Derivative::Zero;
        }
        let part = |(i, &x): (usize, &Var<'t>)| {
            if i == self.part { dy } else { dy.tape().constant(0.0).broadcast_like(x) }
        };
        let parts: Vec<Var<'t>> = x[1..].iter().enumerate().map(part).collect();
        dy.tape().apply(Concat { axis: self.axis }, &parts).into()
    }

    fn samples(&self) -> Vec<Sample> {
        vec![Sample::of([&[5, 3], &[2, 3], &[3, 3]], Domain::Between(-2.0, 2.0))]
    }
}

impl LoadOp for Concat {
    const NAME: &'static str = "concat";

    fn load(a: &Attributes) -> Result<Self, String> {
        Ok(Self { axis: position(a, "axis")? })
    }

    fn examples() -> Vec<Self> {
        vec![Self { axis: 0 }, Self { axis: 1 }]
    }
}

impl LoadOp for Segment {
    const NAME: &'static str = "segment";

    fn load(a: &Attributes) -> Result<Self, String> {
        Ok(Self { axis: position(a, "axis")?, part: position(a, "part")? })
    }

    fn examples() -> Vec<Self> {
        vec![Self { axis: 0, part: 0 }, Self { axis: 0, part: 1 }]
    }
}

fn position(a: &Attributes, name: &str) -> Result<usize, String> {
    let n = a.int(name)?;
    usize::try_from(n).map_err(|_| format!("attribute `{name}` is negative: {n}"))
}

impl Tape {
    /// Vars one after another along an axis (−1 is the last); their other sizes agree.
    ///
    /// # Panics
    ///
    /// If there are none, or the shapes do not fit.
    #[track_caller]
    pub fn concat(&self, vars: &[Var<'_>], axis: isize) -> Var<'_> {
        let Some(&first) = vars.first() else {
            self.refuse_operands(Concat::NAME, "takes at least one operand".to_owned(), vars)
        };
        let axis = from_front(&[axis], Concat::NAME, first, first.rank())[0];
        self.apply(Concat { axis }, vars)
    }
}
