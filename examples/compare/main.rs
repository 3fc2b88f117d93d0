//! cargo run --example compare
//!
//! Draws every graph of the chapter with the layouts of Graphviz's `dot` and of ELK too (`npm ci` in
//! `tests/elk`), and writes `graphs/compare/README.md`: the
//! drawings side by side, their measures, and where ours is worse. Both get the same boxes, and their layouts are drawn in
//! the same style, so that only the layouts differ.

use chainrule::picture::{Layered, LayoutEngine, Picture, Sizes};
use std::fmt::Write;
use std::path::Path;

mod elk;
#[path = "../graphs.rs"]
mod graphs;
mod graphviz;
mod measure;

use elk::Elk;
use graphviz::Graphviz;
use measure::Figures;

/// The measures in which our drawing is worse than that of `others`, as a sentence.
fn verdict(ours: &Figures, theirs: &Figures, others: &str) -> String {
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
        [] => format!("Beside {others}, ours is worse in nothing that is measured here."),
        worse => format!("Beside {others}, ours is worse: {}.", worse.join(", ")),
    }
}

fn compare(folder: &Path, name: &str, picture: &Picture, page: &mut String) -> std::io::Result<()> {
    let sizes = Sizes::of(picture);
    let ours = Figures::of(picture, &Layered::default().lay_out(picture, &sizes));
    let theirs = Figures::of(picture, &Graphviz.lay_out(picture, &sizes));
    let elks = Figures::of(picture, &Elk.lay_out(picture, &sizes));
    let said = format!("{} {}", verdict(&ours, &theirs, "`dot`"), verdict(&ours, &elks, "ELK"));
    std::fs::write(folder.join(name).with_extension("svg"), picture.to_svg_with(&Graphviz))?;
    std::fs::write(folder.join(format!("{name}_elk.svg")), picture.to_svg_with(&Elk))?;
    std::fs::write(folder.join(format!("{name}_ours.svg")), picture.to_svg())?;
    let _ = write!(
        page,
        "\n## {name}\n\n{}\n\n\
         | | crossings | lines through nodes | lines through digits | turns | length | area |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n{}{}{}\n\
         | ours | Graphviz | ELK |\n| --- | --- | --- |\n\
         | ![{name}, ours]({name}_ours.svg) | ![{name}, Graphviz]({name}.svg) | ![{name}, ELK]({name}_elk.svg) |\n",
        said,
        ours.row("ours"),
        theirs.row("Graphviz"),
        elks.row("ELK")
    );
    println!("{name}: {said}");
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let version = Graphviz::version()?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("graphs").join("compare");
    std::fs::create_dir_all(&folder)?;
    let mut page = format!(
        "# Ours, Graphviz and ELK\n\n\
         The graphs of the chapter, each in one row, placed by this crate, by Graphviz {version} and by ELK (`elkjs`, whose \
         lines turn at right angles). Both were given the same boxes (digits \
         are a box on their arrow) and the same gaps, and their answers are drawn with the same pens: only the layouts differ. \
         `cargo run --example compare` writes this page.\n\n\
         Turns are the bends of all lines in right angles, the length of all lines is in diameters of a circle, the area \
         of the canvas in thousands of square pixels.\n"
    );
    // In one row: `dot` folds nothing.
    for (name, picture) in graphs::pictures_as_wide_as_they_are()? {
        compare(&folder, name, &picture, &mut page)?;
    }
    std::fs::write(folder.join("README.md"), page)?;
    Ok(())
}
