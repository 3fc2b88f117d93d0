//! The contract of an op: what it is called, which shapes it takes, what it computes, how it is differentiated.

use super::Var;
use crate::Float;
use crate::graph::{Attributes, Kind};
use crate::kernel::{Inputs, Output};
use crate::shape::Layout;
use std::any::Any;
use std::fmt::{self, Debug};

/// An operation of a graph. Built-in ops and users' ops implement this same trait.
///
/// An op is plain data: everything that tells two ops of one type apart must be among its
/// [attributes](Op::attributes), since equal attributes make them the same op of the graph. Where something is missing
/// there, the tape [notices](Op::identity) and refuses.
///
/// ```
/// use chainrule::{op::*, Float, Tape, Var};
///
/// /// `y = x³`, `dx = 3 dy x²`.
/// #[derive(Debug)]
/// struct Cube;
///
/// impl<F: Float> Kernel<F> for Cube {
///     fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
///         for (y, &x) in y.data.iter_mut().zip(x.real(0).slice()) {
///             *y = x * x * x;
///         }
///     }
/// }
///
/// impl Op for Cube {
///     fn name(&self) -> &'static str { "cube" }
///     fn formula(&self) -> &'static str { "y = x³" }
///     fn elementwise(&self) -> bool { true }
///     fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
///         let [x] = reals(x)?;
///         Ok(x.to_vec())
///     }
///     fn rule<'t>(&self, _: usize, x: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
///         (3.0 * dy * x[0].square()).into()
///     }
/// }
///
/// let tape = Tape::new();
/// let x = tape.leaf("x", 2.0);
/// let y = tape.apply(Cube, &[x]);
/// assert_eq!(y.value().item(), 8.0);
/// assert_eq!(y.grad([x])[0].value().item(), 12.0);
/// ```
pub trait Op: Any + Debug + Send + Sync + Kernel<f32> + Kernel<f64> {
    /// The name that a [`Registry`](super::Registry) finds it by, such as `matmul`.
    fn name(&self) -> &'static str;

    /// How it is drawn, such as `×`; the name unless said otherwise.
    fn symbol(&self) -> String {
        self.name().to_owned()
    }

    /// What it computes, such as `y = x0 · x1`.
    fn formula(&self) -> &'static str;

    /// The settings that tell ops of this type apart.
    fn attributes(&self) -> Attributes {
        Attributes::new()
    }

    /// What it says of itself, as text: all its fields, as `Debug` writes them, unless said otherwise.
    ///
    /// Ops of one type with equal [attributes](Op::attributes) are the same op of the graph. Where one is recorded and
    /// another is on the tape, these texts are compared, in release builds as well, and an op that is not the same is
    /// refused with [`Error::Indistinct`](crate::Error::Indistinct): it would silently compute what the other does. Types
    /// without fields and built-in ops are not asked; for others, the text is made whenever they are recorded: 50 ns for one
    /// number, beside the 230 of recording such an op.
    ///
    /// To be written where `Debug` does not show what makes a difference, or shows what makes none: a cache, the address of
    /// a function, a long table that is the same in every op.
    ///
    /// # Errors
    ///
    /// Those of the formatter.
    fn identity(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(self, f)
    }

    /// The shape of the result.
    ///
    /// No size may be taken over into an attribute, so that a graph can be given another batch size.
    ///
    /// # Errors
    ///
    /// What is wrong with the operands and what would be right; the tape adds op, operands and source line.
    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String>;

    /// The VJP for one operand: the cotangent of `x[operand]` given the cotangent `dy` of the result `y`, written
    /// with recorded ops.
    ///
    /// It may have the shape to which the operand was broadcast: broadcasting is undone afterwards, in one place.
    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t>;

    /// Whether the kernel reads an operand's elements, or only its shape.
    fn reads(&self, operand: usize) -> bool {
        let _ = operand;
        true
    }

    /// Whether element `i` of the result depends on the elements `i` of the operands alone, after broadcasting.
    ///
    /// The evaluator then does the broadcasting, and gives the kernel contiguous pieces of equal length. All operands
    /// are read, whatever [`reads`](Op::reads) says.
    fn elementwise(&self) -> bool {
        false
    }

