//! Shapes, broadcasting and strided layouts: plain arithmetic on sizes, no values.

use smallvec::SmallVec;

/// Sizes of the axes, on the stack up to six of them.
pub(crate) type Sizes = SmallVec<[usize; 6]>;
/// Steps between neighbours along each axis, in elements.
pub(crate) type Strides = SmallVec<[isize; 6]>;

/// The most elements of an array, at eight bytes each.
const MOST: usize = isize::MAX as usize / 8;

/// The number of elements of a shape; 1 for a scalar.
///
/// # Errors
///
/// A message if the product does not fit in `isize`, more than any machine can hold.
pub(crate) fn checked_size(shape: &[usize]) -> Result<usize, String> {
    let mut product = 1_usize;
    // A zero anywhere makes the array empty, but the other sizes must still be addressable.
    for &n in shape.iter().filter(|&&n| n != 0) {
        product = product
            .checked_mul(n)
            .filter(|&p| p <= MOST)
            .ok_or_else(|| format!("shape {shape:?} has more elements than can be addressed"))?;
    }
    Ok(if shape.contains(&0) { 0 } else { product })
}

/// The number of elements of a shape; of one that was not checked when it was recorded, the greatest number there is at most.
pub(crate) fn size(shape: &[usize]) -> usize {
    shape.iter().fold(1, |product: usize, &n| product.saturating_mul(n))
}

/// The step along an axis in front of one of `n` elements with this step, in row-major order.
fn step_over(step: isize, n: usize) -> isize {
    step.saturating_mul(isize::try_from(n).unwrap_or(isize::MAX))
}

/// The shape to which both broadcast, as NumPy does: aligned at the last axis, 1 stretches to any size.
///
/// # Errors
///
/// A message naming the axes that differ.
pub(crate) fn broadcast(a: &[usize], b: &[usize]) -> Result<Vec<usize>, String> {
    let rank = a.len().max(b.len());
    let at = |s: &[usize], i: usize| if i + s.len() < rank { 1 } else { s[i + s.len() - rank] };
    (0..rank)
        .map(|i| match (at(a, i), at(b, i)) {
            (m, n) if m == n => Ok(m),
            (1, n) => Ok(n),
            (m, 1) => Ok(m),
            (m, n) => Err(format!(
                "shapes {a:?} and {b:?} do not broadcast: {m} meets {n} on axis {i} of the result; \
                 sizes must be equal, or one of them 1"
            )),
        })
        .collect()
}

/// The shape to which all broadcast.
///
/// # Errors
///
/// As [`broadcast`], for the first that does not fit those before it.
pub(crate) fn broadcast_all(shapes: &[&[usize]]) -> Result<Vec<usize>, String> {
    let Some((first, others)) = shapes.split_first() else { return Ok(Vec::new()) };
    others.iter().try_fold(first.to_vec(), |all, shape| broadcast(&all, shape))
}

/// Whether `from` stretches to `to` under [`broadcast`] without changing `to`.
pub(crate) fn broadcasts_to(from: &[usize], to: &[usize]) -> bool {
    broadcast(from, to).is_ok_and(|s| s == to)
}

/// That an axis, counted from the front, exists.
///
/// # Errors
///
/// A message naming the axis and the rank.
pub(crate) fn check_axis(axis: usize, rank: usize) -> Result<(), String> {
    if axis < rank {
        Ok(())
    } else {
        Err(format!("axis {axis} does not exist in rank {rank}; {}", valid_axes(rank)))
    }
}

/// An axis counted from the front, of one that may be counted from the back (−1 is the last).
///
/// # Errors
///
/// A message naming the axis and the rank.
pub(crate) fn axis(axis: isize, rank: usize) -> Result<usize, String> {
    let from_front = if axis < 0 { axis + rank as isize } else { axis };
    usize::try_from(from_front)
        .ok()
        .filter(|&a| a < rank)
        .ok_or_else(|| format!("axis {axis} does not exist in rank {rank}; {}", valid_axes(rank)))
}

fn valid_axes(rank: usize) -> String {
    match rank {
        0 => "a scalar has no axes".to_owned(),
        _ => format!("axes run from -{rank} to {}", rank - 1),
    }
}

/// Where each element of an array lies in its buffer: element `i` at `offset + Σ i[k] · strides[k]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    pub(crate) shape: Sizes,
    pub(crate) strides: Strides,
    pub(crate) offset: usize,
}

impl Layout {
    /// The row-major layout of a shape, from the buffer's start.
    pub fn contiguous(shape: &[usize]) -> Self {
        let mut strides: Strides = SmallVec::from_elem(0, shape.len());
        let mut step = 1_isize;
        for (s, &n) in strides.iter_mut().zip(shape).rev() {
            *s = step;
            step = step_over(step, n.max(1));
        }
        Self { shape: shape.into(), strides, offset: 0 }
    }

