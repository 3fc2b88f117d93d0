//! Giving leaves their values.

use super::given::{IntoIndices, IntoValue};
use crate::error::{Error, Result, first_of};
use crate::graph::{Graph, Leaf, NodeId};
use crate::mismatch::Mismatch;
use crate::tape::op::{Recorder, Tape, Var};
use crate::{Float, State};

/// What a node takes instead of what is fed to leaves of the kinds that are allowed, and what would be right; `None` if it
/// is such a leaf.
pub(crate) fn not_fed(graph: &Graph, id: NodeId, allowed: &[Leaf]) -> Option<String> {
    let node = graph.node(id);
    Some(match node.leaf() {
        Some(leaf) if allowed.contains(&leaf) => return None,
        Some(Leaf::Constant) => {
            "no other value, since it is a constant; record it with `tape.leaf` or `tape.input` to feed it"
                .to_owned()
        }
        Some(Leaf::Index) => "class labels or positions; feed it with `feed_indices`".to_owned(),
        Some(Leaf::Input) => "real numbers; feed it with `feed`".to_owned(),
        Some(Leaf::Parameter) => {
            "real numbers: of the state that a plan is run on, or by `tape.feed`".to_owned()
        }
        None => {
            let read = graph.read_by([id]);
            let fed = |leaf| matches!(leaf, Leaf::Input | Leaf::Index | Leaf::Parameter);
            let leaves = graph.nodes().filter(|n| read[n.id().index()] && n.leaf().is_some_and(fed));
            let leaves = first_of(leaves.map(|n| graph.describe(n.id())));
            let op = node.op();
            match leaves.is_empty() {
                true => format!(
                    "no value, since it is computed by {op} from constants; record an input in its place"
                ),
                false => format!(
                    "no value, since it is computed by {op}; feed what it is computed from, {leaves}, or record an input \
                     in its place"
                ),
            }
        }
    })
}

impl Tape {
    /// Gives a leaf a value; everything computed from leaves before is forgotten.
    ///
    /// The next value that is asked for is computed anew from the leaves, so many are best fed before it:
    /// [`feed_all`](Self::feed_all).
    ///
    /// # Errors
    ///
    /// If the var is not an input or a parameter of this tape, the shape is another, or the [graph](Tape::graph) is held.
    #[track_caller]
    pub fn feed(&self, leaf: Var<'_>, value: impl IntoValue) -> Result<()> {
        self.feed_all([(leaf, value)])
    }

