//! CIFAR-10: small photographs in colour as arrays.
//!
//! ```no_run
//! use chainrule::data::cifar10::Cifar10;
//!
//! let cifar = Cifar10::load("data/cifar-10-batches-bin")?;
//! assert_eq!(cifar.train.images().shape(), [50_000, 3, 32, 32]);
//! # Ok::<(), chainrule::data::DataError>(())
//! ```

use crate::Float;
use crate::data::error::DataError;
use crate::data::idx::{open, read_up_to};
use ndarray::{Array1, Array4, s};
use std::path::Path;

/// The names of the classes, by their numbers.
pub const CLASSES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// The height of an image, and its width.
const SIDE: usize = 32;
/// The numbers of an image: red, green and blue.
const NUMBERS: usize = 3 * SIDE * SIDE;
/// A label and an image.
const RECORD: usize = 1 + NUMBERS;
/// The most records of a file: as many as all of the data set has.
const MOST: usize = 60_000;

/// The photographs: 50,000 to train on and 10,000 to test with, each with its label.
///
/// Krizhevsky 2009, *Learning multiple layers of features from tiny images*.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cifar10 {
    /// The images to train on.
    pub train: Photographs,
    /// The images to test with.
    pub test: Photographs,
}

/// Images in colour with their labels, as many of each; every label is less than 10.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Photographs {
    images: Array4<u8>,
    labels: Array1<u8>,
}

impl Cifar10 {
    /// Reads the files `data_batch_1.bin` to `data_batch_5.bin` and `test_batch.bin` in `dir`, those of the *binary version* of the
    /// data set, each plain or compressed with the suffix `.gz`.
    ///
    /// The files determine the number of images, of which each has at least one.
    ///
    /// # Errors
    ///
    /// A [`DataError`] that names the file, if one is missing, unreadable, damaged, ends within an image, has more than 60,000 of
    /// them, or a label is not less than 10.
    ///
    /// # Cost
    ///
    /// Linear in the size of the files: 184 MB, kept as bytes.
    pub fn load(dir: impl AsRef<Path>) -> Result<Cifar10, DataError> {
        let dir = dir.as_ref();
        let train: Vec<String> = (1..=5).map(|i| format!("data_batch_{i}.bin")).collect();
        Ok(Cifar10 {
            train: Photographs::load(dir, &train)?,
            test: Photographs::load(dir, &["test_batch.bin".to_owned()])?,
        })
    }
}

impl Photographs {
    fn load(dir: &Path, names: &[String]) -> Result<Photographs, DataError> {
        let (mut images, mut labels) = (Vec::new(), Vec::new());
        for name in names {
            let (path, mut file) = open(dir, name)?;
            let mut bytes = Vec::new();
            read_up_to(&mut *file, &path, MOST * RECORD + 1, &mut bytes)?;
            let found = bytes.len();
            if found > MOST * RECORD {
                return Err(DataError::Trailing { path, expected: MOST * RECORD });
            }
            if found == 0 || !found.is_multiple_of(RECORD) {
                return Err(DataError::Truncated { path, found, expected: (found / RECORD + 1) * RECORD });
            }
            for (index, record) in bytes.chunks_exact(RECORD).enumerate() {
                if usize::from(record[0]) >= CLASSES.len() {
                    return Err(DataError::Label { path, index, found: record[0] });
                }
                labels.push(record[0]);
                images.extend_from_slice(&record[1..]);
            }
        }
        let shape = (labels.len(), 3, SIDE, SIDE);
        let images = Array4::from_shape_vec(shape, images)
            .unwrap_or_else(|e| unreachable!("as many numbers as the labels' images have: {e}"));
        Ok(Photographs { images, labels: Array1::from_vec(labels) })
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no images: only after [`take(0)`](Self::take), since a file without images is an error.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The images as they are in the files, `[n, 3, 32, 32]`: red, green and blue, row after row.
    pub fn images(&self) -> &Array4<u8> {
        &self.images
    }

    /// The labels as they are in the files, `[n]`: indices of [`CLASSES`].
    pub fn labels(&self) -> &Array1<u8> {
        &self.labels
    }

    /// A copy of the first `n` images with their labels, or of all if there are fewer.
    #[must_use]
    pub fn take(&self, n: usize) -> Photographs {
        let n = n.min(self.len());
        Photographs {
            images: self.images.slice(s![..n, .., .., ..]).to_owned(),
            labels: self.labels.slice(s![..n]).to_owned(),
        }
    }

    /// The images as numbers from 0 to 1, `[n, 3, 32, 32]`: each divided by 255.
    pub fn pixels<F: Float>(&self) -> Array4<F> {
        self.images.mapv(|pixel| F::of(f64::from(pixel)) / F::of(255.0))
    }

    /// The labels as indices, `[n]`, each less than 10, for accuracies and for losses that take class indices.
    pub fn classes(&self) -> Array1<usize> {
        self.labels.mapv(usize::from)
    }
}
