//! Contractions: sums of products over any axes that two arrays share, as matrix products.
//!
//! The axes of the result fall into *columns*, the last ones that come from one operand alone, *rows*, some that come from
//! the other alone, and *outer* ones. For each index of the outer ones there is one matrix product. An operand whose axes
//! are not those of a matrix where it lies is packed for it, a block at a time: so a convolution reads the windows of one
//! image after another, and the matrix of all windows never exists.

use super::matmul::{Target, matmul_to};
use super::parts::{Share, in_parts};
use super::product::LONG_PRODUCT;
use super::{View, gather};
use crate::Float;
use smallvec::SmallVec;

/// The most elements of a packed block, as long as there are axes that can be left out of it: 512 KiB in f32, half of a
/// second-level cache.
const BLOCK: usize = 1 << 17;
/// The least size of a side of a block that is left when an axis is left out.
const SIDE: usize = 32;

/// The axes of both operands and of the result, as labels: equal labels are one axis. Those that are not in the result are
/// summed over, and in both operands.
pub(crate) type Labels<'a> = [&'a [usize]; 3];

/// An axis: its size, and its steps in the operand with the rows, in that with the columns, and in the result; 0 where there
/// is no such axis.
#[derive(Debug, Clone, Copy, PartialEq)]
struct LoopAxis {
    size: usize,
    a: isize,
    b: isize,
    y: usize,
}

type LoopAxes = SmallVec<[LoopAxis; 6]>;

/// The loops of a contraction, and the matrix product inside of them.
#[derive(Debug, Clone)]
struct Nest {
    outer: LoopAxes,
    /// Leading axes of the sums, whose products are added up.
    sums: LoopAxes,
    rows: LoopAxes,
    terms: LoopAxes,
    columns: LoopAxes,
    /// Whether the rows are those of the second operand.
    swapped: bool,
}

/// Which operands an axis of the result is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AxisOwner {
    A,
    B,
    Both,
}

fn count(axes: &[LoopAxis]) -> usize {
    axes.iter().map(|axis| axis.size).product()
}

/// The step of several axes as one, if they lie so.
fn merged(axes: &[LoopAxis], step: impl Fn(&LoopAxis) -> isize) -> Option<isize> {
    let fits = axes.windows(2).all(|pair| step(&pair[0]) == step(&pair[1]) * pair[1].size as isize);
    fits.then(|| axes.last().map_or(1, step))
}

impl Nest {
    /// The loops over operands of these shapes and strides, none of which is empty.
    fn new(shapes: [&[usize]; 2], strides: [&[isize]; 2], labels: Labels<'_>) -> Self {
        let [a_labels, b_labels, y_labels] = labels;
        let axis = |label: usize, y: usize| {
            let place = |labels: &[usize]| labels.iter().position(|&other| other == label);
            let (a, b) = (place(a_labels), place(b_labels));
            let size = a.map(|a| shapes[0][a]).or(b.map(|b| shapes[1][b])).unwrap_or(1);
            let step = |operand: usize, at: Option<usize>| at.map_or(0, |at| strides[operand][at]);
            let owner = match (a, b) {
                (Some(_), Some(_)) => AxisOwner::Both,
                (Some(_), None) => AxisOwner::A,
                _ => AxisOwner::B,
            };
            (owner, LoopAxis { size, a: step(0, a), b: step(1, b), y })
        };
        let mut step = 1;
        let mut result: SmallVec<[(AxisOwner, LoopAxis); 8]> = SmallVec::new();
        for &label in y_labels.iter().rev() {
            let (owner, axis) = axis(label, step);
            step *= axis.size;
            if axis.size != 1 {
                result.push((owner, axis));
            }
        }
        result.reverse();
        let summed = a_labels.iter().filter(|label| !y_labels.contains(label)).map(|&label| axis(label, 0).1);
        let mut terms: LoopAxes = summed.filter(|axis| axis.size != 1).collect();
        let last = result.last().map_or(AxisOwner::Both, |&(owner, _)| owner);
        let longest = |wanted: AxisOwner| {
            let runs = result.chunk_by(|x, y| x.0 == y.0).filter(|run| run[0].0 == wanted);
            runs.map(|run| run.iter().map(|(_, axis)| axis.size).product::<usize>()).max().unwrap_or(0)
        };
        let swapped = match last {
            AxisOwner::A => true,
            AxisOwner::B => false,
            AxisOwner::Both => longest(AxisOwner::B) > longest(AxisOwner::A),
        };
        if swapped {
            let swap = |axis: &mut LoopAxis| std::mem::swap(&mut axis.a, &mut axis.b);
            terms.iter_mut().for_each(swap);
            for (owner, axis) in &mut result {
                swap(axis);
                *owner = match *owner {
                    AxisOwner::A => AxisOwner::B,
                    AxisOwner::B => AxisOwner::A,
                    AxisOwner::Both => AxisOwner::Both,
                };
            }
        }
        let columns_from =
            result.iter().rposition(|&(owner, _)| owner != AxisOwner::B).map_or(0, |last| last + 1);
        let (before, columns) = result.split_at(columns_from);
        let (mut start, mut chosen, mut most) = (0, 0..0, 0);
        for run in before.chunk_by(|x, y| x.0 == y.0) {
            let size = run.iter().map(|(_, axis)| axis.size).product();
            if run[0].0 == AxisOwner::A && size > most {
                (chosen, most) = (start..start + run.len(), size);
            }
            start += run.len();
        }
        let pick = |inside: bool| {
            let all = before.iter().enumerate().filter(|(i, _)| chosen.contains(i) == inside);
            all.map(|(_, &(_, axis))| axis).collect::<LoopAxes>()
        };
        let mut nest = Self {
            outer: pick(false),
            sums: LoopAxes::new(),
            rows: pick(true),
            terms,
            columns: columns.iter().map(|&(_, axis)| axis).collect(),
            swapped,
        };
        nest.bound_blocks();
        nest
    }

