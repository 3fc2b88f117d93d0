//! Names that are no other's.

use rustc_hash::FxHashSet;

#[derive(Debug, Default)]
pub(super) struct Names {
    taken: FxHashSet<String>,
    count: usize,
}

impl Names {
    /// This name, or with a number behind it.
    pub(super) fn unique(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        while !self.taken.insert(name.clone()) {
            self.count += 1;
            name = format!("{wanted}.{}", self.count);
        }
        name
    }
}
