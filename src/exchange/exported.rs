//! What is exported: a portable program with the names of its arguments and results.

use crate::portable::{ElementType, PortableProgram};

/// Outputs and updates of a graph as a function of inputs and state, in portable primitives: what a
/// [`Plan`](crate::Plan) of the same would compute, for other engines.
///
/// The arguments are the inputs, in the order in which they were recorded, and then the parameters; the results are the
/// outputs in the order in which they were asked for, and then the new values of parameters. Shapes are those of the tape.
///
/// ```
/// use chainrule::{Tape, exchange::{Export, ExportPrecision}};
/// let tape = Tape::new();
/// let (x, w) = (tape.input("x", [8, 3]), tape.parameter("w", [3, 2]));
/// let loss = x.matmul(w).square().mean().named("loss");
/// let [dw] = loss.grad([w]);
/// let step = Export::new([loss], [(w, w - 0.1 * dw)])?;
/// let text = step.to_stablehlo(ExportPrecision::F32);
/// assert!(text.contains("stablehlo.dot_general %x, %w"));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    pub(super) program: PortableProgram,
    /// The same for other batch sizes, and what these are, where the batch size is left open.
    pub(super) sized: Vec<(usize, PortableProgram)>,
    pub(super) arguments: Vec<ExportedValue>,
    pub(super) results: Vec<ExportedValue>,
}

/// An argument or a result of an exported function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedValue {
    /// The name on the tape; of an output without one, `output0` and so on by its place.
    pub name: String,
    /// Whether it is fed and read, or carried from one step to the next.
    pub role: ValueRole,
    /// What its elements are.
    pub element: ElementType,
    /// Its shape.
    pub shape: Vec<usize>,
}

/// What an argument or a result of an exported function is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueRole {
    /// An input or an output.
    Data,
    /// A parameter, or its new value.
    State,
}

/// The precision of real numbers in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportPrecision {
    /// 64 bits.
    F64,
    /// 32 bits.
    F32,
    /// 16 bits with the range of `f32` and 8 bits of precision (bfloat16).
    Bf16,
}

impl Export {
    /// The inputs, and then the parameters.
    pub fn arguments(&self) -> &[ExportedValue] {
        &self.arguments
    }

    /// The outputs, and then the new values of parameters.
    pub fn results(&self) -> &[ExportedValue] {
        &self.results
    }

    /// The program in portable primitives.
    pub fn program(&self) -> &PortableProgram {
        &self.program
    }
}
