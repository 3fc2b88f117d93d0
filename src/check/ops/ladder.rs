//! Elementwise ops on operands of all sizes side by side, so that none is left out between the extremes.

use crate::check::ops::op_check::OpCheck;
use crate::check::ops::report::OpCase;
use crate::check::random::generator;
use crate::error::{Error, Result};
use crate::graph::Kind;
use crate::tape::Tape;
use crate::tape::sample::{Domain, Sample};
use ndarray::ArrayD;
use rand::seq::SliceRandom;

/// Ranges of magnitudes, each of them a case. Below the first, terms that cancel leave little of most rules but their
/// roundings, and nothing in single precision.
const RANGES: [(f64, f64); 4] = [(1e-3, 0.3), (0.3, 40.0), (40.0, 1e3), (1e3, 1e15)];
/// Operands of a range, in equal proportions from one to the next: as many as are all moved by themselves.
const STEPS: usize = 60;
/// Results above this are not differentiated, since their derivatives may overflow.
pub(super) const GREATEST: f64 = 1e100;

impl OpCheck {
    /// The cases of an elementwise op on operands of all sizes, to first order.
    #[track_caller]
    pub(super) fn at_all_sizes(&self, samples: &[Sample]) -> Result<Vec<OpCase>> {
        let Some(Sample(operands)) = samples.first() else { return Ok(Vec::new()) };
        let domains: Vec<Domain> = operands.iter().map(|&(_, domain)| domain).collect();
        let mut cases = Vec::new();
        if !self.op.elementwise() || domains.iter().any(|&domain| domain.kind() == Kind::Index) {
            return Ok(cases);
        }
        for (low, high) in RANGES {
            let mut random = generator(self.seed, 8);
            let x: Vec<Vec<f64>> = domains
                .iter()
                .enumerate()
                .map(|(i, &domain)| {
                    let mut x = sizes(low, high, domain, i);
                    // Unlike sizes of several operands meet.
                    if i > 0 {
                        x.shuffle(&mut random);
                    }
                    x
                })
                .collect();
            let Some(x) = self.with_value(&x)? else { continue };
            let tape = Tape::new();
            let leaf = |(i, x): (usize, &Vec<f64>)| tape.leaf(&format!("x{i}"), ndarray::arr1(x));
            let leaves: Vec<_> = x.iter().enumerate().map(leaf).collect();
            let y = tape.try_apply_shared(self.op.clone(), &leaves)?;
            let report = self.check(y, &leaves, 1, &mut random).run()?;
            cases.push(OpCase { operands: format!("magnitudes from {low:?} to {high:?}"), report });
        }
        Ok(cases)
    }

    /// Those of the operands, element by element, for which the op has a value that is not too large.
    fn with_value(&self, x: &[Vec<f64>]) -> Result<Option<Vec<Vec<f64>>>> {
        let mut kept = vec![Vec::new(); x.len()];
        for element in 0..STEPS {
            let tape = Tape::new();
            let leaves: Vec<_> = x.iter().map(|x| tape.leaf("x", ndarray::arr1(&[x[element]]))).collect();
            let Ok(y) = tape.try_apply_shared(self.op.clone(), &leaves) else { return Ok(None) };
            let y: Option<ArrayD<f64>> = match tape.values([y.id()]) {
                Err(Error::Refused { .. }) => None,
                values => values?.pop().map(|(_, y)| y),
            };
            if y.is_some_and(|y| y.iter().all(|y| y.abs() <= GREATEST)) {
                kept.iter_mut().zip(x).for_each(|(kept, x)| kept.push(x[element]));
            }
        }
        Ok((!kept[0].is_empty()).then_some(kept))
    }
}

/// Numbers of all magnitudes between two, with the signs of a domain; no two operands have the same.
fn sizes(low: f64, high: f64, domain: Domain, operand: usize) -> Vec<f64> {
    let sign = |k: usize| match domain {
        Domain::Between(_, high) if high <= 0.0 => -1.0,
        Domain::Between(low, _) if low >= 0.0 => 1.0,
        _ if k.is_multiple_of(2) => 1.0,
        _ => -1.0,
    };
    let within = 0.5 / (operand + 1) as f64;
    (0..STEPS).map(|k| sign(k) * low * f64::powf(high / low, (k as f64 + within) / STEPS as f64)).collect()
}
