//! The names of other libraries lead to the methods: each is one, or an alias in the search of the docs.

use crate::source::{files, root};

/// Names of what only rules record, whose op has no method.
const OF_RULES: [&str; 7] =
    ["scan", "at", "index_add", "sum_to_size", "slice_scatter", "diagonal_scatter", "max_pool2d"];

#[test]
fn the_names_of_numpy_pytorch_and_jax_are_found() {
    let ops = root().join("src/ops");
    let sources =
        ["src/ops", "src/nn", "src/tape", "src/reverse"].map(|folder| files(&root().join(folder))).concat();
    let rust = sources.into_iter().filter(|path| path.extension().is_some_and(|e| e == "rs"));
    let code: String = rust.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let is_found = |name: &str| {
        // A method, a row of a table of methods, or an alias of one.
        let ways = [
            format!("fn {name}("),
            format!("fn {name}<"),
            format!(" {name}, "),
            format!("alias = \"{name}\""),
        ];
        ways.iter().any(|way| code.contains(way))
    };
    let mut lost = Vec::new();
    for line in std::fs::read_to_string(ops.join("elsewhere.csv")).unwrap().lines() {
        let fields: Vec<&str> = line.split(';').map(str::trim).collect();
        let libraries = if line.starts_with('#') || fields.len() < 6 { &[] } else { &fields[3..6] };
        let is_path = |path: &&&str| path.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
        for path in libraries.iter().filter(is_path) {
            let name = path.rsplit('.').next().unwrap();
            if !name.is_empty() && !OF_RULES.contains(&name) && !is_found(name) {
                lost.push(format!("{path} ({})", fields[0]));
            }
        }
    }
    assert!(lost.is_empty(), "no method and no `#[doc(alias = \"…\")]`: {}", lost.join(", "));
}
