//! Training that goes wrong says so: labels, numbers that are not finite, optimisers, runs that fail on the way.

mod finite;
mod labels;
mod numbers;
mod refusals;
mod unwinding;

use chainrule::State;

/// Every entry's numbers by their bits, to compare what is not a number as well.
fn bits(state: &State<f32>) -> Vec<(String, Vec<u32>)> {
    state.iter().map(|(name, array)| (name.to_owned(), array.iter().map(|x| x.to_bits()).collect())).collect()
}
