//! Sums of products over axes that two arrays share: products of vectors and of batches of matrices.

use crate::Float;
use crate::base::shape::{self, Layout, place, size, unravel};
use crate::kernel::{Inputs, Labels, Output, contract, contract_scratch};
use crate::portable::Portable;
use crate::tape::Var;
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::operands::reals;
use crate::tape::sample::{Domain, Sample};
use std::sync::Arc;

/// A contraction, as `einsum` of two operands: the axes of x0, of x1 and of y are labelled, equal labels are one axis, and
/// over those that are not in y the products are summed: `y = Σ x0 x1`. `dx0` is the contraction of `dy` with x1, `dx1` that
/// of `dy` with x0. A label stands at most once in each of the three, and in two of them at least.
///
/// Matrix products over blocks of axes compute it; of operands that are not matrices where they lie, a block is packed at a
/// time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    /// The labels of the axes of x0.
    pub left: Vec<usize>,
    /// The labels of the axes of x1.
    pub right: Vec<usize>,
    /// The labels of the axes of y.
    pub result: Vec<usize>,
}

impl Contract {
    /// From labels as letters: `Contract::of("bik", "bkj", "bij")` is a product of batches of matrices.
    pub(crate) fn of(left: &str, right: &str, result: &str) -> Self {
        let [left, right, result] = [left, right, result].map(|text| text.bytes().map(usize::from).collect());
        Self { left, right, result }
    }

    fn labels(&self) -> Labels<'_> {
        [&self.left, &self.right, &self.result]
    }

    /// The shape of the result on operands of these shapes.
    fn result_shape(&self, [a, b]: [&[usize]; 2]) -> Vec<usize> {
        let at = |labels: &[usize], label| labels.iter().position(|&other| other == label);
        let size =
            |&label: &usize| at(&self.left, label).map(|i| a[i]).or(at(&self.right, label).map(|j| b[j]));
        self.result.iter().map(|label| size(label).unwrap_or(1)).collect()
    }

    /// How many terms an element of the result has, on a first operand of a shape.
    pub(crate) fn terms(&self, left: &[usize]) -> usize {
        let sizes = self.left.iter().zip(left).filter(|(label, _)| !self.result.contains(label));
        sizes.fold(1, |count, (_, &n)| count.saturating_mul(n))
    }

    /// The labels as text, as `einsum` has them.
    fn subscripts(&self) -> String {
        let all: Vec<usize> = [&self.left[..], &self.right, &self.result].concat();
        let mut known: Vec<usize> = Vec::new();
        all.iter().for_each(|label| {
            if !known.contains(label) {
                known.push(*label);
            }
        });
        let text = |labels: &[usize]| -> String {
            let letter = |label: &usize| known.iter().position(|other| other == label).unwrap_or(0);
            labels.iter().map(|label| char::from(b'a' + letter(label).min(25) as u8)).collect()
        };
        format!("{},{}->{}", text(&self.left), text(&self.right), text(&self.result))
    }
}

impl<F: Float> Kernel<F> for Contract {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        contract([x.real(0), x.real(1)], self.labels(), y.data, y.scratch, y.threads);
    }
}

impl Op for Contract {
    crate::op_settings!();

    fn symbol(&self) -> String {
        "·".to_owned()
    }

