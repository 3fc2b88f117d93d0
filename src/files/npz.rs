//! NumPy's format of several arrays: a ZIP archive with a `.npy` for each, named after it.

use super::npy::{array_bytes, read_array};
use super::stored::insert_new;
use crate::base::float::Float;
use crate::base::state::State;
use std::fs::File;
use std::io::{BufReader, Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

const ENDING: &str = ".npy";

/// Arrays of at least so many bytes need the larger fields of an archive.
const LARGE: usize = u32::MAX as usize;

/// A state as a file, not compressed, as `numpy.savez` writes it.
pub(super) fn write<F: Float>(state: &State<F>) -> Result<Vec<u8>, String> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, array) in state.iter() {
        if name.is_empty() {
            return Err("an entry of a .npz needs a name that is not empty".to_owned());
        }
        let bytes = array_bytes(&array);
        // The same time in all files: equal states are equal bytes.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::default())
            .large_file(bytes.len() >= LARGE);
        let start = archive.start_file(format!("{name}{ENDING}"), options);
        let written = start.map_err(std::io::Error::from).and_then(|()| archive.write_all(&bytes));
        written.map_err(|e| format!("entry `{name}`: {e}"))?;
    }
    archive.finish().map(Cursor::into_inner).map_err(|e| e.to_string())
}

/// The entries of a file that are wanted, compressed or not.
pub(super) fn read<F: Float>(
    file: File,
    length: u64,
    wanted: &mut dyn FnMut(&str) -> bool,
) -> Result<State<F>, String> {
    let damaged = |e: zip::result::ZipError| format!("not a .npz: {e}");
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
    // Entries that share their bytes are far larger together than the file.
    let mut total = 0_u64;
    let mut state = State::new();
    for i in 0..archive.len() {
        let mut entry = archive.by_index(i).map_err(damaged)?;
        total = total.saturating_add(entry.compressed_size());
        if total > length {
            return Err("damaged: its entries lie over each other".to_owned());
        }
        let name = entry.name().map_err(damaged)?.into_owned();
        let Some(name) = name.strip_suffix(ENDING) else {
            return Err(format!("not a .npz: there is `{name}`, which is no .npy"));
        };
        if wanted(name) {
            let array = read_array(name, &mut entry).map_err(|problem| format!("`{name}`: {problem}"))?;
            insert_new(&mut state, name, array)?;
        }
    }
    Ok(state)
}
