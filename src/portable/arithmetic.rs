//! Elementwise functions and operators of portable values.

use super::builder::Portable;
use super::element::ElementType;
use super::primitive::{BinaryPrimitive, Comparison, Primitive, UnaryPrimitive};
use crate::base::shape;
use std::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Rem, Sub};

/// What can stand beside a portable value: another, or a number.
pub trait IntoPortable<'p> {
    /// As a value of the same program, a number of the same type.
    fn on(self, other: Portable<'p>) -> Portable<'p>;
}

impl<'p> IntoPortable<'p> for Portable<'p> {
    fn on(self, _: Portable<'p>) -> Self {
        self
    }
}

impl<'p> IntoPortable<'p> for f64 {
    fn on(self, other: Portable<'p>) -> Portable<'p> {
        other.number(self)
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident $primitive:ident;)+) => {
        $(impl<'p, T: IntoPortable<'p>> $trait<T> for Portable<'p> {
            type Output = Portable<'p>;

            fn $method(self, other: T) -> Portable<'p> {
                self.binary(BinaryPrimitive::$primitive, other)
            }
        }

        impl<'p> $trait<Portable<'p>> for f64 {
            type Output = Portable<'p>;

            fn $method(self, other: Portable<'p>) -> Portable<'p> {
                other.number(self).binary(BinaryPrimitive::$primitive, other)
            }
        })+
    };
}

operators! {
    Add add Add;
    Sub sub Sub;
    Mul mul Mul;
    Div div Div;
    Rem rem Rem;
    BitAnd bitand And;
    BitOr bitor Or;
    BitXor bitxor Xor;
}

impl<'p> Neg for Portable<'p> {
    type Output = Portable<'p>;

    fn neg(self) -> Portable<'p> {
        self.unary(UnaryPrimitive::Neg)
    }
}

impl<'p> Not for Portable<'p> {
    type Output = Portable<'p>;

    fn not(self) -> Portable<'p> {
        self.unary(UnaryPrimitive::Not)
    }
}

