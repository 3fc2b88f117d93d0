//! What a page is made of.

use crate::model::picture::Picture;

/// A picture for a page, and what the page computes further states from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    pub(crate) picture: Picture,
    pub(crate) open: Vec<String>,
    pub(crate) carried: Option<Carried>,
    pub(crate) playground: Option<String>,
}

/// The data of the program that a page carries, which it reads by itself: opaque here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Carried {
    pub(crate) scene: Vec<u8>,
    pub(crate) numbers: Vec<u8>,
}

impl Page {
    /// A page that shows a picture first, in which the groups of these names are open.
    #[must_use]
    pub fn new<S: Into<String>>(picture: Picture, open: impl IntoIterator<Item = S>) -> Self {
        Page { picture, open: open.into_iter().map(Into::into).collect(), carried: None, playground: None }
    }

    /// Has the page carry the program that opens groups and computes numbers, with its data: what is the same at all moments
    /// of a [`Timeline`](crate::Timeline), and the numbers of one. The crate `chainrule` writes and reads them.
    #[must_use]
    pub fn carrying(mut self, scene: Vec<u8>, numbers: Vec<u8>) -> Self {
        self.carried = Some(Carried { scene, numbers });
        self
    }

    /// The page with another picture first.
    #[must_use]
    pub fn showing(self, picture: Picture) -> Self {
        Page { picture, ..self }
    }

    /// Has the page show a field for an expression, with this one in it at first: its program draws what is typed.
    #[must_use]
    pub fn with_playground(self, expression: impl Into<String>) -> Self {
        Page { playground: Some(expression.into()), ..self }
    }

    /// What the page carries for its program, as [`page_parts`] takes it apart; empty for a page without one.
    pub fn carried(&self) -> Vec<u8> {
        let carried = self.carried.iter().flat_map(|carried| [&*carried.scene, &*carried.numbers]);
        joined(&carried.collect::<Vec<_>>())
    }

    /// The picture that the page shows first.
    pub fn picture(&self) -> &Picture {
        &self.picture
    }
}

impl From<Picture> for Page {
    fn from(picture: Picture) -> Self {
        Page::new(picture, [""; 0])
    }
}

/// The data of a page for its program: the parts one after another, each after its length as four bytes, the lowest first.
pub(crate) fn joined(parts: &[&[u8]]) -> Vec<u8> {
    let length = |part: &&[u8]| u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes();
    parts.iter().flat_map(|part| length(part).into_iter().chain(part.iter().copied())).collect()
}

/// The parts of the data of a page, as its program reads them; none if they are cut off.
pub fn page_parts(mut data: &[u8]) -> Option<Vec<&[u8]>> {
    let mut parts = Vec::new();
    while !data.is_empty() {
        let (length, rest) = data.split_first_chunk::<4>()?;
        let (part, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        parts.push(part);
        data = rest;
    }
    Some(parts)
}
