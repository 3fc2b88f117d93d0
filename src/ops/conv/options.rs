//! How windows go over an image.

/// A number for each axis that windows slide over: one for all of them, or one for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PerAxis {
    /// The same for all axes.
    All(usize),
    /// One for each axis.
    Each(Vec<usize>),
}

impl From<usize> for PerAxis {
    fn from(n: usize) -> Self {
        Self::All(n)
    }
}

impl<const N: usize> From<[usize; N]> for PerAxis {
    fn from(each: [usize; N]) -> Self {
        Self::Each(each.to_vec())
    }
}

impl From<Vec<usize>> for PerAxis {
    fn from(each: Vec<usize>) -> Self {
        Self::Each(each)
    }
}

impl From<&[usize]> for PerAxis {
    fn from(each: &[usize]) -> Self {
        Self::Each(each.to_vec())
    }
}

impl PerAxis {
    /// One for each of so many axes.
    pub(super) fn on(&self, axes: usize, what: &str) -> Result<Vec<usize>, String> {
        match self {
            Self::All(n) => Ok(vec![*n; axes]),
            Self::Each(each) if each.len() == axes => Ok(each.clone()),
            Self::Each(each) => {
                Err(format!("{what} {each:?} for {axes} axes; give one number for each, or one for all"))
            }
        }
    }
}

/// How many zeros are put around an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Padding {
    /// As many before as after.
    Zeros(PerAxis),
    /// Before and after, for each axis.
    Pairs(Vec<(usize, usize)>),
    /// As many as make the result as large as the image, at stride 1; one more after than before, if the number is odd.
    Same,
}

impl<T: Into<PerAxis>> From<T> for Padding {
    fn from(each: T) -> Self {
        Self::Zeros(each.into())
    }
}

impl<const N: usize> From<[(usize, usize); N]> for Padding {
    fn from(pairs: [(usize, usize); N]) -> Self {
        Self::Pairs(pairs.to_vec())
    }
}

/// How a [convolution](crate::Var::conv) goes over an image.
///
/// ```
/// use chainrule::{Tape, ops::ConvOptions};
/// let tape = Tape::new();
/// let (x, w) = (tape.input("x", [8, 3, 32, 32]), tape.input("w", [16, 3, 5, 5]));
/// assert_eq!(x.conv(w, ConvOptions::default()).shape(), [8, 16, 28, 28]);
/// assert_eq!(x.conv(w, ConvOptions::default().stride(2).padding(2)).shape(), [8, 16, 16, 16]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConvOptions {
    /// The distance of one window from the next; 1 unless said otherwise.
    pub stride: PerAxis,
    /// The zeros around the image; none unless said otherwise.
    pub padding: Padding,
    /// The distance of elements in a window; 1 unless said otherwise.
    pub dilation: PerAxis,
    /// How many groups the channels fall into, each with weights of its own; 1 unless said otherwise.
    pub groups: usize,
}

impl Default for ConvOptions {
    fn default() -> Self {
        Self {
            stride: PerAxis::All(1),
            padding: Padding::Zeros(PerAxis::All(0)),
            dilation: PerAxis::All(1),
            groups: 1,
        }
    }
}

impl ConvOptions {
    /// With another distance of windows.
    #[must_use]
    pub fn stride(self, stride: impl Into<PerAxis>) -> Self {
        Self { stride: stride.into(), ..self }
    }

    /// With zeros around the image.
    #[must_use]
    pub fn padding(self, padding: impl Into<Padding>) -> Self {
        Self { padding: padding.into(), ..self }
    }

    /// With another distance of elements in a window.
    #[must_use]
    pub fn dilation(self, dilation: impl Into<PerAxis>) -> Self {
        Self { dilation: dilation.into(), ..self }
    }

    /// With channels in groups.
    #[must_use]
    pub fn groups(self, groups: usize) -> Self {
        Self { groups, ..self }
    }
}

/// How a pool goes over an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolOptions {
    /// How many elements a window takes along each axis.
    pub size: PerAxis,
    /// The distance of one window from the next; the size unless said otherwise.
    pub stride: Option<PerAxis>,
    /// How far windows reach beyond each end of the axes; nowhere unless said otherwise.
    pub padding: PerAxis,
    /// The distance of elements in a window; 1 unless said otherwise.
    pub dilation: PerAxis,
    /// Whether elements behind the last whole window get a window too, which reaches beyond the end; not unless said
    /// otherwise.
    pub ceil_mode: bool,
    /// Whether a mean counts the zeros in the padding; it does unless said otherwise.
    pub count_include_pad: bool,
}

impl PoolOptions {
    /// Windows of a size, one beside the other.
    pub fn new(size: impl Into<PerAxis>) -> Self {
        Self {
            size: size.into(),
            stride: None,
            padding: PerAxis::All(0),
            dilation: PerAxis::All(1),
            ceil_mode: false,
            count_include_pad: true,
        }
    }

    /// With a window for what is left behind the last whole one: as many windows as the division by the stride gives, rounded
    /// up, but none that would start behind the image. What it reaches beyond the padding counts in no mean.
    #[must_use]
    pub fn ceil_mode(self, ceil_mode: bool) -> Self {
        Self { ceil_mode, ..self }
    }

    /// With means that count the zeros in the padding, or do not.
    #[must_use]
    pub fn count_include_pad(self, count_include_pad: bool) -> Self {
        Self { count_include_pad, ..self }
    }

    /// With another distance of windows.
    #[must_use]
    pub fn stride(self, stride: impl Into<PerAxis>) -> Self {
        Self { stride: Some(stride.into()), ..self }
    }

    /// With windows that reach beyond the ends of the axes.
    #[must_use]
    pub fn padding(self, padding: impl Into<PerAxis>) -> Self {
        Self { padding: padding.into(), ..self }
    }

    /// With another distance of elements in a window.
    #[must_use]
    pub fn dilation(self, dilation: impl Into<PerAxis>) -> Self {
        Self { dilation: dilation.into(), ..self }
    }
}
