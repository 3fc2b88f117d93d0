//! Checkpoints, and VJPs of users, of a graph from a file: what is inside of a stretch is in the graph itself.

use super::composite::{CHECKPOINT, Composite, OwnVjp, Recomputed, own_vjp};
use super::template::{Template, lost};
use crate::graph::{Graph, NodeId};
use crate::tape::{LoadedStretch, Op, Registry, Var, WITH_VJP};
use std::sync::Arc;

impl Registry {
    /// With the ends of stretches that need nothing of the user.
    pub(crate) fn with_checkpoints(self) -> Self {
        self.with::<Recomputed>().with_stretch(
            CHECKPOINT,
            "",
            Arc::new(|graph, op_of, id| load((CHECKPOINT, ""), graph, op_of, id, None)),
        )
    }

    /// With the VJP that graphs recorded under a name by [`Tape::with_vjp`](crate::Tape::with_vjp): a file has the name alone. One
    /// of the same name is replaced.
    ///
    /// ```
    /// use chainrule::{Graph, Registry, Tape};
    ///
    /// let tape = Tape::new();
    /// let x = tape.leaf("x", 20.0);
    /// tape.with_vjp("log1pexp", [x], |[x]| (1.0 + x.exp()).ln(), |[x], _y, dy| [dy * x.sigmoid()]);
    /// let file = serde_json::to_string(&*tape.graph()).unwrap();
    ///
    /// let registry = Registry::default().with_vjp("log1pexp", |[x], _y, dy| [dy * x.sigmoid()]);
    /// let graph: Graph = serde_json::from_str(&file).unwrap();
    /// assert!(Tape::from_graph(graph.clone(), &registry).is_ok());
    /// let message = Tape::from_graph(graph, &Registry::default()).unwrap_err().to_string();
    /// assert!(message.contains("add it with `Registry::with_vjp`"), "{message}");
    /// ```
    #[doc(alias = "Function")]
    #[doc(alias = "custom_vjp")]
    #[must_use]
    pub fn with_vjp<const N: usize, R>(self, name: &str, vjp: R) -> Self
    where
        R: for<'r> Fn([Var<'r>; N], Var<'r>, Var<'r>) -> [Var<'r>; N] + Send + Sync + 'static,
    {
        let (vjp, of) = own_vjp(vjp);
        let label = name.to_owned();
        let loader = move |graph: &Graph, op_of: &dyn Fn(NodeId) -> Arc<dyn Op>, id: NodeId| {
            load((WITH_VJP, &label), graph, op_of, id, Some((N, vjp.clone(), of.clone())))
        };
        self.with_stretch(WITH_VJP, name, Arc::new(loader))
    }
}

/// The op of a node that stands at the end of a stretch, made of the nodes between its operands.
fn load(
    (name, label): (&'static str, &str),
    graph: &Graph,
    op_of: &dyn Fn(NodeId) -> Arc<dyn Op>,
    id: NodeId,
    vjp: Option<(usize, OwnVjp, String)>,
) -> Result<LoadedStretch, String> {
    let Some((&result, given)) = graph.node(id).inputs().split_first() else {
        return Err("takes the result of a stretch, got no operand".to_owned());
    };
    let (template, operands) = Template::new(graph, op_of, 0, given, result);
    if let Some(&other) = operands.get(given.len()) {
        return Err(format!(
            "its operand 0 is computed from {}, which is not among the others",
            graph.describe(other)
        ));
    }
    let vjp = match vjp {
        None => None,
        Some((count, ..)) if count > given.len() => {
            return Err(format!("its VJP takes {count} operands, and there are {}", given.len()));
        }
        Some((count, vjp, of)) => {
            if let Some(lost) = lost(graph, &given[count..]) {
                return Err(format!("its VJP takes {count} operands, and {} is none", graph.describe(lost)));
            }
            Some((vjp, of))
        }
    };
    let nodes = template.len();
    Ok(LoadedStretch { op: Arc::new(Composite::new(name, label, template, vjp)), nodes })
}
