//! MNIST: handwritten digits as arrays.
//!
//! ```no_run
//! use chainrule::data::mnist::Mnist;
//!
//! let mnist = Mnist::load("data/mnist")?;
//! let first = mnist.train.take(3);
//! let x = first.pixels::<f64>(); // [3, 784], each 0 to 1
//! let t = first.one_hot::<f64>(); // [3, 10]
//! # Ok::<(), chainrule::data::DataError>(())
//! ```
//!
//! Fashion-MNIST and KMNIST come in four files of the same names and sizes, and load just as well.

use crate::Float;
use crate::data::error::DataError;
use crate::data::idx::{Idx, read_idx};
pub use crate::data::size::{CLASSES, PIXELS, SIDE};
use ndarray::{Array1, Array2, s};
use std::path::Path;

/// The handwritten digits: 60,000 images to train on and 10,000 to test with, each with its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mnist {
    /// The images to train on.
    pub train: Split,
    /// The images to test with.
    pub test: Split,
}

impl Mnist {
    /// Reads the four files `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
    /// `t10k-labels-idx1-ubyte` in `dir`, each compressed with the suffix `.gz`, or else plain. If neither exists, the name
    /// may have a dot in place of the dash before `idx`, as in `train-images.idx3-ubyte`.
    ///
    /// The files determine the number of images: any such data set with at least one image in each half loads, such as a
    /// small one for a test.
    ///
    /// # Errors
    ///
    /// A [`DataError`] that names the file, if a file is missing, unreadable, damaged, too short, too long or of another
    /// format, if images are not 28 × 28 or a label is not a digit, and if the numbers of images and labels differ.
    ///
    /// # Cost
    ///
    /// Linear in the size of the files: for MNIST 55 MB, kept as bytes, and some tenths of a second, nearly all of it
    /// decompression.
    pub fn load(dir: impl AsRef<Path>) -> Result<Mnist, DataError> {
        let dir = dir.as_ref();
        Ok(Mnist { train: Split::load(dir, "train")?, test: Split::load(dir, "t10k")? })
    }
}

/// Images with their labels: one half of [`Mnist`], or its first few images.
///
/// Every label is less than [`CLASSES`], and there are as many labels as images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    images: Array2<u8>,
    labels: Array1<u8>,
}

impl Split {
    fn load(dir: &Path, name: &str) -> Result<Split, DataError> {
        let images = read_idx::<3>(dir, &format!("{name}-images-idx3-ubyte"), |path, [_, rows, cols]| {
            if [rows, cols] == [SIDE as u32; 2] {
                Ok(())
            } else {
                Err(DataError::Pixels { path: path.into(), rows, cols })
            }
        })?;
        let expected = images.len();
        let labels = read_idx::<1>(dir, &format!("{name}-labels-idx1-ubyte"), |path, [found]| {
            let found = found as usize;
            if found == expected {
                Ok(())
            } else {
                Err(DataError::Counts { path: path.into(), images: images.path.clone(), found, expected })
            }
        })?;
        if let Some(index) = labels.bytes.iter().position(|&label| usize::from(label) >= CLASSES) {
            return Err(DataError::Label { found: labels.bytes[index], path: labels.path, index });
        }
        let Idx { path, axes, bytes } = images;
        let images = Array2::from_shape_vec((expected, PIXELS), bytes)
            .map_err(|_| DataError::Size { path, axes: axes.to_vec() })?;
        Ok(Split { images, labels: Array1::from_vec(labels.bytes) })
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no images: only after [`take(0)`](Split::take), since a file without images is an error.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The images as they are in the file, `[n, 784]`: 0 is the background, 255 full ink, row after row.
    pub fn images(&self) -> &Array2<u8> {
        &self.images
    }

    /// The labels as they are in the file, `[n]`: the digit that each image shows.
    pub fn labels(&self) -> &Array1<u8> {
        &self.labels
    }

    /// A copy of the first `n` images with their labels, or of all if there are fewer.
    #[must_use]
    pub fn take(&self, n: usize) -> Split {
        let n = n.min(self.len());
        Split {
            images: self.images.slice(s![..n, ..]).to_owned(),
            labels: self.labels.slice(s![..n]).to_owned(),
        }
    }

    /// The images as numbers from 0 to 1, `[n, 784]`: each pixel divided by 255.
    ///
    /// # Cost
    ///
    /// A new array of `F`: for the 60,000 training images 188 MB in f32, 376 MB in f64.
    pub fn pixels<F: Float>(&self) -> Array2<F> {
        self.images.mapv(|pixel| F::of(f64::from(pixel)) / F::of(255.0))
    }

    /// The labels as one-hot rows, `[n, 10]`, for a cross entropy.
    pub fn one_hot<F: Float>(&self) -> Array2<F> {
        Array2::from_shape_fn((self.len(), CLASSES), |(i, class)| {
            F::truth(usize::from(self.labels[i]) == class)
        })
    }

    /// The labels as indices, `[n]`, each less than 10, for accuracies and for losses that take class indices.
    pub fn classes(&self) -> Array1<usize> {
        self.labels.mapv(usize::from)
    }
}
