//! Faults of the engine: every rule is right, and what is recorded of them is not. Each is put into the recorded
//! backward graph, in the middle of a small net or at a parameter.

use crate::Mutation;
use crate::edited::Edited;
use crate::finding::{Expected, Finding};
use crate::specimen::signed;
use chainrule::check::Stage;
use chainrule::graph::{Leaf, Node, Origin};
use chainrule::{Check, NodeId, Tape, Var};
use ndarray::ArrayD;

pub(crate) fn all() -> Vec<Mutation> {
    let faults: [(usize, &'static str, Site, Fault); 8] = [
        (10, "overwrite instead of accumulate on reuse, in the net", hidden, overwrite),
        (10, "overwrite instead of accumulate on reuse, of a parameter", tied, overwrite),
        (11, "double accumulation in a diamond, in the net", hidden, accumulate_twice),
        (11, "double accumulation in a diamond, of a parameter", tied, accumulate_twice),
        (25, "a stale gradient kept, in the net", hidden, keep_stale),
        (25, "a stale gradient kept, of a parameter", tied, keep_stale),
        (27, "a parameter detached", tied, detach),
        (27, "all before a node detached", hidden, detach),
    ];
    faults
        .map(|(number, what, site, fault)| Mutation::new(number, what, move |wrong| site(wrong, fault)))
        .into()
}

/// Checks a net of which a fault makes the recorded gradients wrong, or none.
type Site = fn(bool, Fault) -> Finding;

/// Makes a graph wrong, and says which nodes are taken for the gradients then.
type Fault = fn(&Net<'_>, &mut Edited) -> Vec<NodeId>;

/// A loss with its gradients recorded, and the var at which they are made wrong.
struct Net<'t> {
    loss: Var<'t>,
    leaves: [Var<'t>; 2],
    gradients: Vec<NodeId>,
    /// The var, which is used twice.
    target: Var<'t>,
    place: (&'static str, u32),
    /// Its gradient, and the one that a wrong engine may have in its place: of the iteration before, or 0.
    gradient: NodeId,
    stale: NodeId,
    zero: NodeId,
}

/// The numbers of both parameters, before the step of an optimiser and after.
fn parameters(iteration: u64) -> [ArrayD<f64>; 2] {
    let shift = 0.1 * iteration as f64;
    [signed(&[4, 5], 1).mapv(|w| w + shift), signed(&[5, 2], 2).mapv(|w| w - shift)]
}

impl<'t> Net<'t> {
    /// Records the gradients; `target` was recorded at a line of this file.
    fn new(loss: Var<'t>, leaves: [Var<'t>; 2], target: Var<'t>, line: u32, before: &ArrayD<f64>) -> Self {
        let tape = loss.tape();
        let stale = tape.constant(before).id();
        let zero = tape.constant(0.0).broadcast_like(target).id();
        let gradients = loss.backward();
        Self {
            loss,
            leaves,
            gradients: leaves.map(|leaf| gradients.of(leaf).id()).to_vec(),
            target,
            place: (file!(), line),
            gradient: gradients.of(target).id(),
            stale,
            zero,
        }
    }

    /// The node that adds up the two parts of the target's gradient.
    fn accumulation(&self) -> (NodeId, [NodeId; 2]) {
        let graph = self.loss.tape().graph();
        let node = graph.node(self.gradient);
        assert_eq!((&*node.op().name, node.origin()), ("add", Origin::Backward(self.target.id())));
        (node.id(), [node.inputs()[0], node.inputs()[1]])
    }
}

/// Whoever reads the sum of both parts reads the second alone.
fn overwrite(net: &Net<'_>, graph: &mut Edited) -> Vec<NodeId> {
    let (sum, [_, part]) = net.accumulation();
    replace(net, graph, sum, part)
}

/// The second part is added once more, as where a node hands its cotangent on twice.
fn accumulate_twice(net: &Net<'_>, graph: &mut Edited) -> Vec<NodeId> {
    let (sum, [_, part]) = net.accumulation();
    let twice = graph.insert_behind(sum, [sum, part]);
    graph.redirect(sum, twice, NodeId::new(twice.index() + 1));
    let moved = |id: NodeId| if id < sum { id } else { NodeId::new(id.index() + 1) };
    net.gradients.iter().map(|&id| moved(id)).collect()
}

/// The gradient of the iteration before stands in the place of this one's.
fn keep_stale(net: &Net<'_>, graph: &mut Edited) -> Vec<NodeId> {
    replace(net, graph, net.gradient, net.stale)
}

/// Nothing comes back.
fn detach(net: &Net<'_>, graph: &mut Edited) -> Vec<NodeId> {
    replace(net, graph, net.gradient, net.zero)
}

fn replace(net: &Net<'_>, graph: &mut Edited, from: NodeId, to: NodeId) -> Vec<NodeId> {
    graph.redirect(from, to, from);
    net.gradients.iter().map(|&id| if id == from { to } else { id }).collect()
}

/// A net with a hidden var that is used twice, which is the target.
fn hidden(wrong: bool, fault: Fault) -> Finding {
    fn net<'t>(tape: &'t Tape, [w1, w2]: [ArrayD<f64>; 2], before: &ArrayD<f64>) -> Net<'t> {
        let x = tape.leaf("x", signed(&[3, 4], 0));
        let leaves = [tape.leaf("w1", w1), tape.leaf("w2", w2)];
        let (hidden, line) = (x.matmul(leaves[0]).tanh(), line!());
        let scores = (hidden.sin() * (2.0 * hidden).exp()).matmul(leaves[1]);
        let weights = tape.constant(signed(&[3, 2], 3));
        Net::new((scores * weights).sum(), leaves, hidden, line, before)
    }
    check(wrong, fault, net, &[3, 5])
}

