//! Imports run one way: every `crate::` path in `src` leads to a module that its own may use.

mod circles;
mod rooms;
mod source;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Each module of `src` and the modules it may use, lower ones first; nothing else.
///
/// The tape and the ops are one layer: a tape is recorded with ops, and rules are written with vars.
const MAY_USE: &[(&str, &[&str])] = &[
    ("location", &[]),
    ("float", &[]),
    ("shape", &[]),
    ("shown", &[]),
    ("error", &["location"]),
    ("room", &["error"]),
    ("written", &["float"]),
    ("state", &["error", "float", "written"]),
    ("kernel", &["float", "shape"]),
    ("graph", &["location", "error", "float", "shape", "shown", "written"]),
    ("tape", &["location", "float", "shape", "error", "room", "state", "kernel", "graph", "ops"]),
    ("ops", &["location", "float", "shape", "error", "kernel", "graph", "tape"]),
    ("eval", &["error", "shape", "room", "kernel", "graph", "tape"]),
    ("reverse", &["float", "shape", "error", "room", "kernel", "graph", "tape", "ops", "eval"]),
    (
        "plan",
        &[
            "location", "float", "shape", "shown", "error", "room", "state", "kernel", "graph", "tape",
            "ops", "eval", "reverse",
        ],
    ),
    (
        "check",
        &[
            "location", "float", "shape", "shown", "error", "written", "state", "kernel", "graph", "tape",
            "ops", "eval", "reverse", "plan",
        ],
    ),
    ("picture", &["float", "shape", "shown", "error", "graph", "written"]),
    ("draw", &["float", "shape", "error", "state", "graph", "tape", "reverse", "plan", "picture", "check"]),
    // The table of a network is cut as all tables are.
    ("nn", &["shown"]),
    ("data", &["float"]),
];

/// Modules that may use crate-root names of any layer, as a user does, and no module paths.
const AS_A_USER: &[&str] = &["nn"];

/// Public modules of `lib.rs` that only re-export, and the layer they belong to.
const FACADES: &[(&str, &str)] = &[("op", "tape"), ("op_settings", "tape"), ("schedule", "plan")];

/// A path that begins with `crate::`, and its line.
#[derive(Debug, PartialEq)]
struct Use {
    line: usize,
    /// The first name after `crate::`.
    first: String,
}

/// The text with comments, strings and the unit tests at its end blanked out; lines stay where they are.
fn code_only(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let mut code = String::new();
    let (mut in_string, mut in_comment, mut escaped) = (false, false, false);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\n' => {
                in_comment = false;
                code.push(c);
                continue;
            }
            _ if in_comment => {}
            '\\' if in_string => escaped = !escaped,
            '"' if !escaped => in_string = !in_string,
            // A quotation mark as a character.
            '\'' if !in_string && rest.peek() == Some(&'"') => {
                rest.nth(1);
            }
            '/' if !in_string && rest.peek() == Some(&'/') => in_comment = true,
            _ if !in_string => {
                code.push(c);
            }
            _ => {}
        }
        if c != '\\' {
            escaped = false;
        }
    }
    code
}

