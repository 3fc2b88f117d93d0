//! The contract of an op: what it is called, which shapes it takes, what it computes, how it is differentiated.
//!
//! [`Tape`] and [`Var`] are defined beside it, since the three speak of each other: a rule is written with vars, a var
//! belongs to a tape, and a tape holds the ops that are recorded on it.

pub use super::kernel::Kernel;
use super::sample::Sample;
use crate::Float;
use crate::base::shape::Layout;
use crate::graph::{Attributes, Branch, Kind, NodeId};
use crate::kernel::{Inputs, Output};
use crate::portable::Portable;
use std::any::Any;
use std::cell::RefCell;
use std::fmt::{self, Debug};
use std::sync::Arc;

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
pub trait Op: Any + Debug + Send + Sync + OpKernels {
    /// The name that a [`Registry`](super::Registry) finds it by, such as `matmul`.
    fn name(&self) -> &'static str;

    /// How it is drawn, such as `×`; the name unless said otherwise.
    fn symbol(&self) -> String {
        self.name().to_owned()
    }

    /// What it computes, such as `y = x0 · x1`, for drawings and messages.
    ///
    /// It begins with `y = `; the operand is `x`, and of several the operands are `x0`, `x1`, …; attributes stand by their names.
    /// What no formula says in a line is said in a few words: `y = x with permuted axes`.
    fn formula(&self) -> &'static str;

