//! Quality measures of a drawing: crossings, edges through nodes and labels, overlaps, bends, length and area.

use chainrule::picture::{EdgeLine, Geometry, Picture, Piece, Point, Rect, Size, Sizes};

/// The measures of one drawing.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Figures {
    /// Places where two lines cross.
    pub(crate) crossings: usize,
    /// Lines that run through a node other than their ends.
    pub(crate) through: usize,
    /// Lines that run through the label of another line.
    pub(crate) struck: usize,
    /// Bends of all lines together, in right angles.
    pub(crate) turns: f64,
    /// The length of all lines together, in units of a node's diameter.
    pub(crate) length: f64,
    /// The area of the canvas in thousands of square pixels.
    pub(crate) area: f64,
}

/// Sample points along a line, including its ends.
pub(crate) fn points(line: &EdgeLine) -> Vec<Point> {
    let mut points = vec![line.start];
    let mut from = line.start;
    for piece in &line.pieces {
        if let Piece::Curve(a, b, end) = *piece {
            let long = (end.x - from.x).abs() + (end.y - from.y).abs();
            let steps = (long / 6.0).ceil().clamp(4.0, 64.0) as usize;
            points.extend((1..steps).map(|step| {
                let t = step as f64 / steps as f64;
                let u = 1.0 - t;
                let at = |p: f64, q: f64, r: f64, s: f64| {
                    u * u * u * p + 3.0 * u * u * t * q + 3.0 * u * t * t * r + t * t * t * s
                };
                Point { x: at(from.x, a.x, b.x, end.x), y: at(from.y, a.y, b.y, end.y) }
            }));
        }
        from = piece.end();
        points.push(from);
    }
    points.push(line.tip);
    points
}

/// Whether the straight line between two points enters the inside of a box (Liang and Barsky 1984).
pub(crate) fn enters(a: Point, b: Point, inside: &Rect) -> bool {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let sides = [
        (-dx, a.x - inside.x),
        (dx, inside.right() - a.x),
        (-dy, a.y - inside.y),
        (dy, inside.bottom() - a.y),
    ];
    let (mut from, mut to) = (0.0_f64, 1.0_f64);
    for (p, q) in sides {
        if p == 0.0 {
            if q <= 0.0 {
                return false;
            }
        } else if p < 0.0 {
            from = from.max(q / p);
        } else {
            to = to.min(q / p);
        }
    }
    from < to
}

/// Whether two straight lines cross between their ends.
fn cross(a: (Point, Point), b: (Point, Point)) -> bool {
    let side = |(p, q): (Point, Point), r: Point| (q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x);
    let apart = |one: f64, two: f64| (one > 1e-6 && two < -1e-6) || (one < -1e-6 && two > 1e-6);
    let near = a.0.x.min(a.1.x) <= b.0.x.max(b.1.x)
        && b.0.x.min(b.1.x) <= a.0.x.max(a.1.x)
        && a.0.y.min(a.1.y) <= b.0.y.max(b.1.y)
        && b.0.y.min(b.1.y) <= a.0.y.max(a.1.y);
    near && apart(side(a, b.0), side(a, b.1)) && apart(side(b, a.0), side(b, a.1))
}

/// The bodies of the nodes: circles and plates without the texts beside them.
pub(crate) fn bodies(drawing: &Geometry, sizes: &Sizes) -> Vec<Rect> {
    let pairs = drawing.nodes.iter().zip(&sizes.nodes);
    pairs.map(|(place, size)| Rect::around(place.centre(), size.body.width, size.body.height)).collect()
}

/// A box shrunk by a margin.
pub(crate) fn within(place: &Rect, rim: f64) -> Rect {
    let Size { width, height } = Size { width: place.width - 2.0 * rim, height: place.height - 2.0 * rim };
    Rect::around(place.centre(), width.max(0.0), height.max(0.0))
}

impl Figures {
    /// Measures a drawing.
    pub(crate) fn of(picture: &Picture, drawing: &Geometry) -> Figures {
        let lines: Vec<(usize, Vec<Point>)> =
            picture.drawn_edges().map(|(index, _)| (index, points(&drawing.edges[index]))).collect();
        let bodies = bodies(drawing, &Sizes::of(picture));
        let mut figures = Figures::default();
        for (at, (index, line)) in lines.iter().enumerate() {
            let edge = &picture.edges[*index];
            for (_, other) in &lines[at + 1..] {
                for a in line.windows(2) {
                    let crossed = other.windows(2).filter(|b| cross((a[0], a[1]), (b[0], b[1])));
                    figures.crossings += crossed.count();
                }
            }
            let hits = |place: &Rect| line.windows(2).any(|step| enters(step[0], step[1], place));
            for (node, body) in bodies.iter().enumerate() {
                let own = node == edge.from || node == edge.to;
                figures.through += usize::from(!own && hits(&within(body, 1.0)));
            }
            for (other, label) in drawing.edges.iter().enumerate() {
                let label = label.label.filter(|_| other != *index);
                figures.struck += usize::from(label.is_some_and(|label| hits(&within(&label, 2.0))));
            }
            for step in line.windows(2) {
                figures.length += (step[1].x - step[0].x).hypot(step[1].y - step[0].y) / 44.0;
            }
            for step in line.windows(3) {
                let angle = |a: Point, b: Point| (b.y - a.y).atan2(b.x - a.x);
                let same = step[0] == step[1] || step[1] == step[2];
                let turn = (angle(step[1], step[2]) - angle(step[0], step[1])).abs();
                let turn = turn.min(2.0 * std::f64::consts::PI - turn);
                figures.turns += if same { 0.0 } else { turn / std::f64::consts::FRAC_PI_2 };
            }
        }
        figures.area = drawing.width * drawing.height / 1_000.0;
        figures
    }

    /// A row of a table.
    pub(crate) fn row(&self, what: &str) -> String {
        let Figures { crossings, through, struck, turns, length, area } = self;
        format!("| {what} | {crossings} | {through} | {struck} | {turns:.1} | {length:.1} | {area:.1} |\n")
    }
}
