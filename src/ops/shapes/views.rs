//! Ops that only look at the same elements in another way: no copies, unless a reshape meets a strided operand.

use crate::Float;
use crate::base::shape::{self, Layout};
use crate::graph::Kind;
use crate::kernel::{Inputs, Output, View, gather};
use crate::ops::axes::{flags, from_front};
use crate::portable::Portable;
use crate::tape::op::{Derivative, Kernel, Op, Operand, Zero};
use crate::tape::operands::{arrays, reals};
use crate::tape::sample::{Domain, Sample};
use crate::tape::{LoadOp, Var};
use std::sync::Arc;

/// The kernel of an op that moves no elements: a copy of what the view shows, or of the operand in its own order.
pub(in crate::ops) fn copy<F: Float>(op: &dyn Op, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
    match x.is_index(0) {
        true => copy_elements(op, x.index(0), y.indices, y.shape),
        false => copy_elements(op, x.real(0), y.data, y.shape),
    }
}

fn copy_elements<T: Copy>(op: &dyn Op, x: View<'_, T>, y: &mut [T], shape: &[usize]) {
    let (data, offset) = x.buffer();
    let layout = Layout { shape: x.shape().into(), strides: x.strides().into(), offset };
    match op.view(&layout, shape) {
        Some(l) => gather(View::new(data, l.offset, &l.shape, &l.strides), 0, y),
        None => gather(x, 0, y),
    }
}

macro_rules! view_kernel {
    ($($op:ty)+) => {
        $(impl<F: Float> Kernel<F> for $op {
            fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
                $crate::ops::shapes::views::copy(self, x, y);
            }
        })+
    };
}
pub(in crate::ops) use view_kernel;

/// The part of an op that moves no elements, whatever these are.
macro_rules! of_either_kind {
    () => {
        fn kind(&self, x: &[$crate::tape::op::Operand<'_>]) -> $crate::graph::Kind {
            x.first().map_or($crate::graph::Kind::Real, |x| x.kind)
        }
    };
}
pub(in crate::ops) use of_either_kind;

view_kernel! { StopGradient Reshape Permute BroadcastTo }

const SMOOTH: Domain = Domain::Between(-2.0, 2.0);

/// The same value, with derivative 0: the reverse pass does not go through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StopGradient;

impl Op for StopGradient {
    crate::op_settings!();

    fn symbol(&self) -> String {
        "stop".to_owned()
    }

    fn formula(&self) -> &'static str {
        "y = x, dx = 0"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        Ok(x.to_vec())
    }

    fn view(&self, x: &Layout, _: &[usize]) -> Option<Layout> {
        Some(x.clone())
    }

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _: Var<'t>, _: Var<'t>) -> Derivative<'t> {
        Zero.into()
    }

    fn stops_gradient(&self) -> bool {
        true
    }

    fn smooth(&self) -> bool {
        true
    }

    fn portable<'p>(&self, x: &[Portable<'p>], _: &[usize]) -> Result<Portable<'p>, String> {
        Ok(x[0])
    }

    fn samples(&self) -> Vec<Sample> {
        vec![Sample::of([&[3, 4]], SMOOTH)]
    }
}

/// The same elements in row-major order under another shape; `dx` is `dy` in the shape of x.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reshape {
    /// The new sizes; one may be left open (`None`), and follows from the number of elements.
    pub sizes: Vec<Option<usize>>,
}

impl Op for Reshape {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = x, reshaped"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = arrays(x)?;
        let elements = shape::size(x);
        let given: Vec<usize> = self.sizes.iter().copied().flatten().collect();
        let product = shape::checked_size(&given)?;
        let open = match self.sizes.len() - given.len() {
            0 => 1,
            1 if product > 0 && elements.is_multiple_of(product) => elements / product,
            1 => {
                return Err(format!(
                    "{elements} elements cannot fill a shape whose other sizes make {product}"
                ));
            }
            _ => return Err("more than one size is left open".to_owned()),
        };
        if product * open != elements {
            return Err(format!("{elements} elements do not fit a shape of {product}"));
        }
        Ok(self.sizes.iter().map(|n| n.unwrap_or(open)).collect())
    }

    fn view(&self, x: &Layout, shape: &[usize]) -> Option<Layout> {
        x.reshaped(shape)
    }

    of_either_kind!();

    fn rule<'t>(&self, _: usize, x: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        dy.reshape_like(x[0]).into()
    }

    fn batched(&self, _: &[bool]) -> Option<Arc<dyn Op>> {
        let all = self.sizes.iter().copied();
        (!self.sizes.contains(&None))
            .then(|| Arc::new(Self { sizes: std::iter::once(None).chain(all).collect() }) as Arc<dyn Op>)
    }

    fn smooth(&self) -> bool {
        true
    }

    fn portable<'p>(&self, x: &[Portable<'p>], shape: &[usize]) -> Result<Portable<'p>, String> {
        Ok(x[0].reshape(shape))
    }

    fn samples(&self) -> Vec<Sample> {
        match self.sizes[..] {
            [None] => [&[3, 4][..], &[], &[2, 0]].map(|s| Sample::of([s], SMOOTH)).to_vec(),
            _ => [&[3, 4][..], &[2, 6], &[12, 1]].map(|s| Sample::of([s], SMOOTH)).to_vec(),
        }
    }
}

