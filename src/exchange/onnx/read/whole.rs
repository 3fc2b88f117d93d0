//! Operators on whole numbers that are known: computed at once.

use super::node::{OnnxNode, Reading, Results, axis};
use super::value::{OnnxNumbers, OnnxValue};
use crate::base::shape::{broadcast, checked_size, unravel};

/// So many numbers are computed at once at most.
const MOST: usize = 1 << 16;

impl<'t> Reading<'t> {
    /// An operator whose result is known; none if it is another, or its operands are not known.
    pub(super) fn whole(&mut self, node: &OnnxNode<'_, 't>, name: &str) -> Option<Results<'t>> {
        let known = |i: usize| node.known(i).ok();
        let one = |numbers: OnnxNumbers<i64>| Some(Ok(vec![OnnxValue::Known(numbers)]));
        match name {
            "Shape" => {
                let shape = match node.operand(0) {
                    Ok(value) => value.shape(),
                    Err(problem) => return Some(Err(problem)),
                };
                let place = |n: i64| {
                    (if n < 0 { n.saturating_add(shape.len() as i64) } else { n })
                        .clamp(0, shape.len() as i64) as usize
                };
                let (start, end) = (place(node.int("start", 0)), place(node.int("end", i64::MAX)));
                let all = shape.get(start..end.max(start)).unwrap_or_default();
                one(OnnxNumbers::vector(all.iter().map(|&n| n as i64).collect()))
            }
            "Size" => {
                let shape = node.operand(0).ok()?.shape();
                one(OnnxNumbers { shape: vec![], data: vec![checked_size(&shape).ok()? as i64] })
            }
            "Add" | "Sub" | "Mul" | "Div" | "Mod" | "Max" | "Min" => {
                let (a, b) = (known(0)?, known(1)?);
                if node.x.len() != 2 {
                    return None;
                }
                let f: fn(i64, i64) -> Option<i64> = match name {
                    "Add" => i64::checked_add,
                    "Sub" => i64::checked_sub,
                    "Mul" => i64::checked_mul,
                    "Div" => i64::checked_div,
                    "Mod" if node.int("fmod", 0) != 0 => i64::checked_rem,
                    // With the sign of the divisor.
                    "Mod" => |a, b| {
                        let left = a.checked_rem(b)?;
                        Some(if left != 0 && (left < 0) != (b < 0) { left + b } else { left })
                    },
                    "Max" => |a, b| Some(a.max(b)),
                    _ => |a, b| Some(a.min(b)),
                };
                Some(binary(a, b, f).map(|numbers| vec![OnnxValue::Known(numbers)]))
            }
            "Neg" => {
                let mut numbers = known(0)?.clone();
                numbers.data.iter_mut().for_each(|n| *n = n.saturating_neg());
                one(numbers)
            }
            "Cast" if [6, 7].contains(&node.int("to", 0)) => one(known(0)?.clone()),
            "Identity" => Some(Ok(vec![node.operand(0).ok()?.clone()])),
            "Reshape" | "Squeeze" | "Unsqueeze" => {
                let (numbers, own) = (known(0)?, known(0)?.shape.clone());
                let shape = match name {
                    "Reshape" => super::shapes::sizes(
                        &known(1)?.data,
                        &own,
                        numbers.data.len(),
                        node.int("allowzero", 0),
                    ),
                    "Squeeze" => node.axes(1, own.len()).map(|axes| squeezed(&own, axes)),
                    _ => super::shapes::expanded(node, &own).map(|(shape, _)| shape),
                };
                let found = shape.and_then(|shape| match checked_size(&shape) {
                    Ok(n) if n == numbers.data.len() => Ok(OnnxNumbers { shape, data: numbers.data.clone() }),
                    _ => Err(format!("{} numbers do not fit shape {shape:?}", numbers.data.len())),
                });
                Some(found.map(|numbers| vec![OnnxValue::Known(numbers)]))
            }
            "Concat" => {
                let parts: Option<Vec<&OnnxNumbers<i64>>> = (0..node.x.len()).map(known).collect();
                let parts = parts?;
                if parts.iter().any(|part| part.shape.len() != 1) {
                    return Some(Err("whole numbers that are known are joined as vectors".to_owned()));
                }
                one(OnnxNumbers::vector(parts.iter().flat_map(|part| part.data.iter().copied()).collect()))
            }
            "Gather" => {
                let (numbers, indices) = (known(0)?, known(1)?);
                if numbers.shape.len() != 1 {
                    return None;
                }
                let data = indices.data.iter().map(|&i| axis(i, numbers.data.len()).map(|i| numbers.data[i]));
                Some(
                    data.collect::<Result<_, _>>().map(|data| {
                        vec![OnnxValue::Known(OnnxNumbers { shape: indices.shape.clone(), data })]
                    }),
                )
            }
            "Slice" => {
                let (numbers, start, end) = (known(0)?, known(1)?, known(2)?);
                let step = if node.has(4) { *known(4)?.data.first()? } else { 1 };
                if numbers.shape.len() != 1 || step != 1 || start.data.len() != 1 {
                    return None;
                }
                let n = numbers.data.len() as i64;
                let place = |p: i64| (if p < 0 { p.saturating_add(n) } else { p }).clamp(0, n) as usize;
                let (first, end) = (place(start.data[0]), place(*end.data.first()?));
                one(OnnxNumbers::vector(numbers.data.get(first..end).unwrap_or_default().to_vec()))
            }
            "Range" => {
                let [start, end, step] = [known(0)?, known(1)?, known(2)?].map(|n| n.data.first().copied());
                let (start, end, step) = (start?, end?, step?);
                if step == 0 {
                    return Some(Err("the step is 0".to_owned()));
                }
                let mut data = Vec::new();
                let mut at = start;
                while (step > 0 && at < end) || (step < 0 && at > end) {
                    if data.len() == MOST {
                        return Some(Err(format!("more than {MOST} numbers")));
                    }
                    data.push(at);
                    at = at.saturating_add(step);
                }
                one(OnnxNumbers::vector(data))
            }
            "Expand" => {
                let (numbers, shape) = (known(0)?, known(1)?);
                let ones: Option<Vec<usize>> = shape.data.iter().map(|&n| usize::try_from(n).ok()).collect();
                let ones = OnnxNumbers { shape: ones?, data: vec![0; 1] };
                Some(stretched(numbers, &ones.shape).map(|numbers| vec![OnnxValue::Known(numbers)]))
            }
            _ => None,
        }
    }
}

