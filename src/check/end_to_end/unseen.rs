//! What probes may miss.

use crate::check::random::MAGNITUDE;
use crate::check::report::parameter::ParameterReport;

/// What a probe could see.
pub(crate) struct ProbeSight {
    /// How far its two derivatives might have been apart.
    pub(crate) threshold: f64,
    /// By how much each element's gradient counts in them; all by 1 if it is not said.
    pub(crate) scales: Option<Vec<f64>>,
}

/// How likely it is that no probe sees that one element, any that is not 0, has been lost.
///
/// A probe moves an element of gradient g by a factor r, uniform in [0.5, 1.5], so that losing it changes the
/// directional derivative by r |g|; it is seen above the probe's threshold. Elements checked one by one are seen.
pub(crate) fn unseen(gradient: &[f64], seen: &[ProbeSight], singles: usize) -> Option<f64> {
    let [least, greatest] = MAGNITUDE;
    let missed = |element: usize| -> f64 {
        let by = |ProbeSight { threshold, scales }: &ProbeSight| {
            let scale = scales.as_ref().map_or(1.0, |scales| scales[element]);
            let g = (gradient[element] * scale).abs();
            ((threshold / g - least) / (greatest - least)).clamp(0.0, 1.0)
        };
        seen.iter().map(by).product()
    };
    let present: Vec<usize> =
        (0..gradient.len()).filter(|&e| gradient[e] != 0.0 && gradient[e].is_finite()).collect();
    let looked_at = singles as f64 / gradient.len() as f64;
    let mean = present.iter().map(|&element| missed(element)).sum::<f64>() / present.len() as f64;
    (!present.is_empty()).then(|| mean * (1.0 - looked_at).max(0.0))
}

/// How likely it is that one lost element of all gradients goes unseen: that of each leaf, by its share of what is not 0.
pub(crate) fn unseen_of_all(parameters: &[ParameterReport], gradients: &[Vec<f64>]) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0.0);
    for (parameter, gradient) in parameters.iter().zip(gradients) {
        if let Some(unseen) = parameter.unseen {
            let present = gradient.iter().filter(|&&g| g != 0.0).count() as f64;
            sum += unseen * present;
            count += present;
        }
    }
    (count > 0.0).then(|| sum / count)
}
