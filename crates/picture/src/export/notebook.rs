//! Pictures in notebooks of the Rust kernel evcxr.

/// What a notebook reads as a drawing, by <https://github.com/evcxr/evcxr/blob/main/evcxr_jupyter/README.md>.
///
/// The end mark is a line of its own, and no name makes a line: a line break in it becomes a space in SVG.
pub(crate) fn output(svg: &str) -> String {
    format!("EVCXR_BEGIN_CONTENT image/svg+xml\n{}\nEVCXR_END_CONTENT\n", svg.trim_end())
}
