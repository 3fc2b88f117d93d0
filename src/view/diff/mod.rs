//! Structural differences between two graphs: `matching` pairs their nodes, this file compares the pairs, and `merged`
//! makes one graph of both to draw.

mod difference;
mod matching;
mod merged;

pub use difference::{Change, ChangeKind, Difference};

use crate::error::Result;
use crate::graph::{Graph, Node, NodeId};
use crate::view::annotations::Annotations;
use crate::view::builder::Builder;
use chainrule_picture::Picture;
use std::fmt;

/// The result of [`diff`]: the differences as plain data, and both graphs as one picture.
#[derive(Debug, Clone)]
pub struct Diff {
    /// Removed and changed nodes in the order of the first graph, then added ones in that of the second; empty if the graphs
    /// differ only in the order of independent nodes and in source lines.
    pub differences: Vec<Difference>,
    /// The matched nodes of the first and the second graph, in the order of the first.
    pub pairs: Vec<(NodeId, NodeId)>,
    merged: Graph,
    outputs: Vec<NodeId>,
    annotations: Annotations,
}

/// Compares two graphs node by node.
///
/// Nodes are matched in this order, each with at most one other: leaves of the same name; nodes that compute the same from
/// the same named leaves (value numbering from the leaves, as in hash-consing); then, from the last nodes and all matched
/// nodes on, their operands and consumers, if they are the same op at the same operand. The remaining nodes of one op and
/// scope are matched in order if both graphs have as many. So inserting or removing an op leaves the nodes around it
/// matched, and a new shape or attribute is a change and not a removal and an addition.
///
/// Attributes of ops, shapes, names, scopes, values of constants, kinds of leaves, and sources of operands are compared. An
/// operand that comes from an added or removed node is not reported besides that node. O(n log n).
///
/// ```
/// use chainrule::{Tape, picture::{ChangeKind, diff}};
/// let (before, after) = (Tape::new(), Tape::new());
/// let (x, w) = (before.input("x", [8, 4]), before.parameter("w", [4, 2]));
/// x.matmul(w).sum();
/// let (x, w) = (after.input("x", [8, 4]), after.parameter("w", [4, 2]));
/// x.matmul(w).tanh().sum();
/// let found = diff(&before.graph(), &after.graph());
/// assert_eq!(found.differences.len(), 1);
/// assert_eq!(found.differences[0].kind, ChangeKind::Added);
/// assert_eq!(found.to_string(), "+ n3 tanh [8, 2]\n");
/// assert!(found.picture()?.to_svg().contains("1 added"));
/// assert!(diff(&after.graph(), &after.graph()).is_empty());
/// # Ok::<(), chainrule::Error>(())
/// ```
pub fn diff(before: &Graph, after: &Graph) -> Diff {
    let matched = matching::Matching::of(before, after);
    let mut differences = Vec::new();
    for node in before.nodes() {
        let id = node.id();
        let Some(partner) = matched.after_of(id) else {
            differences.push(Difference {
                kind: ChangeKind::Removed,
                before: Some(id),
                after: None,
                node: named(before.node(id)),
                changes: Vec::new(),
            });
            continue;
        };
        let changes = changes(node, after.node(partner), &matched);
        if !changes.is_empty() {
            differences.push(Difference {
                kind: ChangeKind::Changed,
                before: Some(id),
                after: Some(partner),
                node: named(after.node(partner)),
                changes,
            });
        }
    }
    differences.extend(after.ids().filter(|&id| matched.before_of(id).is_none()).map(|id| Difference {
        kind: ChangeKind::Added,
        before: None,
        after: Some(id),
        node: named(after.node(id)),
        changes: Vec::new(),
    }));
    let pairs: Vec<(NodeId, NodeId)> =
        before.ids().filter_map(|id| Some((id, matched.after_of(id)?))).collect();
    let (merged, outputs, annotations) = merged::merge(before, after, &matched, &differences, &pairs);
    Diff { differences, pairs, merged, outputs, annotations }
}

