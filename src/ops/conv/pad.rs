//! Arrays made longer at the ends of their axes.

use crate::Float;
use crate::base::shape::{checked_size, size};
use crate::graph::{Attribute, Attributes};
use crate::kernel::{Inputs, Output, View, gather};
use crate::ops::shapes::slice::{Range, Slice};
use crate::portable::Portable;
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::operands::reals;
use crate::tape::sample::{Domain, Sample};
use crate::tape::settings::Setting;
use crate::tape::{LoadOp, Var};
use std::sync::Arc;

/// What stands in the elements that padding adds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PadMode {
    /// A number.
    Constant(f64),
    /// The array in a mirror that stands on the outermost element, which is not repeated.
    Reflect,
    /// The outermost element.
    Replicate,
}

impl PadMode {
    /// The position in an axis of `n` elements that is shown at a position counted from its first element; none where a
    /// number stands.
    fn source(self, i: isize, n: usize) -> Option<usize> {
        let last = n as isize - 1;
        let inside = match self {
            Self::Constant(_) => i,
            Self::Replicate => i.clamp(0, last),
            Self::Reflect if i < 0 => -i,
            Self::Reflect if i > last => 2 * last - i,
            Self::Reflect => i,
        };
        usize::try_from(inside).ok().filter(|&i| i < n)
    }

    /// The sources of all elements of an axis that is longer at its ends, where it is longer.
    fn sources(self, (low, high): (usize, usize), n: usize) -> Option<Vec<usize>> {
        let longer = low + high > 0;
        longer
            .then(|| (0..low + n + high).filter_map(|i| self.source(i as isize - low as isize, n)).collect())
    }
}

impl Setting for PadMode {
    fn put(&self, name: &str, to: Attributes) -> Attributes {
        match self {
            Self::Constant(value) => value.put(name, to),
            Self::Reflect => "reflect".to_owned().put(name, to),
            Self::Replicate => "replicate".to_owned().put(name, to),
        }
    }

    fn get(name: &str, from: &Attributes) -> Result<Self, String> {
        match from.get(name) {
            Some(Attribute::Text(text)) => match text.as_str() {
                "reflect" => Ok(Self::Reflect),
                "replicate" => Ok(Self::Replicate),
                other => Err(format!("attribute `{name}` wants a number, reflect or replicate, got {other}")),
            },
            _ => f64::get(name, from).map(Self::Constant),
        }
    }
}

/// Longer at the ends of its axes; `dx` is `dy` without what was added, and of what shows an element of x, added to that.
#[derive(Debug, Clone, PartialEq)]
pub struct Pad {
    /// How many elements are added before and after, for every axis.
    pub padding: Vec<(usize, usize)>,
    /// What stands in them.
    pub mode: PadMode,
}

/// The ends of the axes added to the elements that they show: the adjoint of [`Pad`], in which `dx` is `dy` padded, by the
/// number 0 where a number stood.
#[derive(Debug, Clone, PartialEq)]
pub struct Unpad {
    /// How many elements are left out before and after, for every axis.
    pub padding: Vec<(usize, usize)>,
    /// What stands in them.
    pub mode: PadMode,
}

/// That there is a pair for each axis, and a source for each element.
fn check(padding: &[(usize, usize)], mode: PadMode, small: &[usize]) -> Result<(), String> {
    for (a, (&(before, after), &n)) in padding.iter().zip(small).enumerate() {
        let most = match mode {
            PadMode::Constant(_) => continue,
            PadMode::Replicate if n > 0 => continue,
            PadMode::Replicate => 0,
            PadMode::Reflect => n.saturating_sub(1),
        };
        if before.max(after) > most {
            return Err(format!(
                "axis {a} has {n} elements, of which {mode:?} shows at most {most} before and after, not {before} and {after}"
            ));
        }
    }
    Ok(())
}

fn pair_for_each(padding: &[(usize, usize)], x: &[usize]) -> Result<(), String> {
    if padding.len() == x.len() {
        return Ok(());
    }
    Err(format!("{} pairs of padding for {} axes; give one for each", padding.len(), x.len()))
}

/// Calls `f(start of a row of the large array, offset of the row of the small one that it shows)`.
fn for_each_row(
    padding: &[(usize, usize)],
    mode: PadMode,
    large: &[usize],
    small: &[usize],
    strides: &[isize],
    mut f: impl FnMut(usize, Option<isize>),
) {
    let outer = large.len() - 1;
    for row in 0..size(&large[..outer]) {
        let (mut rest, mut from) = (row, Some(0));
        for a in (0..outer).rev() {
            let at = (rest % large[a]) as isize - padding[a].0 as isize;
            rest /= large[a];
            from = from.zip(mode.source(at, small[a])).map(|(sum, i)| sum + i as isize * strides[a]);
        }
        f(row, from);
    }
}

