//! Pictures of one graph with different groups open.

use crate::model::display::group_key;
use crate::model::picture::Picture;
use std::collections::BTreeSet;

/// Pictures of one graph with different groups open, between which a page switches.
///
/// The browser lays out nothing, so a page can show only the combinations of open groups that are in here. The first
/// picture is shown first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expansions {
    pub(crate) list: Vec<Expansion>,
}

/// A picture and the scopes of its open groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Expansion {
    pub(crate) open: BTreeSet<String>,
    pub(crate) picture: Picture,
}

impl Expansions {
    /// No pictures.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the picture in which the groups of these scopes are open and all others closed. A second picture of the same
    /// combination is ignored.
    #[must_use]
    pub fn with<S: Into<String>>(mut self, open: impl IntoIterator<Item = S>, picture: Picture) -> Self {
        let open = open.into_iter().map(Into::into).collect();
        if self.list.iter().all(|known| known.open != open) {
            self.list.push(Expansion { open, picture });
        }
        self
    }

    /// The pictures with the open scopes of each.
    pub fn iter(&self) -> impl Iterator<Item = (&BTreeSet<String>, &Picture)> {
        self.list.iter().map(|Expansion { open, picture }| (open, picture))
    }

    /// The pictures with all texts prepared for display, and without frames that are nested too deep.
    pub(crate) fn for_display(&self) -> Expansions {
        let list = self.list.iter().map(|Expansion { open, picture }| Expansion {
            open: open.iter().map(|scope| group_key(scope)).collect(),
            picture: picture.for_display().shallow().into_owned(),
        });
        Expansions { list: list.collect() }
    }
}

impl From<Picture> for Expansions {
    fn from(picture: Picture) -> Self {
        Expansions::new().with([""; 0], picture)
    }
}

/// The picture of one expansion at each moment.
pub(crate) fn pictures_at<'a>(moments: &[(&str, &'a Expansions)], index: usize) -> Vec<&'a Picture> {
    moments.iter().filter_map(|(_, expansions)| Some(&expansions.list.get(index)?.picture)).collect()
}
