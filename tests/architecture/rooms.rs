//! A folder can be taken in at a glance, and a name means one thing.

use crate::source::{CRATES, files, root, sources};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The most files beside each other.
const DOZEN: usize = 12;

#[test]
fn no_folder_has_more_than_a_dozen_files() {
    let mut folders: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for (_, folder) in CRATES {
        for file in files(&root().join(folder)) {
            *folders.entry(file.parent().unwrap().strip_prefix(root()).unwrap().to_owned()).or_default() += 1;
        }
    }
    let full: Vec<String> = (folders.iter().filter(|(_, count)| **count > DOZEN))
        .map(|(folder, count)| format!("{}: {count}", folder.display()))
        .collect();
    assert!(full.is_empty(), "folders with more than {DOZEN} files:\n{}", full.join("\n"));
}

/// The types of the crates, by name, and where each is defined. Crates share what is public.
fn types() -> BTreeMap<String, Vec<String>> {
    let mut types: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in sources() {
        for (name, line) in &source.items {
            let text = source.code.lines().nth(line - 1).unwrap();
            let words = ["struct ", "enum ", "union ", "trait ", "type "];
            if words.iter().any(|word| text.contains(word)) {
                let public = text.starts_with("pub ").then_some("public");
                for owner in [Some(source.module[0].as_str()), public].into_iter().flatten() {
                    let place = format!("{}:{line}", source.file.display());
                    types.entry(format!("{owner} {name}")).or_default().push(place);
                }
            }
        }
    }
    types
}

#[test]
fn a_name_of_a_type_means_one_thing() {
    let types = types();
    assert!(types.len() > 200, "only {} types were found", types.len());
    let shared: Vec<String> = (types.iter().filter(|(_, places)| places.len() > 1))
        .map(|(name, places)| format!("{name}: {}", places.join(", ")))
        .collect();
    assert!(shared.is_empty(), "names of several types:\n{}", shared.join("\n"));
}
