//! A module of one function, node by node.

use super::types::{identifier, quoted};
use crate::exchange::exported::{Export, ExportPrecision, ExportedValue, ValueRole};
use crate::portable::{
    BinaryPrimitive, Comparison, ElementType, PortableNode, Primitive, ReducePrimitive, UnaryPrimitive,
};
use std::fmt::Write;

impl Export {
    /// A module of StableHLO with a function `main`, as text.
    ///
    /// Indices are `i32`, and products of matrices have the `HIGHEST` precision. Arguments and results have the attributes
    /// `chainrule.name` and `chainrule.role` (`data` or `state`). An index past the end gives NaN, and nothing is added at one.
    #[must_use]
    pub fn to_stablehlo(&self, precision: ExportPrecision) -> String {
        StableHloWriter::new(self, precision).module()
    }
}

struct StableHloWriter<'e> {
    export: &'e Export,
    precision: ExportPrecision,
    names: Vec<String>,
    text: String,
}

fn list(numbers: &[usize]) -> String {
    let all: Vec<String> = numbers.iter().map(usize::to_string).collect();
    all.join(", ")
}

impl<'e> StableHloWriter<'e> {
    fn new(export: &'e Export, precision: ExportPrecision) -> Self {
        let mut names: Vec<String> = Vec::with_capacity(export.program.nodes.len());
        for (k, node) in export.program.nodes.iter().enumerate() {
            names.push(match node.primitive {
                Primitive::Argument(number) => {
                    let name = identifier(&export.arguments[number].name);
                    if names.contains(&name) { format!("{name}.{k}") } else { name }
                }
                _ => format!("%{k}"),
            });
        }
        Self { export, precision, names, text: String::new() }
    }

    fn module(mut self) -> String {
        let nodes = &self.export.program.nodes;
        let attributes = |value: &ExportedValue| {
            let role = match value.role {
                ValueRole::Data => "data",
                ValueRole::State => "state",
            };
            format!("{{chainrule.name = {}, chainrule.role = \"{role}\"}}", quoted(&value.name))
        };
        let arguments: Vec<String> = (self.export.arguments.iter().zip(&self.names))
            .map(|(value, name)| {
                let of = self.precision.tensor(value.element, &value.shape);
                format!("{name}: {of} {}", attributes(value))
            })
            .collect();
        let results: Vec<String> = (self.export.results.iter())
            .map(|value| {
                format!("{} {}", self.precision.tensor(value.element, &value.shape), attributes(value))
            })
            .collect();
        self.text = format!(
            "module @chainrule {{\n  func.func public @main({}) -> ({}) {{\n",
            arguments.join(", "),
            results.join(", ")
        );
        for (k, node) in nodes.iter().enumerate() {
            if !matches!(node.primitive, Primitive::Argument(_)) {
                self.node(k, node);
            }
        }
        let results = &self.export.program.results;
        let names: Vec<&str> = results.iter().map(|&k| self.names[k].as_str()).collect();
        let types: Vec<String> = results.iter().map(|&k| self.of(&nodes[k])).collect();
        let _ = write!(self.text, "    return {} : {}\n  }}\n}}\n", names.join(", "), types.join(", "));
        self.text
    }

    fn of(&self, node: &PortableNode) -> String {
        self.precision.tensor(node.element, &node.shape)
    }

