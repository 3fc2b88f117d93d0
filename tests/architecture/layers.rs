//! Imports run one way, from the first of these layers to the last.

use crate::circles::Map;
use crate::source::{Source, sources};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Each folder of `src` and the folders it may use, lower ones first; nothing else. The two crates below it have one layer
/// each.
///
/// The tape and the ops are one layer: a tape is recorded with ops, and rules are written with vars.
const MAY_USE: &[(&str, &[&str])] = &[
    ("chainrule_base", &[]),
    ("chainrule_picture", &["chainrule_base"]),
    ("base", &["chainrule_base"]),
    ("files", &["chainrule_base", "base"]),
    ("kernel", &["base"]),
    ("portable", &["base", "kernel"]),
    ("graph", &["chainrule_base", "base"]),
    ("tape", &["chainrule_base", "base", "kernel", "portable", "graph", "ops"]),
    ("ops", &["chainrule_base", "base", "kernel", "portable", "graph", "tape"]),
    ("eval", &["chainrule_base", "base", "kernel", "graph", "tape", "ops"]),
    ("reverse", &["chainrule_base", "base", "kernel", "portable", "graph", "tape", "ops", "eval"]),
    ("plan", &["chainrule_base", "base", "kernel", "graph", "tape", "ops", "eval"]),
    ("exchange", &["chainrule_base", "base", "portable", "graph", "tape", "ops", "plan"]),
    ("check", &["chainrule_base", "base", "kernel", "graph", "tape", "ops", "eval", "reverse", "plan"]),
    (
        "view",
        &["chainrule_base", "chainrule_picture", "base", "graph", "tape", "ops", "reverse", "plan", "check"],
    ),
    ("summary", &["chainrule_base", "graph", "tape"]),
    ("model", &["chainrule_base", "base", "files", "graph", "tape"]),
    // As a user: see below. The table of a network is cut as all tables are.
    ("nn", &["chainrule_base", "base", "tape", "ops", "reverse", "plan", "check", "graph"]),
    ("data", &["base"]),
    // Texts alone.
    ("guide", &[]),
    ("lib", &[]),
];

/// The layer of a file: its crate, or its folder in `src`.
fn layer(source: &Source) -> &str {
    match source.module[0].as_str() {
        "chainrule" => source.module.get(1).map_or("lib", String::as_str),
        other => other,
    }
}

/// The imports that lead where they may not.
fn wrong(sources: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    for ((from, to), names) in Map::of(sources).arrows() {
        let (source, target) = (&sources[from], &sources[to]);
        let (below, above) = (layer(target), layer(source));
        if above == "lib" || above == below {
            continue;
        }
        let allowed = MAY_USE.iter().find(|(name, _)| *name == above).map(|(_, allowed)| *allowed);
        let problem = match allowed {
            None => format!("{above} has no line in MAY_USE of tests/architecture/layers.rs"),
            Some(allowed) if allowed.contains(&below) => continue,
            Some(_) => format!("{above} may not use {below}; move what both need below both"),
        };
        let names: Vec<String> = names.into_iter().collect();
        wrong.push(format!(
            "{} → {}: {}: {problem}",
            source.file.display(),
            target.file.display(),
            names.join(", ")
        ));
    }
    wrong
}

#[test]
fn imports_run_one_way() {
    let sources = sources();
    assert!(sources.len() > 200, "only {} sources were found", sources.len());
    let wrong = wrong(&sources);
    assert!(wrong.is_empty(), "{} imports:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_layers_have_no_circle_but_tape_and_ops() {
    for (i, (module, allowed)) in MAY_USE.iter().enumerate() {
        for target in *allowed {
            let below = MAY_USE.iter().position(|(name, _)| name == target).expect("a layer that has a line");
            let one_layer = ["tape", "ops"].contains(module) && ["tape", "ops"].contains(target);
            assert!(below < i || one_layer, "{module} may use {target}, which stands above it");
        }
    }
}

/// Networks are written as any user could write them: with names of the crate's root.
#[test]
fn networks_use_what_users_can() {
    let sources = sources();
    let root = sources.iter().find(|source| source.module == ["chainrule"]).expect("src/lib.rs");
    let public: BTreeSet<&str> =
        root.imports[""].iter().filter(|import| import.public).map(|import| import.name.as_str()).collect();
    let mut wrong = Vec::new();
    for source in sources.iter().filter(|source| layer(source) == "nn") {
        for (line, path) in source.paths() {
            let inner = ["nn", "ops", "op", "shown"].contains(&path.get(1).map_or("", String::as_str));
            if path[0] == "crate" && !inner && !public.contains(path[1].as_str()) {
                wrong.push(format!("{}:{line}: {}", source.file.display(), path.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "names that users do not have:\n{}", wrong.join("\n"));
}

#[test]
fn wrong_imports_are_seen() {
    let file = |module: &str, text: &str| {
        let parts = module.split('/').map(str::to_owned).collect();
        Source::of(PathBuf::from(format!("{module}.rs")), parts, text)
    };
    let found = wrong(&[
        file("chainrule", "mod graph;\nmod tape;\nmod new;\npub use tape::Tape;\n"),
        file("chainrule/graph", "use crate::Tape;\npub struct Graph;\n"),
        file("chainrule/tape", "use crate::graph::Graph;\npub struct Tape;\n"),
        file("chainrule/new", "use crate::graph::Graph;\n"),
        file("chainrule_picture", "use chainrule::Tape;\n"),
    ]);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.iter().any(|text| text.contains("graph may not use tape")), "{found:?}");
    assert!(found.iter().any(|text| text.contains("new has no line")), "{found:?}");
    assert!(found.iter().any(|text| text.contains("chainrule_picture may not use tape")), "{found:?}");
}
