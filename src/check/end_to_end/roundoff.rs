//! How much rounding there is in an output, told by its cotangents.

use crate::check::replay::values::value;
use crate::error::Result;
use crate::graph::NodeId;
use crate::tape::Tape;

/// The rounding of an output to first order: each number on the way is off by a rounding of its own, ε of it at most, and the
/// output by as much times the number's cotangent (Linnainmaa, 'Taylor expansion of the accumulated rounding error', BIT 16,
/// 1976). Roundings are independent, so it is the root of the sum of their squares.
///
/// Of 1 − p where p is nearly 1, say, this is what is left of the roundings of p, and the size of no number tells it.
/// `cotangents` are those of the nodes up to the output; they have to be right.
pub(crate) fn roundoff(tape: &Tape, cotangents: &[Option<NodeId>]) -> Result<f64> {
    let mut squares = 0.0;
    for (node, cotangent) in cotangents.iter().enumerate() {
        let node = NodeId::new(node);
        let Some(cotangent) = cotangent.filter(|_| tape.graph().node(node).leaf().is_none()) else {
            continue;
        };
        let (y, dy) = (value(tape, node)?, value(tape, cotangent)?);
        let effects = y.iter().zip(&dy).map(|(y, dy)| (y * dy).powi(2));
        squares += effects.filter(|effect| effect.is_finite()).sum::<f64>();
    }
    Ok(f64::EPSILON * squares.sqrt())
}
