//! The axes over which an op may have added up too much or too little.

/// An axis by whose size a derivative may be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Axis {
    pub(crate) size: usize,
    /// What a hint calls its size.
    pub(crate) what: String,
}

/// The axes of an operand that the result has not, over which the op adds up; and those of the result that the operand
/// has not, over which it is stretched, and its cotangent added up. Told by sizes alone: where one of the other axes has
/// the same size, nothing is.
pub(crate) fn between(operand: &[usize], result: &[usize]) -> Vec<Axis> {
    let mut axes = lonely(operand, result, "the operand, over which the op adds up");
    axes.extend(lonely(result, operand, "the result, over which the operand is stretched"));
    let count: usize = operand.iter().product();
    let is_all = result.iter().all(|&n| n == 1) && operand.iter().filter(|&&n| n > 1).count() > 1;
    if is_all && axes.iter().all(|axis| axis.size != count) {
        axes.push(Axis { size: count, what: "the number of elements, which the op adds up".to_owned() });
    }
    axes
}

/// The axes of one shape whose size no other axis has, of both shapes.
fn lonely(shape: &[usize], other: &[usize], of: &str) -> Vec<Axis> {
    let times = |n: usize| shape.iter().chain(other).filter(|&&m| m == n).count();
    let axes = shape.iter().enumerate().filter(|&(_, &n)| n > 1 && times(n) == 1);
    axes.map(|(axis, &size)| Axis { size, what: format!("the size of axis {axis} of {of}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_axes_that_come_or_go_are_named() {
        let sizes = |operand: &[usize], result: &[usize]| {
            between(operand, result).iter().map(|a| a.size).collect::<Vec<_>>()
        };
        assert_eq!(sizes(&[3, 4], &[4]), [3]);
        assert_eq!(sizes(&[3], &[2, 3]), [2]);
        assert_eq!(sizes(&[4, 2], &[3, 2]), [4, 3]);
        assert_eq!(sizes(&[3, 4], &[]), [3, 4, 12]);
        assert!(sizes(&[3, 4], &[3, 4]).is_empty());
        // Which of the two it was cannot be told.
        assert!(sizes(&[3, 3], &[3]).is_empty());
        assert!(sizes(&[3], &[3, 3]).is_empty());
    }
}