/// The axes in another order: axis k of y is axis `axes[k]` of x; `dx` is `dy` in the inverse order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permute {
    /// For each axis of the result, the operand's.
    pub axes: Vec<usize>,
}

impl Op for Permute {
    crate::op_settings!();

    fn symbol(&self) -> String {
        if self.axes == [1, 0] { "ᵀ".to_owned() } else { "permute".to_owned() }
    }

    fn formula(&self) -> &'static str {
        "y = x with permuted axes"
    }

    fn notation(&self) -> Option<&'static str> {
        (self.axes == [1, 0]).then_some("xᵀ")
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = arrays(x)?;
        let listed = flags(&self.axes, x.len())?;
        if listed.contains(&false) {
            return Err(format!("axes {:?} do not name each of the {} axes once", self.axes, x.len()));
        }
        Ok(self.axes.iter().map(|&a| x[a]).collect())
    }

    fn view(&self, x: &Layout, _: &[usize]) -> Option<Layout> {
        Some(x.permuted(&self.axes))
    }

    of_either_kind!();

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let mut inverse = vec![0; self.axes.len()];
        self.axes.iter().enumerate().for_each(|(k, &a)| inverse[a] = k);
        dy.tape().apply(Self { axes: inverse }, &[dy]).into()
    }

    fn batched(&self, _: &[bool]) -> Option<Arc<dyn Op>> {
        let others = self.axes.iter().map(|a| a + 1);
        Some(Arc::new(Self { axes: std::iter::once(0).chain(others).collect() }))
    }

    fn smooth(&self) -> bool {
        true
    }

    fn portable<'p>(&self, x: &[Portable<'p>], _: &[usize]) -> Result<Portable<'p>, String> {
        Ok(x[0].transpose(&self.axes))
    }

    fn samples(&self) -> Vec<Sample> {
        match self.axes.len() {
            2 => [&[3, 4][..], &[1, 5], &[0, 2]].map(|s| Sample::of([s], SMOOTH)).to_vec(),
            _ => [&[2, 3, 4][..], &[3, 1, 2]].map(|s| Sample::of([s], SMOOTH)).to_vec(),
        }
    }
}

/// Stretched to a shape; `dx` is `dy` summed over the stretched axes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BroadcastTo {
    /// The sizes of the result; where one is left open (`None`), the operand's is kept.
    pub shape: Vec<Option<usize>>,
}

impl Op for BroadcastTo {
    crate::op_settings!();

    fn symbol(&self) -> String {
        "broadcast".to_owned()
    }

    fn formula(&self) -> &'static str {
        "y = x, stretched"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = arrays(x)?;
        let new = self.shape.len().saturating_sub(x.len());
        let own = |axis: usize| axis.checked_sub(new).and_then(|axis| x.get(axis).copied());
        let sizes = self.shape.iter().enumerate().map(|(axis, n)| {
            let new = || format!("axis {axis} is a new one, the size of which cannot be left open");
            n.or_else(|| own(axis)).ok_or_else(new)
        });
        let shape: Vec<usize> = sizes.collect::<Result<_, _>>()?;
        if shape::broadcasts_to(x, &shape) {
            Ok(shape)
        } else {
            Err(format!("shape {x:?} does not stretch to {shape:?}: sizes must be equal, or the operand's 1"))
        }
    }

    fn view(&self, x: &Layout, shape: &[usize]) -> Option<Layout> {
        Some(x.broadcast(shape))
    }

    of_either_kind!();

    fn rule<'t>(&self, _: usize, x: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        dy.sum_to_like(x[0]).into()
    }

    fn broadcasts(&self) -> bool {
        true
    }

    fn batched(&self, _: &[bool]) -> Option<Arc<dyn Op>> {
        let own = self.shape.iter().copied();
        Some(Arc::new(Self { shape: std::iter::once(None).chain(own).collect() }))
    }

    fn smooth(&self) -> bool {
        true
    }

    fn portable<'p>(&self, x: &[Portable<'p>], shape: &[usize]) -> Result<Portable<'p>, String> {
        Ok(x[0].broadcast_to(shape))
    }

    fn samples(&self) -> Vec<Sample> {
        [&[3, 1, 4][..], &[4], &[], &[2, 1], &[5, 1]]
            .into_iter()
            .filter(|shape| self.shape(&[Operand { shape, kind: Kind::Real }]).is_ok())
            .map(|s| Sample::of([s], SMOOTH))
            .collect()
    }
}

