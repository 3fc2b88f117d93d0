//! Expressions as they are written in Rust, recorded on a tape: `(a * b + c).sigmoid()`.
//!
//! ```text
//! statements = statement { (";" | newline) statement }
//! statement  = [name "="] sum
//! sum        = product { ("+" | "-") product }
//! product    = sign { ("*" | "/") sign }
//! sign       = { "-" } call
//! call       = item { "." name "(" [ sum { "," sum } ] ")" }
//! item       = number | name | "(" sum ")" | "[" sum { "," sum } "]"
//! ```

use crate::graph::{Attributes, Kind, OpRecord};
use crate::tape::{Registry, Tape, Var};
use ndarray::{ArrayD, Axis, IxDyn, stack};
use std::collections::BTreeMap;

/// What is wrong with an expression, and where: the characters before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::view) struct ExpressionError {
    pub(in crate::view) column: usize,
    pub(in crate::view) problem: String,
}

type Parsed<T> = Result<T, ExpressionError>;

/// The deepest nesting of brackets and signs.
const MAX_DEPTH: usize = 200;
/// The longest text.
const MAX_LENGTH: usize = 10_000;

/// Records an expression; its last statement is the result. A name that was given no value is a leaf, with its number in
/// `values`, or else 1.
pub(in crate::view) fn record<'t>(
    tape: &'t Tape,
    text: &str,
    values: &BTreeMap<String, ArrayD<f64>>,
) -> Parsed<Var<'t>> {
    let text: Vec<char> = text.chars().collect();
    if text.len() > MAX_LENGTH {
        return Err(ExpressionError { column: MAX_LENGTH, problem: "the expression is too long".to_owned() });
    }
    let names = BTreeMap::new();
    let mut parser = Parser { tape, registry: Registry::default(), text, at: 0, depth: 0, names, values };
    parser.statements()
}

struct Parser<'a, 't> {
    tape: &'t Tape,
    registry: Registry,
    text: Vec<char>,
    at: usize,
    depth: usize,
    names: BTreeMap<String, Var<'t>>,
    values: &'a BTreeMap<String, ArrayD<f64>>,
}

