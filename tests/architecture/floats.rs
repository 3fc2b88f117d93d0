//! Floats in files are written bit for bit.

use crate::source::{root, sources};

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
    for source in sources() {
        let text = std::fs::read_to_string(root().join(&source.file)).unwrap();
        let file = source.file.display();
        wrong.extend(plain_floats(&text).into_iter().map(|line| format!("{file}:{line}")));
    }
    assert!(
        wrong.is_empty(),
        "put `#[serde(with = \"chainrule_base::written::number\")]` before these, which text would change:\n{}",
        wrong.join("\n")
    );
}
