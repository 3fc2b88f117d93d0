#![cfg(feature = "mnist")]
//! Data sets, read from files into arrays (feature `mnist`).
//!
//! Nothing in the engine knows of this module: it is here so that the examples and the main training job run
//! on a fresh machine. [`mnist`] holds the handwritten digits; their format, IDX, is read here. Whatever the
//! bytes of a file are, reading it gives the data or a [`DataError`], never a panic, and never takes more memory
//! than a small multiple of the bytes that are really there.

pub mod mnist;

use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a data set could not be read: the file, what was found in it, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DataError {
    /// The file is not there, neither compressed nor plain.
    #[error(
        "{}: there is no such file, nor one without the `.gz`; name the folder that holds the four files of the data set",
        path.display()
    )]
    Missing {
        /// The compressed file's path; the plain one has no `.gz`.
        path: PathBuf,
    },
    /// The operating system could not open or read the file.
    #[error("{}: cannot be read: {kind}; wanted a file that may be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        kind: ErrorKind,
    },
    /// A file named `.gz` that is not compressed with gzip.
    #[error(
        "{}: not gzip: starts with {}, and gzip starts with 1f 8b; a file that is not compressed has no `.gz` in its name",
        path.display(), hex(found)
    )]
    NotGzip {
        /// The file.
        path: PathBuf,
        /// Its first bytes, at most two.
        found: Vec<u8>,
    },
    /// A gzip stream that breaks off, or whose contents do not fit its checksum.
    #[error("{}: damaged gzip: {problem}; fetch or compress the file anew", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the decompressor found.
        problem: String,
    },
    /// Not an IDX file: it does not start with two zeros.
    #[error(
        "{}: not an IDX file: starts with {}, and IDX starts with 00 00{}",
        path.display(), hex(found), if found == &[0x1f, 0x8b] { "; this is gzip, whose name ends in `.gz`" } else { "" }
    )]
    Magic {
        /// The file.
        path: PathBuf,
        /// Its first two bytes.
        found: [u8; 2],
    },
    /// An IDX file whose elements are not unsigned bytes.
    #[error("{}: elements of type {found:02x} ({}), wanted 08 (unsigned byte)", path.display(), element(*found))]
    ElementType {
        /// The file.
        path: PathBuf,
        /// The third byte of the file.
        found: u8,
    },
    /// An IDX file with another number of axes: labels where images should be, for instance.
    #[error("{}: number of axes {found}, wanted {expected} (images have 3, labels 1)", path.display())]
    Axes {
        /// The file.
        path: PathBuf,
        /// The fourth byte of the file.
        found: u8,
        /// The number of axes that this file should have.
        expected: u8,
    },
    /// The axes' lengths cannot be those of an array: one is zero, or their product does not fit in memory.
    #[error("{}: the header announces {} bytes, wanted at least 1 and no more than memory can address", path.display(), product(axes))]
    Size {
        /// The file.
        path: PathBuf,
        /// The lengths of the axes, from the header.
        axes: Vec<u32>,
    },
    /// Images of another size.
    #[error("{}: images of {rows} × {cols} pixels, wanted {} × {}", path.display(), mnist::SIDE, mnist::SIDE)]
    Pixels {
        /// The file.
        path: PathBuf,
        /// The height in its header.
        rows: u32,
        /// The width in its header.
        cols: u32,
    },
    /// The file ends before the data that its header announces, or within the header.
    #[error("{}: truncated: {found} bytes, wanted {expected}{}", path.display(), unpacked(path))]
    Truncated {
        /// The file.
        path: PathBuf,
        /// The bytes that are there, uncompressed.
        found: usize,
        /// The bytes that should be there.
        expected: usize,
    },
    /// The file goes on after the data that its header announces.
    #[error("{}: trailing bytes: goes on after {expected} bytes, wanted no more{}", path.display(), unpacked(path))]
    Trailing {
        /// The file.
        path: PathBuf,
        /// The bytes that should be there.
        expected: usize,
    },
    /// The images and the labels of one split differ in number.
    #[error(
        "{}: {found} labels, wanted {expected}, one for each image in {}", path.display(), images.display()
    )]
    Counts {
        /// The label file.
        path: PathBuf,
        /// The image file.
        images: PathBuf,
        /// The number of labels.
        found: usize,
        /// The number of images.
        expected: usize,
    },
    /// A label that is not a digit.
    #[error("{}: label {found} at position {index}, wanted 0 to {}", path.display(), mnist::CLASSES - 1)]
    Label {
        /// The file.
        path: PathBuf,
        /// The position of the label, from 0.
        index: usize,
        /// The label.
        found: u8,
    },
}

fn hex(bytes: &[u8]) -> String {
    let words: Vec<String> = bytes.iter().map(|b| format!("{b:02x}")).collect();
    if words.is_empty() { "nothing (it is empty)".into() } else { words.join(" ") }
}

fn product(axes: &[u32]) -> String {
    axes.iter().map(u32::to_string).collect::<Vec<_>>().join(" × ")
}

fn element(code: u8) -> &'static str {
    match code {
        0x08 => "unsigned byte",
        0x09 => "signed byte",
        0x0b => "16-bit integer",
        0x0c => "32-bit integer",
        0x0d => "32-bit float",
        0x0e => "64-bit float",
        _ => "unknown to IDX",
    }
}

