//! Pictures in notebooks of the Rust kernel evcxr.

/// An SVG between evcxr's markers: <https://github.com/evcxr/evcxr/blob/main/evcxr_jupyter/README.md>.
///
/// The end marker is a line of its own, which no name can forge: a line break in it becomes a space in SVG.
pub(crate) fn output(svg: &str) -> String {
    format!("EVCXR_BEGIN_CONTENT image/svg+xml\n{}\nEVCXR_END_CONTENT\n", svg.trim_end())
}
