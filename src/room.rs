//! Room for numbers, asked for before it is taken.

use crate::error::{Error, Result};

/// `len` copies of a value, or an error where the memory is not to be had.
pub(crate) fn filled<T: Clone>(what: &'static str, len: usize, value: T) -> Result<Vec<T>> {
    let mut room = Vec::new();
    room.try_reserve_exact(len).map_err(|e| Error::Argument {
        what,
        problem: format!("there is no room for an array of {len} elements: {e}"),
    })?;
    room.resize(len, value);
    Ok(room)
}
