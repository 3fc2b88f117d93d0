//! Classification accuracy.

use crate::Float;
use ndarray::{Array1, ArrayView, ArrayView1, Dimension};

/// The index of the greatest element of each row (the last axis): the first of equal ones, never a NaN, and 0 in a row
/// without numbers.
///
/// ```
/// use chainrule::nn::argmax_rows;
/// use ndarray::{array, arr2};
///
/// let scores = arr2(&[[0.1, 0.7, 0.7], [f64::NAN, -2.0, -3.0]]);
/// assert_eq!(argmax_rows(scores.view()), array![1, 1]);
/// ```
pub fn argmax_rows<F: Float, D: Dimension>(scores: ArrayView<'_, F, D>) -> Array1<usize> {
    scores.rows().into_iter().map(|row| argmax(row).unwrap_or(0)).collect()
}

/// The fraction of rows (along the last axis) whose greatest element is at the index of the label.
///
/// Ties and NaN count as in [`argmax_rows`]; a row without numbers is wrong whatever its label. NaN if there are no rows.
///
/// ```
/// use chainrule::nn::accuracy;
/// use ndarray::{array, arr2};
///
/// let scores = arr2(&[[0.9f32, 0.1], [0.2, 0.8], [0.6, 0.4]]);
/// assert_eq!(accuracy(scores.view(), array![0, 1, 1].view()), 2.0 / 3.0);
/// ```
///
/// # Panics
///
/// If there are not as many labels as rows.
#[track_caller]
pub fn accuracy<F: Float, D: Dimension>(scores: ArrayView<'_, F, D>, labels: ArrayView1<'_, usize>) -> f64 {
    let rows = scores.rows();
    let count = rows.into_iter().len();
    assert_eq!(
        count,
        labels.len(),
        "accuracy: scores of shape {:?} want one label for each row",
        scores.shape()
    );
    let right = scores.rows().into_iter().zip(labels).filter(|(row, label)| argmax(*row) == Some(**label));
    right.count() as f64 / count as f64
}

fn argmax<F: Float>(row: ArrayView1<'_, F>) -> Option<usize> {
    let mut best: Option<(usize, F)> = None;
    for (i, &x) in row.iter().enumerate().filter(|(_, x)| !x.is_nan()) {
        if best.is_none_or(|(_, greatest)| x > greatest) {
            best = Some((i, x));
        }
    }
    best.map(|(i, _)| i)
}
