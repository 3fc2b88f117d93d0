//! Operands to test an op on.

use crate::base::shape::size;
use crate::graph::Kind;
use std::fmt;

/// Operands to test an op on.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample(pub Vec<(Vec<usize>, Domain)>);

impl Sample {
    /// Operands of these shapes, all from one domain.
    pub fn of<const N: usize>(shapes: [&[usize]; N], domain: Domain) -> Self {
        Self(shapes.iter().map(|s| (s.to_vec(), domain)).collect())
    }
}

/// Where the elements of a sample operand come from.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Domain {
    /// Uniform between two numbers.
    Between(f64, f64),
    /// Of either sign, with a magnitude between two positive numbers: off a kink at 0.
    Signed(f64, f64),
    /// Multiples of 0.25 plus an offset, no two equal, shuffled: off the kinks where elements tie.
    Spaced(f64),
    /// Uniform between two numbers, and no closer than a gap to any of some points: off kinks and poles anywhere.
    AwayFrom {
        /// The points.
        points: &'static [f64],
        /// How close elements may come to them; the gaps must not fill the range.
        gap: f64,
        /// The least and the greatest number.
        range: (f64, f64),
    },
    /// Symmetric positive definite matrices in the last two axes, which are equal: `A = B Bᵀ / n + I`, with the elements of B
    /// between −1 and 1.
    PositiveDefinite,
    /// Lower triangular matrices in the last two axes, zero above the diagonal; of either sign, with magnitudes between 0.3
    /// and 1 below it, and between 1 and 2 on it, so that they are well conditioned.
    LowerTriangular,
    /// The transposes of [lower triangular](Self::LowerTriangular) ones.
    UpperTriangular,
    /// Indices from 0 to one less than this.
    Index(usize),
    /// Indices from 0 to one less than this, no two of which are equal along the last axis.
    DistinctIndex(usize),
    /// Made by a function.
    By(Maker),
}

/// Makes the elements of a sample operand, in row-major order: of a shape, from random numbers between 0 and 1, one at each
/// call.
#[derive(Clone, Copy)]
pub struct Maker(pub fn(shape: &[usize], random: &mut dyn FnMut() -> f64) -> Vec<f64>);

impl fmt::Debug for Maker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Maker(..)")
    }
}

impl PartialEq for Maker {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::fn_addr_eq(self.0, other.0)
    }
}

impl Domain {
    /// Whether its elements are real numbers or indices.
    pub fn kind(self) -> Kind {
        match self {
            Self::Index(_) | Self::DistinctIndex(_) => Kind::Index,
            _ => Kind::Real,
        }
    }

    /// Whether what is said of it holds of an array as a whole, and not of each element: then a part of a larger array of
    /// the domain is none of it, and a multiple may be none.
    pub fn is_whole(self) -> bool {
        matches!(
            self,
            Self::PositiveDefinite
                | Self::LowerTriangular
                | Self::UpperTriangular
                | Self::DistinctIndex(_)
                | Self::By(_)
        )
    }

    /// Elements of an array of a shape, in row-major order, from random numbers between 0 and 1, one at each call. Indices are
    /// whole numbers.
    ///
    /// # Panics
    ///
    /// If the shape is none of the domain's: matrices that are not square, more distinct indices than there are.
    pub fn elements(self, shape: &[usize], random: &mut dyn FnMut() -> f64) -> Vec<f64> {
        let len = size(shape);
        let between = |low: f64, high: f64, u: f64| low + (high - low) * u;
        match self {
            Self::Between(low, high) => (0..len).map(|_| between(low, high, random())).collect(),
            Self::Signed(low, high) => (0..len).map(|_| signed(low, high, random)).collect(),
            Self::Spaced(offset) => {
                let mut all: Vec<f64> =
                    (0..len).map(|i| (i as f64 - (len / 2) as f64) * 0.25 + offset).collect();
                shuffle(&mut all, random);
                all
            }
            Self::AwayFrom { points, gap, range: (low, high) } => (0..len)
                .map(|_| {
                    let mut draws = std::iter::repeat_with(|| between(low, high, random()));
                    let away = |x: &f64| points.iter().all(|p| (x - p).abs() >= gap);
                    draws.by_ref().take(10_000).find(away).expect("the gaps around the points fill the range")
                })
                .collect(),
            Self::PositiveDefinite => matrices(shape, |n, matrix| {
                let b: Vec<f64> = (0..n * n).map(|_| between(-1.0, 1.0, random())).collect();
                for (k, entry) in matrix.iter_mut().enumerate() {
                    let (row, column) = (&b[k / n * n..][..n], &b[k % n * n..][..n]);
                    let product: f64 = row.iter().zip(column).map(|(x, y)| x * y).sum();
                    *entry = product / n as f64 + f64::from(u8::from(k / n == k % n));
                }
            }),
            Self::LowerTriangular | Self::UpperTriangular => matrices(shape, |n, matrix| {
                for (k, entry) in matrix.iter_mut().enumerate() {
                    let (mut row, mut column) = (k / n, k % n);
                    if self == Self::UpperTriangular {
                        (row, column) = (column, row);
                    }
                    *entry = match row.cmp(&column) {
                        std::cmp::Ordering::Less => 0.0,
                        std::cmp::Ordering::Equal => signed(1.0, 2.0, random),
                        std::cmp::Ordering::Greater => signed(0.3, 1.0, random),
                    };
                }
            }),
            Self::Index(n) => (0..len).map(|_| below(n, random) as f64).collect(),
            Self::DistinctIndex(n) => {
                let line = shape.last().copied().unwrap_or(1);
                assert!(line <= n, "{line} distinct indices below {n}");
                let mut all = Vec::with_capacity(len);
                while all.len() < len {
                    let mut deck: Vec<f64> = (0..n).map(|i| i as f64).collect();
                    shuffle(&mut deck, random);
                    all.extend_from_slice(&deck[..line]);
                }
                all
            }
            Self::By(maker) => maker.0(shape, random),
        }
    }
}

