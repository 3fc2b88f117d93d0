//! Elementwise nodes of one op, judged together.

use crate::check::node::kernels::precision::{Mismatch, same_bits};
use crate::check::node::kernels::trial::Trial;
use crate::graph::NodeId;
use crate::tape::Op;

/// Elementwise nodes of one op, one after another.
#[derive(Debug, Default)]
pub(super) struct NodeBatch {
    pub(super) x: Vec<Vec<f64>>,
    pub(super) y: Vec<f64>,
    /// Where the elements of each node begin.
    pub(super) nodes: Vec<(usize, NodeId)>,
}

impl NodeBatch {
    pub(super) fn node(&self, element: usize) -> (NodeId, usize) {
        let place = self.nodes.partition_point(|&(start, _)| start <= element);
        let (start, node) = self.nodes[place.saturating_sub(1)];
        (node, element - start)
    }

    /// Up to so many of its elements, from all over it.
    pub(super) fn some(&self, count: usize) -> (Vec<Vec<f64>>, Vec<f64>) {
        let step = self.y.len().div_ceil(count).max(1);
        let pick = |x: &Vec<f64>| x.iter().copied().step_by(step).collect();
        (self.x.iter().map(pick).collect(), pick(&self.y))
    }
}

/// Where an elementwise kernel gives other results in pieces of several lengths than it gave.
pub(super) fn pieces(op: &dyn Op, x: &[Vec<f64>], y: &[f64]) -> Option<Mismatch> {
    let mut of_pieces = Vec::with_capacity(y.len());
    let mut lengths = [1, 2, 3, 5, 7, 11, 16, 31].into_iter().cycle();
    while of_pieces.len() < y.len() {
        let start = of_pieces.len();
        let end = y.len().min(start + lengths.next().unwrap_or(1));
        let part: Vec<&[f64]> = x.iter().map(|x| &x[start..end]).collect();
        of_pieces.extend(Trial::elementwise(op, x.len(), end - start).run(&part));
    }
    let element = (0..y.len()).find(|&i| !same_bits(&of_pieces[i..=i], &y[i..=i]))?;
    Some(Mismatch { element, found: of_pieces[element], against: y[element] })
}
