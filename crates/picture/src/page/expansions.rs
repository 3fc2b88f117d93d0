//! Pictures of one graph with these or those of its groups open.

use crate::model::display::group_key;
use crate::model::picture::Picture;
use std::collections::BTreeSet;

/// Pictures of one graph, each with other groups open, between which a page switches.
///
/// Nothing is laid out in a browser, so a page can show those combinations of open groups that are in here. The first
/// picture is shown first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expansions {
    pub(crate) list: Vec<Expansion>,
}

/// A picture, and the scopes of the groups that are open in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Expansion {
    pub(crate) open: BTreeSet<String>,
    pub(crate) picture: Picture,
}

impl Expansions {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the picture in which the groups of these scopes are open and all others closed. The first picture of a
    /// combination counts.
    #[must_use]
    pub fn with<S: Into<String>>(mut self, open: impl IntoIterator<Item = S>, picture: Picture) -> Self {
        let open = open.into_iter().map(Into::into).collect();
        if self.list.iter().all(|known| known.open != open) {
            self.list.push(Expansion { open, picture });
        }
        self
    }

    /// The pictures with the scopes that are open in each.
    pub fn iter(&self) -> impl Iterator<Item = (&BTreeSet<String>, &Picture)> {
        self.list.iter().map(|Expansion { open, picture }| (open, picture))
    }

    /// The pictures with all texts as they are shown, and the frames that can be told apart.
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

/// The pictures of one expansion, moment by moment.
pub(crate) fn pictures_at<'a>(moments: &[(&str, &'a Expansions)], index: usize) -> Vec<&'a Picture> {
    moments.iter().filter_map(|(_, expansions)| Some(&expansions.list.get(index)?.picture)).collect()
}
