//! What is said of the nodes of a picture: a badge with a sign, so that colour is never all that tells.

use serde::{Deserialize, Serialize};

/// What is said of a node: by a check, by its numbers, or by a comparison with another graph; from good to bad. Of several, a node shows the worst, and so does a box of its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// It is right: a quiet green tick.
    Right,
    /// It lies at a kink, where a derivative is as good as another: a bent line.
    Kink,
    /// It could not be told: a question mark.
    Open,
    /// Its gradient is much smaller than others: an arrow down.
    Vanishing,
    /// Its gradient is 0 everywhere: a zero.
    ZeroGradient,
    /// A relu that lets nothing through: a flat line.
    Dead,
    /// Its gradient is much larger than others: an arrow up.
    Exploding,
    /// It has infinite numbers since what it was made from had some: ∞ on white.
    InfiniteInherited,
    /// It has numbers that are NaN since what it was made from had some: N on white.
    NanInherited,
    /// Infinite numbers begin here: ∞ on red, and a thick outline.
    Infinite,
    /// NaN begins here: N on red, and a thick outline.
    Nan,
    /// It is in both graphs and not the same: a wave, and a dotted outline.
    Changed,
    /// It is in the new graph alone: a plus, and a thick outline.
    Added,
    /// It is in the old graph alone: a minus, and a dashed outline.
    Removed,
    /// It is wrong: a red cross, and, where it is an op, a thick red outline. A leaf is wrong if its gradient is.
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

    /// The word for it, as used in classes of the SVG.
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

    /// What it says in words, as in the legend after the count.
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

    /// What the legend says of so many nodes.
    pub fn legend_entry(self, count: usize) -> String {
        format!("{} {}", crate::model::number::grouped(count), self.says())
    }

    /// Whether the outline of an op or a box shows it too; what a leaf has is often only the consequence.
    pub(crate) fn outlines(self, leaf: bool) -> bool {
        match self {
            Self::Wrong => !leaf,
            Self::Nan | Self::Infinite | Self::Changed | Self::Added | Self::Removed => true,
            _ => false,
        }
    }
}