    fn node(&mut self, k: usize, node: &PortableNode) {
        let operand = |i: usize| &self.export.program.nodes[node.operands[i]];
        let names: Vec<&str> = node.operands.iter().map(|&x| self.names[x].as_str()).collect();
        let types: Vec<String> = (0..names.len()).map(|i| self.of(operand(i))).collect();
        let (all, result) = (names.join(", "), self.of(node));
        let from_to = format!("({}) -> {result}", types.join(", "));
        let body = match &node.primitive {
            Primitive::Argument(_) => return,
            Primitive::Constant(numbers) => {
                format!(
                    "constant dense{} : {result}",
                    self.precision.dense(numbers, node.element, &node.shape)
                )
            }
            Primitive::Unary(f) => format!("{} {all} : {result}", unary(*f)),
            Primitive::Binary(f) => format!("{} {all} : {result}", binary(*f)),
            Primitive::Compare(f) => {
                let kind = if operand(0).element.is_real() { "FLOAT" } else { "SIGNED" };
                format!("compare {}, {all}, {kind} : {from_to}", comparison(*f))
            }
            Primitive::Select => format!("select {all} : {}, {result}", types[0]),
            Primitive::Convert => format!("convert {all} : {from_to}"),
            Primitive::Broadcast { axes } => {
                format!("broadcast_in_dim {all}, dims = [{}] : {from_to}", list(axes))
            }
            Primitive::Reshape => format!("reshape {all} : {from_to}"),
            Primitive::Transpose { axes } => format!("transpose {all}, dims = [{}] : {from_to}", list(axes)),
            Primitive::Slice { start, end, step } => {
                let ranges: Vec<String> =
                    (0..start.len()).map(|a| format!("{}:{}:{}", start[a], end[a], step[a])).collect();
                format!("slice {all} [{}] : {from_to}", ranges.join(", "))
            }
            Primitive::Reverse { axes } => format!("reverse {all}, dims = [{}] : {result}", list(axes)),
            Primitive::Pad { low, high, between } => format!(
                "pad {all}, low = [{}], high = [{}], interior = [{}] : {from_to}",
                list(low),
                list(high),
                list(between)
            ),
            Primitive::Concat { axis } => format!("concatenate {all}, dim = {axis} : {from_to}"),
            Primitive::Reduce { function, axes } => return self.reduce(k, node, *function, axes),
            Primitive::Contract { batch, summed } => {
                let batching = match batch[0].is_empty() {
                    true => String::new(),
                    false => format!("batching_dims = [{}] x [{}], ", list(&batch[0]), list(&batch[1])),
                };
                format!(
                    "dot_general {all}, {batching}contracting_dims = [{}] x [{}], precision = [HIGHEST, HIGHEST] : {from_to}",
                    list(&summed[0]),
                    list(&summed[1])
                )
            }
            Primitive::Take { axis } => {
                take(*axis, &operand(0).shape, operand(1).shape.len(), &all, &from_to)
            }
            Primitive::TakeAlong { axis } => take_along(*axis, operand(0).shape.len(), &all, &from_to),
            Primitive::AddAt { axis } | Primitive::AddAlong { axis } => {
                let (rank, indices) = (node.shape.len(), operand(1).shape.len());
                let along = matches!(node.primitive, Primitive::AddAlong { .. });
                let numbers = if along { add_along(*axis, rank) } else { add_at(*axis, rank, indices) };
                let one = self.precision.tensor(node.element, &[]);
                format!(
                    "scatter\"({all}) <{{indices_are_sorted = false, unique_indices = false, scatter_dimension_numbers = \
                     #stablehlo.scatter<{numbers}>}}> ({{\n    ^bb0(%a: {one}, %b: {one}):\n      %sum = stablehlo.add %a, %b : {one}\n      \
                     stablehlo.return %sum : {one}\n    }}) : {from_to}"
                )
            }
            Primitive::Iota { axis } => format!("iota dim = {axis} : {result}"),
            Primitive::ArgSort { descending } => return self.argsort(k, node, *descending),
        };
        // Forms without a syntax of their own have quotation marks around their names.
        let quote = if body.split(' ').next().is_some_and(|name| name.contains('"')) { "\"" } else { "" };
        let _ = writeln!(self.text, "    {} = {quote}stablehlo.{body}", self.names[k]);
    }

    fn reduce(&mut self, k: usize, node: &PortableNode, function: ReducePrimitive, axes: &[usize]) {
        let x = node.operands[0];
        let (initial, name) = match function {
            ReducePrimitive::Sum => (0.0, "add"),
            ReducePrimitive::Product => (1.0, "multiply"),
            ReducePrimitive::Max if node.element.is_real() => (f64::NEG_INFINITY, "maximum"),
            ReducePrimitive::Min if node.element.is_real() => (f64::INFINITY, "minimum"),
            ReducePrimitive::Max => (f64::from(i32::MIN), "maximum"),
            ReducePrimitive::Min => (f64::from(i32::MAX), "minimum"),
        };
        let one = self.precision.tensor(node.element, &[]);
        let initial = self.precision.dense(&[initial], node.element, &[]);
        let (name_of_x, result) = (&self.names[x], self.of(node));
        let from = self.of(&self.export.program.nodes[x]);
        let _ = writeln!(self.text, "    %i{k} = stablehlo.constant dense{initial} : {one}");
        let _ = writeln!(
            self.text,
            "    {} = stablehlo.reduce({name_of_x} init: %i{k}) applies stablehlo.{name} across dimensions = [{}] : ({from}, {one}) -> {result}",
            self.names[k],
            list(axes)
        );
    }

