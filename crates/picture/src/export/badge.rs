//! Marks in SVG: badges with signs at the nodes, and a legend at the bottom of the drawing.

use crate::layout::geometry::{Point, Rect, round as n};
use crate::model::mark::Mark;
use crate::model::picture::{Picture, PictureNode};
use crate::model::text::width;

impl Mark {
    /// The sign as a path around the origin, since fonts lack some of them.
    fn line(self) -> &'static str {
        match self {
            Self::Right => "M-3.2 .2L-.9 2.6L3.2 -2.4",
            Self::Kink => "M-3.4 2.4L0 -2.6L3.4 2.4",
            Self::Open => "M-1.9 -1.4C-1.9 -4 2.1 -4 2.1 -1.4C2.1 .2 0 0 0 1.6M0 3.3L0 3.5",
            Self::Vanishing => "M0 -3.4L0 3.4M-2.6 .8L0 3.4L2.6 .8",
            Self::ZeroGradient => "M0 -3.4C2.9 -3.4 2.9 3.4 0 3.4C-2.9 3.4 -2.9 -3.4 0 -3.4Z",
            Self::Dead => "M-3.6 0L3.6 0",
            Self::Exploding => "M0 3.4L0 -3.4M-2.6 -.8L0 -3.4L2.6 -.8",
            Self::InfiniteInherited | Self::Infinite => {
                "M0 0C-1.4 -2.6 -4.4 -2.6 -4.4 0C-4.4 2.6 -1.4 2.6 0 0C1.4 -2.6 4.4 -2.6 4.4 0C4.4 2.6 1.4 2.6 0 0Z"
            }
            Self::NanInherited | Self::Nan => "M-2.3 3L-2.3 -3L2.3 3L2.3 -3",
            Self::Changed => "M-3.6 .9C-1.8 -3 1.8 3 3.6 -.9",
            Self::Added => "M-3.2 0L3.2 0M0 -3.2L0 3.2",
            Self::Removed => "M-3.2 0L3.2 0",
            Self::Wrong => "M-2.6 -2.6L2.6 2.6M-2.6 2.6L2.6 -2.6",
        }
    }
}

/// The style of marks.
const STYLE: &str = "\
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

