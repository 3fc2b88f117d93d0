//! Where nodes are recorded: the sites of the latest calls, found again without a hash.

use super::ids::SiteId;
use super::storage::Graph;
use rustc_hash::FxHashMap;
use std::panic::Location;

/// How many of the latest sites are found without a hash: a loop's body has that many lines and operators.
const LATEST: usize = 64;

/// Sites by the address of the compiler's record of the source line: finding one again compares one address.
#[derive(Debug)]
pub(crate) struct Callers {
    latest: [Option<(&'static Location<'static>, u32, SiteId)>; LATEST],
    known: FxHashMap<(usize, u32), SiteId>,
}

impl Default for Callers {
    fn default() -> Self {
        Self { latest: [None; LATEST], known: FxHashMap::default() }
    }
}

impl Callers {
    /// The site of a line in a scope.
    #[inline]
    pub(crate) fn site(
        &mut self,
        caller: &'static Location<'static>,
        scope: u32,
        graph: &mut Graph,
    ) -> SiteId {
        self.latest(caller, scope).unwrap_or_else(|| self.look_up(caller, scope, graph))
    }

    /// The site, if it is one of the latest.
    #[inline]
    pub(crate) fn latest(&self, caller: &'static Location<'static>, scope: u32) -> Option<SiteId> {
        match self.latest[place(caller)] {
            Some((latest, within, site)) if std::ptr::eq(latest, caller) && within == scope => Some(site),
            _ => None,
        }
    }

    #[cold]
    fn look_up(&mut self, caller: &'static Location<'static>, scope: u32, graph: &mut Graph) -> SiteId {
        let site = *self.known.entry((std::ptr::from_ref(caller).addr(), scope)).or_insert_with(|| {
            let location = graph.location_id(caller.into());
            graph.site_id(scope, location)
        });
        self.latest[place(caller)] = Some((caller, scope, site));
        site
    }
}

/// The slot of a line among the latest.
#[inline]
fn place(caller: &'static Location<'static>) -> usize {
    // The compiler lays out the records of neighbouring lines side by side, three words each.
    std::ptr::from_ref(caller).addr() / 8 % LATEST
}
