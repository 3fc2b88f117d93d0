//! How the operands of a case lie in memory, and how often they are used.

use crate::check::ops::operands::real;
use crate::check::random::Random;
use crate::tape::sample::Domain;
use crate::tape::{Tape, Var};
use ndarray::{ArrayD, Slice, SliceInfoElem};

/// How the operands of a case lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrangement {
    Contiguous,
    Transposed,
    /// The kernels alone are judged, which are all that strides matter to.
    EverySecond,
    EverySecondBackwards,
    /// Every axis but the last is one element, stretched. Elements tie then, so the kernels alone are judged.
    Stretched,
    /// Contiguous, and the result is used twice.
    UsedTwice,
    /// One var is every operand.
    OneVar,
}

impl Arrangement {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Contiguous => "contiguous",
            Self::Transposed => "transposed",
            Self::EverySecond => "every second element",
            Self::EverySecondBackwards => "every second element, backwards",
            Self::Stretched => "stretched",
            Self::UsedTwice => "the result used twice",
            Self::OneVar => "one var for every operand",
        }
    }

    /// Whether the kernels alone are judged.
    pub(super) fn is_of_kernels(self) -> bool {
        matches!(self, Self::EverySecond | Self::Stretched)
    }

    /// A leaf, and the view of it that has a given shape.
    pub(super) fn leaf<'t>(
        self,
        tape: &'t Tape,
        name: &str,
        shape: &[usize],
        domain: Domain,
        random: &mut Random,
    ) -> (Var<'t>, Var<'t>) {
        // A domain may say something of the array as a whole: its numbers are those of the view.
        let numbers = real(shape, domain, random);
        match self {
            Self::Stretched if !domain.is_whole() => {
                let last = shape.len().saturating_sub(1);
                let one: Vec<usize> = shape
                    .iter()
                    .enumerate()
                    .map(|(axis, &n)| if axis < last { n.min(1) } else { n })
                    .collect();
                let leaf = tape.leaf(name, real(&one, domain, random));
                (leaf, leaf.broadcast_to(shape))
            }
            Self::Contiguous | Self::UsedTwice | Self::OneVar | Self::Stretched => {
                let leaf = tape.leaf(name, numbers);
                (leaf, leaf)
            }
            Self::Transposed => {
                let leaf = tape.leaf(name, numbers.reversed_axes());
                (leaf, leaf.t())
            }
            Self::EverySecond | Self::EverySecondBackwards => {
                let larger: Vec<usize> = shape.iter().map(|n| n + n.saturating_sub(1)).collect();
                let step = if self == Self::EverySecond { 2 } else { -2 };
                let mut whole = ArrayD::from_elem(larger, 0.75);
                whole.slice_each_axis_mut(|_| Slice::new(0, None, step)).assign(&numbers);
                let leaf = tape.leaf(name, whole);
                (leaf, leaf.slice(vec![SliceInfoElem::Slice { start: 0, end: None, step }; shape.len()]))
            }
        }
    }
}