crate::ops::entry::built_in! {
    StopGradient, "stop_gradient";
    Reshape, "reshape", [sizes], [Self { sizes: vec![Some(2), None, Some(2)] }, Self { sizes: vec![None] }];
    Permute, "permute", [axes], [Self { axes: vec![1, 0] }, Self { axes: vec![2, 0, 1] }];
    BroadcastTo, "broadcast_to", [shape], [
        Self { shape: vec![Some(3), Some(2), Some(4)] },
        Self { shape: vec![Some(2), None, Some(3)] },
    ];
}

/// Other views of the same elements.
impl<'t> Var<'t> {
    /// The same value with derivative 0: gradients do not flow through it, and the gradient checker holds it constant.
    #[doc(alias = "detach")]
    #[track_caller]
    #[must_use]
    pub fn stop_gradient(self) -> Var<'t> {
        self.tape().apply(StopGradient, &[self])
    }

    /// The same elements in row-major order under another shape; one size may be `-1`, and follows from the others.
    #[doc(alias = "view")]
    #[track_caller]
    #[must_use]
    pub fn reshape(self, sizes: impl AsRef<[isize]>) -> Var<'t> {
        let sizes = self.open_sizes(sizes.as_ref(), Reshape::NAME);
        self.tape().apply(Reshape { sizes }, &[self])
    }

    /// The axes in another order: axis k of the result is axis `axes[k]` of this; negative ones count from the back.
    #[doc(alias = "transpose")]
    #[track_caller]
    #[must_use]
    pub fn permute(self, axes: impl AsRef<[isize]>) -> Var<'t> {
        let axes = from_front(axes.as_ref(), Permute::NAME, self, self.rank());
        self.tape().apply(Permute { axes }, &[self])
    }

    /// The axes in reverse order; a matrix's transpose.
    #[doc(alias = "mT")]
    #[doc(alias = "swapaxes")]
    #[track_caller]
    #[must_use]
    pub fn t(self) -> Var<'t> {
        self.tape().apply(Permute { axes: (0..self.rank()).rev().collect() }, &[self])
    }

    /// Stretched to a shape, as NumPy broadcasts.
    #[doc(alias = "expand")]
    #[track_caller]
    #[must_use]
    pub fn broadcast_to(self, shape: impl AsRef<[usize]>) -> Var<'t> {
        self.tape().apply(BroadcastTo { shape: shape.as_ref().iter().copied().map(Some).collect() }, &[self])
    }

    /// Stretched to a shape, in which `-1` keeps the size that an axis has, as PyTorch's `expand`. With another batch size, the
    /// axis of the batch goes with it.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let column = tape.leaf("column", [[1.0], [2.0]]);
    /// assert_eq!(column.expand([-1, 3]).shape(), [2, 3]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn expand(self, sizes: impl AsRef<[isize]>) -> Var<'t> {
        let shape = self.open_sizes(sizes.as_ref(), BroadcastTo::NAME);
        self.tape().apply(BroadcastTo { shape }, &[self])
    }

    /// Sizes of which -1 stands for one that is left open.
    #[track_caller]
    fn open_sizes(self, sizes: &[isize], op: &'static str) -> Vec<Option<usize>> {
        if let Some(n) = sizes.iter().find(|&&n| n < -1) {
            let problem = format!("size {n} is negative; only -1 stands for a size that is left open");
            self.tape().refuse_operands(op, problem, &[self])
        }
        sizes.iter().map(|&n| usize::try_from(n).ok()).collect()
    }
}
