//! What a plan does, as plain data: its steps in order, what each reads and writes, and the memory it takes.

use crate::float::Written;
use crate::graph::NodeId;
use crate::plan::Plan;
use crate::plan::program::Instruction;
use crate::plan::run::parallel;
use crate::plan::step::{Root, Step, Target, Work};
use crate::shown::{CELL, LIST, shown};
use crate::tape::Precision;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The steps of a [`Plan`] in the order in which they run, and the memory they take.
///
/// Its `Display` is a table; [`picture`](crate::Schedule::picture) draws it.
///
/// ```
/// # use chainrule::{Plan, Tape};
/// let tape = Tape::new();
/// let (x, w) = (tape.input("x", [8, 4]), tape.parameter("w", [4, 2]));
/// let loss = x.matmul(w).tanh().square().mean();
/// let [dw] = loss.grad([w]);
/// let plan = Plan::<f32>::compile([loss], [(w, w - 0.1 * dw)])?;
/// let schedule = plan.schedule();
/// assert_eq!(schedule.steps[0].ops[..2], ["matmul", "tanh"]);
/// assert!(schedule.to_string().contains("what is alive at one time"));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// `"f32"` or `"f64"`.
    pub precision: String,
    /// How many threads long steps are handed to.
    pub threads: usize,
    /// The steps, in order.
    pub steps: Vec<ScheduledStep>,
    /// What steps read that no step computes, in the order in which it is first read.
    pub leaves: Vec<ScheduledLeaf>,
    /// Where the outputs are after a run, each with its node.
    pub outputs: Vec<(NodeId, Slot)>,
    /// Nodes that the steps compute.
    pub nodes: usize,
    /// Bytes of the arena, in which all results lie.
    pub arena: usize,
    /// Bytes of results that are needed at one time, at most: no arena can be smaller with this order of steps.
    pub least: usize,
    /// Bytes of the registers of programs.
    pub registers: usize,
}

/// Something that steps read and no step computes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduledLeaf {
    /// Its name; a constant's number or `constant`.
    pub name: String,
    /// `"input"`, `"index"`, `"parameter"` or `"constant"`.
    pub kind: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its size in memory.
    pub bytes: usize,
}

/// One step of a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduledStep {
    /// The names of the ops it runs, in order: a kernel, elementwise ops of one program, or both. Of very many, the first
    /// thousand.
    pub ops: Vec<String>,
    /// How many ops it runs.
    pub count: usize,
    /// Whether the ops are computed block by block, without arrays between them.
    pub fused: bool,
    /// What it reads.
    pub reads: Vec<Slot>,
    /// What it writes.
    pub writes: Vec<Write>,
    /// The shape of what it writes.
    pub shape: Vec<usize>,
    /// In how many parts it is computed.
    pub parts: usize,
}

/// What a step reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// A leaf, by its place in [`Schedule::leaves`].
    Leaf(usize),
    /// A result, by its number.
    Result(usize),
}

/// What a step writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    /// The number of the result.
    pub result: usize,
    /// Where in the arena it begins, in bytes; none for a parameter that is updated in place.
    pub start: Option<usize>,
    /// The parameter that is updated.
    pub updates: Option<String>,
    /// The result whose place it takes over.
    pub in_place_of: Option<usize>,
    /// Its size in memory.
    pub bytes: usize,
}

impl<F: Precision> Plan<F> {
    /// What the plan does, as plain data; O(steps).
    pub fn schedule(&self) -> Schedule {
        let size = size_of::<F>();
        let mut schedule = Schedule {
            precision: F::NAME.to_owned(),
            threads: self.options.threads,
            arena: self.arena.len() * size,
            least: self.least * size,
            registers: self.scratch.len() * size,
            ..Schedule::default()
        };
        let mut known = BTreeMap::new();
        for step in &self.steps {
            let (mut reads, mut in_place) = (Vec::new(), BTreeMap::new());
            for place in step.places().filter(|p| !step.is_own(p.root)) {
                if let Root::Arena(result) = place.root {
                    in_place.insert(place.layout.offset, result);
                }
                let slot = self.slot_of(place.root, &mut schedule, &mut known);
                if !reads.contains(&slot) {
                    reads.push(slot);
                }
            }
            let writes = step.outputs.iter().map(|output| {
                let (start, updates) = match output.target {
                    Target::Arena(start) => (Some(start), None),
                    Target::State(slot) => (None, Some(self.parameters[slot].name.clone())),
                };
                Write {
                    result: output.result,
                    start: start.map(|start| start * size),
                    updates,
                    in_place_of: start.and_then(|start| in_place.get(&start).copied()),
                    bytes: step.len() * size,
                }
            });
            let (ops, count) = self.names(step);
            schedule.nodes += count;
            schedule.steps.push(ScheduledStep {
                fused: count > 1,
                count,
                ops,
                writes: writes.collect(),
                reads,
                shape: step.shape.to_vec(),
                parts: parallel::parts(step, self.options.threads),
            });
        }
        // What is copied to the state at the end.
        for (place, slot) in &self.writes {
            if let Root::Arena(result) = place.root {
                let writes = schedule.steps.iter_mut().flat_map(|s| &mut s.writes);
                writes
                    .filter(|w| w.result == result)
                    .for_each(|w| w.updates = Some(self.parameters[*slot].name.clone()));
            }
        }
        for (node, place) in &self.outputs {
            let slot = self.slot_of(place.root, &mut schedule, &mut known);
            schedule.outputs.push((*node, slot));
        }
        schedule
    }