    fn formula(&self) -> &'static str {
        "y = Σ x0 x1 over shared axes"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [a, b] = reals(x)?;
        for (labels, x, name) in [(&self.left, a, "x0"), (&self.right, b, "x1")] {
            if labels.len() != x.len() {
                let (found, wanted) = (x.len(), labels.len());
                return Err(format!("{} takes {wanted} axes of {name}, got {found}", self.subscripts()));
            }
        }
        let labels = self.labels();
        for (k, labels_of_one) in labels.into_iter().enumerate() {
            for (i, label) in labels_of_one.iter().enumerate() {
                if labels_of_one[..i].contains(label) {
                    return Err(format!("{}: a label stands twice for one array", self.subscripts()));
                }
                let others = (0..3).filter(|&other| other != k && labels[other].contains(label)).count();
                if others == 0 {
                    return Err(format!("{}: a label stands for one array alone", self.subscripts()));
                }
            }
        }
        for (i, label) in self.left.iter().enumerate() {
            let Some(j) = self.right.iter().position(|other| other == label) else { continue };
            if a[i] != b[j] {
                return Err(format!(
                    "{}: axis {i} of x0 has {} elements, and axis {j} of x1 has {}; they are one axis",
                    self.subscripts(),
                    a[i],
                    b[j]
                ));
            }
        }
        Ok(self.result_shape([a, b]))
    }

    fn scratch(&self, x: &[&Layout], _: &[usize]) -> usize {
        contract_scratch([x[0].shape(), x[1].shape()], [x[0].strides(), x[1].strides()], self.labels())
    }

    fn flops(&self, x: &[Operand<'_>], shape: &[usize]) -> u64 {
        shape.iter().fold(2 * self.terms(x[0].shape) as u64, |n, &size| n.saturating_mul(size as u64))
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let Self { left, right, result } = self.clone();
        let (op, other) = match operand {
            0 => (Self { left: result, right, result: left }, x[1]),
            _ => (Self { left: result, right: left, result: right }, x[0]),
        };
        dy.tape().apply(op, &[dy, other]).into()
    }

    fn by_rows(&self) -> bool {
        let first = self.result.first();
        first.is_some_and(|label| self.left.first() == Some(label) && !self.right.contains(label))
    }

    fn threaded(&self) -> bool {
        true
    }

    fn column(
        &self,
        operand: usize,
        x: Inputs<'_, '_, f64>,
        element: usize,
        add: &mut dyn FnMut(usize, f64),
    ) -> bool {
        let shapes = [x.shape(0), x.shape(1)];
        let (own, other) = if operand == 0 { (&self.left, &self.right) } else { (&self.right, &self.left) };
        let index = unravel(element, shapes[operand]);
        // What an element of the other operand shares with this one is fixed; its other axes are free.
        let (mut sizes, mut from, mut to) = (Vec::new(), Vec::new(), Vec::new());
        let view = x.real(1 - operand);
        let (data, start) = view.buffer();
        let mut start = start as isize;
        let y = Layout::contiguous(&self.result_shape(shapes));
        let y_step =
            |label: usize| self.result.iter().position(|&other| other == label).map_or(0, |i| y.strides()[i]);
        let y_start: isize = own.iter().zip(&index).map(|(&label, &i)| i as isize * y_step(label)).sum();
        for (i, &label) in other.iter().enumerate() {
            match own.iter().position(|&l| l == label) {
                Some(at) => start += index[at] as isize * view.strides()[i],
                None => {
                    sizes.push(view.shape()[i]);
                    from.push(view.strides()[i]);
                    to.push(y_step(label));
                }
            }
        }
        for i in 0..size(&sizes) {
            let gain = data[(start + place(i, &sizes, &from)) as usize];
            add((y_start + place(i, &sizes, &to)) as usize, gain);
        }
        true
    }

    fn batched(&self, is_batched: &[bool]) -> Option<Arc<dyn Op>> {
        let all = [&self.left, &self.right, &self.result];
        let new = all.iter().flat_map(|labels| labels.iter()).max().map_or(0, |label| label + 1);
        let with = |labels: &[usize], is: bool| {
            is.then_some(new).into_iter().chain(labels.iter().copied()).collect()
        };
        let (left, right) = (with(&self.left, is_batched[0]), with(&self.right, is_batched[1]));
        Some(Arc::new(Self { left, right, result: with(&self.result, true) }))
    }

    fn smooth(&self) -> bool {
        true
    }

    fn portable<'p>(&self, x: &[Portable<'p>], _: &[usize]) -> Result<Portable<'p>, String> {
        let Self { left, right, result } = self;
        let at = |labels: &[usize], label: usize| labels.iter().position(|&other| other == label);
        let pairs = |wanted: &dyn Fn(usize) -> bool| -> [Vec<usize>; 2] {
            let all = left.iter().enumerate().filter(|&(_, &label)| wanted(label));
            all.filter_map(|(i, &label)| Some((i, at(right, label)?))).unzip().into()
        };
        let batch = pairs(&|label| result.contains(&label));
        let summed = pairs(&|label| !result.contains(&label));
        let y = x[0].contract(x[1], [&batch[0], &batch[1]], [&summed[0], &summed[1]]);
        // The labels of the axes, as the primitive orders them.
        let free = |own: &'_ [usize], other: &[usize]| {
            own.iter().copied().filter(|label| !other.contains(label)).collect::<Vec<_>>()
        };
        let order =
            [batch[0].iter().map(|&i| left[i]).collect(), free(left, right), free(right, left)].concat();
        Ok(y.transpose(&result.iter().filter_map(|&label| at(&order, label)).collect::<Vec<_>>()))
    }

    fn samples(&self) -> Vec<Sample> {
        let sizes = |labels: &[usize], sizes: &[usize]| -> Vec<usize> {
            labels.iter().map(|label| sizes[label % sizes.len()]).collect()
        };
        [[2, 3, 4, 5], [1, 4, 2, 3], [3, 1, 0, 2], [2, 1, 1, 3]]
            .map(|all| {
                let (a, b) = (sizes(&self.left, &all), sizes(&self.right, &all));
                Sample::of([&a[..], &b], Domain::Between(-2.0, 2.0))
            })
            .to_vec()
    }
}

/// Contractions that between them take every way through the kernel.
fn examples() -> Vec<Contract> {
    let texts = [
        ["ik", "kj", "ij"],
        ["bik", "bkj", "bij"],
        ["bik", "kj", "bij"],
        ["ik", "bkj", "bij"],
        ["i", "i", ""],
        ["i", "j", "ij"],
        ["ik", "jk", "ji"],
        ["ikb", "kjb", "ijb"],
        ["ab", "cd", "adcb"],
        ["acb", "bca", ""],
        ["abcd", "cb", "da"],
        ["abcd", "dcb", "a"],
    ];
    texts.map(|[left, right, result]| Contract::of(left, right, result)).to_vec()
}

