//! Verdicts on the nodes of a picture, drawn as badges with a sign, so that nothing is told by colour alone.

use serde::{Deserialize, Serialize};

/// A verdict on a node by a check, by the health of its numbers, or by a comparison with another graph; ordered from good
/// to bad. A node with several verdicts shows the worst, and a box the worst of its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// It is right: a quiet green tick.
    Right,
    /// It lies at a kink, where any of several derivatives is right: a bent line.
    Kink,
    /// It could not be decided: a question mark.
    Open,
    /// Its gradient is much smaller than others: an arrow down.
    Vanishing,
    /// Its gradient is 0 everywhere: a zero.
    ZeroGradient,
    /// A relu that lets nothing through: a flat line.
    Dead,
    /// Its gradient is much larger than others: an arrow up.
    Exploding,
    /// It has infinite numbers because an operand or consumer has: ∞ on white.
    InfiniteInherited,
    /// It has NaN because an operand or consumer has: N on white.
    NanInherited,
    /// Infinite numbers begin here: ∞ on red, and a thick outline.
    Infinite,
    /// NaN begins here: N on red, and a thick outline.
    Nan,
    /// It is in both graphs and differs: a wave, and a dotted outline.
    Changed,
    /// It is only in the new graph: a plus, and a thick outline.
    Added,
    /// It is only in the old graph: a minus, and a dashed outline.
    Removed,
    /// It is wrong: a red cross, and for an op a thick red outline. A leaf is wrong if its gradient is.
    Wrong,
}

impl Mark {
    pub(crate) const ALL: [Self; 15] = [
        Self::Wrong,
        Self::Removed,
        Self::Added,
        Self::Changed,
        Self::Nan,
        Self::Infinite,
        Self::NanInherited,
        Self::InfiniteInherited,
        Self::Exploding,
        Self::Dead,
        Self::ZeroGradient,
        Self::Vanishing,
        Self::Open,
        Self::Kink,
        Self::Right,
    ];

    /// Its name, as used in the CSS classes of the SVG.
    pub fn word(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Kink => "kink",
            Self::Open => "open",
            Self::Vanishing => "vanishing",
            Self::ZeroGradient => "zero_gradient",
            Self::Dead => "dead",
            Self::Exploding => "exploding",
            Self::InfiniteInherited => "infinite_inherited",
            Self::NanInherited => "nan_inherited",
            Self::Infinite => "infinite",
            Self::Nan => "nan",
            Self::Changed => "changed",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Wrong => "wrong",
        }
    }

    /// Its sign as a character, for formats that have only text.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Right => "✓",
            Self::Kink => "∧",
            Self::Open => "?",
            Self::Vanishing => "↓",
            Self::ZeroGradient => "0",
            Self::Dead => "—",
            Self::Exploding => "↑",
            Self::InfiniteInherited | Self::Infinite => "∞",
            Self::NanInherited | Self::Nan => "N",
            Self::Changed => "~",
            Self::Added => "+",
            Self::Removed => "−",
            Self::Wrong => "✗",
        }
    }

    /// Its meaning in words, as in the legend after the count.
    pub fn says(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Kink => "at a kink",
            Self::Open => "not resolved",
            Self::Vanishing => "vanishing gradient",
            Self::ZeroGradient => "gradient all 0",
            Self::Dead => "dead relu",
            Self::Exploding => "exploding gradient",
            Self::InfiniteInherited => "infinite, from before",
            Self::NanInherited => "NaN, from before",
            Self::Infinite => "infinite, begins here",
            Self::Nan => "NaN, begins here",
            Self::Changed => "changed",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Wrong => "wrong",
        }
    }

    /// The legend's entry for `count` nodes with this mark: `3 at a kink`.
    pub fn legend_entry(self, count: usize) -> String {
        format!("{} {}", crate::model::number::grouped(count), self.says())
    }

    /// Whether the outline shows the mark too. A leaf's outline does not show that it is wrong, which is often only the
    /// consequence of a wrong op.
    pub(crate) fn outlines(self, leaf: bool) -> bool {
        match self {
            Self::Wrong => !leaf,
            Self::Nan | Self::Infinite | Self::Changed | Self::Added | Self::Removed => true,
            _ => false,
        }
    }
}