    /// What a root is in a schedule; leaves are put in its list when they are first met.
    fn slot_of(
        &self,
        root: Root,
        schedule: &mut Schedule,
        known: &mut BTreeMap<(usize, usize), usize>,
    ) -> Slot {
        if let Root::Arena(result) = root {
            return Slot::Result(result);
        }
        let next = schedule.leaves.len();
        let leaf = *known.entry(order(root)).or_insert(next);
        if leaf == next {
            schedule.leaves.push(self.leaf(root));
        }
        Slot::Leaf(leaf)
    }

    /// The names of the first ops that a step runs, and how many there are.
    fn names(&self, step: &Step) -> (Vec<String>, usize) {
        const MOST: usize = 1000;
        let (mut names, mut count) = (Vec::new(), 0);
        let mut add = |name: &str, times: usize| {
            count += times;
            names.extend(std::iter::repeat_n(name.to_owned(), times.min(MOST - names.len())));
        };
        match &step.work {
            Work::Kernel(op) => add(self.ops[*op].name(), 1),
            Work::Fused(head, _) => add(self.ops[head.op].name(), 1),
            Work::Copy => add("copy", 1),
            Work::Program(_) => {}
        }
        if let Some(program) = step.program() {
            for instruction in program.instructions() {
                match *instruction {
                    Instruction::Apply { function, .. } => add(function.name(), 1),
                    Instruction::Chain { chain, .. } => {
                        chain.functions().iter().for_each(|f| add(f.name(), 1))
                    }
                    Instruction::Span { span } => {
                        let span = program.span(span);
                        add(span.function.name(), span.count as usize);
                    }
                    Instruction::Call { call, .. } => add(self.ops[program.called(call)].name(), 1),
                    Instruction::Load { .. } | Instruction::Store { .. } => {}
                }
            }
        }
        (names, count)
    }

    fn leaf(&self, root: Root) -> ScheduledLeaf {
        let size = size_of::<F>();
        let (name, kind, shape, bytes) = match root {
            Root::Input(k) => {
                let slot = &self.inputs[k];
                (slot.name.clone(), "input", slot.shape.to_vec(), slot.values.len() * size)
            }
            Root::Index(k) => {
                let slot = &self.indices[k];
                (slot.name.clone(), "index", slot.shape.to_vec(), slot.values.len() * size_of::<usize>())
            }
            Root::State(k) => {
                let slot = &self.parameters[k];
                let len = crate::shape::size(&slot.shape);
                (slot.name.clone(), "parameter", slot.shape.to_vec(), len * size)
            }
            Root::Constant(k) => {
                let numbers = &self.constants[k];
                match numbers[..] {
                    [x] => (Written(x).to_string(), "constant", Vec::new(), size),
                    _ => ("constant".to_owned(), "constant", vec![numbers.len()], numbers.len() * size),
                }
            }
            Root::Arena(_) => unreachable!("results are no leaves"),
        };
        ScheduledLeaf { name, kind: kind.to_owned(), shape, bytes }
    }
}

/// Leaves in an order.
fn order(root: Root) -> (usize, usize) {
    match root {
        Root::Input(k) => (0, k),
        Root::Index(k) => (1, k),
        Root::State(k) => (2, k),
        Root::Constant(k) => (3, k),
        Root::Arena(k) => (4, k),
    }
}

