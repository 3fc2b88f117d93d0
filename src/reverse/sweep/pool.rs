//! Buffers that are reused, with counts of their uses.

use crate::error::Result;

/// Buffers with counts of their uses; those without a use are free.
#[derive(Debug, Default)]
pub(super) struct Pool {
    buffers: Vec<Vec<f64>>,
    uses: Vec<u32>,
    /// Free buffers by length, and whether one of that length was taken since the pool was last cleared.
    free: Vec<(usize, bool, Vec<usize>)>,
    /// The place in `free` that was looked up last.
    latest: usize,
    /// Indices of `buffers` without memory.
    vacant: Vec<usize>,
}

impl Pool {
    /// A buffer with arbitrary numbers in it.
    #[inline]
    pub(super) fn take(&mut self, len: usize) -> Result<usize> {
        let class = self.class(len);
        let (_, taken, free) = &mut self.free[class];
        *taken = true;
        let k = match free.pop() {
            Some(k) => k,
            None => self.another(len)?,
        };
        self.uses[k] = 1;
        Ok(k)
    }

    /// The place in `free` of the buffers of a length.
    #[inline]
    fn class(&mut self, len: usize) -> usize {
        if self.free.get(self.latest).is_none_or(|(l, ..)| *l != len) {
            self.latest = self.free.iter().position(|(l, ..)| *l == len).unwrap_or_else(|| {
                self.free.push((len, true, Vec::new()));
                self.free.len() - 1
            });
        }
        self.latest
    }

    #[cold]
    fn another(&mut self, len: usize) -> Result<usize> {
        let buffer = crate::base::alloc::filled("gradient", len, 0.0)?;
        Ok(match self.vacant.pop() {
            Some(k) => {
                self.buffers[k] = buffer;
                k
            }
            None => {
                self.buffers.push(buffer);
                self.uses.push(0);
                self.buffers.len() - 1
            }
        })
    }

    /// A buffer of one number.
    pub(super) fn one(&mut self, number: f64) -> Result<usize> {
        let k = self.take(1)?;
        self.buffers[k][0] = number;
        Ok(k)
    }

    /// How many uses a buffer has.
    #[inline]
    pub(super) fn uses(&self, k: usize) -> u32 {
        self.uses[k]
    }

    /// Begins another use of a buffer.
    pub(super) fn share(&mut self, k: usize) {
        self.uses[k] += 1;
    }

    /// Ends a use of a buffer.
    #[inline]
    pub(super) fn release(&mut self, k: usize) {
        self.uses[k] -= 1;
        if self.uses[k] == 0 {
            let class = self.class(self.buffers[k].len());
            self.free[class].2.push(k);
        }
    }

    /// Takes a buffer out while it is written, so that others can be read.
    pub(super) fn lend(&mut self, k: usize) -> Vec<f64> {
        std::mem::take(&mut self.buffers[k])
    }

    pub(super) fn put_back(&mut self, k: usize, buffer: Vec<f64>) {
        self.buffers[k] = buffer;
    }

    pub(super) fn buffer(&self, k: usize) -> &[f64] {
        &self.buffers[k]
    }

    /// A buffer to be read, unless it is the first of those to be written, and none, one or two to be written.
    #[inline]
    pub(super) fn read_and_write(
        &mut self,
        from: Option<usize>,
        to: [Option<usize>; 2],
    ) -> (&[f64], [&mut [f64]; 2]) {
        let apart = "what is written is another buffer";
        let buffers = &mut self.buffers;
        match (from, to) {
            (Some(from), [Some(a), Some(b)]) => {
                let [from, a, b] = buffers.get_disjoint_mut([from, a, b]).expect(apart);
                (from, [a, b])
            }
            (Some(from), [Some(a), None]) => {
                let [from, a] = buffers.get_disjoint_mut([from, a]).expect(apart);
                (from, [a, &mut []])
            }
            (Some(from), [None, Some(b)]) => {
                let [from, b] = buffers.get_disjoint_mut([from, b]).expect(apart);
                (from, [&mut [], b])
            }
            (Some(from), [None, None]) => (&buffers[from], [&mut [], &mut []]),
            (None, [Some(a), Some(b)]) => {
                (&[], buffers.get_disjoint_mut([a, b]).expect(apart).map(|x| &mut **x))
            }
            (None, [Some(a), None]) => (&[], [&mut buffers[a], &mut []]),
            (None, [None, _]) => unreachable!("what is read is the first that is written"),
        }
    }

    /// Ends all uses; frees the buffers of lengths that no one took since the last time.
    pub(super) fn clear(&mut self) {
        for k in 0..self.buffers.len() {
            if self.uses[k] > 0 {
                self.uses[k] = 1;
                self.release(k);
            }
        }
        let Self { buffers, free, vacant, .. } = self;
        free.retain_mut(|(_, taken, free)| {
            if !std::mem::take(taken) {
                free.iter().for_each(|&k| buffers[k] = Vec::new());
                vacant.append(free);
                return false;
            }
            true
        });
    }
}
