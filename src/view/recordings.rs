//! Graphs and pictures for the tests of the builder.

use crate::graph::{Attributes, Graph, Leaf, NodeId, OpIndex, OpRecord, Origin, Stamp};
use crate::view::annotations::Annotations;
use crate::view::builder::Builder;
use chainrule_picture::Picture;
use ndarray::{ArrayD, arr0};

/// A graph under construction without a tape.
pub(in crate::view) struct Recording {
    pub(in crate::view) graph: Graph,
    scope: String,
    origin: Origin,
    location: u32,
}

impl Recording {
    pub(in crate::view) fn new() -> Recording {
        let mut graph = Graph::new();
        let location = graph.location_id(std::panic::Location::caller().into());
        Recording { graph, scope: String::new(), origin: Origin::Forward, location }
    }

    pub(in crate::view) fn scope(&mut self, path: &str) {
        self.scope = path.to_owned();
    }

    pub(in crate::view) fn origin(&mut self, origin: Origin) {
        self.origin = origin;
    }

    fn stamp(&mut self, op: OpIndex, shape: &[usize]) -> Stamp {
        let shape = self.graph.shape_id(shape);
        let scope = self.graph.scope_id(&self.scope.clone());
        let site = self.graph.site_id(scope, self.location);
        Stamp { op, shape, site, origin: self.origin }
    }

    pub(in crate::view) fn leaf(&mut self, leaf: Leaf, name: &str, shape: &[usize]) -> NodeId {
        let stamp = self.stamp(leaf.op(), shape);
        let id = self.graph.push(stamp, &[]);
        let name = if self.scope.is_empty() { name.to_owned() } else { format!("{}/{name}", self.scope) };
        self.graph.set_name(id, name);
        id
    }

    pub(in crate::view) fn constant(&mut self, value: f64) -> NodeId {
        let stamp = self.stamp(Leaf::Constant.op(), &[]);
        self.graph.push_constant(stamp, [value])
    }

    pub(in crate::view) fn op(&mut self, symbol: &str, inputs: &[NodeId], shape: &[usize]) -> NodeId {
        let op = self.graph.op_id(OpRecord {
            name: symbol.to_owned(),
            symbol: symbol.to_owned(),
            formula: format!("y = {symbol}(x)"),
            attributes: Attributes::new(),
            arity: inputs.len(),
            shape_only: Vec::new(),
            gates: symbol == "relu",
            branches: None,
        });
        let stamp = self.stamp(op, shape);
        self.graph.push(stamp, inputs)
    }
}

/// σ(x) = 1 / (1 + exp(−x)) from elementary ops, and the output.
pub(in crate::view) fn sigmoid_graph() -> (Graph, NodeId) {
    let mut r = Recording::new();
    let x = r.leaf(Leaf::Input, "x", &[]);
    let minus = r.constant(-1.0);
    let one = r.constant(1.0);
    let a = r.op("×", &[x, minus], &[]);
    let e = r.op("exp", &[a], &[]);
    let s = r.op("+", &[e, one], &[]);
    let y = r.op("1/x", &[s], &[]);
    r.graph.set_name(y, "y".to_owned());
    (r.graph, y)
}

/// The two-layer net with scopes, its loss, and the gradient of W1 recorded by the reverse pass.
pub(in crate::view) fn net_graph() -> (Graph, NodeId, NodeId) {
    let mut r = Recording::new();
    let x = r.leaf(Leaf::Input, "x", &[100, 784]);
    r.scope("affine1");
    let w1 = r.leaf(Leaf::Parameter, "W", &[784, 50]);
    let b1 = r.leaf(Leaf::Parameter, "b", &[50]);
    let m1 = r.op("·", &[x, w1], &[100, 50]);
    let a1 = r.op("+", &[m1, b1], &[100, 50]);
    r.scope("");
    let h = r.op("relu", &[a1], &[100, 50]);
    r.scope("affine2");
    let w2 = r.leaf(Leaf::Parameter, "W", &[50, 10]);
    let b2 = r.leaf(Leaf::Parameter, "b", &[10]);
    let m2 = r.op("·", &[h, w2], &[100, 10]);
    let a2 = r.op("+", &[m2, b2], &[100, 10]);
    r.scope("");
    let t = r.leaf(Leaf::Index, "t", &[100]);
    let loss = r.op("softmax loss", &[a2, t], &[]);
    r.graph.set_name(loss, "loss".to_owned());
    r.origin(Origin::Backward(loss));
    let d = r.op("softmax − t", &[a2, t], &[100, 10]);
    r.scope("affine2");
    r.origin(Origin::Backward(m2));
    let wt = r.op("ᵀ", &[w2], &[10, 50]);
    let dh = r.op("·", &[d, wt], &[100, 50]);
    r.scope("");
    r.origin(Origin::Backward(h));
    let zero = r.constant(0.0);
    let mask = r.op(">", &[h, zero], &[100, 50]);
    let da = r.op("×", &[dh, mask], &[100, 50]);
    r.scope("affine1");
    r.origin(Origin::Backward(m1));
    let xt = r.op("ᵀ", &[x], &[784, 100]);
    let dw = r.op("·", &[xt, da], &[784, 50]);
    (r.graph, loss, dw)
}

/// The elementary sigmoid at x = 2 with all its numbers.
pub(in crate::view) fn sigmoid() -> Picture {
    let (graph, y) = sigmoid_graph();
    let ids: Vec<NodeId> = graph.ids().collect();
    let number = |x: f64| -> ArrayD<f64> { arr0(x).into_dyn() };
    let mut known = Annotations::default();
    for (node, value, gradient) in
        [(0, 2.0, 0.105), (3, -2.0, -0.105), (4, 0.1353, -0.7758), (5, 1.1353, -0.7758), (6, 0.8808, 1.0)]
    {
        known.values.insert(ids[node], number(value));
        known.node_gradients.insert(ids[node], number(gradient));
    }
    Builder::new(&graph, &[y]).annotations(known).build().expect("it is small")
}

pub(in crate::view) fn net_of_graph(
    change: impl Fn(Builder<'_>, NodeId) -> Builder<'_>,
    with_gradient: bool,
) -> Picture {
    let (graph, loss, dw) = net_graph();
    let outputs = if with_gradient { vec![loss, dw] } else { vec![loss] };
    change(Builder::new(&graph, &outputs), loss).build().expect("it is small")
}
