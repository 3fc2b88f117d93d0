//! A part of a graph as a function of some of its nodes: what these have no part in is held at its recorded value, and
//! only the rest is replayed.

pub(crate) mod columns;
mod cut;
pub(crate) mod flow;
pub(crate) mod values;

use crate::base::shape::{Layout, place};
use crate::base::state::State;
use crate::check::measure::function::{Function, FunctionValues, Moves, Reached};
use crate::error::{Error, Result};
use crate::graph::{Branch, NodeId};
use crate::plan::{Plan, PlanOptions, Point};
use crate::tape::Var;
use columns::{LinearColumn, operands};
use cut::{Cut, LinearResult};
use flow::branch;
use rustc_hash::FxHasher;
use std::hash::{Hash, Hasher};
use values::{copy, numbers};

/// Numbers of an output as a function of nodes that are moved.
#[derive(Debug, Clone)]
pub(crate) struct Replay {
    plan: Plan<f64>,
    /// What the plan computes at the point that is moved from.
    still: Point<f64>,
    state: State<f64>,
    moved: Vec<MovedNode>,
    /// Which of them is moved by itself.
    lead: usize,
    direction: Displacement,
    /// By how much results of linear ops rise with the element that is moved, if one is: slot, place, gain.
    column: Vec<(usize, usize, f64)>,
    values: FunctionValues,
    /// What tells of branches, one output of the plan after another.
    branches: Vec<Watched>,
    scratch: Vec<f64>,
    undo: Vec<(usize, usize, f64)>,
    /// Of an elementwise op alone: which element of the moved node each number of the output is computed from.
    pub(crate) reads: Option<Layout>,
}

/// A node that is moved.
#[derive(Debug, Clone)]
struct MovedNode {
    node: NodeId,
    /// Where it is.
    point: Vec<f64>,
    /// Its own numbers in the plan, if anything there reads them.
    slot: Option<usize>,
    /// Results of ops that are linear in it, which are moved instead of being computed.
    columns: Vec<LinearColumn>,
}

/// A node that tells on which branch a point lies.
#[derive(Debug, Clone)]
struct Watched {
    /// Whether its result stands still on a branch, as that of a comparison and of rounding; else it is a condition, which
    /// counts as 0 or not.
    is_result: bool,
    /// What it came out as at the point itself.
    base: Vec<f64>,
}

/// Where the moved nodes go.
#[derive(Debug, Clone)]
enum Displacement {
    /// One element of the one that is moved by itself.
    Element(usize),
    /// Every element of some of them, each by as much as is given here.
    Along(Vec<(usize, Vec<f64>)>),
}

