//! Drawings of vars: the builder of pictures, with values and gradients of the tape or of a plan's run.

use crate::base::state::State;
use crate::check::{Report, Verdict};
use crate::error::{Error, Result};
use crate::graph::{Graph, NodeId};
use crate::plan::Plan;
use crate::reverse::Gradients;
use crate::tape::{Precision, Tape, Var};
use crate::view::annotations::Annotations;
use crate::view::builder::Builder;
use crate::view::options::{Options, setters};
use crate::view::run::{NodeValues, PlanRun};
use chainrule_picture::{Mark, Picture};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A drawing of vars and its options.
///
/// ```
/// let tape = chainrule::Tape::new();
/// let (price, number, tax) = (tape.leaf("price", 100.0), tape.leaf("number", 2.0), tape.leaf("tax", 1.1));
/// let total = price * number * tax;
/// let svg = total.draw().gradients(&total.backward()).picture()?.to_svg();
/// assert!(svg.contains("220") && svg.contains("2.2"));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a drawing is made by `picture()` or `save(path)`"]
pub struct Draw<'t> {
    outputs: Vec<Var<'t>>,
    pub(in crate::view) options: Options,
    /// The centre of the neighbourhood, which may wrongly be of another tape.
    around: Option<Var<'t>>,
    gradients: Option<Gradients<'t>>,
    pub(in crate::view) run: Option<PlanRun>,
    verdicts: Annotations,
}

impl<'t> Var<'t> {
    /// A drawing of everything that this var depends on.
    pub fn draw(self) -> Draw<'t> {
        self.tape().draw(&[self])
    }
}

impl Tape {
    /// A drawing of everything that some vars depend on.
    pub fn draw<'t>(&'t self, outputs: &[Var<'t>]) -> Draw<'t> {
        Draw {
            outputs: outputs.to_vec(),
            options: Options::default(),
            around: None,
            gradients: None,
            run: None,
            verdicts: Annotations::default(),
        }
    }
}

impl<'t> Draw<'t> {
    setters!();

    /// Shows gradients below the arrows: the contribution of each arrow, and the sum at a node with several consumers.
    pub fn gradients(self, gradients: &Gradients<'t>) -> Self {
        Self { gradients: Some(gradients.clone()), ..self }
    }

    /// Whether values are shown above the arrows; by default, if every leaf has one. They are the tape's, in f64, or those
    /// of a plan's run: see [`values_of`](Self::values_of).
    pub fn values(mut self, show: bool) -> Self {
        self.options.values = Some(show);
        self
    }

    /// Draws only the nodes within `steps` edges of a var, in both directions.
    pub fn around(mut self, var: Var<'t>, steps: usize) -> Self {
        self.options.around = Some((var.id(), steps));
        self.around = Some(var);
        self
    }

    /// Marks problems of values and gradients, with a legend: NaN and infinities, where nodes at which they begin differ
    /// from those that only pass them on; gradients that are 0, vanish or explode; dead relus. See
    /// [`health`](crate::picture::health()); and [`values_of`](Self::values_of) for the health of a plan's run.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", 0.0);
    /// let y = (x / x).exp();
    /// let svg = y.draw().health().picture()?.to_svg();
    /// assert!(svg.contains("1 NaN, begins here") && svg.contains("1 NaN, from before"));
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    pub fn health(mut self) -> Self {
        self.options.health = true;
        self
    }

    /// Shows the values of a run of `plan` instead of the tape's: on its last fed inputs and on `state`, in the plan's
    /// precision, so that an overflow in f32 alone is visible.
    ///
    /// They are recomputed for the nodes that are drawn, with gradients; neither plan nor state changes.
    ///
    /// ```
    /// use chainrule::{Plan, PlanOptions, State, Tape};
    /// let tape = Tape::new();
    /// let x = tape.input("x", [2]);
    /// let loss = x.exp().ln().sum();
    /// let mut plan = Plan::<f32>::compile_with([loss], [], PlanOptions::default().check_finite(true))?;
    /// plan.feed(x, &ndarray::arr1(&[1.0, 100.0]))?;
    /// let mut state = State::new();
    /// // In f64 it is 101.
    /// assert!(plan.run(&mut state).unwrap_err().to_string().contains("exp [2] (forward, in f32; 1 of 2"));
    /// let svg = loss.draw().values_of(&plan, &state).health().picture()?.to_svg();
    /// assert!(svg.contains("1 infinite, begins here"));
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the picture is made: as [`Plan::run`]; and if the plan was compiled from another tape.
    pub fn values_of<F: Precision>(mut self, plan: &Plan<F>, state: &State<F>) -> Self {
        self.run = Some(PlanRun::of(plan, state));
        self
    }