/// A net with one parameter in two places, which is the target.
fn tied(wrong: bool, fault: Fault) -> Finding {
    fn net<'t>(tape: &'t Tape, [w1, w2]: [ArrayD<f64>; 2], before: &ArrayD<f64>) -> Net<'t> {
        let x = tape.leaf("x", signed(&[3, 4], 0));
        let (tied, line) = (tape.leaf("w1", w1), line!());
        let leaves = [tied, tape.leaf("w2", w2)];
        let back = x.matmul(tied).tanh().matmul(tied.t()).tanh();
        let scores = back.matmul(tape.constant(signed(&[4, 5], 4))).matmul(leaves[1]);
        let weights = tape.constant(signed(&[3, 2], 3));
        Net::new((scores * weights).sum(), leaves, tied, line, before)
    }
    check(wrong, fault, net, &[4, 5])
}

/// Records a net, makes its graph wrong if it is to be, loads and checks it.
fn check(
    wrong: bool,
    fault: Fault,
    net: for<'t> fn(&'t Tape, [ArrayD<f64>; 2], &ArrayD<f64>) -> Net<'t>,
    shape: &[usize],
) -> Finding {
    let first = Tape::new();
    let gradient = net(&first, parameters(0), &ArrayD::zeros(shape)).gradient;
    let before = first.var(gradient).unwrap().value().into_array();

    let recorded = Tape::new();
    let net = net(&recorded, parameters(1), &before);
    let mut graph = Edited::of(&recorded);
    let gradients = if wrong { fault(&net, &mut graph) } else { net.gradients.clone() };
    let tape = graph.load();
    let var = |id: NodeId| tape.var(id).unwrap();
    let is_input = |n: &Node<'_>| n.leaf() == Some(Leaf::Input);
    let inputs: Vec<NodeId> = recorded.graph().nodes().filter(is_input).map(|n| n.id()).collect();
    for (id, value) in recorded.values(inputs).unwrap() {
        tape.feed(var(id), value).unwrap();
    }
    let expected = Expected {
        stage: Stage::Engine,
        node: net.target.id(),
        operand: None,
        op: String::new(),
        place: net.place,
    };
    let gradients: Vec<Var<'_>> = gradients.into_iter().map(var).collect();
    let check = Check::new(var(net.loss.id()), &net.leaves.map(|leaf| var(leaf.id())));
    Finding::of(check.gradients(&gradients).run(), &expected)
}
