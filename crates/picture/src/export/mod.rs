//! Pictures in other formats, in files, in other programs.

pub(crate) mod badge;
pub(crate) mod document;
pub(crate) mod dot;
pub(crate) mod files;
pub(crate) mod graphviz;
pub(crate) mod mermaid;
pub(crate) mod notebook;
#[cfg(any(feature = "png", feature = "pdf"))]
pub(crate) mod raster;
pub(crate) mod show;
pub(crate) mod svg;
pub(crate) mod temp_file;
