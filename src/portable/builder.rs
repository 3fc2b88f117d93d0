//! Portable programs as data, and what writes them.

use super::element::ElementType;
use super::primitive::Primitive;
use crate::base::shape::size;
use std::cell::RefCell;
use std::fmt;

/// A value of a portable program: a primitive on earlier values.
#[derive(Debug, Clone, PartialEq)]
pub struct PortableNode {
    /// The function.
    pub primitive: Primitive,
    /// The operands, by their place among the nodes.
    pub operands: Vec<usize>,
    /// What the elements of the result are.
    pub element: ElementType,
    /// The shape of the result.
    pub shape: Vec<usize>,
}

/// A portable program: nodes, each of which reads earlier ones.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PortableProgram {
    /// The nodes, in an order in which they can be computed.
    pub nodes: Vec<PortableNode>,
    /// The results, by their place among the nodes.
    pub results: Vec<usize>,
}

/// Writes a portable program.
#[derive(Debug, Default)]
pub struct PortableBuilder {
    nodes: RefCell<Vec<PortableNode>>,
    problem: RefCell<Option<String>>,
}

impl PortableBuilder {
    /// An argument of the program.
    pub fn argument(&self, number: usize, element: ElementType, shape: &[usize]) -> Portable<'_> {
        self.push(Primitive::Argument(number), &[], element, shape.to_vec())
    }

    /// Numbers in row-major order; a single one stands for all elements.
    pub fn constant(&self, numbers: &[f64], element: ElementType, shape: &[usize]) -> Portable<'_> {
        let (wanted, given) = (size(shape), numbers.len());
        if given != 1 && given != wanted {
            self.refuse(format!("{given} numbers for a constant of shape {shape:?}"));
        }
        self.push(Primitive::Constant(numbers.to_vec()), &[], element, shape.to_vec())
    }

    /// The positions along an axis.
    pub fn iota(&self, axis: usize, element: ElementType, shape: &[usize]) -> Portable<'_> {
        if axis >= shape.len() {
            self.refuse(format!("positions along axis {axis} of shape {shape:?}"));
        }
        self.push(Primitive::Iota { axis }, &[], element, shape.to_vec())
    }

    /// The first thing that was wrong, if anything was; then what was written is of no use.
    pub fn take_problem(&self) -> Option<String> {
        self.problem.take()
    }

    /// The program up to now, with these results.
    pub fn finish(&self, results: &[Portable<'_>]) -> PortableProgram {
        PortableProgram {
            nodes: self.nodes.borrow().clone(),
            results: results.iter().map(|x| x.id).collect(),
        }
    }

    pub(super) fn refuse(&self, problem: String) {
        self.problem.borrow_mut().get_or_insert(problem);
    }

    pub(super) fn push(
        &self,
        primitive: Primitive,
        operands: &[Portable<'_>],
        element: ElementType,
        shape: Vec<usize>,
    ) -> Portable<'_> {
        let operands = operands.iter().map(|x| x.id).collect();
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(PortableNode { primitive, operands, element, shape });
        Portable { builder: self, id: nodes.len() - 1 }
    }
}

/// A `Copy` handle to a value of a portable program, with operators and methods that write more of it.
///
/// Nothing panics: what does not fit is remembered, and the export is refused with it.
#[derive(Clone, Copy)]
pub struct Portable<'p> {
    pub(super) builder: &'p PortableBuilder,
    id: usize,
}

impl<'p> Portable<'p> {
    /// Its shape.
    pub fn shape(self) -> Vec<usize> {
        self.with(|node| node.shape.clone())
    }

    /// Its number of axes.
    pub fn rank(self) -> usize {
        self.with(|node| node.shape.len())
    }

    /// What its elements are.
    pub fn element(self) -> ElementType {
        self.with(|node| node.element)
    }

    /// Its place among the nodes.
    pub fn place(self) -> usize {
        self.id
    }

    /// A number of the same type, as a scalar.
    pub fn number(self, number: f64) -> Self {
        self.builder.constant(&[number], self.element(), &[])
    }

    /// Numbers of the same type.
    pub fn numbers(self, numbers: &[f64], shape: &[usize]) -> Self {
        self.builder.constant(numbers, self.element(), shape)
    }

    /// One number for all elements of a shape, of the same type.
    pub fn full(self, number: f64, shape: &[usize]) -> Self {
        self.builder.constant(&[number], self.element(), shape)
    }

    /// The single number that it is known to be.
    pub(super) fn splat(self) -> Option<f64> {
        self.with(|node| match &node.primitive {
            Primitive::Constant(numbers) if numbers.len() == 1 => Some(numbers[0]),
            _ => None,
        })
    }

    pub(super) fn with<T>(self, f: impl FnOnce(&PortableNode) -> T) -> T {
        f(&self.builder.nodes.borrow()[self.id])
    }

    pub(super) fn push(
        self,
        primitive: Primitive,
        more: &[Self],
        element: ElementType,
        shape: Vec<usize>,
    ) -> Self {
        let operands: Vec<Self> = std::iter::once(self).chain(more.iter().copied()).collect();
        self.builder.push(primitive, &operands, element, shape)
    }

    /// Remembers what does not fit, and stands for what would have been.
    pub(super) fn refuse(self, problem: String) -> Self {
        self.builder.refuse(problem);
        self
    }
}

impl fmt::Debug for Portable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with(|node| write!(f, "%{} {:?} {:?}", self.id, node.primitive, node.shape))
    }
}
