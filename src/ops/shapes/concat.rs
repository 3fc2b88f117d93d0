//! Arrays joined along an axis, and one part of what was joined.

use super::views::of_either_kind;
use crate::Float;
use crate::base::shape::{self, Layout};
use crate::kernel::{Inputs, Output, View, gather};
use crate::ops::axes::from_front;
use crate::portable::Portable;
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::operands::{all_alike, all_reals};
use crate::tape::sample::{Domain, Sample};
use crate::tape::{LoadOp, Tape, Var};
use std::sync::Arc;

/// Arrays one after another along an axis; each operand's cotangent is its own part of `dy`.
///
/// The rule of each operand takes the sizes of all: [`Tape::concat`] gives no more than eight to one node.
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

/// `y` is x0 where operand `part` would lie in the joined array, and 0 elsewhere: the adjoint of [`Segment`]. Operands are
/// that part and, for their shapes alone, all that are joined. `dx0` is that part of `dy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsegment {
    /// The axis along which sizes are added up.
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

/// Writes the elements of arrays that are joined along an axis to y, of a shape.
fn join<'a, T: Copy + 'a>(
    axis: usize,
    parts: impl Iterator<Item = View<'a, T>> + Clone,
    y: &mut [T],
    shape: &[usize],
) {
    let outer: usize = shape[..axis].iter().product();
    let inner: usize = shape[axis + 1..].iter().product();
    let mut rest = y;
    for row in 0..outer {
        for x in parts.clone() {
            let n = x.shape()[axis] * inner;
            let (part, next) = rest.split_at_mut(n);
            gather(x, row * n, part);
            rest = next;
        }
    }
}

impl<F: Float> Kernel<F> for Concat {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        match x.is_index(0) {
            true => join(self.axis, (0..x.len()).map(|i| x.index(i)), y.indices, y.shape),
            false => join(self.axis, (0..x.len()).map(|i| x.real(i)), y.data, y.shape),
        }
    }
}

/// The elements along an axis that lie before a part, of arrays that come after the first operand.
fn before<F: Copy>(x: Inputs<'_, '_, F>, axis: usize, part: usize) -> usize {
    (0..part).map(|i| x.shape(i + 1)[axis]).sum()
}

impl<F: Float> Kernel<F> for Segment {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let before = before(x, self.axis, self.part);
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

impl<F: Float> Kernel<F> for Unsegment {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let inner: usize = y.shape[self.axis + 1..].iter().product();
        let width = x.shape(0)[self.axis] * inner;
        let first = before(x, self.axis, self.part) * inner;
        y.data.fill(F::zero());
        let rows = y.data.chunks_exact_mut((y.shape[self.axis] * inner).max(1));
        for (row, whole) in rows.enumerate().filter(|_| width > 0) {
            gather(x.real(0), row * width, &mut whole[first..first + width]);
        }
    }
}

impl Op for Concat {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = x0, x1, … one after another"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        joined_shape(self.axis, &all_alike(x)?)
    }

    of_either_kind!();

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let operands: Vec<Var<'t>> = std::iter::once(dy).chain(x.iter().copied()).collect();
        dy.tape().apply(Segment { axis: self.axis, part: operand }, &operands).into()
    }

    fn portable<'p>(&self, x: &[Portable<'p>], _: &[usize]) -> Result<Portable<'p>, String> {
        Ok(x[0].concat(&x[1..], self.axis))
    }

    fn batched(&self, is_batched: &[bool]) -> Option<Arc<dyn Op>> {
        is_batched.iter().all(|&is| is).then(|| Arc::new(Self { axis: self.axis + 1 }) as Arc<dyn Op>)
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

impl Op for Segment {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = one part of x0"
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
        let Self { axis, part } = *self;
        part_of_other(Unsegment { axis, part }, operand, x, dy)
    }

    fn portable<'p>(&self, x: &[Portable<'p>], shape: &[usize]) -> Result<Portable<'p>, String> {
        let before = (0..self.part).map(|i| x[i + 1].shape()[self.axis]).sum();
        Ok(x[0].narrow(self.axis, before, shape[self.axis], 1))
    }

    fn batched(&self, is_batched: &[bool]) -> Option<Arc<dyn Op>> {
        is_batched
            .iter()
            .all(|&is| is)
            .then(|| Arc::new(Self { axis: self.axis + 1, ..*self }) as Arc<dyn Op>)
    }

    fn samples(&self) -> Vec<Sample> {
        vec![Sample::of([&[5, 3], &[2, 3], &[3, 3]], Domain::Between(-2.0, 2.0))]
    }
}

