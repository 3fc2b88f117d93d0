//! Rules of scalar functions on arrays: what they contribute to the cotangents of the operands.

use super::rule_blocks::{GivenBlocks, TargetBlocks};
use super::scalar::Scalar;
use crate::kernel::{Block, Lane, filled_up};

/// What a rule reads, of equal lengths.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RuleArguments<'a> {
    pub(crate) x: [Lane<'a, f64>; 2],
    pub(crate) y: Lane<'a, f64>,
    /// Nothing, if the first target holds it.
    pub(crate) dy: &'a [f64],
}

/// Where to put what a rule gives: nowhere, if there are no places.
#[derive(Debug)]
pub(crate) struct CotangentTarget<'a> {
    pub(crate) dx: &'a mut [f64],
    /// Whether it is added to what is there.
    pub(crate) add: bool,
}

impl Scalar {
    /// What its rules give on every element, by operand. A function of one is given its operand twice.
    #[inline]
    pub(crate) fn propagate_all(self, given: RuleArguments<'_>, [to0, to1]: [CotangentTarget<'_>; 2]) {
        let RuleArguments { x: [x0, x1], y, dy } = given;
        let len = to0.dx.len().max(to1.dx.len());
        debug_assert!([x0, x1, y].iter().all(|x| x.fits(len)));
        debug_assert!(dy.len() == len || dy.is_empty() && to0.dx.len() == len && !to0.add);
        let ((dy, last_dy), (dx0, last_dx0), (dx1, last_dx1)) =
            (dy.as_chunks(), to0.dx.as_chunks_mut(), to1.dx.as_chunks_mut());
        let targets =
            |dx0, dx1| [TargetBlocks { dx: dx0, add: to0.add }, TargetBlocks { dx: dx1, add: to1.add }];
        if !dx0.is_empty() || !dx1.is_empty() {
            let given = GivenBlocks { x: [x0.whole(), x1.whole()], y: y.whole(), dy };
            self.propagate_blocks(&given, &mut targets(dx0, dx1));
        }
        if !last_dx0.is_empty() || !last_dx1.is_empty() {
            let (dy, mut dx0, mut dx1) = ([filled_up(last_dy)], [filled_up(last_dx0)], [filled_up(last_dx1)]);
            let used = |x: &[f64]| usize::from(!x.is_empty());
            let mut places = [Block::default(); 3];
            let [at_x0, at_x1, at_y] = &mut places;
            let (x, y) = ([x0.rest(at_x0), x1.rest(at_x1)], y.rest(at_y));
            let given = GivenBlocks { x, y, dy: &dy[..used(last_dy)] };
            self.propagate_blocks(
                &given,
                &mut targets(&mut dx0[..used(last_dx0)], &mut dx1[..used(last_dx1)]),
            );
            last_dx0.copy_from_slice(&dx0[0][..last_dx0.len()]);
            last_dx1.copy_from_slice(&dx1[0][..last_dx1.len()]);
        }
    }
}
