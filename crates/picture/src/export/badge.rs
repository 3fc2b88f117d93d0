//! Marks in SVG: badges with signs at the nodes, and a legend at the bottom of the drawing.

use crate::layout::geometry::{Point, Rect, round as n};
use crate::model::mark::Mark;
use crate::model::number::NOT_COMPUTED;
use crate::model::picture::{Picture, PictureNode};
use crate::model::text::width;

impl Mark {
    /// The sign as a path around the origin, since fonts lack some of them.
    fn line(self) -> &'static str {
        match self {
            Self::Noted => "M0 -3.6L0 .8M0 3.3L0 3.5",
            Self::Right => "M-3.2 .2L-.9 2.6L3.2 -2.4",
            Self::Kink => "M-3.4 2.4L0 -2.6L3.4 2.4",
            Self::Open => "M-1.9 -1.4C-1.9 -4 2.1 -4 2.1 -1.4C2.1 .2 0 0 0 1.6M0 3.3L0 3.5",
            Self::Vanishing => "M0 -3.4L0 3.4M-2.6 .8L0 3.4L2.6 .8",
            Self::ZeroGradient => "M0 -3.4C2.9 -3.4 2.9 3.4 0 3.4C-2.9 3.4 -2.9 -3.4 0 -3.4Z",
            Self::Dead => "M-3.6 0L3.6 0",
            Self::Exploding => "M0 3.4L0 -3.4M-2.6 -.8L0 -3.4L2.6 -.8",
            Self::InfiniteInherited
            | Self::Infinite
            | Self::InfiniteGradientInherited
            | Self::InfiniteGradient => {
                "M0 0C-1.4 -2.6 -4.4 -2.6 -4.4 0C-4.4 2.6 -1.4 2.6 0 0C1.4 -2.6 4.4 -2.6 4.4 0C4.4 2.6 1.4 2.6 0 0Z"
            }
            Self::NanInherited | Self::Nan | Self::NanGradientInherited | Self::NanGradient => {
                "M-2.3 3L-2.3 -3L2.3 3L2.3 -3"
            }
            Self::Changed => "M-3.6 .9C-1.8 -3 1.8 3 3.6 -.9",
            Self::Added => "M-3.2 0L3.2 0M0 -3.2L0 3.2",
            Self::Removed => "M-3.2 0L3.2 0",
            Self::Wrong | Self::WrongInherited => "M-2.6 -2.6L2.6 2.6M-2.6 2.6L2.6 -2.6",
        }
    }
}