/// The derivative of an op on one array and the shapes of joined ones: another such op.
fn part_of_other<'t>(op: impl Op, operand: usize, x: &[Var<'t>], dy: Var<'t>) -> Derivative<'t> {
    if operand > 0 {
        return Derivative::Zero;
    }
    let operands: Vec<Var<'t>> = std::iter::once(dy).chain(x[1..].iter().copied()).collect();
    dy.tape().apply(op, &operands).into()
}

impl Op for Unsegment {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = x0 as one part, else 0"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let shapes = all_reals(x)?;
        let Some((own, parts)) = shapes.split_first() else {
            return Err("takes one part and all that are joined".to_owned());
        };
        let joined = joined_shape(self.axis, parts)?;
        match parts.get(self.part) {
            Some(part) if part == own => Ok(joined),
            Some(part) => Err(format!("part {} has shape {part:?}, got {own:?}", self.part)),
            None => Err(format!("there is no part {}", self.part)),
        }
    }

    fn reads(&self, operand: usize) -> bool {
        operand == 0
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let Self { axis, part } = *self;
        part_of_other(Segment { axis, part }, operand, x, dy)
    }

    fn portable<'p>(&self, x: &[Portable<'p>], shape: &[usize]) -> Result<Portable<'p>, String> {
        let before = (0..self.part).map(|i| x[i + 1].shape()[self.axis]).sum::<usize>();
        let after = shape[self.axis] - before - x[0].shape()[self.axis];
        Ok(x[0].pad_axis(0.0, self.axis, [before, after, 0]))
    }

    fn batched(&self, is_batched: &[bool]) -> Option<Arc<dyn Op>> {
        is_batched
            .iter()
            .all(|&is| is)
            .then(|| Arc::new(Self { axis: self.axis + 1, ..*self }) as Arc<dyn Op>)
    }

    fn samples(&self) -> Vec<Sample> {
        let shapes: [&[&[usize]]; 3] = [&[&[2, 3], &[3, 3]], &[&[1, 3], &[0, 3]], &[&[3, 2, 2], &[3, 1, 2]]];
        let sample = |parts: &&[&[usize]]| {
            let own = parts.get(self.part).filter(|_| self.axis < parts[0].len())?;
            joined_shape(self.axis, parts).ok()?;
            let all = std::iter::once(own).chain(*parts);
            Some(Sample(all.map(|shape| (shape.to_vec(), Domain::Between(-2.0, 2.0))).collect()))
        };
        shapes.iter().filter_map(sample).collect()
    }
}

crate::ops::entry::built_in! {
    Concat, "concat", [axis], [Self { axis: 0 }, Self { axis: 1 }];
    Segment, "segment", [axis, part], [Self { axis: 0, part: 0 }, Self { axis: 0, part: 1 }];
    Unsegment, "unsegment", [axis, part], [
        Self { axis: 0, part: 0 },
        Self { axis: 0, part: 1 },
        Self { axis: 1, part: 1 },
    ];
}

/// The most operands that [`Tape::concat`] gives to one node.
///
/// The rule of each operand takes the sizes of all others, so a node of n operands has n² edges in its gradient.
const TOGETHER: usize = 8;

