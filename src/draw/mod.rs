//! Drawing what is on a tape: the picture's builder, with the tape's values and gradients put in.

mod page;
mod plan;
mod run;
mod view;

use crate::check::{Report, Verdict};
use crate::error::{Error, Result};
use crate::graph::{Graph, NodeId};
use crate::picture::{Annotations, Builder, Direction, Level, Mark, Picture};
use crate::reverse::Gradients;
use crate::tape::{Tape, Var};
use run::Run;
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
    gradients: Option<Gradients<'t>>,
    values: Option<bool>,
    run: Option<Run>,
    title: String,
    level: Level,
    open: Vec<String>,
    around: Option<(Var<'t>, usize)>,
    direction: Direction,
    backward: Option<bool>,
    shapes: bool,
    health: bool,
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
            gradients: None,
            values: None,
            run: None,
            title: String::new(),
            level: Level::default(),
            open: Vec::new(),
            around: None,
            direction: Direction::default(),
            backward: None,
            shapes: true,
            health: false,
            verdicts: Annotations::default(),
        }
    }
}

impl<'t> Draw<'t> {
    /// A line above the drawing.
    pub fn title(self, title: &str) -> Self {
        Self { title: title.to_owned(), ..self }
    }

    /// With gradients below the arrows: each arrow its own contribution, and the sum where several leave a node.
    pub fn gradients(self, gradients: &Gradients<'t>) -> Self {
        Self { gradients: Some(gradients.clone()), ..self }
    }

    /// With or without values above the arrows. Unless it is said, they are shown if every leaf has one. They are the
    /// tape's, in f64, or those of a plan's run: see [`values_of`](Self::values_of).
    pub fn values(self, show: bool) -> Self {
        Self { values: Some(show), ..self }
    }

    /// Every node, whole layers, or, unless it is said, as much as can be read.
    pub fn level(self, level: Level) -> Self {
        Self { level, ..self }
    }

    /// Opens one box: a scope by its path, or another box by what [`Details::opens`](crate::picture::Details::opens) says;
    /// see [`Builder::open`]. May be said of several.
    pub fn open(mut self, scope: &str) -> Self {
        self.open.push(scope.to_owned());
        self
    }

    /// Only the nodes within `steps` edges of a var, in both directions.
    pub fn around(self, var: Var<'t>, steps: usize) -> Self {
        Self { around: Some((var, steps)), ..self }
    }

    /// Which way the forward pass runs; from left to right unless it is said.
    pub fn direction(self, direction: Direction) -> Self {
        Self { direction, ..self }
    }

    /// With or without the nodes that the reverse pass recorded. Unless it is said, they are shown if one of them is
    /// an output.
    pub fn backward(self, show: bool) -> Self {
        Self { backward: Some(show), ..self }
    }

    /// With or without shapes.
    pub fn shapes(self, show: bool) -> Self {
        Self { shapes: show, ..self }
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
    pub fn health(self) -> Self {
        Self { health: true, ..self }
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
    fn prepared(&self) -> Result<(&'t Tape, Annotations)> {
        let Some(first) = self.outputs.first() else {
            return Err(refused("there is nothing to draw; give at least one var".to_owned()));
        };
        let tape = first.tape();
        let around = self.around.iter().map(|&(var, _)| var);
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
                Err(Error::NoValue { .. }) if self.values.is_none() && self.run.is_none() => {
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
        if self.health {
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

    fn build(&self, tape: &Tape, annotations: Arc<Annotations>) -> Result<Picture> {
        self.builder(&tape.graph(), annotations).build()
    }

    fn builder<'g>(&self, graph: &'g Graph, annotations: Arc<Annotations>) -> Builder<'g> {
        let outputs: Vec<NodeId> = self.outputs.iter().map(|v| v.id()).collect();
        let mut builder = Builder::new(graph, &outputs)
            .title(self.title.as_str())
            .level(self.level)
            .direction(self.direction)
            .shapes(self.shapes)
            .health(self.health)
            .annotations(annotations);
        for scope in &self.open {
            builder = builder.open(scope);
        }
        if let Some((var, steps)) = self.around {
            builder = builder.around(var.id(), steps);
        }
        match self.backward {
            Some(show) => builder.backward(show),
            None => builder,
        }
    }

    #[track_caller]
    fn annotations(&self, tape: &Tape, drawn: &[NodeId]) -> Result<Annotations> {
        let mut annotations = self.verdicts.clone();
        if self.values != Some(false) {
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

#[cfg(test)]
mod tests;
