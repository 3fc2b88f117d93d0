//! Primitives as nodes of ONNX.

use super::attributes::{int, ints};
use super::dims::{BatchSize, SizedNode};
use super::messages::{DimensionProto, DimensionValue, TensorShapeProto};
use super::writer::OnnxWriter;
use crate::portable::{
    BinaryPrimitive, Comparison, ElementType, PortableNode, Primitive, ReducePrimitive, UnaryPrimitive,
};

/// A shape of known sizes.
pub(super) fn shape_of(dims: &[i64]) -> TensorShapeProto {
    let value = |&n: &i64| DimensionProto { value: Some(DimensionValue::DimValue(n)) };
    TensorShapeProto { dim: dims.iter().map(value).collect() }
}

/// The sizes of a slice or of padding, which a closure reads off a node.
fn slice_part(node: &PortableNode, part: usize) -> Vec<usize> {
    match &node.primitive {
        Primitive::Slice { start, end, step } => [start, end, step][part].clone(),
        Primitive::Pad { low, high, between } => [low, high, between][part].clone(),
        _ => Vec::new(),
    }
}

impl OnnxWriter<'_> {
    /// Writes a node, unless what reads it will.
    pub(super) fn node(&mut self, node: SizedNode<'_>) -> Result<(), String> {
        let element = node.node.element;
        let value = match &node.node.primitive {
            Primitive::Argument(_) | Primitive::Broadcast { .. } => return Ok(()),
            Primitive::Constant(numbers) if numbers.len() == 1 => return Ok(()),
            Primitive::Constant(numbers) => {
                let shape = node.shape()?;
                let same = SizedNode::programs(self.export)
                    .all(|program| program.nodes[node.place()].primitive == node.node.primitive);
                if !same || !shape.iter().all(|size| size.is_known()) {
                    return Err("its numbers depend on the batch size".to_owned());
                }
                self.constant(element, numbers, &node.node.shape)
            }
            Primitive::Unary(f) => self.unary(node, *f)?,
            Primitive::Binary(f) => {
                let x = self.stretched(node)?;
                let x: Vec<&str> = x.iter().map(String::as_str).collect();
                let logic = element == ElementType::Truth;
                let (op, attributes) = match f {
                    BinaryPrimitive::Add => ("Add", vec![]),
                    BinaryPrimitive::Sub => ("Sub", vec![]),
                    BinaryPrimitive::Mul => ("Mul", vec![]),
                    BinaryPrimitive::Div => ("Div", vec![]),
                    BinaryPrimitive::Maximum => ("Max", vec![]),
                    BinaryPrimitive::Minimum => ("Min", vec![]),
                    BinaryPrimitive::Pow => ("Pow", vec![]),
                    BinaryPrimitive::Rem => ("Mod", vec![int("fmod", 1)]),
                    BinaryPrimitive::And => (if logic { "And" } else { "BitwiseAnd" }, vec![]),
                    BinaryPrimitive::Or => (if logic { "Or" } else { "BitwiseOr" }, vec![]),
                    BinaryPrimitive::Xor => (if logic { "Xor" } else { "BitwiseXor" }, vec![]),
                };
                self.emit(op, &x, attributes)
            }
            Primitive::Compare(f) => {
                let x = self.stretched(node)?;
                let x: Vec<&str> = x.iter().map(String::as_str).collect();
                let op = match f {
                    Comparison::Less => "Less",
                    Comparison::LessEqual => "LessOrEqual",
                    Comparison::Greater => "Greater",
                    Comparison::GreaterEqual => "GreaterOrEqual",
                    Comparison::Equal | Comparison::NotEqual => "Equal",
                };
                let y = self.emit(op, &x, vec![]);
                if *f == Comparison::NotEqual { self.emit("Not", &[&y], vec![]) } else { y }
            }
            Primitive::Select => {
                let x = self.stretched(node)?;
                self.emit("Where", &[&x[0], &x[1], &x[2]], vec![])
            }
            Primitive::Convert => {
                let x = self.full(node.node.operands[0])?;
                let to = self.precision.onnx_type(element) as usize;
                self.emit("Cast", &[&x], vec![int("to", to)])
            }
            Primitive::Reshape => {
                let (x, shape) = (self.full(node.node.operands[0])?, node.shape()?);
                self.reshaped(&x, &shape)?
            }
            Primitive::Transpose { axes } => {
                let x = self.full(node.node.operands[0])?;
                self.emit("Transpose", &[&x], vec![ints("perm", axes)])
            }
            Primitive::Slice { start, .. } => {
                let x = self.full(node.node.operands[0])?;
                let axes = self.axes(&(0..start.len()).collect::<Vec<_>>());
                let mut parts = Vec::new();
                for part in 0..3 {
                    let sizes = node.sizes(|node| slice_part(node, part))?;
                    parts.push(self.sizes(&sizes)?);
                }
                self.emit("Slice", &[&x, &parts[0], &parts[1], &axes, &parts[2]], vec![])
            }
            Primitive::Reverse { axes } => {
                let x = self.full(node.node.operands[0])?;
                let all = |n: f64| vec![n; axes.len()];
                let [start, step] =
                    [-1.0, -1.0].map(|n| self.constant(ElementType::Index, &all(n), &[axes.len()]));
                let end = self.constant(ElementType::Index, &all(i64::MIN as f64), &[axes.len()]);
                let axes = self.axes(axes);
                self.emit("Slice", &[&x, &start, &end, &axes, &step], vec![])
            }
            Primitive::Pad { .. } => self.pad(node)?,
            Primitive::Concat { axis } => {
                let operands =
                    node.node.operands.iter().map(|&x| self.full(x)).collect::<Result<Vec<_>, _>>()?;
                let operands: Vec<&str> = operands.iter().map(String::as_str).collect();
                self.emit("Concat", &operands, vec![int("axis", *axis)])
            }
            Primitive::Reduce { function, axes } => {
                let (x, axes) = (self.full(node.node.operands[0])?, self.axes(axes));
                let op = match function {
                    ReducePrimitive::Sum => "ReduceSum",
                    ReducePrimitive::Product => "ReduceProd",
                    ReducePrimitive::Max => "ReduceMax",
                    ReducePrimitive::Min => "ReduceMin",
                };
                self.emit(op, &[&x, &axes], vec![int("keepdims", 0)])
            }
            Primitive::Contract { batch, summed } => self.contract(node, batch, summed)?,
            Primitive::Take { axis } | Primitive::TakeAlong { axis } => {
                let along = matches!(node.node.primitive, Primitive::TakeAlong { .. });
                let [x, i] = [0, 1].map(|i| self.full(node.node.operands[i]));
                self.emit(
                    if along { "GatherElements" } else { "Gather" },
                    &[&x?, &i?],
                    vec![int("axis", *axis)],
                )
            }
            Primitive::AddAt { axis } => self.add_at(node, *axis)?,
            Primitive::AddAlong { axis } => {
                let [x, i, elements] = [0, 1, 2].map(|i| self.full(node.node.operands[i]));
                self.add_elements([&x?, &i?, &elements?], *axis)
            }
            Primitive::Iota { axis } => {
                let shape = node.shape()?;
                let positions = self.positions(shape[*axis])?;
                let mut sizes = vec![BatchSize::known(1.0); shape.len()];
                sizes[*axis] = shape[*axis];
                let (line, sizes) = (self.reshaped(&positions, &sizes)?, self.sizes(&shape)?);
                self.emit("Expand", &[&line, &sizes], vec![])
            }
            Primitive::ArgSort { descending } => {
                let x = self.full(node.node.operands[0])?;
                let axis = node.node.shape.len() - 1;
                let count = self.sizes(&node.shape()?[axis..])?;
                let largest = int("largest", usize::from(*descending));
                self.emit_second("TopK", &[&x, &count], vec![int("axis", axis), largest, int("sorted", 1)])
            }
        };
        self.set(node, value);
        Ok(())
    }

    fn axes(&mut self, axes: &[usize]) -> String {
        let axes: Vec<f64> = axes.iter().map(|&a| a as f64).collect();
        self.constant(ElementType::Index, &axes, &[axes.len()])
    }

    /// 0, 1, … up to a size.
    fn positions(&mut self, size: BatchSize) -> Result<String, String> {
        let (sizes, none) = (self.sizes(&[size])?, self.sizes(&[])?);
        let end = self.emit("Reshape", &[&sizes, &none], vec![]);
        let [first, step] = [0.0, 1.0].map(|n| self.number(ElementType::Index, n));
        Ok(self.emit("Range", &[&first, &end, &step], vec![]))
    }

    fn unary(&mut self, node: SizedNode<'_>, f: UnaryPrimitive) -> Result<String, String> {
        let x = self.full(node.node.operands[0])?;
        let op = match f {
            UnaryPrimitive::ExpM1 => return Ok(self.exp_m1(&x, node.node.element)),
            UnaryPrimitive::Ln1p => return Ok(self.ln_1p(&x, node.node.element)),
            UnaryPrimitive::Neg => "Neg",
            UnaryPrimitive::Abs => "Abs",
            UnaryPrimitive::Exp => "Exp",
            UnaryPrimitive::Ln => "Log",
            UnaryPrimitive::Sqrt => "Sqrt",
            UnaryPrimitive::Sin => "Sin",
            UnaryPrimitive::Cos => "Cos",
            UnaryPrimitive::Tanh => "Tanh",
            UnaryPrimitive::Sigmoid => "Sigmoid",
            UnaryPrimitive::Floor => "Floor",
            UnaryPrimitive::Ceil => "Ceil",
            UnaryPrimitive::Round => "Round",
            UnaryPrimitive::Not => "Not",
        };
        Ok(self.emit(op, &[&x], vec![]))
    }

    /// `eˣ − 1 = 2t / (1 − t)` with `t = tanh x/2`, where |x| < 1.
    fn exp_m1(&mut self, x: &str, element: ElementType) -> String {
        let [half, one, two] = [0.5, 1.0, 2.0].map(|n| self.number(element, n));
        let halved = self.emit("Mul", &[x, &half], vec![]);
        let t = self.emit("Tanh", &[&halved], vec![]);
        let (above, below) = (self.emit("Mul", &[&t, &two], vec![]), self.emit("Sub", &[&one, &t], vec![]));
        let near = self.emit("Div", &[&above, &below], vec![]);
        let exp = self.emit("Exp", &[x], vec![]);
        let far = self.emit("Sub", &[&exp, &one], vec![]);
        let magnitude = self.emit("Abs", &[x], vec![]);
        let small = self.emit("Less", &[&magnitude, &one], vec![]);
        self.emit("Where", &[&small, &near, &far], vec![])
    }

    /// `ln u + (x − (u − 1)) / u` with `u = 1 + x` as it is rounded; `ln u` where u is 0 or infinite.
    fn ln_1p(&mut self, x: &str, element: ElementType) -> String {
        let [one, zero, infinity] = [1.0, 0.0, f64::INFINITY].map(|n| self.number(element, n));
        let u = self.emit("Add", &[x, &one], vec![]);
        let log = self.emit("Log", &[&u], vec![]);
        let kept = self.emit("Sub", &[&u, &one], vec![]);
        let lost = self.emit("Sub", &[x, &kept], vec![]);
        let correction = self.emit("Div", &[&lost, &u], vec![]);
        let sum = self.emit("Add", &[&log, &correction], vec![]);
        let (none, all) =
            (self.emit("Equal", &[&u, &zero], vec![]), self.emit("Equal", &[&u, &infinity], vec![]));
        let ends = self.emit("Or", &[&none, &all], vec![]);
        self.emit("Where", &[&ends, &log, &sum], vec![])
    }

    fn pad(&mut self, node: SizedNode<'_>) -> Result<String, String> {
        let mut x = self.full(node.node.operands[0])?;
        let value = self.full(node.node.operands[1])?;
        let [low, high, between] = [0, 1, 2].map(|part| node.sizes(move |node| slice_part(node, part)));
        let (low, high, between, own) = (low?, high?, between?, node.operand(0).shape()?);
        // ONNX has no padding between elements: an axis behind is padded, and becomes one with this.
        let mut sizes = own;
        for axis in (0..between.len()).filter(|&a| between[a] != BatchSize::known(0.0)) {
            if !between[axis].is_known() {
                return Err("the distance of elements depends on the batch size".to_owned());
            }
            let step = between[axis].offset + 1.0;
            let mut apart = sizes.clone();
            apart.insert(axis + 1, BatchSize::known(1.0));
            x = self.reshaped(&x, &apart)?;
            let mut ends = vec![BatchSize::known(0.0); 2 * apart.len()];
            ends[apart.len() + axis + 1] = between[axis];
            x = self.padded(&x, &ends, &value)?;
            let longer = BatchSize { factor: sizes[axis].factor * step, offset: sizes[axis].offset * step };
            sizes[axis] = longer;
            x = self.reshaped(&x, &sizes)?;
            sizes[axis].offset -= between[axis].offset;
            let [first, last, axes, one] = [
                self.sizes(&[BatchSize::known(0.0)])?,
                self.sizes(&[sizes[axis]])?,
                self.axes(&[axis]),
                self.sizes(&[BatchSize::known(1.0)])?,
            ];
            x = self.emit("Slice", &[&x, &first, &last, &axes, &one], vec![]);
        }
        let ends = [low, high].concat();
        if ends.iter().all(|&n| n == BatchSize::known(0.0)) { Ok(x) } else { self.padded(&x, &ends, &value) }
    }

    fn padded(&mut self, x: &str, ends: &[BatchSize], value: &str) -> Result<String, String> {
        let ends = self.sizes(ends)?;
        Ok(self.emit("Pad", &[x, &ends, value], Self::mode("mode", "constant")))
    }
}
