//! Elementwise loops: one function per element, the same for single numbers, blocks and tails.
//!
//! The function is straight-line code and inlined into a loop over a few registers' worth of elements, which is compiled
//! for several instruction sets; which one runs is found out at run time. No multiplication is fused with an addition, so
//! the bits are the same on every machine.

use super::{Inputs, Output};
use crate::Float;
use pulp::Arch;
use std::sync::OnceLock;

/// Elements of a block: two registers of AVX2 in f32 and four in f64, so that sums need not wait for each other.
pub(crate) const WIDTH: usize = 16;

/// So few elements that finding the instruction set takes longer than it saves.
const FEW: usize = 4;

/// Runs `f` compiled for the best instruction set that the processor has.
///
/// `f` has to be inlined, with all that it calls, to gain by that: it is to be written `#[inline(always)] || …`.
#[inline(always)]
pub(crate) fn vectorize<R>(f: impl FnOnce() -> R) -> R {
    static ARCH: OnceLock<Arch> = OnceLock::new();
    ARCH.get_or_init(Arch::new).dispatch(f)
}

/// Loops that apply one function to every element of contiguous operands of equal length.
pub(crate) trait Lanes<F> {
    fn map1(self, f: impl Fn(F) -> F + Copy, y: Output<'_, F>);
    fn map3(self, f: impl Fn(F, F, F) -> F + Copy, y: Output<'_, F>);
}

impl<F: Float> Lanes<F> for Inputs<'_, '_, F> {
    #[inline]
    fn map1(self, f: impl Fn(F) -> F + Copy, y: Output<'_, F>) {
        map(
            #[inline(always)]
            move |[a]| f(a),
            [self.real(0).slice()],
            y.data,
        );
    }

    #[inline]
    fn map3(self, f: impl Fn(F, F, F) -> F + Copy, y: Output<'_, F>) {
        map(
            #[inline(always)]
            move |[a, b, c]| f(a, b, c),
            [0, 1, 2].map(|i| self.real(i).slice()),
            y.data,
        );
    }
}

/// `y[i] = f(x[0][i], x[1][i], …)`.
#[inline]
fn map<F: Float, const N: usize>(f: impl Fn([F; N]) -> F + Copy, x: [&[F]; N], y: &mut [F]) {
    let x = x.map(|x| &x[..y.len()]);
    if y.len() < FEW {
        for i in 0..y.len() {
            y[i] = f(x.map(|x| x[i]));
        }
        return;
    }
    vectorize(
        #[inline(always)]
        || map_blocks(f, x, y),
    );
}

/// As [`map`], for callers that are [vectorized](vectorize) themselves.
#[inline(always)]
fn map_blocks<F: Float, const N: usize>(f: impl Fn([F; N]) -> F + Copy, x: [&[F]; N], y: &mut [F]) {
    let x = x.map(Blocks::of);
    write_blocks(
        y,
        #[inline(always)]
        |k, _| {
            let mut operands = [[F::zero(); WIDTH]; N];
            for i in 0..N {
                operands[i] = x[i].get(k);
            }
            block(f, &operands)
        },
    );
}

/// `x[i] = f(x[i])`.
#[inline]
pub(crate) fn map_in_place<F: Float>(f: impl Fn(F) -> F + Copy, x: &mut [F]) {
    if x.len() < FEW {
        return x.iter_mut().for_each(|x| *x = f(*x));
    }
    vectorize(
        #[inline(always)]
        || {
            write_blocks(
                x,
                #[inline(always)]
                |_, x| {
                    block(
                        #[inline(always)]
                        move |[x]| f(x),
                        &[x],
                    )
                },
            );
        },
    );
}

/// The function on a block, as a loop that becomes a few vector instructions. The function is copied, since a call through
/// a reference need not be inlined.
#[inline(always)]
fn block<F: Float, const N: usize>(f: impl Fn([F; N]) -> F + Copy, x: &[[F; WIDTH]; N]) -> [F; WIDTH] {
    let mut y = [F::zero(); WIDTH];
    for i in 0..WIDTH {
        let mut operands = [F::zero(); N];
        for k in 0..N {
            operands[k] = x[k][i];
        }
        y[i] = f(operands);
    }
    y
}

/// Numbers read block by block, the last one filled up.
#[derive(Debug)]
pub(crate) struct Blocks<'a, F> {
    whole: &'a [[F; WIDTH]],
    /// What comes after the whole blocks.
    last: [F; WIDTH],
}

impl<'a, F: Float> Blocks<'a, F> {
    /// The blocks of numbers that lie side by side.
    #[inline(always)]
    pub(crate) fn of(x: &'a [F]) -> Self {
        let (whole, rest) = x.as_chunks();
        Self { whole, last: filled_up(rest) }
    }

    /// One number, as often as it is asked for.
    #[inline(always)]
    pub(crate) fn same(x: F) -> Self {
        Self { whole: &[], last: [x; WIDTH] }
    }

    /// A block, by its number. A copy, which a loop over it can keep in registers.
    #[inline(always)]
    pub(crate) fn get(&self, k: usize) -> [F; WIDTH] {
        *self.whole.get(k).unwrap_or(&self.last)
    }
}

/// Numbers changed block by block, the last one filled up.
#[derive(Debug)]
pub(crate) struct BlocksMut<'a, F> {
    whole: &'a mut [[F; WIDTH]],
    rest: &'a mut [F],
    last: [F; WIDTH],
}

impl<'a, F: Float> BlocksMut<'a, F> {
    #[inline(always)]
    pub(crate) fn of(y: &'a mut [F]) -> Self {
        let (whole, rest) = y.as_chunks_mut();
        let last = filled_up(rest);
        Self { whole, rest, last }
    }

    /// How many there are.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.whole.len() + usize::from(!self.rest.is_empty())
    }

    /// A block, by its number; past the end one that counts for nothing.
    #[inline(always)]
    pub(crate) fn get(&self, k: usize) -> [F; WIDTH] {
        *self.whole.get(k).unwrap_or(&self.last)
    }

    /// Writes a block, by its number; past the end to nowhere.
    #[inline(always)]
    pub(crate) fn set(&mut self, k: usize, block: [F; WIDTH]) {
        *self.whole.get_mut(k).unwrap_or(&mut self.last) = block;
    }

    /// Writes the last block, as far as it goes.
    #[inline(always)]
    pub(crate) fn finish(self) {
        let count = self.rest.len();
        if count > 0 {
            self.rest.copy_from_slice(&self.last[..count]);
        }
    }
}

/// Writes what `f` gives for the number of each block of `y` and what it holds.
#[inline(always)]
pub(crate) fn write_blocks<F: Float>(y: &mut [F], mut f: impl FnMut(usize, [F; WIDTH]) -> [F; WIDTH]) {
    let mut y = BlocksMut::of(y);
    for k in 0..y.len() {
        let block = f(k, y.get(k));
        y.set(k, block);
    }
    y.finish();
}

/// Numbers as a block, of which the first stands for those that lack.
#[inline(always)]
fn filled_up<F: Float>(x: &[F]) -> [F; WIDTH] {
    let Some(&first) = x.first() else { return [F::zero(); WIDTH] };
    let mut block = [first; WIDTH];
    block[..x.len()].copy_from_slice(x);
    block
}
