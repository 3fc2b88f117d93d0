//! Exports: pictures in other formats, files and programs.
//!
//! One file per format: `svg` (with `badge` for marks), `dot`, `mermaid`, `document` (JSON), `raster` (PNG and PDF).
//! `graphviz` and `show` start other programs; `notebook` is for evcxr.

pub(crate) mod badge;
pub(crate) mod document;
pub(crate) mod dot;
pub(crate) mod graphviz;
pub(crate) mod mermaid;
pub(crate) mod notebook;
#[cfg(any(feature = "png", feature = "pdf"))]
pub(crate) mod raster;
pub(crate) mod show;
pub(crate) mod svg;
