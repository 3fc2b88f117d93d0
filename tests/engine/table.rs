//! The table of ops is complete: every type in `src/ops` that implements `Op` is in it.

use chainrule::{Registry, ops::TABLE};
use std::collections::BTreeSet;
use std::path::Path;

/// The sources of `src/ops` by name, without comments and without its `mod.rs`.
fn sources() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ops");
    let (mut files, mut folders) = (Vec::new(), vec![folder.clone()]);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.retain(|f| ![folder.join("mod.rs"), folder.join("entry.rs")].contains(f));
    let without_comments = |text: String| {
        let lines = text.lines().filter(|l| !l.trim_start().starts_with("//"));
        lines.collect::<Vec<_>>().join("\n")
    };
    let name = |f: &Path| f.strip_prefix(&folder).unwrap().display().to_string();
    files.iter().map(|f| (name(f), without_comments(std::fs::read_to_string(f).unwrap()))).collect()
}

/// An op has its name and attributes from its settings, and `built_in!` writes these and the line of the table in one: an op
/// that has its settings in another way would be missing.
#[test]
fn every_op_has_its_settings_from_what_puts_it_in_the_table() {
    let mut blocks = 0;
    for (file, source) in sources() {
        let inside = source.matches("op_settings!();").count();
        assert_eq!(
            source.matches("op_settings!").count(),
            inside,
            "{file}: settings are written by `built_in!`"
        );
        let by_hand = source.matches("-> &'static str {\n        Self::NAME").count()
            + source.matches("impl LoadOp for").count();
        assert_eq!(by_hand, 0, "{file}: the name is written by `op_settings!();` in `impl Op`");
        assert!(source.matches("impl Op for ").count() <= inside, "{file}: an op without `op_settings!();`");
        blocks += inside;
    }
    assert!(blocks > 20 && TABLE.len() > blocks, "the test reads the sources in the wrong way");
}

#[test]
fn names_are_unique_and_the_ops_own() {
    let names: BTreeSet<&str> = TABLE.iter().map(|entry| entry.name).collect();
    assert_eq!(names.len(), TABLE.len());
    // And what the reverse pass records of checkpoints.
    let all: BTreeSet<&str> = names.iter().copied().chain(["recomputed"]).collect();
    assert_eq!(Registry::default().names().collect::<BTreeSet<_>>(), all);
    for entry in TABLE {
        for op in (entry.examples)() {
            assert_eq!(op.name(), entry.name);
        }
    }
}

/// Every example comes back from its attributes, as it was.
#[test]
fn attributes_say_all_of_an_op() {
    for entry in TABLE {
        for op in (entry.examples)() {
            let tape = chainrule::Tape::new();
            let operands: Vec<_> = match op.samples().first() {
                None => continue,
                Some(sample) => sample
                    .0
                    .iter()
                    .enumerate()
                    .map(|(i, (shape, domain))| match domain.kind() {
                        chainrule::op::Kind::Real => tape.input(&format!("x{i}"), shape),
                        chainrule::op::Kind::Index => tape.index_input(&format!("x{i}"), shape),
                    })
                    .collect(),
            };
            let y = tape.try_apply_shared(op.clone(), &operands).unwrap().id();
            let record = tape.graph().node(y).op().clone();
            let again = Registry::default().load(&record).unwrap();
            assert_eq!(format!("{op:?}"), format!("{again:?}"));
        }
    }
}
