//! Where everything goes: sizes in, geometry out.

pub(crate) mod canvas;
pub(crate) mod engine;
pub(crate) mod frames;
pub(crate) mod geometry;
pub(crate) mod layered;
pub(crate) mod measure;
pub(crate) mod placed;
pub(crate) mod ports;
pub(crate) mod route;
