//! Sums of products, and numbers added at indices.

use super::attributes::{int, ints, text};
use super::dims::{BatchSize, SizedNode};
use super::writer::OnnxWriter;

/// The product of sizes, of which one at most is open.
fn product(sizes: &[BatchSize]) -> Result<BatchSize, String> {
    let mut all = BatchSize::known(1.0);
    for &size in sizes {
        all = match (all.is_known(), size.is_known()) {
            (_, true) => BatchSize { factor: all.factor * size.offset, offset: all.offset * size.offset },
            (true, _) => BatchSize { factor: size.factor * all.offset, offset: size.offset * all.offset },
            (false, false) => return Err("it depends on the square of the batch size".to_owned()),
        };
    }
    Ok(all)
}

impl OnnxWriter<'_> {
    /// As a product of batches of matrices, whose axes are several as one.
    pub(super) fn contract(
        &mut self,
        node: SizedNode<'_>,
        batch: &[Vec<usize>; 2],
        summed: &[Vec<usize>; 2],
    ) -> Result<String, String> {
        let mut matrices = Vec::new();
        for i in 0..2 {
            let shape = node.operand(i).shape()?;
            let free: Vec<usize> =
                (0..shape.len()).filter(|a| !batch[i].contains(a) && !summed[i].contains(a)).collect();
            let parts = if i == 0 { [&batch[i], &free, &summed[i]] } else { [&batch[i], &summed[i], &free] };
            let order: Vec<usize> = parts.iter().flat_map(|part| part.iter().copied()).collect();
            let mut x = self.full(node.node.operands[i])?;
            if !order.is_sorted() {
                x = self.emit("Transpose", &[&x], vec![ints("perm", &order)]);
            }
            let of = |part: &[usize]| part.iter().map(|&a| shape[a]).collect::<Vec<_>>();
            let mut sizes = of(parts[0]);
            sizes.push(product(&of(parts[1]))?);
            sizes.push(product(&of(parts[2]))?);
            if parts[1].len() != 1 || parts[2].len() != 1 {
                x = self.reshaped(&x, &sizes)?;
            }
            matrices.push((x, free.len()));
        }
        let y = self.emit("MatMul", &[&matrices[0].0, &matrices[1].0], vec![]);
        if matrices.iter().all(|&(_, free)| free == 1) {
            return Ok(y);
        }
        self.reshaped(&y, &node.shape()?)
    }

    /// Slices as elements, their indices stretched over them.
    pub(super) fn add_at(&mut self, node: SizedNode<'_>, axis: usize) -> Result<String, String> {
        let (base, indices, slices) = (node.operand(0), node.operand(1), node.operand(2));
        let (own, of_indices) = (base.shape()?, indices.shape()?);
        let count = product(&of_indices)?;
        let mut sizes = own.clone();
        sizes[axis] = count;
        let mut line = vec![BatchSize::known(1.0); own.len()];
        line[axis] = count;
        let names = [base, indices, slices].map(|x| self.full(x.place()));
        let [base, indices, slices] = names;
        let (indices, slices) = (self.reshaped(&indices?, &line)?, self.reshaped(&slices?, &sizes)?);
        let sizes = self.sizes(&sizes)?;
        let indices = self.emit("Expand", &[&indices, &sizes], vec![]);
        Ok(self.add_elements([&base?, &indices, &slices], axis))
    }

    pub(super) fn add_elements(&mut self, x: [&str; 3], axis: usize) -> String {
        self.emit("ScatterElements", &x, vec![int("axis", axis), text("reduction", "add")])
    }
}