impl<F: Float> Kernel<F> for Pad {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let x = x.real(0);
        let Self { padding, mode } = self;
        let fill = match mode {
            PadMode::Constant(value) => F::of(*value),
            _ => F::zero(),
        };
        let (Some(&(before, _)), Some(&width), Some(&n)) = (padding.last(), y.shape.last(), x.shape().last())
        else {
            return gather(x, 0, y.data);
        };
        if y.data.is_empty() {
            return;
        }
        let (data, start) = x.buffer();
        let (shape, strides) = (&x.shape()[x.shape().len() - 1..], &x.strides()[x.strides().len() - 1..]);
        for_each_row(padding, *mode, y.shape, x.shape(), x.strides(), |row, from| {
            let y = &mut y.data[row * width..][..width];
            let Some(from) = from.filter(|_| n > 0) else { return y.fill(fill) };
            let line = View::new(data, (start as isize + from) as usize, shape, strides);
            let (ends, inside) = y.split_at_mut(before);
            let (inside, after) = inside.split_at_mut(n);
            gather(line, 0, inside);
            let show = |i: isize| mode.source(i, n).map_or(fill, |i| line.get(i));
            ends.iter_mut().enumerate().for_each(|(i, y)| *y = show(i as isize - before as isize));
            after.iter_mut().enumerate().for_each(|(i, y)| *y = show((n + i) as isize));
        });
    }
}

impl<F: Float> Kernel<F> for Unpad {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let x = x.real(0);
        let Self { padding, mode } = self;
        let (Some(&(before, _)), Some(&n), Some(_)) = (padding.last(), y.shape.last(), x.shape().last())
        else {
            return gather(x, 0, y.data);
        };
        y.data.fill(F::zero());
        if x.is_empty() || y.data.is_empty() {
            return;
        }
        let to = crate::base::shape::Layout::contiguous(y.shape);
        for_each_row(padding, *mode, x.shape(), y.shape, to.strides(), |row, start| {
            let Some(start) = start else { return };
            let y = &mut y.data[start as usize..][..n];
            for (i, x) in x.row(row).iter().enumerate() {
                if let Some(i) = mode.source(i as isize - before as isize, n) {
                    y[i] += x;
                }
            }
        });
    }
}

impl Op for Pad {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = x, padded"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        pair_for_each(&self.padding, x)?;
        check(&self.padding, self.mode, x)?;
        let sizes = x.iter().zip(&self.padding);
        let shape: Vec<usize> = sizes.map(|(&n, &(a, b))| n.saturating_add(a).saturating_add(b)).collect();
        checked_size(&shape)?;
        Ok(shape)
    }

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let Self { padding, mode } = self.clone();
        if let PadMode::Constant(_) = mode {
            let inside = |(before, after): (usize, usize)| Range {
                start: before as isize,
                end: (after > 0).then(|| -(after as isize)),
                step: 1,
            };
            return dy
                .tape()
                .apply(Slice { ranges: padding.into_iter().map(inside).collect() }, &[dy])
                .into();
        }
        dy.tape().apply(Unpad { padding, mode }, &[dy]).into()
    }

    fn batched(&self, _: &[bool]) -> Option<Arc<dyn Op>> {
        let own = self.padding.iter().copied();
        Some(Arc::new(Self { padding: std::iter::once((0, 0)).chain(own).collect(), mode: self.mode }))
    }

    fn smooth(&self) -> bool {
        true
    }

    fn portable<'p>(&self, x: &[Portable<'p>], _: &[usize]) -> Result<Portable<'p>, String> {
        let (low, high): (Vec<usize>, Vec<usize>) = self.padding.iter().copied().unzip();
        let mut y = x[0];
        if let PadMode::Constant(number) = self.mode {
            return Ok(y.pad(number, &low, &high, &vec![0; low.len()]));
        }
        for axis in 0..low.len() {
            if let Some(sources) = self.mode.sources(self.padding[axis], y.shape()[axis]) {
                y = y.take(y.indices(&sources), axis);
            }
        }
        Ok(y)
    }

    fn samples(&self) -> Vec<Sample> {
        small_shapes(&self.padding, self.mode)
            .iter()
            .map(|s| Sample::of([&s[..]], Domain::Between(-2.0, 2.0)))
            .collect()
    }
}

