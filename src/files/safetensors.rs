//! Files of the crate `safetensors`: eight bytes with the length of the header, the header in JSON, the numbers.

use super::stored::{Stored, StoredArray, bytes_of, insert_new};
use crate::base::float::Float;
use crate::base::state::State;
use ndarray::ArrayViewD;
use safetensors::tensor::{Dtype, Metadata};
use safetensors::{View, serialize};
use std::borrow::Cow;
use std::io::{BufReader, Read, Seek, SeekFrom};

/// The longest header, as in the crate.
const LONGEST_HEADER: u64 = 100_000_000;

/// What the format keeps for itself.
const RESERVED: &str = "__metadata__";

/// An array on its way to a file.
struct Saved<'s, F>(ArrayViewD<'s, F>);

impl<F: Float> View for Saved<'_, F> {
    fn dtype(&self) -> Dtype {
        if F::NAME == "f32" { Dtype::F32 } else { Dtype::F64 }
    }

    fn shape(&self) -> &[usize] {
        self.0.shape()
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Owned(bytes_of(&self.0))
    }

    fn data_len(&self) -> usize {
        self.0.len() * size_of::<F>()
    }
}

/// A state as a file.
pub(crate) fn write<F: Float>(state: &State<F>) -> Result<Vec<u8>, String> {
    if state.contains(RESERVED) {
        return Err(format!("an entry cannot be named `{RESERVED}`, which the format keeps for itself"));
    }
    // What libraries of Python ask for before they load a file.
    let format = [("format".to_owned(), "pt".to_owned())].into_iter().collect();
    let entries = state.iter().map(|(name, array)| (name, Saved(array)));
    serialize(entries, Some(format)).map_err(|e| e.to_string())
}

/// The entries of a file that are wanted.
pub(crate) fn read<F: Float>(
    file: impl Read + Seek,
    length: u64,
    wanted: &mut dyn FnMut(&str) -> bool,
) -> Result<State<F>, String> {
    let mut file = BufReader::new(file);
    let mut size = [0; 8];
    let short = |e| format!("truncated: no header of safetensors: {e}");
    file.read_exact(&mut size).map_err(short)?;
    let size = u64::from_le_bytes(size);
    let begin = match size.checked_add(8) {
        Some(begin) if begin <= length && size <= LONGEST_HEADER => begin,
        _ => {
            return Err(format!(
                "not safetensors: it announces a header of {size} bytes, and has {length} bytes in all"
            ));
        }
    };
    let mut header = Vec::new();
    file.by_ref().take(size).read_to_end(&mut header).map_err(short)?;
    // Reading it checks that the arrays lie one after the other and have the sizes of their shapes.
    let header: Metadata = serde_json::from_slice(&header).map_err(|e| format!("damaged header: {e}"))?;
    let expected = u64::try_from(header.data_len()).ok().and_then(|n| n.checked_add(begin));
    if expected != Some(length) {
        return Err(match expected {
            Some(expected) if length > expected => format!("trailing bytes: goes on after {expected} bytes"),
            Some(expected) => format!("truncated: {length} bytes, wanted {expected}"),
            None => "damaged header: more numbers than a file can hold".to_owned(),
        });
    }
    let mut state = State::new();
    for name in header.offset_keys() {
        let Some(info) = header.info(&name).filter(|_| wanted(&name)) else { continue };
        let Some(stored) = stored(info.dtype) else {
            return Err(format!("entry `{name}` holds {:?}, which is not read", info.dtype));
        };
        let shape = info.shape.clone();
        let numbers =
            StoredArray { name: &name, stored, is_big_endian: false, shape, is_column_major: false };
        let place = SeekFrom::Start(begin + info.data_offsets.0 as u64);
        file.seek(place).map_err(|e| format!("entry `{name}` cannot be read: {e}"))?;
        insert_new(&mut state, &name, numbers.read(&mut file)?)?;
    }
    Ok(state)
}

fn stored(dtype: Dtype) -> Option<Stored> {
    Some(match dtype {
        Dtype::BOOL => Stored::Bool,
        Dtype::U8 => Stored::U8,
        Dtype::I8 => Stored::I8,
        Dtype::U16 => Stored::U16,
        Dtype::I16 => Stored::I16,
        Dtype::U32 => Stored::U32,
        Dtype::I32 => Stored::I32,
        Dtype::U64 => Stored::U64,
        Dtype::I64 => Stored::I64,
        Dtype::F16 => Stored::F16,
        Dtype::BF16 => Stored::Bf16,
        Dtype::F32 => Stored::F32,
        Dtype::F64 => Stored::F64,
        _ => return None,
    })
}