    /// Shows the verdict of a check of this tape on each node, and the arrows with wrong derivatives. What is at fault and
    /// what is wrong in consequence have different marks.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", 0.5);
    /// let loss = x.sin() * x;
    /// let report = chainrule::Check::new(loss, &[x]).run()?;
    /// let svg = loss.draw().verdicts(&report).picture()?.to_svg();
    /// assert!(svg.contains("3 right"));
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    pub fn verdicts(mut self, report: &Report) -> Self {
        let mut order = Some(report);
        while let Some(report) = order {
            let leaves = report.parameters.iter().map(|p| (p.node, p.verdict));
            for leaf in &report.parameters {
                let count = crate::base::shape::size(&leaf.shape);
                let note = format!("{} of {count} agree, max |Δ| {:.1e}", leaf.passed, leaf.max_abs);
                self.verdicts.notes.entry(leaf.node).or_insert(note);
            }
            // What fails without a fault of its own gets its gradient from what is at fault.
            let consequence = |mark| if report.faults.is_empty() { mark } else { Mark::WrongInherited };
            let nodes = report.nodes.iter().map(|n| (n.node, mark_of(n.verdict)));
            let leaves = leaves.map(|(node, verdict)| (node, mark_of(verdict)));
            for (node, mark) in leaves.chain(nodes) {
                let mark = if mark == Mark::Wrong { consequence(mark) } else { mark };
                let known = self.verdicts.marks.entry(node).or_insert(Mark::Right);
                *known = (*known).max(mark);
            }
            for fault in &report.faults {
                self.verdicts.marks.insert(fault.node, Mark::Wrong);
                let hint = fault.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
                let problem = format!("{}{hint}", fault.problem);
                self.verdicts.faults.insert((fault.node, fault.operand), problem);
            }
            order = report.next.as_deref();
        }
        self
    }

    /// The picture as plain data, for [`Picture::to_svg`], [`Picture::to_html`], [`Picture::to_dot`] and the other exports.
    ///
    /// Values and gradients are computed for the nodes that are drawn and their dependencies.
    ///
    /// # Errors
    ///
    /// If vars or gradients are of several tapes, values were requested and a leaf has none, or there are more than 2,000
    /// nodes to draw.
    #[track_caller]
    pub fn picture(&self) -> Result<Picture> {
        let (tape, annotations) = self.prepared()?;
        self.build(tape, Arc::new(annotations))
    }

    /// The tape, and the annotations of the drawn nodes.
    #[track_caller]
    pub(in crate::view) fn prepared(&self) -> Result<(&'t Tape, Annotations)> {
        let Some(first) = self.outputs.first() else {
            return Err(refused("there is nothing to draw; give at least one var".to_owned()));
        };
        let tape = first.tape();
        let around = self.around.iter().copied();
        let differentiated = self.gradients.iter().map(Gradients::output);
        let vars: Vec<Var<'t>> = self.outputs.iter().copied().chain(around).chain(differentiated).collect();
        // A loop, not a closure: the error names the caller's line.
        for var in vars {
            tape.own("draw", var, &self.outputs)?;
        }
        let drawn = self.numbered(&tape.graph())?;
        Ok((
            tape,
            match self.annotations(tape, &drawn) {
                Err(Error::NoValue { .. }) if self.options.values.is_none() && self.run.is_none() => {
                    self.verdicts.clone()
                }
                annotations => annotations?,
            },
        ))
    }

    /// The nodes whose numbers are needed.
    fn numbered(&self, graph: &Graph) -> Result<Vec<NodeId>> {
        self.builder(graph, Arc::default()).numbered()
    }

    pub(in crate::view) fn build(&self, tape: &Tape, annotations: Arc<Annotations>) -> Result<Picture> {
        self.builder(&tape.graph(), annotations).build()
    }

