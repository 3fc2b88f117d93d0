//! Verdicts of a check at the nodes of a picture: a badge with a sign, so that colour is never all that tells.

use super::layout::{Point, Rect};
use super::model::Picture;
use super::svg::n;
use super::text::width;
use serde::{Deserialize, Serialize};

/// What a check says of a node, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// It is right: a quiet green tick.
    Right,
    /// It lies at a kink, where a derivative is as good as another: a bent line.
    Kink,
    /// It could not be told: a question mark.
    Open,
    /// It is wrong: a red cross, and, where it is an op, a thick red outline. A leaf is wrong if its gradient is.
    Wrong,
}

impl Mark {
    const ALL: [Self; 4] = [Self::Wrong, Self::Open, Self::Kink, Self::Right];

    /// The word for it, as used in classes of the SVG and in the legend.
    pub fn word(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Kink => "kink",
            Self::Open => "open",
            Self::Wrong => "wrong",
        }
    }

    /// Its sign as a character, for formats that have only text.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Right => "✓",
            Self::Kink => "∧",
            Self::Open => "?",
            Self::Wrong => "✗",
        }
    }

    /// What the legend says of so many nodes.
    fn counted(self, count: usize) -> String {
        match self {
            Self::Right => format!("{count} right"),
            Self::Kink => format!("{count} at a kink"),
            Self::Open => format!("{count} not resolved"),
            Self::Wrong => format!("{count} wrong"),
        }
    }

    /// The sign as a line around the origin; drawn, since fonts lack it.
    fn line(self) -> &'static str {
        match self {
            Self::Right => "M-3.2 .2L-.9 2.6L3.2 -2.4",
            Self::Kink => "M-3.4 2.4L0 -2.6L3.4 2.4",
            Self::Open => "M-1.9 -1.4C-1.9 -4 2.1 -4 2.1 -1.4C2.1 .2 0 0 0 1.6M0 3.3L0 3.5",
            Self::Wrong => "M-2.6 -2.6L2.6 2.6M-2.6 2.6L2.6 -2.6",
        }
    }
}

/// What a picture with marks adds to the style of others.
pub(super) const STYLE: &str = "\
.chainrule .badge{fill:#fff;stroke-width:1.3}
.chainrule .sign{fill:none;stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round}
.chainrule .mark-right .badge,.chainrule .mark-right .sign{stroke:#4d8a63}
.chainrule .mark-kink .badge,.chainrule .mark-kink .sign{stroke:#8a6100}
.chainrule .mark-open .badge,.chainrule .mark-open .sign{stroke:#52606d}
.chainrule .mark-wrong .badge{fill:#b3001b;stroke:#b3001b}
.chainrule .mark-wrong .sign{stroke:#fff;stroke-width:2}
.chainrule .node.wrong .body{stroke:#b3001b;stroke-width:3.2}
.chainrule .edge.wrong .line{stroke:#b3001b;stroke-width:3}
.chainrule .edge.wrong .head{fill:#b3001b;stroke:#b3001b;stroke-width:3;stroke-linejoin:round}
.chainrule .legend text{font-size:12px;text-anchor:start;fill:#3b4651}
";

/// Radius of a badge.
const RADIUS: f64 = 7.0;
/// Height that a legend takes below the drawing.
const HEIGHT: f64 = 24.0;
/// Font size of the legend, and room between its entries.
const SIZE: f64 = 12.0;
const GAP: f64 = 18.0;

/// A badge around a point.
pub(super) fn badge(mark: Mark, at: Point) -> String {
    let (x, y) = (n(at.x), n(at.y));
    format!(
        "<g class=\"mark-{}\" transform=\"translate({x} {y})\"><circle class=\"badge\" r=\"{RADIUS}\"/>\
         <path class=\"sign\" d=\"{}\"/></g>",
        mark.word(),
        mark.line()
    )
}

/// Where the badge of a node stands: at the upper right of its outline.
pub(super) fn place(body: Rect, round: bool) -> Point {
    let Point { x, y } = body.centre();
    // On a circle, half way between top and right.
    let reach = if round { std::f64::consts::FRAC_1_SQRT_2 } else { 1.0 };
    Point { x: x + reach * body.width / 2.0, y: y - reach * body.height / 2.0 }
}

/// The legend of a picture with marks: how many nodes have each.
pub(super) struct Legend(Vec<(Mark, String)>);

impl Legend {
    pub(super) fn of(picture: &Picture) -> Self {
        let count = |mark| picture.nodes.iter().filter(|node| node.mark == Some(mark)).count();
        let counts = Mark::ALL.into_iter().map(|mark| (mark, count(mark))).filter(|&(_, count)| count > 0);
        Self(counts.map(|(mark, count)| (mark, mark.counted(count))).collect())
    }

    /// The room that it takes: its width, and what it adds to the height.
    pub(super) fn size(&self) -> (f64, f64) {
        let wide = |(_, text): &(Mark, String)| 2.0 * RADIUS + 6.0 + width(text, SIZE) + GAP;
        match self.0.is_empty() {
            true => (0.0, 0.0),
            false => (self.0.iter().map(wide).sum::<f64>().ceil() + 16.0, HEIGHT),
        }
    }

    /// The legend at the foot of a canvas.
    pub(super) fn write(&self, height: f64) -> String {
        let (mut x, y) = (16.0 + RADIUS, height - 16.0);
        let mut out = String::from("<g class=\"legend\">\n");
        for (mark, text) in &self.0 {
            out.push_str(&badge(*mark, Point { x, y }));
            x += RADIUS + 6.0;
            out.push_str(&format!("\n<text x=\"{}\" y=\"{}\">{text}</text>\n", n(x), n(y + 0.35 * SIZE)));
            x += width(text, SIZE) + GAP + RADIUS;
        }
        out.push_str("</g>");
        out
    }
}
