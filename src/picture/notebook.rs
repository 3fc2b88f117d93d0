//! Pictures in notebooks of the Rust kernel evcxr.

use super::model::Picture;

impl Picture {
    /// Shows the picture below the cell of a notebook; the Rust kernel evcxr calls it for a cell that ends in a picture.
    ///
    /// It prints the SVG between the lines that evcxr looks for. Several drawings in one notebook do not disturb each
    /// other: they define no ids, and one style.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// tape.leaf("x", 1.0).exp().draw().picture()?.evcxr_display();
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    pub fn evcxr_display(&self) {
        print!("{}", output(&self.to_svg()));
    }
}

/// What a notebook reads as a drawing, by <https://github.com/evcxr/evcxr/blob/main/evcxr_jupyter/README.md>.
///
/// The end mark is a line of its own, and no name makes a line: a line break in it becomes a space in SVG.
pub(super) fn output(svg: &str) -> String {
    format!("EVCXR_BEGIN_CONTENT image/svg+xml\n{}\nEVCXR_END_CONTENT\n", svg.trim_end())
}
