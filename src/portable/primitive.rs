//! The primitives of portable programs.

/// A function of arrays that every format of files has. Elementwise ones take operands of one shape.
#[derive(Debug, Clone, PartialEq)]
pub enum Primitive {
    /// An argument of the program, by its number.
    Argument(usize),
    /// These numbers in row-major order; a single one stands for all elements.
    Constant(Vec<f64>),
    /// A function of one operand, element by element.
    Unary(UnaryPrimitive),
    /// A function of two operands, element by element.
    Binary(BinaryPrimitive),
    /// A comparison of two operands, element by element.
    Compare(Comparison),
    /// Operand 1 where operand 0 is true, else operand 2.
    Select,
    /// The same numbers as elements of another type; towards 0 from real numbers to whole ones.
    Convert,
    /// Stretched: axis k of the operand becomes axis `axes[k]` of the result.
    Broadcast {
        /// For each axis of the operand, that of the result.
        axes: Vec<usize>,
    },
    /// The same elements in row-major order under another shape.
    Reshape,
    /// Axis k of the result is axis `axes[k]` of the operand.
    Transpose {
        /// For each axis of the result, that of the operand.
        axes: Vec<usize>,
    },
    /// Along each axis the elements from `start` up to `end`, by `step`.
    Slice {
        /// The first elements.
        start: Vec<usize>,
        /// Where they end, excluded.
        end: Vec<usize>,
        /// The distances, at least 1.
        step: Vec<usize>,
    },
    /// Backwards along some axes.
    Reverse {
        /// The axes.
        axes: Vec<usize>,
    },
    /// Longer along each axis: operand 1, a scalar, so many times before, after and between the elements of operand 0.
    Pad {
        /// How many before the first element.
        low: Vec<usize>,
        /// How many after the last element.
        high: Vec<usize>,
        /// How many between two neighbours.
        between: Vec<usize>,
    },
    /// The operands one after another along an axis.
    Concat {
        /// The axis.
        axis: usize,
    },
    /// A function of all elements along some axes, which disappear.
    Reduce {
        /// The function.
        function: ReducePrimitive,
        /// The axes, sorted.
        axes: Vec<usize>,
    },
    /// Sums of products: the axes of the result are those of batches, then what is left of operand 0, and of operand 1.
    Contract {
        /// The axes of each operand that stay and run together.
        batch: [Vec<usize>; 2],
        /// The axes of each operand that are summed over.
        summed: [Vec<usize>; 2],
    },
    /// The slices of operand 0 at the indices operand 1 of an axis; the axes of the indices stand in its place.
    Take {
        /// The axis.
        axis: usize,
    },
    /// The elements of operand 0 at the indices operand 1 along an axis, which have the shape of the result.
    TakeAlong {
        /// The axis.
        axis: usize,
    },
    /// Operand 0, and the slices operand 2 added at the indices operand 1 of an axis.
    AddAt {
        /// The axis.
        axis: usize,
    },
    /// Operand 0, and the elements of operand 2 added at the indices operand 1 along an axis, of the same shape.
    AddAlong {
        /// The axis.
        axis: usize,
    },
    /// The position of each element along an axis.
    Iota {
        /// The axis.
        axis: usize,
    },
    /// The order of the elements along the last axis, as indices: equal ones in their order, NaN as the greatest.
    ArgSort {
        /// Whether the greatest comes first.
        descending: bool,
    },
}

/// A function of one operand, element by element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum UnaryPrimitive {
    Neg,
    Abs,
    Exp,
    /// `eˣ − 1`, exact for small x.
    ExpM1,
    Ln,
    /// `ln(1 + x)`, exact for small x.
    Ln1p,
    Sqrt,
    Sin,
    Cos,
    Tanh,
    Sigmoid,
    Floor,
    Ceil,
    /// To the nearest whole number, and of two to the even one.
    Round,
    /// Of truths.
    Not,
}

/// A function of two operands, element by element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum BinaryPrimitive {
    Add,
    Sub,
    Mul,
    /// Rounded down for whole numbers.
    Div,
    /// NaN where one operand is.
    Maximum,
    /// NaN where one operand is.
    Minimum,
    Pow,
    /// What a division leaves, with the sign of the dividend.
    Rem,
    /// Of truths, or bit by bit.
    And,
    /// Of truths, or bit by bit.
    Or,
    /// Of truths, or bit by bit.
    Xor,
}

/// A comparison. With NaN only `NotEqual` is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum Comparison {
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
}

/// A function of all elements along axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum ReducePrimitive {
    Sum,
    Product,
    Max,
    Min,
}
