//! The images in the repository.

use chainrule::data::DataError;
use chainrule::data::mnist::{Mnist, Split};

/// The 60,000 images to train on, as bytes.
pub fn images() -> Result<Split, DataError> {
    Ok(Mnist::load(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/mnist"))?.train)
}

/// All of them as numbers from 0 to 1, row after row.
pub fn pixels<F: chainrule::Float>(images: &Split) -> Vec<F> {
    images.pixels::<F>().into_raw_vec_and_offset().0
}
