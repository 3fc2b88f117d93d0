//! The graph of a model while it is written: nodes, names, sizes.

use super::attributes::{int, text};
use super::dims::{BatchSize, SizedNode, check_structure};
use super::messages::{
    AttributeProto, DimensionProto, DimensionValue, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};
use super::names::Names;
use crate::exchange::exported::{Export, ExportPrecision, ExportedValue, ValueRole};
use crate::portable::{ElementType, Primitive};
use rustc_hash::FxHashMap;

/// The operator set that is written, and the version of the format that came with it.
const OPSET: i64 = 18;
const IR_VERSION: i64 = 8;

/// The name of the open batch size.
const BATCH: &str = "batch";

/// The model of an export.
pub(super) fn write(export: &Export, precision: ExportPrecision) -> Result<ModelProto, String> {
    check_structure(export)?;
    let mut writer = OnnxWriter::new(export, precision);
    writer.arguments()?;
    let count = SizedNode::count(export);
    for k in 0..count {
        let node = SizedNode::new(export, k);
        let described = |problem: String| format!("{:?}: {problem}", node.node.primitive);
        writer.node(node).map_err(described)?;
    }
    writer.results()?;
    Ok(ModelProto {
        ir_version: IR_VERSION,
        producer_name: "chainrule".to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
        graph: Some(writer.graph),
        metadata_props: Vec::new(),
    })
}

pub(super) struct OnnxWriter<'e> {
    pub(super) export: &'e Export,
    pub(super) precision: ExportPrecision,
    pub(super) graph: GraphProto,
    names: Names,
    /// The name of each node's value, where it has one: what is stretched has none until it is wanted as it is.
    values: Vec<Option<String>>,
    constants: FxHashMap<String, String>,
    batch: Option<String>,
}

impl<'e> OnnxWriter<'e> {
    fn new(export: &'e Export, precision: ExportPrecision) -> Self {
        let graph = GraphProto { name: "chainrule".to_owned(), ..GraphProto::default() };
        let values = vec![None; SizedNode::count(export)];
        let constants = FxHashMap::default();
        Self { export, precision, graph, names: Names::default(), values, constants, batch: None }
    }

    fn arguments(&mut self) -> Result<(), String> {
        for k in 0..self.values.len() {
            let node = SizedNode::new(self.export, k);
            let Primitive::Argument(number) = node.node.primitive else { continue };
            let name = self.names.unique(&self.export.arguments[number].name);
            let info = self.info(&name, node)?;
            self.graph.input.push(info);
            self.values[k] = Some(name);
        }
        Ok(())
    }

    fn results(&mut self) -> Result<(), String> {
        let program = SizedNode::program(self.export);
        for (value, &k) in self.export.results.iter().zip(&program.results) {
            let ExportedValue { name, role, .. } = value;
            let wanted = if *role == ValueRole::State { format!("{name}.next") } else { name.clone() };
            let name = self.names.unique(&wanted);
            let full = self.full(k)?;
            self.push("Identity", &[&full], Vec::new(), &[&name]);
            let info = self.info(&name, SizedNode::new(self.export, k))?;
            self.graph.output.push(info);
        }
        Ok(())
    }

    fn info(&self, name: &str, node: SizedNode<'_>) -> Result<ValueInfoProto, String> {
        let dim = (node.shape()?.into_iter())
            .map(|size| match size {
                _ if size.is_known() => DimensionValue::DimValue(size.offset as i64),
                BatchSize { factor: 1.0, offset: 0.0 } => DimensionValue::DimParam(BATCH.to_owned()),
                BatchSize { factor, offset } => {
                    DimensionValue::DimParam(format!("{factor}*{BATCH}+{offset}"))
                }
            })
            .map(|value| DimensionProto { value: Some(value) })
            .collect();
        let elem_type = self.precision.onnx_type(node.node.element);
        let tensor_type = TensorTypeProto { elem_type, shape: Some(TensorShapeProto { dim }) };
        Ok(ValueInfoProto {
            name: name.to_owned(),
            r#type: Some(TypeProto { tensor_type: Some(tensor_type) }),
        })
    }

