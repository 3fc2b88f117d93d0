//! Random numbers that are functions of a key and a counter.

use crate::Float;
use crate::base::shape::size;
use crate::graph::Kind;
use crate::kernel::{Inputs, Output};
use crate::portable::{ElementType, Portable};
use crate::tape::Var;
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::operands::operands;
use crate::tape::sample::{Domain, Sample};

/// Uniform numbers from 0 (included) to 1 (excluded), multiples of 2⁻²⁴, the same in both precisions: a function of the
/// key x0, the counter x1, the stream and the position; of the shape of x2. All derivatives are 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RandomUniform {
    /// Tells several arrays of one key and counter apart.
    pub stream: usize,
}

/// Normal numbers with mean 0 and variance 1, by the method of Box and Muller (1958): a function of the key x0, the counter
/// x1, the stream and the position; of the shape of x2. All derivatives are 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RandomNormal {
    /// Tells several arrays of one key and counter apart.
    pub stream: usize,
}

/// Philox 4×32 with ten rounds: Salmon, Moraes, Dror and Shaw 2011, *Parallel random numbers: as easy as 1, 2, 3*.
fn philox([mut k0, mut k1]: [u32; 2], mut counter: [u32; 4]) -> [u32; 4] {
    for _ in 0..10 {
        let [c0, c1, c2, c3] = counter;
        let a = u64::from(c0) * 0xd251_1f53;
        let b = u64::from(c2) * 0xcd9e_8d57;
        counter = [(b >> 32) as u32 ^ c1 ^ k0, b as u32, (a >> 32) as u32 ^ c3 ^ k1, a as u32];
        (k0, k1) = (k0.wrapping_add(0x9e37_79b9), k1.wrapping_add(0xbb67_ae85));
    }
    counter
}

/// A number as two words, the lower first.
fn words(number: usize) -> [u32; 2] {
    let number = number as u64;
    [number as u32, (number >> 32) as u32]
}

/// Fills an array with what is made of each four words: block of four elements, stream, and counter are the counter of
/// Philox, so that arrays of up to 2³⁴ elements have no block twice.
fn fill<F: Float>(stream: usize, x: &Inputs<'_, '_, F>, y: &mut [F], numbers: impl Fn([u32; 4]) -> [f64; 4]) {
    let [key, counter] = [0, 1].map(|i| words(x.index(i).iter().next().unwrap_or(0)));
    for (block, y) in y.chunks_mut(4).enumerate() {
        let drawn = numbers(philox(key, [block as u32, stream as u32, counter[0], counter[1]]));
        for (y, number) in y.iter_mut().zip(drawn) {
            *y = F::of(number);
        }
    }
}

/// 24 bits are exact in both precisions.
fn uniform(word: u32) -> f64 {
    f64::from(word >> 8) / f64::from(1 << 24)
}

/// Two independent normal numbers of two words.
fn normal(a: u32, b: u32) -> [f64; 2] {
    const WORDS: f64 = 4_294_967_296.0;
    let length = (-2.0 * libm::log((f64::from(a) + 1.0) / WORDS)).sqrt();
    let (sin, cos) = libm::sincos(std::f64::consts::TAU * f64::from(b) / WORDS);
    [length * cos, length * sin]
}

/// Two words of a whole number, the lower first.
fn portable_words(number: Portable<'_>) -> [Portable<'_>; 2] {
    let number = number.convert(ElementType::Integer);
    [number & WORD, (number / (WORD + 1.0)) & WORD]
}

/// The greatest word.
const WORD: f64 = 4_294_967_295.0;

/// The words of a product of two words, the lower first, by way of 16 bits, so that 63 bits are enough.
fn portable_product(a: Portable<'_>, factor: u32) -> [Portable<'_>; 2] {
    const HALF: f64 = 65_536.0;
    let factor = f64::from(factor);
    let (low, high) = ((a & (HALF - 1.0)) * factor, a / HALF * factor);
    let middle = high + low / HALF;
    [((middle & (HALF - 1.0)) * HALF) | (low & (HALF - 1.0)), middle / HALF]
}

/// [`fill`] with portable values: all blocks side by side.
fn portable_fill<'p>(
    stream: usize,
    x: &[Portable<'p>],
    shape: &[usize],
    numbers: impl Fn([Portable<'p>; 4]) -> [Portable<'p>; 4],
) -> Portable<'p> {
    let len = size(shape);
    let blocks = [len.div_ceil(4)];
    let [[mut k0, mut k1], [c2, c3]] = [x[0], x[1]].map(portable_words);
    let block = x[0].iota(0, ElementType::Integer, &blocks) & WORD;
    let [mut c0, mut c1, mut c2, mut c3] =
        [block, block.full(f64::from(stream as u32), &blocks), c2, c3].map(|c| c.broadcast_to(&blocks));
    for _ in 0..10 {
        let ([a_low, a_high], [b_low, b_high]) =
            (portable_product(c0, 0xd251_1f53), portable_product(c2, 0xcd9e_8d57));
        [c0, c1, c2, c3] = [b_high ^ c1 ^ k0, b_low, a_high ^ c3 ^ k1, a_low];
        (k0, k1) = ((k0 + f64::from(0x9e37_79b9_u32)) & WORD, (k1 + f64::from(0xbb67_ae85_u32)) & WORD);
    }
    let [a, b, c, d] = numbers([c0, c1, c2, c3]).map(|y| y.expand_dim(1));
    a.concat(&[b, c, d], 1).reshape(&[4 * blocks[0]]).narrow(0, 0, len, 1).reshape(shape).real()
}

