//! Formulas as text: an op's own, with formulas in the places of its operands.

/// How tightly the outermost sign of a formula binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    /// A sum, a difference or a negation.
    Sum,
    /// A product or a quotient.
    Product,
    /// A letter, a number, a power or a function.
    Atom,
}

/// A formula as text.
#[derive(Debug, Clone)]
pub(crate) struct Formula {
    text: String,
    binding: Binding,
}

/// A part of a notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    /// An operand, by its position.
    Operand(usize),
    Number(&'a str),
    /// A sign between two operands.
    Infix(char),
    /// A minus before an operand.
    Minus,
    /// A sum over elements, before an operand.
    Sum,
    /// A comparison of two operands.
    Comparison(char),
    /// A power or a transpose, after an operand.
    Suffix(char),
    Open,
    Close,
}

impl Formula {
    /// A letter, a number or another word.
    pub(crate) fn word(text: impl Into<String>) -> Self {
        Self { text: text.into(), binding: Binding::Atom }
    }

    /// What an op is written as on operands: by its notation, or by its name and the operands in parentheses if it has none.
    pub(crate) fn of_op(notation: Option<&str>, name: &str, operands: &[&Self]) -> Self {
        notation.and_then(|notation| Self::put_in(notation, operands)).unwrap_or_else(|| {
            let all: Vec<&str> = operands.iter().map(|x| x.text.as_str()).collect();
            Self::word(format!("{name}({})", all.join(", ")))
        })
    }

    /// A sum with the axis that it is over.
    pub(crate) fn over(self, axis: &str) -> Self {
        Self { text: format!("{} over {axis}", self.text), ..self }
    }

    /// The text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// A notation with formulas in the places of its operands, in parentheses where a sign beside them binds more tightly;
    /// `None` if it is not arithmetic, or there is no such operand.
    fn put_in(notation: &str, operands: &[&Self]) -> Option<Self> {
        let tokens = tokens(notation)?;
        let mut formula = Self::word(String::new());
        let mut depth = 0_usize;
        for (i, &token) in tokens.iter().enumerate() {
            let before = i.checked_sub(1).map(|i| tokens[i]);
            let outermost = |binding| if depth == 0 { binding } else { Binding::Atom };
            match token {
                Token::Operand(k) => {
                    let x = operands.get(k)?;
                    let least = wanted_after(before).max(wanted_before(tokens.get(i + 1).copied()));
                    let text = if x.binding < least { format!("({})", x.text) } else { x.text.clone() };
                    formula.text.push_str(&text);
                }
                Token::Number(number) => formula.text.push_str(number),
                Token::Infix(sign) => {
                    let binding = if "+−".contains(sign) { Binding::Sum } else { Binding::Product };
                    formula.binding = formula.binding.min(outermost(binding));
                    formula.text.push_str(&format!(" {sign} "));
                }
                Token::Minus => {
                    formula.binding = formula.binding.min(outermost(Binding::Sum));
                    formula.text.push('−');
                }
                Token::Sum => {
                    formula.binding = formula.binding.min(outermost(Binding::Sum));
                    formula.text.push_str("Σ ");
                }
                Token::Comparison(sign) => formula.text.push_str(&format!(" {sign} ")),
                Token::Suffix(sign) => formula.text.push(sign),
                Token::Open => {
                    depth += 1;
                    formula.text.push('(');
                }
                Token::Close => {
                    depth = depth.checked_sub(1)?;
                    formula.text.push(')');
                }
            }
        }
        // Iverson's bracket.
        if tokens.iter().any(|token| matches!(token, Token::Comparison(_))) {
            formula = Self::word(format!("[{}]", formula.text));
        }
        // Alone, an operand binds as it does.
        if let [Token::Operand(k)] = tokens[..] {
            formula.binding = operands[k].binding;
        }
        (depth == 0).then_some(formula)
    }
}

/// How tightly an operand has to bind after a part of a notation.
fn wanted_after(token: Option<Token<'_>>) -> Binding {
    match token {
        Some(Token::Infix('÷' | '·') | Token::Minus | Token::Sum) => Binding::Atom,
        Some(Token::Infix('×' | '−')) => Binding::Product,
        _ => Binding::Sum,
    }
}

