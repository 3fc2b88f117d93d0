//! Data to train on: batches, and data sets read from files into arrays.
//!
//! [`Batches`] says which rows are in which batch, [`prefetch`] makes them ready on another thread, [`EarlyStopping`] says when to
//! end. The engine does not use this module.
//!
//! With the feature `mnist`, `mnist` reads the handwritten digits and all data sets of their format, and `cifar10` photographs. Reading
//! a file returns the data or a `DataError` whatever its bytes are, never panics, and takes at most a small multiple of the memory of the
//! bytes in the file.

mod batches;
#[cfg(feature = "mnist")]
pub mod cifar10;
mod early_stopping;
#[cfg(feature = "mnist")]
mod error;
#[cfg(feature = "mnist")]
mod idx;
#[cfg(feature = "mnist")]
pub mod mnist;
mod prefetch;
#[cfg(feature = "mnist")]
mod size;

pub use batches::{Batch, Batches, train_validation_split};
pub use early_stopping::{EarlyStopping, Progress};
#[cfg(feature = "mnist")]
pub use error::DataError;
pub use prefetch::{Prefetch, prefetch};
