//! Different optimisers for different parameters.

use super::optimizer::Optimizer;
use super::record::name_of;
use crate::Var;
use std::fmt;
use std::sync::Arc;

/// An optimiser for each group of parameters, told apart by their names: another rate for some layers, or no weight decay for
/// biases.
///
/// A parameter belongs to the first group that wants its name, and to the last one if none does. The gradients are those of one
/// loss.
///
/// ```
/// use chainrule::nn::{AdamW, Groups};
/// let optimizer = Groups::new(AdamW::new(1e-3))
///     .with(|name| name.ends_with("/bias"), AdamW::new(1e-3).weight_decay(0.0))
///     .with(|name| name.starts_with("encoder/"), AdamW::new(1e-5));
/// ```
#[derive(Clone)]
pub struct Groups {
    groups: Vec<(Arc<Wanted>, Arc<dyn Optimizer>)>,
    rest: Arc<dyn Optimizer>,
}

type Wanted = dyn Fn(&str) -> bool + Send + Sync;

impl Groups {
    /// With this optimiser for all parameters that are in no group.
    pub fn new(rest: impl Optimizer + 'static) -> Self {
        Self { groups: Vec::new(), rest: Arc::new(rest) }
    }

    /// The same with one more group: the parameters whose name is wanted, as `affine1/bias`, and their optimiser.
    #[must_use]
    pub fn with(
        mut self,
        wanted: impl Fn(&str) -> bool + Send + Sync + 'static,
        optimizer: impl Optimizer + 'static,
    ) -> Self {
        self.groups.push((Arc::new(wanted), Arc::new(optimizer)));
        self
    }

    /// The group of each parameter; the rest comes after the others.
    #[track_caller]
    fn places(&self, parameters: &[Var<'_>]) -> Vec<usize> {
        let mut places = Vec::with_capacity(parameters.len());
        for &p in parameters {
            let name = name_of(p);
            let place = self.groups.iter().position(|(wanted, _)| wanted(&name));
            places.push(place.unwrap_or(self.groups.len()));
        }
        places
    }

    fn optimizers(&self) -> impl Iterator<Item = &dyn Optimizer> {
        self.groups.iter().map(|(_, optimizer)| &**optimizer).chain([&*self.rest])
    }
}

/// Those of a list that are in a group.
fn of_group<'t>(list: &[Var<'t>], places: &[usize], group: usize) -> Vec<Var<'t>> {
    list.iter().zip(places).filter(|(_, place)| **place == group).map(|(&var, _)| var).collect()
}

impl Optimizer for Groups {
    #[track_caller]
    fn memory(&self, parameters: &[Var<'_>]) -> Vec<(String, Vec<usize>)> {
        let places = self.places(parameters);
        let mut memory = Vec::new();
        for (group, optimizer) in self.optimizers().enumerate() {
            memory.extend(optimizer.memory(&of_group(parameters, &places, group)));
        }
        memory
    }

    fn apply<'t>(&self, parameters: &[Var<'t>], gradients: &[Var<'t>]) -> Vec<(Var<'t>, Var<'t>)> {
        assert_eq!(parameters.len(), gradients.len(), "apply: there must be one gradient for each parameter");
        let places = self.places(parameters);
        let mut updates = Vec::new();
        for (group, optimizer) in self.optimizers().enumerate() {
            let [p, g] = [parameters, gradients].map(|list| of_group(list, &places, group));
            updates.extend(optimizer.apply(&p, &g));
        }
        updates
    }
}

impl fmt::Debug for Groups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.optimizers()).finish()
    }
}
