//! What the recordings of all optimisers have in common: scopes, the learning rate, and what is remembered.

use super::rate::Rate;
use crate::{Scope, Tape, Var};

/// One step of an optimiser while it is recorded.
///
/// The scopes are closed in the order of the fields, the reverse of that in which they were opened.
pub(super) struct Recording<'t> {
    _name: Scope<'t>,
    _root: Scope<'t>,
    _updating: Scope<'t>,
    tape: &'t Tape,
    /// The learning rate of this step.
    pub(super) rate: Var<'t>,
    /// The counter that a schedule follows, and the parameter that it belongs to.
    counter: Option<(String, Var<'t>)>,
    new: Vec<(Var<'t>, Var<'t>)>,
    /// As many for each parameter, one parameter after the other.
    remembered: Vec<(Var<'t>, Var<'t>)>,
    steps: Vec<(Var<'t>, Var<'t>)>,
}

impl<'t> Recording<'t> {
    /// Opens the scopes and records the rate, after a check that each parameter has a gradient of its shape; `None` if there are
    /// no parameters.
    #[track_caller]
    pub(super) fn begin(
        name: &str,
        rate: &Rate,
        parameters: &[Var<'t>],
        gradients: &[Var<'t>],
    ) -> Option<Self> {
        assert_eq!(parameters.len(), gradients.len(), "apply: there must be one gradient for each parameter");
        for (p, g) in parameters.iter().zip(gradients) {
            assert_eq!(p.shape(), g.shape(), "apply: the gradient of {p:?} must have its shape");
        }
        let first = *parameters.first()?;
        let tape = first.tape();
        let (updating, root) = (tape.updating(), tape.root_scope());
        let scope = tape.scope(name);
        let mut recording = Self {
            _name: scope,
            _root: root,
            _updating: updating,
            tape,
            rate: first,
            counter: None,
            new: Vec::new(),
            remembered: Vec::new(),
            steps: Vec::new(),
        };
        recording.rate = match rate.as_constant() {
            Some(rate) => tape.constant(rate),
            None => {
                let (count, done) = recording.counted(first);
                recording.counter = Some((name_of(first), count));
                rate.at(done)
            }
        };
        Some(recording)
    }

    /// The counter of a parameter with this step, and without it.
    #[track_caller]
    fn counted(&mut self, p: Var<'t>) -> (Var<'t>, Var<'t>) {
        let step = self.tape.parameter(&format!("step/{}", name_of(p)), &[][..]);
        let count = step + 1.0;
        self.steps.push((step, count));
        (count, step)
    }

    /// The number of this step of a parameter, from 1.
    #[track_caller]
    pub(super) fn count(&mut self, p: Var<'t>) -> Var<'t> {
        match &self.counter {
            Some((name, count)) if *name == name_of(p) => *count,
            _ => self.counted(p).0,
        }
    }

    /// What is remembered of a parameter: an array of its shape, under a name below that of the optimiser.
    #[track_caller]
    pub(super) fn memory(&self, kind: &str, p: Var<'t>) -> Var<'t> {
        self.tape.parameter(&format!("{kind}{}", name_of(p)), p.shape())
    }

    /// Remembers a new value.
    pub(super) fn remember(&mut self, old: Var<'t>, new: Var<'t>) {
        self.remembered.push((old, new));
    }

    /// Gives a parameter its new value.
    pub(super) fn set(&mut self, p: Var<'t>, new: Var<'t>) {
        self.new.push((p, new));
    }

    /// All updates: those of the parameters, then of each kind of memory in the order of the parameters, then of the counters.
    pub(super) fn finish(self) -> Vec<(Var<'t>, Var<'t>)> {
        let kinds = self.remembered.len() / self.new.len().max(1);
        let mut updates = self.new;
        for kind in 0..kinds {
            updates.extend(self.remembered.iter().skip(kind).step_by(kinds));
        }
        updates.extend(self.steps);
        updates
    }
}

/// State of the shape of each parameter, named below a scope.
#[track_caller]
pub(super) fn memory_of(scope: &str, parameters: &[Var<'_>]) -> Vec<(String, Vec<usize>)> {
    let mut memory = Vec::with_capacity(parameters.len());
    for &p in parameters {
        memory.push((format!("{scope}/{}", name_of(p)), p.shape()));
    }
    memory
}

/// The counter of each parameter.
#[track_caller]
pub(super) fn steps_of(scope: &str, parameters: &[Var<'_>]) -> Vec<(String, Vec<usize>)> {
    let steps = memory_of(&format!("{scope}/step"), parameters);
    steps.into_iter().map(|(name, _)| (name, Vec::new())).collect()
}

/// The counter that a schedule follows, of an optimiser that counts for nothing else.
#[track_caller]
pub(super) fn schedule_step(scope: &str, rate: &Rate, parameters: &[Var<'_>]) -> Vec<(String, Vec<usize>)> {
    match rate.as_constant() {
        Some(_) => Vec::new(),
        None => steps_of(scope, &parameters[..parameters.len().min(1)]),
    }
}

/// The name of a parameter.
#[track_caller]
pub(super) fn name_of(parameter: Var<'_>) -> String {
    match parameter.name() {
        Some(name) => name,
        None => panic!("{parameter:?} has no name; an optimiser updates `tape.parameter(name, shape)`"),
    }
}

/// A decay rate of an average over steps, held to its range.
#[track_caller]
pub(super) fn decay_rate(optimizer: &str, rate: f64) -> f64 {
    assert!(
        (0.0..1.0).contains(&rate),
        "{optimizer}: a decay rate of {rate:?} is not at least 0 and less than 1"
    );
    rate
}

/// The gradient of the loss and of `½ λ p²`: weight decay as L2 regularisation.
#[track_caller]
pub(super) fn decayed<'t>(g: Var<'t>, p: Var<'t>, decay: f64) -> Var<'t> {
    if decay == 0.0 { g } else { g + decay * p }
}

/// A parameter after weight decay that is decoupled from the gradient: `p − η λ p`.
#[track_caller]
pub(super) fn shrunk<'t>(p: Var<'t>, rate: Var<'t>, decay: f64) -> Var<'t> {
    if decay == 0.0 { p } else { p * (1.0 - rate * decay) }
}
