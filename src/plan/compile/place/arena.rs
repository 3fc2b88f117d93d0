//! Memory in one arena for results that are not all alive at once.

use std::collections::{BTreeMap, BTreeSet};

/// A free-list over an arena that grows as needed; sizes and starts in elements.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    /// The lengths of free ranges by their starts, none touching the next.
    unused: BTreeMap<usize, usize>,
    /// The same as length and start.
    by_len: BTreeSet<(usize, usize)>,
    len: usize,
}

impl Arena {
    /// Ranges begin at multiples of this, so that vectors of numbers are not split needlessly.
    const ALIGN: usize = 16;

    fn rounded(size: usize) -> usize {
        size.checked_next_multiple_of(Self::ALIGN).unwrap_or(size)
    }

    /// The smallest free range that fits, or new space at the end; `None` where the arena would be longer than anything
    /// that can be addressed.
    pub(crate) fn allocate(&mut self, size: usize) -> Option<usize> {
        let size = Self::rounded(size);
        if size == 0 {
            return Some(0);
        }
        if let Some(&(len, start)) = self.by_len.range((size, 0)..).next() {
            self.remove(start, len);
            if len > size {
                self.insert(start + size, len - size);
            }
            return Some(start);
        }
        // A free range at the end is made longer.
        let start = match self.unused.last_key_value() {
            Some((&start, &len)) if start + len == self.len => {
                self.remove(start, len);
                start
            }
            _ => self.len,
        };
        self.len = start.checked_add(size).filter(|&len| isize::try_from(len).is_ok())?;
        Some(start)
    }

    /// Frees a range.
    pub(crate) fn free(&mut self, start: usize, size: usize) {
        let size = Self::rounded(size);
        if size == 0 {
            return;
        }
        let (mut first, mut end) = (start, start + size);
        if let Some((&before, &len)) = self.unused.range(..start).next_back()
            && before + len == start
        {
            self.remove(before, len);
            first = before;
        }
        if let Some(&len) = self.unused.get(&end) {
            self.remove(end, len);
            end += len;
        }
        self.insert(first, end - first);
    }

    fn insert(&mut self, start: usize, len: usize) {
        self.unused.insert(start, len);
        self.by_len.insert((len, start));
    }

    fn remove(&mut self, start: usize, len: usize) {
        self.unused.remove(&start);
        self.by_len.remove(&(len, start));
    }

    /// The number of elements of the arena.
    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ranges_in_use_never_overlap(sizes in prop::collection::vec((0_usize..100, any::<bool>()), 1..60)) {
            let mut arena = Arena::default();
            let mut used: Vec<(usize, usize)> = Vec::new();
            for (size, release) in sizes {
                if release && !used.is_empty() {
                    let (start, size) = used.swap_remove(size % used.len());
                    arena.free(start, size);
                }
                let start = arena.allocate(size).unwrap();
                prop_assert!(start + size <= arena.len());
                prop_assert!(used.iter().all(|&(s, n)| size == 0 || n == 0 || s + n <= start || start + size <= s));
                used.push((start, size));
            }
            used.drain(..).for_each(|(start, size)| arena.free(start, size));
            prop_assert!(arena.unused.len() <= 1);
        }
    }
}