    /// A sort of the elements, and of their positions with them.
    fn argsort(&mut self, k: usize, node: &PortableNode, descending: bool) {
        let x = node.operands[0];
        let of_x = &self.export.program.nodes[x];
        let (from, result) = (self.of(of_x), self.of(node));
        let [one, index] = [of_x.element, ElementType::Index].map(|e| self.precision.tensor(e, &[]));
        let last = node.shape.len() - 1;
        let (a, b) = if descending { ("%b", "%a") } else { ("%a", "%b") };
        let name = &self.names[x];
        let _ = write!(
            self.text,
            "    %p{k} = stablehlo.iota dim = {last} : {result}
    %s{k}:2 = \"stablehlo.sort\"({name}, %p{k}) <{{dimension = {last} : i64, is_stable = true}}> ({{
    ^bb0(%a: {one}, %b: {one}, %i: {index}, %j: {index}):
      %less = stablehlo.compare LT, {a}, {b}, FLOAT : ({one}, {one}) -> tensor<i1>
      %nan = stablehlo.compare NE, {b}, {b}, FLOAT : ({one}, {one}) -> tensor<i1>
      %number = stablehlo.compare EQ, {a}, {a}, FLOAT : ({one}, {one}) -> tensor<i1>
      %before = stablehlo.and %nan, %number : tensor<i1>
      %first = stablehlo.or %less, %before : tensor<i1>
      stablehlo.return %first : tensor<i1>
    }}) : ({from}, {result}) -> ({from}, {result})
    {} = stablehlo.convert %s{k}#1 : {result}
",
            self.names[k]
        );
    }
}

/// The slices at indices of an axis.
fn take(axis: usize, x: &[usize], indices: usize, all: &str, from_to: &str) -> String {
    let mut sizes = x.to_vec();
    sizes[axis] = 1;
    let offsets: Vec<usize> = (0..axis).chain(axis + indices..x.len() - 1 + indices).collect();
    format!(
        "gather\"({all}) <{{dimension_numbers = #stablehlo.gather<offset_dims = [{}], collapsed_slice_dims = [{axis}], \
         start_index_map = [{axis}], index_vector_dim = {indices}>, slice_sizes = array<i64: {}>, indices_are_sorted = false}}> : {from_to}",
        list(&offsets),
        list(&sizes)
    )
}

fn others(axis: usize, rank: usize) -> String {
    list(&(0..rank).filter(|&a| a != axis).collect::<Vec<_>>())
}

/// The elements at indices along an axis: the other axes run together.
fn take_along(axis: usize, rank: usize, all: &str, from_to: &str) -> String {
    let others = others(axis, rank);
    format!(
        "gather\"({all}) <{{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [{axis}], operand_batching_dims = [{others}], \
         start_indices_batching_dims = [{others}], start_index_map = [{axis}], index_vector_dim = {rank}>, slice_sizes = array<i64: {}>, \
         indices_are_sorted = false}}> : {from_to}",
        list(&vec![1; rank])
    )
}

fn add_at(axis: usize, rank: usize, indices: usize) -> String {
    let windows: Vec<usize> = (0..axis).chain(axis + indices..rank - 1 + indices).collect();
    format!(
        "update_window_dims = [{}], inserted_window_dims = [{axis}], scatter_dims_to_operand_dims = [{axis}], index_vector_dim = {indices}",
        list(&windows)
    )
}

fn add_along(axis: usize, rank: usize) -> String {
    let others = others(axis, rank);
    format!(
        "inserted_window_dims = [{axis}], input_batching_dims = [{others}], scatter_indices_batching_dims = [{others}], \
         scatter_dims_to_operand_dims = [{axis}], index_vector_dim = {rank}"
    )
}

fn unary(f: UnaryPrimitive) -> &'static str {
    match f {
        UnaryPrimitive::Neg => "negate",
        UnaryPrimitive::Abs => "abs",
        UnaryPrimitive::Exp => "exponential",
        UnaryPrimitive::ExpM1 => "exponential_minus_one",
        UnaryPrimitive::Ln => "log",
        UnaryPrimitive::Ln1p => "log_plus_one",
        UnaryPrimitive::Sqrt => "sqrt",
        UnaryPrimitive::Sin => "sine",
        UnaryPrimitive::Cos => "cosine",
        UnaryPrimitive::Tanh => "tanh",
        UnaryPrimitive::Sigmoid => "logistic",
        UnaryPrimitive::Floor => "floor",
        UnaryPrimitive::Ceil => "ceil",
        UnaryPrimitive::Round => "round_nearest_even",
        UnaryPrimitive::Not => "not",
    }
}

fn binary(f: BinaryPrimitive) -> &'static str {
    match f {
        BinaryPrimitive::Add => "add",
        BinaryPrimitive::Sub => "subtract",
        BinaryPrimitive::Mul => "multiply",
        BinaryPrimitive::Div => "divide",
        BinaryPrimitive::Maximum => "maximum",
        BinaryPrimitive::Minimum => "minimum",
        BinaryPrimitive::Pow => "power",
        BinaryPrimitive::Rem => "remainder",
        BinaryPrimitive::And => "and",
        BinaryPrimitive::Or => "or",
        BinaryPrimitive::Xor => "xor",
    }
}

fn comparison(f: Comparison) -> &'static str {
    match f {
        Comparison::Less => "LT",
        Comparison::LessEqual => "LE",
        Comparison::Greater => "GT",
        Comparison::GreaterEqual => "GE",
        Comparison::Equal => "EQ",
        Comparison::NotEqual => "NE",
    }
}
