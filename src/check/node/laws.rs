//! What holds for the rules of a node whatever its op computes: that they are linear in the cotangent, and what elements
//! that tie get together.

use crate::check::measure::element::Element;
use crate::check::measure::function::Moves;
use crate::check::measure::question::Question;
use crate::check::measure::steps::{Reach, rms};
use crate::check::node::bench::{Bench, Judged, roundoff};
use crate::check::node::{NodeCase, Nodes};
use crate::check::random::{positions, signed};
use crate::check::report::fault::Fault;
use crate::error::Result;

/// Powers of two by which a cotangent is made larger and smaller: products are rounded alike then, and a rule that treats
/// large or small numbers in another way shows it.
const LARGER: f64 = (1_u64 << 34) as f64;
const SMALLER: f64 = 1.0 / LARGER;
/// The relative tolerances for these: beside small cotangents, roundings of other terms are large.
const TOLERANCES: [f64; 2] = [1e-9, 1e-2];
/// Operands between this and one over it are far from where such products overflow, or lose digits.
const SMALL: f64 = 1e-30;

/// Outputs that are looked at by themselves where operands tie.
const TIED_OUTPUTS: usize = 16;

impl Nodes<'_> {
    /// That the rules are linear in the cotangent, however large or small it is, and say the same when asked again.
    ///
    /// With a and b two cotangents, the rule of `s (3a − 2b)` for a large s is held against s times three times that of a
    /// less twice that of b, and the rule of `s a` for a small s against s times that of a. Multiplied by a power of two, a
    /// linear rule mostly gives the same bits; where it does not, it is asked again for a.
    pub(crate) fn nonlinear(
        &mut self,
        bench: &mut Bench,
        case: &NodeCase<'_>,
        cotangent: &[f64],
    ) -> Result<Option<Fault>> {
        let a = cotangent;
        let b = signed(a.len(), &mut self.random);
        let [large, small] = if bench.is_moderate(SMALL) { [LARGER, SMALLER] } else { [1.0; 2] };
        let both: Vec<f64> = a.iter().zip(&b).map(|(a, b)| large * (3.0 * a - 2.0 * b)).collect();
        let smaller: Vec<f64> = a.iter().map(|a| small * a).collect();
        let zero = vec![0.0; a.len()];
        let cotangents = [(1.0, a), (1.0, &b), (large, &both), (small, &smaller), (1.0, &zero)];
        let mut rules = [(); 5].map(|()| Vec::new());
        // The greatest number that was met, for each unit of cotangent.
        let mut met = [0.0; 5];
        for (((scale, dy), dx), met) in cotangents.into_iter().zip(&mut rules).zip(&mut met) {
            *met = bench.rules(dy, dx)? / scale;
        }
        let mut again: Option<Vec<Vec<f64>>> = None;
        for k in 0..bench.operands().len() {
            let [a, b, both, smaller, zero] = rules.each_ref().map(|dx| &dx[k]);
            let Judged { operand, replay, .. } = &bench.operands()[k];
            let (operand, point) = (*operand, replay.point());
            let elements: Vec<usize> = (0..a.len()).filter(|&i| point[i].is_finite()).collect();
            let same = elements.iter().all(|&i| smaller[i].to_bits() == (small * a[i]).to_bits());
            let greatest = elements.iter().fold(0.0_f64, |m, &i| m.max(a[i].abs()).max(b[i].abs()));
            let apart = |found: f64, expected: f64| {
                let off = (found - expected).abs();
                if off.is_nan() && expected.is_finite() { f64::INFINITY } else { off }
            };
            let of_both = elements.iter().map(|&i| apart(both[i] / large, 3.0 * a[i] - 2.0 * b[i]));
            let of_smaller = elements.iter().filter(|_| !same).map(|&i| apart(smaller[i] / small, a[i]));
            let furthest = [of_both.fold(0.0, f64::max), of_smaller.fold(0.0, f64::max)];
            let mut nonlinear = false;
            for ((furthest, met_then), tolerance) in
                furthest.into_iter().zip([met[2], met[3]]).zip(TOLERANCES)
            {
                // What has cancelled leaves its roundings, however little is left of itself.
                let greatest_met = met[0].max(met[1]).max(met_then);
                let mut allowed = tolerance * greatest + 64.0 * f64::EPSILON * greatest_met;
                if furthest > allowed {
                    allowed += 64.0 * f64::EPSILON * self.terms(bench, cotangent, &rules[0])?[k];
                }
                if furthest > allowed && bench.is_normwise() {
                    let unstable = bench.unstable(cotangent, k, &mut self.random)?;
                    // Three times that of a, twice that of b, and that of five times as large a cotangent.
                    allowed += 16.0 * unstable.into_iter().fold(0.0, f64::max);
                }
                nonlinear |= furthest > allowed;
            }
            if !same && again.is_none() {
                let mut dx = Vec::new();
                bench.rules(cotangent, &mut dx)?;
                again = Some(dx);
            }
            let changed =
                |again: &Vec<Vec<f64>>| elements.iter().any(|&i| a[i].to_bits() != again[k][i].to_bits());
            // Where the derivative is infinite, as of a root at 0, it is not zero times anything.
            let problem = if elements.iter().any(|&i| zero[i] != 0.0 && a[i].is_finite()) {
                "its rule of a cotangent of zero is not zero"
            } else if !same && again.as_ref().is_some_and(changed) {
                "its rule gives another result when it is asked again"
            } else if nonlinear {
                "its rule is not linear in the cotangent"
            } else {
                continue;
            };
            return Ok(Some(self.new_fault(case, operand, problem.to_owned())));
        }
        Ok(None)
    }

    /// How large the terms are that a rule's results are sums of: by how much these change, for each unit, where every
    /// element of the cotangent is changed by a small part of itself, of either sign.
    fn terms(&mut self, bench: &mut Bench, dy: &[f64], dx: &[Vec<f64>]) -> Result<Vec<f64>> {
        /// So small a part that it tells terms apart, and large enough to stand out of rounding.
        const PART: f64 = 1e-4;
        let changed: Vec<f64> =
            dy.iter().zip(signed(dy.len(), &mut self.random)).map(|(dy, v)| dy * (1.0 + PART * v)).collect();
        let mut other = Vec::new();
        bench.rules(&changed, &mut other)?;
        let greatest = |(a, b): (&Vec<f64>, &Vec<f64>)| {
            let change = a.iter().zip(b).map(|(a, b)| (a - b).abs()).filter(|c| c.is_finite());
            change.fold(0.0_f64, f64::max) / PART
        };
        Ok(dx.iter().zip(&other).map(greatest).collect())
    }

    /// Where elements tie, each may have any share of the cotangent by itself, and yet all together may have too much:
    /// what one output says when every operand is moved alike.
    pub(crate) fn ties(
        &mut self,
        bench: &mut Bench,
        case: &NodeCase<'_>,
        operand: usize,
    ) -> Result<Option<Fault>> {
        let outputs = bench.y().len();
        // What an op hands nothing to by its rule, such as a condition, stays where it is.
        let together =
            |judged: &Judged| vec![if judged.has_rule { 1.0 } else { 0.0 }; judged.replay.point().len()];
        let directions: Vec<Vec<f64>> = bench.operands().iter().map(together).collect();
        let points: Vec<f64> =
            bench.operands().iter().flat_map(|judged| judged.replay.point()).copied().collect();
        // What looks like a kink to a step that suits the greatest may be a bend that suits the least.
        let reach = Reach::all(&points, rms(&points)).of_the_least();
        bench.joint().move_all(directions);
        let mut dx = Vec::new();
        for output in positions(outputs, TIED_OUTPUTS, &mut self.random) {
            let mut dy = vec![0.0; outputs];
            dy[output] = 1.0;
            let mut uncertain = roundoff(bench.rules(&dy, &mut dx)?);
            if bench.is_normwise() {
                for k in 0..dx.len() {
                    uncertain += bench.unstable(&dy, k, &mut self.random)?.iter().sum::<f64>();
                }
            }
            let backprop: f64 = dx.iter().flatten().sum();
            let joint = bench.joint();
            joint.set_cotangent(&dy);
            let slope = backprop.abs().max(1e-3);
            let rounding = case.rounding;
            let question = Question {
                backprop,
                reach,
                plain: None,
                rounding,
                uncertain,
                slope,
                quantum: 0.0,
                kinks: true,
            };
            let answer = self.judge.judge(joint, question)?;
            if answer.element == Element::Fail {
                let numeric = answer.compared.numeric;
                let mut fault = self.new_fault(
                    case,
                    operand,
                    format!(
                        "where elements tie, its rules hand on {backprop:.4} of a cotangent of 1 in all, and moving \
                         them together changes the result by {numeric:.4}"
                    ),
                );
                fault.hint = Some("elements that tie share the gradient".to_owned());
                return Ok(Some(fault));
            }
        }
        Ok(None)
    }
}
