//! In-place computation: which operands a step's program may write its results over. Nothing else of the step may read them,
//! and in each block the program must read them before it writes.

use crate::plan::program::AccessTimes;
use crate::plan::step::{Buffer, BufferView, Step, StepOperand};
use rustc_hash::FxHashSet;

/// What a step reads, sorted to be searched.
pub(crate) struct InPlace {
    /// The buffer and the number of each operand, sorted.
    operands: Vec<(Buffer, usize)>,
    /// When the program reads and writes, if there is one.
    times: Option<AccessTimes>,
}

impl InPlace {
    /// Analyses a step; O(n log n) for n operands.
    pub(crate) fn of(step: &Step) -> Self {
        let buffer = |(i, operand): (usize, &StepOperand)| Some((operand.view()?.buffer, i));
        let mut operands: Vec<(Buffer, usize)> =
            step.operands.iter().enumerate().filter_map(buffer).collect();
        operands.sort_unstable();
        Self { operands, times: step.program().map(|program| program.access_times()) }
    }

    /// The operands in a buffer.
    fn operands_in(&self, buffer: Buffer) -> &[(Buffer, usize)] {
        let from = self.operands.partition_point(|(other, _)| *other < buffer);
        let count = self.operands[from..].iter().take_while(|(other, _)| *other == buffer).count();
        &self.operands[from..from + count]
    }

    /// The number of instructions after which the program does not read a buffer again; none if the step reads it otherwise
    /// than as one operand of the program that fits.
    fn read_until(&self, step: &Step, buffer: Buffer, fits: impl Fn(&BufferView) -> bool) -> Option<usize> {
        let times = self.times.as_ref()?;
        match *self.operands_in(buffer) {
            [] => Some(0),
            [(_, i)] => {
                step.operands[i].view().filter(|view| fits(view))?;
                let operand = i.checked_sub(step.kernel_operands())?;
                Some(times.read_until(operand))
            }
            _ => None,
        }
    }

    /// Whether output `k` of the step can be written to a buffer.
    pub(crate) fn may_write_to(&self, step: &Step, k: usize, buffer: Buffer) -> bool {
        let written = self.times.as_ref().map(|times| times.written_after(k));
        let read = self.read_until(step, buffer, BufferView::is_packed);
        read.zip(written).is_some_and(|(read, written)| read <= written)
    }

    /// The buffers that its outputs can reuse, among those of `ended`: results of their size that it is the last to read.
    pub(crate) fn reusable(self, step: &Step, ended: impl Iterator<Item = usize>) -> ReusableBuffers {
        let fits = |view: &BufferView| view.is_packed() && view.layout.shape == step.shape;
        let read = |result| Some((self.read_until(step, Buffer::Result(result), fits)?, result));
        let mut unused: Vec<(usize, usize)> = ended.filter_map(read).collect();
        // The one that is read first comes last.
        unused.sort_unstable_by(|a, b| b.cmp(a));
        ReusableBuffers { unused, taken: FxHashSet::default(), times: self.times }
    }
}

/// Buffers that a step's outputs may reuse.
pub(crate) struct ReusableBuffers {
    /// The number of instructions after which each is not read again, and the result that is in it.
    unused: Vec<(usize, usize)>,
    taken: FxHashSet<usize>,
    times: Option<AccessTimes>,
}

impl ReusableBuffers {
    /// The result whose buffer output `k` reuses, if there is one. Outputs are written in their order, so that a later one may
    /// reuse what this one cannot.
    pub(crate) fn take_for(&mut self, k: usize) -> Option<usize> {
        let written = self.times.as_ref()?.written_after(k);
        let (_, result) = self.unused.pop_if(|(read, _)| *read <= written)?;
        self.taken.insert(result);
        Some(result)
    }

    /// Whether an output reuses the buffer of a result.
    pub(crate) fn is_taken(&self, result: usize) -> bool {
        self.taken.contains(&result)
    }
}
