//! What a graph is made of, and what computing it costs: a table by scope.

use crate::graph::{Kind, Leaf, Node, Origin};
use crate::shown::{CELL, grouped, shown};
use crate::tape::op::Operand;
use crate::tape::{Tape, Var};
use serde::Serialize;
use std::fmt;

/// What the nodes of a graph are and cost, added up by the scope that they were recorded in, in the order of recording.
///
/// Made by [`Tape::summary`], for any graph; its `Display` is a table, and it can be serialised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GraphSummary {
    /// The scopes; the name of the first is empty where nodes were recorded in none.
    pub scopes: Vec<ScopeCost>,
    /// All of them together.
    pub total: ScopeCost,
}

/// What the nodes of one scope are and cost.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ScopeCost {
    /// The path of the scope.
    pub scope: String,
    /// Ops that were recorded forward.
    pub ops: usize,
    /// The shape of the last of them: what the scope hands on, as a rule.
    pub shape: Vec<usize>,
    /// Numbers of its parameters.
    pub parameters: usize,
    /// Numbers of the results of its forward ops, but those of views.
    pub results: usize,
    /// Floating-point operations of its forward ops, by [`Op::flops`](crate::Op::flops).
    pub forward: u64,
    /// Those of the ops that the reverse pass recorded for it, and of updates.
    pub backward: u64,
}

impl ScopeCost {
    fn add(&mut self, node: Node<'_>, flops: u64) {
        let len: usize = node.shape().iter().product();
        match node.leaf() {
            Some(Leaf::Parameter) => self.parameters = self.parameters.saturating_add(len),
            Some(_) => {}
            None if node.origin() == Origin::Forward => {
                self.ops += 1;
                self.shape = node.shape().to_vec();
                // A view has no numbers of its own, and costs nothing.
                let results = if flops == 0 && node.kind() == Kind::Real { 0 } else { len };
                self.results = self.results.saturating_add(results);
                self.forward = self.forward.saturating_add(flops);
            }
            None => self.backward = self.backward.saturating_add(flops),
        }
    }
}

impl Tape {
    /// What the graph is made of, and what computing it once costs, by scope: ops, parameters, numbers of results, floating-point
    /// operations forward and backward. A number takes 4 bytes in a plan in f32, and 8 in f64.
    ///
    /// Each node counts, whether an output needs it or not; a plan leaves out what none does, and computes equal nodes once. O(n).
    ///
    /// ```
    /// use chainrule::Tape;
    /// use chainrule::nn::{Affine, Relu, Sequential};
    ///
    /// let net = Sequential::new().push(Affine::new(784, 50)).push(Relu).push(Affine::new(50, 10));
    /// let tape = Tape::new();
    /// let loss = net.forward(tape.input("x", [100, 784])).square().sum().named("loss");
    /// loss.grad(net.parameters(&tape).try_into().unwrap_or([loss; 4]));
    /// assert_eq!(tape.summary().to_string(), "\
    /// scope    ops  shape      parameters  results  forward FLOPs  backward FLOPs
    /// –          2  []                  0    1,001          2,000           2,000
    /// affine1    2  [100, 50]      39,250   10,000      7,845,000       7,845,000
    /// relu1      1  [100, 50]           0    5,000          5,000          10,000
    /// affine2    2  [100, 10]         510    2,000        101,000         201,000
    /// total      7  []             39,760   18,001      7,953,000       8,058,000
    /// ");
    /// ```
    pub fn summary(&self) -> GraphSummary {
        let graph = self.graph();
        let mut summary = GraphSummary { scopes: Vec::new(), total: ScopeCost::default() };
        let mut places = rustc_hash::FxHashMap::default();
        for node in graph.nodes() {
            let flops = if node.leaf().is_none() { self.flops(node) } else { 0 };
            let scope = node.scope();
            let place = *places.entry(scope).or_insert_with(|| {
                summary.scopes.push(ScopeCost { scope: scope.to_owned(), ..ScopeCost::default() });
                summary.scopes.len() - 1
            });
            summary.scopes[place].add(node, flops);
            summary.total.add(node, flops);
        }
        // Leaves that were recorded in no scope, as inputs, are nothing to tell.
        summary.scopes.retain(|scope| scope.ops > 0 || scope.parameters > 0 || scope.backward > 0);
        summary.total.scope = "total".to_owned();
        summary
    }

    fn flops(&self, node: Node<'_>) -> u64 {
        let graph = self.graph();
        let operands: Vec<Operand<'_>> = node
            .inputs()
            .iter()
            .map(|&x| Operand { shape: graph.node(x).shape(), kind: graph.node(x).kind() })
            .collect();
        self.op(node.id()).flops(&operands, node.shape())
    }
}

impl Var<'_> {
    /// As [`Tape::summary`], of its tape.
    pub fn summary(self) -> GraphSummary {
        self.tape().summary()
    }
}

/// A table, with a row for each scope.
impl fmt::Display for GraphSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["scope", "ops", "shape", "parameters", "results", "forward FLOPs", "backward FLOPs"];
        let row = |scope: &ScopeCost| {
            let ScopeCost { scope, ops, shape, parameters, results, forward, backward } = scope;
            let count = |count: &u64| grouped(usize::try_from(*count).unwrap_or(usize::MAX));
            [
                if scope.is_empty() { "–".to_owned() } else { shown(scope, CELL).into_owned() },
                grouped(*ops),
                shown(&format!("{shape:?}"), CELL).into_owned(),
                grouped(*parameters),
                grouped(*results),
                count(forward),
                count(backward),
            ]
        };
        let mut rows = vec![head.map(str::to_owned)];
        rows.extend(self.scopes.iter().chain([&self.total]).map(row));
        let widths: [usize; 7] = std::array::from_fn(|column| {
            rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)
        });
        for row in &rows {
            let [w0, w1, w2, w3, w4, w5, w6] = widths;
            let [scope, ops, shape, parameters, results, forward, backward] = row;
            writeln!(
                f,
                "{scope:w0$}  {ops:>w1$}  {shape:w2$}  {parameters:>w3$}  {results:>w4$}  {forward:>w5$}  {backward:>w6$}"
            )?;
        }
        Ok(())
    }
}