    /// The steps of the rows and of the terms in the operand with the rows, if it is a matrix where it lies.
    fn left(&self) -> Option<[isize; 2]> {
        Some([merged(&self.rows, |axis| axis.a)?, merged(&self.terms, |axis| axis.a)?])
    }

    /// The steps of the terms and of the columns in the operand with the columns, if it is a matrix where it lies.
    fn right(&self) -> Option<[isize; 2]> {
        Some([merged(&self.terms, |axis| axis.b)?, merged(&self.columns, |axis| axis.b)?])
    }

    /// Leaves leading axes out of the matrices, until what has to be packed is no larger than a block.
    fn bound_blocks(&mut self) {
        loop {
            let terms = count(&self.terms);
            let side = if self.right().is_none() && terms * count(&self.columns) > BLOCK {
                &mut self.columns
            } else if self.left().is_none() && terms * count(&self.rows) > BLOCK {
                &mut self.rows
            } else {
                return;
            };
            let rest = |axes: &[LoopAxis]| if axes.len() > 1 { count(&axes[1..]) } else { 0 };
            let (width, shorter, narrower) = (count(side), rest(&self.terms), rest(side));
            let shorten = shorter >= SIDE && (terms >= width || narrower < SIDE);
            if shorten {
                self.sums.push(self.terms.remove(0));
            } else if narrower >= SIDE {
                self.outer.push(side.remove(0));
            } else {
                return;
            }
        }
    }

    /// How many elements are packed at a time, of the left operand and of the right one.
    fn packed(&self) -> [usize; 2] {
        let terms = count(&self.terms);
        let room = |direct: bool, side: &[LoopAxis]| if direct { 0 } else { terms * count(side) };
        [room(self.left().is_some(), &self.rows), room(self.right().is_some(), &self.columns)]
    }

    /// The outermost axis of the result.
    fn first(&mut self) -> Option<&mut LoopAxis> {
        let Self { outer, rows, columns, .. } = self;
        outer.iter_mut().chain(rows).chain(columns).max_by_key(|axis| axis.y)
    }

    fn multiplications(&self) -> usize {
        let all = [&self.outer, &self.sums, &self.rows, &self.terms, &self.columns];
        all.into_iter().map(|axes| count(axes)).fold(1, usize::saturating_mul)
    }
}

/// Calls `f` with the offsets of each index of some axes, in row-major order.
fn for_each_index(axes: &[LoopAxis], mut f: impl FnMut(isize, isize, usize)) {
    let mut index: SmallVec<[usize; 6]> = SmallVec::from_elem(0, axes.len());
    let (mut a, mut b, mut y) = (0, 0, 0);
    loop {
        f(a, b, y);
        let mut done = true;
        for (k, axis) in axes.iter().enumerate().rev() {
            index[k] += 1;
            (a, b, y) = (a + axis.a, b + axis.b, y + axis.y);
            if index[k] < axis.size {
                done = false;
                break;
            }
            let size = axis.size as isize;
            (a, b, y) = (a - size * axis.a, b - size * axis.b, y - axis.size * axis.y);
            index[k] = 0;
        }
        if done {
            return;
        }
    }
}

/// A part of a contraction.
struct Part<'a, F> {
    nest: Nest,
    a: (&'a [F], isize),
    b: (&'a [F], isize),
    y: &'a mut [F],
    scratch: &'a mut [F],
}

/// An operand of the products: where it lies, or packed.
struct Side<'a, F> {
    data: &'a [F],
    pack: &'a mut [F],
    /// The axes of a block, and its steps where it lies or in the copy.
    shape: SmallVec<[usize; 8]>,
    strides: SmallVec<[isize; 8]>,
    matrix: [usize; 2],
    steps: [isize; 2],
    direct: bool,
    /// The offset of the block that is packed.
    at: Option<isize>,
}

