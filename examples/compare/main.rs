//! cargo run --example compare
//!
//! Draws every graph of the chapter with the layout of Graphviz's `dot` too, and writes `graphs/compare/README.md`: both
//! drawings side by side, their measures, and where ours is worse. `dot` gets the same boxes, and its layout is drawn in
//! the same style, so that only the layouts differ.

use chainrule::picture::{Layered, LayoutEngine, Picture, Sizes};
use std::fmt::Write;
use std::path::Path;

#[path = "../graphs.rs"]
mod graphs;
mod graphviz;
mod measure;

use graphviz::Graphviz;
use measure::Figures;

/// The measures in which our drawing is worse, as a sentence.
fn verdict(ours: &Figures, theirs: &Figures) -> String {
    let mut worse: Vec<String> = Vec::new();
    for (one, two, what) in [
        (ours.crossings, theirs.crossings, "crossings"),
        (ours.through, theirs.through, "lines through nodes"),
        (ours.struck, theirs.struck, "lines through digits"),
    ] {
        if one > two {
            worse.push(format!("it has {one} {what} against {two}"));
        }
    }
    for (one, two, what) in [
        (ours.turns, theirs.turns, "its lines turn"),
        (ours.length, theirs.length, "its lines are longer by"),
        (ours.area, theirs.area, "it takes more room by"),
    ] {
        let more = (one / two.max(0.1) - 1.0) * 100.0;
        if more >= 1.0 {
            let how = if what == "its lines turn" { " more by" } else { "" };
            worse.push(format!("{what}{how} {more:.0} %"));
        }
    }
    match &worse[..] {
        [] => "Ours is worse in nothing that is measured here.".to_owned(),
        worse => format!("Ours is worse: {}.", worse.join(", ")),
    }
}

fn compare(folder: &Path, name: &str, picture: &Picture, page: &mut String) -> std::io::Result<()> {
    let sizes = Sizes::of(picture);
    let ours = Figures::of(picture, &Layered::default().lay_out(picture, &sizes));
    let theirs = Figures::of(picture, &Graphviz.lay_out(picture, &sizes));
    std::fs::write(folder.join(name).with_extension("svg"), picture.to_svg_with(&Graphviz))?;
    let _ = write!(
        page,
        "\n## {name}\n\n{}\n\n\
         | | crossings | lines through nodes | lines through digits | turns | length | area |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n{}{}\n\
         | ours | Graphviz |\n| --- | --- |\n\
         | ![{name}, ours](../{name}.svg) | ![{name}, Graphviz]({name}.svg) |\n",
        verdict(&ours, &theirs),
        ours.row("ours"),
        theirs.row("Graphviz")
    );
    println!("{name}: {}", verdict(&ours, &theirs));
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let version = Graphviz::version()?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("graphs").join("compare");
    std::fs::create_dir_all(&folder)?;
    let mut page = format!(
        "# Ours and Graphviz\n\n\
         The graphs of the chapter, placed by this crate and by Graphviz {version}. `dot` was given the same boxes (digits \
         are a box on their arrow) and the same gaps, and its answer is drawn with the same pens: only the layouts differ. \
         `cargo run --example compare` writes this page.\n\n\
         Turns are the bends of all lines in right angles, the length of all lines is in diameters of a circle, the area \
         of the canvas in thousands of square pixels.\n"
    );
    for (name, picture) in graphs::pictures()? {
        compare(&folder, name, &picture, &mut page)?;
    }
    std::fs::write(folder.join("README.md"), page)?;
    Ok(())
}
