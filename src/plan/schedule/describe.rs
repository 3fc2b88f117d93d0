//! The schedule of a plan: its steps in order, what each reads and writes, and the memory they take.

use super::data::{Schedule, ScheduledLeaf, ScheduledStep, Slot, Write};
use crate::base::float::Written;
use crate::plan::compiled::Plan;
use crate::plan::program::Instruction;
use crate::plan::split;
use crate::plan::step::{Buffer, OutputTarget, Step, Work};
use crate::tape::Precision;
use std::collections::BTreeMap;

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
        for step in self.steps.iter() {
            let (mut reads, mut in_place) = (Vec::new(), BTreeMap::new());
            for view in step.views().filter(|p| !step.is_own_kernel_result(p.buffer)) {
                if let Buffer::Result(result) = view.buffer {
                    in_place.insert(view.layout.offset, result);
                }
                let slot = self.slot_of(view.buffer, &mut schedule, &mut known);
                if !reads.contains(&slot) {
                    reads.push(slot);
                }
            }
            let writes = step.outputs.iter().map(|output| {
                let (start, updates) = match output.target {
                    OutputTarget::Arena(start) => (Some(start), None),
                    OutputTarget::Parameter(slot) => (None, Some(self.parameters[slot].name.clone())),
                };
                Write {
                    result: output.result,
                    start: start.map(|start| start * size),
                    updates,
                    in_place_of: start.and_then(|start| in_place.get(&start).copied()),
                    bytes: step.len() * size,
                }
            });
            let indices = step.index_kernel().map(|kernel| Write {
                result: kernel.result,
                start: None,
                updates: None,
                in_place_of: None,
                bytes: step.len() * size_of::<usize>(),
            });
            let (ops, count) = self.names(step);
            schedule.nodes += count;
            schedule.steps.push(ScheduledStep {
                fused: count > 1,
                count,
                ops,
                writes: writes.chain(indices).collect(),
                reads,
                shape: step.shape.to_vec(),
                parts: split::parts(step, self.options.threads),
            });
        }
        // What is copied to the state at the end.
        for (view, slot) in &self.writes {
            if let Buffer::Result(result) = view.buffer {
                let writes = schedule.steps.iter_mut().flat_map(|s| &mut s.writes);
                writes
                    .filter(|w| w.result == result)
                    .for_each(|w| w.updates = Some(self.parameters[*slot].name.clone()));
            }
        }
        for (node, view) in &self.outputs {
            let slot = self.slot_of(view.buffer, &mut schedule, &mut known);
            schedule.outputs.push((*node, slot));
        }
        schedule
    }

    /// What a buffer is in a schedule; leaves are added to its list when they are first read.
    fn slot_of(
        &self,
        buffer: Buffer,
        schedule: &mut Schedule,
        known: &mut BTreeMap<(usize, usize), usize>,
    ) -> Slot {
        match buffer {
            Buffer::Result(result) => return Slot::Result(result),
            Buffer::IndexResult(k) => {
                let mut kernels = self.steps.iter().filter_map(Step::index_kernel);
                // Held indices have no kernel.
                if let Some(kernel) = kernels.find(|kernel| kernel.buffer == k) {
                    return Slot::Result(kernel.result);
                }
            }
            Buffer::Input(_) | Buffer::Index(_) | Buffer::Parameter(_) | Buffer::Constant(_) => {}
        }
        let next = schedule.leaves.len();
        let leaf = *known.entry(order(buffer)).or_insert(next);
        if leaf == next {
            schedule.leaves.push(self.leaf(buffer));
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
            Work::IndexKernel(kernel) => add(self.ops[kernel.op].name(), 1),
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
                    Instruction::Load { .. } | Instruction::Store { .. } | Instruction::Flush { .. } => {}
                }
            }
        }
        (names, count)
    }

    fn leaf(&self, buffer: Buffer) -> ScheduledLeaf {
        let size = size_of::<F>();
        let (name, kind, shape, bytes) = match buffer {
            Buffer::Input(k) => {
                let slot = &self.inputs[k];
                (slot.name.clone(), "input", slot.shape.to_vec(), slot.values.len() * size)
            }
            Buffer::Index(k) => {
                let slot = &self.indices[k];
                (slot.name.clone(), "index", slot.shape.to_vec(), slot.values.len() * size_of::<usize>())
            }
            Buffer::Parameter(k) => {
                let slot = &self.parameters[k];
                let len = crate::base::shape::size(&slot.shape);
                (slot.name.clone(), "parameter", slot.shape.to_vec(), len * size)
            }
            Buffer::Constant(k) => {
                let numbers = &self.constants[k];
                match numbers[..] {
                    [x] => (Written(x).to_string(), "constant", Vec::new(), size),
                    _ => ("constant".to_owned(), "constant", vec![numbers.len()], numbers.len() * size),
                }
            }
            Buffer::IndexResult(k) => {
                let indices = &self.index_results[k];
                ("held".to_owned(), "index", vec![indices.len()], indices.len() * size_of::<usize>())
            }
            Buffer::Result(_) => unreachable!("results are no leaves"),
        };
        ScheduledLeaf { name, kind: kind.to_owned(), shape, bytes }
    }
}

/// The order of leaves.
fn order(buffer: Buffer) -> (usize, usize) {
    match buffer {
        Buffer::Input(k) => (0, k),
        Buffer::Index(k) => (1, k),
        Buffer::Parameter(k) => (2, k),
        Buffer::Constant(k) => (3, k),
        Buffer::Result(k) => (4, k),
        Buffer::IndexResult(k) => (5, k),
    }
}
