//! Sizes that depend on the batch size: what they are for three of these says how.

use crate::exchange::exported::Export;
use crate::portable::{PortableNode, PortableProgram, Primitive};

/// A number of a program: a multiple of the batch size and a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct BatchSize {
    pub(super) factor: f64,
    pub(super) offset: f64,
}

impl BatchSize {
    pub(super) fn known(number: f64) -> Self {
        Self { factor: 0.0, offset: number }
    }

    pub(super) fn is_known(self) -> bool {
        self.factor == 0.0
    }
}

/// One node for all batch sizes.
#[derive(Debug, Clone, Copy)]
pub(super) struct SizedNode<'e> {
    export: &'e Export,
    /// The node in the sizes of the tape, or of the first batch size.
    pub(super) node: &'e PortableNode,
    place: usize,
}

impl<'e> SizedNode<'e> {
    pub(super) fn new(export: &'e Export, place: usize) -> Self {
        let program = export.sized.first().map_or(&export.program, |(_, program)| program);
        Self { export, node: &program.nodes[place], place }
    }

    pub(super) fn operand(self, i: usize) -> Self {
        Self::new(self.export, self.node.operands[i])
    }

    pub(super) fn place(self) -> usize {
        self.place
    }

    /// A number that is read off the node.
    ///
    /// # Errors
    ///
    /// If it is no multiple of the batch size and a number.
    pub(super) fn number(self, read: impl Fn(&PortableNode) -> Option<f64>) -> Result<BatchSize, String> {
        let wrong =
            || "it depends on the batch size in another way than by a multiple and a number".to_owned();
        let [(n0, first), (n1, second), (n2, third)] = &self.export.sized[..] else {
            return read(self.node).map(BatchSize::known).ok_or_else(wrong);
        };
        let values = [first, second, third].map(|program| program.nodes.get(self.place).and_then(&read));
        let [Some(a), Some(b), Some(c)] = values else { return Err(wrong()) };
        if [a, b, c].iter().all(|x| x.to_bits() == a.to_bits()) {
            return Ok(BatchSize::known(a));
        }
        let [n0, n1, n2] = [n0, n1, n2].map(|&n| n as f64);
        let factor = (b - a) / (n1 - n0);
        let offset = a - factor * n0;
        let fits = factor * n2 + offset == c;
        if fits { Ok(BatchSize { factor, offset }) } else { Err(wrong()) }
    }

    /// Sizes or positions that are read off the node.
    ///
    /// # Errors
    ///
    /// As of [`number`](Self::number), or if a multiple is no whole number.
    pub(super) fn sizes(self, read: impl Fn(&PortableNode) -> Vec<usize>) -> Result<Vec<BatchSize>, String> {
        let count = read(self.node).len();
        (0..count)
            .map(|i| {
                let size = self.number(|node| read(node).get(i).map(|&n| n as f64))?;
                match size.factor.fract() == 0.0 {
                    true => Ok(size),
                    false => Err("a size is no whole multiple of the batch size".to_owned()),
                }
            })
            .collect()
    }

    pub(super) fn shape(self) -> Result<Vec<BatchSize>, String> {
        self.sizes(|node| node.shape.clone())
    }
}

/// That the programs for all batch sizes have the same functions in the same order.
pub(super) fn check_structure(export: &Export) -> Result<(), String> {
    let Some((_, first)) = export.sized.first() else { return Ok(()) };
    for (_, other) in &export.sized {
        let same = first.nodes.len() == other.nodes.len()
            && first.results == other.results
            && first.nodes.iter().zip(&other.nodes).all(|(a, b)| {
                std::mem::discriminant(&a.primitive) == std::mem::discriminant(&b.primitive)
                    && a.operands == b.operands
                    && a.shape.len() == b.shape.len()
            });
        if !same {
            return Err("its primitives depend on the batch size, as those of running sums along the axis of the batch do".to_owned());
        }
    }
    Ok(())
}

impl<'e> SizedNode<'e> {
    /// The programs of all batch sizes, or that of the tape.
    pub(super) fn programs(export: &'e Export) -> impl Iterator<Item = &'e PortableProgram> {
        let own = export.sized.is_empty().then_some(&export.program);
        export.sized.iter().map(|(_, program)| program).chain(own)
    }

    pub(super) fn program(export: &'e Export) -> &'e PortableProgram {
        export.sized.first().map_or(&export.program, |(_, program)| program)
    }

    pub(super) fn count(export: &'e Export) -> usize {
        Self::program(export).nodes.len()
    }
}

impl PortableProgram {
    /// The shape from which a value is stretched.
    pub(super) fn light_shape(&self, k: usize) -> &[usize] {
        let node = &self.nodes[k];
        match &node.primitive {
            Primitive::Constant(numbers) if numbers.len() == 1 => &[],
            Primitive::Broadcast { .. } => self.light_shape(node.operands[0]),
            _ => &node.shape,
        }
    }

    /// Whether a value is stretched as NumPy does, its axes the last ones.
    pub(super) fn is_trailing(&self, k: usize) -> bool {
        let node = &self.nodes[k];
        match &node.primitive {
            Primitive::Broadcast { axes } => {
                let scalar = self.light_shape(k).is_empty();
                let last = axes.iter().rev().zip((0..node.shape.len()).rev()).all(|(&a, b)| a == b);
                scalar || last && self.is_trailing(node.operands[0])
            }
            _ => true,
        }
    }
}
