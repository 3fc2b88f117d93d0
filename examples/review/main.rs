//! cargo run --example review
//!
//! Draws twelve graphs that are hard to draw, as SVG and as pages, into `target/review/`, with the time and the size of
//! each: deep and wide models, second order, an optimiser's step, long names, random and very large graphs.

use chainrule::Tape;
use std::path::Path;
use std::time::Instant;

mod graphs;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target").join("review");
    std::fs::create_dir_all(&folder)?;
    println!("{:<18} {:>7} {:>7} {:>9} {:>11} {:>8}", "graph", "nodes", "arrows", "ms", "px", "kB");
    for (name, draw) in graphs::ALL {
        let tape = Tape::new();
        let start = Instant::now();
        let picture = draw(&tape)?;
        let svg = picture.to_svg();
        let taken = start.elapsed().as_secs_f64() * 1e3;
        let size = |key: &str| svg.split(&format!("{key}=\"")).nth(1).and_then(|rest| rest.split('"').next());
        println!(
            "{name:<18} {:>7} {:>7} {taken:>9.0} {:>11} {:>8.0}",
            picture.nodes.len(),
            picture.drawn_edges().count(),
            format!("{}×{}", size("width").unwrap_or("?"), size("height").unwrap_or("?")),
            svg.len() as f64 / 1e3
        );
        std::fs::write(folder.join(name).with_extension("svg"), svg)?;
        picture.save(folder.join(name).with_extension("html"))?;
    }
    Ok(())
}
