//! What a wrong derivative looks like, where its numbers tell.

/// Two numbers that are alike for the purpose of a hint.
fn alike(a: f64, b: f64, scale: f64) -> bool {
    (a - b).abs() <= 1e-5 * scale
}

/// A hint from the derivatives by the rule and by differences, `(element, derivative)` each; `shape` is the operand's,
/// and `shapes` are those along whose axes something is added up.
pub(super) fn of(
    dx: &[f64],
    measured: &[(usize, f64)],
    shape: &[usize],
    shapes: &[&[usize]],
) -> Option<String> {
    let numeric = |m: f64, &(_, n): &(usize, f64)| m.max(n.abs());
    let scale = measured.iter().fold(0.0, numeric);
    if measured.is_empty() || scale == 0.0 || !scale.is_finite() || dx.iter().any(|dx| !dx.is_finite()) {
        return None;
    }
    let here = |f: &dyn Fn(usize) -> f64| measured.iter().all(|&(i, n)| alike(f(i), n, scale));
    if measured.iter().all(|&(i, _)| dx[i] == 0.0) {
        return Some("the rule gives zero, and the result depends on the operand".to_owned());
    }
    if here(&|i| -dx[i]) {
        return Some("matches with the sign flipped".to_owned());
    }
    if let Some(ratio) = ratio(dx, measured, scale) {
        return Some(explain(ratio, shapes));
    }
    // A transpose mixes elements, so all of them are needed.
    if let (&[rows, columns], true) = (shape, measured.len() == dx.len())
        && rows > 1
        && columns > 1
    {
        let transposed = |i: usize| dx[i % columns * rows + i / columns];
        if here(&transposed) {
            return Some("matches the transpose".to_owned());
        }
        if here(&|i| -transposed(i)) {
            return Some("matches the transpose with the sign flipped".to_owned());
        }
    }
    let right = measured.iter().filter(|&&(i, n)| alike(dx[i], n, scale)).count();
    let wrong = measured.len() - right;
    if measured.len() == dx.len() && right > 0 {
        return Some(format!("{wrong} of {} elements differ", measured.len()));
    }
    None
}

/// What the rule is too large by, if that is the same for all elements.
fn ratio(dx: &[f64], measured: &[(usize, f64)], scale: f64) -> Option<f64> {
    if measured.len() < 2 {
        return None;
    }
    let (mut both, mut square) = (0.0, 0.0);
    for &(i, n) in measured {
        both += dx[i] * n;
        square += n * n;
    }
    let ratio = both / square;
    let fits = measured.iter().all(|&(i, n)| alike(dx[i], ratio * n, scale * ratio.abs()));
    (fits && ratio != 0.0 && !alike(ratio, 1.0, 1.0)).then_some(ratio)
}

/// A ratio in words: the size of an axis, most often of the batch.
fn explain(ratio: f64, shapes: &[&[usize]]) -> String {
    let digits = format!("{ratio:.3}");
    for (operand, shape) in shapes.iter().enumerate() {
        for (axis, &n) in shape.iter().enumerate().filter(|(_, n)| **n > 1) {
            let of = match (axis, shape.len()) {
                (0, 2..) => format!("the size of axis 0 of operand {operand}, the batch"),
                _ => format!("the size of axis {axis} of operand {operand}"),
            };
            if alike(ratio, n as f64, n as f64) {
                return format!("ratio {digits} = {of}");
            }
            if alike(ratio, 1.0 / n as f64, 1.0 / n as f64) {
                return format!("ratio {digits} = 1 / {n}, {of}");
            }
        }
        let all: usize = shape.iter().product();
        if all > 1 && alike(ratio, all as f64, all as f64) {
            return format!("ratio {digits} = the number of elements of operand {operand}");
        }
        if all > 1 && alike(ratio, 1.0 / all as f64, 1.0 / all as f64) {
            return format!("ratio {digits} = 1 / {all}, the number of elements of operand {operand}");
        }
    }
    format!("every element is {digits} times what it should be")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hints for a rule that gives `dx` where differences give `right`.
    fn hint(dx: &[f64], right: &[f64], shape: &[usize], shapes: &[&[usize]]) -> Option<String> {
        let measured: Vec<(usize, f64)> = right.iter().copied().enumerate().collect();
        of(dx, &measured, shape, shapes)
    }

    #[test]
    fn numbers_tell_what_is_wrong_with_them() {
        let right = [0.5, -1.0, 2.0, 0.25, 3.0, -0.75];
        let times = |factor: f64| right.map(|x| x * factor);
        let shapes: [&[usize]; 2] = [&[3, 2], &[2, 4]];
        let said = |dx: &[f64]| hint(dx, &right, &[3, 2], &shapes).unwrap_or_default();
        assert_eq!(said(&times(-1.0)), "matches with the sign flipped");
        assert_eq!(said(&times(3.0)), "ratio 3.000 = the size of axis 0 of operand 0, the batch");
        assert_eq!(said(&times(0.25)), "ratio 0.250 = 1 / 4, the size of axis 1 of operand 1");
        assert_eq!(said(&times(6.0)), "ratio 6.000 = the number of elements of operand 0");
        assert_eq!(said(&times(1.7)), "every element is 1.700 times what it should be");
        assert_eq!(said(&[0.0; 6]), "the rule gives zero, and the result depends on the operand");
        // The transpose of right, read as if it were right itself.
        let transposed = [0.5, 2.0, 3.0, -1.0, 0.25, -0.75];
        assert_eq!(said(&transposed), "matches the transpose");
        assert_eq!(said(&transposed.map(|x| -x)), "matches the transpose with the sign flipped");
        assert_eq!(said(&[0.5, -1.0, 2.0, 0.25, 3.0, 0.1]), "1 of 6 elements differ");
        assert_eq!(hint(&[9.0, 8.0, 7.0, 6.0, 5.0, 4.0], &right, &[3, 2], &shapes), None);
        assert_eq!(hint(&[f64::NAN; 6], &right, &[3, 2], &shapes), None);
    }
}
