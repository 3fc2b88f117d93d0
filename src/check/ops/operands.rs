//! Shapes and numbers to try an op on.

use crate::check::random::Random;
use crate::tape::sample::{Domain, Sample};
use crate::tape::{Tape, Var};
use ndarray::{ArrayD, IxDyn};
use rand::RngExt;

/// Shapes for one operand, two and three, none of which an op need accept.
pub(super) const ONE: [&[usize]; 7] = [&[], &[5], &[3, 4], &[1, 5, 2], &[2, 0], &[3, 3], &[2, 3, 4]];
pub(super) const TWO: [[&[usize]; 2]; 18] = [
    [&[], &[]],
    [&[3, 4], &[3, 4]],
    [&[3, 4], &[4]],
    [&[4], &[3, 4]],
    [&[3, 1], &[2, 1, 4]],
    [&[], &[2, 3]],
    [&[2, 3], &[]],
    [&[1], &[5]],
    [&[0, 3], &[3]],
    [&[3, 4], &[4, 2]],
    [&[1, 5], &[5, 1]],
    [&[2, 0], &[0, 3]],
    [&[2, 3, 4], &[2, 4, 5]],
    // A sum over the wrong axis has the right shape.
    [&[3, 3], &[3, 3]],
    [&[3, 3], &[3]],
    [&[3], &[3, 3]],
    // Both are stretched.
    [&[4, 1], &[1, 3]],
    [&[1, 3], &[3, 1]],
];
pub(super) const THREE: [[&[usize]; 3]; 12] = [
    [&[3, 4], &[3, 4], &[3, 4]],
    [&[3, 1], &[4], &[]],
    [&[], &[], &[]],
    [&[0], &[1], &[]],
    [&[3, 4], &[4, 2], &[2]],
    [&[3, 3], &[3, 3], &[3]],
    [&[3, 4], &[4, 3], &[3]],
    [&[3, 3], &[3, 3], &[3, 3]],
    [&[4, 3], &[3], &[3]],
    [&[3, 3], &[3], &[3]],
    [&[4, 1], &[1, 3], &[3]],
    [&[3, 1], &[1, 3], &[3, 3]],
];

pub(super) const SIGNED: Domain = Domain::Signed(0.3, 1.7);
pub(super) const POSITIVE: Domain = Domain::Between(0.3, 1.7);

/// The shapes of a sample, as reports write them.
pub(super) fn shapes(sample: &Sample) -> String {
    let shapes: Vec<&[usize]> = sample.0.iter().map(|(shape, _)| shape.as_slice()).collect();
    format!("{shapes:?}")
}

/// The largest of some samples that is small enough for every element to be moved by itself, and has no empty operand.
pub(super) fn whole(samples: &[Sample]) -> Option<&Sample> {
    let size =
        |sample: &Sample| sample.0.iter().map(|(shape, _)| crate::base::shape::size(shape)).sum::<usize>();
    let whole = |sample: &&Sample| sample.0.iter().all(|(shape, _)| !shape.contains(&0));
    samples.iter().filter(whole).filter(|sample| size(sample) <= 64).max_by_key(|sample| size(sample))
}

/// A leaf of indices from a domain.
pub(super) fn indices<'t>(
    tape: &'t Tape,
    name: &str,
    shape: &[usize],
    domain: Domain,
    random: &mut Random,
) -> Var<'t> {
    tape.index_leaf(name, real(shape, domain, random).mapv(|index| index as usize))
}

/// Numbers from a domain.
pub(super) fn real(shape: &[usize], domain: Domain, random: &mut Random) -> ArrayD<f64> {
    let numbers = domain.elements(shape, &mut || random.random());
    ArrayD::from_shape_vec(IxDyn(shape), numbers)
        .unwrap_or_else(|e| unreachable!("there is a number for each element: {e}"))
}
