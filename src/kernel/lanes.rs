//! Vectorised elementwise loops: one function per element, the same for single numbers, blocks and tails.
//!
//! The function is straight-line code and is inlined into a loop over blocks of a few vector registers, which is compiled
//! for several instruction sets and dispatched at run time. No multiplication is fused with an addition, so the bits are the
//! same on every machine.

use super::{Inputs, Output};
use crate::Float;
#[cfg(not(target_family = "wasm"))]
use pulp::Arch;
#[cfg(not(target_family = "wasm"))]
use std::sync::OnceLock;

/// Elements of a block of a program's register: two AVX2 registers in f32 and four in f64, which hides the latency of
/// additions.
pub(crate) const WIDTH: usize = 16;

/// Elements of a block of a plain array: fewer, so that the tail is shorter and the temporaries of a function stay in
/// registers in f64.
pub(crate) const LANES: usize = 8;

/// A block of a plain array.
pub(crate) type Block<F> = [F; LANES];

/// For fewer elements, dispatch on the instruction set costs more than it saves.
const FEW: usize = 4;

/// Runs `f` compiled for the best instruction set of the processor.
///
/// To benefit, `f` must be inlined with everything it calls: write it as `#[inline(always)] || …`.
#[cfg(not(target_family = "wasm"))]
#[inline(always)]
pub(crate) fn vectorize<R>(f: impl FnOnce() -> R) -> R {
    static ARCH: OnceLock<Arch> = OnceLock::new();
    ARCH.get_or_init(Arch::new).dispatch(f)
}

/// Runs `f`: a module of WebAssembly cannot ask what the processor has.
#[cfg(target_family = "wasm")]
#[inline(always)]
pub(crate) fn vectorize<R>(f: impl FnOnce() -> R) -> R {
    f()
}

/// Makes subnormal numbers 0.
pub(crate) fn flush_subnormals<F: Float>(numbers: &mut [F]) {
    vectorize(
        #[inline(always)]
        || numbers.iter_mut().for_each(|x| *x = x.flushed()),
    );
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

/// `y[i] = f(x[0][i], x[1][i], …)`, compiled for several instruction sets, of which the best runs that the processor has.
///
/// To gain by that, `f` is written `#[inline(always)] |[a, b]| …`, as straight-line code, and calls nothing but arithmetic
/// and the functions of [`math`](crate::op::math).
///
/// ```
/// use chainrule::op::{map, math};
/// let mut y = [0.0; 3];
/// map(#[inline(always)] |[a, b]| a * math::exp(b), [&[1.0, 2.0, 3.0], &[0.0; 3]], &mut y);
/// assert_eq!(y, [1.0, 2.0, 3.0]);
/// ```
///
/// # Panics
///
/// If an operand is shorter than y.
#[inline]
pub fn map<F: Float, const N: usize>(f: impl Fn([F; N]) -> F + Copy, x: [&[F]; N], y: &mut [F]) {
    let x = x.map(|x| &x[..y.len()]);
    if y.len() < FEW {
        for i in 0..y.len() {
            y[i] = f(x.map(|x| x[i]));
        }
        return;
    }
    in_blocks(x.map(Lane::Numbers), y, |x, y| {
        vectorize(
            #[inline(always)]
            || {
                map_blocks(
                    f,
                    #[inline(always)]
                    |k, _| std::array::from_fn(|i| x[i].get(k)),
                    y,
                )
            },
        );
    });
}

/// `y[k] = f(x(k))` element by element, for every block k, to be called where it is [vectorized](vectorize): the one loop
/// of functions over blocks. `x` gives block k of each operand, of which one may be what y held before, which it is given.
#[expect(clippy::needless_range_loop, reason = "with a range, bounds checks of operands are dropped")]
#[inline(always)]
pub(crate) fn map_blocks<F: Float, const N: usize, const W: usize>(
    f: impl Fn([F; N]) -> F + Copy,
    x: impl Fn(usize, [F; W]) -> [[F; W]; N],
    y: &mut [[F; W]],
) {
    for k in 0..y.len() {
        y[k] = block(f, x(k, y[k]));
    }
}

/// `x[i] = f(x[i])`, as [`map`].
#[inline]
pub fn map_in_place<F: Float>(f: impl Fn(F) -> F + Copy, x: &mut [F]) {
    if x.len() < FEW {
        return x.iter_mut().for_each(|x| *x = f(*x));
    }
    in_blocks([], x, |_, x| {
        vectorize(
            #[inline(always)]
            || {
                map_blocks(
                    #[inline(always)]
                    move |[x]| f(x),
                    #[inline(always)]
                    |_, x| [x],
                    x,
                )
            },
        );
    });
}

/// The function on a block, as a loop that compiles to a few vector instructions. The function is passed by value, since a
/// call through a reference may not be inlined.
#[inline(always)]
fn block<F: Float, const N: usize, const W: usize>(f: impl Fn([F; N]) -> F + Copy, x: [[F; W]; N]) -> [F; W] {
    let mut y = [F::zero(); W];
    for i in 0..W {
        let mut operands = [F::zero(); N];
        for k in 0..N {
            operands[k] = x[k][i];
        }
        y[i] = f(operands);
    }
    y
}

/// An operand of an elementwise loop: contiguous numbers, or one number that is broadcast.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lane<'a, F> {
    Numbers(&'a [F]),
    Number(F),
}

/// The blocks of an operand, or one number that is broadcast.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Blocks<'a, F> {
    blocks: &'a [Block<F>],
    number: F,
}

