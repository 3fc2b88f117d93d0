//! A bound on the frames of a drawing.
//!
//! A frame has two items in every column that it passes, so many wide frames in a long drawing would have frames × columns
//! items. Beyond a bound the widest frames are dropped, so that time and memory are linear in the picture and not quadratic.

use super::ranks::{Ranks, Ties};
use crate::model::picture::Picture;
use std::borrow::Cow;

/// The most ranks that all frames pass in total.
const MAX_PASSED: usize = 40_000;

/// The picture without the widest frames beyond the bound; their nodes move to the nearest kept frame around them.
/// O(nodes · depth + groups · log groups).
pub(crate) fn with_drawable_frames<'a>(picture: &'a Picture, reading: &[usize]) -> Cow<'a, Picture> {
    if picture.groups.is_empty() {
        return Cow::Borrowed(picture);
    }
    let ranks = Ranks::of(picture, reading, Ties::Early);
    let mut spans: Vec<Option<(usize, usize)>> = vec![None; picture.groups.len()];
    for (node, &rank) in ranks.of.iter().enumerate() {
        for group in picture.groups_around(node) {
            let (first, last) = spans[group].get_or_insert((rank, rank));
            (*first, *last) = (rank.min(*first), rank.max(*last));
        }
    }
    let widths = spans.iter().map(|span| span.map_or(0, |(first, last)| last - first + 1));
    let mut order: Vec<(usize, usize)> = widths.enumerate().map(|(group, wide)| (wide, group)).collect();
    order.sort_unstable();
    let mut kept = vec![false; picture.groups.len()];
    let mut passed = 0;
    for (wide, group) in order {
        passed += wide;
        kept[group] = passed <= MAX_PASSED;
    }
    picture.keeping_groups(|group| kept[group])
}
