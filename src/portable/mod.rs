//! Ops written with portable primitives, the few dozen functions of arrays that StableHLO and ONNX both have.
//!
//! [`Op::portable`](crate::Op::portable) says how an op is written with them. What it writes is a [`PortableProgram`], plain
//! data, of which every file format is a function; so an op is written once, and a format knows primitives alone.
//!
//! Shapes are numbers here. A program that fits any batch size follows from three programs of different sizes.

mod arithmetic;
mod arrange;
mod builder;
mod element;
mod gamma;
mod primitive;
mod reduce;
mod special;
mod trigonometry;

pub use arithmetic::IntoPortable;
pub use builder::{Portable, PortableBuilder, PortableNode, PortableProgram};
pub use element::ElementType;
pub use primitive::{BinaryPrimitive, Comparison, Primitive, ReducePrimitive, UnaryPrimitive};
pub(crate) use reduce::running;
