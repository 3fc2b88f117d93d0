//! NumPy's format of one array: ten or twelve bytes, a header that is a Python dict, the numbers.
//!
//! As NumPy's documentation of `numpy.lib.format` describes it. The crates that read it multiply the lengths in a header
//! without looking for overflow, and descend into nested brackets until the stack ends, so its three keys are read here.

use super::stored::{Stored, StoredArray, bytes_of, insert_new};
use crate::base::float::Float;
use crate::base::state::State;
use crate::shown::{LIST, shown};
use ndarray::{ArrayD, ArrayViewD};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// The longest header that is read, as in NumPy.
const LONGEST_HEADER: usize = 10_000;

/// What a header says.
struct Header {
    stored: Stored,
    is_big_endian: bool,
    is_column_major: bool,
    shape: Vec<usize>,
}

/// A state of one entry as a file.
pub(super) fn write<F: Float>(state: &State<F>) -> Result<Vec<u8>, String> {
    let mut entries = state.iter();
    match (entries.next(), entries.next()) {
        (Some((_, array)), None) => Ok(array_bytes(&array)),
        _ => Err(format!("a .npy holds one array, and the state has {}; save it as .npz", state.len())),
    }
}

/// An array as a file.
pub(super) fn array_bytes<F: Float>(array: &ArrayViewD<'_, F>) -> Vec<u8> {
    let stored = if F::NAME == "f32" { "<f4" } else { "<f8" };
    let axes: String = array.shape().iter().map(|n| format!("{n}, ")).collect();
    let axes = if array.ndim() == 1 { axes.trim_end() } else { axes.trim_end_matches(", ") };
    let mut header = format!("{{'descr': '{stored}', 'fortran_order': False, 'shape': ({axes}), }}");
    // The numbers begin at a multiple of 64, as NumPy writes them. Version 2 has room for headers of any length.
    let length_bytes = if header.len() < 65_000 { 2 } else { 4 };
    let before = MAGIC.len() + 2 + length_bytes;
    header
        .push_str(&" ".repeat((before + header.len() + 1).next_multiple_of(64) - before - header.len() - 1));
    header.push('\n');
    let mut bytes = MAGIC.to_vec();
    bytes.extend([if length_bytes == 2 { 1 } else { 2 }, 0]);
    bytes.extend_from_slice(&(header.len() as u32).to_le_bytes()[..length_bytes]);
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend(bytes_of(array));
    bytes
}

/// The array of a file, named after it.
pub(super) fn read<F: Float>(
    file: File,
    path: &Path,
    wanted: &mut dyn FnMut(&str) -> bool,
) -> Result<State<F>, String> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut state = State::new();
    if wanted(&name) {
        let array = read_array(&name, &mut BufReader::new(file))?;
        insert_new(&mut state, &name, array)?;
    }
    Ok(state)
}

/// Reads an array, and that nothing is behind it.
pub(super) fn read_array<F: Float>(name: &str, from: &mut dyn Read) -> Result<ArrayD<F>, String> {
    let short = |e| format!("not a .npy: no header: {e}");
    let mut begin = [0; 8];
    from.read_exact(&mut begin).map_err(short)?;
    if &begin[..6] != MAGIC {
        return Err("not a .npy: it does not begin with \\x93NUMPY".to_owned());
    }
    let mut size = [0; 4];
    let bytes = match begin[6] {
        1 => &mut size[..2],
        2 | 3 => &mut size[..],
        version => return Err(format!("a .npy of version {version}; 1, 2 and 3 are read")),
    };
    from.read_exact(bytes).map_err(short)?;
    let size = u32::from_le_bytes(size) as usize;
    if size > LONGEST_HEADER {
        return Err(format!("its header has {size} bytes, and at most {LONGEST_HEADER} are read"));
    }
    let mut header = vec![0; size];
    from.read_exact(&mut header).map_err(short)?;
    let header = String::from_utf8_lossy(&header);
    let Some(Header { stored, is_big_endian, is_column_major, shape }) = parse(&header) else {
        return Err(format!(
            "its header is `{}`; wanted `descr` (a type of real numbers), `fortran_order` and `shape`",
            shown(header.trim(), LIST)
        ));
    };
    let array = StoredArray { name, stored, is_big_endian, shape, is_column_major }.read(from)?;
    match from.read(&mut [0]) {
        Ok(0) => Ok(array),
        Ok(_) => Err("trailing bytes: it goes on after its numbers".to_owned()),
        Err(e) => Err(format!("cannot be read: {e}")),
    }
}

/// A header: a dict of three keys in any order.
fn parse(text: &str) -> Option<Header> {
    let mut rest = text.trim().strip_prefix('{')?.strip_suffix('}')?.trim();
    let (mut descr, mut order, mut shape) = (None, None, None);
    while !rest.is_empty() {
        let (key, after) = quoted(rest)?;
        let value = after.trim_start().strip_prefix(':')?.trim_start();
        let after = match key {
            "descr" => {
                let (text, after) = quoted(value)?;
                descr = Some(stored(text)?);
                after
            }
            "fortran_order" => {
                let word = value.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(value.len());
                order = Some(match &value[..word] {
                    "True" => true,
                    "False" => false,
                    _ => return None,
                });
                &value[word..]
            }
            "shape" => {
                let (axes, after) = value.strip_prefix('(')?.split_once(')')?;
                shape = Some(axes_of(axes)?);
                after
            }
            _ => return None,
        };
        rest = after.trim_start();
        rest = rest.strip_prefix(',').map_or(rest, str::trim_start);
    }
    let (stored, is_big_endian) = descr?;
    Some(Header { stored, is_big_endian, is_column_major: order?, shape: shape? })
}

/// A text in quotation marks, and what comes after it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let mark = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    text[1..].split_once(mark)
}

/// Lengths of axes: whole numbers with commas, of which the last may have none behind it if there are several.
fn axes_of(text: &str) -> Option<Vec<usize>> {
    let text = text.trim();
    if text.is_empty() {
        return Some(Vec::new());
    }
    // Python 2 wrote long integers with a letter.
    let axes = text.strip_suffix(',').unwrap_or(text).split(',');
    axes.map(|n| n.trim().trim_end_matches('L').parse().ok()).collect()
}

/// A type by NumPy's name, and whether the most significant byte comes first.
fn stored(name: &str) -> Option<(Stored, bool)> {
    let big = match name.chars().next()? {
        '<' | '|' | '=' => false,
        '>' => true,
        _ => return None,
    };
    let stored = match &name[1..] {
        "b1" => Stored::Bool,
        "u1" => Stored::U8,
        "i1" => Stored::I8,
        "u2" => Stored::U16,
        "i2" => Stored::I16,
        "u4" => Stored::U32,
        "i4" => Stored::I32,
        "u8" => Stored::U64,
        "i8" => Stored::I64,
        "f2" => Stored::F16,
        "f4" => Stored::F32,
        "f8" => Stored::F64,
        _ => return None,
    };
    Some((stored, big))
}
