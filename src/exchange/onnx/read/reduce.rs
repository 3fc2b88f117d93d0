//! Operators along axes.

use super::node::{OnnxNode, Reading, Results, axis};
use super::value::OnnxValue;
use crate::ops::{
    ArgMax, ArgSort, CumSum, LogSoftmax, LogSumExp, Max, Mean, Permute, Prod, Range, Slice, Softmax, Sum,
    TakeAlongAxis,
};
use crate::tape::Var;

impl<'t> Reading<'t> {
    pub(super) fn reduce(&mut self, node: &OnnxNode<'_, 't>, name: &str) -> Option<Results<'t>> {
        let one = |found: Result<Var<'t>, String>| Some(found.map(|y| vec![OnnxValue::Real(y)]));
        match name {
            "Softmax" | "LogSoftmax" => one(self.x(node, 0).and_then(|x| {
                let axis = axis(node.int("axis", -1), x.rank())?;
                if name == "Softmax" {
                    self.apply(Softmax { axis }, &[x])
                } else {
                    self.apply(LogSoftmax { axis }, &[x])
                }
            })),
            "CumSum" => one(self.x(node, 0).and_then(|x| {
                let axis = axis(node.known(1)?.data.first().copied().unwrap_or(0), x.rank())?;
                if node.int("exclusive", 0) != 0 {
                    return Err("exclusive sums are not read".to_owned());
                }
                self.apply(CumSum { axis, reverse: node.int("reverse", 0) != 0 }, &[x])
            })),
            "ArgMax" | "ArgMin" => Some(self.arg(node, name == "ArgMin").map(|y| vec![OnnxValue::Index(y)])),
            "TopK" => Some(self.top(node)),
            _ if name.starts_with("Reduce") => {
                let x = match self.x(node, 0) {
                    Ok(x) => x,
                    Err(problem) => return Some(Err(problem)),
                };
                let axes = match node.axes(1, x.rank()) {
                    Ok(Some(axes)) if !axes.is_empty() => axes,
                    Ok(_) if node.int("noop_with_empty_axes", 0) != 0 => vec![],
                    Ok(_) => (0..x.rank()).collect(),
                    Err(problem) => return Some(Err(problem)),
                };
                let keep = node.int("keepdims", 1) != 0;
                let sum = |x: Var<'t>| self.apply(Sum { axes: axes.clone(), keep }, &[x]);
                one(match name {
                    "ReduceSum" => sum(x),
                    "ReduceMean" => self.apply(Mean { axes, keep }, &[x]),
                    "ReduceProd" => self.apply(Prod { axes, keep }, &[x]),
                    "ReduceMax" | "ReduceMin" if x.shape().contains(&0) && !node.is_real(0) => {
                        Err("of no whole numbers none is the greatest".to_owned())
                    }
                    "ReduceMax" => self.greatest(x, axes, keep),
                    "ReduceMin" => self.greatest(-x, axes, keep).map(|y| -y),
                    "ReduceL1" => sum(x.abs()),
                    "ReduceL2" => sum(x.square()).map(|y| y.sqrt()),
                    "ReduceSumSquare" => sum(x.square()),
                    "ReduceLogSum" => sum(x).map(|y| y.ln()),
                    "ReduceLogSumExp" => self.apply(LogSumExp { axes, keep }, &[x]),
                    _ => return None,
                })
            }
            _ => None,
        }
    }

    /// The greatest element along axes; of none, −∞.
    fn greatest(&self, x: Var<'t>, axes: Vec<usize>, keep: bool) -> Result<Var<'t>, String> {
        let own = x.shape();
        if !axes.iter().any(|&a| own.get(a) == Some(&0)) {
            return self.apply(Max { axes, keep }, &[x]);
        }
        let shape: Vec<usize> = (0..own.len())
            .filter_map(|a| if axes.contains(&a) { keep.then_some(1) } else { Some(own[a]) })
            .collect();
        self.stretched(self.tape.constant(f64::NEG_INFINITY), &shape)
    }

    fn arg(&mut self, node: &OnnxNode<'_, 't>, least: bool) -> Result<Var<'t>, String> {
        let x = self.x(node, 0)?;
        let axis = axis(node.int("axis", 0), x.rank())?;
        if node.int("select_last_index", 0) != 0 {
            return Err("of equal elements the first is found, and the last is asked for".to_owned());
        }
        let y = self.apply(ArgMax { axis }, &[if least { -x } else { x }])?;
        if node.int("keepdims", 1) == 0 {
            Ok(y)
        } else {
            self.apply(crate::ops::ExpandDims { axes: vec![axis] }, &[y])
        }
    }

    fn top(&mut self, node: &OnnxNode<'_, 't>) -> Results<'t> {
        let x = self.x(node, 0)?;
        let own = x.shape();
        let axis = axis(node.int("axis", -1), own.len())?;
        let k = node.known(1)?.data.first().copied().unwrap_or(0);
        let k = usize::try_from(k).ok().filter(|&k| k <= own[axis]);
        let k = k.ok_or_else(|| format!("there are {} elements along axis {axis}", own[axis]))?;
        let mut axes: Vec<usize> = (0..own.len()).collect();
        axes.swap(axis, own.len() - 1);
        let turned = |x: Var<'t>| self.apply(Permute { axes: axes.clone() }, &[x]);
        let order = self.apply(ArgSort { descending: node.int("largest", 1) != 0 }, &[turned(x)?])?;
        let mut ranges = vec![Range { start: 0, end: None, step: 1 }; own.len()];
        ranges[axis] = Range { start: 0, end: Some(k as isize), step: 1 };
        let indices = self.apply(Slice { ranges }, &[turned(order)?])?;
        let values = self.apply(TakeAlongAxis { axis }, &[x, indices])?;
        Ok(vec![OnnxValue::Real(values), OnnxValue::Index(indices)])
    }
}
