//! The guide: ten short chapters, each a few programs that run as they stand.
//!
//! 1. [Tape and vars](tape_and_vars): recording, values, names.
//! 2. [Shapes](shapes): broadcasting, views, reductions, indices.
//! 3. [Gradients](gradients): gradients, products with Jacobians and Hessians, whole ones, checkpoints.
//! 4. [Plans](plans): the same graph many times, fast.
//! 5. [Training](training): layers, losses, optimisers; [**a convolutional network**](training#a-convolutional-network).
//! 6. [Checking](checking): derivatives held against differences.
//! 7. [Drawing](drawing): graphs as pictures.
//! 8. [Writing an op](writing_an_op): a kernel and a rule of your own.
#![cfg_attr(
    all(feature = "draw", feature = "files", feature = "onnx"),
    doc = "9. [Coming from PyTorch](coming_from_pytorch): what you know, under the names that it has here."
)]
#![cfg_attr(
    all(feature = "files", feature = "onnx"),
    doc = "10. [Files and exchange](files_and_exchange): weights, models, ONNX, XLA."
)]

#[doc = include_str!("1_tape_and_vars.md")]
pub mod tape_and_vars {}
#[doc = include_str!("2_shapes.md")]
pub mod shapes {}
#[doc = include_str!("3_gradients.md")]
pub mod gradients {}
#[doc = include_str!("4_plans.md")]
pub mod plans {}
#[doc = include_str!("5_training.md")]
pub mod training {}
#[doc = include_str!("6_checking.md")]
pub mod checking {}
#[cfg(feature = "draw")]
#[doc = include_str!("7_drawing.md")]
pub mod drawing {}
#[doc = include_str!("8_writing_an_op.md")]
pub mod writing_an_op {}
#[cfg(all(feature = "draw", feature = "files", feature = "onnx"))]
#[doc = include_str!("9_coming_from_pytorch.md")]
pub mod coming_from_pytorch {}
#[cfg(all(feature = "files", feature = "onnx"))]
#[doc = include_str!("10_files_and_exchange.md")]
pub mod files_and_exchange {}