/// A whole number from 0 to one less than n; 0 if n is.
fn below(n: usize, random: &mut dyn FnMut() -> f64) -> usize {
    ((random() * n as f64) as usize).min(n.saturating_sub(1))
}

fn signed(low: f64, high: f64, random: &mut dyn FnMut() -> f64) -> f64 {
    let magnitude = low + (high - low) * random();
    if random() < 0.5 { magnitude } else { -magnitude }
}

/// Fisher and Yates' shuffle.
fn shuffle(all: &mut [f64], random: &mut dyn FnMut() -> f64) {
    (1..all.len()).rev().for_each(|i| all.swap(i, below(i + 1, random)));
}

/// Square matrices in the last two axes, each written by `fill`, which is given its number of rows.
fn matrices(shape: &[usize], mut fill: impl FnMut(usize, &mut [f64])) -> Vec<f64> {
    let &[.., n, columns] = shape else { panic!("matrices have two axes, got shape {shape:?}") };
    assert_eq!(n, columns, "the matrices are square, got shape {shape:?}");
    let mut all = vec![0.0; size(shape)];
    all.chunks_exact_mut((n * n).max(1)).for_each(|matrix| fill(n, matrix));
    all
}

#[cfg(test)]
mod tests {
    use super::{Domain, Maker};

    /// Numbers between 0 and 1 that look random enough: a counter times the golden ratio (Weyl's sequence).
    fn weyl() -> impl FnMut() -> f64 {
        let mut count = 0.0;
        move || {
            count += 1.0;
            (count * 0.618_033_988_749_894_9_f64).fract()
        }
    }

    #[test]
    fn elements_are_of_their_domain() {
        let of = |domain: Domain, shape: &[usize]| domain.elements(shape, &mut weyl());
        assert!(of(Domain::Signed(0.5, 1.0), &[100]).iter().all(|x| (0.5..1.0).contains(&x.abs())));
        assert!(of(Domain::Index(3), &[50]).iter().all(|&x| [0.0, 1.0, 2.0].contains(&x)));
        let away = Domain::AwayFrom { points: &[0.0, 1.0], gap: 0.2, range: (-1.0, 2.0) };
        assert!(
            of(away, &[100])
                .iter()
                .all(|x| x.abs() >= 0.2 && (x - 1.0).abs() >= 0.2 && (-1.0..2.0).contains(x))
        );
        for line in of(Domain::DistinctIndex(5), &[4, 3]).chunks(3) {
            assert!(line[0] != line[1] && line[1] != line[2] && line[0] != line[2], "{line:?}");
        }
        let mut spaced = of(Domain::Spaced(0.125), &[9]);
        spaced.sort_by(f64::total_cmp);
        assert!(spaced.windows(2).all(|pair| pair[1] - pair[0] == 0.25));
        let made = Domain::By(Maker(|shape, random| vec![random(); shape[0]]));
        assert_eq!(of(made, &[2]), [0.618_033_988_749_894_9; 2]);
    }

    #[test]
    fn matrices_are_what_they_are_called() {
        for matrix in Domain::PositiveDefinite.elements(&[2, 3, 3], &mut weyl()).chunks(9) {
            assert!((0..9).all(|k| matrix[k] == matrix[k % 3 * 3 + k / 3]), "symmetric: {matrix:?}");
            let [a, b, c, _, e, f, _, _, i] = matrix.try_into().unwrap();
            let minors = [a, a * e - b * b, a * (e * i - f * f) - b * (b * i - f * c) + c * (b * f - e * c)];
            assert!(minors.iter().all(|&minor: &f64| minor > 0.1), "Sylvester's criterion: {minors:?}");
        }
        let lower = Domain::LowerTriangular.elements(&[3, 3], &mut weyl());
        let upper = Domain::UpperTriangular.elements(&[3, 3], &mut weyl());
        assert!([1, 2, 5].iter().all(|&k| lower[k] == 0.0) && [3, 6, 7].iter().all(|&k| upper[k] == 0.0));
        assert!([0, 4, 8].iter().all(|&k| lower[k].abs() >= 1.0 && upper[k].abs() >= 1.0));
    }
}