    /// Whether it has no kink: its result is differentiable wherever it is finite to both sides of the operands.
    ///
    /// The gradient checker accepts any slope between those of both sides at a kink; of an op that has none it does not,
    /// so that a wrong derivative cannot be taken for one.
    fn smooth(&self) -> bool {
        false
    }

    /// Whether its result counts as a constant, whatever it is computed from, as [`stop_gradient`](crate::Var::stop_gradient)
    /// says: its rules are zero on purpose, and the gradient checker holds it at its value.
    fn stops_gradient(&self) -> bool {
        false
    }

    /// What of it tells on which branch of a piecewise function a point lies: the result of a comparison, or the condition
    /// of a choice. Each of its elements counts as 0 or not.
    ///
    /// The gradient checker watches it in the function and in the rules, and takes no difference across two branches. The
    /// result of a comparison stands still wherever it does not change its branch.
    fn branches(&self) -> Option<Branch> {
        None
    }

    /// Whether row `i` of the result, along the first axis, depends on row `i` of the first operand and on the other
    /// operands as a whole: then the kernel can be run on some rows at a time.
    ///
    /// A plan hands rows to several threads, and lets elementwise ops follow in the same step.
    fn by_rows(&self) -> bool {
        false
    }

    /// Where the elements of a result of this shape lie in the buffer of the first operand, if the op moves none.
    ///
    /// The kernel serves where this gives `None`.
    fn view(&self, x: &Layout, shape: &[usize]) -> Option<Layout> {
        let _ = (x, shape);
        None
    }

    /// Where y is linear in an operand, the others held: a column of its matrix, that is what y gains for each unit by
    /// which one element of the operand, counted in row-major order, is moved.
    ///
    /// Calls `add(place in y, gain)` for the elements of y that the element has a part in, and returns true; false if
    /// the op is not linear, or does not say. The gradient checker then moves y instead of computing it again; it
    /// compares the two in every run, and takes nothing on trust.
    fn column(
        &self,
        operand: usize,
        x: Inputs<'_, '_, f64>,
        element: usize,
        add: &mut dyn FnMut(usize, f64),
    ) -> bool {
        let _ = (operand, x, element, add);
        false
    }

    /// Operands on which its derivatives exist, for tests.
    fn samples(&self) -> Vec<Sample> {
        Vec::new()
    }
}

/// What an op computes, generic over the precision.
pub trait Kernel<F: Float> {
    /// Writes the result to `y`, whose buffer holds arbitrary numbers before. Must not allocate.
    ///
    /// # Panics
    ///
    /// A kernel that cannot compute a result on some operands refuses them in [`check`](Self::check) instead of panicking.
    /// Where one panics all the same, the panic reaches the caller of the run, and the state is as it was before.
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>);

    /// Whether the operands' numbers are fit to be computed on: an index inside its axis, a matrix that can be factorised.
    ///
    /// Asked before every [`run`](Self::run), of the same operands; those of an
    /// [elementwise](Op::elementwise) op come in pieces. All are fit unless an op says otherwise.
    ///
    /// ```
    /// use chainrule::{op::*, Float, Tape, Var};
    ///
    /// /// `y[i] = x0[x1[i]]`.
    /// #[derive(Debug)]
    /// struct Take;
    ///
    /// impl<F: Float> Kernel<F> for Take {
    ///     fn check(&self, x: Inputs<'_, '_, F>) -> Result<(), String> {
    ///         let rows = x.shape(0)[0];
    ///         match x.index(1).slice().iter().position(|&i| i >= rows) {
    ///             None => Ok(()),
    ///             Some(at) => Err(format!("x1 is {} at index [{at}], and x0 has {rows} rows", x.index(1).slice()[at])),
    ///         }
    ///     }
    ///
    ///     fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
    ///         for (y, &i) in y.data.iter_mut().zip(x.index(1).slice()) {
    ///             *y = x.real(0).array()[i];
    ///         }
    ///     }
    /// }
    ///
    /// impl Op for Take {
    ///     fn name(&self) -> &'static str { "take" }
    ///     fn formula(&self) -> &'static str { "y = x0[x1]" }
    ///     fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> { Ok(x[1].shape.to_vec()) }
    ///     fn rule<'t>(&self, _: usize, _: &[Var<'t>], _: Var<'t>, _: Var<'t>) -> Derivative<'t> {
    ///         Derivative::NotDifferentiable
    ///     }
    /// }
    ///
    /// let tape = Tape::new();
    /// let x = tape.leaf("x", ndarray::arr1(&[1.0, 2.0]));
    /// let places = tape.index_leaf("places", ndarray::arr1(&[1, 5]));
    /// let y = tape.apply(Take, &[x, places]);
    /// let message = tape.values([y.id()]).unwrap_err().to_string();
    /// assert!(message.contains("take") && message.contains("x1 is 5 at index [1], and x0 has 2 rows"));
    /// assert!(message.contains("x1 = n1 `places` [2] of indices"));
    /// ```
    ///
    /// # Errors
    ///
    /// What is wrong with which number, and what would be right. Values and runs then return [`Error::Refused`], which adds
    /// op, node, operands and source line; a [`Plan`](crate::Plan) leaves its state as it was.
    ///
    /// [`Error::Refused`]: crate::Error::Refused
    fn check(&self, x: Inputs<'_, '_, F>) -> Result<(), String> {
        let _ = x;
        Ok(())
    }
}