fn squeezed(own: &[usize], axes: Option<Vec<usize>>) -> Vec<usize> {
    let axes = axes.unwrap_or_else(|| (0..own.len()).filter(|&a| own[a] == 1).collect());
    (0..own.len()).filter(|a| !axes.contains(a)).map(|a| own[a]).collect()
}

/// The place in an array of the element that is seen at a place of a larger one.
fn source(at: usize, to: &[usize], own: &[usize]) -> usize {
    let index = unravel(at, to);
    let new = to.len() - own.len();
    own.iter().zip(&index[new..]).fold(0, |place, (&n, &i)| place * n + if n == 1 { 0 } else { i })
}

fn binary(
    a: &OnnxNumbers<i64>,
    b: &OnnxNumbers<i64>,
    f: fn(i64, i64) -> Option<i64>,
) -> Result<OnnxNumbers<i64>, String> {
    let shape = broadcast(&a.shape, &b.shape)?;
    let n = checked_size(&shape)?;
    if n > MOST {
        return Err(format!("more than {MOST} numbers"));
    }
    let at = |i: usize| f(a.data[source(i, &shape, &a.shape)], b.data[source(i, &shape, &b.shape)]);
    let data = (0..n)
        .map(|i| at(i).ok_or_else(|| "a whole number overflows".to_owned()))
        .collect::<Result<_, _>>()?;
    Ok(OnnxNumbers { shape, data })
}

fn stretched(x: &OnnxNumbers<i64>, to: &[usize]) -> Result<OnnxNumbers<i64>, String> {
    let shape = broadcast(&x.shape, to)?;
    let n = checked_size(&shape)?;
    if n > MOST {
        return Err(format!("more than {MOST} numbers"));
    }
    let data = (0..n).map(|i| x.data[source(i, &shape, &x.shape)]).collect();
    Ok(OnnxNumbers { shape, data })
}

impl OnnxValue<'_> {
    pub(super) fn shape(&self) -> Vec<usize> {
        match self {
            Self::Real(var) | Self::Truth(var) | Self::Index(var) => var.shape().to_vec(),
            Self::Known(numbers) => numbers.shape.clone(),
            Self::Constant(numbers, _) => numbers.shape.clone(),
        }
    }
}