fn is_gz(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "gz")
}

fn unpacked(path: &Path) -> &'static str {
    if is_gz(path) { " (uncompressed)" } else { "" }
}

/// An IDX file of unsigned bytes: `bytes.len()` is the product of `axes`, which fits in an `isize` and is not 0.
struct Idx<const AXES: usize> {
    path: PathBuf,
    axes: [u32; AXES],
    bytes: Vec<u8>,
}

impl<const AXES: usize> Idx<AXES> {
    /// The length of the first axis.
    fn len(&self) -> usize {
        self.axes[0] as usize
    }
}

/// Reads the file `name` in `dir`, compressed or plain. `check` judges the header before any data is read.
fn read_idx<const AXES: usize>(
    dir: &Path,
    name: &str,
    check: impl FnOnce(&Path, [u32; AXES]) -> Result<(), DataError>,
) -> Result<Idx<AXES>, DataError> {
    let (path, mut file) = open(dir, name)?;
    let mut header = Vec::new();
    read_up_to(&mut file, &path, 4 + 4 * AXES, &mut header)?;

    // What is wrong with the header that is there says more than that it is short.
    if let [a, b, ..] = header[..]
        && [a, b] != [0, 0]
    {
        return Err(DataError::Magic { path, found: [a, b] });
    }
    if let Some(&found) = header.get(2)
        && found != 0x08
    {
        return Err(DataError::ElementType { path, found });
    }
    if let Some(&found) = header.get(3)
        && usize::from(found) != AXES
    {
        return Err(DataError::Axes { path, found, expected: AXES as u8 });
    }
    if header.len() < 4 + 4 * AXES {
        return Err(DataError::Truncated { path, found: header.len(), expected: 4 + 4 * AXES });
    }
    let mut axes = [0; AXES];
    for (axis, bytes) in axes.iter_mut().zip(header[4..].chunks_exact(4)) {
        *axis = bytes.iter().fold(0, |n, &b| n << 8 | u32::from(b));
    }
    let size = axes.iter().try_fold(1_usize, |n, &axis| n.checked_mul(axis as usize));
    let Some(size) = size.filter(|&n| n > 0 && n < isize::MAX as usize - header.len()) else {
        return Err(DataError::Size { path, axes: axes.to_vec() });
    };
    check(&path, axes)?;

    // One byte more than announced: it is not there, or the file is too long. Getting to the end of a gzip stream
    // is also what makes the decompressor compare the checksum.
    let mut bytes = Vec::new();
    read_up_to(&mut file, &path, size + 1, &mut bytes)?;
    let expected = header.len() + size;
    match bytes.len() {
        n if n < size => Err(DataError::Truncated { path, found: header.len() + n, expected }),
        n if n > size => Err(DataError::Trailing { path, expected }),
        _ => Ok(Idx { path, axes, bytes }),
    }
}

/// Opens `dir/name.gz` for reading what is compressed in it, or where that is missing `dir/name` as it is; where both are
/// missing, the same with a dot before `idx`, as in `train-images.idx3-ubyte`.
fn open(dir: &Path, name: &str) -> Result<(PathBuf, Box<dyn Read>), DataError> {
    let dotted = name.replace("-idx", ".idx");
    let paths = [name, &dotted].map(|name| [dir.join(format!("{name}.gz")), dir.join(name)]).concat();
    let there = |path: &&PathBuf| path.try_exists().unwrap_or(true);
    let found = paths.iter().find(there).unwrap_or(&paths[0]);
    // Some archives hold a folder of the name, and the file beside it with a dot.
    let beside = paths[2..].iter().find(|path| found.is_dir() && path.is_file());
    let path = beside.unwrap_or(found).clone();
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Err(DataError::Missing { path }),
        Err(e) => return Err(DataError::Read { path, kind: e.kind() }),
    };
    if !is_gz(&path) {
        return Ok((path, Box::new(file)));
    }
    let mut file = BufReader::with_capacity(1 << 16, file);
    match file.fill_buf() {
        Ok([0x1f, 0x8b, ..]) => Ok((path, Box::new(MultiGzDecoder::new(file)))),
        Ok(bytes) => Err(DataError::NotGzip { found: bytes[..bytes.len().min(2)].to_vec(), path }),
        Err(e) => Err(DataError::Read { path, kind: e.kind() }),
    }
}

/// Appends at most `limit` bytes. The memory taken follows the bytes that arrive, not the limit.
fn read_up_to(file: &mut dyn Read, path: &Path, limit: usize, into: &mut Vec<u8>) -> Result<(), DataError> {
    match file.take(limit as u64).read_to_end(into) {
        Ok(_) => Ok(()),
        Err(e) => Err(match e.kind() {
            ErrorKind::UnexpectedEof => {
                DataError::Damaged { path: path.into(), problem: "the stream breaks off".into() }
            }
            ErrorKind::InvalidInput | ErrorKind::InvalidData if is_gz(path) => {
                DataError::Damaged { path: path.into(), problem: e.to_string() }
            }
            kind => DataError::Read { path: path.into(), kind },
        }),
    }
}