/// Every path from the crate's root, those in braces one by one.
fn uses(code: &str) -> Vec<Use> {
    let mut found = Vec::new();
    for (at, start) in code.match_indices("crate::") {
        let preceded = code[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_');
        if preceded {
            continue;
        }
        let line = code[..at].matches('\n').count() + 1;
        let rest = &code[at + start.len()..];
        for (offset, first) in first_names(rest) {
            found.push(Use { line: line + rest[..offset].matches('\n').count(), first });
        }
    }
    found
}

/// The names that a path or a braced list begins with, and where they stand.
fn first_names(text: &str) -> Vec<(usize, String)> {
    let name_at = |from: usize| -> String {
        text[from..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    if !text.starts_with('{') {
        return vec![(0, name_at(0))];
    }
    let (mut names, mut depth, mut fresh) = (Vec::new(), 0, false);
    for (i, c) in text.char_indices() {
        match c {
            '{' => {
                depth += 1;
                fresh = depth == 1;
            }
            '}' => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            ',' => fresh = depth == 1,
            _ if fresh && !c.is_whitespace() => {
                names.push((i, name_at(i)));
                fresh = false;
            }
            _ => {}
        }
    }
    names
}

/// Crate-root names and the module that each is re-exported from, as `lib.rs` says.
fn root_names(lib: &str) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for line in lib.split("pub use ").skip(1) {
        let Some((path, _)) = line.split_once(';') else { continue };
        let Some((module, items)) = path.trim().split_once("::") else { continue };
        if module == "crate" {
            continue;
        }
        for item in items.trim_matches(['{', '}']).split(',') {
            let item = item.trim().rsplit([':', ' ']).next().unwrap_or_default();
            names.insert(item.to_owned(), module.to_owned());
        }
    }
    names
}

/// What is wrong with a use, if something is.
fn judge(module: &str, first: &str, root: &BTreeMap<String, String>) -> Option<String> {
    let facade = FACADES.iter().find(|(name, _)| *name == first).map(|(_, layer)| *layer);
    let target = facade.or_else(|| root.get(first).map(String::as_str)).unwrap_or(first);
    if target == module || MAY_USE.iter().any(|(m, allowed)| *m == module && allowed.contains(&target)) {
        return None;
    }
    if AS_A_USER.contains(&module) {
        let public = facade.is_some() || root.contains_key(first);
        return (!public).then(|| {
            format!("{module} uses only what a user can: names that src/lib.rs re-exports at the root")
        });
    }
    let Some((_, allowed)) = MAY_USE.iter().find(|(m, _)| *m == module) else {
        return Some(format!(
            "src/{module} belongs to no layer; give it a line in MAY_USE of tests/architecture.rs"
        ));
    };
    let known = MAY_USE.iter().any(|(m, _)| *m == target);
    let what = if known {
        "an import the wrong way"
    } else {
        "a module that MAY_USE of tests/architecture.rs does not have"
    };
    Some(format!("{what}: {module} may use {}; move what both need below both", allowed.join(", ")))
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn imports_run_one_way() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let root = root_names(&code_only(&std::fs::read_to_string(src.join("lib.rs")).unwrap()));
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    let mut wrong = Vec::new();
    let mut seen = 0;
    for file in files {
        let inside = file.strip_prefix(&src).unwrap();
        let first = inside.iter().next().unwrap().to_str().unwrap();
        let module = first.trim_end_matches(".rs");
        if ["lib", "main", "bin"].contains(&module) {
            continue;
        }
        let code = code_only(&std::fs::read_to_string(&file).unwrap());
        let place = |line: usize| format!("src/{}:{line}", inside.display());
        for Use { line, first } in uses(&code) {
            seen += 1;
            if let Some(problem) = judge(module, &first, &root) {
                wrong.push(format!("{}: `crate::{first}`: {problem}", place(line)));
            }
        }
        // `super` that climbs to the crate's root hides where a path leads.
        let depth = inside.iter().count() - usize::from(inside.ends_with("mod.rs"));
        let climb = "super::".repeat(depth);
        for (number, line) in code.lines().enumerate() {
            if line.contains(&climb) {
                wrong.push(format!(
                    "{}: `{climb}` leads to the crate's root; write `crate::`",
                    place(number + 1)
                ));
            }
        }
    }
    assert!(seen > 100, "only {seen} paths were found: the test reads the sources in the wrong way");
    assert!(wrong.is_empty(), "{} imports:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_layers_have_no_circle_but_tape_and_ops() {
    for (i, (module, allowed)) in MAY_USE.iter().enumerate() {
        for target in *allowed {
            let below = MAY_USE.iter().position(|(m, _)| m == target).expect("a module that has a line");
            let one_layer = ["tape", "ops"].contains(module) && ["tape", "ops"].contains(target);
            assert!(
                below < i || one_layer || *module == "draw",
                "{module} may use {target}, which stands above it"
            );
        }
    }
}

#[test]
fn the_reader_finds_what_a_path_begins_with() {
    let code = code_only(
        "use crate::{\n    graph::{Graph, Node},\n    Float,\n};\n/// crate::doc\nlet s = \"crate::text\"; // crate::comment\n\
         let q = '\"'; $crate::ops::view(crate::shape::size(x));\n#[cfg(test)]\nmod tests { use crate::check::Check; }",
    );
    let found: Vec<(usize, String)> = uses(&code).into_iter().map(|u| (u.line, u.first)).collect();
    let wanted = [(2, "graph"), (3, "Float"), (7, "ops"), (7, "shape")].map(|(l, n)| (l, n.to_owned()));
    assert_eq!(found, wanted);
}

#[test]
fn wrong_imports_are_seen() {
    let root = root_names(
        "pub use tape::{Tape, Var};\npub use float::Float;\nmod op { pub use crate::graph::Kind; }",
    );
    let wrong = |module: &str, first: &str| judge(module, first, &root).is_some();
    assert!(
        wrong("graph", "tape")
            && wrong("graph", "Var")
            && wrong("kernel", "graph")
            && wrong("tape", "reverse")
    );
    assert!(wrong("nn", "tape") && wrong("nn", "shape") && wrong("data", "Tape") && wrong("picture", "tape"));
    assert!(
        wrong("tape", "check") && wrong("reverse", "plan") && wrong("new", "graph") && wrong("graph", "new")
    );
    assert!(!wrong("nn", "Var") && !wrong("data", "Float") && !wrong("tape", "ops") && !wrong("ops", "Var"));
}

/// The fields of structs and enums with serde's derives that are floats, and are not written bit for bit.
fn plain_floats(text: &str) -> Vec<usize> {
    let (mut derived, mut inside, mut exact, mut found) = (false, false, false, Vec::new());
    for (number, line) in text.lines().enumerate() {
        let code = line.trim();
        if code.starts_with("#[derive(") {
            derived = code.contains("Serialize") || code.contains("Deserialize");
        } else if code.contains("struct ") || code.contains("enum ") {
            // One without names of fields, which ends on its line, has a type of its own for what it holds.
            (inside, derived) = (derived && !code.ends_with(';'), false);
        }
        if line == "}" {
            inside = false;
        }
        if !inside || code.starts_with("//") {
            continue;
        }
        exact |= code.contains("written::number") || code.contains("Exact<");
        if code.starts_with("#[") && !code.contains(')') || code.ends_with(']') {
            continue;
        }
        let mut words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
        if words.any(|word| word == "f64" || word == "f32") && !exact {
            found.push(number + 1);
        }
        exact = false;
    }
    found
}

#[test]
fn floats_are_written_so_that_they_are_read_back_bit_for_bit() {
    let text = "#[derive(Debug, Serialize)]\npub struct A {\n    /// Of f64.\n    a: u8,\n    b: Option<f64>,\n}\n\
                #[derive(Deserialize)]\nstruct B {\n    #[serde(with = \"crate::written::number\")]\n    a: f64,\n    b: f64,\n}\n\
                #[derive(Debug)]\nstruct C {\n    a: f64,\n}\n";
    assert_eq!(plain_floats(text), [5, 11]);
    let mut wrong = Vec::new();
    for source in source::sources() {
        let text = std::fs::read_to_string(source::root().join(&source.file)).unwrap();
        let file = source.file.display();
        wrong.extend(plain_floats(&text).into_iter().map(|line| format!("{file}:{line}")));
    }
    assert!(
        wrong.is_empty(),
        "put `#[serde(with = \"chainrule_base::written::number\")]` before these, which text would change:\n{}",
        wrong.join("\n")
    );
}
