//! The chain rule as paths: from a node to the output, the product of the local derivatives along each.

use crate::base::shape::size;
use crate::graph::NodeId;
use crate::tape::{Tape, Var};
use crate::view::page::edit::JsonNumber;
use crate::view::page::live::{LivePage, Reply};
use serde::Serialize;
use std::collections::BTreeMap;

/// The most paths that are told one by one.
const MAX_PATHS: usize = 64;

/// The local derivatives of an op, by operand.
#[derive(Serialize)]
struct Local {
    local: Vec<Option<JsonNumber>>,
}

#[derive(Serialize)]
struct PathStep {
    to: String,
    operand: usize,
    local: JsonNumber,
}

#[derive(Serialize)]
struct Path {
    steps: Vec<PathStep>,
    product: JsonNumber,
}

#[derive(Serialize)]
struct PathSum {
    from: String,
    to: String,
    paths: Vec<Path>,
    count: JsonNumber,
    sum: JsonNumber,
    gradient: Option<JsonNumber>,
}

/// An arrow of the graph: the op that it leads to, and the operand.
type Arrow = (NodeId, usize);

impl LivePage {
    /// The local derivatives of an op by its operands, if they are numbers.
    pub(in crate::view) fn local(&mut self, node: NodeId, moment: usize) -> Result<Reply, String> {
        self.known_at(moment)?;
        let arity = self.scene.graph.node(node).inputs().len();
        let local = (0..arity).map(|operand| self.derivative((node, operand)));
        Ok(Reply::of(&Local { local: local.map(|local| local.map(JsonNumber)).collect() }))
    }

    /// The paths from a node to the output: the arrows of each with their local derivatives and the product of these, how
    /// many paths there are, and the sum over all of them, which is the gradient.
    pub(in crate::view) fn paths(&mut self, from: NodeId, moment: usize) -> Result<Reply, String> {
        let known = self.known_at(moment)?;
        let output = self.scene.differentiated.ok_or("no gradient is drawn")?;
        let graph = &self.scene.graph;
        // The arrows on the way, by the node that they leave, each with its derivative.
        let after = graph.read_by([output]);
        let mut arrows: BTreeMap<NodeId, Vec<(Arrow, f64)>> = BTreeMap::new();
        let mut reached = vec![false; graph.len()];
        reached[from.index()] = true;
        for node in graph.nodes().skip(from.index() + 1).take_while(|node| node.id() <= output) {
            for (operand, input) in node.read_inputs().filter(|_| after[node.id().index()]) {
                if !reached[input.index()] {
                    continue;
                }
                if size(node.shape()) != 1 || size(graph.node(input).shape()) != 1 {
                    return Err(
                        "a path leads through arrays, whose local derivatives are matrices".to_owned()
                    );
                }
                let arrow = (node.id(), operand);
                let derivative = self.derivative(arrow);
                let derivative = derivative.ok_or_else(|| format!("{} is not computed here", node.id()))?;
                arrows.entry(input).or_default().push((arrow, derivative));
                reached[node.id().index()] = true;
            }
        }
        // How many paths lead from each node to the output, and the sum of their products.
        let mut sums: BTreeMap<NodeId, (f64, f64)> = BTreeMap::from([(output, (1.0, 1.0))]);
        for (&node, leaving) in arrows.iter().rev() {
            let add = |(count, sum): (f64, f64), ((to, _), derivative): &(Arrow, f64)| {
                let (more, rest) = sums.get(to).copied().unwrap_or_default();
                (count + more, sum + derivative * rest)
            };
            let all = leaving.iter().fold((0.0, 0.0), add);
            sums.insert(node, all);
        }
        let (count, sum) = sums.get(&from).copied().unwrap_or_default();
        let mut paths = Vec::new();
        let mut stack: Vec<(NodeId, Vec<(Arrow, f64)>)> = vec![(from, Vec::new())];
        while let Some((node, path)) = stack.pop().filter(|_| paths.len() < MAX_PATHS) {
            if node == output {
                paths.push(path);
                continue;
            }
            for step in arrows.get(&node).into_iter().flatten().rev() {
                stack.push((step.0.0, path.iter().chain([step]).copied().collect()));
            }
        }
        let told = |path: &Vec<(Arrow, f64)>| {
            let step = |&((to, operand), local): &(Arrow, f64)| PathStep {
                to: to.to_string(),
                operand,
                local: JsonNumber(local),
            };
            // In the order of the reverse pass.
            let product = path.iter().rev().fold(1.0, |product, (_, derivative)| product * derivative);
            Path { steps: path.iter().map(step).collect(), product: JsonNumber(product) }
        };
        let gradient = known.node_gradients.get(&from).and_then(|gradient| gradient.first().copied());
        Ok(Reply::of(&PathSum {
            from: from.to_string(),
            to: output.to_string(),
            paths: paths.iter().map(told).collect(),
            count: JsonNumber(count),
            sum: JsonNumber(sum),
            gradient: gradient.map(JsonNumber),
        }))
    }

    /// The derivative of an op by one operand, where the op and all its operands are numbers: its rule, for a cotangent of 1,
    /// on a tape of its own, so that the other operands stand still even where they are the same node.
    fn derivative(&self, (node, operand): Arrow) -> Option<f64> {
        let node = self.scene.graph.node(node);
        if node.leaf().is_some()
            || size(node.shape()) != 1
            || self.scene.held.binary_search(&node.id()).is_ok()
        {
            return None;
        }
        let values = self.engine.tape.values(node.inputs().iter().copied()).ok()?;
        let alone = Tape::new();
        let inputs: Vec<Var<'_>> = values.iter().map(|(_, value)| alone.leaf("", value)).collect();
        let y = alone.try_apply_shared(self.engine.tape.op(node.id()), &inputs).ok()?;
        let by = *inputs.get(operand).filter(|x| size(&x.shape()) == 1)?;
        y.try_sweep(&[by]).ok()?.first()?.view().first().copied()
    }
}
