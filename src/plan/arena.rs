//! Places in one arena for results that are not all alive at once.

/// A free-list over an arena that grows as needed; sizes and places in elements.
#[derive(Debug, Default)]
pub(super) struct Arena {
    /// Free stretches, sorted, none touching the next: start and length.
    free: Vec<(usize, usize)>,
    len: usize,
}

impl Arena {
    /// Stretches begin at multiples of this, so that vectors of numbers are not split needlessly.
    const ALIGN: usize = 16;

    fn rounded(size: usize) -> usize {
        size.checked_next_multiple_of(Self::ALIGN).unwrap_or(size)
    }

    /// The smallest free stretch that fits, or new space at the end; `None` where the arena would be longer than anything
    /// that can be addressed.
    pub(super) fn take(&mut self, size: usize) -> Option<usize> {
        let size = Self::rounded(size);
        if size == 0 {
            return Some(0);
        }
        let fitting = (0..self.free.len()).filter(|&i| self.free[i].1 >= size);
        if let Some(i) = fitting.min_by_key(|&i| self.free[i].1) {
            let (start, len) = self.free[i];
            match len - size {
                0 => drop(self.free.remove(i)),
                rest => self.free[i] = (start + size, rest),
            }
            return Some(start);
        }
        // A free stretch at the end is made longer.
        let open = self.free.last().copied().filter(|&(start, len)| start + len == self.len);
        let start = open.map_or(self.len, |(start, _)| start);
        self.len = start.checked_add(size).filter(|&len| isize::try_from(len).is_ok())?;
        if open.is_some() {
            self.free.pop();
        }
        Some(start)
    }

    /// Gives a stretch back.
    pub(super) fn give(&mut self, start: usize, size: usize) {
        let size = Self::rounded(size);
        if size == 0 {
            return;
        }
        let i = self.free.partition_point(|&(s, _)| s < start);
        self.free.insert(i, (start, size));
        if i + 1 < self.free.len() && start + size == self.free[i + 1].0 {
            self.free[i].1 += self.free.remove(i + 1).1;
        }
        if i > 0 && self.free[i - 1].0 + self.free[i - 1].1 == start {
            self.free[i - 1].1 += self.free.remove(i).1;
        }
    }

    /// The number of elements of the arena.
    pub(super) fn len(&self) -> usize {
        self.len
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn stretches_in_use_never_overlap(sizes in prop::collection::vec((0_usize..100, any::<bool>()), 1..60)) {
            let mut arena = Arena::default();
            let mut used: Vec<(usize, usize)> = Vec::new();
            for (size, release) in sizes {
                if release && !used.is_empty() {
                    let (start, size) = used.swap_remove(size % used.len());
                    arena.give(start, size);
                }
                let start = arena.take(size).unwrap();
                prop_assert!(start + size <= arena.len());
                prop_assert!(used.iter().all(|&(s, n)| size == 0 || n == 0 || s + n <= start || start + size <= s));
                used.push((start, size));
            }
            used.drain(..).for_each(|(start, size)| arena.give(start, size));
            prop_assert!(arena.free.len() <= 1);
        }
    }
}
