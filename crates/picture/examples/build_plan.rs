//! A build plan, without any gradients: dependencies with sizes (above the arrows) and times (below them), in groups. The
//! sizes and times are made up.
//!
//! Writes `build_plan.svg`, `build_plan.dot` and `build_plan.html` to cargo's target folder.

use chainrule_picture::{NodeKind, Picture, Result};
use std::path::Path;

/// The plan as a picture.
pub(crate) fn build_plan() -> Picture {
    let mut plan = Picture::new("cargo build");
    let source = |plan: &mut Picture, name: &str| plan.add_node(NodeKind::Input, "", name);
    let step = |plan: &mut Picture, name: &str, from: &[(usize, &str, &str)]| {
        let node = plan.add_node(NodeKind::Layer, "", name);
        for &(source, size, time) in from {
            let arrow = plan.add_edge(source, node);
            (arrow.value, arrow.gradient) = (Some(size.to_owned()), Some(time.to_owned()));
        }
        node
    };
    let manifest = source(&mut plan, "Cargo.toml");
    let library = source(&mut plan, "src/lib.rs");
    let program = source(&mut plan, "src/main.rs");
    let resolve = step(&mut plan, "resolve", &[(manifest, "2 kB", "8 ms")]);
    let parse = step(&mut plan, "parse", &[(library, "310 kB", "90 ms"), (resolve, "61 crates", "–")]);
    let check = step(&mut plan, "type check", &[(parse, "1.2 M tokens", "2.1 s")]);
    let lower = step(&mut plan, "lower", &[(check, "84 k functions", "1.4 s")]);
    let optimise = step(&mut plan, "optimise", &[(lower, "41 MB", "9.8 s")]);
    let archive = step(&mut plan, "archive", &[(optimise, "7 MB", "0.2 s")]);
    let compile =
        step(&mut plan, "compile", &[(program, "4 kB", "0.6 s"), (check, "metadata 3 MB", "0.1 s")]);
    let link = step(&mut plan, "link", &[(archive, "7 MB", "0.9 s"), (compile, "90 kB", "0.1 s")]);
    let output = plan.add_node(NodeKind::Output, "", "the program");
    plan.add_edge(link, output).value = Some("5.4 MB".to_owned());
    let build = plan.add_group("the library", None, [archive]);
    plan.add_group("front end", Some(build), [parse, check]);
    plan.add_group("back end", Some(build), [lower, optimise]);
    for (node, said) in [(resolve, "reads the lock file"), (optimise, "three quarters of the time")] {
        plan.nodes[node].note = Some(said.to_owned());
    }
    plan
}

fn main() -> Result<()> {
    // An example is built as `debug/examples/name` in the target folder.
    let program = std::env::current_exe().unwrap_or_default();
    let target = program.ancestors().nth(3).unwrap_or(Path::new("."));
    let plan = build_plan();
    for file in ["build_plan.svg", "build_plan.dot", "build_plan.html"] {
        plan.save(target.join(file))?;
        println!("{}", target.join(file).display());
    }
    Ok(())
}