/// How tightly an operand has to bind before a part of a notation.
fn wanted_before(token: Option<Token<'_>>) -> Binding {
    match token {
        Some(Token::Infix('·') | Token::Suffix(_)) => Binding::Atom,
        Some(Token::Infix('×' | '÷')) => Binding::Product,
        _ => Binding::Sum,
    }
}

/// The parts of a notation; factors side by side are a product, and `x` alone is the first operand.
fn tokens(notation: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut rest = notation.trim_start();
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let ends_factor = matches!(
            tokens.last(),
            Some(Token::Operand(_) | Token::Number(_) | Token::Suffix(_) | Token::Close)
        );
        let (token, left) = match c {
            'x' => {
                let (number, left) = after.split_at(digits(after));
                (Token::Operand(if number.is_empty() { 0 } else { number.parse().ok()? }), left)
            }
            '0'..='9' => {
                let (number, left) = rest.split_at(digits(rest));
                (Token::Number(number), left)
            }
            // A number that is not known before the graph runs.
            'n' => (Token::Number("n"), after),
            'Σ' => (Token::Sum, after),
            '>' | '≥' | '<' | '≤' | '=' | '≠' => (Token::Comparison(c), after),
            '(' => (Token::Open, after),
            ')' => (Token::Close, after),
            '²' | '³' | 'ᵀ' => (Token::Suffix(c), after),
            '−' if !ends_factor => (Token::Minus, after),
            '/' => (Token::Infix('÷'), after),
            '+' | '−' | '×' | '÷' | '·' => (Token::Infix(c), after),
            _ => return None,
        };
        if ends_factor && matches!(token, Token::Operand(_) | Token::Number(_) | Token::Open | Token::Sum) {
            tokens.push(Token::Infix('×'));
        }
        tokens.push(token);
        rest = left.trim_start();
    }
    Some(tokens)
}

#[cfg(test)]
mod tests {
    use super::Formula;
    use crate::tape::op::arithmetic;

    fn written(formula: &'static str, operands: &[&str]) -> String {
        let words: Vec<Formula> = operands.iter().map(|text| Formula::word(*text)).collect();
        let [a, b] = [words[0].clone(), words.last().expect("there is one").clone()];
        let sum = Formula::of_op(Some("x0 + x1"), "add", &[&a, &b]);
        let product = Formula::of_op(Some("x0 × x1"), "mul", &[&a, &b]);
        Formula::of_op(arithmetic(formula), "f", &[&product, &sum]).text().to_owned()
    }

    #[test]
    fn operands_stand_in_parentheses_where_a_sign_binds_more_tightly() {
        let written = |formula| written(formula, &["a", "b"]);
        assert_eq!(written("y = x0 + x1"), "a × b + a + b");
        assert_eq!(written("y = x0 − x1"), "a × b − (a + b)");
        assert_eq!(written("y = x0 × x1"), "a × b × (a + b)");
        assert_eq!(written("y = x1 ÷ x0"), "(a + b) ÷ (a × b)");
        assert_eq!(written("y = x0 · x1ᵀ"), "(a × b) · (a + b)ᵀ");
        assert_eq!(written("y = −x"), "−(a × b)");
        assert_eq!(written("y = x³"), "(a × b)³");
        assert_eq!(written("y = x1 (1 − x0²)"), "(a + b) × (1 − (a × b)²)");
        assert_eq!(written("y = 1/x"), "1 ÷ (a × b)");
        assert_eq!(written("y = Σ x0"), "Σ (a × b)");
        assert_eq!(written("y = x1 × (x0 − Σ x1)"), "(a + b) × (a × b − Σ (a + b))");
        assert_eq!(written("y = x0 ≥ x1"), "[a × b ≥ a + b]");
    }

    #[test]
    fn what_is_not_arithmetic_is_written_as_a_function() {
        assert_eq!(written("y = exp x", &["a", "b"]), "f(a × b, a + b)");
        assert_eq!(written("y = x", &["a", "b"]), "f(a × b, a + b)");
        assert_eq!(written("y = x0 · x7", &["a", "b"]), "f(a × b, a + b)");
        assert_eq!(arithmetic("y = x0, stretched"), None);
        assert_eq!(Formula::of_op(Some("x)"), "f", &[&Formula::word("a")]).text(), "f(a)");
    }
}
