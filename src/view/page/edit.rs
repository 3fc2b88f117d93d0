//! Numbers that the reader of a page changes.

use crate::graph::{Kind, Leaf, NodeId};
use crate::view::page::engine::PageEngine;
use crate::view::page::live::{LivePage, Moment, Reply, said};
use ndarray::ArrayD;
use serde::{Serialize, Serializer};

/// The most elements of an array that are told one by one.
const MAX_LISTED: usize = 4_096;

/// A number in JSON, which has no NaN and no infinities: those are words.
#[derive(Debug, Clone, Copy)]
pub(in crate::view) struct JsonNumber(pub(in crate::view) f64);

impl Serialize for JsonNumber {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() { s.serialize_f64(self.0) } else { s.collect_str(&self.0) }
    }
}

fn listed(array: &ArrayD<f64>) -> Vec<JsonNumber> {
    array.iter().take(MAX_LISTED).map(|&x| JsonNumber(x)).collect()
}

/// What is known of the elements of a node, and what can be done with them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Elements<'a> {
    shape: &'a [usize],
    count: usize,
    value: Option<Vec<JsonNumber>>,
    gradient: Option<Vec<JsonNumber>>,
    editable: bool,
    is_index: bool,
    /// What a page cannot compute keeps the number that it had.
    recorded: bool,
}

/// A difference quotient.
#[derive(Serialize)]
struct Quotient {
    quotient: JsonNumber,
    h: JsonNumber,
    above: JsonNumber,
    below: JsonNumber,
}

impl LivePage {
    /// The value and the gradient of a node, element by element, and what can be done with it.
    pub(in crate::view) fn elements(&mut self, node: NodeId, moment: usize) -> Result<Reply, String> {
        let known = self.known_at(moment)?;
        let graph = &self.scene.graph;
        let (leaf, kind) = (graph.node(node).leaf(), graph.node(node).kind());
        let editable = match leaf {
            Some(Leaf::Constant) => self.engine.knows(node),
            Some(_) => self.moments[moment].numbers.given.contains_key(&node),
            None => false,
        };
        // A constant that is folded into the sign of an op is not drawn by itself.
        let constant = || {
            let values = graph.node(node).constant()?.to_vec();
            ArrayD::from_shape_vec(graph.node(node).shape(), values).ok()
        };
        let value = known.values.get(&node).cloned().or_else(constant);
        let gradient = known.node_gradients.get(&node);
        Ok(Reply::of(&Elements {
            shape: graph.node(node).shape(),
            count: value.as_ref().map_or(0, ArrayD::len),
            gradient: gradient.map(listed),
            editable: editable && value.is_some(),
            value: value.as_ref().map(listed),
            is_index: kind == Kind::Index,
            recorded: leaf.is_none() && self.scene.held.binary_search(&node).is_ok(),
        }))
    }

    /// Gives an element of a leaf another number; whether the drawing itself has to follow, since a constant is written in
    /// it.
    pub(in crate::view) fn set(
        &mut self,
        node: NodeId,
        element: usize,
        text: &str,
        moment: usize,
    ) -> Result<bool, String> {
        let number: f64 = text.trim().parse().map_err(|_| format!("{text} is no number"))?;
        let leaf = self.scene.graph.node(node).leaf();
        let is_index = self.scene.graph.node(node).kind() == Kind::Index;
        if is_index && !(number >= 0.0 && number.fract() == 0.0) {
            return Err(format!("{text} is no index"));
        }
        if leaf == Some(Leaf::Constant) {
            let before =
                self.scene.graph.set_constant(node, element, number).ok_or("there is no such element")?;
            self.first.entry((None, node, element)).or_insert(before);
            return self.record_anew().map(|()| true);
        }
        let given = self.moments.get_mut(moment).ok_or("there is no such moment")?;
        let array = given.numbers.given.get_mut(&node).ok_or("this number is not carried by the page")?;
        let place = array.iter_mut().nth(element).ok_or("there is no such element")?;
        let before = std::mem::replace(place, number);
        self.first.entry((Some(moment), node, element)).or_insert(before);
        given.known = None;
        if let Err(problem) = self.known(moment) {
            // What an op refuses is not entered: an index past the end.
            let given = &mut self.moments[moment];
            let array = given.numbers.given.get_mut(&node);
            array.and_then(|array| array.iter_mut().nth(element)).into_iter().for_each(|x| *x = before);
            given.known = None;
            return Err(said(&problem));
        }
        Ok(false)
    }

