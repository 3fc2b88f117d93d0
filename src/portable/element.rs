//! What the elements of arrays are in a portable program.

/// What an element of an array is in a portable program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ElementType {
    /// A real number in the precision that the program is written in.
    Real,
    /// A real number in double precision, whatever that of the program is.
    Double,
    /// An index: 32 bits in StableHLO, 64 in ONNX.
    Index,
    /// A whole number of 64 bits that is not negative.
    Integer,
    /// True or false.
    Truth,
}

impl ElementType {
    /// Whether it is a real number, in one precision or the other.
    pub fn is_real(self) -> bool {
        matches!(self, Self::Real | Self::Double)
    }
}
