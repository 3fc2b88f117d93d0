//! A function at a point of which one argument is moved.

use crate::Float;
use crate::check::functions::forms::{Argument, Form, epsilon};
use crate::check::measure::function::{Function, FunctionValues, Moves, Reached};
use crate::error::Result;

/// A function at a point of which one argument is moved.
pub(super) struct Moving<'f, F, G, K: Form<F, G>> {
    f: &'f F,
    /// Which argument is moved.
    place: usize,
    /// Where that is.
    point: Vec<f64>,
    /// Where the function is asked.
    x: K::Point,
    direction: ArgumentDirection,
    /// The cotangent that was given to the derivative.
    cotangent: Vec<f64>,
    /// Weighed by the cotangent of what is looked at.
    values: FunctionValues,
}

enum ArgumentDirection {
    Element(usize),
    Along(Vec<f64>),
}

impl<'f, F, G, K: Form<F, G>> Moving<'f, F, G, K> {
    /// The function `f`, whose numbers at the point are `y`, with a cotangent of them.
    pub(super) fn new(f: &'f F, arguments: &[Argument], place: usize, y: &[f64], cotangent: &[f64]) -> Self {
        Self {
            f,
            place,
            point: arguments[place].numbers.clone(),
            x: K::point(arguments),
            direction: ArgumentDirection::Element(0),
            cotangent: cotangent.to_vec(),
            values: FunctionValues { weights: cotangent.to_vec(), base: y.to_vec(), now: y.to_vec() },
        }
    }

    /// How many numbers the function gives.
    pub(super) fn count(&self) -> usize {
        self.values.base.len()
    }

    /// Looks at one number of the function alone from now on.
    pub(super) fn look_at(&mut self, output: usize) {
        self.values.weights.fill(0.0);
        self.values.weights[output] = 1.0;
    }

    /// The rows of a Jacobian, added up by the cotangent.
    pub(super) fn contract(&self, jacobian: &[f64]) -> Vec<f64> {
        let mut sum = vec![0.0; self.point.len()];
        for (row, dy) in jacobian.chunks(self.point.len().max(1)).zip(&self.cotangent) {
            sum.iter_mut().zip(row).for_each(|(sum, j)| *sum += dy * j);
        }
        sum
    }
}

impl<F, G, K: Form<F, G>> Function for Moving<'_, F, G, K> {
    fn at(&mut self, t: f64) -> Result<Reached> {
        let Self { f, place, point, x, direction, values: FunctionValues { base, now, .. }, .. } = self;
        let moved = K::numbers(x, *place);
        let gone = match direction {
            &mut ArgumentDirection::Element(element) => {
                moved[element] = K::Number::of(point[element] + t);
                moved[element].wide() - point[element]
            }
            ArgumentDirection::Along(direction) => {
                let there = point.iter().zip(&*direction).map(|(x, v)| K::Number::of(x + t * v));
                moved.iter_mut().zip(there).for_each(|(x, there)| *x = there);
                t
            }
        };
        K::value(f, x, now);
        let moved = K::numbers(x, *place);
        match direction {
            &mut ArgumentDirection::Element(element) => moved[element] = K::Number::of(point[element]),
            ArgumentDirection::Along(_) => {
                moved.iter_mut().zip(point).for_each(|(x, point)| *x = K::Number::of(*point))
            }
        }
        // A result of another size is no function of the point, and a step that rounding swallows is none.
        let comparable = now.len() == base.len() && (gone != 0.0 || t == 0.0);
        now.resize(base.len(), f64::NAN);
        Ok(Reached { t: gone, smooth: comparable && now.iter().all(|y| y.is_finite()), changed: 0 })
    }

    fn values(&self) -> &FunctionValues {
        &self.values
    }

    fn epsilon(&self) -> f64 {
        epsilon::<K::Number>()
    }
}

impl<F, G, K: Form<F, G>> Moves for Moving<'_, F, G, K> {
    fn point(&self) -> &[f64] {
        &self.point
    }

    fn move_element(&mut self, element: usize) {
        self.direction = ArgumentDirection::Element(element);
    }

    fn move_along(&mut self, direction: Vec<f64>) {
        self.direction = ArgumentDirection::Along(direction);
    }

    fn has_no_effect(&self) -> bool {
        false
    }
}
