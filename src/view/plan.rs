//! The schedule of a plan as a picture: its steps as boxes in execution order, and the arrays between them.

use crate::plan::{Schedule, ScheduledStep, Slot, bytes};
use chainrule_picture::{NodeKind, Picture, PictureEdge, PictureNode, number};
use std::collections::BTreeMap;

impl Schedule {
    /// The schedule as a picture: a box for every step with its ops, an arrow for every array that it reads, with the size
    /// of the array, and an output for every parameter that it updates.
    ///
    /// ```
    /// # use chainrule::{Plan, Tape};
    /// let tape = Tape::new();
    /// let (x, w) = (tape.input("x", [8, 4]), tape.parameter("w", [4, 2]));
    /// let plan = Plan::<f32>::compile([x.matmul(w).tanh().sum()], [])?;
    /// assert!(plan.schedule().picture().to_svg().contains("matmul tanh"));
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    pub fn picture(&self) -> Picture {
        let mut picture = Picture { title: self.title(), ..Picture::default() };
        let mut results = BTreeMap::new();
        let mut ends = Vec::new();
        for (k, leaf) in self.leaves.iter().enumerate() {
            let constant = leaf.kind == "constant";
            picture.nodes.push(PictureNode {
                id: format!("leaf{k}"),
                kind: match leaf.kind.as_str() {
                    "parameter" => NodeKind::Parameter,
                    "constant" => NodeKind::Constant,
                    _ => NodeKind::Input,
                },
                symbol: if constant { leaf.name.clone() } else { String::new() },
                name: (!constant).then(|| leaf.name.clone()),
                shape: number::shape(&leaf.shape),
                tooltip: format!("{} {:?}\n{}", leaf.kind, leaf.shape, bytes(leaf.bytes)),
                ..PictureNode::default()
            });
        }
        for (i, step) in self.steps.iter().enumerate() {
            let to = picture.nodes.len();
            for (operand, &slot) in step.reads.iter().enumerate() {
                // The slot may be invalid if the schedule was read from a file.
                let known = match slot {
                    Slot::Leaf(k) => self.leaves.get(k).map(|leaf| (k, leaf.bytes)),
                    Slot::Result(k) => results.get(&k).copied(),
                };
                let Some((from, size)) = known else { continue };
                let taken =
                    step.writes.iter().any(|w| Slot::Result(w.in_place_of.unwrap_or(usize::MAX)) == slot);
                let size = bytes(size);
                let value = Some(if taken { format!("{size}, in place") } else { size });
                picture.edges.push(PictureEdge { from, to, operand, value, ..PictureEdge::default() });
            }
            for write in &step.writes {
                results.insert(write.result, (to, write.bytes));
                ends.extend(write.updates.as_ref().map(|name| (to, name.clone(), bytes(write.bytes))));
            }
            picture.nodes.push(PictureNode {
                id: format!("step{i}"),
                kind: NodeKind::Layer,
                name: Some(format!("{i}: {}", step.summary())),
                shape: number::shape(&step.shape),
                tooltip: tooltip(step),
                ..PictureNode::default()
            });
        }
        for (node, slot) in &self.outputs {
            let known = match *slot {
                Slot::Leaf(k) => self.leaves.get(k).map(|leaf| (k, leaf.bytes)),
                Slot::Result(k) => results.get(&k).copied(),
            };
            let Some((from, size)) = known else { continue };
            ends.push((from, node.to_string(), bytes(size)));
        }
        for (k, (from, name, size)) in ends.into_iter().enumerate() {
            let to = picture.nodes.len();
            picture.edges.push(PictureEdge { from, to, value: Some(size), ..PictureEdge::default() });
            picture.nodes.push(PictureNode {
                id: format!("end{k}"),
                kind: NodeKind::Output,
                name: Some(name),
                ..PictureNode::default()
            });
        }
        picture.for_display()
    }
}

/// The tooltip of a step.
fn tooltip(step: &ScheduledStep) -> String {
    let parts = if step.parts > 1 { format!("\nin {} parts", step.parts) } else { String::new() };
    let fused = if step.fused { "\nblock by block, without arrays between" } else { "" };
    format!("{}\n{:?}{fused}{parts}", step.summary(), step.shape)
}