impl Op for Unpad {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = x, its ends added to what they show"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        pair_for_each(&self.padding, x)?;
        let sizes = x.iter().zip(&self.padding);
        let small = sizes.map(|(&n, &(a, b))| n.checked_sub(a.saturating_add(b))).collect::<Option<Vec<_>>>();
        let small = small.ok_or_else(|| {
            format!("padding {:?} leaves nothing of shape {x:?}; the axes are at least as long", self.padding)
        })?;
        check(&self.padding, self.mode, &small)?;
        Ok(small)
    }

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let mode = match self.mode {
            PadMode::Constant(_) => PadMode::Constant(0.0),
            mode => mode,
        };
        dy.tape().apply(Pad { padding: self.padding.clone(), mode }, &[dy]).into()
    }

    fn batched(&self, _: &[bool]) -> Option<Arc<dyn Op>> {
        let own = self.padding.iter().copied();
        Some(Arc::new(Self { padding: std::iter::once((0, 0)).chain(own).collect(), mode: self.mode }))
    }

    fn smooth(&self) -> bool {
        true
    }

    fn portable<'p>(&self, x: &[Portable<'p>], shape: &[usize]) -> Result<Portable<'p>, String> {
        let mut y = x[0];
        for (axis, &(low, high)) in self.padding.iter().enumerate() {
            let mut small = y.shape();
            small[axis] = shape[axis];
            y = match (self.mode, self.mode.sources((low, high), shape[axis])) {
                (PadMode::Constant(_), _) => y.narrow(axis, low, shape[axis], 1),
                (_, Some(sources)) => y.full(0.0, &small).add_at(y.indices(&sources), y, axis),
                (_, None) => y,
            };
        }
        Ok(y)
    }

    fn samples(&self) -> Vec<Sample> {
        let large = |small: &Vec<usize>| -> Vec<usize> {
            small.iter().zip(&self.padding).map(|(n, (a, b))| n + a + b).collect()
        };
        let shapes = small_shapes(&self.padding, self.mode);
        shapes.iter().map(|s| Sample::of([&large(s)[..]], Domain::Between(-2.0, 2.0))).collect()
    }
}

/// Shapes that can be padded so.
fn small_shapes(padding: &[(usize, usize)], mode: PadMode) -> Vec<Vec<usize>> {
    let shapes: [[usize; 3]; 4] = [[3, 4, 5], [4, 3, 3], [1, 1, 1], [0, 3, 4]];
    let fits = |s: &[usize]| check(padding, mode, s).is_ok();
    shapes.iter().map(|s| s[..padding.len()].to_vec()).filter(|s| fits(s)).collect()
}

/// Padding and modes that between them are all there are.
fn examples() -> Vec<(Vec<(usize, usize)>, PadMode)> {
    vec![
        (vec![(1, 2)], PadMode::Constant(0.0)),
        (vec![(0, 2), (1, 0)], PadMode::Constant(-1.5)),
        (vec![(2, 1), (0, 2)], PadMode::Reflect),
        (vec![(1, 0), (2, 2), (1, 2)], PadMode::Reflect),
        (vec![(2, 3), (1, 0)], PadMode::Replicate),
    ]
}

crate::ops::entry::built_in! {
    Pad, "pad", [padding, mode],
        examples().into_iter().map(|(padding, mode)| Self { padding, mode }).collect::<Vec<_>>();
    Unpad, "unpad", [padding, mode],
        examples().into_iter().map(|(padding, mode)| Self { padding, mode }).collect::<Vec<_>>();
}

impl<'t> Var<'t> {
    /// Longer at the ends of the last axes, as many as there are pairs: so many elements before, and so many after.
    ///
    /// ```
    /// use chainrule::ops::PadMode;
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", ndarray::arr1(&[1.0, 2.0, 3.0]));
    /// let padded = |mode| x.pad([(2, 1)], mode).value().as_slice().unwrap().to_vec();
    /// assert_eq!(padded(PadMode::Constant(0.0)), [0.0, 0.0, 1.0, 2.0, 3.0, 0.0]);
    /// assert_eq!(padded(PadMode::Reflect), [3.0, 2.0, 1.0, 2.0, 3.0, 2.0]);
    /// assert_eq!(padded(PadMode::Replicate), [1.0, 1.0, 1.0, 2.0, 3.0, 3.0]);
    /// ```
    ///
    /// # Panics
    ///
    /// If there are more pairs than axes, or more elements are to be shown than there are.
    #[track_caller]
    #[must_use]
    pub fn pad(self, padding: impl AsRef<[(usize, usize)]>, mode: PadMode) -> Var<'t> {
        let given = padding.as_ref();
        let Some(front) = self.rank().checked_sub(given.len()) else {
            let problem = format!("{} pairs of padding for {} axes", given.len(), self.rank());
            self.tape().refuse_operands(Pad::NAME, problem, &[self])
        };
        let padding = [&vec![(0, 0); front], given].concat();
        self.tape().apply(Pad { padding, mode }, &[self])
    }
}
