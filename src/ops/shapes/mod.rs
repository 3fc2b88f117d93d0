//! Other shapes of the same elements, parts of arrays, and arrays put together.

pub(super) mod add_slices;
pub(super) mod arrange;
pub(super) mod concat;
pub(super) mod diagonal;
pub(super) mod dims;
pub(super) mod like;
pub(super) mod slice;
pub(super) mod views;