impl<'a, F: Float> Lane<'a, F> {
    /// Whether it has a number for each of `len` results.
    pub(crate) fn fits(&self, len: usize) -> bool {
        match self {
            Self::Numbers(x) => x.len() == len,
            Self::Number(_) => true,
        }
    }

    /// The whole blocks.
    #[inline(always)]
    pub(crate) fn whole(self) -> Blocks<'a, F> {
        match self {
            Self::Numbers(x) => Blocks { blocks: x.as_chunks().0, number: F::zero() },
            Self::Number(number) => Blocks { blocks: &[], number },
        }
    }

    /// The tail after the whole blocks, [padded](filled_up) to a block.
    #[inline(always)]
    pub(crate) fn rest(self, block: &mut Block<F>) -> Blocks<'_, F> {
        match self {
            Self::Numbers(x) => {
                *block = filled_up(x.as_chunks::<LANES>().1);
                Blocks { blocks: std::slice::from_ref(block), number: F::zero() }
            }
            Self::Number(number) => Blocks { blocks: &[], number },
        }
    }
}

impl<F: Float> Blocks<'_, F> {
    /// Block `k`, by value, so that a loop over it can keep it in registers.
    #[inline(always)]
    pub(crate) fn get(&self, k: usize) -> Block<F> {
        match self.blocks.get(k) {
            Some(block) => *block,
            None => [self.number; LANES],
        }
    }
}

/// Calls `f` with blocks of `y` and of the operands: first with all whole blocks, in place, then with the tail, padded to a
/// block. So the loops in `f` handle no tails, and whole blocks are not copied.
#[inline(always)]
pub(crate) fn in_blocks<F: Float, const N: usize>(
    x: [Lane<'_, F>; N],
    y: &mut [F],
    f: impl Fn(&[Blocks<'_, F>; N], &mut [Block<F>]),
) {
    debug_assert!(x.iter().all(|x| x.fits(y.len())));
    let (whole, rest) = y.as_chunks_mut();
    if !whole.is_empty() {
        f(&x.map(Lane::whole), whole);
    }
    if !rest.is_empty() {
        let mut places = [[F::zero(); LANES]; N];
        let mut places = places.iter_mut();
        let x = x.map(|x| x.rest(places.next().expect("there is one for each")));
        let mut last = [filled_up(rest)];
        f(&x, &mut last);
        rest.copy_from_slice(&last[0][..rest.len()]);
    }
}

/// A tail padded to a block with its first number.
#[inline(always)]
pub(crate) fn filled_up<F: Float>(x: &[F]) -> Block<F> {
    let Some(&first) = x.first() else { return [F::zero(); LANES] };
    let mut block = [first; LANES];
    block[..x.len()].copy_from_slice(x);
    block
}
