//! Pictures as SVG: one self-contained file, deterministic byte for byte.

use crate::export::badge::{self, Legend};
use crate::layout::back::{BACK, Back, back};
use crate::layout::canvas::{CONTINUED, TITLE_SIZE, heading};
use crate::layout::frames::LABEL_SIZE;
use crate::layout::geometry::{EdgeLine, Frame, Geometry, Piece, Point, Rect, round as n};
use crate::layout::measure::{DIGITS, DIGITS_GAP, DIGITS_ROW, EdgeText, Face, Outline, ROW, Role, Row};
use crate::layout::route::HEAD;
use crate::model::picture::{Direction, NodeKind, Picture, PictureEdge, PictureNode};
use crate::model::text::{fitted, minus, width, xml};
use std::fmt::Write;

/// Classes rather than attributes, so that a page that embeds the drawing can override the colours.
pub(crate) const STYLE: &str = "\
.chainrule{font-family:Helvetica,Arial,'Liberation Sans',sans-serif;font-variant-numeric:tabular-nums}
.chainrule text{fill:#1f2933;text-anchor:middle}
.chainrule .paper{fill:#fff}
.chainrule .heading{font-weight:bold;text-anchor:start}
.chainrule .frame{fill:#f6f7f9;stroke:#b3bcc6}
.chainrule .frame-plate{fill:#fff;stroke:#b3bcc6}
.chainrule .frame-label{font-size:12px;fill:#52606d}
.chainrule .line{fill:none;stroke:#5f6b76;stroke-width:1.4}
.chainrule .head{fill:#5f6b76}
.chainrule .back{fill:none;stroke:#c0331c;stroke-width:.9}
.chainrule .back-head{fill:#c0331c}
.chainrule .stub .line{stroke-dasharray:3 3}
.chainrule .body{fill:#fff;stroke:#1f2933;stroke-width:1.6}
.chainrule .input .body{fill:#e8f1fb;stroke:#2a6cb0}
.chainrule .parameter .body{fill:#e7f5eb;stroke:#2f7d4a}
.chainrule .parameter .inner{fill:none;stroke:#2f7d4a;stroke-width:.8}
.chainrule .constant .body{fill:#f4f5f7;stroke:#5f6a74;stroke-dasharray:4 2.5}
.chainrule .layer .body{fill:#f1edfa;stroke:#5b4a9c;stroke-width:1.8}
.chainrule .backward .body{fill:#fdf0ed;stroke:#c0331c}
.chainrule .backward .line{stroke:#b8452f}
.chainrule .backward .head{fill:#b8452f}
.chainrule .dot{fill:#1f2933}
.chainrule .name{font-weight:500}
.chainrule .shape{fill:#5a646f}
.chainrule .plate{fill:#fff;fill-opacity:.86}
.chainrule .chip{fill:#fff;stroke:#e3a79b}
.chainrule .gradient{fill:#c0331c;font-style:italic}
";

/// A legend may make a drawing so wide before it goes on in a further row.
const LEAST_LEGEND: f64 = 480.0;

/// Writes a picture with the coordinates of a layout.
pub(crate) fn write(picture: &Picture, drawing: &Geometry) -> String {
    let mut svg = Svg {
        out: String::new(),
        picture,
        widest: picture,
        drawing,
        inline: false,
        back_arrows: picture.has_back_arrows(),
    };
    svg.all();
    svg.out
}

/// The same inside a page, which has the style already; edges and their labels have the position of the edge in
/// `data-edge`. Plates are sized for the texts of `widest`, the same picture with other numbers, for which the drawing was
/// laid out.
pub(crate) fn write_inline(picture: &Picture, widest: &Picture, drawing: &Geometry) -> String {
    let mut svg = Svg {
        out: String::new(),
        picture,
        widest,
        drawing,
        inline: true,
        back_arrows: widest.has_back_arrows(),
    };
    svg.all();
    svg.out
}

struct Svg<'a> {
    out: String,
    picture: &'a Picture,
    /// The picture for whose texts the plates are sized.
    widest: &'a Picture,
    drawing: &'a Geometry,
    inline: bool,
    back_arrows: bool,
}

impl Svg<'_> {
    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.out.write_fmt(text);
        self.out.push('\n');
    }

    fn all(&mut self) {
        let Geometry { width, height, .. } = *self.drawing;
        let legend = Legend::of(self.picture, width.max(LEAST_LEGEND));
        let (wide, high) = legend.size();
        let (width, height) = (width.max(wide), height + high);
        let marks = badge::style(Some(self.picture));
        let title = if self.picture.title.is_empty() { "computational graph" } else { &self.picture.title };
        let title = xml(title);
        let namespace = if self.inline { "" } else { "xmlns=\"http://www.w3.org/2000/svg\" " };
        self.line(format_args!(
            "<svg {namespace}class=\"chainrule\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\">"
        ));
        if self.inline {
            self.line(format_args!("<title>{title}</title>"));
        } else {
            self.line(format_args!("<title>{title}</title>\n<style>\n{STYLE}{marks}</style>"));
        }
        self.line(format_args!("<rect class=\"paper\" width=\"{width}\" height=\"{height}\" rx=\"6\"/>"));
        if !self.picture.title.is_empty() {
            self.line(format_args!(
                "<text class=\"heading\" x=\"16\" y=\"27\" font-size=\"{TITLE_SIZE}\">{}</text>",
                xml(&heading(&self.picture.title, width))
            ));
        }
        for group in 0..self.picture.groups.len() {
            if let Some(frame) = self.drawing.groups[group] {
                self.frame(group, frame, "");
            }
        }
        for (group, frame) in &self.drawing.continued {
            self.frame(*group, *frame, CONTINUED);
        }
        for (index, edge) in self.picture.drawn_edges() {
            self.edge(index, edge, &self.drawing.edges[index]);
        }
        let counts = self.picture.consumer_counts();
        let nodes = self.picture.nodes.iter().zip(&self.widest.nodes);
        for (((node, widest), consumers), place) in nodes.zip(counts).zip(&self.drawing.nodes) {
            self.node(node, widest, consumers, place);
        }
        for (index, _) in self.picture.drawn_edges() {
            self.digits(index);
        }
        if high > 0.0 {
            self.line(format_args!("{}", legend.write(height)));
        }
        self.out.push_str("</svg>\n");
    }

    fn frame(&mut self, index: usize, Frame { outline, label }: Frame, prefix: &str) {
        let group = &self.picture.groups[index];
        self.line(format_args!("<g class=\"group\" data-id=\"{}\">", xml(&group.id)));
        self.rect("frame", outline, 10.0);
        if !group.label.is_empty() {
            let text = xml(&fitted(&format!("{prefix}{}", group.label), LABEL_SIZE, label.width - 10.0));
            let (x, base) = (n(label.centre().x), n(label.centre().y + 0.35 * LABEL_SIZE));
            self.rect("frame-plate", label, label.height / 2.0);
            self.line(format_args!("<text class=\"frame-label\" x=\"{x}\" y=\"{base}\">{text}</text>"));
        }
        self.out.push_str("</g>\n");
    }

    fn rect(&mut self, class: &str, at: Rect, round: f64) {
        let (x, y, w, h, r) = (n(at.x), n(at.y), n(at.width), n(at.height), n(round));
        self.line(format_args!(
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" rx=\"{r}\"/>"
        ));
    }

    fn edge(&mut self, index: usize, edge: &PictureEdge, line: &EdgeLine) {
        let Some(last) = line.pieces.last() else {
            return;
        };
        let mut path = format!("M{} {}", line.start.x, line.start.y);
        for piece in &line.pieces {
            let _ = match *piece {
                Piece::Line(end) => write!(path, "L{} {}", end.x, end.y),
                Piece::Curve(a, b, end) => {
                    write!(path, "C{} {} {} {} {} {}", a.x, a.y, b.x, b.y, end.x, end.y)
                }
            };
        }
        let hidden = [edge.from, edge.to].iter().any(|&end| self.picture.nodes[end].kind == NodeKind::Hidden);
        let backward = if edge.backward { " backward" } else { "" };
        let backward = if hidden { format!("{backward} stub") } else { backward.to_owned() };
        let backward = if edge.wrong { format!("{backward} wrong") } else { backward };
        let backward = edge.mark.map_or(backward.clone(), |mark| format!("{backward} {}", mark.word()));
        let (from, to) = (&self.picture.nodes[edge.from].id, &self.picture.nodes[edge.to].id);
        let (from, to) = (xml(from), xml(to));
        self.line(format_args!(
            "<g class=\"edge{backward}\" data-from=\"{from}\" data-to=\"{to}\" data-operand=\"{}\"{}>",
            edge.operand,
            if self.inline { format!(" data-edge=\"{index}\"") } else { String::new() }
        ));
        self.line(format_args!("<path class=\"line\" d=\"{path}\"/>"));
        self.line(format_args!("<path class=\"head\" d=\"{}\"/>", head(last.end(), line.tip, HEAD)));
        if self.back_arrows
            && self.picture.has_back_arrow(index)
            && let Some(Back { points, tip }) = back(line, self.picture.direction)
        {
            let at = |p: &Point| format!("{} {}", n(p.x), n(p.y));
            let way: Vec<String> = points.iter().map(at).collect();
            let tip = Point { x: n(tip.x), y: n(tip.y) };
            let base = points.last().map_or(tip, |&base| base);
            self.line(format_args!("<path class=\"back\" d=\"M{}\"/>", way.join("L")));
            self.line(format_args!("<path class=\"back-head\" d=\"{}\"/>", head(base, tip, 5.0)));
        }
        self.out.push_str("</g>\n");
    }

    fn node(&mut self, node: &PictureNode, widest: &PictureNode, consumers: usize, place: &Rect) {
        let face = Face::of(widest, consumers, self.picture.direction);
        // The sum of gradients is the only text in which the node can differ from the widest one.
        let own = Face::of(node, consumers, self.picture.direction);
        let own_sum = own.rows.into_iter().chain(own.sum).find(|row| row.role == Role::Gradient);
        let own = |row: &Row| match row.role {
            Role::Gradient => own_sum.clone().unwrap_or(Row { text: String::new(), ..row.clone() }),
            _ => row.clone(),
        };
        let (centre, body) = (place.centre(), face.size.body);
        let backward = if node.backward { " backward" } else { "" };
        let (kind, id) = (node.kind.word(), xml(&node.id));
        let leaf = !matches!(node.kind, NodeKind::Op | NodeKind::Layer);
        let outlined = node.mark.filter(|mark| mark.outlines(leaf)).map(|mark| format!(" {}", mark.word()));
        let outlined = outlined.unwrap_or_default();
        // A node of the reverse pass refers to the forward node that it belongs to.
        let of = node.of.as_ref().map(|of| format!(" data-of=\"{}\"", xml(of))).unwrap_or_default();
        self.line(format_args!("<g class=\"node {kind}{backward}{outlined}\" data-id=\"{id}\"{of}>"));
        let mut lines = node.tooltip.lines();
        let said = [node.name.as_deref(), Some(node.symbol.as_str()), Some(node.id.as_str())];
        let said = said.into_iter().flatten().find(|text| !text.is_empty()).unwrap_or(kind);
        let title = lines.next().unwrap_or(said);
        let desc: Vec<&str> = lines.collect();
        let desc = if desc.is_empty() { kind.to_owned() } else { desc.join("; ") };
        self.line(format_args!("<title>{}</title>\n<desc>{}</desc>", xml(title), xml(&desc)));
        self.outline(&face, node.kind, Rect::around(centre, body.width, body.height));
        let top = centre.y - face.rows.len() as f64 * ROW / 2.0;
        for (index, row) in face.rows.iter().enumerate() {
            let base = match row.role {
                Role::Symbol => centre.y + row.size * axis(&row.text),
                _ => top + ROW * index as f64 + 0.5 * ROW + 0.35 * row.size,
            };
            self.row(&own(row), centre.x, base);
        }
        let downwards = self.picture.direction == Direction::TopToBottom;
        let beside = centre.x + body.width / 2.0 + 6.0;
        for (row, sign) in [(&face.name, -1.0), (&face.sum, 1.0)] {
            let Some(row) = row else {
                continue;
            };
            let wide = row.width() + 8.0;
            let at = if downwards {
                Point { x: beside + wide / 2.0, y: centre.y + sign * 0.5 * (ROW + 1.0) }
            } else {
                Point { x: centre.x, y: centre.y + sign * (body.height / 2.0 + 9.0) }
            };
            let chip = Rect::around(at, wide, ROW - 1.0);
            self.rect(if sign > 0.0 { "chip" } else { "plate" }, chip, 7.5);
            self.row(&own(row), at.x, at.y + 0.35 * row.size);
        }
        if let Some(mark) = node.mark {
            let outline = Rect::around(centre, body.width, body.height);
            let round = matches!(face.outline, Outline::Round) && face.size.round;
            self.line(format_args!("{}", badge::badge(mark, badge::place(outline, round))));
        }
        self.out.push_str("</g>\n");
    }

    fn outline(&mut self, face: &Face, kind: NodeKind, body: Rect) {
        let Point { x: cx, y: cy } = body.centre();
        let round = match kind {
            NodeKind::Op | NodeKind::Input => body.height / 2.0,
            NodeKind::Layer => 8.0,
            _ => 3.0,
        };
        match face.outline {
            Outline::Bare => {}
            Outline::Round if face.size.round => {
                let (cx, cy, r) = (n(cx), n(cy), n(body.width / 2.0));
                self.line(format_args!("<circle class=\"body\" cx=\"{cx}\" cy=\"{cy}\" r=\"{r}\"/>"));
            }
            Outline::Round | Outline::Plate => self.rect("body", body, round),
        }
        if kind == NodeKind::Parameter {
            self.rect("inner", body.inflated(-3.0), 1.0);
        }
    }

    fn row(&mut self, row: &Row, x: f64, base: f64) {
        if row.role == Role::Symbol && row.text == "·" {
            // The dot of a product as a circle, as bold as the other signs and round in every font.
            let (x, y) = (n(x), n(base - row.size * axis(&row.text)));
            self.line(format_args!("<circle class=\"dot\" cx=\"{x}\" cy=\"{y}\" r=\"3\"/>"));
            return;
        }
        let class = match row.role {
            Role::Symbol => "symbol",
            Role::Name => "name",
            Role::Shape => "shape",
            Role::Gradient => "gradient",
        };
        let text = if row.role == Role::Gradient { minus(&row.text) } else { row.text.clone() };
        let (x, base, size, text) = (n(x), n(base), row.size, xml(&text));
        self.line(format_args!(
            "<text class=\"{class}\" x=\"{x}\" y=\"{base}\" font-size=\"{size}\">{text}</text>"
        ));
    }

    /// The label of an edge, each row on a plate that covers lines behind it.
    fn digits(&mut self, index: usize) {
        let Some(place) = self.drawing.edges[index].label else {
            return;
        };
        let (widest, said) = (EdgeText::of(self.widest, index), EdgeText::of(self.picture, index));
        let class = if widest.is_shape { "shape" } else { "value" };
        let value = widest.value.map(|widest| (widest, said.value.unwrap_or_default(), class, -1.0));
        let gradient =
            widest.gradient.map(|widest| (widest, said.gradient.unwrap_or_default(), "gradient", 1.0));
        if self.inline {
            self.line(format_args!("<g class=\"digits\" data-edge=\"{index}\">"));
        }
        for (widest, text, class, side) in [value, gradient].into_iter().flatten() {
            let text = minus(&text);
            let wide = width(&minus(&widest), DIGITS) + 4.0;
            let Point { x, y } = place.centre();
            let back = if self.back_arrows && side > 0.0 { BACK } else { 0.0 };
            let centre = match self.picture.direction {
                Direction::LeftToRight => Point { x, y: y + back + side * (DIGITS_GAP + DIGITS_ROW / 2.0) },
                Direction::TopToBottom => Point { x: x + back + side * (wide / 2.0 + 4.0), y },
            };
            let plate = Rect::around(centre, wide, DIGITS_ROW - 1.0);
            let (x, base, text) = (n(centre.x), n(centre.y + 0.35 * DIGITS), xml(&text));
            self.rect("plate", plate, 3.0);
            self.line(format_args!(
                "<text class=\"{class}\" x=\"{x}\" y=\"{base}\" font-size=\"{DIGITS}\">{text}</text>"
            ));
        }
        if self.inline {
            self.out.push_str("</g>\n");
        }
    }
}

/// The distance of a sign's baseline below the centre of its circle, relative to the font size.
fn axis(symbol: &str) -> f64 {
    if symbol.chars().any(|c| c.is_uppercase() || c.is_ascii_digit() || "bdfhklt".contains(c)) {
        0.36
    } else if symbol.chars().any(char::is_alphabetic) {
        0.28
    } else {
        0.335
    }
}

/// The three corners of an arrow's head of a length.
fn head(base: Point, tip: Point, long: f64) -> String {
    let (dx, dy) = ((tip.x - base.x) / long, (tip.y - base.y) / long);
    let half = 0.45 * long;
    let side = |sign: f64| (n(base.x - sign * dy * half), n(base.y + sign * dx * half));
    let ((ax, ay), (bx, by)) = (side(1.0), side(-1.0));
    format!("M{} {}L{ax} {ay}L{bx} {by}Z", tip.x, tip.y)
}
