//! The kernels of all nodes, forward and backward, at their recorded operands: each must give the same result wherever its
//! operands lie, however many elements it is given at once, in f32 as in f64, and whenever it is asked.
//!
//! Rules are judged by differences of kernels on contiguous copies in f64, so what a kernel does otherwise shows nowhere
//! else.

use crate::base::shape::unravel;
use crate::check::node::kernels::batch::{NodeBatch, pieces};
use crate::check::node::kernels::precision::{Mismatch, compare, is_single, same_bits};
use crate::check::node::kernels::recorded::{is_built_in, is_view, numbers, trial, with_strided};
use crate::check::node::kernels::rounding::{Roundoff, TwoResults};
use crate::check::node::kernels::trial::{Trial, TrialOperand};
use crate::check::random::Random;
use crate::check::report::fault::{Fault, Stage};
use crate::graph::{Kind, NodeId, OpIndex, Origin, ShapeIndex};
use crate::tape::{OperandView, Recorder, Tape};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

/// Elements of elementwise nodes that are judged together at the most, but for single large ones.
const TOGETHER: usize = 1 << 12;
/// Elements on which a kernel is given pieces of several lengths, or is asked for its precision.
const SOME: usize = 256;

/// Judges the kernels of nodes, each once.
pub(crate) struct Kernels<'t> {
    pub(super) tape: &'t Tape,
    random: Random,
    seen: FxHashSet<NodeId>,
    /// Ops that were asked for a state of theirs.
    pub(super) asked: FxHashSet<OpIndex>,
    /// Ops that were run on some rows, by the shapes of their operands.
    by_rows: FxHashSet<(OpIndex, SmallVec<[ShapeIndex; 4]>)>,
    /// What was told of an op already.
    told: FxHashSet<(OpIndex, KernelFault)>,
    pub(super) faults: Vec<Fault>,
    /// The nodes whose differences would say nothing about their rules.
    pub(crate) coarse: FxHashSet<NodeId>,
}

/// What is wrong with a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum KernelFault {
    State,
    Strides,
    Pieces,
    Rows,
    InF32,
    Single,
}

impl<'t> Kernels<'t> {
    pub(crate) fn new(tape: &'t Tape, random: Random) -> Self {
        Self {
            tape,
            random,
            seen: FxHashSet::default(),
            asked: FxHashSet::default(),
            by_rows: FxHashSet::default(),
            told: FxHashSet::default(),
            faults: Vec::new(),
            coarse: FxHashSet::default(),
        }
    }

    /// What is wrong with the kernels of the marked nodes that were not judged before.
    pub(crate) fn judge(&mut self, marked: &[bool]) -> Vec<Fault> {
        let tape = self.tape;
        let mut batches: FxHashMap<OpIndex, NodeBatch> = FxHashMap::default();
        {
            let recorder = tape.recorder().borrow();
            for node in recorder.graph.nodes().filter(|n| marked[n.id().index()] && n.leaf().is_none()) {
                // Indices have no precision, and a step between them is no rounding.
                let real = node.kind() == Kind::Real;
                if real && self.seen.insert(node.id()) && recorder.is_known(node.id()) {
                    self.node(&recorder, node.id(), &mut batches);
                }
            }
            for (op, batch) in batches {
                self.batch(&recorder, op, &batch);
            }
        }
        std::mem::take(&mut self.faults)
    }

