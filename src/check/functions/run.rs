//! The run of a check of a function.

use super::noise;
use crate::Float;
use crate::check::end_to_end::rows::{GradientRow, Magnitudes};
use crate::check::end_to_end::unseen::unseen_of_all;
use crate::check::functions::forms::{Argument, Form, epsilon};
use crate::check::functions::function_check::FunctionCheck;
use crate::check::functions::moving::Moving;
use crate::check::measure::element::Element;
use crate::check::measure::judge::Judge;
use crate::check::measure::question::Answer;
use crate::check::random::{Random, generator, signed};
use crate::check::report::Report;
use crate::check::report::mode::{Mode, argument, check_settings};
use crate::check::report::parameter::ParameterReport;
use crate::check::report::verdict::{Verdict, must_fail};
use crate::check::report::worst::Source;
use crate::error::{Error, Result};
use crate::graph::NodeId;
use ndarray::{ArrayD, IxDyn};

impl<F, G, K: Form<F, G>> FunctionCheck<F, G, K> {
    /// Runs the check: two to a few evaluations for each element, or for each probe.
    ///
    /// A point without any element does not pass, since nothing was checked.
    ///
    /// # Errors
    ///
    /// If a derivative has not the shape that it should have, the function is not finite at the point, or gives another
    /// result when it is asked again, or the settings make no sense.
    pub fn run(&self) -> Result<Report> {
        check_settings(self.mode, self.tolerance)?;
        let (y, shape) = self.value()?;
        let mut random = generator(self.seed, 2);
        let dy: Vec<K::Number> = match shape.is_empty() {
            true => vec![K::Number::of(1.0)],
            false => signed(y.len(), &mut random).into_iter().map(K::Number::of).collect(),
        };
        let weights: Vec<f64> = dy.iter().map(|dy| dy.wide()).collect();
        let cotangent = ArrayD::from_shape_vec(IxDyn(&shape), dy)
            .unwrap_or_else(|e| unreachable!("there is a number for each element: {e}"));
        let derivatives = K::derivatives(&self.df, &K::point(&self.arguments), &cotangent);
        self.check_shapes(&derivatives, &shape)?;
        let epsilon = epsilon::<K::Number>();
        let uncertain = noise::uncertain(&self.arguments, epsilon, &mut random, |point| {
            K::derivatives(&self.df, &K::point(point), &cotangent)
        });
        let nothing = y.is_empty() || self.arguments.iter().all(|argument| argument.numbers.is_empty());
        let mut parameters = Vec::new();
        for (place, given) in derivatives.iter().enumerate() {
            let mut moving = Moving::<F, G, K>::new(&self.f, &self.arguments, place, &y, &weights);
            let mut report = ParameterReport::new(
                NodeId::default(),
                self.arguments[place].name.clone(),
                given.shape.clone(),
            );
            self.fill(given, uncertain[place], &mut moving, &mut report, &mut random)?;
            if nothing {
                report.verdict = Verdict::Unresolved;
                report.note = Some("there is no element to check".to_owned());
            }
            parameters.push(report);
        }
        if parameters.is_empty() {
            return Err(argument(
                "there is nothing to check; name arrays with `.on([(\"w\", &w)])`".to_owned(),
            ));
        }
        let gradients: Vec<Vec<f64>> = derivatives.into_iter().map(|given| given.numbers).collect();
        Ok(Report {
            mode: self.mode,
            order: 1,
            tolerance: self.tolerance,
            source: Source::Analytic,
            output: y.iter().zip(&weights).map(|(y, dy)| y * dy).sum(),
            unseen: unseen_of_all(&parameters, &gradients),
            parameters,
            held: Vec::new(),
            nodes: Vec::new(),
            faults: Vec::new(),
            next: None,
        })
    }

    /// Runs the check as a negative control: of a derivative that is known to be wrong, so that the check must fail.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run); and if the check passes.
    pub fn must_fail(&self) -> Result<Report> {
        let report = self.run()?;
        must_fail(report.passed(), report)
    }

    /// The numbers of the function at the point, and their shape.
    fn value(&self) -> Result<(Vec<f64>, Vec<usize>)> {
        let (mut y, mut again) = (Vec::new(), Vec::new());
        let point = K::point(&self.arguments);
        let shape = K::value(&self.f, &point, &mut y);
        K::value(&self.f, &point, &mut again);
        if let Some(number) = y.iter().find(|y| !y.is_finite()) {
            let names: Vec<String> = self.arguments.iter().map(|x| format!("`{}`", x.name)).collect();
            let at = names.join(", ");
            return Err(argument(format!("the function is {number} at {at}; it must be finite there")));
        }
        let changed = y.iter().zip(&again).find(|(a, b)| a.to_bits() != b.to_bits());
        if let Some((a, b)) = changed {
            return Err(argument(format!(
                "the function gives {a:e} and {b:e} at the same point, so no difference means anything"
            )));
        }
        if y.len() != again.len() {
            let (a, b) = (y.len(), again.len());
            return Err(argument(format!("the function gives {a} and {b} numbers at the same point")));
        }
        Ok((y, shape))
    }

