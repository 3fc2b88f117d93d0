//! Why a data set could not be read.

use crate::data::size::{CLASSES, SIDE};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a data set could not be read: the file, what was found in it, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DataError {
    /// The file is not there, neither compressed nor plain.
    #[error(
        "{}: there is no such file, nor one without the `.gz`; name the folder that holds the files of the data set",
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
    #[error("{}: images of {rows} × {cols} pixels, wanted {} × {}", path.display(), SIDE, SIDE)]
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
    #[error("{}: label {found} at position {index}, wanted 0 to {}", path.display(), CLASSES - 1)]
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

pub(crate) fn is_gz(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "gz")
}

fn unpacked(path: &Path) -> &'static str {
    if is_gz(path) { " (uncompressed)" } else { "" }
}