    fn push(&mut self, op: &str, x: &[&str], attribute: Vec<AttributeProto>, y: &[&str]) {
        let [input, output] = [x, y].map(|names| names.iter().map(|&name| name.to_owned()).collect());
        let name = format!("{op}_{}", self.graph.node.len());
        self.graph.node.push(NodeProto {
            input,
            output,
            name,
            op_type: op.to_owned(),
            attribute,
            ..NodeProto::default()
        });
    }

    /// A node with one result, and the name of that.
    pub(super) fn emit(&mut self, op: &str, x: &[&str], attributes: Vec<AttributeProto>) -> String {
        let y = self.names.unique(&format!("v{}", self.graph.node.len()));
        self.push(op, x, attributes, &[&y]);
        y
    }

    /// A node with two results, of which the second is wanted.
    pub(super) fn emit_second(&mut self, op: &str, x: &[&str], attributes: Vec<AttributeProto>) -> String {
        let number = self.graph.node.len();
        let [first, second] = ["a", "b"].map(|of| self.names.unique(&format!("v{number}{of}")));
        self.push(op, x, attributes, &[&first, &second]);
        second
    }

    pub(super) fn set(&mut self, node: SizedNode<'_>, value: String) {
        self.values[node.place()] = Some(value);
    }

    /// Numbers as an initialiser; equal ones are there once.
    pub(super) fn constant(&mut self, element: ElementType, numbers: &[f64], shape: &[usize]) -> String {
        let bits: Vec<u64> = numbers.iter().map(|x| x.to_bits()).collect();
        let key = format!("{element:?} {bits:x?} {shape:?}");
        if let Some(known) = self.constants.get(&key) {
            return known.clone();
        }
        let name = self.names.unique(&format!("c{}", self.constants.len()));
        self.graph.initializer.push(self.precision.onnx_tensor(&name, element, numbers, shape));
        self.constants.insert(key, name.clone());
        name
    }

    /// The batch size, a vector of one number.
    fn batch(&mut self) -> Result<String, String> {
        if let Some(batch) = &self.batch {
            return Ok(batch.clone());
        }
        for k in 0..self.values.len() {
            let node = SizedNode::new(self.export, k);
            let open = |size: &BatchSize| *size == BatchSize { factor: 1.0, offset: 0.0 };
            if let Primitive::Argument(_) = node.node.primitive
                && node.shape()?.first().is_some_and(open)
            {
                let name = self.full(k)?;
                let batch = self.emit("Shape", &[&name], vec![int("start", 0), int("end", 1)]);
                self.batch = Some(batch.clone());
                return Ok(batch);
            }
        }
        Err("no input has the batch size that is left open".to_owned())
    }

    /// Sizes or positions as a vector.
    pub(super) fn sizes(&mut self, sizes: &[BatchSize]) -> Result<String, String> {
        let vector = |own: &[BatchSize]| own.iter().map(|size| size.offset).collect::<Vec<_>>();
        if sizes.iter().all(|size| size.is_known()) {
            return Ok(self.constant(ElementType::Index, &vector(sizes), &[sizes.len()]));
        }
        let mut parts = Vec::new();
        for part in sizes.chunk_by(|a, b| a.is_known() && b.is_known()) {
            let number = part[0];
            if number.is_known() {
                parts.push(self.constant(ElementType::Index, &vector(part), &[part.len()]));
                continue;
            }
            let mut own = self.batch()?;
            if number.factor != 1.0 {
                let factor = self.constant(ElementType::Index, &[number.factor], &[1]);
                own = self.emit("Mul", &[&own, &factor], Vec::new());
            }
            if number.offset != 0.0 {
                let offset = self.constant(ElementType::Index, &[number.offset], &[1]);
                own = self.emit("Add", &[&own, &offset], Vec::new());
            }
            parts.push(own);
        }
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        Ok(match parts[..] {
            [part] => part.to_owned(),
            _ => self.emit("Concat", &parts, vec![int("axis", 0)]),
        })
    }

