//! Which operands a step's program may write its results over: those that nothing else of the step reads, and that the
//! program reads as a whole, block by block before it writes.

use crate::plan::program::Accesses;
use crate::plan::step::{Operand, Place, Root, Step};
use rustc_hash::FxHashSet;

/// What a step reads, ordered so that it is found without going through all of it.
pub(crate) struct Overwriting {
    /// What holds each operand, and the operand's number; sorted.
    operands: Vec<(Root, usize)>,
    /// When the program reads and writes, if there is one.
    accesses: Option<Accesses>,
}

impl Overwriting {
    /// Looks at a step; O(n log n) for n operands.
    pub(crate) fn of(step: &Step) -> Self {
        let root = |(i, operand): (usize, &Operand)| Some((operand.place()?.root, i));
        let mut operands: Vec<(Root, usize)> = step.operands.iter().enumerate().filter_map(root).collect();
        operands.sort_unstable();
        Self { operands, accesses: step.program().map(|program| program.accesses()) }
    }

    /// The operands that `root` holds.
    fn operands_in(&self, root: Root) -> &[(Root, usize)] {
        let from = self.operands.partition_point(|(other, _)| *other < root);
        let count = self.operands[from..].iter().take_while(|(other, _)| *other == root).count();
        &self.operands[from..from + count]
    }

    /// After how many instructions of the program `root` is not read again, if it is read by it as one whole operand, or
    /// by nothing of the step.
    fn read_until(&self, step: &Step, root: Root, is_whole: impl Fn(&Place) -> bool) -> Option<usize> {
        let accesses = self.accesses.as_ref()?;
        match *self.operands_in(root) {
            [] => Some(0),
            [(_, i)] => {
                step.operands[i].place().filter(|place| is_whole(place))?;
                let operand = i.checked_sub(step.before_program())?;
                Some(accesses.read_until(operand))
            }
            _ => None,
        }
    }

    /// Whether output `k` of the step can be written to what `root` holds.
    pub(crate) fn may_write_over(&self, step: &Step, k: usize, root: Root) -> bool {
        let written = self.accesses.as_ref().map(|accesses| accesses.written_after(k));
        let read = self.read_until(step, root, Place::is_whole);
        read.zip(written).is_some_and(|(read, written)| read <= written)
    }

    /// The places that its outputs can take over, among those of results of their size that it is the last to read.
    pub(crate) fn places_of(self, step: &Step, ended: impl Iterator<Item = usize>) -> Places {
        let whole = |place: &Place| place.is_whole() && place.layout.shape == step.shape;
        let read = |result| Some((self.read_until(step, Root::Arena(result), whole)?, result));
        let mut open: Vec<(usize, usize)> = ended.filter_map(read).collect();
        // The one that is read first comes last.
        open.sort_unstable_by(|a, b| b.cmp(a));
        Places { open, given: FxHashSet::default(), accesses: self.accesses }
    }
}

/// Places that are given to a step's outputs.
pub(crate) struct Places {
    /// After how many instructions each is not read again, and whose place it is.
    open: Vec<(usize, usize)>,
    given: FxHashSet<usize>,
    accesses: Option<Accesses>,
}

impl Places {
    /// The result whose place output `k` takes over, if there is one. Outputs are written in their order, so that what
    /// one cannot take over is left to those behind it.
    pub(crate) fn next_for(&mut self, k: usize) -> Option<usize> {
        let written = self.accesses.as_ref()?.written_after(k);
        let (_, result) = self.open.pop_if(|(read, _)| *read <= written)?;
        self.given.insert(result);
        Some(result)
    }

    /// Whether the place of a result was taken over.
    pub(crate) fn has_given(&self, result: usize) -> bool {
        self.given.contains(&result)
    }
}
