//! Gradients as recorded nodes: what users ask a var for.

use super::adjoint::GatheredSlices;
use super::memory::ReverseMemory;
use super::record::RecordedPass;
use crate::error::{Error, Result, expected, refuse};
use crate::graph::{Kind, NodeId};
use crate::tape::{Tape, Var};
use std::collections::BTreeMap;

/// The gradients of one output: a cotangent for every node it depends on, all of them recorded.
#[derive(Debug, Clone)]
pub struct Gradients<'t> {
    tape: &'t Tape,
    output: NodeId,
    /// Nodes that have a cotangent, with it; in topological order.
    cotangents: Vec<(NodeId, NodeId)>,
    /// What each edge gives to the cotangent of the node it leaves: by consumer and operand.
    contributions: BTreeMap<(NodeId, usize), NodeId>,
}

impl<'t> Gradients<'t> {
    /// The output that was differentiated.
    pub fn output(&self) -> Var<'t> {
        Var::new(self.tape, self.output)
    }

    /// The gradient with respect to a var: of the var's shape, and an explicit zero if the output does not depend on
    /// it (see [`reaches`](Self::reaches)).
    ///
    /// # Panics
    ///
    /// If the var is of another tape or holds indices; or if a zero is to be recorded and the [graph](Tape::graph) is
    /// held.
    #[track_caller]
    pub fn of(&self, var: Var<'t>) -> Var<'t> {
        match self.get(var) {
            Some(gradient) => gradient,
            None => expected(zero_like(var)),
        }
    }

    /// The gradient with respect to a var, or `None` if the output does not depend on it.
    ///
    /// # Panics
    ///
    /// If the var is of another tape.
    #[track_caller]
    pub fn get(&self, var: Var<'t>) -> Option<Var<'t>> {
        if let Err(e) = self.tape.own("gradient", var, &[self.output()]) {
            refuse(e)
        }
        let place = self.cotangents.binary_search_by_key(&var.id(), |&(node, _)| node).ok()?;
        Some(Var::new(self.tape, self.cotangents[place].1))
    }

    /// As [`of`](Self::of), for several vars.
    #[track_caller]
    pub(super) fn for_each_of(&self, vars: &[Var<'t>]) -> Result<Vec<Var<'t>>> {
        let mut gradients = Vec::with_capacity(vars.len());
        // A loop, not a closure: what is recorded names the caller's line.
        for &var in vars {
            gradients.push(match self.get(var) {
                Some(gradient) => gradient,
                None => zero_like(var)?,
            });
        }
        Ok(gradients)
    }

    /// As [`of`](Self::of), for vars in an array.
    #[track_caller]
    pub(super) fn of_each<const N: usize>(&self, mut vars: [Var<'t>; N]) -> [Var<'t>; N] {
        for var in &mut vars {
            *var = self.of(*var);
        }
        vars
    }

    /// Whether the output depends on a var in a way that has a derivative.
    ///
    /// # Panics
    ///
    /// If the var is of another tape.
    #[track_caller]
    pub fn reaches(&self, var: Var<'t>) -> bool {
        self.get(var).is_some()
    }

    /// What operand `operand` of `consumer` gives to the gradient of the node it comes from; the gradient is the sum
    /// over all edges that leave the node.
    pub fn contribution(&self, consumer: Var<'t>, operand: usize) -> Option<Var<'t>> {
        self.contributions.get(&(consumer.id(), operand)).map(|&id| Var::new(self.tape, id))
    }

    /// All nodes that have a gradient, with it; in topological order.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, NodeId)> {
        self.cotangents.iter().copied()
    }

    /// All edges that carry a gradient: consumer, operand, and the contribution; in topological order of consumers.
    pub fn edges(&self) -> impl Iterator<Item = ((NodeId, usize), NodeId)> {
        self.contributions.iter().map(|(&edge, &id)| (edge, id))
    }
}

impl<'t> Var<'t> {
    /// The gradients of this number with respect to `vars`, as vars: to be evaluated, drawn, checked, differentiated
    /// again. A var on which this does not depend gets an explicit zero
    /// ([`is_structural_zero`](Var::is_structural_zero)).
    ///
    /// Records the rules of the nodes between the vars and this one, and no others; O(|V| + |E|).
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", 3.0);
    /// let [dx] = (x * x * x).grad([x]);
    /// let [ddx] = dx.grad([x]);
    /// assert_eq!((dx.value().item(), ddx.value().item()), (27.0, 18.0));
    /// ```
    ///
    /// # Panics
    ///
    /// If this is not one number, a var is of another tape or holds indices, or the way leads through an operand
    /// without a derivative. If the [graph](Tape::graph) is held.
    #[doc(alias = "autograd")]
    #[track_caller]
    pub fn grad<const N: usize>(self, vars: [Var<'t>; N]) -> [Var<'t>; N] {
        expected(gradients_of(self, Some(&vars))).of_each(vars)
    }

    /// As [`grad`](Self::grad), for any number of vars.
    ///
    /// # Errors
    ///
    /// What [`grad`](Self::grad) panics with.
    #[track_caller]
    pub fn try_grad(self, vars: &[Var<'t>]) -> Result<Vec<Var<'t>>> {
        gradients_of(self, Some(vars))?.for_each_of(vars)
    }

    /// The vector-Jacobian product: for each var, its cotangent given `dy`, the cotangent of this var, of its shape.
    ///
    /// # Panics
    ///
    /// As [`grad`](Self::grad); and if `dy` has another shape than this.
    #[track_caller]
    pub fn vjp<const N: usize>(self, dy: Var<'t>, vars: [Var<'t>; N]) -> [Var<'t>; N] {
        expected(differentiate("vjp", &[(self, dy)], Some(&vars))).of_each(vars)
    }

    /// As [`vjp`](Self::vjp), for any number of vars.
    ///
    /// # Errors
    ///
    /// What [`vjp`](Self::vjp) panics with.
    #[track_caller]
    pub fn try_vjp(self, dy: Var<'t>, vars: &[Var<'t>]) -> Result<Vec<Var<'t>>> {
        differentiate("vjp", &[(self, dy)], Some(vars))?.for_each_of(vars)
    }

    /// The gradients of this number with respect to everything it depends on: leaves and intermediates alike.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let (x, w) = (tape.leaf("x", 2.0), tape.leaf("w", 5.0));
    /// let product = x * w;
    /// let gradients = product.square().backward();
    /// assert_eq!(gradients.of(product).value().item(), 20.0);
    /// assert_eq!(gradients.of(w).value().item(), 40.0);
    /// ```
    ///
    /// # Panics
    ///
    /// As [`grad`](Self::grad).
    #[track_caller]
    pub fn backward(self) -> Gradients<'t> {
        expected(gradients_of(self, None))
    }
}

/// The gradients of one number: its VJP with a cotangent of 1.
#[track_caller]
pub(super) fn gradients_of<'t>(output: Var<'t>, vars: Option<&[Var<'t>]>) -> Result<Gradients<'t>> {
    differentiate("grad", &[(output, seed(output)?)], vars)
}

/// The cotangent of an output with respect to itself: 1.
#[track_caller]
fn seed(output: Var<'_>) -> Result<Var<'_>> {
    one_number(output)?;
    let tape = output.tape();
    tape.free("grad")?;
    let _backward = tape.backward_of(output.id());
    let one = tape.constant(1.0);
    Ok(if output.rank() == 0 { one } else { one.broadcast_like(output) })
}

/// That an output is one real number.
pub(super) fn one_number(output: Var<'_>) -> Result<()> {
    real(output)?;
    let graph = output.tape().graph();
    let node = graph.node(output.id());
    if crate::base::shape::size(node.shape()) == 1 {
        return Ok(());
    }
    Err(Error::NotScalar {
        node: graph.describe(output.id()),
        shape: node.shape().to_vec(),
        location: node.place(),
    })
}

/// That a var holds real numbers.
pub(super) fn real(var: Var<'_>) -> Result<()> {
    if var.tape().kind(var.id()) == Kind::Real {
        return Ok(());
    }
    Err(Error::Argument {
        what: "grad",
        problem: format!(
            "{} holds indices, which have no derivative; ask for a var of real numbers",
            var.describe()
        ),
    })
}

/// The explicit zero that stands for a gradient that does not exist in the graph.
#[track_caller]
pub(super) fn zero_like(var: Var<'_>) -> Result<Var<'_>> {
    let tape = var.tape();
    real(var)?;
    tape.free("gradient")?;
    let _backward = tape.backward_of(var.id());
    let zero = tape.constant(0.0);
    Ok(if var.rank() == 0 { zero } else { zero.broadcast_like(var) })
}

/// The vector-Jacobian product of outputs, of which there is at least one, each with its cotangent: the cotangents of
/// `vars`, or of everything that the outputs depend on.
#[track_caller]
pub(super) fn differentiate<'t>(
    what: &'static str,
    outputs: &[(Var<'t>, Var<'t>)],
    vars: Option<&[Var<'t>]>,
) -> Result<Gradients<'t>> {
    let (output, _) = outputs[0];
    let tape = output.tape();
    for &(output, dy) in outputs {
        tape.own("grad", dy, &[output])?;
        real(output)?;
        real(dy)?;
        if dy.shape() != output.shape() {
            return Err(Error::Argument {
                what,
                problem: format!("dy has shape {:?}, and the output {output:?} wants its own", dy.shape()),
            });
        }
    }
    for &var in vars.unwrap_or_default() {
        tape.own("grad", var, &[output])?;
        real(var)?;
    }
    let ends: Vec<(NodeId, NodeId)> = outputs.iter().map(|(output, dy)| (output.id(), dy.id())).collect();
    let sources: Option<Vec<NodeId>> = vars.map(|vars| vars.iter().map(|var| var.id()).collect());
    let mut recorder = tape.try_write("grad")?;
    let mut memory = recorder.reverse.take::<ReverseMemory>();
    let ReverseMemory { rules, adjoints, slots, .. } = &mut *memory;
    let mut edges = Vec::new();
    let mut pass =
        RecordedPass { recorder: &mut recorder, rules, adjoints, slots, slices: GatheredSlices::default() };
    let done = match &sources {
        Some(sources) => pass.run(&ends, Some(sources), |_, _, _| ()),
        None => pass.run(&ends, None, |id, operand, part| edges.push(((id, operand), part))),
    };
    let cotangent = |id: NodeId| Some((id, adjoints.get(id.index())?.cotangent()?));
    // A var that is an ancestor of the wanted ones has a cotangent too, but not all of it.
    let mut cotangents: Vec<(NodeId, NodeId)> = match sources {
        Some(sources) => sources.into_iter().filter_map(cotangent).collect(),
        None => (0..adjoints.len()).map(NodeId::new).filter_map(cotangent).collect(),
    };
    recorder.reverse.put_back(memory);
    done?;
    cotangents.sort_unstable();
    cotangents.dedup();
    Ok(Gradients { tape, output: output.id(), cotangents, contributions: edges.into_iter().collect() })
}
