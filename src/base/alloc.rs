//! Room for numbers, asked for before it is taken.

use crate::error::{Error, Result};

/// Makes a buffer at least `len` long, or says that the memory is not to be had for an array of `count` elements.
pub(crate) fn grow(what: &'static str, room: &mut Vec<f64>, len: usize, count: usize) -> Result<()> {
    let Some(more) = len.checked_sub(room.len()) else { return Ok(()) };
    // Twice the size while there is room for that, so that growing costs a copy of each number at most.
    room.try_reserve(more).or_else(|_| room.try_reserve_exact(more)).map_err(|e| none(what, count, e))?;
    room.resize(len, 0.0);
    Ok(())
}

/// `len` copies of a value, or an error where the memory is not to be had.
pub(crate) fn filled<T: Clone>(what: &'static str, len: usize, value: T) -> Result<Vec<T>> {
    let mut room = Vec::new();
    room.try_reserve_exact(len).map_err(|e| none(what, len, e))?;
    room.resize(len, value);
    Ok(room)
}

/// The error for an array of so many elements that there is no room for, and why.
pub(crate) fn none(what: &'static str, count: usize, why: impl std::fmt::Display) -> Error {
    Error::Argument { what, problem: format!("there is no room for an array of {count} elements: {why}") }
}