    /// A number as a scalar.
    fn scalar(&mut self, number: BatchSize, element: ElementType) -> Result<String, String> {
        if number.is_known() {
            return Ok(self.constant(element, &[number.offset], &[]));
        }
        let (batch, none) = (self.batch()?, self.sizes(&[])?);
        let batch = self.emit("Reshape", &[&batch, &none], Vec::new());
        let to = self.precision.onnx_type(element) as usize;
        let batch = self.emit("Cast", &[&batch], vec![int("to", to)]);
        let [factor, offset] = [number.factor, number.offset].map(|x| self.constant(element, &[x], &[]));
        let multiple = self.emit("Mul", &[&batch, &factor], Vec::new());
        Ok(self.emit("Add", &[&multiple, &offset], Vec::new()))
    }

    /// Under a shape; a single open size is left to follow from the others.
    pub(super) fn reshaped(&mut self, x: &str, shape: &[BatchSize]) -> Result<String, String> {
        let open = shape.iter().filter(|size| !size.is_known()).count();
        let empty = shape.iter().any(|size| *size == BatchSize::known(0.0));
        if open == 1 && !empty {
            let sizes: Vec<BatchSize> = shape
                .iter()
                .map(|&size| if size.is_known() { size } else { BatchSize::known(-1.0) })
                .collect();
            let shape = self.sizes(&sizes)?;
            return Ok(self.emit("Reshape", &[x, &shape], Vec::new()));
        }
        let shape = self.sizes(shape)?;
        Ok(self.emit("Reshape", &[x, &shape], vec![int("allowzero", 1)]))
    }

    /// A value in its own shape.
    pub(super) fn full(&mut self, k: usize) -> Result<String, String> {
        if let Some(name) = &self.values[k] {
            return Ok(name.clone());
        }
        let node = SizedNode::new(self.export, k);
        let (mut narrow, axes) = match &node.node.primitive {
            Primitive::Broadcast { axes } => (self.full(node.node.operands[0])?, Some(axes)),
            _ => (self.light(k)?, None),
        };
        let shape = node.shape()?;
        if shape.contains(&BatchSize::known(0.0)) && shape.iter().all(|size| size.is_known()) {
            // Nothing is stretched to a size of 0.
            return Ok(self.constant(node.node.element, &[], &node.node.shape));
        }
        if let Some(axes) = axes {
            let own = node.operand(0).shape()?;
            let mut sizes = vec![BatchSize::known(1.0); shape.len()];
            axes.iter().zip(own).for_each(|(&axis, size)| sizes[axis] = size);
            narrow = self.reshaped(&narrow, &sizes)?;
        }
        if !shape.is_empty() {
            let sizes = self.sizes(&shape)?;
            narrow = self.emit("Expand", &[&narrow, &sizes], Vec::new());
        }
        self.values[k] = Some(narrow.clone());
        Ok(narrow)
    }

    /// A value in a shape from which it is stretched as NumPy does, by the op that reads it.
    fn light(&mut self, k: usize) -> Result<String, String> {
        let node = SizedNode::new(self.export, k);
        match &node.node.primitive {
            Primitive::Constant(_) if self.values[k].is_none() => {
                let number = node.number(|node| match &node.primitive {
                    Primitive::Constant(numbers) if numbers.len() == 1 => Some(numbers[0]),
                    _ => None,
                })?;
                self.scalar(number, node.node.element)
            }
            Primitive::Broadcast { .. } if self.values[k].is_none() => self.light(node.node.operands[0]),
            _ => self.full(k),
        }
    }

    /// The operands of an elementwise function, which stretches them.
    pub(super) fn stretched(&mut self, node: SizedNode<'_>) -> Result<Vec<String>, String> {
        let operands = &node.node.operands;
        let fits = SizedNode::programs(self.export).all(|program| {
            let shapes: Vec<&[usize]> = operands.iter().map(|&x| program.light_shape(x)).collect();
            crate::base::shape::broadcast_all(&shapes)
                .is_ok_and(|shape| shape == program.nodes[node.place()].shape)
        });
        let trailing = operands.iter().all(|&x| SizedNode::program(self.export).is_trailing(x));
        operands.iter().map(|&x| if fits && trailing { self.light(x) } else { self.full(x) }).collect()
    }

    /// A number of a type, as a scalar.
    pub(super) fn number(&mut self, element: ElementType, number: f64) -> String {
        self.constant(element, &[number], &[])
    }

    /// The mode of something, as an attribute.
    pub(super) fn mode(name: &str, mode: &str) -> Vec<AttributeProto> {
        vec![text(name, mode)]
    }
}
