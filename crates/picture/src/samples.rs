//! Pictures for the tests of layout and exporters: built by hand, and read from those that `chainrule` wrote.

use crate::model::picture::{Direction, NodeKind, Picture, PictureEdge};

/// Adds nodes and edges one by one, as graphs are recorded.
#[derive(Default)]
pub(crate) struct Sample(pub(crate) Picture);

impl Sample {
    pub(crate) fn node(&mut self, kind: NodeKind, symbol: &str, name: &str, shape: &str) -> usize {
        let place = self.0.add_node(kind, symbol, name);
        let node = &mut self.0.nodes[place];
        node.shape = (!shape.is_empty()).then(|| shape.to_owned());
        if kind == NodeKind::Output {
            node.id = format!("out{}", place - 1);
        }
        place
    }

    pub(crate) fn op(&mut self, symbol: &str, operands: &[(usize, &str, &str)]) -> usize {
        let to = self.node(NodeKind::Op, symbol, "", "");
        self.feed(to, operands);
        to
    }

    pub(crate) fn feed(&mut self, to: usize, operands: &[(usize, &str, &str)]) {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        for (operand, &(from, value, gradient)) in operands.iter().enumerate() {
            let (value, gradient) = (some(value), some(gradient));
            self.0.edges.push(PictureEdge { from, to, operand, value, gradient, ..PictureEdge::default() });
        }
    }

    pub(crate) fn group(&mut self, label: &str, parent: Option<usize>, members: &[usize]) -> usize {
        self.0.add_group(label, parent, members.iter().copied())
    }
}

/// 2 apples at 100, 3 oranges at 150, tax 1.1.
pub(crate) fn apples_and_oranges() -> Picture {
    let mut d = Sample::default();
    let apple = d.node(NodeKind::Input, "", "apple", "");
    let apples = d.node(NodeKind::Input, "", "apple number", "");
    let orange = d.node(NodeKind::Input, "", "orange", "");
    let oranges = d.node(NodeKind::Input, "", "orange number", "");
    let tax = d.node(NodeKind::Input, "", "tax", "");
    let a = d.op("×", &[(apple, "100", "2.2"), (apples, "2", "110")]);
    let o = d.op("×", &[(orange, "150", "3.3"), (oranges, "3", "165")]);
    let sum = d.op("+", &[(a, "200", "1.1"), (o, "450", "1.1")]);
    let price = d.op("×", &[(sum, "650", "1.1"), (tax, "1.1", "650")]);
    let out = d.node(NodeKind::Output, "", "price", "");
    d.feed(out, &[(price, "715", "1")]);
    d.0
}

/// Affine → ReLU → Affine → Softmax-with-Loss, with values and gradients of a batch of 100.
pub(crate) fn two_layer_net() -> Picture {
    let mut d = Sample::default();
    let x = d.node(NodeKind::Input, "", "x", "100×784");
    let w1 = d.node(NodeKind::Parameter, "", "W1", "784×50");
    let b1 = d.node(NodeKind::Parameter, "", "b1", "50");
    let w2 = d.node(NodeKind::Parameter, "", "W2", "50×10");
    let b2 = d.node(NodeKind::Parameter, "", "b2", "10");
    let t = d.node(NodeKind::Input, "", "t", "100×10");
    let m1 = d.op("·", &[(x, "µ 0.13 σ 0.31", "–"), (w1, "µ 1×10⁻⁵ σ 0.01", "µ -4.8×10⁻⁶ σ 6.2×10⁻⁴")]);
    let a1 = d.op(
        "+",
        &[(m1, "100×50 µ 0.0021 σ 0.09", "µ -1.1×10⁻⁶ σ 3.1×10⁻⁵"), (b1, "all 0", "µ -1.1×10⁻⁴ σ 2.6×10⁻³")],
    );
    let relu = d.op("relu", &[(a1, "100×50 µ 0.0021 σ 0.09", "µ -1.1×10⁻⁶ σ 3.1×10⁻⁵")]);
    let m2 = d.op(
        "·",
        &[
            (relu, "100×50 µ 0.036 σ 0.055", "µ -2×10⁻⁶ σ 4.3×10⁻⁵"),
            (w2, "µ 2.1×10⁻⁴ σ 0.01", "µ -1.9×10⁻¹⁰ σ 4.4×10⁻³"),
        ],
    );
    let a2 = d.op("+", &[(m2, "100×10 µ 0.0011 σ 0.0042", "µ 0 σ 3×10⁻³"), (b2, "all 0", "µ 0 σ 0.031")]);
    let loss =
        d.op("softmax loss", &[(a2, "100×10 µ 0.0011 σ 0.0042", "µ 0 σ 3×10⁻³"), (t, "µ 0.1 σ 0.3", "–")]);
    let out = d.node(NodeKind::Output, "", "loss", "");
    d.feed(out, &[(loss, "2.3", "1")]);
    d.group("affine1", None, &[w1, b1, m1, a1]);
    d.group("affine2", None, &[w2, b2, m2, a2]);
    d.0
}

