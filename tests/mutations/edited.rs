//! A recorded graph as a file that is edited before it is loaded again: how faults of the engine are made.

use chainrule::{NodeId, Registry, Tape};
use serde_json::{Value, json};

/// A graph in its file's form, with source locations.
pub(crate) struct Edited(Value);

/// The fields of a node in the file.
const INPUTS: usize = 3;
const ORIGIN: usize = 4;

impl Edited {
    pub(crate) fn of(tape: &Tape) -> Self {
        Self(serde_json::to_value(tape.graph().located()).unwrap())
    }

    fn nodes(&mut self) -> &mut Vec<Value> {
        self.0["nodes"].as_array_mut().unwrap()
    }

    /// Lets what reads a node read another, from a node on.
    pub(crate) fn redirect(&mut self, from: NodeId, to: NodeId, start: NodeId) {
        for node in &mut self.nodes()[start.index()..] {
            for input in node[INPUTS].as_array_mut().unwrap().iter_mut().filter(|x| **x == json!(from)) {
                *input = json!(to);
            }
        }
    }

    /// Puts in a copy of a node behind it, with other inputs; every later node's id grows by one.
    pub(crate) fn insert_behind(&mut self, original: NodeId, inputs: [NodeId; 2]) -> NodeId {
        let new = original.index() + 1;
        let moved = |id: &mut Value| {
            if id.as_u64().is_some_and(|k| k >= new as u64) {
                *id = json!(id.as_u64().unwrap() + 1);
            }
        };
        for node in self.nodes() {
            node[INPUTS].as_array_mut().unwrap().iter_mut().for_each(moved);
            if let Some(of) = node[ORIGIN].get_mut("backward") {
                moved(of);
            }
        }
        let mut copy = self.nodes()[original.index()].clone();
        copy[INPUTS] = json!(inputs);
        self.nodes().insert(new, copy);
        let places = self.0["locations"]["nodes"].as_array_mut().unwrap();
        places.insert(new, places[original.index()].clone());
        assert!(self.0["names"].as_object().unwrap().keys().all(|id| id.parse::<usize>().unwrap() < new));
        NodeId::new(new)
    }

    /// The tape of what the file holds now.
    pub(crate) fn load(self) -> Tape {
        Tape::from_graph(serde_json::from_value(self.0).unwrap(), &Registry::default()).unwrap()
    }
}