/// A precision that kernels exist for: the bound of everything that runs graphs. `f32` and `f64` have it.
pub trait Precision: Float {
    /// The kernel of an op in this precision.
    fn kernel(op: &dyn Op) -> &dyn Kernel<Self>;
}

impl Precision for f32 {
    fn kernel(op: &dyn Op) -> &dyn Kernel<Self> {
        op
    }
}

impl Precision for f64 {
    fn kernel(op: &dyn Op) -> &dyn Kernel<Self> {
        op
    }
}

/// The shape and kind of an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operand<'a> {
    /// The sizes of its axes.
    pub shape: &'a [usize],
    /// Real numbers or indices.
    pub kind: Kind,
}

/// The shapes of exactly `N` operands of real numbers.
///
/// # Errors
///
/// A message if there are more or fewer, or one holds indices.
pub fn reals<'a, const N: usize>(x: &[Operand<'a>]) -> Result<[&'a [usize]; N], String> {
    let operands: [Operand<'a>; N] =
        x.try_into().map_err(|_| format!("takes {N} operands, got {}", x.len()))?;
    match operands.iter().position(|x| x.kind == Kind::Index) {
        Some(i) => Err(format!("operand {i} holds indices, and real numbers are wanted")),
        None => Ok(operands.map(|x| x.shape)),
    }
}

/// What of an op tells on which branch of a piecewise function a point lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Branch {
    /// Its result, as that of a comparison.
    Result,
    /// An operand, as the condition of a choice.
    Operand(usize),
}

/// What a rule returns.
#[derive(Debug, Clone, Copy)]
pub enum Derivative<'t> {
    /// The operand's cotangent.
    Var(Var<'t>),
    /// Zero wherever the derivative exists, whatever the values.
    Zero,
    /// There is no derivative, as for indices.
    NotDifferentiable,
}

/// A derivative that is zero, in the place of a rule.
#[derive(Debug, Clone, Copy)]
pub struct Zero;

impl<'t> From<Var<'t>> for Derivative<'t> {
    fn from(var: Var<'t>) -> Self {
        Self::Var(var)
    }
}

impl From<Zero> for Derivative<'_> {
    fn from(_: Zero) -> Self {
        Self::Zero
    }
}

/// Operands to test an op on.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample(pub Vec<(Vec<usize>, Domain)>);

impl Sample {
    /// Operands of these shapes, all from one domain.
    pub fn of<const N: usize>(shapes: [&[usize]; N], domain: Domain) -> Self {
        Self(shapes.iter().map(|s| (s.to_vec(), domain)).collect())
    }
}

/// Where the elements of a sample operand come from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Domain {
    /// Uniform between two numbers.
    Between(f64, f64),
    /// Of either sign, with a magnitude between two positive numbers: off a kink at 0.
    Signed(f64, f64),
    /// Multiples of 0.25 plus an offset, no two equal, shuffled: off the kinks where elements tie.
    Spaced(f64),
    /// Indices from 0 to one less than this.
    Index(usize),
}