/// Bytes as people read them.
pub(crate) fn bytes(n: usize) -> String {
    let n = n as f64;
    match n {
        _ if n < 1024.0 => format!("{n} B"),
        _ if n < 1024.0 * 1024.0 => format!("{:.1} KiB", n / 1024.0),
        _ => format!("{:.1} MiB", n / (1024.0 * 1024.0)),
    }
}

impl ScheduledStep {
    /// The names of its ops on one line; of many, the first and how many there are.
    pub fn summary(&self) -> String {
        const MOST: usize = 8;
        let more = self.count.saturating_sub(MOST);
        let first = self.ops.iter().take(MOST).map(|op| shown(op, CELL)).collect::<Vec<_>>().join(" ");
        if more == 0 { first } else { format!("{first} … {more} more") }
    }
}

impl Schedule {
    /// Precision, threads, and how much there is to do.
    pub(crate) fn title(&self) -> String {
        let threads =
            if self.threads == 1 { "one thread".to_owned() } else { format!("{} threads", self.threads) };
        format!(
            "plan in {} for {threads}: {} nodes in {} steps",
            self.precision,
            self.nodes,
            self.steps.len()
        )
    }

    /// A step as a row of the table; each cell is cut to what a line has room for.
    fn row(&self, (i, step): (usize, &ScheduledStep)) -> [String; 5] {
        let reads = step.reads.iter().map(|&slot| self.slot(slot)).collect::<Vec<_>>().join(" ");
        let writes = step.writes.iter().map(|w| match (&w.updates, w.start, w.in_place_of) {
            (Some(name), None, _) => format!("`{}` in place", shown(name, CELL)),
            (Some(name), Some(_), _) => format!("r{}, at the end to `{}`", w.result, shown(name, CELL)),
            (None, _, Some(other)) => format!("r{} in place of r{other}", w.result),
            (None, start, None) => {
                format!("r{} {} at {}", w.result, bytes(w.bytes), bytes(start.unwrap_or_default()))
            }
        });
        let writes = writes.collect::<Vec<_>>().join(", ");
        let parts = if step.parts > 1 { format!(", in {} parts", step.parts) } else { String::new() };
        [i.to_string(), step.summary(), format!("{:?}", step.shape), reads, writes + &parts]
            .map(|cell| shown(&cell, LIST).into_owned())
    }

    fn slot(&self, slot: Slot) -> String {
        match slot {
            Slot::Leaf(k) => match self.leaves.get(k) {
                Some(leaf) if leaf.kind == "constant" => shown(&leaf.name, CELL).into_owned(),
                Some(leaf) => format!("`{}`", shown(&leaf.name, CELL)),
                // A schedule may come from a file.
                None => format!("leaf {k}"),
            },
            Slot::Result(k) => format!("r{k}"),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title())?;
        let ratio = if self.least == 0 { 1.0 } else { self.arena as f64 / self.least as f64 };
        let leaves = self.leaves.iter().map(|leaf| leaf.bytes).fold(0, usize::saturating_add);
        writeln!(
            f,
            "results {}, {ratio:.2} × what is alive at one time; registers {}; leaves {}",
            bytes(self.arena),
            bytes(self.registers),
            bytes(leaves)
        )?;
        let header = ["step", "computes", "shape", "reads", "writes"].map(str::to_owned);
        let rows: Vec<[String; 5]> =
            std::iter::once(header).chain(self.steps.iter().enumerate().map(|row| self.row(row))).collect();
        let widths: [usize; 4] =
            std::array::from_fn(|k| rows.iter().map(|row| row[k].chars().count()).max().unwrap_or(0));
        for [step, computes, shape, reads, writes] in &rows {
            let [a, b, c, d] = widths;
            writeln!(f, "{step:>a$}  {computes:<b$}  {shape:<c$}  {reads:<d$}  {writes}")?;
        }
        let outputs = self.outputs.iter().map(|(node, slot)| format!("{node} in {}", self.slot(*slot)));
        let outputs = outputs.collect::<Vec<_>>().join(", ");
        if outputs.is_empty() { Ok(()) } else { writeln!(f, "outputs {outputs}") }
    }
}

impl<F: Precision> fmt::Display for Plan<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.schedule().fmt(f)
    }
}

impl<F: Precision> fmt::Debug for Plan<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (nodes, arena) = (self.results, self.arena.len());
        write!(f, "Plan<{}>({} steps, {nodes} results, {arena} elements)", F::NAME, self.steps.len())
    }
}
