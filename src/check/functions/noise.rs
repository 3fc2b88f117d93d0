//! How much rounding there is in what a function gives, whatever it computes on the way.

use crate::check::functions::forms::Argument;
use crate::check::measure::function::Moves;
use crate::check::measure::steps::rms;
use crate::check::random::{Random, signed};
use crate::error::Result;

/// Points at which a function is asked.
const POINTS: usize = 9;
/// Differences of these orders tell rounding: those of lower order see the function as well.
const ORDERS: std::ops::RangeInclusive<usize> = 3..=6;
/// Units in the last place between two points.
const APART: f64 = 1024.0;

/// A few roundings of a function's weighted sum: those of its result, or what is measured, if that is more.
///
/// The noise σ is that of Moré and Wild ('Estimating computational noise', SIAM J. Sci. Comput. 33, 2011): differences of
/// order k of numbers at equal distances are nothing but noise if the distance is short, and have the variance
/// `σ² (2k)! / (k!)²`.
pub(super) fn rounding(f: &mut impl Moves, random: &mut Random) -> Result<f64> {
    let weighted = |f: &dyn Fn(usize) -> f64, weights: &[f64]| -> f64 {
        weights.iter().enumerate().map(|(i, weight)| weight * f(i)).sum()
    };
    let result = weighted(&|i| f.base()[i].abs(), &f.weights().iter().map(|w| w.abs()).collect::<Vec<_>>());
    let step = distance(f.epsilon(), f.point());
    f.move_along(signed(f.point().len(), random));
    let mut numbers = Vec::with_capacity(POINTS);
    for k in 0..POINTS {
        if !f.at(step * k as f64)?.smooth {
            break;
        }
        numbers.push(weighted(&|i| f.numbers()[i], f.weights()));
    }
    let noise = noise(numbers);
    Ok(4.0 * f64::max(f.epsilon() * result, 2.0 * noise))
}

/// The same of derivatives, for each argument the most of any element: what cancels on the way to a gradient leaves its
/// roundings there, however small the gradient is. `derivatives` gives them at a point.
pub(super) fn uncertain(
    point: &[Argument],
    epsilon: f64,
    random: &mut Random,
    mut derivatives: impl FnMut(&[Argument]) -> Vec<Argument>,
) -> Vec<f64> {
    let directions: Vec<Vec<f64>> = point.iter().map(|x| signed(x.numbers.len(), random)).collect();
    let mut moved = point.to_vec();
    let mut seen: Vec<Vec<Argument>> = Vec::with_capacity(POINTS);
    for k in 0..POINTS {
        for ((moved, x), direction) in moved.iter_mut().zip(point).zip(&directions) {
            let there = x
                .numbers
                .iter()
                .zip(direction)
                .map(|(number, v)| number + distance(epsilon, &x.numbers) * k as f64 * v);
            moved.numbers.iter_mut().zip(there).for_each(|(number, there)| *number = there);
        }
        seen.push(derivatives(&moved));
    }
    let of_element = |place: usize, element: usize| {
        let number =
            |at: &Vec<Argument>| at.get(place)?.numbers.get(element).copied().filter(|x| x.is_finite());
        seen.iter().map(number).collect::<Option<Vec<f64>>>().map_or(0.0, noise)
    };
    let elements = |place: usize| seen[0].get(place).map_or(0, |given| given.numbers.len());
    let most =
        |place: usize| (0..elements(place)).fold(0.0, |m, element| f64::max(m, of_element(place, element)));
    (0..point.len()).map(|place| 8.0 * most(place)).collect()
}

/// The distance between two points.
fn distance(epsilon: f64, x: &[f64]) -> f64 {
    let size = rms(x);
    APART * epsilon * if size > 0.0 { size } else { 1.0 }
}

/// The noise in numbers at equal distances; 0 of too few.
fn noise(mut numbers: Vec<f64>) -> f64 {
    let mut least = f64::INFINITY;
    let mut gain = 1.0;
    for order in 1..=*ORDERS.end() {
        if numbers.len() < 3 {
            break;
        }
        numbers = numbers.windows(2).map(|pair| pair[1] - pair[0]).collect();
        // (2k)! / (k!)², one order after another.
        gain *= 2.0 * (2.0 * order as f64 - 1.0) / order as f64;
        if ORDERS.contains(&order) {
            let square = numbers.iter().map(|d| d * d).sum::<f64>() / numbers.len() as f64;
            least = least.min((square / gain).sqrt());
        }
    }
    if least.is_finite() { least } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::noise;

    #[test]
    fn noise_is_told_from_the_function_that_it_is_in() {
        let smooth = |i: usize| 3.0 + 1e-3 * i as f64 - 1e-5 * (i * i) as f64;
        assert!(noise((0..9).map(smooth).collect()) < 1e-14);
        let rough = [0.3, -0.9, 0.5, 0.8, -0.7, 0.1, -0.4, 0.9, -0.6];
        let noisy = noise((0..9).map(|i| smooth(i) + 1e-8 * rough[i]).collect());
        assert!((3e-9..2e-8).contains(&noisy), "{noisy:e}");
        assert_eq!(noise(vec![1.0, 2.0]), 0.0);
    }
}
