//! Rules of scalar functions on blocks of numbers: the loop around them.

use super::number::Number;
use crate::kernel::{Block, Blocks, LANES};

/// What a rule reads, in blocks.
#[derive(Debug)]
pub(super) struct GivenBlocks<'a> {
    pub(super) x: [Blocks<'a, f64>; 2],
    pub(super) y: Blocks<'a, f64>,
    pub(super) dy: &'a [Block<f64>],
}

/// Where to put what a rule gives, in blocks.
#[derive(Debug)]
pub(super) struct TargetBlocks<'a> {
    pub(super) dx: &'a mut [Block<f64>],
    pub(super) add: bool,
}

impl GivenBlocks<'_> {
    #[inline(always)]
    pub(super) fn propagate(
        &self,
        rules: impl Fn([Number; 2], Number, Number) -> [Option<f64>; 2],
        [to0, to1]: &mut [TargetBlocks<'_>; 2],
    ) {
        for k in 0..to0.dx.len().max(to1.dx.len()) {
            let (x0, x1, y) = (self.x[0].get(k), self.x[1].get(k), self.y.get(k));
            let dy = *self.dy.get(k).unwrap_or_else(|| &to0.dx[k]);
            let (mut part0, mut part1) = (Block::default(), Block::default());
            for i in 0..LANES {
                let parts = rules([Number(x0[i]), Number(x1[i])], Number(y[i]), Number(dy[i]));
                part0[i] = parts[0].unwrap_or(-0.0);
                part1[i] = parts[1].unwrap_or(-0.0);
            }
            to0.put(k, part0);
            to1.put(k, part1);
        }
    }
}

impl TargetBlocks<'_> {
    #[inline(always)]
    fn put(&mut self, k: usize, mut part: Block<f64>) {
        let Some(place) = self.dx.get_mut(k) else { return };
        if self.add {
            for i in 0..LANES {
                // Bit for bit what the op `add` gives.
                let sum = place[i] + part[i];
                part[i] = sum;
            }
        }
        *place = part;
    }
}
