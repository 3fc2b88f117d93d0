//! The numbered examples print what their opening comments say.

use std::path::Path;
use std::process::Command;

/// The lines of the comment's block ```` ```text ````.
fn promised(source: &str) -> String {
    let lines = source
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line));
    let block = lines.skip_while(|line| *line != "```text").skip(1).take_while(|line| *line != "```");
    block.flat_map(|line| [line, "\n"]).collect()
}

#[test]
#[cfg_attr(miri, ignore = "runs programs")]
fn every_numbered_example_prints_what_it_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::fs::read_dir(root.join("examples")).expect("there are examples");
    let mut paths: Vec<_> = folder.map(|entry| entry.expect("it can be read").path()).collect();
    paths.retain(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with(|c: char| c.is_ascii_digit()) && name.ends_with(".rs")
    });
    paths.sort();
    assert!(!paths.is_empty());
    for path in paths {
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name in ASCII");
        let source = std::fs::read_to_string(&path).expect("it can be read");
        assert!(
            source.starts_with(&format!("//! cargo run --example {name}\n")),
            "{name} opens with its command"
        );
        let run = Command::new(env!("CARGO"))
            .args(["run", "--quiet", "--profile", "test", "--example", name])
            .current_dir(root)
            .output()
            .expect("cargo can be run");
        let (out, problems) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
        assert!(run.status.success(), "{name} failed\n{problems}");
        assert_eq!(out, promised(&source), "{name} prints something else than its comment says");
    }
}
