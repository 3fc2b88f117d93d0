//! The reverse sweep in numbers: the rules of each node computed at once on its operands' values, nothing recorded.
//!
//! The numbers are those of the recorded gradient, bit for bit: the same rules, by the same functions, added up in the
//! same order.

use super::cotangents::{Cotangents, Piece, State, sum};
use super::evaluate::shaped;
use super::recorder::Recorder;
use super::rule::{Content, Made, OpRules, Part, RuleGraph};
use super::run::{Operands, run, run_short};
use super::values::Known;
use crate::error::{Error, Result};
use crate::graph::{NodeId, ShapeIndex};
use crate::kernel::{gather, vectorize};
use crate::ops::Given;
use crate::shape::{Layout, size};
use ndarray::ArrayD;
use smallvec::SmallVec;

impl Recorder {
    /// The gradients of `output`, which has one element, with respect to `vars`.
    pub(crate) fn sweep(&mut self, output: NodeId, vars: &[NodeId]) -> Result<Vec<ArrayD<f64>>> {
        let mut cotangents = std::mem::take(&mut self.cotangents);
        let gradients = self.sweep_in(&mut cotangents, output, vars);
        cotangents.finish();
        self.cotangents = cotangents;
        gradients
    }

    fn sweep_in(&mut self, c: &mut Cotangents, output: NodeId, vars: &[NodeId]) -> Result<Vec<ArrayD<f64>>> {
        let first = self.mark(c, output, vars);
        // Where the output has a value, so has everything that it is computed from. Where it has none, as with a
        // leaf that was not fed, the gradients may still do without: then each rule says what it reads.
        let complete = self.evaluate(output).is_ok();
        if !complete {
            self.look_through(c, output, first)?;
        }
        let shape = self.graph.node(output).shape();
        if shape.is_empty() {
            c.set(output, Piece::Number(1.0));
        } else {
            let one = c.pool.one(1.0)?;
            c.set(output, Piece::Buffer(one, Layout::contiguous(&[]).broadcast(shape)));
        }
        let mut below = output.index() + 1;
        while below > first {
            let mut id = NodeId::new(below - 1);
            if self.graph.record(id).shape == ShapeIndex::SCALAR {
                match self.pull_numbers(c, first..below, complete) {
                    Some(next) => id = next,
                    None => break,
                }
            }
            below = id.index();
            if matches!(c.state[below], State::Out | State::Open) || self.graph.record(id).op.is_leaf() {
                continue;
            }
            if !(complete && self.pull_arrays(c, id)?) {
                self.pull_rules(c, id)?;
            }
            if !vars.contains(&id) {
                c.release(id);
            }
        }
        vars.iter().map(|&var| self.gradient(c, var, output)).collect()
    }

    /// Opens the nodes between the vars and the output; returns the first of them.
    fn mark(&self, c: &mut Cotangents, output: NodeId, vars: &[NodeId]) -> usize {
        let end = output.index();
        c.begin(end);
        let mut first = end + 1;
        for var in vars.iter().map(|var| var.index()).filter(|&i| i <= end) {
            c.state[var] = State::Open;
            first = first.min(var);
        }
        self.spread(&mut c.state, State::Open, first);
        first
    }

    /// Marks every node that depends on a marked one; the nodes before `first` do not.
    pub(crate) fn spread<M: Copy + PartialEq>(&self, marks: &mut [M], mark: M, first: usize) {
        let records = &self.graph.records()[..marks.len()];
        for (i, record) in records.iter().enumerate().skip(first) {
            let marked = |x: NodeId| marks[x.index()] == mark;
            let [a, b] = record.pair();
            let depends = match self.facts[record.op.0 as usize].arity {
                0 => false,
                1 | 2 => marked(a) | marked(b),
                _ => self.graph.node(NodeId::new(i)).inputs().iter().any(|&x| marked(x)),
            };
            if depends {
                marks[i] = mark;
            }
        }
    }

    /// Asks the rules of all nodes on the way, in the order of the sweep, whether they can be differentiated.
    fn look_through(&mut self, c: &Cotangents, output: NodeId, first: usize) -> Result<()> {
        let mut reached = vec![false; output.index() + 1];
        reached[output.index()] = true;
        for id in
            (first..reached.len()).rev().map(NodeId::new).filter(|id| c.state[id.index()] == State::Open)
        {
            let inputs: SmallVec<[NodeId; 4]> = self.graph.node(id).inputs().into();
            if !reached[id.index()] || !inputs.iter().any(|x| c.state[x.index()] == State::Open) {
                continue;
            }
            let rules = self.rules_of(id)?;
            for (operand, x) in inputs.iter().enumerate().filter(|(_, x)| c.state[x.index()] == State::Open) {
                self.differentiable(&rules[operand], id, operand)?;
                reached[x.index()] |= matches!(rules[operand], RuleGraph::Nodes { .. });
            }
        }
        Ok(())
    }

