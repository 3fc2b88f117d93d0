//! Verdicts on the nodes of a picture, drawn as badges with a sign, so that nothing is told by colour alone.

use serde::{Deserialize, Serialize};

/// A verdict on a node by a check, by the health of its numbers, or by a comparison with another graph; ordered from good
/// to bad. A node with several verdicts shows the worst, and a box the worst of its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Something is noted of it, in a picture of something else than numbers: an exclamation mark.
    Noted,
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
    /// Its gradient is infinite because that of a consumer is: ∞ on a white diamond.
    InfiniteGradientInherited,
    /// Its gradient is NaN because that of a consumer is: N on a white diamond.
    NanGradientInherited,
    /// Infinite gradients begin here: ∞ on a red diamond, and a thick outline.
    InfiniteGradient,
    /// NaN in gradients begins here: N on a red diamond, and a thick outline.
    NanGradient,
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
    /// Its gradient is wrong because something behind it is: a red cross on white.
    WrongInherited,
    /// It is wrong itself: a white cross on red, and for an op a thick red outline.
    Wrong,
}

impl Mark {
    pub(crate) const ALL: [Self; 21] = [
        Self::Wrong,
        Self::WrongInherited,
        Self::Removed,
        Self::Added,
        Self::Changed,
        Self::Nan,
        Self::Infinite,
        Self::NanGradient,
        Self::InfiniteGradient,
        Self::NanGradientInherited,
        Self::InfiniteGradientInherited,
        Self::NanInherited,
        Self::InfiniteInherited,
        Self::Exploding,
        Self::Dead,
        Self::ZeroGradient,
        Self::Vanishing,
        Self::Open,
        Self::Kink,
        Self::Right,
        Self::Noted,
    ];

    /// Its name, as used in the CSS classes of the SVG.
    pub fn word(self) -> &'static str {
        match self {
            Self::Noted => "noted",
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
            Self::WrongInherited => "wrong_inherited",
            Self::NanGradient => "nan_gradient",
            Self::InfiniteGradient => "infinite_gradient",
            Self::NanGradientInherited => "nan_gradient_inherited",
            Self::InfiniteGradientInherited => "infinite_gradient_inherited",
        }
    }

    /// Its sign as a character, for formats that have only text.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Noted => "!",
            Self::Right => "✓",
            Self::Kink => "∧",
            Self::Open => "?",
            Self::Vanishing => "↓",
            Self::ZeroGradient => "0",
            Self::Dead => "—",
            Self::Exploding => "↑",
            Self::InfiniteInherited | Self::Infinite => "∞",
            Self::NanInherited | Self::Nan => "N",
            Self::InfiniteGradientInherited | Self::InfiniteGradient => "◇∞",
            Self::NanGradientInherited | Self::NanGradient => "◇N",
            Self::WrongInherited => "✗",
            Self::Changed => "~",
            Self::Added => "+",
            Self::Removed => "−",
            Self::Wrong => "✗",
        }
    }

    /// Its meaning in words, as in the legend after the count.
    pub fn says(self) -> &'static str {
        match self {
            Self::Noted => "noted",
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
            Self::WrongInherited => "wrong in consequence",
            Self::NanGradient => "NaN gradient, begins here",
            Self::InfiniteGradient => "infinite gradient, begins here",
            Self::NanGradientInherited => "NaN gradient, from behind",
            Self::InfiniteGradientInherited => "infinite gradient, from behind",
        }
    }

    /// Whether it tells of a gradient that is not finite; its badge is then a diamond.
    pub(crate) fn of_gradient(self) -> bool {
        (Self::InfiniteGradientInherited..=Self::NanGradient).contains(&self)
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
            Self::Nan
            | Self::Infinite
            | Self::NanGradient
            | Self::InfiniteGradient
            | Self::Changed
            | Self::Added
            | Self::Removed => true,
            _ => false,
        }
    }
}