/// [`normal`] with portable values.
fn portable_normal<'p>(a: Portable<'p>, b: Portable<'p>) -> [Portable<'p>; 2] {
    const WORDS: f64 = 4_294_967_296.0;
    let [a, b] = [a, b].map(|word| word.convert(ElementType::Double));
    let length = (-2.0 * ((a + 1.0) / WORDS).ln()).sqrt();
    let angle = std::f64::consts::TAU * b / WORDS;
    [length * angle.cos(), length * angle.sin()]
}

macro_rules! random {
    ($op:ident, $formula:literal, $numbers:expr, $portable:expr) => {
        impl<F: Float> Kernel<F> for $op {
            fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
                fill(self.stream, &x, y.data, $numbers);
            }
        }

        impl Op for $op {
            crate::op_settings!();

            fn formula(&self) -> &'static str {
                $formula
            }

            fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
                match operands(x, [Kind::Index, Kind::Index, Kind::Real])? {
                    [[], [], like] => Ok(like.to_vec()),
                    [key, counter, _] => Err(format!(
                        "takes one index as key and one as counter, got indices of shapes {key:?} and {counter:?}"
                    )),
                }
            }

            fn reads(&self, operand: usize) -> bool {
                operand < 2
            }

            fn rule<'t>(&self, operand: usize, _: &[Var<'t>], _: Var<'t>, _: Var<'t>) -> Derivative<'t> {
                if operand < 2 { Derivative::NotDifferentiable } else { Derivative::Zero }
            }

            fn smooth(&self) -> bool {
                true
            }

            fn portable<'p>(&self, x: &[Portable<'p>], shape: &[usize]) -> Result<Portable<'p>, String> {
                let numbers: fn([Portable<'_>; 4]) -> [Portable<'_>; 4] = $portable;
                Ok(portable_fill(self.stream, x, shape, numbers))
            }

            fn samples(&self) -> Vec<Sample> {
                let of = |shape: &[usize]| {
                    let index = |n| (Vec::new(), Domain::Index(n));
                    Sample(vec![index(9), index(5), (shape.to_vec(), Domain::Between(-2.0, 2.0))])
                };
                vec![of(&[3, 5]), of(&[]), of(&[0, 2])]
            }
        }
    };
}

random!(
    RandomUniform,
    "y = uniform numbers from 0 to 1 of key x0 and counter x1",
    |words| words.map(uniform),
    |words| { words.map(|word| (word / 256.0).convert(ElementType::Double) / f64::from(1 << 24)) }
);
random!(
    RandomNormal,
    "y = normal numbers of key x0 and counter x1",
    |[a, b, c, d]| {
        let ([a, b], [c, d]) = (normal(a, b), normal(c, d));
        [a, b, c, d]
    },
    |[a, b, c, d]| {
        let ([a, b], [c, d]) = (portable_normal(a, b), portable_normal(c, d));
        [a, b, c, d]
    }
);

crate::ops::entry::built_in! {
    RandomUniform, "random_uniform", [stream], [0, 3].map(|stream| Self { stream });
    RandomNormal, "random_normal", [stream], [0, 3].map(|stream| Self { stream });
}

impl<'t> Var<'t> {
    /// Uniform numbers from 0 (included) to 1 (excluded), of the shape of this var: a function of a key and a counter, which
    /// are vars of one index each, of the number of a stream, and of the position, by Philox 4×32-10.
    ///
    /// The key is the seed; the counter is fed anew for each step; the stream, below 2³², tells several arrays of one step
    /// apart. So the same key and counter give the same bytes on any number of threads.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", ndarray::Array1::<f64>::zeros(1000));
    /// let [key, step] = ["key", "step"].map(|name| tape.index_leaf(name, ndarray::arr0(7)));
    /// let mean = x.rand_like(key, step, 0).mean().value().item();
    /// assert!((mean - 0.5).abs() < 0.03, "{mean}");
    /// ```
    #[track_caller]
    #[must_use]
    pub fn rand_like(self, key: Var<'t>, counter: Var<'t>, stream: usize) -> Var<'t> {
        self.tape().apply(RandomUniform { stream }, &[key, counter, self])
    }

    /// Normal numbers with mean 0 and variance 1, of the shape of this var, of a key, a counter and a stream as those of
    /// [`rand_like`](Self::rand_like).
    #[track_caller]
    #[must_use]
    pub fn randn_like(self, key: Var<'t>, counter: Var<'t>, stream: usize) -> Var<'t> {
        self.tape().apply(RandomNormal { stream }, &[key, counter, self])
    }
}

#[cfg(test)]
mod tests {
    use super::philox;

    #[test]
    fn philox_gives_the_published_numbers() {
        // `kat_vectors` of Random123 1.14, philox4x32 10.
        assert_eq!(philox([0; 2], [0; 4]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(philox([!0; 2], [!0; 4]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        assert_eq!(
            philox([0xa409_3822, 0x299f_31d0], [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }
}