crate::ops::entry::built_in! { Contract, "contract", [left, right, result], examples(); }

/// The labels of a product as NumPy's `matmul` and the axes of size 1 that stretch, which each operand is given without.
pub(crate) fn product(a: &[usize], b: &[usize]) -> Result<(Contract, [Vec<isize>; 2]), String> {
    if a.is_empty() || b.is_empty() {
        return Err(
            "takes vectors, matrices or batches of matrices, got a single number; × multiplies by it"
                .to_owned(),
        );
    }
    let own = |x: &[usize]| x.len().saturating_sub(2);
    let batch = own(a).max(own(b));
    if let Err(problem) = shape::broadcast(&a[..own(a)], &b[..own(b)]) {
        return Err(format!(
            "cannot multiply {a:?} by {b:?}: the axes before the matrices do not fit: {problem}"
        ));
    }
    let (columns, rows) = (a[a.len() - 1], b[b.len().saturating_sub(2)]);
    if columns != rows {
        return Err(format!(
            "cannot multiply {a:?} by {b:?}: {columns} columns meet {rows} rows; [m, k] · [k, n] gives [m, n]"
        ));
    }
    let (m, n, k) = (batch, batch + 1, batch + 2);
    let of = |x: &[usize], other: &[usize], last: &[usize]| -> (Vec<usize>, Vec<isize>) {
        let at = |x: &[usize], label: usize| (label + own(x)).checked_sub(batch).map(|i| x[i]);
        let all = || (0..batch).filter(|&label| label + own(x) >= batch);
        let stretches = |label: usize| at(x, label) == Some(1) && at(other, label).is_some_and(|n| n != 1);
        let kept = all().filter(|&label| !stretches(label)).chain(last.iter().copied()).collect();
        (
            kept,
            all().filter(|&label| stretches(label)).map(|label| (label + own(x) - batch) as isize).collect(),
        )
    };
    let (row_axes, column_axes) = ([m, k], [k, n]);
    let (left, left_out) = of(a, b, if a.len() == 1 { &row_axes[1..] } else { &row_axes });
    let (right, right_out) = of(b, a, if b.len() == 1 { &column_axes[..1] } else { &column_axes });
    let result = (0..batch).chain((a.len() > 1).then_some(m)).chain((b.len() > 1).then_some(n)).collect();
    Ok((Contract { left, right, result }, [left_out, right_out]))
}

impl<'t> Var<'t> {
    /// A product as NumPy's `matmul` of operands that are not both matrices.
    #[track_caller]
    pub(super) fn batched_matmul(self, other: Var<'t>) -> Var<'t> {
        let (op, [left_out, right_out]) = match product(&self.shape(), &other.shape()) {
            Ok(found) => found,
            Err(problem) => self.tape().refuse_operands("matmul", problem, &[self, other]),
        };
        let a = if left_out.is_empty() { self } else { self.squeeze(left_out) };
        let b = if right_out.is_empty() { other } else { other.squeeze(right_out) };
        self.tape().apply(op, &[a, b])
    }

    /// The scalar product of two vectors: `y = Σ x0 x1`.
    ///
    /// ```
    /// use ndarray::arr1;
    /// let tape = chainrule::Tape::new();
    /// let (a, b) = (tape.leaf("a", arr1(&[1.0, 2.0])), tape.leaf("b", arr1(&[3.0, 4.0])));
    /// assert_eq!(a.dot(b).value().item(), 11.0);
    /// ```
    ///
    /// # Panics
    ///
    /// If one is no vector, or they have different lengths.
    #[track_caller]
    #[must_use]
    pub fn dot(self, other: Var<'t>) -> Var<'t> {
        self.vectors("dot", other, Contract::of("i", "i", ""))
    }

    /// The product of each element of a vector with each of another: `[m], [n] → [m, n]`.
    ///
    /// ```
    /// use ndarray::{arr1, arr2};
    /// let tape = chainrule::Tape::new();
    /// let (a, b) = (tape.leaf("a", arr1(&[1.0, 2.0])), tape.leaf("b", arr1(&[3.0, 4.0])));
    /// assert_eq!(a.outer(b).value().into_array(), arr2(&[[3.0, 4.0], [6.0, 8.0]]).into_dyn());
    /// ```
    ///
    /// # Panics
    ///
    /// If one is no vector.
    #[track_caller]
    #[must_use]
    pub fn outer(self, other: Var<'t>) -> Var<'t> {
        self.vectors("outer", other, Contract::of("i", "j", "ij"))
    }

    #[track_caller]
    fn vectors(self, name: &'static str, other: Var<'t>, op: Contract) -> Var<'t> {
        let (a, b) = (self.shape(), other.shape());
        if a.len() != 1 || b.len() != 1 || op.result.is_empty() && a != b {
            let lengths = if op.result.is_empty() { " of one length" } else { "" };
            let problem = format!("takes two vectors{lengths}, got {a:?} and {b:?}; `matmul` takes matrices");
            self.tape().refuse_operands(name, problem, &[self, other])
        }
        self.tape().apply(op, &[self, other])
    }
}