    /// That there is a derivative for every argument, of the right shape.
    fn check_shapes(&self, derivatives: &[Argument], result: &[usize]) -> Result<()> {
        if derivatives.len() != self.arguments.len() {
            let (found, wanted) = (derivatives.len(), self.arguments.len());
            return Err(argument(format!(
                "{found} derivatives are given for {wanted} arrays; give one for each"
            )));
        }
        for (given, x) in derivatives.iter().zip(&self.arguments) {
            let wanted = if K::ROWS { [result, &x.shape].concat() } else { x.shape.clone() };
            if given.shape == wanted {
                continue;
            }
            let name = &x.name;
            return Err(argument(match (&given.shape[..], &wanted[..]) {
                (&[found], &[wanted]) => format!(
                    "the gradient of `{name}` has {found} numbers, and the point has {wanted}; one for each is wanted"
                ),
                (found, wanted) => {
                    format!("the derivative by `{name}` has the shape {found:?}; it should be {wanted:?}")
                }
            }));
        }
        Ok(())
    }

    /// Fills in the report of one argument.
    fn fill(
        &self,
        given: &Argument,
        uncertain: f64,
        moving: &mut Moving<'_, F, G, K>,
        report: &mut ParameterReport,
        random: &mut Random,
    ) -> Result<()> {
        let Argument { shape, numbers, .. } = given;
        if numbers.is_empty() {
            report.close();
            return Ok(());
        }
        let mut judge = Judge::new(self.tolerance);
        let name = report.name.clone();
        let outputs = moving.count();
        let scale = |slope: &[f64], moving: &mut Moving<'_, F, G, K>, random: &mut Random| {
            let finite = slope.iter().copied().filter(|g| g.is_finite());
            let slope = finite.fold(0.0_f64, |m, g| m.max(g.abs()));
            Ok::<Magnitudes, Error>(Magnitudes {
                rounding: noise::rounding(moving, random)?,
                uncertain: uncertain.max(4.0 * epsilon::<K::Number>() * slope),
                slope: if slope > 0.0 { slope } else { 1.0 },
                kinks: true,
            })
        };
        if let Mode::Quick { probes } = self.mode {
            // The rows of a Jacobian, added up by a random cotangent.
            let gradient = if K::ROWS { moving.contract(numbers) } else { numbers.clone() };
            let scale = scale(&gradient, moving, random)?;
            let row = GradientRow { name: &name, shape, gradient: &gradient, scale, right: false };
            row.probes(probes, moving, &mut judge, report, random, |answer| answer)?;
            report.note = note(report, &[]);
            return steady(&judge, &name);
        }
        let mut answers = Vec::with_capacity(numbers.len());
        let rows = if K::ROWS { outputs } else { 1 };
        for (k, gradient) in numbers.chunks(numbers.len() / rows).enumerate() {
            if K::ROWS {
                moving.look_at(k);
            }
            let scale = scale(gradient, moving, random)?;
            let row = GradientRow { name: &name, shape, gradient, scale, right: false };
            let steps = row.steps(self.mode, moving, &mut judge, random)?;
            report.step = steps.usual();
            answers.extend(row.answers(moving, &mut judge, &steps)?);
        }
        let slope = scale(numbers, moving, random)?;
        GradientRow { name: &name, shape, gradient: numbers, scale: slope, right: false }
            .count(&answers, report);
        report.note = note(report, &answers);
        steady(&judge, &name)
    }
}

/// That no difference came out otherwise when it was measured again.
fn steady(judge: &Judge, name: &str) -> Result<()> {
    match judge.is_unsteady() {
        false => Ok(()),
        true => Err(argument(format!(
            "the function gives other numbers when it is asked again near `{name}`, so no difference means anything"
        ))),
    }
}

/// Why nothing stands out of rounding, if that is so.
fn note(report: &ParameterReport, answers: &[Answer]) -> Option<String> {
    let open = |answer: &&Answer| matches!(answer.element, Element::Unresolved(_));
    let small = |answer: &Answer| answer.compared.magnitude() <= 4.0 * answer.compared.error;
    let all_small = answers.iter().filter(open).all(small);
    let all_zero = report.passed > 0 && report.compared() == report.zeros;
    (all_zero || report.verdict == Verdict::Unresolved && all_small).then(|| {
        "the gradient is below what rounding of the function can show here, as at a converged fit; check it away from \
         there, such as with 10 % of the largest element added to every one"
            .to_owned()
    })
}