    /// Gives all leaves their first numbers again.
    pub(in crate::view) fn reset(&mut self) -> Result<(), String> {
        for ((moment, node, element), number) in std::mem::take(&mut self.first) {
            let Some(moment) = moment.and_then(|moment| self.moments.get_mut(moment)) else {
                self.scene.graph.set_constant(node, element, number);
                continue;
            };
            let array = moment.numbers.given.get_mut(&node);
            array.and_then(|array| array.iter_mut().nth(element)).into_iter().for_each(|x| *x = number);
        }
        self.record_anew()
    }

    /// Records the graph anew: its constants are others.
    fn record_anew(&mut self) -> Result<(), String> {
        let first = self.moments.first().ok_or("the page carries no numbers")?;
        self.engine = PageEngine::of(&self.scene, &first.numbers).map_err(|e| said(&e))?;
        self.moments.iter_mut().for_each(|moment| moment.known = None);
        Ok(())
    }

    /// How the output changes with an element: `(f(x + h) − f(x − h)) / 2h`, with `h` a hundred-thousandth of the number, or
    /// of 1 for smaller ones: near the cube root of the precision, where the error of the formula and that of rounding are
    /// equal (Press et al., Numerical Recipes, 3rd ed., section 5.7).
    pub(in crate::view) fn quotient(
        &mut self,
        node: NodeId,
        element: usize,
        moment: usize,
    ) -> Result<Reply, String> {
        let output = self.scene.differentiated.ok_or("no gradient is drawn")?;
        self.known_at(moment)?;
        let Moment { numbers, .. } = &self.moments[moment];
        let Some(array) = numbers.given.get(&node) else {
            return Err("this number is not changed here".to_owned());
        };
        if self.scene.graph.node(node).kind() == Kind::Index {
            return Err("an index has no derivative".to_owned());
        }
        let x = *array.iter().nth(element).ok_or("there is no such element")?;
        // Rounded so that x + h and x − h differ from x by exactly h.
        let h = (x + 1e-5 * x.abs().max(1.0)) - x;
        let mut moved = array.clone();
        let mut at = |x: f64| -> Result<f64, String> {
            moved.iter_mut().nth(element).into_iter().for_each(|place| *place = x);
            let fed = self
                .engine
                .feed(&[(node, moved.clone())].into())
                .and_then(|()| self.engine.tape.values([output]));
            let value = fed.map_err(|e| said(&e))?;
            value
                .first()
                .and_then(|(_, y)| y.first().copied())
                .ok_or_else(|| "the output is empty".to_owned())
        };
        let (above, below) = (at(x + h), at(x - h));
        self.engine.feed(&self.moments[moment].numbers.given).map_err(|e| said(&e))?;
        let (above, below) = (above?, below?);
        let quotient = JsonNumber((above - below) / (2.0 * h));
        Ok(Reply::of(&Quotient {
            quotient,
            h: JsonNumber(h),
            above: JsonNumber(above),
            below: JsonNumber(below),
        }))
    }

    /// What is known of a moment, whose numbers are then those of the tape.
    pub(in crate::view) fn known_at(
        &mut self,
        moment: usize,
    ) -> Result<std::sync::Arc<crate::view::annotations::Annotations>, String> {
        let known = self.moments.get(moment).ok_or("there is no such moment")?;
        self.engine.feed(&known.numbers.given).map_err(|e| said(&e))?;
        self.known(moment).map_err(|e| said(&e))
    }
}
