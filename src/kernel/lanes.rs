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
    for start in (0..y.len()).step_by(WIDTH) {
        let mut operands = [[F::zero(); WIDTH]; N];
        for k in 0..N {
            operands[k] = load(&x[k][start..]);
        }
        store(block(f, &operands), &mut y[start..]);
    }
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
            for start in (0..x.len()).step_by(WIDTH) {
                let operand = load(&x[start..]);
                store(
                    block(
                        #[inline(always)]
                        move |[x]| f(x),
                        &[operand],
                    ),
                    &mut x[start..],
                );
            }
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

/// The first elements as a block; where there are fewer, the first one stands for those that lack.
#[inline(always)]
fn load<F: Float>(x: &[F]) -> [F; WIDTH] {
    match x.first_chunk() {
        Some(all) => *all,
        None => {
            let mut block = [x[0]; WIDTH];
            block[..x.len()].copy_from_slice(x);
            block
        }
    }
}

#[inline(always)]
fn store<F: Float>(block: [F; WIDTH], y: &mut [F]) {
    match y.first_chunk_mut() {
        Some(all) => *all = block,
        None => {
            let len = y.len();
            y.copy_from_slice(&block[..len]);
        }
    }
}