macro_rules! unary {
    ($($(#[$doc:meta])* $method:ident $primitive:ident;)+) => {
        /// Functions of one operand, element by element.
        impl<'p> Portable<'p> {
            $($(#[$doc])*
            #[must_use]
            pub fn $method(self) -> Self {
                self.unary(UnaryPrimitive::$primitive)
            })+
        }
    };
}

unary! {
    /// `|x|`.
    abs Abs;
    /// `eˣ`.
    exp Exp;
    /// `eˣ − 1`, exact for small x.
    exp_m1 ExpM1;
    /// `ln x`.
    ln Ln;
    /// `ln(1 + x)`, exact for small x.
    ln_1p Ln1p;
    /// `√x`.
    sqrt Sqrt;
    /// `sin x`.
    sin Sin;
    /// `cos x`.
    cos Cos;
    /// `tanh x`.
    tanh Tanh;
    /// `1 / (1 + e⁻ˣ)`.
    sigmoid Sigmoid;
    /// `⌊x⌋`.
    floor Floor;
    /// `⌈x⌉`.
    ceil Ceil;
    /// The nearest whole number, and of two the even one.
    round Round;
}

macro_rules! compare {
    ($($(#[$doc:meta])* $method:ident $comparison:ident;)+) => {
        /// Comparisons, which give truths.
        impl<'p> Portable<'p> {
            $($(#[$doc])*
            #[must_use]
            pub fn $method(self, other: impl IntoPortable<'p>) -> Self {
                self.compare(Comparison::$comparison, other)
            })+
        }
    };
}

compare! {
    /// Whether x0 < x1.
    less Less;
    /// Whether x0 ≤ x1.
    less_equal LessEqual;
    /// Whether x0 > x1.
    greater Greater;
    /// Whether x0 ≥ x1.
    greater_equal GreaterEqual;
    /// Whether x0 = x1.
    equal Equal;
    /// Whether x0 ≠ x1.
    not_equal NotEqual;
}

/// Functions of several operands, which broadcast.
impl<'p> Portable<'p> {
    /// The greater of two; NaN where one is.
    #[must_use]
    pub fn maximum(self, other: impl IntoPortable<'p>) -> Self {
        self.binary(BinaryPrimitive::Maximum, other)
    }

    /// The less of two; NaN where one is.
    #[must_use]
    pub fn minimum(self, other: impl IntoPortable<'p>) -> Self {
        self.binary(BinaryPrimitive::Minimum, other)
    }

    /// `x0^x1`.
    #[must_use]
    pub fn pow(self, other: impl IntoPortable<'p>) -> Self {
        self.binary(BinaryPrimitive::Pow, other)
    }

    /// `1 / x`.
    #[must_use]
    pub fn recip(self) -> Self {
        1.0 / self
    }

    /// `x²`.
    #[must_use]
    pub fn square(self) -> Self {
        self * self
    }

    /// Whether it is NaN.
    #[must_use]
    pub fn is_nan(self) -> Self {
        self.not_equal(self)
    }

    /// Where this, truths, is true, `a`, else `b`; the three broadcast.
    #[must_use]
    pub fn select(self, a: impl IntoPortable<'p>, b: Portable<'p>) -> Self {
        let a = a.on(b);
        if self.element() != ElementType::Truth || a.element() != b.element() {
            return self.refuse("a choice takes truths, and two operands of one type".to_owned());
        }
        match shape::broadcast_all(&[&self.shape(), &a.shape(), &b.shape()]) {
            Ok(to) => {
                let [condition, a, b] = [self, a, b].map(|x| x.broadcast_to(&to));
                condition.push(Primitive::Select, &[a, b], b.element(), to)
            }
            Err(problem) => self.refuse(problem),
        }
    }

    /// As elements of another type: truths are 1 and 0.
    #[must_use]
    pub fn convert(self, element: ElementType) -> Self {
        if self.element() == element {
            return self;
        }
        self.push(Primitive::Convert, &[], element, self.shape())
    }

    /// Truths as real numbers, 1 and 0.
    #[must_use]
    pub fn real(self) -> Self {
        self.convert(ElementType::Real)
    }

    /// `c₀ + c₁ x + c₂ x² + …`, by Horner's rule.
    #[must_use]
    pub fn polynomial(self, coefficients: &[f64]) -> Self {
        let mut all = coefficients.iter().rev();
        let mut y = self.number(all.next().copied().unwrap_or(0.0));
        for &c in all {
            y = y * self + c;
        }
        y
    }

    fn unary(self, function: UnaryPrimitive) -> Self {
        let fits = match function {
            UnaryPrimitive::Not => self.element() == ElementType::Truth,
            _ => self.element().is_real(),
        };
        if !fits {
            return self.refuse(format!("{function:?} of {:?}", self.element()));
        }
        self.push(Primitive::Unary(function), &[], self.element(), self.shape())
    }

    fn binary(self, function: BinaryPrimitive, other: impl IntoPortable<'p>) -> Self {
        match self.alike(other) {
            Ok([a, b]) => a.push(Primitive::Binary(function), &[b], a.element(), a.shape()),
            Err(problem) => self.refuse(format!("{function:?}: {problem}")),
        }
    }

    fn compare(self, comparison: Comparison, other: impl IntoPortable<'p>) -> Self {
        match self.alike(other) {
            Ok([a, b]) => a.push(Primitive::Compare(comparison), &[b], ElementType::Truth, a.shape()),
            Err(problem) => self.refuse(format!("{comparison:?}: {problem}")),
        }
    }

    fn alike(self, other: impl IntoPortable<'p>) -> Result<[Self; 2], String> {
        let other = other.on(self);
        if self.element() != other.element() {
            return Err(format!("{:?} beside {:?}", self.element(), other.element()));
        }
        let to = shape::broadcast(&self.shape(), &other.shape())?;
        Ok([self.broadcast_to(&to), other.broadcast_to(&to)])
    }
}
