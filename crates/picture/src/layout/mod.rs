//! Layout: sizes in, geometry out.
//!
//! `leaves` repeats what is used far apart. `measure` gives the sizes of all boxes. `layered` (an `engine`) assigns coordinates to nodes, labels and bend points
//! (`placed`). `route` draws the edges between them: `ports` are their end points at the nodes; `fold` breaks a wide drawing
//! into rows; `frames` fits the frames of groups. `back` are the arrows on which gradients come back.
//! `canvas` finishes the `geometry`.

pub(crate) mod back;
pub(crate) mod canvas;
pub(crate) mod engine;
pub(crate) mod fold;
pub(crate) mod frames;
pub(crate) mod geometry;
pub(crate) mod layered;
pub(crate) mod leaves;
pub(crate) mod measure;
pub(crate) mod placed;
pub(crate) mod ports;
pub(crate) mod route;
