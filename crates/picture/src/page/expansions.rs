//! Pictures of one graph with these or those of its groups open.

use crate::model::picture::Picture;
use crate::model::shown::key;
use std::collections::BTreeSet;

/// Pictures of one graph, each with other groups open, between which a page switches.
///
/// Nothing is laid out in a browser, so a page can show those combinations of open groups that are in here. The first
/// picture is shown first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Openings {
    pub(crate) list: Vec<Opening>,
}

/// A picture, and the scopes of the groups that are open in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Opening {
    pub(crate) open: BTreeSet<String>,
    pub(crate) picture: Picture,
}

impl Openings {
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
            self.list.push(Opening { open, picture });
        }
        self
    }

    /// The pictures with the scopes that are open in each.
    pub fn iter(&self) -> impl Iterator<Item = (&BTreeSet<String>, &Picture)> {
        self.list.iter().map(|Opening { open, picture }| (open, picture))
    }

    /// The pictures with all texts as they are shown, and the frames that can be told apart.
    pub(crate) fn shown(&self) -> Openings {
        let list = self.list.iter().map(|Opening { open, picture }| Opening {
            open: open.iter().map(|scope| key(scope)).collect(),
            picture: picture.shown().shallow().into_owned(),
        });
        Openings { list: list.collect() }
    }
}

impl From<Picture> for Openings {
    fn from(picture: Picture) -> Self {
        Openings::new().with([""; 0], picture)
    }
}

/// The pictures of one opening, moment by moment.
pub(crate) fn pictures_at<'a>(moments: &[(&str, &'a Openings)], index: usize) -> Vec<&'a Picture> {
    moments.iter().filter_map(|(_, openings)| Some(&openings.list.get(index)?.picture)).collect()
}
