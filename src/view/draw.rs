//! Drawing what is on a tape: the picture's builder, with the tape's values and gradients put in.

use crate::check::{Report, Verdict};
use crate::error::{Error, Result};
use crate::graph::{Graph, NodeId};
use crate::plan::Plan;
use crate::reverse::Gradients;
use crate::state::State;
use crate::tape::{Precision, Tape, Var};
use crate::view::annotations::Annotations;
use crate::view::builder::Builder;
use crate::view::options::{Options, setters};
use crate::view::run::{NodeValues, PlanRun};
use chainrule_picture::{Mark, Picture};
use std::sync::Arc;

/// What a drawing of a var shows.
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
    /// The var that others are drawn around, which may be of another tape.
    around: Option<Var<'t>>,
    gradients: Option<Gradients<'t>>,
    pub(in crate::view) run: Option<PlanRun>,
    verdicts: Annotations,
}

/// Of more nodes than this, only the numbers that are drawn are computed.
const MANY: usize = 20_000;

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

    /// With gradients below the arrows: each arrow its own contribution, and the sum where several leave a node.
    pub fn gradients(self, gradients: &Gradients<'t>) -> Self {
        Self { gradients: Some(gradients.clone()), ..self }
    }

    /// With or without values above the arrows. Unless it is said, they are shown if every leaf has one. They are the
    /// tape's, in f64, or those of a plan's run: see [`values_of`](Self::values_of).
    pub fn values(mut self, show: bool) -> Self {
        self.options.values = Some(show);
        self
    }

    /// Only the nodes within `steps` edges of a var, in both directions.
    pub fn around(mut self, var: Var<'t>, steps: usize) -> Self {
        self.options.around = Some((var.id(), steps));
        self.around = Some(var);
        self
    }

    /// With what is wrong with values and gradients, as marks with a legend: NaN and infinities, with the node where they
    /// begin told from those that only hand them on; gradients that are 0, vanish or explode; dead relus. See
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

    /// With the values of a run of `plan` instead of the tape's: on its inputs as they were last fed and on `state`, in the
    /// plan's own precision, so that what overflows in f32 alone is seen.
    ///
    /// They are computed anew for the nodes that are drawn, and gradients with them; nothing is changed.
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
    /// Those of [`Plan::run`], when the picture is made; and if the plan was compiled from another tape.
    pub fn values_of<F: Precision>(mut self, plan: &Plan<F>, state: &State<F>) -> Self {
        self.run = Some(PlanRun::of(plan, state));
        self
    }

    /// With what a check of this tape says of each node, and the arrow along which a wrong derivative is handed back.
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
                let count = crate::shape::size(&leaf.shape);
                let note = format!("{} of {count} agree, max |Δ| {:.1e}", leaf.passed, leaf.max_abs);
                self.verdicts.notes.entry(leaf.node).or_insert(note);
            }
            for (node, verdict) in leaves.chain(report.nodes.iter().map(|n| (n.node, n.verdict))) {
                let mark = self.verdicts.marks.entry(node).or_insert(Mark::Right);
                *mark = (*mark).max(mark_of(verdict));
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

    /// The picture: plain data, from which [`Picture::to_svg`], [`Picture::to_html`], [`Picture::to_dot`] and the other
    /// exports are made.
    ///
    /// Values and gradients are computed for the nodes that are drawn, and what these need.
    ///
    /// # Errors
    ///
    /// If vars or gradients are of several tapes, values were asked for and a leaf has none, or there are more than 2,000 nodes to
    /// draw.
    #[track_caller]
    pub fn picture(&self) -> Result<Picture> {
        let (tape, annotations) = self.prepared()?;
        self.build(tape, Arc::new(annotations))
    }

    /// The tape, with the numbers of what is drawn.
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

    /// The nodes whose numbers are wanted.
    fn numbered(&self, graph: &Graph) -> Result<Vec<NodeId>> {
        let builder = self.builder(graph, Arc::default());
        let mut drawn = builder.selected();
        if self.options.health {
            // Where something begins is seen from the operands, of which some may lie outside.
            let operands = drawn.iter().flat_map(|&id| graph.node(id).inputs()).copied();
            let mut all: Vec<NodeId> = drawn.iter().copied().chain(operands).collect();
            all.sort_unstable();
            all.dedup();
            drawn = all;
        } else if drawn.len() > MANY {
            drawn = builder.visible()?;
        }
        Ok(drawn)
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
        let Some(gradients) = &self.gradients else { return Ok(annotations) };
        let shown: std::collections::BTreeSet<NodeId> = drawn.iter().copied().collect();
        let nodes: Vec<_> = gradients.nodes().filter(|(node, _)| shown.contains(node)).collect();
        let edges: Vec<_> = gradients.edges().filter(|((consumer, _), _)| shown.contains(consumer)).collect();
        let mut ids: Vec<NodeId> =
            nodes.iter().map(|&(_, id)| id).chain(edges.iter().map(|&(_, id)| id)).collect();
        ids.sort_unstable();
        ids.dedup();
        let numbers = self.numbers(tape, &ids)?;
        let known = |id: NodeId| numbers.get(&id).cloned();
        annotations.node_gradients =
            nodes.into_iter().filter_map(|(node, id)| Some((node, known(id)?))).collect();
        annotations.edge_gradients =
            edges.into_iter().filter_map(|(edge, id)| Some((edge, known(id)?))).collect();
        // Only of nodes with a gradient: their rules have run already.
        for node in drawn.iter().filter(|node| annotations.node_gradients.contains_key(node)) {
            if tape.graph().node(*node).leaf().is_none() {
                let rules = tape.try_write("draw")?.rule_texts(*node).into_iter().enumerate();
                annotations.rules.extend(rules.filter_map(|(operand, rule)| Some(((*node, operand), rule?))));
            }
        }
        Ok(annotations)
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

/// How a verdict is drawn.
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
