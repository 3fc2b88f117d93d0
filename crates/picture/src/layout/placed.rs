//! The result of coordinate assignment, before edges are routed, and the extents of the boxes of each rank.

use crate::layout::geometry::{EdgeLine, Point, Rect};

/// The centres of nodes and labels, the bend points of edges, and the rectangles reserved for groups.
#[derive(Debug, Clone, Default)]
pub(crate) struct Placed {
    pub(crate) nodes: Vec<Point>,
    pub(crate) labels: Vec<Option<Point>>,
    /// The bend points of each edge between its ends, including the centre of its label.
    pub(crate) bends: Vec<Vec<Point>>,
    pub(crate) groups: Vec<Option<Rect>>,
}

/// A horizontal part of a line: from `x` to `end` at height `y`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flat {
    pub(crate) x: f64,
    pub(crate) end: f64,
    pub(crate) y: f64,
}

/// The boxes of each rank: a line that passes a rank stays horizontal across its width.
pub(crate) struct Columns(pub(crate) Vec<Column>);

/// Least distance between the bend of a line and the boxes of a rank.
const CLEARANCE: f64 = 6.0;
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// The upper and lower edges of the boxes, from top to bottom, and half their widths.
    boxes: Vec<(f64, f64, f64)>,
    pub(crate) x: f64,
    /// Half the width of the widest box, and of the second widest.
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

    /// Whether a curve of a line comes close to a box other than `own`.
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

    /// The same without one box of this width.
    pub(crate) fn half_width_beside(&self, x: f64, width: f64) -> f64 {
        let beside =
            |column: &Column| if width / 2.0 < column.half - 0.01 { column.half } else { column.second };
        self.at(x).map_or(0.0, beside)
    }
}