    /// Gives many leaves their values, all or none; everything computed from leaves before is forgotten.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x: Vec<_> = (0..1000).map(|i| tape.leaf(&format!("x{i}"), 0.0)).collect();
    /// let sum = tape.stack(&x, 0).sum();
    /// tape.feed_all(x.iter().map(|&x| (x, 0.5)))?;
    /// assert_eq!(sum.value().item(), 500.0);
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`feed`](Self::feed), for the first that does not fit; then all leaves have the values that they had.
    #[track_caller]
    pub fn feed_all<'t, V: IntoValue>(
        &'t self,
        values: impl IntoIterator<Item = (Var<'t>, V)>,
    ) -> Result<()> {
        let mut fitting = Vec::new();
        for (leaf, value) in values {
            self.own("feed", leaf, &[])?;
            let value = value.into_value();
            self.fits("feed", leaf, &[Leaf::Input, Leaf::Parameter], value.shape())?;
            fitting.push((leaf.id(), value));
        }
        let mut recorder = self.try_write("feed")?;
        for (id, value) in &fitting {
            recorder.give(*id, value)?;
        }
        drop(recorder);
        self.forget_computed()
    }

    /// Gives an index input its values; everything computed from leaves before is forgotten.
    ///
    /// # Errors
    ///
    /// If the var is not an index input of this tape, the shape is another, an index is negative, or the [graph](Tape::graph) is
    /// held.
    #[track_caller]
    pub fn feed_indices(&self, leaf: Var<'_>, indices: impl IntoIndices) -> Result<()> {
        self.own("feed_indices", leaf, &[])?;
        let indices = match indices.into_indices() {
            Ok(indices) => indices,
            Err(found) => {
                let graph = self.graph();
                return Err(Error::Feed {
                    what: "feed_indices",
                    leaf: graph.describe(leaf.id()),
                    expected: "indices from 0".to_owned(),
                    found,
                    location: graph.node(leaf.id()).place(),
                });
            }
        };
        self.fits("feed_indices", leaf, &[Leaf::Index], indices.shape())?;
        self.try_write("feed_indices")?.values.set_indices(leaf.id(), indices);
        self.forget_computed()
    }

    /// That a var is one of some kinds of leaf, and of a shape.
    fn fits(&self, what: &'static str, leaf: Var<'_>, allowed: &[Leaf], shape: &[usize]) -> Result<()> {
        let graph = self.graph();
        let node = graph.node(leaf.id());
        let expected = match not_fed(&graph, leaf.id(), allowed) {
            Some(instead) => instead,
            None if node.shape() == shape => return Ok(()),
            None => format!("shape {:?}", node.shape()),
        };
        Err(Error::Feed {
            what,
            leaf: graph.describe(leaf.id()),
            expected,
            found: format!("shape {shape:?}"),
            location: node.place(),
        })
    }

    /// Forgets what was computed from leaves that have other values now.
    #[track_caller]
    fn forget_computed(&self) -> Result<()> {
        let Recorder { graph, values, .. } = &mut *self.try_write("feed")?;
        values.forget_computed(graph);
        Ok(())
    }

    /// Gives every parameter of the tape its value in a state that has these parameters and nothing else.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] if the state lacks a parameter, has one in another shape, or has an entry that is no parameter of
    /// the tape, with all that differ: see [`load_partial`](Self::load_partial). [`Error::GraphHeld`] if the
    /// [graph](Tape::graph) is held. Then nothing is changed.
    #[track_caller]
    pub fn load<F: Float>(&self, state: &State<F>) -> Result<()> {
        let parameters = self.named_parameters();
        let mismatch = compare(&parameters, state);
        if !mismatch.is_empty() {
            return Err(Error::Mismatch { what: "load", mismatch });
        }
        self.give_all(&parameters, state)
    }

    /// Gives those parameters of the tape their values that a state has in their shape, and returns what differs: a network is
    /// evaluated with the state of its training, which has what the optimiser remembers too.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let w = tape.parameter("w", []);
    /// let state: chainrule::State<f32> = ["w", "adam/m/w"].map(|name| (name, ndarray::arr0(2.0))).into_iter().collect();
    /// assert_eq!(tape.load_partial(&state)?.surplus, ["adam/m/w"]);
    /// assert_eq!(w.value().item(), 2.0);
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::GraphHeld`] if the [graph](Tape::graph) is held.
    #[track_caller]
    pub fn load_partial<F: Float>(&self, state: &State<F>) -> Result<Mismatch> {
        let parameters = self.named_parameters();
        self.give_all(&parameters, state)?;
        Ok(compare(&parameters, state))
    }

    fn named_parameters(&self) -> Vec<(NodeId, String, Vec<usize>)> {
        let named = |p: Var<'_>| (p.id(), p.name().unwrap_or_default(), p.shape());
        self.parameters().into_iter().map(named).collect()
    }

    #[track_caller]
    fn give_all<F: Float>(
        &self,
        parameters: &[(NodeId, String, Vec<usize>)],
        state: &State<F>,
    ) -> Result<()> {
        for (id, name, shape) in parameters {
            if let Some(array) = state.get(name).filter(|array| array.shape() == shape) {
                self.try_write("load")?.give(*id, &array.mapv(F::wide))?;
            }
        }
        self.forget_computed()
    }
}

/// How a state differs from the parameters of a tape.
fn compare<F: Float>(parameters: &[(NodeId, String, Vec<usize>)], state: &State<F>) -> Mismatch {
    state.compare(parameters.iter().map(|(_, name, shape)| (name.as_str(), shape.as_slice())))
}