impl<'a, F: Float> Side<'a, F> {
    /// Of the axes along both sides of the matrix, and the steps as a matrix where it lies.
    fn new(
        data: &'a [F],
        pack: &'a mut [F],
        sides: [&[LoopAxis]; 2],
        step: fn(&LoopAxis) -> isize,
        direct: Option<[isize; 2]>,
    ) -> Self {
        let matrix = sides.map(count);
        // The copy is written in the order in which neighbours lie side by side.
        let last = |axes: &[LoopAxis]| axes.last().map_or(isize::MAX, |axis| step(axis).abs());
        let by_rows = last(sides[1]) <= last(sides[0]);
        let order = if by_rows { sides } else { [sides[1], sides[0]] };
        let all = || order.into_iter().flatten();
        let steps = match direct {
            Some(steps) => steps,
            None if by_rows => [matrix[1] as isize, 1],
            None => [1, matrix[0] as isize],
        };
        Self {
            data,
            pack,
            shape: all().map(|axis| axis.size).collect(),
            strides: all().map(step).collect(),
            matrix,
            steps,
            direct: direct.is_some(),
            at: None,
        }
    }

    /// The block at an offset, as a matrix.
    fn at(&mut self, offset: isize) -> View<'_, F> {
        if self.direct {
            return View::new(self.data, offset as usize, &self.matrix, &self.steps);
        }
        if self.at != Some(offset) {
            gather(View::new(self.data, offset as usize, &self.shape, &self.strides), 0, self.pack);
            self.at = Some(offset);
        }
        View::new(self.pack, 0, &self.matrix, &self.steps)
    }
}

impl<F: Float> Part<'_, F> {
    /// The first indices of the outermost axis, and the others.
    fn halve(mut self, share: Share) -> (Self, Self) {
        let mut rest = self.nest.clone();
        let (Some(first), Some(second)) = (self.nest.first(), rest.first()) else {
            unreachable!("a result of one element is not split")
        };
        let done = share.of(first.size, 1);
        let (a, b) = (done as isize * first.a, done as isize * first.b);
        let (y, y_rest) = self.y.split_at_mut(done * first.y);
        (first.size, second.size) = (done, second.size - done);
        let (scratch, scratch_rest) = self.scratch.split_at_mut(share.of(self.scratch.len(), 1));
        let rest = Part {
            nest: rest,
            a: (self.a.0, self.a.1 + a),
            b: (self.b.0, self.b.1 + b),
            y: y_rest,
            scratch: scratch_rest,
        };
        (Part { y, scratch, ..self }, rest)
    }

    fn run(self) {
        let Self { nest, a, b, y, scratch } = self;
        if y.is_empty() {
            return;
        }
        let [left, right] = nest.packed();
        let (left_pack, scratch) = scratch.split_at_mut(left);
        let mut left = Side::new(a.0, left_pack, [&nest.rows, &nest.terms], |axis| axis.a, nest.left());
        let right_pack = &mut scratch[..right];
        let mut right = Side::new(b.0, right_pack, [&nest.terms, &nest.columns], |axis| axis.b, nest.right());
        let row_step = nest.rows.last().map_or(count(&nest.columns), |axis| axis.y);
        for_each_index(&nest.outer, |outer_a, outer_b, start| {
            let mut add = false;
            for_each_index(&nest.sums, |sum_a, sum_b, _| {
                let (x0, x1) = (left.at(a.1 + outer_a + sum_a), right.at(b.1 + outer_b + sum_b));
                matmul_to(x0, x1, &mut y[start..], Target { row_step, add }, 1);
                add = true;
            });
        });
    }
}

/// Writes the contraction of two arrays to `y`, row-major in the order of its labels.
///
/// # Panics
///
/// If there is too little scratch, labels and shapes do not fit, or a view reaches outside its buffer.
pub(crate) fn contract<F: Float>(
    x: [View<'_, F>; 2],
    labels: Labels<'_>,
    y: &mut [F],
    scratch: &mut [F],
    threads: usize,
) {
    if y.is_empty() {
        return;
    }
    if x.iter().any(View::is_empty) {
        return y.fill(F::zero());
    }
    let mut nest = Nest::new(x.map(|x| x.shape()), x.map(|x| x.strides()), labels);
    let [a, b] = x.map(|x| (x.buffer().0, x.buffer().1 as isize));
    let (a, b) = if nest.swapped { (b, a) } else { (a, b) };
    let most = nest.first().map_or(1, |axis| axis.size);
    let threads = if nest.multiplications() >= LONG_PRODUCT { threads.min(most) } else { 1 };
    in_parts(Part { nest, a, b, y, scratch }, threads, &Part::halve, &Part::run);
}

/// How much scratch a contraction takes for each thread.
pub(crate) fn contract_scratch(shapes: [&[usize]; 2], strides: [&[isize]; 2], labels: Labels<'_>) -> usize {
    if shapes.iter().any(|shape| shape.contains(&0)) {
        return 0;
    }
    Nest::new(shapes, strides, labels).packed().iter().sum()
}