/// The changed properties of two matched nodes.
fn changes(a: Node<'_>, b: Node<'_>, matched: &matching::Matching) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut change = |what: &str, before: String, after: String| {
        changes.push(Change { what: what.to_owned(), before, after });
    };
    if a.op().name != b.op().name {
        change("op", a.op().name.clone(), b.op().name.clone());
    }
    let (old, new) = (&a.op().attributes, &b.op().attributes);
    for (name, attribute) in old.iter().filter(|&(name, attribute)| new.get(name) != Some(attribute)) {
        let after = new.get(name).map(ToString::to_string);
        change(name, attribute.to_string(), after.unwrap_or_default());
    }
    for (name, attribute) in new.iter().filter(|(name, _)| old.get(name).is_none()) {
        change(name, String::new(), attribute.to_string());
    }
    if a.shape() != b.shape() {
        change("shape", format!("{:?}", a.shape()), format!("{:?}", b.shape()));
    }
    if a.name() != b.name() {
        let name = |node: Node<'_>| node.name().unwrap_or_default().to_owned();
        change("name", name(a), name(b));
    }
    if a.scope() != b.scope() {
        change("scope", a.scope().to_owned(), b.scope().to_owned());
    }
    let bits = |node: Node<'_>| -> Vec<u64> {
        node.constant().unwrap_or_default().iter().map(|x| x.to_bits()).collect()
    };
    if a.shape() == b.shape() && bits(a) != bits(b) {
        change("values", values(a), values(b));
    }
    for (operand, (&x, &y)) in a.inputs().iter().zip(b.inputs()).enumerate() {
        // An added or removed operand is a difference of its own.
        let both = matched.after_of(x).is_some() && matched.before_of(y).is_some();
        if both && matched.after_of(x) != Some(y) {
            change(&format!("operand {operand}"), a.graph().describe(x), b.graph().describe(y));
        }
    }
    changes
}

/// The description of a node, as in messages, with the value of a constant number.
fn named(node: Node<'_>) -> String {
    let number = node.constant().filter(|numbers| numbers.len() == 1).map(|_| format!(" {}", values(node)));
    format!("{}{}", node.graph().describe(node.id()), number.unwrap_or_default())
}

/// The values of a constant, at most the first few.
fn values(node: Node<'_>) -> String {
    const SHOWN: usize = 4;
    let numbers = node.constant().unwrap_or_default();
    let shown: Vec<String> = numbers.iter().take(SHOWN).map(ToString::to_string).collect();
    format!("{}{}", shown.join(", "), if numbers.len() > SHOWN { ", …" } else { "" })
}

impl Diff {
    /// Whether there are no differences.
    pub fn is_empty(&self) -> bool {
        self.differences.is_empty()
    }

    /// A builder of both graphs as one, to draw with other options than [`picture`](Self::picture): nodes of the second
    /// graph and removed nodes of the first, with the differences as marks and notes.
    pub fn builder(&self) -> Builder<'_> {
        Builder::new(&self.merged, &self.outputs).backward(true).annotations(self.annotations.clone())
    }

    /// Both graphs as one picture with a legend: added nodes have a plus and a thick outline, removed ones a minus and
    /// dashes, changed ones a wave and dots, with the changes in their details; `100×8 → 128×8` is a changed shape, and a
    /// removed arrow has the shape that it carried. A large picture is collapsed as others.
    ///
    /// # Errors
    ///
    /// As [`Builder::build`].
    pub fn picture(&self) -> Result<Picture> {
        self.builder().build()
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_none = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
        write!(f, "{} {} → {}", self.what, or_none(&self.before), or_none(&self.after))
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.kind {
            ChangeKind::Removed => '−',
            ChangeKind::Added => '+',
            ChangeKind::Changed => '~',
        };
        write!(f, "{sign} {}", self.node)?;
        for (i, change) in self.changes.iter().enumerate() {
            write!(f, "{}{change}", if i == 0 { ": " } else { "; " })?;
        }
        Ok(())
    }
}

/// One line for each difference.
impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.differences.iter().try_for_each(|difference| writeln!(f, "{difference}"))
    }
}
