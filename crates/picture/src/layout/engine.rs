//! What a layout is.

use crate::layout::geometry::Geometry;
use crate::layout::measure::Sizes;
use crate::model::picture::Picture;

/// A way to place a picture on a canvas.
///
/// A layout is given the sizes of all boxes and returns plain geometry; it reads no fonts and draws nothing. The same
/// picture must always give the same drawing.
pub trait LayoutEngine {
    /// Places nodes, labels, arrows and frames.
    fn lay_out(&self, picture: &Picture, sizes: &Sizes) -> Geometry;
}
