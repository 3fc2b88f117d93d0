//! Where a layout puts the centres of everything, and how much of each rank its boxes take; still without lines.

use crate::layout::geometry::{EdgeLine, Point, Rect};

/// The centres that a layout found, still without lines.
#[derive(Debug, Clone, Default)]
pub(crate) struct Placed {
    pub(crate) nodes: Vec<Point>,
    pub(crate) labels: Vec<Option<Point>>,
    /// The points that each edge passes between its ends, its label among them.
    pub(crate) bends: Vec<Vec<Point>>,
    pub(crate) groups: Vec<Option<Rect>>,
}

/// A flat stretch of a line: from `x` to `end` at height `y`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flat {
    pub(crate) x: f64,
    pub(crate) end: f64,
    pub(crate) y: f64,
}

/// How wide each rank is: a line that passes a rank stays flat until it has left it.
pub(crate) struct Columns(pub(crate) Vec<Column>);

/// How far the bend of a line stays off the boxes of a rank.
const CLEARANCE: f64 = 6.0;
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// The upper and lower edges of the boxes, from top to bottom, and half their widths.
    boxes: Vec<(f64, f64, f64)>,
    pub(crate) x: f64,
    /// Half the width of the widest box, and of the one next to it.
    pub(crate) half: f64,
    second: f64,
}

impl Columns {
    pub(crate) fn of(boxes: &[Rect], labels: &[Option<Rect>]) -> Columns {
        let column = |b: &Rect| Column {
            boxes: vec![(b.y, b.bottom(), b.width / 2.0)],
            x: b.centre().x,
            half: b.width / 2.0,
            second: 0.0,
        };
        let mut columns: Vec<Column> = boxes.iter().chain(labels.iter().flatten()).map(column).collect();
        columns.sort_by(|a, b| a.x.total_cmp(&b.x));
        columns.dedup_by(|next, kept| {
            let same = next.x - kept.x < 0.01;
            if same {
                kept.boxes.append(&mut next.boxes);
                kept.second = kept.second.max(next.half.min(kept.half));
                kept.half = kept.half.max(next.half);
            }
            same
        });
        for column in &mut columns {
            column.boxes.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        Columns(columns)
    }

    /// Whether a curve of a line comes close to a box that is not its own.
    pub(crate) fn touched_by(&self, line: &EdgeLine, own: &[Option<Rect>]) -> bool {
        let is_own = |x: f64, upper: f64| {
            own.iter().flatten().any(|own| (own.centre().x - x).abs() < 0.01 && (own.y - upper).abs() < 0.01)
        };
        let touches = |p: Point| {
            let near = self.0.partition_point(|column| column.x + column.half + CLEARANCE <= p.x);
            let columns = self.0[near..].iter().take_while(|column| column.x - column.half - CLEARANCE < p.x);
            columns.into_iter().any(|column| {
                // Boxes of a rank do not overlap, so their lower edges ascend too.
                let first = column.boxes.partition_point(|&(_, lower, _)| lower + CLEARANCE <= p.y);
                let beside =
                    column.boxes[first..].iter().take_while(|&&(upper, _, _)| upper - CLEARANCE < p.y);
                beside.into_iter().any(|&(upper, _, half)| {
                    (p.x - column.x).abs() < half + CLEARANCE && !is_own(column.x, upper)
                })
            })
        };
        line.sloped_samples().into_iter().any(touches)
    }

    fn at(&self, x: f64) -> Option<&Column> {
        let near = self.0.partition_point(|column| column.x < x - 0.01);
        self.0.get(near).filter(|column| column.x - x < 0.01)
    }

    pub(crate) fn half_width(&self, x: f64) -> f64 {
        self.at(x).map_or(0.0, |column| column.half)
    }

    /// The same, but for the others beside a box of this width.
    pub(crate) fn half_width_beside(&self, x: f64, width: f64) -> f64 {
        let beside =
            |column: &Column| if width / 2.0 < column.half - 0.01 { column.half } else { column.second };
        self.at(x).map_or(0.0, beside)
    }
}
