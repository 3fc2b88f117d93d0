//! Operators that move elements, and elements at indices.

use super::node::{OnnxNode, Reading, Results, axis};
use super::value::OnnxValue;
use crate::base::shape::{checked_size, size};
use crate::ops::{
    Add, AddAlongAxis, Concat, FlattenAxes, Pad, PadMode, Permute, Range, Reshape, Slice, Squeeze, Take,
    TakeAlongAxis, Triangle,
};
use crate::tape::Var;

/// The sizes that a reshape asks for: 0 is that of the operand, −1 follows from the others.
pub(super) fn sizes(
    wanted: &[i64],
    own: &[usize],
    count: usize,
    allowzero: i64,
) -> Result<Vec<usize>, String> {
    let mut shape = Vec::with_capacity(wanted.len());
    let mut open = None;
    for (k, &n) in wanted.iter().enumerate() {
        shape.push(match n {
            0 if allowzero == 0 => {
                *own.get(k).ok_or_else(|| format!("there is no axis {k} of which to take the size"))?
            }
            -1 if open.is_none() => {
                open = Some(k);
                1
            }
            n => usize::try_from(n).map_err(|_| format!("a size of {n}"))?,
        });
    }
    if let Some(k) = open {
        let others = checked_size(&shape)?;
        if others == 0 || !count.is_multiple_of(others) {
            return Err(format!("{count} elements cannot fill a shape whose other sizes make {others}"));
        }
        shape[k] = count / others;
    }
    Ok(shape)
}

/// The shape with new axes of size 1, and where they stand.
pub(super) fn expanded(node: &OnnxNode<'_, '_>, own: &[usize]) -> Result<(Vec<usize>, Vec<usize>), String> {
    let count = match node.ints("axes") {
        Some(axes) => axes.len(),
        None => node.known(1)?.data.len(),
    };
    let axes = node.axes(1, own.len().saturating_add(count))?.unwrap_or_default();
    let mut shape = own.to_vec();
    axes.iter().for_each(|&a| shape.insert(a.min(shape.len()), 1));
    Ok((shape, axes))
}