/// The same net without numbers: shapes at the arrows.
pub(crate) fn two_layer_net_shapes() -> Picture {
    let mut picture = two_layer_net();
    for edge in &mut picture.edges {
        (edge.value, edge.gradient) = (None, None);
    }
    for (node, shape) in [(6, "100×50"), (7, "100×50"), (8, "100×50"), (9, "100×10"), (10, "100×10")] {
        picture.nodes[node].shape = Some(shape.to_owned());
    }
    picture.title = "TwoLayerNet".to_owned();
    picture
}

/// The net as four boxes.
pub(crate) fn two_layer_net_layers() -> Picture {
    let mut d = Sample::default();
    let x = d.node(NodeKind::Input, "", "x", "100×784");
    let one = d.node(NodeKind::Layer, "", "affine1", "100×50");
    d.feed(one, &[(x, "µ 0.13 σ 0.31", "–")]);
    let relu = d.node(NodeKind::Layer, "", "relu", "100×50");
    d.feed(relu, &[(one, "100×50 µ 0.0021 σ 0.09", "µ -1.1×10⁻⁶ σ 3.1×10⁻⁵")]);
    let two = d.node(NodeKind::Layer, "", "affine2", "100×10");
    d.feed(two, &[(relu, "100×50 µ 0.036 σ 0.055", "µ -2×10⁻⁶ σ 4.3×10⁻⁵")]);
    let t = d.node(NodeKind::Input, "", "t", "100×10");
    let loss = d.node(NodeKind::Layer, "", "softmax_with_loss", "");
    d.feed(loss, &[(two, "100×10 µ 0.0011 σ 0.0042", "µ 0 σ 3×10⁻³"), (t, "µ 0.1 σ 0.3", "–")]);
    let out = d.node(NodeKind::Output, "", "loss", "");
    d.feed(out, &[(loss, "2.3", "1")]);
    d.0
}

/// Softmax-with-Loss in tensor form for three classes: exp, Σ, ÷, log, ×, Σ, × −1.
pub(crate) fn softmax_with_loss() -> Picture {
    let mut d = Sample::default();
    let x = d.node(NodeKind::Input, "", "x", "3");
    let t = d.node(NodeKind::Input, "", "t", "3");
    let exp = d.op("exp", &[(x, "[0.3, 2.9, 4]", "[0.0181, 0.237, -0.255]")]);
    d.0.nodes[exp].gradient = Some("[0.0134, 0.013, -0.00467]".to_owned());
    let sum = d.op("Σ", &[(exp, "[1.35, 18.2, 54.6]", "[0.0135, 0.0135, 0.0135]")]);
    let y = d.op("÷", &[(exp, "[1.35, 18.2, 54.6]", "[0, 0, -0.0183]"), (sum, "74.1", "0.0135")]);
    d.0.nodes[y].name = Some("y".to_owned());
    let log = d.op("log", &[(y, "[0.0182, 0.245, 0.737]", "[0, 0, -1.36]")]);
    let mul = d.op("×", &[(t, "[0, 0, 1]", "–"), (log, "[-4.01, -1.41, -0.306]", "[0, 0, -1]")]);
    let all = d.op("Σ", &[(mul, "[0, 0, -0.306]", "[-1, -1, -1]")]);
    let neg = d.op("× −1", &[(all, "-0.306", "-1")]);
    let out = d.node(NodeKind::Output, "", "L", "");
    d.feed(out, &[(neg, "0.306", "1")]);
    d.0
}

