//! Every public method of `Var` and `Tape` is in one of the tables, or in the list of those that cannot panic.

use super::{held, results, wrong};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Methods that cannot panic: they read, or build something that is run later and returns a result. Those of them that
/// work on a tape are called with the graph held in `held.rs`.
const CANNOT: &[&str] = &[
    "new",
    "id",
    "tape",
    "shape",
    "rank",
    "name",
    "location",
    "is_structural_zero",
    "draw",
    "draw_all",
    "evcxr_display",
    "graph",
    "into_graph",
    "Tape::var",
    "parameters",
    "summary",
    "reset",
];

/// Methods that return a result and that no graph held can keep from their work: `results.rs` calls `with_shapes` with a
/// held graph, and there is no tape yet for `from_graph`.
const RETURN: &[&str] = &["with_shapes", "from_graph", "from_graph_with"];

/// How blocks of rows begin that define methods `$…`, and where a row has their names among what commas separate: from the
/// front, or from the back.
const ROWS: &[(&str, Names)] = &[
    ("    unary", Names::At(1)),
    ("    binary", Names::At(1)),
    ("reduction!", Names::Last(3)),
    ("composed!", Names::Last(3)),
];

#[derive(Clone, Copy)]
enum Names {
    At(usize),
    Last(usize),
}

/// The text without comments.
fn without_comments(text: &str) -> String {
    let code = |line: &str| if line.trim_start().starts_with("//") { String::new() } else { line.to_owned() };
    text.lines().map(code).collect::<Vec<_>>().join("\n")
}

/// The text between a brace that stands at `open` and its partner.
fn block(text: &str, open: usize) -> &str {
    let mut depth = 0;
    for (i, c) in text[open..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return &text[open + 1..open + i];
                }
            }
            _ => {}
        }
    }
    &text[open..]
}

/// What a sign separates, outside all brackets and quotes.
fn split(text: &str, sign: char) -> Vec<&str> {
    let (mut parts, mut depth, mut quoted, mut start) = (Vec::new(), 0, false, 0);
    for (i, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ if c == sign && depth == 0 => {
                parts.push(&text[start..i]);
                start = i + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// The public methods that a source gives to `Var` and `Tape`: those written out, and those of macros by their rows.
fn methods(text: &str) -> [BTreeSet<String>; 2] {
    let text = without_comments(text);
    let (mut found, mut of_rows) = (BTreeSet::new(), BTreeSet::new());
    let mut of_macros = 0;
    for header in ["impl<'t> Var<'t> {", "impl Var<'_> {", "impl Tape {", "impl<'t> Tape {"] {
        for (at, _) in text.match_indices(header) {
            let body = block(&text, at + header.len() - 1);
            for (at, start) in body.match_indices("pub fn ").chain(body.match_indices("pub const fn ")) {
                let name: String =
                    body[at + start.len()..].chars().take_while(|c| !"(<".contains(*c)).collect();
                if name.starts_with('$') {
                    of_macros += 1;
                } else {
                    found.insert(name);
                }
            }
        }
    }
    let mut rows = 0;
    for (name, names) in ROWS {
        let start = format!("\n{name} {{");
        for (at, start) in text.match_indices(&start) {
            for row in split(block(&text, at + start.len() - 1), ';') {
                let items = split(row, ',');
                let items = match *names {
                    Names::At(k) => &items[k..=k],
                    Names::Last(n) => &items[items.len() - n..],
                };
                of_rows.extend(items.iter().map(|name| (*name).to_owned()));
                rows += 1;
            }
        }
    }
    assert!(of_macros == 0 || rows > 0, "a macro that defines methods is not in the list of this test");
    [found, of_rows]
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_public_method_of_vars_and_tapes_is_in_a_table() {
    let mut files = Vec::new();
    sources(&Path::new(crate::ROOT).join("src"), &mut files);
    let (mut public, mut of_rows) = (BTreeSet::new(), BTreeSet::new());
    for file in files {
        let [written, rows] = methods(&std::fs::read_to_string(file).unwrap());
        public.extend(written);
        of_rows.extend(rows.iter().cloned());
        public.extend(rows);
    }
    assert!(public.len() > 95, "only {} methods: the test reads the sources in the wrong way", public.len());
    let panics = held::CASES.iter().map(|case| case.method);
    let panics: BTreeSet<&str> = panics.chain(wrong::CASES.iter().map(|(case, _)| case.method)).collect();
    let returns: BTreeSet<&str> =
        results::CALLS.iter().map(|(method, _)| *method).chain(RETURN.iter().copied()).collect();
    let cannot: BTreeSet<&str> = CANNOT.iter().copied().collect();
    let known = |method: &String| {
        [&panics, &returns, &cannot].iter().filter(|list| list.contains(method.as_str())).count()
    };
    // The methods of all rows are those of one macro, so that the tables need not have each.
    let wanted = |method: &String| known(method) == 1 || of_rows.contains(method) && known(method) == 0;
    let wrong: Vec<&String> = public.iter().filter(|method| !wanted(method)).collect();
    assert!(wrong.is_empty(), "in none or several of the tables of tests/trust/panics: {wrong:?}");
    let gone: Vec<&&str> = cannot.iter().chain(&returns).filter(|m| !m.contains("::")).collect();
    let gone: Vec<&&&str> = gone.iter().filter(|method| !public.contains(***method)).collect();
    assert!(gone.is_empty(), "no methods any more: {gone:?}");
}

#[test]
fn the_reader_finds_methods_and_the_rows_of_macros() {
    let text = "impl<'t> Var<'t> {\n    /// pub fn in_a_comment()\n    pub fn plain(self) {\n if x { }\n }\n    pub(crate) fn inner() {}\n}\n\
        impl Tape {\n    pub fn with<F>(self) {}\n}\nimpl Other {\n    pub fn other() {}\n}\n\
        macro_rules! unary { () => { impl<'t> Var<'t> { $(pub fn $method(self) {})+ } } }\n\
        \nknown! {\n    unary {\n    /// a; b, c\n    Sin, sine, \"a;b\", |a| { a; }, 0;\n    Cos, cosine, \"\", |x, y| [y, x], 1;\n}\n}\n";
    let found = methods(text).map(|names| names.into_iter().collect::<Vec<_>>());
    assert_eq!(found, [["plain", "with"], ["cosine", "sine"]]);
}