impl<'t> Reading<'t> {
    pub(super) fn shapes(&mut self, node: &OnnxNode<'_, 't>, name: &str) -> Option<Results<'t>> {
        let one = |found: Result<OnnxValue<'t>, String>| Some(found.map(|value| vec![value]));
        match name {
            "Constant" => one(self.constant(node)),
            "ConstantOfShape" => one(self.constant_of_shape(node)),
            "Cast" => one(self.cast(node, node.int("to", 0))),
            "CastLike" => one(node.operand(1).and_then(|like| self.cast(node, like.data_type()))),
            "Dropout" => one(node.operand(0).cloned()),
            "Split" => Some(self.split(node)),
            "Gather" | "GatherElements" => one(self.gather(node, name == "GatherElements")),
            "ScatterElements" => one(self.scatter(node).map(OnnxValue::Real)),
            "Pad" => one(self.pad(node).map(OnnxValue::Real)),
            "Trilu" => one(self.x(node, 0).and_then(|x| {
                let diagonal =
                    if node.has(1) { node.known(1)?.data.first().copied().unwrap_or(0) } else { 0 };
                let upper = node.int("upper", 1) != 0;
                self.apply(Triangle { upper, diagonal: diagonal as isize }, &[x]).map(OnnxValue::Real)
            })),
            "Range" => Some(Err("its bounds have to be whole numbers that are known".to_owned())),
            "Reshape" | "Flatten" | "Transpose" | "Squeeze" | "Unsqueeze" | "Slice" | "Expand" | "Tile"
            | "Concat" => one(self.moved(node, name)),
            _ => None,
        }
    }

    /// Of real numbers, truths or indices alike.
    fn moved(&mut self, node: &OnnxNode<'_, 't>, name: &str) -> Result<OnnxValue<'t>, String> {
        let (x, wrap): (Var<'t>, fn(Var<'t>) -> OnnxValue<'t>) = match node.operand(0)? {
            OnnxValue::Index(var) => (*var, OnnxValue::Index),
            OnnxValue::Truth(var) => (*var, OnnxValue::Truth),
            other => (self.real(&other.clone())?, OnnxValue::Real),
        };
        let own = x.shape();
        let to = |shape: &[usize]| Reshape { sizes: shape.iter().copied().map(Some).collect() };
        let y = match name {
            "Reshape" => {
                let wanted = &node.known(1)?.data;
                let shape = sizes(wanted, &own, size(&own), node.int("allowzero", 0))?;
                // A size that is left open stays so.
                let open = wanted.iter().zip(&shape).map(|(&n, &size)| (n != -1).then_some(size)).collect();
                if size(&own) == 0 {
                    self.apply(to(&shape), &[x])?
                } else {
                    self.apply(Reshape { sizes: open }, &[x])?
                }
            }
            "Flatten" => {
                let a = node.int("axis", 1);
                let a = if a == own.len() as i64 { own.len() } else { axis(a, own.len())? };
                match (a, own.len()) {
                    (1, rank) if rank > 1 => self.apply(FlattenAxes { start: 1, end: rank - 1 }, &[x])?,
                    _ => self.apply(to(&[size(&own[..a]), size(&own[a..])]), &[x])?,
                }
            }
            "Transpose" => {
                let axes = match node.ints("perm") {
                    Some(axes) => axes.iter().map(|&a| axis(a, own.len())).collect::<Result<_, _>>()?,
                    None => (0..own.len()).rev().collect(),
                };
                self.apply(Permute { axes }, &[x])?
            }
            "Squeeze" => {
                let axes = node.axes(1, own.len())?;
                let axes = axes.unwrap_or_else(|| (0..own.len()).filter(|&a| own[a] == 1).collect());
                self.apply(Squeeze { axes }, &[x])?
            }
            "Unsqueeze" => {
                let (_, axes) = expanded(node, &own)?;
                self.apply(crate::ops::ExpandDims { axes }, &[x])?
            }
            "Slice" => self.slice(node, x)?,
            "Expand" => {
                let shape = node
                    .known(1)?
                    .data
                    .iter()
                    .map(|&n| usize::try_from(n).map_err(|_| format!("a size of {n}")));
                self.stretched(x, &shape.collect::<Result<Vec<_>, _>>()?)?
            }
            "Tile" => {
                let counts = node.known(1)?.data.clone();
                if counts.len() != own.len() {
                    return Err(format!("{} repeats for {} axes", counts.len(), own.len()));
                }
                let mut y = x;
                for (a, count) in counts.into_iter().enumerate().filter(|&(_, n)| n != 1) {
                    let count = usize::try_from(count).map_err(|_| format!("{count} repeats"))?;
                    y = self.apply(crate::ops::ExpandDims { axes: vec![a] }, &[y])?;
                    let mut shape: Vec<Option<usize>> = vec![None; own.len() + 1];
                    shape[a] = Some(count);
                    y = self.apply(crate::ops::BroadcastTo { shape }, &[y])?;
                    y = self.apply(FlattenAxes { start: a, end: a + 1 }, &[y])?;
                }
                y
            }
            _ => {
                let mut all = vec![x];
                for i in 1..node.x.len() {
                    all.push(match node.operand(i)? {
                        OnnxValue::Index(var) | OnnxValue::Truth(var) => *var,
                        _ => self.x(node, i)?,
                    });
                }
                self.apply(Concat { axis: axis(node.int("axis", 0), own.len())? }, &all)?
            }
        };
        Ok(wrap(y))
    }

    fn slice(&self, node: &OnnxNode<'_, 't>, x: Var<'t>) -> Result<Var<'t>, String> {
        let own = x.shape();
        let (starts, ends) = (&node.known(1)?.data, &node.known(2)?.data);
        let axes = match node.has(3) {
            true => node.known(3)?.data.iter().map(|&a| axis(a, own.len())).collect::<Result<Vec<_>, _>>()?,
            false => (0..starts.len()).collect(),
        };
        let steps = if node.has(4) { node.known(4)?.data.clone() } else { vec![1; starts.len()] };
        if [ends.len(), axes.len(), steps.len()].iter().any(|&n| n != starts.len()) {
            return Err("starts, ends, axes and steps have different lengths".to_owned());
        }
        let mut ranges = vec![Range { start: 0, end: None, step: 1 }; own.len()];
        for (k, &a) in axes.iter().enumerate() {
            let n = *own.get(a).ok_or_else(|| format!("there is no axis {a}"))? as i64;
            let step = steps[k];
            let place =
                |p: i64, low: i64, high: i64| (if p < 0 { p.saturating_add(n) } else { p }).clamp(low, high);
            // Ours are the elements between two places, backwards where the step is negative.
            let (low, high) = match step > 0 {
                true => (place(starts[k], 0, n), place(ends[k], 0, n)),
                false => (place(ends[k], -1, n - 1) + 1, place(starts[k], -1, n - 1) + 1),
            };
            let whole = low == 0 && high == n;
            let end = if whole { None } else { Some(high.max(low) as isize) };
            ranges[a] = Range { start: low as isize, end, step: step as isize };
        }
        self.apply(Slice { ranges }, &[x])
    }

    fn constant(&self, node: &OnnxNode<'_, 't>) -> Result<OnnxValue<'t>, String> {
        let real = |data: Vec<f64>, shape: Vec<usize>| {
            OnnxValue::Constant(super::value::OnnxNumbers { shape, data }, None)
        };
        if let Some(tensor) = node.attribute("value").and_then(|attribute| attribute.t.as_ref()) {
            return tensor.value(false);
        }
        if let Some(x) = node.attribute("value_float").and_then(|attribute| attribute.f) {
            return Ok(real(vec![f64::from(x)], vec![]));
        }
        if let Some(n) = node.attribute("value_int").and_then(|attribute| attribute.i) {
            return Ok(OnnxValue::Known(super::value::OnnxNumbers { shape: vec![], data: vec![n] }));
        }
        if let Some(all) = node.ints("value_ints") {
            return Ok(OnnxValue::Known(super::value::OnnxNumbers::vector(all.to_vec())));
        }
        match node.attribute("value_floats") {
            Some(all) => {
                let data: Vec<f64> = all.floats.iter().map(|&x| f64::from(x)).collect();
                let shape = vec![data.len()];
                Ok(real(data, shape))
            }
            None => Err("its value is neither a tensor nor numbers".to_owned()),
        }
    }

    fn constant_of_shape(&mut self, node: &OnnxNode<'_, 't>) -> Result<OnnxValue<'t>, String> {
        let shape =
            node.known(0)?.data.iter().map(|&n| usize::try_from(n).map_err(|_| format!("a size of {n}")));
        let shape: Vec<usize> = shape.collect::<Result<_, _>>()?;
        let count = checked_size(&shape)?;
        let value = match node.attribute("value").and_then(|attribute| attribute.t.as_ref()) {
            Some(tensor) => tensor.value(false)?,
            None => OnnxValue::Constant(super::value::OnnxNumbers { shape: vec![], data: vec![0.0] }, None),
        };
        match value {
            OnnxValue::Known(numbers) if numbers.data.len() == 1 && count <= 1 << 16 => {
                Ok(OnnxValue::Known(super::value::OnnxNumbers { shape, data: vec![numbers.data[0]; count] }))
            }
            OnnxValue::Constant(numbers, _) if numbers.data.len() == 1 => {
                // One number that is stretched takes no memory.
                self.stretched(self.tape.constant(numbers.data[0]), &shape).map(OnnxValue::Real)
            }
            _ => Err("its value is not one number".to_owned()),
        }
    }

    fn cast(&mut self, node: &OnnxNode<'_, 't>, to: i64) -> Result<OnnxValue<'t>, String> {
        let value = node.operand(0)?.clone();
        match (to, &value) {
            (1 | 11 | 16, OnnxValue::Constant(..)) => Ok(value),
            (1 | 11 | 16, _) => self.real(&value).map(OnnxValue::Real),
            (6 | 7, OnnxValue::Index(_)) => Ok(value),
            (9, _) => {
                let x = self.real(&value)?;
                Ok(OnnxValue::Truth(x.not_equal(0.0)))
            }
            // Whole numbers that are computed are real ones, until they are used as indices.
            (6 | 7, _) => self.real(&value).map(|x| OnnxValue::Real(x.trunc())),
            (other, _) => Err(format!("the data type {other} is not read")),
        }
    }

    fn split(&mut self, node: &OnnxNode<'_, 't>) -> Results<'t> {
        let x = self.x(node, 0)?;
        let own = x.shape();
        let a = axis(node.int("axis", 0), own.len())?;
        let count = node.proto.output.len().max(1);
        let parts: Vec<usize> = match node.has(1) {
            true => node
                .known(1)?
                .data
                .iter()
                .map(|&n| usize::try_from(n).map_err(|_| format!("a size of {n}")))
                .collect::<Result<_, _>>()?,
            false => {
                let each = own[a].div_ceil(count);
                (0..count).map(|k| each.min(own[a].saturating_sub(k * each))).collect()
            }
        };
        if parts.iter().fold(0, |sum: usize, &n| sum.saturating_add(n)) != own[a] {
            return Err(format!("parts {parts:?} of an axis of {} elements", own[a]));
        }
        let mut first = 0;
        parts
            .into_iter()
            .map(|n| {
                let mut ranges = vec![Range { start: 0, end: None, step: 1 }; own.len()];
                ranges[a] = Range { start: first as isize, end: Some((first + n) as isize), step: 1 };
                first += n;
                self.apply(Slice { ranges }, &[x]).map(OnnxValue::Real)
            })
            .collect()
    }

    fn gather(&mut self, node: &OnnxNode<'_, 't>, along: bool) -> Result<OnnxValue<'t>, String> {
        let (x, wrap): (Var<'t>, fn(Var<'t>) -> OnnxValue<'t>) = match node.operand(0)? {
            OnnxValue::Index(var) => (*var, OnnxValue::Index),
            other => (self.real(&other.clone())?, OnnxValue::Real),
        };
        let own = x.shape();
        let a = axis(node.int("axis", 0), own.len())?;
        let indices = self.indices(node.operand(1)?, own[a])?;
        let y = match along {
            true => self.apply(TakeAlongAxis { axis: a }, &[x, indices])?,
            false => self.apply(Take { axis: a }, &[x, indices])?,
        };
        Ok(wrap(y))
    }

    fn scatter(&mut self, node: &OnnxNode<'_, 't>) -> Result<Var<'t>, String> {
        if node.text("reduction", "none") != "add" {
            return Err("elements are added at indices, and the reduction is another".to_owned());
        }
        let (x, values) = (self.x(node, 0)?, self.x(node, 2)?);
        let own = x.shape();
        let a = axis(node.int("axis", 0), own.len())?;
        let indices = self.indices(node.operand(1)?, own[a])?;
        let added = self.apply(AddAlongAxis { axis: a }, &[values, indices, x])?;
        self.apply(Add, &[x, added])
    }

    fn pad(&mut self, node: &OnnxNode<'_, 't>) -> Result<Var<'t>, String> {
        let x = self.x(node, 0)?;
        let rank = x.rank();
        let axes = match node.has(3) {
            true => node.known(3)?.data.iter().map(|&a| axis(a, rank)).collect::<Result<Vec<_>, _>>()?,
            false => (0..rank).collect(),
        };
        let ends = &node.known(1)?.data;
        if ends.len() != 2 * axes.len() {
            return Err(format!("{} numbers of padding for {} axes", ends.len(), axes.len()));
        }
        let mut padding = vec![(0, 0); rank];
        for (k, &a) in axes.iter().enumerate() {
            let [low, high] = [ends[k], ends[axes.len() + k]].map(usize::try_from);
            let (Ok(low), Ok(high)) = (low, high) else { return Err("padding is not negative".to_owned()) };
            padding[a] = (low, high);
        }
        let mode = match node.text("mode", "constant").as_str() {
            "constant" => PadMode::Constant(node.number(2, 0.0)?),
            "reflect" => PadMode::Reflect,
            "edge" => PadMode::Replicate,
            other => return Err(format!("the mode `{other}` is not known")),
        };
        self.apply(Pad { padding, mode }, &[x])
    }

    /// Without axes of size 1.
    pub(super) fn squeezed(&self, x: Var<'t>, axes: &[usize]) -> Result<Var<'t>, String> {
        self.apply(Squeeze { axes: axes.to_vec() }, &[x])
    }
}
