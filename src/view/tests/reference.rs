//! The page of all ops in the documentation: written by the table, and held to be what the table says.

use crate::op::Kind;
use crate::{Op, Tape, Var, ops};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

/// What the table cannot say: op, domain, subgradient, and names elsewhere; one op on a line, parted by semicolons.
const ELSEWHERE: &str = include_str!("../../ops/elsewhere.csv");

const HEAD: &str = "\
# All ops

Formula and derivative in the letters of drawings: operands `x` (`x0`, `x1`, …), result `y`, cotangent `dy`. A derivative that no
line holds is said by *(see its docs)*; *none* stands where there is none, at indices and shapes. *At kinks* is the subgradient where
the derivative jumps; where elements may tie, what each of them gets. Methods that are not ops are compositions of these.

| op | formula | derivative | domain | at kinks | NumPy | PyTorch | JAX | ONNX |
|---|---|---|---|---|---|---|---|---|
";

/// The line of one op.
fn line(name: &str, op: &Arc<dyn Op>, elsewhere: &[&str]) -> String {
    let [domain, kinks, numpy, torch, jax, onnx] = elsewhere else { panic!("{name}: {elsewhere:?}") };
    let code = |text: &str| if text.is_empty() { "–".to_owned() } else { format!("`{text}`") };
    let said = |text: &str, or: &str| if text.is_empty() { or.to_owned() } else { text.to_owned() };
    let escaped = |text: String| text.replace('|', "\\|").replace('[', "\\[");
    [
        String::new(),
        match op.symbol() {
            symbol if symbol == name => format!(" `{name}` "),
            symbol => format!(" `{name}` {symbol} "),
        },
        format!(" {} ", op.formula()),
        format!(" {} ", derivative(op)),
        format!(" {} ", said(domain, "all")),
        format!(" {} ", said(kinks, if op.smooth() { "smooth" } else { "–" })),
        format!(" {} ", code(numpy)),
        format!(" {} ", code(torch)),
        format!(" {} ", code(jax)),
        format!(" {} ", code(onnx)),
        String::new(),
    ]
    .map(escaped)
    .join("|")
}

/// The rules of all operands, on the sample on which they say most: not that of an axis of size 1.
fn derivative(op: &Arc<dyn Op>) -> String {
    let samples = op.samples();
    let written = samples.iter().map(|sample| derivative_on(op, sample)).max_by_key(String::len);
    written.unwrap_or_else(|| panic!("{} has no samples", op.name()))
}

fn derivative_on(op: &Arc<dyn Op>, sample: &crate::op::Sample) -> String {
    let tape = Tape::new();
    let operand = |(i, (shape, domain)): (usize, &(Vec<usize>, crate::op::Domain))| match domain.kind() {
        Kind::Real => tape.input(&format!("x{i}"), shape),
        Kind::Index => tape.index_input(&format!("x{i}"), shape),
    };
    let x: Vec<Var<'_>> = sample.0.iter().enumerate().map(operand).collect();
    let y = tape.try_apply_shared(op.clone(), &x).unwrap();
    let rules = tape.write("rules").rule_texts(y.id());
    let several = x.len() > 1;
    let mut written: Vec<String> = Vec::new();
    for (i, rule) in rules.iter().enumerate() {
        // Of an operand that is not read, the shape alone matters.
        if tape.kind(x[i].id()) == Kind::Index || !op.reads(i) {
            continue;
        }
        let rule = rule.clone().unwrap_or_else(|| "*(see its docs)*".to_owned());
        // Of this sample alone.
        let rule = rule.replace(" over rows", "").replace(" over columns", "");
        written.push(if several { format!("dx{i} = {rule}") } else { format!("dx = {rule}") });
    }
    let zero = |text: &String| text.ends_with("= 0");
    if written.is_empty() || tape.kind(y.id()) == Kind::Index || written.iter().all(zero) {
        return "none".to_owned();
    }
    written.join("<br>")
}

#[test]
fn the_page_of_all_ops_is_what_the_table_says() {
    let mut elsewhere: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in ELSEWHERE.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let mut fields = line.split(';').map(str::trim);
        let name = fields.next().unwrap();
        assert!(elsewhere.insert(name, fields.collect()).is_none(), "{name} has two lines");
    }
    let mut page = HEAD.to_owned();
    let mut missing = Vec::new();
    for entry in ops::TABLE {
        let Some(elsewhere) = elsewhere.remove(entry.name) else {
            missing.push(entry.name);
            continue;
        };
        let examples = (entry.examples)();
        // The example whose derivative says most: not the power of 0.
        let telling = examples.iter().max_by_key(|op| derivative(op).len()).unwrap();
        writeln!(page, "{}", line(entry.name, telling, &elsewhere)).unwrap();
    }
    assert!(missing.is_empty(), "src/ops/elsewhere.csv has no line for {missing:?}");
    assert!(elsewhere.is_empty(), "src/ops/elsewhere.csv has lines for no op: {:?}", elsewhere.keys());
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/ops/reference.md");
    if std::env::var_os("CHAINRULE_REFRESH").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == page,
        "{path} is not what the table says; `CHAINRULE_REFRESH=1 cargo test --lib reference` writes it"
    );
}
