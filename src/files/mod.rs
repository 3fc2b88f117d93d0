#![cfg(feature = "files")]
//! States in files: `safetensors`, `npz` and `npy` hold a format each, `stored` the types of numbers in all of them.
//!
//! What is read is untrusted. Nothing is taken from a header that the file does not bear out: arrays grow with the bytes that
//! arrive.

mod formats;
mod npy;
mod npz;
pub(crate) mod safetensors;
mod stored;

pub(crate) use formats::{all_bytes, refused};

use crate::base::float::Float;
use crate::base::state::State;
use crate::error::Result;
use chainrule_base::files::write_file;
use formats::StateFormat;
use std::path::Path;

impl<F: Float> State<F> {
    /// Writes all entries to a file, in the format of its ending:
    ///
    /// - `.safetensors`: names as they are, so that `safetensors.torch.load_file` gives a PyTorch `state_dict`;
    /// - `.npz`: names as they are, for `numpy.load`;
    /// - `.npy`: one array without a name, of a state that has one entry.
    ///
    /// Numbers are stored in the state's precision, bit for bit. The file is a temporary one beside `path` until it is whole and
    /// on the disk; then it takes the place of what was there. Equal states give equal bytes.
    ///
    /// ```
    /// # let folder = std::env::temp_dir().join(format!("chainrule-doc-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder).unwrap();
    /// # let path = folder.join("net.safetensors");
    /// use chainrule::State;
    /// let state: State<f32> = [("affine1/bias", ndarray::arr1(&[0.5, f32::INFINITY]))].into_iter().collect();
    /// state.save(&path)?;
    /// assert_eq!(State::<f32>::load(&path)?, state);
    /// assert_eq!(State::<f64>::load(&path)?, state.cast());
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) if the ending is another, the format cannot hold the state (a `.npy` has one
    /// entry; `__metadata__` is no name in a `.safetensors`, nor is an empty one in a `.npz`), or the file cannot be written. Then what was at `path` is still
    /// there.
    ///
    /// # Cost
    ///
    /// Linear; the bytes of the file are in memory while they are written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let bytes = match StateFormat::of("save", path)? {
            StateFormat::Safetensors => safetensors::write(self),
            StateFormat::Npz => npz::write(self),
            StateFormat::Npy => npy::write(self),
        };
        write_file(path, &bytes.map_err(|problem| refused("save", path, &problem))?)
    }

    /// Reads all entries of a file, in the format of its ending: one that [`save`](Self::save) wrote, or PyTorch or NumPy.
    ///
    /// Numbers of another type are converted where that loses nothing: f16, bf16 and f32 to f64, f16 and bf16 to f32, and
    /// truth values and integers that are numbers of the precision. The array of a `.npy` is named after the file, without its
    /// ending. Entries come in the order in which they lie in the file.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) if the file cannot be read, is damaged, or holds numbers that the precision does
    /// not have, such as f64 for a `State<f32>`; the message names the entry. To round, load in f64 and
    /// [`cast`](Self::cast).
    ///
    /// # Cost
    ///
    /// Linear in the file. Entries are read one by one into their arrays, so that memory is that of the state. The file is not mapped
    /// into memory: plans write to the arrays of a state, and a mapped file that another program cuts short ends the process.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Self::load_where(path, |_| true)
    }

    /// Reads the entries of a file whose name is wanted, and passes over the others without reading their numbers.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn load_where(path: impl AsRef<Path>, wanted: impl FnMut(&str) -> bool) -> Result<Self> {
        let (path, mut wanted) = (path.as_ref(), wanted);
        let format = StateFormat::of("load", path)?;
        let read = formats::open(path).and_then(|(file, length)| match format {
            StateFormat::Safetensors => safetensors::read(file, length, &mut wanted),
            StateFormat::Npz => npz::read(file, length, &mut wanted),
            StateFormat::Npy => npy::read(file, path, &mut wanted),
        });
        read.map_err(|problem| refused("load", path, &problem))
    }
}