/// The style of marks of the health of numbers.
const HEALTH: &str = "\
.chainrule .mark-vanishing .badge,.chainrule .mark-vanishing .sign{stroke:#2a6cb0}
.chainrule .mark-zero_gradient .badge,.chainrule .mark-zero_gradient .sign{stroke:#52606d}
.chainrule .mark-dead .badge{fill:#52606d;stroke:#52606d}
.chainrule .mark-dead .sign{stroke:#fff}
.chainrule .mark-exploding .badge,.chainrule .mark-exploding .sign{stroke:#b35900}
.chainrule .mark-infinite_inherited .badge,.chainrule .mark-infinite_inherited .sign{stroke:#b3001b}
.chainrule .mark-nan_inherited .badge,.chainrule .mark-nan_inherited .sign{stroke:#b3001b}
.chainrule .mark-infinite .badge,.chainrule .mark-nan .badge{fill:#b3001b;stroke:#b3001b}
.chainrule .mark-infinite .sign,.chainrule .mark-nan .sign{stroke:#fff}
.chainrule .node.nan .body,.chainrule .node.infinite .body{stroke:#b3001b;stroke-width:3.2}
";

/// The style of marks of differences.
const DIFFERENCES: &str = "\
.chainrule .mark-added .badge{fill:#2f7d4a;stroke:#2f7d4a}
.chainrule .mark-removed .badge{fill:#b3001b;stroke:#b3001b}
.chainrule .mark-changed .badge{fill:#8a6100;stroke:#8a6100}
.chainrule .mark-added .sign,.chainrule .mark-removed .sign,.chainrule .mark-changed .sign{stroke:#fff;stroke-width:2}
.chainrule .node.added .body{stroke:#2f7d4a;stroke-width:3.2}
.chainrule .node.removed .body{stroke:#b3001b;stroke-width:2;stroke-dasharray:7 4}
.chainrule .node.changed .body{stroke:#8a6100;stroke-width:3;stroke-dasharray:.1 5;stroke-linecap:round}
.chainrule .edge.added .line{stroke:#2f7d4a;stroke-width:3}
.chainrule .edge.added .head{fill:#2f7d4a;stroke:#2f7d4a;stroke-width:2}
.chainrule .edge.removed .line{stroke:#b3001b;stroke-dasharray:7 4}
.chainrule .edge.removed .head{fill:#b3001b}
";

/// The style of the marks in a picture; the style of all marks for a page, which may show any of them.
pub(crate) fn style(picture: Option<&Picture>) -> String {
    let Some(picture) = picture else { return [STYLE, HEALTH, DIFFERENCES].concat() };
    let nodes = picture.nodes.iter().filter_map(|node| node.mark);
    let marks: Vec<Mark> = nodes.chain(picture.edges.iter().filter_map(|edge| edge.mark)).collect();
    let any = |from, to| marks.iter().any(|mark| (from..=to).contains(mark));
    let mut style = if marks.is_empty() { String::new() } else { STYLE.to_owned() };
    style.push_str(if any(Mark::Vanishing, Mark::Nan) { HEALTH } else { "" });
    style.push_str(if any(Mark::Changed, Mark::Removed) { DIFFERENCES } else { "" });
    style
}

/// Radius of a badge.
const RADIUS: f64 = 7.0;
/// Height that a legend takes below the drawing.
const HEIGHT: f64 = 24.0;
/// Font size of the legend, and space between its entries.
const SIZE: f64 = 12.0;
const GAP: f64 = 18.0;

/// A badge around a point.
pub(crate) fn badge(mark: Mark, at: Point) -> String {
    let (x, y) = (n(at.x), n(at.y));
    format!(
        "<g class=\"mark-{}\" transform=\"translate({x} {y})\"><circle class=\"badge\" r=\"{RADIUS}\"/>\
         <path class=\"sign\" d=\"{}\"/></g>",
        mark.word(),
        mark.line()
    )
}

/// The centre of a node's badge: at the upper right of its outline.
pub(crate) fn place(body: Rect, round: bool) -> Point {
    let Point { x, y } = body.centre();
    // On a circle, half way between top and right.
    let reach = if round { std::f64::consts::FRAC_1_SQRT_2 } else { 1.0 };
    Point { x: x + reach * body.width / 2.0, y: y - reach * body.height / 2.0 }
}

/// The legend of a picture: how many nodes have each mark.
pub(crate) struct Legend(Vec<(Mark, String)>);

impl Legend {
    pub(crate) fn of(picture: &Picture) -> Self {
        let of_node =
            |node: &PictureNode, mark| match node.details.as_ref().filter(|known| !known.marks.is_empty()) {
                Some(known) => known.marks.iter().filter(|known| known.0 == mark).map(|known| known.1).sum(),
                None => usize::from(node.mark == Some(mark)),
            };
        let count = |mark| picture.nodes.iter().map(|node| of_node(node, mark)).sum();
        let counts = Mark::ALL
            .into_iter()
            .map(|mark| (mark, count(mark)))
            .filter(|&(_, count): &(Mark, usize)| count > 0);
        Self(counts.map(|(mark, count)| (mark, mark.legend_entry(count))).collect())
    }

    /// Its width, and what it adds to the height of the drawing.
    pub(crate) fn size(&self) -> (f64, f64) {
        let wide = |(_, text): &(Mark, String)| 2.0 * RADIUS + 6.0 + width(text, SIZE) + GAP;
        match self.0.is_empty() {
            true => (0.0, 0.0),
            false => (self.0.iter().map(wide).sum::<f64>().ceil() + 16.0, HEIGHT),
        }
    }

    /// The legend at the bottom of a canvas.
    pub(crate) fn write(&self, height: f64) -> String {
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
