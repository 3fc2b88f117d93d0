//! Rules as formulas: the cotangent of an operand, written in the letters of rules, `dy × x1`.

use super::rule::{RuleGraph, RuleValue};
use crate::base::float::Written;
use crate::graph::NodeId;
use crate::reverse::formula::Formula;
use crate::tape::Recorder;

/// A formula longer than this explains nothing.
const LONGEST: usize = 64;

/// The rule of an op as a formula, for operands and a result of these shapes; `None` where there is no derivative or too much to
/// write.
fn written<'s>(rule: &'s RuleGraph, mut shapes: Vec<&'s [usize]>) -> Option<String> {
    let arity = shapes.len() - 1;
    // Of the cotangent.
    shapes.extend(shapes.last().copied());
    let (nodes, result) = match rule {
        RuleGraph::Zero => return Some("0".to_owned()),
        RuleGraph::NotDifferentiable => return None,
        RuleGraph::Nodes { nodes, result } => (nodes, *result),
    };
    let letter = |operand| if arity == 1 { "x".to_owned() } else { format!("x{operand}") };
    let letters = (0..arity).map(letter).chain(["y".to_owned(), "dy".to_owned()]);
    let mut slots: Vec<Formula> = letters.map(Formula::word).collect();
    for node in nodes {
        let formula = match &node.value {
            RuleValue::Constant(numbers) => match numbers[..] {
                [number] => Formula::word(Written(number).to_string().replace('-', "−")),
                _ => return None,
            },
            RuleValue::Leaf(_) => return None,
            RuleValue::Op(op) => {
                let operands: Vec<&Formula> = node.inputs.iter().map(|&slot| &slots[slot]).collect();
                let formula = Formula::of_op(op.notation(), op.name(), &operands);
                let sum = op.notation().filter(|notation| notation.starts_with('Σ'));
                match sum.and_then(|_| summed(shapes[node.inputs[0]], &node.shape)) {
                    Some(axis) => formula.over(axis),
                    None => formula,
                }
            }
        };
        // A value used twice doubles the text with every step, so it ends here and not later.
        if formula.text().chars().count() > LONGEST {
            return None;
        }
        slots.push(formula);
        shapes.push(&node.shape);
    }
    slots.get(result).map(|formula| formula.text().to_owned())
}

/// What a matrix is summed over, if over one of its axes.
fn summed(from: &[usize], to: &[usize]) -> Option<&'static str> {
    match (from, to) {
        // Of a square matrix, the sizes do not tell.
        (&[m, n], &[k]) if m != n && m.min(n) > 1 => Some(if k == n { "rows" } else { "columns" }),
        (&[m, n], &[1, k]) if k == n && m.min(n) > 1 => Some("rows"),
        (&[m, n], &[k, 1]) if k == m && m.min(n) > 1 => Some("columns"),
        _ => None,
    }
}

impl Recorder {
    /// The rule of a node for each of its operands, read off the rule's own graph; `None` where there is no derivative or
    /// too much to write. Nothing is recorded.
    pub(crate) fn rule_texts(&mut self, node: NodeId) -> Vec<Option<String>> {
        match self.with_rules(|recorder, rules| rules.of(recorder, node)) {
            Ok(rules) => {
                let record = self.graph.node(node);
                let shapes = record.inputs().iter().chain([&node]).map(|&id| self.graph.node(id).shape());
                let shapes: Vec<&[usize]> = shapes.collect();
                rules.operands.iter().map(|rule| written(rule, shapes.clone())).collect()
            }
            Err(_) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Tape, Var};

    fn rules(record: impl for<'t> Fn(Var<'t>, Var<'t>) -> Var<'t>) -> Vec<Option<String>> {
        let tape = Tape::new();
        let y = record(tape.leaf("a", 2.0), tape.leaf("b", 3.0));
        let before = tape.graph().len();
        let texts = tape.write("rules").rule_texts(y.id());
        assert_eq!(tape.graph().len(), before, "nothing is recorded");
        texts
    }

    #[test]
    fn rules_read_like_the_table_of_ops() {
        let some = |texts: &[&str]| texts.iter().map(|text| Some((*text).to_owned())).collect::<Vec<_>>();
        assert_eq!(rules(|a, b| a * b), some(&["dy × x1", "dy × x0"]));
        assert_eq!(rules(|a, b| a / b), some(&["dy ÷ x1", "−(dy × y ÷ x1)"]));
        assert_eq!(rules(|a, b| a - b), some(&["dy", "−dy"]));
        assert_eq!(rules(|a, _| a.tanh()), some(&["dy × (1 − y²)"]));
        assert_eq!(rules(|a, _| a.sigmoid()), some(&["dy × y × (1 − y)"]));
        assert_eq!(rules(|a, _| a.exp()), some(&["dy × y"]));
        assert_eq!(rules(|a, b| a.greater(b)), some(&["0", "0"]));
        assert_eq!(rules(|a, _| a.relu()), some(&["dy × [y > 0]"]));
        assert_eq!(rules(|a, _| a.broadcast_to([2, 3]).mean()), some(&["dy ÷ n"]));
        assert_eq!(
            rules(|a, _| a.broadcast_to([2, 3]).softmax(-1)),
            some(&["y × (dy − (Σ (dy × y) over columns))"])
        );
        // The affine layer of the book: the bias gets the sum over the rows.
        assert_eq!(
            rules(|a, b| a.broadcast_to([2, 3]) + b.broadcast_to([3])),
            some(&["dy", "Σ dy over rows"])
        );
        assert_eq!(rules(|a, b| a.broadcast_to([2, 3]) * b), some(&["dy × x1", "Σ (dy × x0)"]));
        let product = rules(|a, b| a.broadcast_to([2, 2]).matmul(b.broadcast_to([2, 2])));
        assert_eq!(product, some(&["dy · x1ᵀ", "x0ᵀ · dy"]));
    }
}