    fn node(&mut self, recorder: &Recorder, id: NodeId, batches: &mut FxHashMap<OpIndex, NodeBatch>) {
        let graph = &recorder.graph;
        let node = graph.node(id);
        let index = graph.record(id).op;
        let op = recorder.op(id);
        let located: SmallVec<[OperandView<'_>; 3]> =
            node.inputs().iter().map(|&x| recorder.locate(x)).collect();
        let y = numbers(&recorder.locate(id));
        let is_view = is_view(recorder, id);
        if !is_view && self.keeps_state(recorder, id, &y) {
            return;
        }
        if op.elementwise() {
            let batch = batches.entry(index).or_default();
            batch.x.resize(located.len(), Vec::new());
            batch.nodes.push((batch.y.len(), id));
            for (located, x) in located.iter().zip(&mut batch.x) {
                let stretched = OperandView {
                    data: located.data,
                    indices: None,
                    layout: located.layout.broadcast(node.shape()),
                };
                x.extend(numbers(&stretched));
            }
            batch.y.extend(y);
            if batch.y.len() >= TOGETHER {
                let batch = std::mem::take(batch);
                self.batch(recorder, index, &batch);
            }
            return;
        }
        let copies: Vec<Vec<f64>> = located
            .iter()
            .enumerate()
            .filter(|(i, x)| op.reads(*i) && x.indices.is_none())
            .map(|(_, x)| numbers(x))
            .collect();
        let strided: Vec<usize> = (0..located.len())
            .filter(|&i| op.reads(i) && located[i].indices.is_none() && !located[i].layout.is_contiguous())
            .collect();
        let trial = trial(op, &located, node.shape());
        if !strided.is_empty() {
            self.strides(recorder, id, &trial, &copies, &y, &strided);
        }
        if is_view {
            return;
        }
        let (differs, suspect) = compare(&trial, &copies, &y, &mut self.random);
        self.precision(recorder, |element| (id, element), differs);
        if is_built_in(op) {
            return;
        }
        if is_single(&trial, &copies, &y, suspect, &mut self.random) {
            self.single(recorder, &[id]);
        }
        if op.by_rows() {
            let shapes = node.inputs().iter().map(|&x| graph.record(x).shape).collect();
            if self.by_rows.insert((index, shapes)) {
                self.rows(recorder, id, &trial, &copies, &y);
            }
        }
    }

    /// That the result on operands where they lie, which is the recorded one, is that on contiguous copies.
    fn strides(
        &mut self,
        recorder: &Recorder,
        id: NodeId,
        trial: &Trial<'_>,
        copies: &[Vec<f64>],
        y: &[f64],
        strided: &[usize],
    ) {
        let first = copies.first().zip(trial.slots.first());
        let view = match first {
            Some((x, TrialOperand::Real(layout))) => trial
                .op
                .view(layout, &trial.shape.shape)
                .map(|layout| numbers(&OperandView { data: x, indices: None, layout })),
            _ => None,
        };
        let of_copies = view.unwrap_or_else(|| trial.run(copies));
        if same_bits(&of_copies, y) {
            return;
        }
        // Where more is computed than moved, another order of sums is no fault.
        let pair = TwoResults { trial, x: copies, y: &of_copies, other: y, unit: Roundoff::F64 };
        let Some(element) = pair.apart(&mut self.random) else { return };
        let problem = format!(
            "its kernel gives another result where operands are strided views than on contiguous copies: {}",
            self.told(recorder, id, &Mismatch { element, found: y[element], against: of_copies[element] }),
        );
        let operand = match *strided {
            [alone] => Some(alone),
            _ => strided.iter().copied().find(|&operand| {
                let now = with_strided(recorder, id, copies, operand);
                !same_bits(&now, &of_copies)
            }),
        };
        self.tell(recorder, id, KernelFault::Strides, operand, problem);
    }

    /// That the result for some rows is that part of the result.
    fn rows(&mut self, recorder: &Recorder, id: NodeId, trial: &Trial<'_>, x: &[Vec<f64>], y: &[f64]) {
        let Some([row, operand_row, rows]) = trial.row_sizes().filter(|&[_, _, rows]| rows > 1) else {
            return;
        };
        let mut of_parts = Vec::with_capacity(y.len());
        for (first, end) in [(0, rows / 2), (rows / 2, rows)] {
            let Some(part) = trial.rows(end - first) else { return };
            let operands: Vec<&[f64]> = x
                .iter()
                .enumerate()
                .map(|(i, x)| if i == 0 { &x[first * operand_row..end * operand_row] } else { x })
                .collect();
            of_parts.extend(part.run(&operands));
        }
        debug_assert_eq!(of_parts.len(), rows * row);
        if same_bits(&of_parts, y) {
            return;
        }
        let pair = TwoResults { trial, x, y, other: &of_parts, unit: Roundoff::F64 };
        if let Some(element) = pair.apart(&mut self.random) {
            let problem = format!(
                "its `Op::by_rows` says that a row of the result depends on that row of operand 0 alone, and its kernel \
                 gives another result for some rows than for all: {}",
                self.told(recorder, id, &Mismatch { element, found: of_parts[element], against: y[element] }),
            );
            self.tell(recorder, id, KernelFault::Rows, None, problem);
        }
    }

    /// Elementwise nodes of one op: pieces of any length, both precisions.
    fn batch(&mut self, recorder: &Recorder, index: OpIndex, batch: &NodeBatch) {
        if batch.y.is_empty() {
            return;
        }
        let op = &*recorder.ops[index.0 as usize];
        let trial = Trial::elementwise(op, batch.x.len(), batch.y.len());
        let (differs, suspect) = compare(&trial, &batch.x, &batch.y, &mut self.random);
        self.precision(recorder, |element| batch.node(element), differs);
        if is_built_in(op) {
            return;
        }
        let (x, y) = batch.some(SOME);
        if let Some(two) = pieces(op, &x, &y) {
            let step = batch.y.len().div_ceil(SOME).max(1);
            let (id, element) = batch.node(two.element * step);
            let problem = format!(
                "its kernel gives another result for the same numbers in a piece of another length: {}",
                self.told(recorder, id, &Mismatch { element, ..two }),
            );
            self.tell(recorder, id, KernelFault::Pieces, None, problem);
        }
        let trial = Trial::elementwise(op, x.len(), y.len());
        if is_single(&trial, &x, &y, suspect, &mut self.random) {
            let nodes: Vec<NodeId> = batch.nodes.iter().map(|&(_, node)| node).collect();
            self.single(recorder, &nodes);
        }
    }

    fn precision(
        &mut self,
        recorder: &Recorder,
        place: impl Fn(usize) -> (NodeId, usize),
        differs: Option<Mismatch>,
    ) {
        let Some(two) = differs else { return };
        let (id, element) = place(two.element);
        let graph = &recorder.graph;
        let problem = format!(
            "its kernel in f32 differs from that in f64 by more than rounding: element {:?} is {:e} in f32 and {:e} in f64",
            unravel(element, graph.node(id).shape()),
            two.found,
            two.against
        );
        self.tell(recorder, id, KernelFault::InF32, None, problem);
    }

    fn single(&mut self, recorder: &Recorder, nodes: &[NodeId]) {
        self.coarse.extend(nodes);
        let problem = "the kernel computes in single precision: in f64 its result keeps no more digits than f32 has, and \
                       its derivatives cannot be measured";
        if let Some(&id) = nodes.first() {
            self.tell(recorder, id, KernelFault::Single, None, problem.to_owned());
        }
    }

    fn told(&self, recorder: &Recorder, id: NodeId, two: &Mismatch) -> String {
        let index = unravel(two.element, recorder.graph.node(id).shape());
        format!("element {index:?} is {:e}, and {:e} there", two.found, two.against)
    }

    /// Adds a fault of a node, one of a kind for each op; of what a rule has recorded, at the node whose rule it is.
    pub(super) fn tell(
        &mut self,
        recorder: &Recorder,
        id: NodeId,
        kind: KernelFault,
        operand: Option<usize>,
        problem: String,
    ) {
        let graph = &recorder.graph;
        if !self.told.insert((graph.record(id).op, kind)) {
            return;
        }
        let stage = if kind == KernelFault::State { Stage::Preflight } else { Stage::Node };
        let fault = match graph.node(id).origin() {
            Origin::Backward(through) => {
                let problem = format!("in its derivative, {}: {problem}", graph.describe(id));
                Fault::new(stage, graph, through, None, problem)
            }
            Origin::Forward | Origin::Update => Fault::new(stage, graph, id, operand, problem),
        };
        self.faults.push(fault);
    }
}