impl<'t> Parser<'_, 't> {
    fn wrong<T>(&self, column: usize, problem: impl Into<String>) -> Parsed<T> {
        Err(ExpressionError { column, problem: problem.into() })
    }

    fn skip(&mut self) {
        while self.text.get(self.at).is_some_and(|c| c.is_whitespace() && *c != '\n') {
            self.at += 1;
        }
    }

    fn peek(&mut self) -> Option<char> {
        self.skip();
        self.text.get(self.at).copied()
    }

    fn takes(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, wanted: char, what: &str) -> Parsed<()> {
        if self.takes(wanted) {
            return Ok(());
        }
        let found = self.peek().map_or("the end".to_owned(), |c| format!("`{c}`"));
        self.wrong(self.at, format!("here should be `{wanted}`, {what}, and not {found}"))
    }

    fn name(&mut self) -> Option<String> {
        self.skip();
        let starts = self.text.get(self.at).is_some_and(|c| c.is_alphabetic() || *c == '_');
        let rest = self.text[self.at..].iter().take_while(|c| starts && (c.is_alphanumeric() || **c == '_'));
        let name: String = rest.collect();
        self.at += name.chars().count();
        Some(name).filter(|name| !name.is_empty())
    }

    fn statements(&mut self) -> Parsed<Var<'t>> {
        let mut last = None;
        loop {
            while matches!(self.peek(), Some(';' | '\n')) {
                self.at += 1;
            }
            if self.peek().is_none() {
                break;
            }
            last = Some(self.statement()?);
            match self.peek() {
                None | Some(';' | '\n') => {}
                Some(c) => return self.wrong(self.at, format!("`{c}` does not belong here")),
            }
        }
        last.map_or_else(|| self.wrong(0, "write an expression, such as a * b + c"), Ok)
    }

    fn statement(&mut self) -> Parsed<Var<'t>> {
        let start = self.at;
        let name = self.name().filter(|_| self.takes('='));
        let Some(name) = name else {
            self.at = start;
            return self.sum();
        };
        self.skip();
        let begin = self.at;
        let literal = self.literal().ok().filter(|_| matches!(self.peek(), None | Some(';' | '\n')));
        let var = match literal {
            // A name for numbers is a leaf, to be changed.
            Some(array) => {
                let changed = self.values.get(&name).filter(|value| value.shape() == array.shape());
                self.tape.leaf(&name, changed.cloned().unwrap_or(array))
            }
            None => {
                self.at = begin;
                self.sum()?.named(&name)
            }
        };
        self.names.insert(name, var);
        Ok(var)
    }

    /// A number or a list of literals, with its sign.
    fn literal(&mut self) -> Parsed<ArrayD<f64>> {
        let start = self.at;
        if self.takes('-') {
            return Ok(-self.nested(Self::literal)?);
        }
        if !self.takes('[') {
            return Ok(ArrayD::from_elem(IxDyn(&[]), self.number()?));
        }
        let mut parts = vec![self.nested(Self::literal)?];
        while self.takes(',') {
            parts.push(self.nested(Self::literal)?);
        }
        self.expect(']', "the end of the list")?;
        let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
        let problem = "the lists in a list have equal lengths";
        stack(Axis(0), &views).or_else(|_| self.wrong(start, problem))
    }

    fn number(&mut self) -> Parsed<f64> {
        self.skip();
        let start = self.at;
        let digits = |parser: &mut Self| {
            while parser.text.get(parser.at).is_some_and(char::is_ascii_digit) {
                parser.at += 1;
            }
        };
        digits(self);
        // A point before a letter calls a method.
        let fraction = self.text.get(self.at) == Some(&'.')
            && !self.text.get(self.at + 1).is_some_and(|c| c.is_alphabetic() || *c == '_');
        if fraction {
            self.at += 1;
            digits(self);
        }
        if matches!(self.text.get(self.at), Some('e' | 'E')) {
            let sign = usize::from(matches!(self.text.get(self.at + 1), Some('+' | '-')));
            if self.text.get(self.at + 1 + sign).is_some_and(char::is_ascii_digit) {
                self.at += 1 + sign;
                digits(self);
            }
        }
        let text: String = self.text[start..self.at].iter().collect();
        text.parse().or_else(|_| self.wrong(start, "here should be a number"))
    }

    /// One level deeper.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == MAX_DEPTH {
            return self.wrong(self.at, "the expression is nested too deep");
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn sum(&mut self) -> Parsed<Var<'t>> {
        let mut left = self.product()?;
        while let Some(sign @ ('+' | '-')) = self.peek() {
            let column = self.at;
            self.at += 1;
            let right = self.product()?;
            left = self.apply(column, if sign == '+' { "add" } else { "sub" }, &[left, right])?;
        }
        Ok(left)
    }

    fn product(&mut self) -> Parsed<Var<'t>> {
        let mut left = self.sign()?;
        while let Some(sign @ ('*' | '/')) = self.peek() {
            let column = self.at;
            self.at += 1;
            let right = self.sign()?;
            left = self.apply(column, if sign == '*' { "mul" } else { "div" }, &[left, right])?;
        }
        Ok(left)
    }

    fn sign(&mut self) -> Parsed<Var<'t>> {
        let column = self.at;
        if !self.takes('-') {
            return self.call();
        }
        let x = self.nested(Self::sign)?;
        self.apply(column, "neg", &[x])
    }

    fn call(&mut self) -> Parsed<Var<'t>> {
        let mut x = self.item()?;
        while self.takes('.') {
            self.skip();
            let column = self.at;
            let Some(method) = self.name() else {
                return self.wrong(column, "here should be a method's name");
            };
            self.expect('(', "as after every method")?;
            let mut operands = vec![x];
            while !self.takes(')') {
                if operands.len() > 1 {
                    self.expect(',', "between two arguments")?;
                }
                operands.push(self.nested(Self::sum)?);
            }
            x = self.method(column, &method, &operands)?;
        }
        Ok(x)
    }

    fn item(&mut self) -> Parsed<Var<'t>> {
        self.skip();
        let start = self.at;
        if self.takes('(') {
            let inner = self.nested(Self::sum)?;
            self.expect(')', "which closes the bracket")?;
            return Ok(inner);
        }
        if let Some(name) = self.name() {
            if let Some(&known) = self.names.get(&name) {
                return Ok(known);
            }
            let value = self.values.get(&name).cloned();
            let var = self.tape.leaf(&name, value.unwrap_or_else(|| ArrayD::from_elem(IxDyn(&[]), 1.0)));
            self.names.insert(name, var);
            return Ok(var);
        }
        match self.peek() {
            Some(c) if c.is_ascii_digit() || c == '.' || c == '[' => {
                let array = self.nested(Self::literal)?;
                Ok(self.tape.constant(array))
            }
            Some(c) => {
                self.wrong(start, format!("here should be a number, a name or a bracket, and not `{c}`"))
            }
            None => {
                self.wrong(start, "here the expression ends, and a number, a name or a bracket should follow")
            }
        }
    }

    /// A method by its name: one that is an op of the table, or one that takes numbers.
    fn method(&self, column: usize, name: &str, operands: &[Var<'t>]) -> Parsed<Var<'t>> {
        let (x, rest) = (operands[0], &operands[1..]);
        if x.tape().kind(x.id()) != Kind::Real {
            return self.wrong(column, format!("`{name}` needs real numbers, and these are indices"));
        }
        let scalar = |at: usize| {
            let graph = self.tape.graph();
            let number =
                rest.get(at).and_then(|var| graph.node(var.id()).constant().filter(|c| c.len() == 1));
            number.map(|number| number.to_vec()[0])
        };
        let whole = |x: &f64| x.fract() == 0.0 && x.abs() <= f64::from(i32::MAX);
        match (name, rest.len()) {
            ("sum", 0) => Ok(x.sum()),
            ("mean", 0) => Ok(x.mean()),
            ("gelu", 0) => Ok(x.gelu()),
            ("silu", 0) => Ok(x.silu()),
            ("log_sigmoid", 0) => Ok(x.log_sigmoid()),
            ("t", 0) if x.rank() == 2 => Ok(x.t()),
            ("powi", 1) => match scalar(0).filter(whole) {
                Some(n) => Ok(x.powi(n as i32)),
                None => self.wrong(column, "`powi` takes a whole number, such as `x.powi(2)`"),
            },
            ("powf", 1) => match scalar(0) {
                Some(p) => Ok(x.powf(p)),
                None => {
                    self.wrong(column, "`powf` takes a number, such as `x.powf(0.5)`; for a var use `pow`")
                }
            },
            ("elu", 1) => match scalar(0) {
                Some(alpha) => Ok(x.elu(alpha)),
                None => self.wrong(column, "`elu` takes a number, such as `x.elu(1)`"),
            },
            _ => self.apply(column, name, operands),
        }
    }

    /// An op of the table without attributes.
    fn apply(&self, column: usize, name: &str, operands: &[Var<'t>]) -> Parsed<Var<'t>> {
        let record = OpRecord {
            name: name.to_owned(),
            symbol: String::new(),
            formula: String::new(),
            attributes: Attributes::new(),
            arity: operands.len(),
            shape_only: Vec::new(),
            gates: false,
            branches: None,
        };
        let op = match self.registry.load(&record) {
            Ok(op) => op,
            Err(_) if self.registry.names().any(|known| known == name) => {
                return self.wrong(column, format!("`{name}` needs settings that cannot be written here"));
            }
            Err(_) => return self.wrong(column, format!("there is no method `{name}`{}", self.like(name))),
        };
        self.tape.try_apply_shared(op, operands).or_else(|e| self.wrong(column, e.to_string()))
    }

    /// A method that begins with the same letters.
    fn like(&self, name: &str) -> String {
        let begin: String = name.chars().take(2).collect();
        let like = self.registry.names().filter(|known| known.starts_with(&begin)).take(4);
        let like: Vec<String> = like.map(|known| format!("`{known}`")).collect();
        if like.is_empty() { String::new() } else { format!("; there is {}", like.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Parsed<f64> {
        let tape = Tape::new();
        record(&tape, text, &BTreeMap::new()).map(|var| var.value().item())
    }

    #[test]
    fn expressions_are_computed_as_rust_computes_them() {
        let expected = [
            ("1 + 2 * 3", 7.0),
            ("(1 + 2) * 3", 9.0),
            ("2 - 3 - 4", -5.0),
            ("8 / 4 / 2", 1.0),
            ("-2.powi(2)", -4.0),
            ("--2", 2.0),
            ("a = 2; b = 3; a * b + 1", 7.0),
            ("a = 2\nb = a * a\nb.sqrt()", 2.0),
            ("1.5e1 + .5", 15.5),
            ("[1, 2, 3].sum()", 6.0),
            ("x = [[1, 2], [3, 4]]; x.matmul(x).sum()", 54.0),
            ("(a * b + c).sigmoid()", 1.0 / (1.0 + (-2.0_f64).exp())),
            ("a.hypot(b)", 2.0_f64.sqrt()),
        ];
        for (text, number) in expected {
            let found = value(text).unwrap_or_else(|e| panic!("{text}: {e:?}"));
            assert!((found - number).abs() < 1e-15, "{text} is {found}");
        }
    }

    #[test]
    fn errors_point_at_the_column() {
        let wrong = [
            ("", 0, "write an expression"),
            ("a +", 3, "here the expression ends"),
            ("a * (b + c", 10, "here should be `)`"),
            ("a.sigmoit()", 2, "there is no method `sigmoit`; there is `sigmoid`"),
            ("a.sigmoid(", 10, "here the expression ends"),
            ("a.sigmoid", 9, "here should be `(`"),
            ("a b", 2, "`b` does not belong here"),
            ("a ? b", 2, "`?` does not belong here"),
            ("[1, [2, 3]]", 0, "equal lengths"),
            ("x = [1, 2]; y = [1, 2, 3]; x + y", 29, "add"),
            ("a.powi(0.5)", 2, "whole number"),
            ("a.reshape(2)", 2, ""),
        ];
        for (text, column, problem) in wrong {
            let found = value(text).expect_err(text);
            assert_eq!(found.column, column, "{text}: {found:?}");
            assert!(found.problem.contains(problem), "{text}: {found:?}");
        }
        assert!(value(&"(".repeat(100_000)).is_err() && value(&"-".repeat(9_000)).is_err());
    }

    #[test]
    fn names_without_a_value_keep_the_one_they_were_given() {
        let tape = Tape::new();
        let values = BTreeMap::from([("a".to_owned(), ArrayD::from_elem(IxDyn(&[]), 5.0))]);
        let var = record(&tape, "b = 2; a * b", &values).expect("it is right");
        assert_eq!(var.value().item(), 10.0);
    }
}
