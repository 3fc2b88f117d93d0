//! Numerical health of a graph: where NaN and infinities begin, exploding and vanishing gradients, dead relus.

use crate::error::NOT_TAKEN;
use crate::graph::{Branch, Graph, Leaf, NodeId, Origin};
use crate::view::annotations::Annotations;
use chainrule_picture::Mark;
use chainrule_picture::number;
use ndarray::ArrayD;
use std::collections::{BTreeMap, BTreeSet};

/// A gradient vanishes or explodes if it is so many times smaller or larger than the median over the parameters.
const OUT_OF_PROPORTION: f64 = 1_000.0;
/// The least number of parameters with a gradient for a meaningful median.
const MIN_PARAMETERS: usize = 3;

/// A finding about the numbers of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The node.
    pub node: NodeId,
    /// The kind of finding.
    pub mark: Mark,
    /// The finding in words, with numbers.
    pub text: String,
}

/// Checks the known values and gradients of a graph, and returns the findings by node.
///
/// - **NaN and infinities**: where they *begin*, at a node whose operands are all finite ([`Mark::Nan`],
///   [`Mark::Infinite`]), and where they are passed on ([`Mark::NanInherited`], [`Mark::InfiniteInherited`]). The same for
///   gradients, which come from the consumers, where a value is finite and its gradient is not ([`Mark::NanGradient`],
///   [`Mark::NanGradientInherited`] and those of infinities). An operand whose value is
///   not known counts as finite.
/// - **NaN from the branch not taken**: a gradient of NaN that comes through an operand of `where` with a cotangent of 0.
///   The text names the remedy, the double-where idiom, as in the docs of `Var::select`.
/// - **Gradients that are 0 everywhere** ([`Mark::ZeroGradient`]), of leaves: nothing is learned from them.
/// - **Exploding and vanishing gradients** of parameters: with r the root mean square of a gradient's elements, r is more
///   than 1,000 times the median of r over all parameters, or less than a thousandth of it, given at least three
///   parameters with finite, nonzero gradients. Both are relative, so that scaling the loss changes nothing. The threshold
///   is a choice: a step size that suits most parameters then moves this one by a thousandth or a thousandfold. On what
///   makes gradients vanish and explode: Glorot and Bengio, "Understanding the difficulty of training deep feedforward
///   neural networks", AISTATS 2010; Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural
///   networks", ICML 2013.
/// - **Dead relus** ([`Mark::Dead`]): an op that [gates](crate::Op::gates) its operand, with an output of zeros alone, for
///   all rows of the batch.
///
/// O(elements).
///
/// ```
/// # use chainrule::picture::{Annotations, Mark, health};
/// let tape = chainrule::Tape::new();
/// let x = tape.leaf("x", 0.0);
/// let quotient = x / x;
/// let y = quotient.exp();
/// let values = [x, quotient, y].map(|var| (var.id(), var.value().view().to_owned()));
/// let known = Annotations { values: values.into(), ..Annotations::default() };
/// let marks: Vec<Mark> = health(&tape.graph(), &known).iter().map(|finding| finding.mark).collect();
/// assert_eq!(marks, [Mark::Nan, Mark::NanInherited]);
/// ```
pub fn health(graph: &Graph, known: &Annotations) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (&node, value) in known.values.iter().filter(|&(&node, _)| graph.get(node).is_some()) {
        findings.extend(not_finite(graph, known, node, value));
        findings.extend(dead(graph, node, value));
    }
    for (&node, gradient) in known.node_gradients.iter().filter(|&(&node, _)| graph.get(node).is_some()) {
        findings.extend(gradient_not_finite(graph, known, node, gradient));
        let is_leaf = graph.node(node).leaf().is_some();
        if is_leaf && !gradient.is_empty() && gradient.iter().all(|&x| x == 0.0) {
            let text = "its gradient is 0 everywhere: nothing is learned here".to_owned();
            findings.push(Finding { node, mark: Mark::ZeroGradient, text });
        }
    }
    findings.extend(out_of_proportion(graph, known));
    findings.sort_by_key(|finding| (finding.node, std::cmp::Reverse(finding.mark)));
    findings
}