impl Tape {
    /// Vars one after another along an axis (−1 is the last); their other sizes agree. All hold real numbers, or all indices.
    ///
    /// More than eight are joined in groups of eight, and these again, so that the gradients of n vars have O(n) nodes and
    /// edges, and move O(n log n) elements.
    ///
    /// # Panics
    ///
    /// If there are none, or the shapes do not fit.
    #[doc(alias = "cat")]
    #[doc(alias = "concatenate")]
    #[track_caller]
    pub fn concat(&self, vars: &[Var<'_>], axis: isize) -> Var<'_> {
        let Some(&first) = vars.first() else {
            self.refuse_operands(Concat::NAME, "takes at least one operand".to_owned(), vars)
        };
        let axis = from_front(&[axis], Concat::NAME, first, first.rank())[0];
        self.join(Concat { axis }, vars)
    }

    /// Vars of one shape one after another along a new axis of the result (−1 is its last).
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let numbers = [1.0, 2.0, 3.0].map(|x| tape.leaf("x", x));
    /// let x = tape.stack(&numbers, 0);
    /// assert_eq!(x.value().as_slice().unwrap(), [1.0, 2.0, 3.0]);
    /// assert_eq!(tape.stack(&[x, x], 1).shape(), [3, 2]);
    /// ```
    ///
    /// The same as [`expand_dims`](Var::expand_dims) of each, and [`concat`](Self::concat) of these.
    ///
    /// # Panics
    ///
    /// If there are none, the shapes differ, or there is no such axis.
    #[track_caller]
    pub fn stack(&self, vars: &[Var<'_>], axis: isize) -> Var<'_> {
        let what = "stack";
        let Some(&first) = vars.first() else {
            self.refuse_operands(what, "takes at least one operand".to_owned(), vars)
        };
        let axis = from_front(&[axis], what, first, first.rank() + 1)[0];
        self.check_all(what, vars, |x| {
            let shapes = all_alike(x)?;
            match shapes.iter().position(|&shape| shape != shapes[0]) {
                None => Ok(()),
                Some(i) => Err(format!(
                    "operand {i} has shape {:?}, which differs from {:?}; all must have one shape",
                    shapes[i], shapes[0]
                )),
            }
        });
        let mut parts = Vec::with_capacity(vars.len());
        for &var in vars {
            parts.push(var.expand_dims_at(&[axis]));
        }
        self.join(Concat { axis }, &parts)
    }

    /// Records a concatenation, of many vars as a tree.
    #[track_caller]
    fn join(&self, op: Concat, vars: &[Var<'_>]) -> Var<'_> {
        if vars.len() <= TOGETHER {
            return self.apply(op, vars);
        }
        self.check_all(Concat::NAME, vars, |x| op.shape(x).map(|_| ()));
        let mut joined = Vec::with_capacity(vars.len().div_ceil(TOGETHER));
        for group in vars.chunks(TOGETHER) {
            joined.push(match *group {
                [alone] => Var::new(self, alone.id()),
                _ => self.apply(op, group),
            });
        }
        self.join(op, &joined)
    }

    /// Panics if vars are not of this tape, or are no operands for an op of any number of them.
    #[track_caller]
    fn check_all(
        &self,
        op: &'static str,
        vars: &[Var<'_>],
        check: impl Fn(&[Operand<'_>]) -> Result<(), String>,
    ) {
        let foreign = vars.iter().any(|var| !std::ptr::eq(var.tape(), self));
        let problem = {
            let graph = self.graph();
            let operand = |var: &Var<'_>| {
                let node = graph.node(var.id());
                Operand { shape: node.shape(), kind: node.kind() }
            };
            match foreign {
                true => Some(String::new()),
                false => check(&vars.iter().map(operand).collect::<Vec<_>>()).err(),
            }
        };
        if let Some(problem) = problem {
            self.refuse_operands(op, problem, vars);
        }
    }
}