    /// How it is written in other formulas, on its operands `x`, or `x0`, `x1`, …: `x0 × x1`, `xᵀ`. If there is nothing, as a
    /// function of them by its name.
    ///
    /// Unless said otherwise it is the right side of its [`formula`](Op::formula) where that is arithmetic: operands, numbers,
    /// signs, a sum `Σ x`, comparisons and parentheses. A comparison stands in brackets in other formulas, `[x > 0]`, which is 1 where
    /// it holds and 0 elsewhere (Iverson's bracket; Knuth 1992, "Two notes on notation"), and a sum over one axis of a matrix says over which.
    fn notation(&self) -> Option<&'static str> {
        arithmetic(self.formula())
    }

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

    /// Whether the elements of the result are real numbers or indices; asked where the [shape](Op::shape) rule has accepted
    /// the operands. Indices are `usize`s, kept apart from numbers in every precision: the kernel writes
    /// [`Output::indices`], and an op that takes them reads [`Inputs::index`]. They count as constants: no gradient goes
    /// through them, as through a [stopped](Op::stops_gradient) one, and no rule is asked for.
    ///
    /// ```
    /// use chainrule::{op::*, Float, Tape, Var};
    ///
    /// /// The position of the first element that is not 0, or the number of elements.
    /// #[derive(Debug)]
    /// struct First;
    ///
    /// impl<F: Float> Kernel<F> for First {
    ///     fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
    ///         let x = x.real(0).array();
    ///         y.indices[0] = x.iter().position(|&x| x != F::zero()).unwrap_or(x.len());
    ///     }
    /// }
    ///
    /// impl Op for First {
    ///     fn name(&self) -> &'static str { "first" }
    ///     fn formula(&self) -> &'static str { "y = position of the first x ≠ 0" }
    ///     fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
    ///         reals::<1>(x).map(|_| vec![])
    ///     }
    ///     fn kind(&self, _: &[Operand<'_>]) -> Kind { Kind::Index }
    ///     fn rule<'t>(&self, _: usize, _: &[Var<'t>], _: Var<'t>, _: Var<'t>) -> Derivative<'t> {
    ///         Derivative::NotDifferentiable
    ///     }
    /// }
    ///
    /// let tape = Tape::new();
    /// let x = tape.leaf("x", ndarray::arr1(&[0.0, 0.0, 3.0]));
    /// let first = tape.apply(First, &[x]);
    /// assert_eq!(first.value().item(), 2.0);
    /// let message = tape.try_apply(chainrule::ops::Sin, &[first]).unwrap_err().to_string();
    /// assert!(message.contains("holds indices"), "{message}");
    /// ```
    fn kind(&self, x: &[Operand<'_>]) -> Kind {
        let _ = x;
        Kind::Real
    }

    /// How many numbers of workspace the kernel needs on operands that lie so: it is given them as
    /// [`Output::scratch`](crate::op::Output::scratch), with arbitrary numbers in them. Kernels must not allocate.
    ///
    /// A plan makes room for it when it is compiled, one for all its steps, and counts it in
    /// [`Schedule::registers`](crate::Schedule::registers). A kernel with a workspace runs in one piece: it is not split for
    /// threads, unless it does so [itself](Op::threaded). Elementwise ops have none.
    fn scratch(&self, x: &[&Layout], shape: &[usize]) -> usize {
        let _ = (x, shape);
        0
    }

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

    /// Whether its rounding errors are those of operands changed by roundings of the *greatest* element of each matrix in the
    /// last two axes, instead of each element by roundings of its own: whether it is backward stable normwise and not
    /// componentwise, as decompositions are (Higham 2002, "Accuracy and Stability of Numerical Algorithms", 7.2 and 19.3).
    ///
    /// The gradient checker measures by such changes how uncertain its results and its rules are.
    fn normwise(&self) -> bool {
        false
    }

    /// Whether its result counts as a constant, whatever it is computed from, as [`stop_gradient`](crate::Var::stop_gradient)
    /// says: its rules are zero on purpose, and the gradient checker holds it at its value.
    fn stops_gradient(&self) -> bool {
        false
    }

    /// Whether it is a gate, as `relu`: zero, and with derivative zero, wherever its one operand is negative. A gate whose
    /// result is zero everywhere is *dead*: nothing comes back through it, and what is before it learns nothing. Health
    /// marks point such nodes out.
    fn gates(&self) -> bool {
        false
    }

    /// What of it tells on which branch of a piecewise function a point lies: its result, as that of a comparison or of
    /// rounding, which stands still as long as the branch does not change; or the condition of a choice, each element of
    /// which counts as 0 or not.
    ///
    /// The gradient checker watches it in the function and in the rules, and takes no difference across two branches.
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

    /// Whether the kernel divides its work among [`Output::threads`](crate::op::Output::threads) itself. A plan then gives it
    /// as many threads as there are, and a [workspace](Op::scratch) for each of them, one behind the other.
    fn threaded(&self) -> bool {
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

    /// How many floating-point operations it takes to compute a result of this shape: for [tables of costs](crate::GraphSummary), which tell
    /// orders of magnitude and not time.
    ///
    /// Unless said otherwise: none for a [view](Op::view), one for each element of the result of an elementwise op, whatever its
    /// function, and one for each element that any other op reads. A product with n terms takes 2n.
    fn flops(&self, x: &[Operand<'_>], shape: &[usize]) -> u64 {
        let count = |shape: &[usize]| shape.iter().fold(1_u64, |n, &size| n.saturating_mul(size as u64));
        let first = x.first().map(|first| Layout::contiguous(first.shape));
        match first {
            Some(first) if self.view(&first, shape).is_some() => 0,
            _ if self.elementwise() => count(shape),
            _ => {
                let read = x.iter().enumerate().filter(|(i, _)| self.reads(*i));
                read.fold(0, |sum, (_, x)| sum.saturating_add(count(x.shape)))
            }
        }
    }

    /// How it is written with portable primitives, for [files of other engines](crate::exchange): from the values of its
    /// operands to that of its result, which has this shape or is stretched to it. Of operands that it does not
    /// [read](Op::reads), shapes alone are what they say.
    ///
    /// ```
    /// # use chainrule::op::*;
    /// fn portable<'p>(x: &[Portable<'p>], _: &[usize]) -> Result<Portable<'p>, String> {
    ///     Ok(x[0] * x[0].sigmoid())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If it has no such form; what stands in the way.
    fn portable<'p>(&self, x: &[Portable<'p>], shape: &[usize]) -> Result<Portable<'p>, String> {
        let _ = (x, shape);
        Err("it has no form in portable primitives; `Op::portable` gives it one".to_owned())
    }

    /// Whether operands stretch to each other, or to a shape, beginning with the last axis, so that more axes of size 1 in front of one
    /// change nothing but perhaps the rank of the result.
    fn broadcasts(&self) -> bool {
        self.elementwise()
    }

    /// The op that computes many results at once, on operands of which those that are marked have one axis more in front, all
    /// of the same size: the result has that axis in front too. `None` if there is none; what is computed in many
    /// directions, as by [`Var::vjps`], is then recorded for each of them. Not asked of elementwise ops, which are their own.
    fn batched(&self, is_batched: &[bool]) -> Option<Arc<dyn Op>> {
        let _ = is_batched;
        None
    }

    /// The stretch of the graph that it stands at the end of, if it gives one a rule of its own, as
    /// [`checkpoint`](Tape::checkpoint) and [`with_vjp`](Tape::with_vjp) do. Then its value is operand 0, the result of the
    /// stretch; that is computed from the other operands, and to them alone its rules hand anything on.
    ///
    /// The gradient checker moves these operands and computes the stretch with them.
    fn stretch(&self) -> Option<&dyn RecordAgain> {
        None
    }

    /// Operands on which its derivatives exist, for tests.
    fn samples(&self) -> Vec<Sample> {
        Vec::new()
    }

    /// The highest order to which its rules can be differentiated again; tests go no further, and at most to the second.
    ///
    /// A rule written with recorded ops has every order; one that calls an op whose own rule is missing does not.
    fn orders(&self) -> usize {
        usize::MAX
    }

    /// Magnitudes of operands at which [`OpCheck`](crate::check::OpCheck) tries it beside its samples: close to a number where
    /// formulas cancel, where it saturates, where a naive formula overflows. From 709.8 on, `exp` overflows in double
    /// precision, and from 88.7 in single precision.
    fn extremes(&self) -> &[f64] {
        &[1e-3, 30.0, 800.0]
    }
}

