//! Recorded values.

use crate::error::Result;
use crate::graph::NodeId;
use crate::kernel::{View, gather};
use crate::tape::Tape;
use ndarray::ArrayD;

/// The recorded value of a node.
pub(crate) fn value(tape: &Tape, id: NodeId) -> Result<ArrayD<f64>> {
    let mut values = tape.values([id])?;
    Ok(values.pop().map(|(_, value)| value).unwrap_or_else(|| unreachable!("one node has one value")))
}

/// The recorded numbers of a node, in row-major order.
pub(crate) fn numbers(tape: &Tape, id: NodeId) -> Result<Vec<f64>> {
    // Values are made in row-major order, so nothing has to be put in order.
    Ok(value(tape, id)?.into_raw_vec_and_offset().0)
}

pub(crate) fn copy(view: View<'_, f64>, to: &mut Vec<f64>) {
    to.resize(view.len(), 0.0);
    gather(view, 0, to);
}
