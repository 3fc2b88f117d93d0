//! Reader of IDX files: a header with the length of each axis, then the elements.

use crate::data::error::{DataError, is_gz};
use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// An IDX file of unsigned bytes: `bytes.len()` is the product of `axes`, which fits in an `isize` and is not 0.
pub(crate) struct Idx<const AXES: usize> {
    pub(crate) path: PathBuf,
    pub(crate) axes: [u32; AXES],
    pub(crate) bytes: Vec<u8>,
}

impl<const AXES: usize> Idx<AXES> {
    /// The length of the first axis.
    pub(crate) fn len(&self) -> usize {
        self.axes[0] as usize
    }
}

/// Reads the file `name` in `dir`, compressed or plain. `check` validates the header before any data is read.
pub(crate) fn read_idx<const AXES: usize>(
    dir: &Path,
    name: &str,
    check: impl FnOnce(&Path, [u32; AXES]) -> Result<(), DataError>,
) -> Result<Idx<AXES>, DataError> {
    let (path, mut file) = open(dir, name)?;
    let mut header = Vec::new();
    read_up_to(&mut file, &path, 4 + 4 * AXES, &mut header)?;

    // An invalid header is reported before a truncated one, since that says more.
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

    // One byte more than announced, to detect trailing bytes, and since the decompressor verifies the checksum only at the
    // end of a gzip stream.
    let mut bytes = Vec::new();
    read_up_to(&mut file, &path, size + 1, &mut bytes)?;
    let expected = header.len() + size;
    match bytes.len() {
        n if n < size => Err(DataError::Truncated { path, found: header.len() + n, expected }),
        n if n > size => Err(DataError::Trailing { path, expected }),
        _ => Ok(Idx { path, axes, bytes }),
    }
}

/// Opens `dir/name.gz` through a decompressor, or else `dir/name` as it is; if both are missing, the same with a dot before
/// `idx`, as in `train-images.idx3-ubyte`.
pub(crate) fn open(dir: &Path, name: &str) -> Result<(PathBuf, Box<dyn Read>), DataError> {
    let dotted = name.replace("-idx", ".idx");
    let paths = [name, &dotted].map(|name| [dir.join(format!("{name}.gz")), dir.join(name)]).concat();
    let there = |path: &&PathBuf| path.try_exists().unwrap_or(true);
    let found = paths.iter().find(there).unwrap_or(&paths[0]);
    // Some archives have a folder with this name, and the file next to it with a dot.
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

/// Appends at most `limit` bytes. Memory grows with the bytes that arrive, not with the limit.
pub(crate) fn read_up_to(
    file: &mut dyn Read,
    path: &Path,
    limit: usize,
    into: &mut Vec<u8>,
) -> Result<(), DataError> {
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