    pub(in crate::view) fn builder<'g>(
        &self,
        graph: &'g Graph,
        annotations: Arc<Annotations>,
    ) -> Builder<'g> {
        let outputs: Vec<NodeId> = self.outputs.iter().map(|v| v.id()).collect();
        Builder::new(graph, &outputs).options(self.options.clone()).annotations(annotations)
    }

    #[track_caller]
    pub(in crate::view) fn annotations(&self, tape: &Tape, drawn: &[NodeId]) -> Result<Annotations> {
        let mut annotations = self.verdicts.clone();
        if self.options.values != Some(false) {
            annotations.values = self.numbers(tape, drawn)?;
        }
        if let Some(gradients) = &self.gradients {
            let numbers = |ids: &[NodeId]| self.numbers(tape, ids);
            let gradients = GradientIds::of(gradients);
            gradients.annotate(drawn, numbers, &mut annotations)?;
            annotations.rules.extend(gradients.rules(tape, drawn)?);
        }
        Ok(annotations)
    }

    /// The nodes that are drawn as outputs.
    pub(in crate::view) fn output_ids(&self) -> Vec<NodeId> {
        self.outputs.iter().map(|var| var.id()).collect()
    }

    /// The node whose gradients are drawn.
    pub(in crate::view) fn differentiated(&self) -> Option<NodeId> {
        self.gradients.as_ref().map(|gradients| gradients.output().id())
    }

    /// The nodes that the numbers of the drawing are computed for.
    pub(in crate::view) fn ends(&self) -> impl Iterator<Item = NodeId> {
        let around = self.around.iter().map(|var| var.id());
        self.outputs.iter().map(|var| var.id()).chain(around).chain(self.differentiated())
    }

    /// The values of nodes: the tape's, or those of a run.
    #[track_caller]
    fn numbers(&self, tape: &Tape, ids: &[NodeId]) -> Result<NodeValues> {
        match &self.run {
            Some(run) => run.values(tape, ids),
            None => Ok(tape.values(ids.iter().copied())?.into_iter().collect()),
        }
    }
}

/// The nodes that hold the gradients of a graph.
#[derive(Debug)]
pub(in crate::view) struct GradientIds {
    nodes: Vec<(NodeId, NodeId)>,
    edges: Vec<((NodeId, usize), NodeId)>,
}

impl GradientIds {
    pub(in crate::view) fn of(gradients: &Gradients<'_>) -> Self {
        GradientIds { nodes: gradients.nodes().collect(), edges: gradients.edges().collect() }
    }

    /// Adds the gradients of some nodes and of the edges that end there.
    #[track_caller]
    pub(in crate::view) fn annotate(
        &self,
        drawn: &[NodeId],
        numbers: impl Fn(&[NodeId]) -> Result<NodeValues>,
        annotations: &mut Annotations,
    ) -> Result<()> {
        let shown: BTreeSet<NodeId> = drawn.iter().copied().collect();
        let nodes: Vec<_> = self.nodes.iter().filter(|(node, _)| shown.contains(node)).collect();
        let edges: Vec<_> = self.edges.iter().filter(|((consumer, _), _)| shown.contains(consumer)).collect();
        let mut ids: Vec<NodeId> = nodes.iter().map(|it| it.1).chain(edges.iter().map(|it| it.1)).collect();
        ids.sort_unstable();
        ids.dedup();
        let numbers = numbers(&ids)?;
        let known = |id: &NodeId| numbers.get(id).cloned();
        annotations.node_gradients =
            nodes.into_iter().filter_map(|(node, id)| Some((*node, known(id)?))).collect();
        annotations.edge_gradients =
            edges.into_iter().filter_map(|(edge, id)| Some((*edge, known(id)?))).collect();
        Ok(())
    }

    /// The rules of some nodes, as texts. Only of nodes with a gradient, whose rules have been recorded already.
    #[track_caller]
    pub(in crate::view) fn rules(
        &self,
        tape: &Tape,
        drawn: &[NodeId],
    ) -> Result<BTreeMap<(NodeId, usize), String>> {
        let mut rules = BTreeMap::new();
        let has_gradient = |node: &&NodeId| self.nodes.binary_search_by_key(*node, |it| it.0).is_ok();
        for &node in drawn.iter().filter(has_gradient) {
            if tape.graph().node(node).leaf().is_none() {
                let texts = tape.try_write("draw")?.rule_texts(node).into_iter().enumerate();
                rules.extend(texts.filter_map(|(operand, rule)| Some(((node, operand), rule?))));
            }
        }
        Ok(rules)
    }
}

/// The mark for a verdict.
fn mark_of(verdict: Verdict) -> Mark {
    match verdict {
        Verdict::Pass => Mark::Right,
        Verdict::Kink => Mark::Kink,
        Verdict::Unresolved | Verdict::Unreached => Mark::Open,
        Verdict::Fail => Mark::Wrong,
    }
}

fn refused(problem: String) -> Error {
    Error::Argument { what: "draw", problem }
}
