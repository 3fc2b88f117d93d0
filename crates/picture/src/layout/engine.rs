//! The interface of a layout algorithm.

use crate::layout::geometry::Geometry;
use crate::layout::measure::Sizes;
use crate::model::picture::Picture;

/// A layout algorithm: places a picture on a canvas.
///
/// It gets the sizes of all boxes and returns plain geometry; it reads no fonts and draws nothing. It must be
/// deterministic.
pub trait LayoutEngine {
    /// Places nodes, labels, arrows and frames.
    fn lay_out(&self, picture: &Picture, sizes: &Sizes) -> Geometry;
}
