//! The sizes of images and labels of MNIST.

/// The height of an image, and its width.
pub const SIDE: usize = 28;
/// The pixels of an image, row after row.
pub const PIXELS: usize = SIDE * SIDE;
/// The number of classes: the digits 0 to 9.
pub const CLASSES: usize = 10;
