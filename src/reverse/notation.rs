//! Rules as formulas: the cotangent of an operand, written in the letters of rules, `dy × x1`.

use super::rule::{RuleGraph, RuleValue};
use crate::float::Written;

/// A formula longer than this explains nothing.
const LONGEST: usize = 64;

/// How tightly the outermost sign of a formula binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binds {
    Sum,
    Product,
    Word,
}

/// The rule of an op of so many operands as a formula; `None` where there is no derivative or too much to write.
pub(super) fn written(rule: &RuleGraph, arity: usize) -> Option<String> {
    let (nodes, result) = match rule {
        RuleGraph::Zero => return Some("0".to_owned()),
        RuleGraph::NotDifferentiable => return None,
        RuleGraph::Nodes { nodes, result } => (nodes, *result),
    };
    let letter = |operand| if arity == 1 { "x".to_owned() } else { format!("x{operand}") };
    let letters = (0..arity).map(letter).chain(["y".to_owned(), "dy".to_owned()]);
    let mut slots: Vec<(String, Binds)> = letters.map(|letter| (letter, Binds::Word)).collect();
    for node in nodes {
        let said = match &node.value {
            RuleValue::Constant(numbers) => match numbers[..] {
                [number] => (Written(number).to_string().replace('-', "−"), Binds::Word),
                _ => return None,
            },
            RuleValue::Leaf(_) => return None,
            RuleValue::Op(op) => {
                let at = |operand: usize, tightly: Binds| {
                    let (said, binds) = &slots[node.inputs[operand]];
                    if *binds < tightly { format!("({said})") } else { said.clone() }
                };
                let infix =
                    |sign, binds, left, right| (format!("{} {sign} {}", at(0, left), at(1, right)), binds);
                match (op.name(), node.inputs.len()) {
                    ("add", 2) => infix("+", Binds::Sum, Binds::Sum, Binds::Sum),
                    ("sub", 2) => infix("−", Binds::Sum, Binds::Sum, Binds::Product),
                    ("mul", 2) => infix("×", Binds::Product, Binds::Product, Binds::Product),
                    ("div", 2) => infix("÷", Binds::Product, Binds::Product, Binds::Word),
                    ("matmul", 2) => infix("·", Binds::Product, Binds::Word, Binds::Word),
                    ("neg", 1) => (format!("−{}", at(0, Binds::Word)), Binds::Sum),
                    ("tanh_grad", 2) => {
                        (format!("{} × (1 − {}²)", at(1, Binds::Product), at(0, Binds::Word)), Binds::Product)
                    }
                    ("sigmoid_grad", 2) => {
                        let (y, dy) = (at(0, Binds::Word), at(1, Binds::Product));
                        (format!("{dy} × {y} × (1 − {y})"), Binds::Product)
                    }
                    ("square", 1) => (format!("{}²", at(0, Binds::Word)), Binds::Word),
                    ("transpose", 1) => (format!("{}ᵀ", at(0, Binds::Word)), Binds::Word),
                    (name, count) => {
                        let operands: Vec<String> =
                            (0..count).map(|operand| at(operand, Binds::Sum)).collect();
                        (format!("{name}({})", operands.join(", ")), Binds::Word)
                    }
                }
            }
        };
        // A value used twice doubles the text with every step, so it ends here and not later.
        if said.0.chars().count() > LONGEST {
            return None;
        }
        slots.push(said);
    }
    slots.get(result).map(|(said, _)| said.clone())
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
    }
}
