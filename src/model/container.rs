//! The crate's own format of models.
//!
//! | bytes | content |
//! |---|---|
//! | 13 | `chainrule` and `\r\n\x1a\n`, which a transfer as text would change |
//! | 4 | the version of the format, its least significant byte first |
//! | 4, n | the length and the text of the version of the crate that wrote it: it stays here in every version of the format |
//! | 8, n | the length and the bytes of graph, outputs and updates, by `postcard` |
//! | the rest | the state as `safetensors`, or nothing |

use super::graph::Model;
use crate::base::float::Float;
use crate::base::state::State;
use crate::files::safetensors;
use crate::shown::{CELL, shown};
use std::io::Cursor;

const MAGIC: &[u8; 13] = b"chainrule\r\n\x1a\n";

/// The version of what is in a file, packed or as JSON; a reader refuses the ones it does not know.
pub(super) const FORMAT: u32 = 1;

/// The version of the crate.
pub(super) const WRITER: &str = env!("CARGO_PKG_VERSION");

pub(super) fn write<F: Float>(model: &Model, state: &State<F>) -> Result<Vec<u8>, String> {
    let packed = postcard::to_allocvec(model).map_err(|e| e.to_string())?;
    let mut bytes = MAGIC.to_vec();
    bytes.extend(FORMAT.to_le_bytes());
    bytes.extend((WRITER.len() as u32).to_le_bytes());
    bytes.extend(WRITER.as_bytes());
    bytes.extend((packed.len() as u64).to_le_bytes());
    bytes.extend(packed);
    if !state.is_empty() {
        bytes.extend(safetensors::write(state)?);
    }
    Ok(bytes)
}

pub(super) fn read<F: Float>(bytes: &[u8]) -> Result<(Model, State<F>), String> {
    let Some(mut rest) = bytes.strip_prefix(MAGIC) else {
        return Err("is not a model of chainrule".to_owned());
    };
    let format = u32::from_le_bytes(fixed(&mut rest)?);
    let length = u32::from_le_bytes(fixed(&mut rest)?);
    let writer = String::from_utf8_lossy(part(&mut rest, u64::from(length))?);
    if format != FORMAT {
        return Err(unknown(format, &writer));
    }
    let length = u64::from_le_bytes(fixed(&mut rest)?);
    let (model, surplus) =
        postcard::take_from_bytes(part(&mut rest, length)?).map_err(|e| format!("damaged graph: {e}"))?;
    if !surplus.is_empty() {
        return Err(format!("{} surplus bytes follow the graph", surplus.len()));
    }
    let state = match rest {
        [] => State::new(),
        rest => safetensors::read(Cursor::new(rest), rest.len() as u64, &mut |_| true)?,
    };
    Ok((model, state))
}

/// What is said of a format that is not known here.
pub(super) fn unknown(format: u32, writer: &str) -> String {
    format!(
        "was written by chainrule {} in format {format}; this version, {WRITER}, reads format {FORMAT}",
        shown(writer, CELL)
    )
}

/// Takes bytes off the front.
fn part<'b>(rest: &mut &'b [u8], length: u64) -> Result<&'b [u8], String> {
    let split = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length));
    let (part, after) = split.ok_or_else(|| format!("truncated: {} bytes, wanted {length}", rest.len()))?;
    *rest = after;
    Ok(part)
}

fn fixed<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    bytes.copy_from_slice(part(rest, N as u64)?);
    Ok(bytes)
}
