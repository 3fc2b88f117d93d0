//! How much a graph from outside may ask for.

use crate::base::shape::size;
use crate::graph::{Graph, Node};

/// How large the arrays of a loaded graph may be: a file of a few bytes can stretch a number to any size, and computing it
/// would take all memory, or for ever. What a program records itself has no limits.
///
/// The time that is left is that of computing so many elements, a second or two for each 2³⁰, and of products that are no
/// longer; how long a user's own op takes is not known.
///
/// ```
/// use chainrule::{Graph, Limits, Registry, Tape};
/// let tape = Tape::new();
/// let _ = tape.leaf("x", 1.0).broadcast_to([1000, 1000]).exp().sum();
/// let graph: Graph = tape.into_graph();
/// let limits = Limits::default().elements(100_000);
/// let message = Tape::from_graph_with(graph, &Registry::default(), limits).unwrap_err().to_string();
/// assert!(message.contains("node n1 (broadcast_to"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The most elements of one node, stretched ones counted; 2³⁰, or 8 GiB in f64, unless said otherwise.
    pub elements: usize,
    /// The most elements of all nodes together; 2³⁴ unless said otherwise.
    pub total: usize,
    /// The most multiplications of one matrix product, m k n for `[m, k] · [k, n]`; 2⁴² unless said otherwise.
    pub multiplications: usize,
}

impl Limits {
    /// The most elements of one node, of a graph as of a plan, unless said otherwise.
    pub(crate) const ELEMENTS: usize = 1 << 30;

    /// Without any limit: for graphs that come from where the program comes from.
    pub fn none() -> Self {
        Self { elements: usize::MAX, total: usize::MAX, multiplications: usize::MAX }
    }

    /// With at most so many elements of one node.
    #[must_use]
    pub fn elements(self, elements: usize) -> Self {
        Self { elements, ..self }
    }

    /// With at most so many elements of all nodes together.
    #[must_use]
    pub fn total(self, total: usize) -> Self {
        Self { total, ..self }
    }

    /// With at most so many multiplications of one matrix product.
    #[must_use]
    pub fn multiplications(self, multiplications: usize) -> Self {
        Self { multiplications, ..self }
    }

    /// That a graph keeps to the limits, of which it is known how many terms each element of a product has; the first node
    /// that does not is named.
    pub(super) fn check(
        &self,
        graph: &Graph,
        terms: impl Fn(Node<'_>) -> Option<usize>,
    ) -> Result<(), String> {
        let mut total = 0_usize;
        for node in graph.nodes() {
            check_elements(node, self.elements, "Limits::elements")?;
            total = total.saturating_add(size(node.shape()));
            if total > self.total {
                return Err(format!(
                    "the nodes up to {} have {total} elements together, more than the limit of {}; \
                     `Limits::total` sets another",
                    named(node),
                    self.total
                ));
            }
            if let Some(terms) = terms(node).filter(|_| node.leaf().is_none()) {
                self.check_product(node, terms)?;
            }
        }
        Ok(())
    }

    fn check_product(&self, node: Node<'_>, terms: usize) -> Result<(), String> {
        let count = size(node.shape()).saturating_mul(terms);
        if count <= self.multiplications {
            return Ok(());
        }
        Err(format!(
            "{} takes {count} multiplications, more than the limit of {}; `Limits::multiplications` sets another",
            named(node),
            self.multiplications
        ))
    }
}

impl Default for Limits {
    fn default() -> Self {
        // On machines of 32 bits, as many as can be counted.
        let counted = |limit: u64| usize::try_from(limit).unwrap_or(usize::MAX);
        Self { elements: Self::ELEMENTS, total: counted(1 << 34), multiplications: counted(1 << 42) }
    }
}

/// That a node has no more elements than a limit, which is set by `setting`.
pub(crate) fn check_elements(node: Node<'_>, limit: usize, setting: &str) -> Result<(), String> {
    let elements = size(node.shape());
    if elements <= limit {
        return Ok(());
    }
    Err(format!(
        "there is no room for an array of {elements} elements: {} is above the limit of {limit}; `{setting}` sets \
         another; recorded at {}",
        named(node),
        node.place()
    ))
}

/// A node with its op, name and shape.
fn named(node: Node<'_>) -> String {
    let name = node.name().map(|name| format!(" `{name}`")).unwrap_or_default();
    format!("node {} ({}{name} {:?})", node.id(), node.op(), node.shape())
}