    /// Goes down through single numbers and scalar functions known by name, up to the first node that wants more than
    /// that.
    #[inline(never)]
    fn pull_numbers(
        &self,
        c: &mut Cotangents,
        nodes: std::ops::Range<usize>,
        complete: bool,
    ) -> Option<NodeId> {
        let len = nodes.end;
        let (records, facts) = (&self.graph.records()[..len], &*self.facts);
        let (state, slots) = (&mut c.state[..len], &mut c.slots[..len]);
        // What is not complete may end before its last nodes.
        let values = self.values.places.slots.get(..len).unwrap_or_default();
        vectorize(
            #[inline(always)]
            move || {
                for i in nodes.rev() {
                    if matches!(state[i], State::Out | State::Open) {
                        continue;
                    }
                    let record = &records[i];
                    let facts = &facts[record.op.0 as usize];
                    let scalar = match facts.scalar {
                        Some(scalar) if complete && record.shape == ShapeIndex::SCALAR => scalar,
                        _ if facts.arity == 0 => continue,
                        _ => return Some(NodeId::new(i)),
                    };
                    let (x, dy) = (record.pair().map(NodeId::index), slots[i]);
                    let hand_on = |operand: usize, part| {
                        let x = x[operand];
                        match state[x] {
                            State::Open => {
                                state[x] = State::Number;
                                slots[x] = part;
                            }
                            State::Number => slots[x] = sum(slots[x], part),
                            State::Out | State::Whole | State::Piece => {}
                        }
                    };
                    scalar.hand_on(x.map(|x| values[x]), values[i], dy, hand_on);
                }
                None
            },
        )
    }

    /// Hands a node's cotangent on to its operands, if it is a scalar function of arrays of one shape, of which all
    /// lie side by side; false, and nothing done, if they do not.
    fn pull_arrays(&self, c: &mut Cotangents, id: NodeId) -> Result<bool> {
        let Self { graph, facts, values, .. } = self;
        let record = graph.record(id);
        let facts = &facts[record.op.0 as usize];
        let Some(scalar) = facts.scalar else { return Ok(false) };
        let alike = |x: NodeId| {
            graph.record(x).shape == record.shape && values.places.known[x.index()] == Known::Array
        };
        let inputs = record.pair();
        let [a, b] = inputs;
        if c.state[id.index()] != State::Whole || !alike(id) || !alike(a) || !alike(b) {
            return Ok(false);
        }
        let len = size(graph.shape_of(record.shape));
        let array = |x| values.places.as_slice(x, len, &values.arena).unwrap_or_default();
        let (x, y) = ([array(a), array(b)], array(id));
        for (operand, &input) in inputs[..facts.arity].iter().enumerate() {
            let (k, add) = match c.state[input.index()] {
                State::Out => continue,
                State::Open => (c.pool.take(len)?, false),
                _ => (c.own(graph, values, input)?, true),
            };
            let mut dx = c.pool.lend(k);
            let given = Given { x, y, dy: c.pool.buffer(c.place(id)) };
            let handed = match operand {
                0 => scalar.pull::<0>(given, &mut dx, add),
                _ => scalar.pull::<1>(given, &mut dx, add),
            };
            c.pool.put_back(k, dx);
            if !add && handed {
                c.set_whole(input, k);
            } else if !add {
                c.pool.release(k);
            }
        }
        Ok(true)
    }

    /// Hands a node's cotangent on to its operands by its recorded rules.
    fn pull_rules(&mut self, c: &mut Cotangents, id: NodeId) -> Result<()> {
        let inputs: SmallVec<[NodeId; 4]> = self.graph.node(id).inputs().into();
        if inputs.iter().all(|x| c.state[x.index()] == State::Out) {
            return Ok(());
        }
        let rules = self.rules_of(id)?;
        for (operand, &input) in inputs.iter().enumerate() {
            if c.state[input.index()] == State::Out {
                continue;
            }
            self.differentiable(&rules[operand], id, operand)?;
            if let Some(part) = self.interpret(c, &rules, operand, id)? {
                c.add(&self.graph, &self.values, input, part)?;
            }
        }
        Ok(())
    }

    /// What a rule gives, as numbers.
    fn interpret(
        &mut self,
        c: &mut Cotangents,
        rules: &OpRules,
        operand: usize,
        id: NodeId,
    ) -> Result<Option<Piece>> {
        let Some(dy) = c.piece(&self.graph, id) else { return Ok(None) };
        let inputs = self.graph.node(id).inputs();
        c.at_work.clear();
        c.at_work.extend(inputs.iter().map(|&x| Piece::Node(x)));
        c.at_work.extend([Piece::Node(id), dy]);
        let given = c.at_work.len();
        let mut slots = std::mem::take(&mut c.walked);
        slots.clear();
        slots.extend(0..given);
        let result = rules[operand].walk(&mut slots, |part| {
            let piece = self.piece_of(c, &part, id)?;
            c.at_work.push(piece);
            Ok(c.at_work.len() - 1)
        });
        c.walked = slots;
        let Some(result) = result? else { return Ok(None) };
        let mut piece = c.at_work[result].clone();
        match piece {
            Piece::Buffer(k, _) => c.pool.share(k),
            Piece::Node(node) | Piece::Part(node, _) => {
                self.evaluate(node)?;
                let located = piece.locate(&self.graph, &self.values, &c.pool);
                if located.layout.shape.is_empty() {
                    piece = Piece::Number(located.data[located.layout.offset]);
                }
            }
            Piece::Number(_) => {}
        }
        while c.at_work.len() > given {
            if let Some(Piece::Buffer(k, _)) = c.at_work.pop() {
                c.pool.release(k);
            }
        }
        Ok(Some(piece))
    }