/// The same with one node per number, for `classes` classes: the drawing of the chapter, unrolled.
pub(crate) fn softmax_with_loss_unrolled(classes: usize) -> Picture {
    let mut d = Sample::default();
    let xs: Vec<usize> = (0..classes).map(|i| d.node(NodeKind::Input, "", &format!("x{i}"), "")).collect();
    let ts: Vec<usize> = (0..classes).map(|i| d.node(NodeKind::Input, "", &format!("t{i}"), "")).collect();
    let exps: Vec<usize> = xs.iter().map(|&x| d.op("exp", &[(x, "0.3", "0.0181")])).collect();
    let operands: Vec<_> = exps.iter().map(|&e| (e, "1.35", "0.0135")).collect();
    let sum = d.op("+", &operands);
    let recip = d.op("1/x", &[(sum, "74.1", "0.0135")]);
    d.0.nodes[recip].gradient = Some("0.0135".to_owned());
    let mut terms = Vec::new();
    for (&e, &t) in exps.iter().zip(&ts) {
        let y = d.op("×", &[(e, "1.35", "-0.0183"), (recip, "0.0135", "-74.1")]);
        let log = d.op("log", &[(y, "0.0182", "-1.36")]);
        terms.push(d.op("×", &[(t, "0", "–"), (log, "-4.01", "-1")]));
    }
    let operands: Vec<_> = terms.iter().map(|&e| (e, "0", "-1")).collect();
    let all = d.op("+", &operands);
    let neg = d.op("× −1", &[(all, "-0.306", "-1")]);
    let out = d.node(NodeKind::Output, "", "L", "");
    d.feed(out, &[(neg, "0.306", "1")]);
    d.0
}

/// a − b · c, with the leaves recorded in the other order; then d ÷ (that), and x × x.
pub(crate) fn order() -> Picture {
    let mut d = Sample::default();
    let c = d.node(NodeKind::Parameter, "", "c", "");
    let b = d.node(NodeKind::Constant, "3", "", "");
    let a = d.node(NodeKind::Input, "", "a", "");
    let p = d.op("×", &[(b, "3", "-0.1"), (c, "2", "-0.2")]);
    let m = d.op("−", &[(a, "7", "0.1"), (p, "6", "-0.1")]);
    let e = d.node(NodeKind::Input, "", "d", "");
    let q = d.op("÷", &[(e, "4", "1"), (m, "1", "-4")]);
    let s = d.op("×", &[(q, "4", "4"), (q, "4", "4")]);
    d.0.nodes[q].gradient = Some("8".to_owned());
    let out = d.node(NodeKind::Output, "", "y", "");
    d.feed(out, &[(s, "16", "1")]);
    d.0
}

/// The same picture from top to bottom.
pub(crate) fn downwards(mut picture: Picture) -> Picture {
    picture.direction = Direction::TopToBottom;
    picture
}

/// A text with everything that needs escaping in some format.
pub(crate) const NASTY: &str = "a \"quoted\" \\ back\\slash\nline </title><b>& 損失 > > \\";

/// A net with this text in every place.
pub(crate) fn nasty() -> Picture {
    let mut picture = two_layer_net();
    picture.title = NASTY.to_owned();
    picture.groups[0].label = NASTY.to_owned();
    picture.groups[1].id = "node \"x\"".to_owned();
    for node in &mut picture.nodes {
        (node.name, node.tooltip) = (Some(NASTY.to_owned()), NASTY.to_owned());
    }
    picture.nodes[0].id = "n 0\"".to_owned();
    picture.nodes[1].id = "Node".to_owned();
    picture.nodes[6].symbol = NASTY.to_owned();
    picture.edges[0].value = Some(NASTY.to_owned());
    picture
}

/// Pictures of graphs, as the crate `chainrule` makes and writes them.
pub(crate) fn from_graphs() -> Vec<(&'static str, Picture)> {
    let read = |name, json| (name, Picture::from_json(json).expect("it was written by `to_json`"));
    vec![
        read("g_sigmoid", include_str!("samples/g_sigmoid.json")),
        read("g_net", include_str!("samples/g_net.json")),
        read("g_layers", include_str!("samples/g_layers.json")),
        read("g_backward", include_str!("samples/g_backward.json")),
        read("g_backward_layers", include_str!("samples/g_backward_layers.json")),
        read("g_around", include_str!("samples/g_around.json")),
    ]
}

/// Every sample with a name.
pub(crate) fn all() -> Vec<(&'static str, Picture)> {
    let mut all = from_graphs();
    all.extend([
        ("apples", apples_and_oranges()),
        ("net", two_layer_net()),
        ("net_shapes", two_layer_net_shapes()),
        ("net_layers", two_layer_net_layers()),
        ("softmax", softmax_with_loss()),
        ("softmax_3", softmax_with_loss_unrolled(3)),
        ("softmax_10", softmax_with_loss_unrolled(10)),
        ("order", order()),
        ("apples_down", downwards(apples_and_oranges())),
        ("order_down", downwards(order())),
        ("net_down", downwards(two_layer_net_shapes())),
    ]);
    all
}