    /// Element `i` at `offset + Σ i[k] · strides[k]`: for an [`Op::view`](crate::Op::view) that the other methods do not make.
    /// All elements must lie in the buffer that the operand's layout is of, else reading them panics.
    ///
    /// ```
    /// use chainrule::op::Layout;
    /// // Windows of two neighbours in a line of four.
    /// let windows = Layout::strided(&[3, 2], &[1, 1], Layout::contiguous(&[4]).offset());
    /// assert_eq!((windows.shape(), windows.is_contiguous()), (&[3, 2][..], false));
    /// ```
    ///
    /// # Panics
    ///
    /// If there is not a stride for each axis.
    pub fn strided(shape: &[usize], strides: &[isize], offset: usize) -> Self {
        assert_eq!(shape.len(), strides.len(), "a layout has a stride for each axis");
        Self { shape: shape.into(), strides: strides.into(), offset }
    }

    /// Where the first element lies.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The steps between neighbours along each axis, in elements; 0 on a stretched axis.
    pub fn strides(&self) -> &[isize] {
        &self.strides
    }

    /// The sizes of the axes.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        size(&self.shape)
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the elements lie in row-major order without gaps.
    pub fn is_contiguous(&self) -> bool {
        is_contiguous(&self.shape, &self.strides)
    }

    /// The axes in another order: axis `k` of the result is axis `axes[k]` of this.
    #[must_use]
    pub fn permuted(&self, axes: &[usize]) -> Self {
        Self {
            shape: axes.iter().map(|&a| self.shape[a]).collect(),
            strides: axes.iter().map(|&a| self.strides[a]).collect(),
            offset: self.offset,
        }
    }

    /// Stretched to `shape`, to which it must broadcast: stretched axes have stride 0.
    #[must_use]
    pub fn broadcast(&self, shape: &[usize]) -> Self {
        let new = shape.len() - self.shape.len();
        let strides = (0..shape.len())
            .map(|i| match i.checked_sub(new) {
                Some(k) if self.shape[k] == shape[i] => self.strides[k],
                _ => 0,
            })
            .collect();
        Self { shape: shape.into(), strides, offset: self.offset }
    }

    /// The same elements in another shape, or `None` where only a copy could do it.
    ///
    /// Only contiguous arrays are reshaped in place.
    #[must_use]
    pub fn reshaped(&self, shape: &[usize]) -> Option<Self> {
        self.is_contiguous().then(|| Self { offset: self.offset, ..Self::contiguous(shape) })
    }
}

/// Where the element `i`, counted in row-major order, lies from the first one.
pub(crate) fn place(mut i: usize, shape: &[usize], strides: &[isize]) -> isize {
    let mut place = 0;
    for (&n, &s) in shape.iter().zip(strides).rev() {
        place += (i % n) as isize * s;
        i /= n;
    }
    place
}

/// The index of element `i`, counted in row-major order.
pub(crate) fn unravel(mut i: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (k, &n) in index.iter_mut().zip(shape).rev() {
        *k = i % n;
        i /= n;
    }
    index
}

/// Whether strides are those of row-major order without gaps; axes of size 1, and empty arrays, may have any.
pub(crate) fn is_contiguous(shape: &[usize], strides: &[isize]) -> bool {
    if shape.contains(&0) {
        return true;
    }
    let mut step = 1_isize;
    for (&n, &s) in shape.iter().zip(strides).rev() {
        if n != 1 && s != step {
            return false;
        }
        step = step_over(step, n);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcasting_follows_numpy() {
        assert_eq!(broadcast(&[3, 1], &[4]).unwrap(), [3, 4]);
        assert_eq!(broadcast(&[], &[2, 0]).unwrap(), [2, 0]);
        assert_eq!(broadcast(&[1], &[0]).unwrap(), [0]);
        assert!(broadcast(&[3, 2], &[3]).unwrap_err().contains("2 meets 3 on axis 1"));
    }

    #[test]
    fn an_axis_may_be_counted_from_the_back() {
        assert_eq!(axis(-1, 3), Ok(2));
        assert!(axis(3, 3).unwrap_err().contains("from -3 to 2"));
        assert!(axis(0, 0).unwrap_err().contains("a scalar has no axes"));
    }

    #[test]
    fn size_one_axes_do_not_break_contiguity() {
        assert!(is_contiguous(&[1, 3], &[7, 1]));
        assert!(!is_contiguous(&[3, 1], &[0, 0]));
        assert!(is_contiguous(&[0, 3], &[1, 9]));
    }
}