    /// What a node of a rule gives on the pieces before it.
    fn piece_of(&mut self, c: &mut Cotangents, part: &Part<'_, usize>, id: NodeId) -> Result<Piece> {
        let shape = &*part.node.shape;
        let len = size(shape);
        let x = match part.content {
            Content::Constant(numbers) => {
                if shape.is_empty() {
                    return Ok(Piece::Number(numbers[0]));
                }
                let k = c.pool.take(len)?;
                let mut buffer = c.pool.lend(k);
                buffer.copy_from_slice(numbers);
                c.pool.put_back(k, buffer);
                return Ok(Piece::Buffer(k, Layout::contiguous(shape)));
            }
            Content::Inputs(x) => x,
        };
        let op = match &part.node.content {
            Made::Op(op) => op,
            Made::Leaf(_) | Made::Constant(_) => return Err(self.leaf_in_rule(id)),
        };
        let elementwise = op.elementwise();
        for (operand, &slot) in x.iter().enumerate() {
            if let Piece::Node(node) | Piece::Part(node, _) = c.at_work[slot]
                && (elementwise || op.reads(operand))
            {
                self.evaluate(node)?;
            }
        }
        let Self { graph, values, .. } = self;
        if let (false, Some(&first)) = (elementwise, x.first())
            && let Some(layout) = op.view(&c.at_work[first].locate(graph, values, &c.pool).layout, shape)
        {
            let of = c.at_work[first].clone();
            if shape.is_empty() {
                return Ok(Piece::Number(of.locate(graph, values, &c.pool).data[layout.offset]));
            }
            return Ok(match of {
                Piece::Node(node) | Piece::Part(node, _) => Piece::Part(node, layout),
                Piece::Buffer(k, _) => {
                    c.pool.share(k);
                    Piece::Buffer(k, layout)
                }
                Piece::Number(number) => Piece::Buffer(c.pool.one(number)?, layout),
            });
        }
        let (mut number, mut lent) = ([0.0], None);
        if !shape.is_empty() {
            let k = c.pool.take(len)?;
            lent = Some((k, c.pool.lend(k)));
        }
        let y = lent.as_mut().map_or(&mut number[..], |(_, buffer)| &mut buffer[..]);
        let mut scratch = std::mem::take(&mut c.scratch);
        {
            let x: Operands<'_> = x.iter().map(|&x| c.at_work[x].locate(graph, values, &c.pool)).collect();
            let mut side_by_side =
                x.iter().filter_map(|x| x.as_slice().filter(|x| [1, len].contains(&x.len())));
            let short = match (elementwise, x.len(), side_by_side.next(), side_by_side.next()) {
                (true, 1, Some(a), None) => Some([a, a]),
                (true, 2, Some(a), Some(b)) => Some([a, b]),
                _ => None,
            };
            drop(side_by_side);
            if !short.is_some_and(|short| run_short(&**op, short, x.len(), y, &mut scratch)) {
                run(op, x, shape, y, &mut scratch);
            }
        }
        c.scratch = scratch;
        Ok(match lent {
            None => Piece::Number(number[0]),
            Some((k, buffer)) => {
                c.pool.put_back(k, buffer);
                Piece::Buffer(k, Layout::contiguous(shape))
            }
        })
    }

    /// The error for a rule that looks for a leaf besides its operands.
    fn leaf_in_rule(&self, id: NodeId) -> Error {
        let node = self.graph.node(id);
        Error::NoValue {
            what: "sweep",
            leaf: format!("a leaf in the rule of {}", self.graph.describe(id)),
            remedy: "write the rule with the operands, the result, its cotangent and constants".to_owned(),
            location: node.place(),
        }
    }

    /// A gradient as an array of its own: of zeros, if nothing was handed on to the var.
    fn gradient(&self, c: &Cotangents, var: NodeId, output: NodeId) -> Result<ArrayD<f64>> {
        let shape = self.graph.node(var).shape();
        let mut numbers = crate::room::filled("gradient", size(shape), 0.0)?;
        let reached = var <= output;
        if let Some(piece) = reached.then(|| c.piece(&self.graph, var)).flatten() {
            gather(piece.locate(&self.graph, &self.values, &c.pool).view(), 0, &mut numbers);
        }
        Ok(shaped(shape, numbers))
    }
}