/// The style of marks.
const STYLE: &str = "\
.chainrule .badge{fill:#fff;stroke-width:1.3}
.chainrule .sign{fill:none;stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round}
.chainrule .mark-right .badge,.chainrule .mark-right .sign{stroke:#3a7350}
.chainrule .mark-noted .badge,.chainrule .mark-noted .sign{stroke:#1f2933}
.chainrule .mark-kink .badge,.chainrule .mark-kink .sign{stroke:#8a6100}
.chainrule .mark-open .badge,.chainrule .mark-open .sign{stroke:#52606d}
.chainrule .mark-wrong .badge{fill:#b3001b;stroke:#b3001b}
.chainrule .mark-wrong .sign{stroke:#fff;stroke-width:2}
.chainrule .mark-wrong_inherited .badge,.chainrule .mark-wrong_inherited .sign{stroke:#b3001b}
.chainrule .node.wrong .body{stroke:#b3001b;stroke-width:3.2}
.chainrule .edge.wrong .line{stroke:#b3001b;stroke-width:3}
.chainrule .edge.wrong .head{fill:#b3001b;stroke:#b3001b;stroke-width:3;stroke-linejoin:round}
";

/// The style of the legend.
const LEGEND: &str = ".chainrule .legend text{font-size:12px;text-anchor:start;fill:#3b4651}\n";

/// The style of marks of the health of numbers.
const HEALTH: &str = "\
.chainrule .mark-vanishing .badge,.chainrule .mark-vanishing .sign{stroke:#2a6cb0}
.chainrule .mark-zero_gradient .badge,.chainrule .mark-zero_gradient .sign{stroke:#52606d}
.chainrule .mark-dead .badge{fill:#52606d;stroke:#52606d}
.chainrule .mark-dead .sign{stroke:#fff}
.chainrule .mark-exploding .badge,.chainrule .mark-exploding .sign{stroke:#b35900}
.chainrule .mark-infinite_inherited .badge,.chainrule .mark-infinite_inherited .sign{stroke:#b3001b}
.chainrule .mark-nan_inherited .badge,.chainrule .mark-nan_inherited .sign{stroke:#b3001b}
.chainrule .mark-nan_gradient_inherited .badge,.chainrule .mark-nan_gradient_inherited .sign{stroke:#b3001b}
.chainrule .mark-infinite_gradient_inherited .badge,.chainrule .mark-infinite_gradient_inherited .sign{stroke:#b3001b}
.chainrule .mark-infinite_gradient .badge,.chainrule .mark-nan_gradient .badge{fill:#b3001b;stroke:#b3001b}
.chainrule .mark-infinite_gradient .sign,.chainrule .mark-nan_gradient .sign{stroke:#fff}
.chainrule .node.nan_gradient .body,.chainrule .node.infinite_gradient .body{stroke:#b3001b;stroke-width:3.2}
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
    let Some(picture) = picture else { return [STYLE, HEALTH, DIFFERENCES, LEGEND].concat() };
    let nodes = picture.nodes.iter().filter_map(|node| node.mark);
    let marks: Vec<Mark> = nodes.chain(picture.edges.iter().filter_map(|edge| edge.mark)).collect();
    let any = |from, to| marks.iter().any(|mark| (from..=to).contains(mark));
    let mut style = if marks.is_empty() { String::new() } else { STYLE.to_owned() };
    style.push_str(if marks.is_empty() && signs(picture).is_empty() { "" } else { LEGEND });
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

/// A badge around a point: a circle, or a diamond for what is said of a gradient.
pub(crate) fn badge(mark: Mark, at: Point) -> String {
    let (x, y) = (n(at.x), n(at.y));
    let outline = match mark.of_gradient() {
        true => "<path class=\"badge\" d=\"M0 -9.5L9.5 0L0 9.5L-9.5 0Z\"/>".to_owned(),
        false => format!("<circle class=\"badge\" r=\"{RADIUS}\"/>"),
    };
    let (word, line) = (mark.word(), mark.line());
    format!(
        "<g class=\"mark-{word}\" transform=\"translate({x} {y})\">{outline}<path class=\"sign\" d=\"{line}\"/></g>"
    )
}

/// The centre of a node's badge: at the upper right of its outline.
pub(crate) fn place(body: Rect, round: bool) -> Point {
    let Point { x, y } = body.centre();
    // On a circle, half way between top and right.
    let reach = if round { std::f64::consts::FRAC_1_SQRT_2 } else { 1.0 };
    Point { x: x + reach * body.width / 2.0, y: y - reach * body.height / 2.0 }
}

/// The legend of a picture: how many nodes have each mark, and what the signs in its numbers mean.
pub(crate) struct Legend {
    entries: Vec<(Option<Mark>, String)>,
    /// How many entries each row has.
    rows: Vec<usize>,
    width: f64,
}

/// The signs of numbers with their meanings.
const SIGNS: [(&str, &str); 4] = [
    ("µ", "µ mean"),
    ("σ", "σ standard deviation"),
    (NOT_COMPUTED, "– not computed"),
    ("Σ", "Σ sum of the gradients that come back"),
];

impl Legend {
    /// The legend below a drawing of some width.
    pub(crate) fn of(picture: &Picture, width: f64) -> Self {
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
        let marks = counts.map(|(mark, count)| (Some(mark), mark.legend_entry(count)));
        let signs = signs(picture).into_iter().map(|said| (None, said.to_owned()));
        let entries: Vec<(Option<Mark>, String)> = marks.chain(signs).collect();
        let mut legend = Self { entries, rows: Vec::new(), width: 0.0 };
        legend.fill(width);
        legend
    }

    /// Breaks the entries into rows.
    fn fill(&mut self, width: f64) {
        let mut x = 0.0;
        for (mark, text) in &self.entries {
            let wide = entry_width(*mark, text);
            match self.rows.last_mut() {
                Some(row) if x + wide <= width - 16.0 => *row += 1,
                _ => {
                    self.rows.push(1);
                    x = 0.0;
                }
            }
            x += wide;
            self.width = self.width.max(x + 16.0);
        }
    }

    /// Its width, and what it adds to the height of the drawing.
    pub(crate) fn size(&self) -> (f64, f64) {
        (self.width.ceil(), HEIGHT * self.rows.len() as f64)
    }

    /// The legend at the bottom of a canvas.
    pub(crate) fn write(&self, height: f64) -> String {
        let mut out = String::from("<g class=\"legend\">\n");
        let mut y = height - 16.0 - HEIGHT * (self.rows.len().max(1) - 1) as f64;
        let mut entries = self.entries.iter();
        for &count in &self.rows {
            let mut x = 16.0;
            for (mark, text) in entries.by_ref().take(count) {
                let start = if mark.is_some() { 2.0 * RADIUS + 6.0 } else { 0.0 };
                if let Some(mark) = mark {
                    out.push_str(&badge(*mark, Point { x: x + RADIUS, y }));
                    out.push('\n');
                }
                out.push_str(&format!(
                    "<text x=\"{}\" y=\"{}\">{text}</text>\n",
                    n(x + start),
                    n(y + 0.35 * SIZE)
                ));
                x += entry_width(*mark, text);
            }
            y += HEIGHT;
        }
        out.push_str("</g>");
        out
    }
}

fn entry_width(mark: Option<Mark>, text: &str) -> f64 {
    mark.map_or(0.0, |_| 2.0 * RADIUS + 6.0) + width(text, SIZE) + GAP
}

/// What the signs mean that the numbers of a picture have.
fn signs(picture: &Picture) -> Vec<&'static str> {
    let consumers = picture.consumer_counts();
    let sums =
        picture.nodes.iter().zip(consumers).any(|(node, consumers)| consumers > 1 && node.gradient.is_some());
    let edges = picture.drawn_edges().flat_map(|(_, edge)| [&edge.value, &edge.gradient]);
    let texts: Vec<&str> = edges.flatten().map(String::as_str).collect();
    let is_used = |sign: &str| match sign {
        "Σ" => sums,
        NOT_COMPUTED => texts.contains(&NOT_COMPUTED),
        _ => texts.iter().any(|text| text.contains(sign)),
    };
    SIGNS.iter().filter(|(sign, _)| is_used(sign)).map(|&(_, said)| said).collect()
}
