use crate::failure::Failure;
use crate::loaded::{ModelFile, Numbers};
use chainrule::picture::Level;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// The width of an image in pixels, unless another is asked for.
const WIDEST: u32 = 4_000;

/// Draws the graph of a model.
#[derive(Debug, Args)]
pub(crate) struct Draw {
    #[command(flatten)]
    model: ModelFile,
    /// The drawing: .svg, .html, .png, .pdf, .dot or .mmd.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// How much of it is shown.
    #[arg(long, value_enum, default_value_t = Detail::Auto)]
    level: Detail,
    /// Folds it into rows of so many pixels; 4000 for .png unless said otherwise.
    #[arg(long, value_name = "PIXELS")]
    max_width: Option<u32>,
    /// With the numbers on its arrows.
    #[arg(long)]
    values: bool,
    #[command(flatten)]
    numbers: Numbers,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Detail {
    /// Large graphs are collapsed until they can be read.
    Auto,
    /// Every node.
    Nodes,
}

impl Draw {
    pub(crate) fn run(self) -> Result<bool, Failure> {
        let mut loaded = self.model.load()?;
        if self.values {
            loaded.give(&self.numbers)?;
        }
        let level = match self.level {
            Detail::Auto => Level::Auto,
            Detail::Nodes => Level::Nodes,
        };
        let mut draw = loaded.tape.draw(&loaded.outputs()).level(level).values(self.values);
        // An image of points has an end; a long graph is folded before it.
        let is_image = self.output.extension().is_some_and(|ending| ending == "png");
        if let Some(pixels) = self.max_width.or(is_image.then_some(WIDEST)) {
            draw = draw.max_width(pixels);
        }
        draw.save(&self.output)?;
        Ok(true)
    }
}