/// How many elements are NaN, ∞ and −∞.
fn count(array: &ArrayD<f64>) -> [usize; 3] {
    array.iter().fold([0; 3], |[nan, plus, minus], x| {
        [
            nan + usize::from(x.is_nan()),
            plus + usize::from(*x == f64::INFINITY),
            minus + usize::from(*x == f64::NEG_INFINITY),
        ]
    })
}

fn is_finite(array: &ArrayD<f64>) -> bool {
    array.iter().all(|x| x.is_finite())
}

/// `3 of 50 elements are NaN`, or of a single number, `it is NaN`; of a gradient, `its gradient is NaN`.
fn counted([nan, plus, minus]: [usize; 3], of: usize, gradient: bool) -> String {
    let (whole, part) = if gradient { ("its gradient", " of its gradient") } else { ("it", "") };
    let parts = [(nan, "NaN"), (plus, "∞"), (minus, "−∞")];
    let parts = parts.iter().filter(|part| part.0 > 0);
    match of {
        1 => parts.map(|(_, what)| format!("{whole} is {what}")).collect(),
        _ => {
            let parts = parts.map(|(n, what)| {
                format!("{n} of {of} elements{part} {} {what}", if *n == 1 { "is" } else { "are" })
            });
            parts.collect::<Vec<_>>().join(", ")
        }
    }
}

fn not_finite(graph: &Graph, known: &Annotations, node: NodeId, value: &ArrayD<f64>) -> Option<Finding> {
    let counts = count(value);
    if counts == [0; 3] {
        return None;
    }
    let what = counted(counts, value.len(), false);
    let sick = graph.node(node).read_inputs().map(|(_, x)| x).find(|&x| !value_is_finite(graph, known, x));
    let is_nan = counts[0] > 0;
    let (mark, text) = match sick {
        Some(from) => {
            let mark = if is_nan { Mark::NanInherited } else { Mark::InfiniteInherited };
            (mark, format!("{what}; it comes from {}", graph.describe(from)))
        }
        None => {
            let mark = if is_nan { Mark::Nan } else { Mark::Infinite };
            let from = if graph.node(node).leaf().is_some() {
                "it was given so"
            } else {
                "all its operands are finite"
            };
            let harm =
                choice_behind(graph, node).filter(|choice| known.values.get(choice).is_some_and(is_finite));
            let harm = harm.map(|choice| {
                format!(
                    "; {} does not choose it, but the gradient can hold {NOT_TAKEN}",
                    graph.describe(choice)
                )
            });
            (mark, format!("{what}, and it begins here: {from}{}", harm.unwrap_or_default()))
        }
    };
    Some(Finding { node, mark, text })
}

/// Whether the value of a node is finite; true if it is not known.
fn value_is_finite(graph: &Graph, known: &Annotations, id: NodeId) -> bool {
    match (known.values.get(&id), graph.node(id).constant()) {
        (Some(value), _) => is_finite(value),
        (None, Some(numbers)) => numbers.iter().all(|x| x.is_finite()),
        (None, None) => true,
    }
}

fn gradient_not_finite(
    graph: &Graph,
    known: &Annotations,
    node: NodeId,
    gradient: &ArrayD<f64>,
) -> Option<Finding> {
    let counts = count(gradient);
    if counts == [0; 3] || !value_is_finite(graph, known, node) {
        return None;
    }
    let what = counted(counts, gradient.len(), true);
    let is_nan = counts[0] > 0;
    let sick = graph.consumers(node).iter().map(|edge| edge.target).find(|consumer| {
        known.node_gradients.get(consumer).is_some_and(|g| !is_finite(g))
            || !value_is_finite(graph, known, *consumer)
    });
    let (mark, text) = match sick {
        Some(from) => {
            let mark = if is_nan { Mark::NanGradientInherited } else { Mark::InfiniteGradientInherited };
            (mark, format!("{what}; it comes back from {}", graph.describe(from)))
        }
        None => {
            let mark = if is_nan { Mark::NanGradient } else { Mark::InfiniteGradient };
            (mark, format!("{what}, and it begins here: what comes back to its consumers is finite"))
        }
    };
    let text = match branch_not_taken(graph, known, node, gradient) {
        Some(choice) => format!("{text}; at {} it is {NOT_TAKEN}", graph.describe(choice)),
        None => text,
    };
    Some(Finding { node, mark, text })
}

