//! Axes of size 1, put in and left out: views, like those of `views.rs`.

use super::views::view_kernel;
use crate::Float;
use crate::base::shape::Layout;
use crate::kernel::{Inputs, Output};
use crate::ops::axes::{Axes, flags};
use crate::portable::Portable;
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::operands::arrays;
use crate::tape::sample::{Domain, Sample};
use crate::tape::{LoadOp, Var};
use std::sync::Arc;

const SMOOTH: Domain = Domain::Between(-2.0, 2.0);

view_kernel! { ExpandDims Squeeze }

/// New axes of size 1; `dx` is `dy` without them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpandDims {
    /// Where the new axes stand in the result, sorted.
    pub axes: Vec<usize>,
}

/// Axes of size 1 left out; `dx` is `dy` with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Squeeze {
    /// The axes of the operand that are left out, sorted.
    pub axes: Vec<usize>,
}

impl Op for ExpandDims {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = x with new axes of size 1"
    }

    fn notation(&self) -> Option<&'static str> {
        Some("x")
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = arrays(x)?;
        let new = flags(&self.axes, x.len() + self.axes.len())?;
        let mut sizes = x.iter();
        Ok(new.into_iter().filter_map(|new| if new { Some(1) } else { sizes.next().copied() }).collect())
    }

    fn view(&self, x: &Layout, shape: &[usize]) -> Option<Layout> {
        let mut strides = x.strides.iter();
        let strides = (0..shape.len())
            .map(|a| if self.axes.contains(&a) { 0 } else { strides.next().copied().unwrap_or(0) })
            .collect();
        Some(Layout { shape: shape.into(), strides, offset: x.offset })
    }

    super::views::of_either_kind!();

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        dy.tape().apply(Squeeze { axes: self.axes.clone() }, &[dy]).into()
    }

    fn batched(&self, _: &[bool]) -> Option<Arc<dyn Op>> {
        Some(Arc::new(Self { axes: self.axes.iter().map(|a| a + 1).collect() }))
    }

    fn smooth(&self) -> bool {
        true
    }

    fn portable<'p>(&self, x: &[Portable<'p>], shape: &[usize]) -> Result<Portable<'p>, String> {
        Ok(x[0].reshape(shape))
    }

    fn samples(&self) -> Vec<Sample> {
        [&[3, 4][..], &[1, 2], &[2, 0]].map(|s| Sample::of([s], SMOOTH)).to_vec()
    }
}

impl Op for Squeeze {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = x without axes of size 1"
    }

    fn notation(&self) -> Option<&'static str> {
        Some("x")
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = arrays(x)?;
        let out = flags(&self.axes, x.len())?;
        if let Some(a) = (0..x.len()).find(|&a| out[a] && x[a] != 1) {
            return Err(format!("axis {a} has size {}, and only axes of size 1 can be left out", x[a]));
        }
        Ok(x.iter().zip(out).filter(|(_, out)| !out).map(|(&n, _)| n).collect())
    }

    fn view(&self, x: &Layout, shape: &[usize]) -> Option<Layout> {
        let strides = (0..x.shape.len()).filter(|a| !self.axes.contains(a)).map(|a| x.strides[a]).collect();
        Some(Layout { shape: shape.into(), strides, offset: x.offset })
    }

    super::views::of_either_kind!();

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        dy.expand_dims_at(&self.axes).into()
    }

    fn batched(&self, _: &[bool]) -> Option<Arc<dyn Op>> {
        Some(Arc::new(Self { axes: self.axes.iter().map(|a| a + 1).collect() }))
    }

    fn smooth(&self) -> bool {
        true
    }

    fn portable<'p>(&self, x: &[Portable<'p>], shape: &[usize]) -> Result<Portable<'p>, String> {
        Ok(x[0].reshape(shape))
    }

    fn samples(&self) -> Vec<Sample> {
        [&[1, 4, 1][..], &[1, 0, 1], &[1, 1, 1]].map(|s| Sample::of([s], SMOOTH)).to_vec()
    }
}

crate::ops::entry::built_in! {
    ExpandDims, "expand_dims", [axes], [Self { axes: vec![0] }, Self { axes: vec![1, 3] }];
    Squeeze, "squeeze", [axes], [Self { axes: vec![0] }, Self { axes: vec![0, 2] }];
}

impl<'t> Var<'t> {
    /// New axes of size 1 at these places of the result.
    #[doc(alias = "unsqueeze")]
    #[track_caller]
    #[must_use]
    pub fn expand_dims(self, axes: impl Into<Axes>) -> Var<'t> {
        let axes = axes.into();
        let new = if let Axes::Some(axes) = &axes { axes.len() } else { 0 };
        self.expand_dims_at(&axes.resolve(ExpandDims::NAME, self, self.rank() + new))
    }

    #[track_caller]
    pub(in crate::ops) fn expand_dims_at(self, axes: &[usize]) -> Var<'t> {
        self.tape().apply(ExpandDims { axes: axes.to_vec() }, &[self])
    }

    /// Without these axes, each of which has size 1.
    #[track_caller]
    #[must_use]
    pub fn squeeze(self, axes: impl Into<Axes>) -> Var<'t> {
        self.squeeze_at(&axes.into().resolve(Squeeze::NAME, self, self.rank()))
    }

    #[track_caller]
    pub(in crate::ops) fn squeeze_at(self, axes: &[usize]) -> Var<'t> {
        self.tape().apply(Squeeze { axes: axes.to_vec() }, &[self])
    }
}
