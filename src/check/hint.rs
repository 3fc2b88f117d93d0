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