impl Replay {
    /// The numbers of `output` as a function of `moved`, at the tape's values; `comparisons` are watched.
    ///
    /// With `linear`, results of ops that are linear in a moved node are moved themselves.
    pub(crate) fn new(
        output: Var<'_>,
        moved: &[Var<'_>],
        comparisons: &[NodeId],
        linear: bool,
    ) -> Result<Self> {
        let tape = output.tape();
        let wanted: Vec<NodeId> = std::iter::once(output.id()).chain(comparisons.iter().copied()).collect();
        let moved: Vec<NodeId> = moved.iter().map(|v| v.id()).collect();
        let cut = Cut::new(tape, &wanted, &moved, linear)?;
        let outputs: Vec<Var<'_>> = wanted
            .into_iter()
            .filter(|id| *id == output.id() || cut.depends[id.index()])
            .map(|id| Var::new(tape, id))
            .collect();
        let plan = Plan::holding(&outputs, &cut.held, PlanOptions::default())?;
        let columns = |node: NodeId| {
            // A result that only constants are computed from is no input of the plan.
            let columns = cut.columns.iter().filter(|c| c.node == node);
            let columns = columns.filter_map(|c| Some((c, plan.slot(c.result)?)));
            let column = |(c, slot): (&LinearResult, usize)| {
                Ok(LinearColumn {
                    result: c.result,
                    slot,
                    op: c.op.clone(),
                    operand: c.operand,
                    operands: operands(tape, c.result)?,
                })
            };
            columns.map(column).collect::<Result<Vec<_>>>()
        };
        let moved = moved
            .iter()
            .map(|&id| {
                Ok(MovedNode {
                    node: id,
                    point: numbers(tape, id)?,
                    slot: plan.slot(id),
                    columns: columns(id)?,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let of_op = tape.of_ops(|op| op.branches());
        let watched = |id: NodeId| {
            let is_result = branch(&tape.graph(), &of_op, id) == Some(Branch::Result);
            Watched { is_result, base: Vec::new() }
        };
        let mut replay = Self {
            still: Point::default(),
            state: State::new(),
            moved,
            lead: 0,
            direction: Displacement::Along(Vec::new()),
            column: Vec::new(),
            values: FunctionValues { weights: vec![1.0], ..FunctionValues::default() },
            branches: outputs[1..].iter().map(|var| watched(var.id())).collect(),
            scratch: Vec::new(),
            undo: Vec::new(),
            reads: None,
            plan,
        };
        replay.set_base()?;
        Ok(replay)
    }

    /// Takes the point where the plan is as the base, from which perturbations start.
    pub(crate) fn set_base(&mut self) -> Result<()> {
        let out = self.plan.run_at(&mut self.state, &mut self.still)?;
        copy(out.numbers(0), &mut self.values.now);
        for (k, branch) in self.branches.iter_mut().enumerate() {
            copy(out.numbers(k + 1), &mut branch.base);
        }
        self.values.base.clone_from(&self.values.now);
        Ok(())
    }

    /// Gives a node that is moved or held other numbers, where they have a part in this;
    /// [`set_base`](Self::set_base) has to follow.
    pub(crate) fn put(&mut self, node: NodeId, numbers: &[f64]) {
        let Self { moved, plan, .. } = self;
        if let Some(moved) = moved.iter_mut().find(|m| m.node == node) {
            moved.point.clear();
            moved.point.extend_from_slice(numbers);
        }
        if let Some(slot) = plan.slot(node) {
            plan.slot_mut(slot).copy_from_slice(numbers);
        }
    }

    /// The cotangent of the output, from now on.
    pub(crate) fn set_cotangent(&mut self, weights: &[f64]) {
        self.values.weights.clear();
        self.values.weights.extend_from_slice(weights);
    }

    /// Moves every element by as much as is given, for each of the moved nodes, from now on.
    pub(crate) fn move_all(&mut self, direction: Vec<Vec<f64>>) {
        self.direction = Displacement::Along(direction.into_iter().enumerate().collect());
    }

    /// Moves every element of some of the moved nodes by as much as is given, from now on.
    pub(crate) fn move_some(&mut self, direction: Vec<(usize, Vec<f64>)>) {
        self.direction = Displacement::Along(direction);
    }

    /// Moves this one of the moved nodes where one is moved by itself; [`move_element`](Moves::move_element) or
    /// [`move_along`](Moves::move_along) has to follow.
    pub(crate) fn lead(&mut self, node: usize) {
        self.lead = node;
    }

    /// Where one of the moved nodes is.
    pub(crate) fn point_of(&self, node: usize) -> &[f64] {
        &self.moved[node].point
    }

    /// The results of linear ops that are moved with the node that is moved by itself, instead of being computed.
    pub(crate) fn linear(&self) -> &[LinearColumn] {
        &self.moved[self.lead].columns
    }

    /// Moves the node's element, or all, by t, and returns the distance that rounding has left of it: 0 where one of all that
    /// are to move stands still beside its own size.
    fn perturb(&mut self, t: f64) -> f64 {
        let Self { plan, moved, lead, direction, column, undo, .. } = self;
        undo.clear();
        match direction {
            &mut Displacement::Element(element) => {
                let MovedNode { point, slot, .. } = &moved[*lead];
                let reached = point[element] + t;
                let gone = reached - point[element];
                if let &Some(slot) = slot {
                    undo.push((slot, element, point[element]));
                    plan.slot_mut(slot)[element] = reached;
                }
                for &(slot, place, gain) in &*column {
                    let number = &mut plan.slot_mut(slot)[place];
                    undo.push((slot, place, *number));
                    *number += gone * gain;
                }
                gone
            }
            Displacement::Along(direction) => {
                let mut is_lost = false;
                for (node, direction) in direction.iter().map(|(k, direction)| (&moved[*k], direction)) {
                    if let Some(slot) = node.slot {
                        for ((place, &x), v) in plan.slot_mut(slot).iter_mut().zip(&node.point).zip(direction)
                        {
                            *place = x + t * v;
                            is_lost |= (*place == x) & (*v != 0.0);
                        }
                    }
                }
                if is_lost { 0.0 } else { t }
            }
        }
    }

    fn restore(&mut self) {
        let Self { plan, moved, direction, undo, .. } = self;
        for (slot, place, number) in undo.drain(..).rev() {
            plan.slot_mut(slot)[place] = number;
        }
        if let Displacement::Along(direction) = direction {
            for node in direction.iter().map(|(k, _)| &moved[*k]) {
                if let Some(slot) = node.slot {
                    plan.slot_mut(slot).copy_from_slice(&node.point);
                }
            }
        }
    }
}

impl Function for Replay {
    fn at(&mut self, t: f64) -> Result<Reached> {
        let t = self.perturb(t);
        let Self { plan, state, still, moved, lead, direction, .. } = self;
        let out = match direction {
            Displacement::Element(_) => {
                let MovedNode { slot, columns, .. } = &moved[*lead];
                let slots = slot.iter().copied().chain(columns.iter().map(|c| c.slot));
                plan.run_incremental(state, still, slots)
            }
            Displacement::Along(direction) => {
                plan.run_incremental(state, still, direction.iter().filter_map(|(k, _)| moved[*k].slot))
            }
        };
        let out = match out {
            // The point lies outside of what an op takes: there is nothing to measure, as where a number is not finite.
            Err(Error::Refused { .. }) => {
                self.values.now.fill(f64::NAN);
                self.restore();
                return Ok(Reached { t, smooth: false, changed: 0 });
            }
            out => out?,
        };
        copy(out.numbers(0), &mut self.values.now);
        let now = self.values.now.iter().zip(&self.values.base);
        let finite = now.fold(true, |finite, (now, base)| finite & (now.is_finite() || !base.is_finite()));
        let mut changed = FxHasher::default();
        for (k, Watched { is_result, base }) in self.branches.iter().enumerate() {
            let branch = out.numbers(k + 1);
            let branch = branch.as_slice().unwrap_or_else(|| {
                copy(branch, &mut self.scratch);
                &self.scratch
            });
            let same = |b: f64, base: f64| match *is_result {
                true => (b == base) | (b.is_nan() & base.is_nan()),
                false => (b != 0.0) == (base != 0.0),
            };
            // All of them, without an early exit, so that the loop is vectorised.
            if !branch.iter().zip(base).fold(true, |all, (&b, &base)| all & same(b, base)) {
                let differ = branch.iter().zip(base).enumerate().filter(|(_, (b, base))| !same(**b, **base));
                differ.for_each(|(i, (b, _))| (k, i, b.to_bits()).hash(&mut changed));
            }
        }
        let changed = changed.finish();
        self.restore();
        Ok(Reached { t, smooth: finite && changed == 0, changed })
    }

    fn values(&self) -> &FunctionValues {
        &self.values
    }

    fn depends(&self, number: usize) -> bool {
        match (&self.reads, &self.direction) {
            (Some(reads), &Displacement::Element(element)) => {
                place(number, &reads.shape, &reads.strides) == element as isize
            }
            _ => true,
        }
    }
}

/// The one of the moved nodes that is moved by itself.
impl Moves for Replay {
    fn point(&self) -> &[f64] {
        self.point_of(self.lead)
    }

    fn move_element(&mut self, element: usize) {
        self.direction = Displacement::Element(element);
        self.column.clear();
        for linear in &self.moved[self.lead].columns {
            linear.walk(element, &mut |place, gain| self.column.push((linear.slot, place, gain)));
        }
    }

    fn move_along(&mut self, direction: Vec<f64>) {
        self.direction = Displacement::Along(vec![(self.lead, direction)]);
    }

    /// The columns of linear ops are zero there, and nothing else reads the element.
    fn has_no_effect(&self) -> bool {
        self.moved[self.lead].slot.is_none() && self.column.iter().all(|&(_, _, gain)| gain == 0.0)
    }
}