/// Defines the kernels that an op has.
macro_rules! op_kernels {
    ($($bound:tt)+) => {
        /// The kernels of an op: in f64, and in f32 unless the crate is built without its feature `f32`. A type has this that
        /// implements [`Kernel`] for them.
        pub trait OpKernels: $($bound)+ {}

        impl<K: $($bound)+> OpKernels for K {}
    };
}

#[cfg(feature = "f32")]
op_kernels!(Kernel<f64> + Kernel<f32>);
#[cfg(not(feature = "f32"))]
op_kernels!(Kernel<f64>);

/// What stands for a kernel in f32 where the crate is built without.
#[cfg(not(feature = "f32"))]
struct NoKernel;

#[cfg(not(feature = "f32"))]
impl Kernel<f32> for NoKernel {
    fn check(&self, _: Inputs<'_, '_, f32>) -> Result<(), String> {
        Err("nothing is computed in f32, since the crate is built without its feature `f32`".to_owned())
    }

    fn run(&self, _: Inputs<'_, '_, f32>, y: Output<'_, f32>) {
        y.data.fill(f32::NAN);
    }
}

/// A stretch of a graph that can be recorded again; see [`Op::stretch`].
pub trait RecordAgain {
    /// Records it on operands x1, x2, … of its op, which are of the tape.
    ///
    /// # Errors
    ///
    /// If they are not what it takes.
    #[track_caller]
    fn record<'t>(&self, tape: &'t Tape, operands: &[Var<'t>]) -> crate::Result<Var<'t>>;
}

/// A precision that kernels exist for: the bound of everything that runs graphs. `f32` and `f64` have it.
pub trait Precision: Float {
    /// The kernel of an op in this precision.
    fn kernel(op: &dyn Op) -> &dyn Kernel<Self>;
}

impl Precision for f32 {
    #[cfg(feature = "f32")]
    fn kernel(op: &dyn Op) -> &dyn Kernel<Self> {
        op
    }

    #[cfg(not(feature = "f32"))]
    fn kernel(_: &dyn Op) -> &dyn Kernel<Self> {
        &NoKernel
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

/// Runs an op's kernel, unless it refuses the operands.
pub(crate) fn call<F: Precision>(op: &dyn Op, x: Inputs<'_, '_, F>, y: Output<'_, F>) -> Result<(), String> {
    let kernel = F::kernel(op);
    kernel.check(x)?;
    kernel.run(x, y);
    Ok(())
}

/// What changes of a tape as it is recorded on.
pub(crate) type Recorder = super::recorder::RecorderOf<dyn Op>;

/// What a user records on. It owns the graph while the graph grows, and the values computed so far.
///
/// Recording checks arguments and infers shapes at once, and computes nothing: a model can be built, drawn, saved and
/// differentiated with no data at hand. [`Var::value`] computes when asked.
///
/// ```
/// let tape = chainrule::Tape::new();
/// let apple = tape.leaf("apple", 100.0);
/// let price = apple * 2.0 * tape.leaf("tax", 1.1);
/// assert_eq!(price.value().item().round(), 220.0);
/// ```
#[derive(Debug, Default)]
pub struct Tape {
    pub(super) recorder: RefCell<Recorder>,
}

/// A `Copy` handle to a node on a tape. It has a shape and no precision.
#[derive(Clone, Copy)]
pub struct Var<'t> {
    pub(super) tape: &'t Tape,
    pub(super) id: NodeId,
}

/// The right side of a formula `y = …`, if it is arithmetic: operands, numbers, signs, sums, comparisons and parentheses.
pub(crate) fn arithmetic(formula: &'static str) -> Option<&'static str> {
    let right = formula.strip_prefix("y = ")?;
    let signs = "+−×÷/·²³ᵀΣ>≥<≤=≠";
    let known = right.chars().all(|c| "x ()".contains(c) || c.is_ascii_digit() || signs.contains(c));
    (known && right.contains(|c| signs.contains(c))).then_some(right)
}
