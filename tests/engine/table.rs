//! The table of ops is complete: every type in `src/ops` that implements `Op` has its line in it.

use chainrule::{Registry, ops::TABLE};
use std::collections::BTreeSet;
use std::path::Path;

/// The sources of `src/ops`, without comments and without `mod.rs`.
fn sources() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ops");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.retain(|f| f.file_name().unwrap() != "mod.rs" && f.extension().is_some_and(|e| e == "rs"));
    let without_comments = |text: String| {
        let lines = text.lines().filter(|l| !l.trim_start().starts_with("//"));
        lines.collect::<Vec<_>>().join("\n")
    };
    files.into_iter().map(|f| without_comments(std::fs::read_to_string(f).unwrap())).collect()
}

fn identifier(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    Some(&text[..end]).filter(|name| name.starts_with(|c: char| c.is_ascii_uppercase()))
}

/// The types for which a source says `impl Op for`: directly, or as the first word of a macro's row, which is followed
/// by the method's or the op's name.
fn implementations(source: &str) -> BTreeSet<String> {
    let direct =
        source.match_indices("impl Op for ").filter_map(|(i, found)| identifier(&source[i + found.len()..]));
    let rows = source.lines().enumerate().filter_map(|(i, line)| {
        let row = line.trim_start();
        let row = row.split_once("!(").map_or(row, |(_, arguments)| arguments);
        let name = identifier(row)?;
        let rest = row[name.len()..].strip_prefix(",")?;
        // The formatter may have given each argument a line of its own.
        let next = if rest.is_empty() { source.lines().nth(i + 1)? } else { rest }.trim_start();
        next.starts_with(|c: char| c == '"' || c.is_ascii_lowercase()).then_some(name)
    });
    direct.chain(rows).map(str::to_owned).collect()
}

/// The types that have a line in `TABLE`.
fn lines() -> Vec<String> {
    let source =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ops/mod.rs")).unwrap();
    let table = source.split_once("TABLE: &[Entry]").expect("src/ops/mod.rs defines TABLE").1;
    let entries =
        table.match_indices("entry::<").filter_map(|(i, found)| identifier(&table[i + found.len()..]));
    entries.map(str::to_owned).collect()
}

#[test]
fn every_implementation_of_op_is_in_the_table() {
    let mut implemented = BTreeSet::new();
    let mut macros = 0;
    for source in sources() {
        macros += source.matches("impl Op for $").count();
        implemented.extend(implementations(&source));
    }
    let listed: BTreeSet<String> = lines().into_iter().collect();
    let missing: Vec<_> = implemented.difference(&listed).collect();
    let unknown: Vec<_> = listed.difference(&implemented).collect();
    assert!(
        missing.is_empty(),
        "not in the table of src/ops/mod.rs; add `entry::<…>()` for each: {missing:?}"
    );
    assert!(
        unknown.is_empty(),
        "in the table, but this test finds no implementation in src/ops: {unknown:?}"
    );
    assert_eq!(listed.len(), TABLE.len(), "an op has two lines in the table");
    assert!(macros > 0 && listed.len() > 50, "the test reads the sources in the wrong way");
}

#[test]
fn the_reader_of_sources_knows_a_row_from_other_lines() {
    let source = "impl Op for Where {\nimpl Op for $op {\npower!(\n    Powi,\n    \"powi\",\n    Neg, neg, \"−\";\nlike!(\n  SumToLike, \"sum\",\nalong!(Softmax, \"s\");\n\
                  pub use x::{\n    Abs, Add, Cos,\n    Ok(x)\n";
    let names: Vec<String> = implementations(source).into_iter().collect();
    assert_eq!(names, ["Neg", "Powi", "Softmax", "SumToLike", "Where"]);
}

#[test]
fn names_are_unique_and_the_ops_own() {
    let names: BTreeSet<&str> = TABLE.iter().map(|entry| entry.name).collect();
    assert_eq!(names.len(), TABLE.len());
    assert_eq!(Registry::default().names().collect::<BTreeSet<_>>(), names);
    for entry in TABLE {
        for op in (entry.examples)() {
            assert_eq!(op.name(), entry.name);
        }
    }
}
