//! What is wrong, and where.

use crate::check::report::worst::{Source, Worst, further};
use crate::graph::{Graph, NodeId};
use crate::location::Location;
use crate::shown::{CELL, LIST, shown};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which part of a check found a fault; in the order in which they are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Before any difference: a replay that is not reproducible, a NaN or an infinity.
    Preflight,
    /// An op alone: its rule against differences of its own kernel, at the recorded operands.
    Node,
    /// The recorded backward graph against the rules that it should be made of.
    Engine,
    /// What the checker takes for granted of an op, and found untrue: that it is linear in an operand.
    Claim,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Preflight => "preflight",
            Self::Node => "node",
            Self::Engine => "engine",
            Self::Claim => "claim",
        })
    }
}

/// Something wrong that has a place: the node, its op, and the line that recorded it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// What found it.
    pub stage: Stage,
    /// The node.
    pub node: NodeId,
    /// The operand of it, from 0, if the fault is in what goes to one.
    pub operand: Option<usize>,
    /// The node's op with its attributes.
    pub op: String,
    /// The node's name, if it has one.
    pub name: Option<String>,
    /// The operand's name, if it has one.
    pub operand_name: Option<String>,
    /// The scope it was recorded in; empty at the top.
    pub scope: String,
    /// The source line that recorded it.
    pub location: Option<Location>,
    /// What is wrong.
    pub problem: String,
    /// The element that differs most, with both numbers.
    pub worst: Option<Worst>,
    /// Elements that differ, those with the greatest |Δ| first, [`worst`](Self::worst) among them; five at the most, of
    /// [`failed`](Self::failed) in all.
    #[serde(default)]
    pub failing: Vec<Worst>,
    /// How many of the measured elements differ; of a large operand, one may be all that was measured.
    #[serde(default)]
    pub failed: usize,
    /// What the numbers look like, where they tell.
    pub hint: Option<String>,
}

impl Fault {
    pub(crate) fn new(
        stage: Stage,
        graph: &Graph,
        node: NodeId,
        operand: Option<usize>,
        problem: String,
    ) -> Self {
        let at = graph.node(node);
        let input = operand.and_then(|i| at.inputs().get(i)).map(|&x| graph.node(x));
        Self {
            stage,
            node,
            operand,
            op: at.op().to_string(),
            name: at.name().map(str::to_owned),
            operand_name: input.and_then(|x| x.name()).map(str::to_owned),
            scope: at.scope().to_owned(),
            location: at.location().cloned(),
            problem,
            worst: None,
            failing: Vec::new(),
            failed: 0,
            hint: None,
        }
    }
}

impl fmt::Display for Fault {
    /// `matmul (n5 in affine1), operand 1 `W1`, recorded at src/net.rs:12:20: what is wrong`, then the worst
    /// elements and the hint on lines of their own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", shown(&self.op, LIST), self.node)?;
        if let Some(name) = &self.name {
            write!(f, " `{}`", shown(name, CELL))?;
        }
        if !self.scope.is_empty() {
            write!(f, " in {}", shown(&self.scope, LIST))?;
        }
        f.write_str(")")?;
        if let Some(operand) = self.operand {
            write!(f, ", operand {operand}")?;
            if let Some(name) = &self.operand_name {
                write!(f, " `{}`", shown(name, CELL))?;
            }
        }
        if let Some(location) = &self.location {
            write!(f, ", recorded at {location}")?;
        }
        write!(f, ": {}", self.problem)?;
        if let Some(worst) = &self.worst {
            write!(f, "\n  worst element {worst}")?;
            let further = further(self.failing.get(1..).unwrap_or_default(), self.failed, Source::Backprop);
            further.lines().try_for_each(|line| write!(f, "\n{line}"))?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}