/// The `where` whose branch not taken gives a node's gradient its NaN: it depends on a consumer of the node that gets a
/// cotangent of 0.
fn branch_not_taken(
    graph: &Graph,
    known: &Annotations,
    node: NodeId,
    gradient: &ArrayD<f64>,
) -> Option<NodeId> {
    let not_taken = |consumer: NodeId| {
        let cotangent = known.node_gradients.get(&consumer)?;
        let at_nan = |(dy, dx): (&f64, &f64)| *dy == 0.0 && dx.is_nan();
        let zero = match cotangent.shape() == gradient.shape() {
            true => cotangent.iter().zip(gradient).any(at_nan),
            false => cotangent.iter().any(|&dy| dy == 0.0) && gradient.iter().any(|dx| dx.is_nan()),
        };
        if zero { choice_behind(graph, consumer) } else { None }
    };
    graph.consumers(node).iter().find_map(|edge| not_taken(edge.target))
}

/// The first choice, as of `where`, that chooses from a value that depends on a node.
fn choice_behind(graph: &Graph, node: NodeId) -> Option<NodeId> {
    /// A branch has hardly more nodes.
    const MAX_VISITED: usize = 1_000;
    let mut met = BTreeSet::from([node]);
    for _ in 0..MAX_VISITED {
        let at = met.pop_first()?;
        for edge in
            graph.consumers(at).iter().filter(|edge| graph.node(edge.target).origin() == Origin::Forward)
        {
            match graph.node(edge.target).op().branches {
                Some(Branch::Operand(condition)) if edge.operand != condition => return Some(edge.target),
                Some(Branch::Operand(_)) => {}
                _ => drop(met.insert(edge.target)),
            }
        }
    }
    None
}

fn dead(graph: &Graph, node: NodeId, value: &ArrayD<f64>) -> Option<Finding> {
    if !graph.node(node).op().gates || value.is_empty() {
        return None;
    }
    let text = "every element is 0: nothing passes, and no gradient comes back".to_owned();
    value.iter().all(|&x| x == 0.0).then_some(Finding { node, mark: Mark::Dead, text })
}

fn out_of_proportion(graph: &Graph, known: &Annotations) -> Vec<Finding> {
    let trained = known.node_gradients.iter().filter(|&(&node, gradient)| {
        let trained = graph.get(node).is_some_and(|node| node.leaf() == Some(Leaf::Parameter));
        trained && is_finite(gradient)
    });
    let sizes: BTreeMap<NodeId, f64> = trained
        .map(|(&node, gradient)| (node, root_mean_square(gradient)))
        .filter(|&(_, r)| r > 0.0)
        .collect();
    let mut sorted: Vec<f64> = sizes.values().copied().collect();
    sorted.sort_by(f64::total_cmp);
    if sorted.len() < MIN_PARAMETERS {
        return Vec::new();
    }
    let median = (sorted[(sorted.len() - 1) / 2] + sorted[sorted.len() / 2]) / 2.0;
    let judged = sizes.into_iter().filter_map(|(node, r)| {
        let (mark, times, word) = match r / median {
            ratio if ratio > OUT_OF_PROPORTION => (Mark::Exploding, ratio, "larger"),
            ratio if ratio < 1.0 / OUT_OF_PROPORTION => (Mark::Vanishing, median / r, "smaller"),
            _ => return None,
        };
        let (r, times, median) = (number::scalar(r), number::scalar(times), number::scalar(median));
        let text = format!("its gradient ({r}) is {times} times {word} than the median over parameters ({median}), by root mean square");
        Some(Finding { node, mark, text })
    });
    judged.collect()
}

/// √(mean of x²), scaled so that squares neither overflow nor underflow.
fn root_mean_square(array: &ArrayD<f64>) -> f64 {
    let largest = array.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    if largest == 0.0 {
        return 0.0;
    }
    let sum: f64 = array.iter().map(|x| (x / largest) * (x / largest)).sum();
    largest * (sum / array.len() as f64).sqrt()
}

impl Annotations {
    /// Adds the findings of [`health`] as marks and notes.
    pub(in crate::view) fn with_health(mut self, graph: &Graph) -> Self {
        for Finding { node, mark, text } in health(graph, &self) {
            let known = self.marks.entry(node).or_insert(mark);
            *known = (*known).max(mark);
            let note = self.notes.entry(node).or_default();
            if !note.is_empty() {
                note.push('\n');
            }
            note.push_str(&text);
        }
        self
    }
}
