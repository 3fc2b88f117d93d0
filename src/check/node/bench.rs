//! One op alone: its kernel as a function of its operands, and its rules, at any operands of some shapes.

use crate::base::shape::Layout;
use crate::base::state::State;
use crate::check::measure::function::{Function, Moves};
use crate::check::random::{Random, greatest_finite, roundings};
use crate::check::replay::Replay;
use crate::check::replay::flow::branches;
use crate::check::replay::values::value;
use crate::error::Result;
use crate::graph::{Kind, NodeId};
use crate::plan::{Plan, Point};
use crate::tape::{Tape, Var};

/// The part of a matrix of derivatives from which on their changes by a few roundings are no error but noise.
const NOISE: f64 = 1e-2;

/// A node's op with operands and cotangent of its own: nothing else of the graph has a part in what it computes.
pub(crate) struct Bench {
    operands: Vec<Judged>,
    /// y as a function of all these operands together.
    joint: Replay,
    /// The rules of these operands, one output each.
    rules: Plan<f64>,
    /// What the rules' steps computed last.
    steps: Point<f64>,
    state: State<f64>,
    /// The leaf of every operand of real numbers, and that of dy.
    leaves: Vec<Option<NodeId>>,
    dy: NodeId,
    has_kinks: bool,
    /// Of an op whose errors are normwise, how many elements the matrices of each operand have.
    matrices: Option<Vec<usize>>,
}

/// An operand that is judged.
pub(crate) struct Judged {
    pub(crate) operand: usize,
    /// y as a function of it.
    pub(crate) replay: Replay,
    /// Whether its rule hands anything on: not to a condition, for which the rule is a structural zero.
    pub(crate) has_rule: bool,
}

impl Bench {
    /// A bench for the op of `node`, to judge some of its operands.
    pub(crate) fn new(tape: &Tape, node: NodeId, judged: &[usize]) -> Result<Self> {
        let inputs = tape.graph().node(node).inputs().to_vec();
        let own = Tape::new();
        let mut x: Vec<Var<'_>> = Vec::new();
        for (i, &input) in inputs.iter().enumerate() {
            let given = value(tape, input)?;
            x.push(match tape.kind(input) {
                Kind::Real => own.leaf(&format!("x{i}"), given),
                Kind::Index => own.index_leaf(&format!("x{i}"), given.mapv(|x| x as usize)),
            });
        }
        // The stretch that it ends moves with its operands.
        let op = tape.op(node);
        if let Some(stretch) = op.stretch() {
            x[0] = stretch.record(&own, &x[1..])?;
        }
        let y = own.try_apply_shared(op.clone(), &x)?;
        let dy = own.leaf("dy", ndarray::ArrayD::<f64>::zeros(y.shape()));
        let wanted: Vec<Var<'_>> = judged.iter().map(|&i| x[i]).collect();
        let dx = y.try_vjp(dy, &wanted)?;
        let comparisons = branches(&own, dx.iter().chain([&y]).map(|v| v.id()));
        let operand = |&operand: &usize| {
            let mut replay = Replay::new(y, &[x[operand]], &comparisons, false)?;
            replay.reads =
                op.elementwise().then(|| Layout::contiguous(&x[operand].shape()).broadcast(&y.shape()));
            let has_rule = own.try_write("check")?.has_rule(y.id(), operand)?;
            Ok(Judged { operand, replay, has_rule })
        };
        let leaf = |x: &Var<'_>| {
            let is_leaf = own.graph().node(x.id()).leaf().is_some();
            (is_leaf && own.kind(x.id()) == Kind::Real).then(|| x.id())
        };
        let matrix = |x: &Var<'_>| x.shape().iter().rev().take(2).product::<usize>().max(1);
        Ok(Self {
            operands: judged.iter().map(operand).collect::<Result<_>>()?,
            joint: Replay::new(y, &wanted, &comparisons, false)?,
            rules: Plan::compile(dx.iter().copied(), [])?,
            steps: Point::default(),
            state: State::new(),
            leaves: x.iter().map(leaf).collect(),
            dy: dy.id(),
            has_kinks: !op.smooth(),
            matrices: op.normwise().then(|| x.iter().map(matrix).collect()),
        })
    }

    /// Moves the bench to other operands; `numbers` has those of every operand.
    pub(crate) fn put(&mut self, numbers: &[Vec<f64>]) -> Result<()> {
        let Self { operands, joint, rules, leaves, .. } = self;
        for (leaf, numbers) in leaves.iter().zip(numbers) {
            let &Some(leaf) = leaf else { continue };
            if let Some(slot) = rules.slot(leaf) {
                rules.slot_mut(slot).copy_from_slice(numbers);
            }
            operands
                .iter_mut()
                .map(|judged| &mut judged.replay)
                .chain([&mut *joint])
                .for_each(|r| r.put(leaf, numbers));
        }
        operands.iter_mut().try_for_each(|judged| judged.replay.set_base())?;
        joint.set_base()
    }

    /// The rules' results for a cotangent, one for every operand that is judged, put to `dx`; and the greatest finite
    /// number that was met on the way.
    pub(crate) fn rules(&mut self, dy: &[f64], dx: &mut Vec<Vec<f64>>) -> Result<f64> {
        if let Some(slot) = self.rules.slot(self.dy) {
            self.rules.slot_mut(slot).copy_from_slice(dy);
        }
        dx.resize(self.operands.len(), Vec::new());
        let out = self.rules.run_at(&mut self.state, &mut self.steps)?;
        dx.iter_mut().enumerate().for_each(|(k, dx)| crate::check::replay::values::copy(out.numbers(k), dx));
        Ok(greatest_finite(self.steps.results()).max(greatest_finite(dy)))
    }

    /// By how much the results of a rule for a cotangent are uncertain because the operands are, by a rounding: where the
    /// rule takes the difference of large numbers, say, what is left of it is their roundings. Infinite where they are nothing else.
    pub(crate) fn unstable(&mut self, dy: &[f64], rule: usize, random: &mut Random) -> Result<Vec<f64>> {
        let (mut dx, mut moved) = (Vec::new(), Vec::new());
        self.rules(dy, &mut dx)?;
        let mut most = vec![0.0_f64; dx[rule].len()];
        let slots = self.leaves.iter().enumerate();
        let slots: Vec<(usize, Option<usize>)> =
            slots.filter_map(|(k, leaf)| Some((self.rules.slot((*leaf)?)?, self.matrix(k)))).collect();
        let operands: Vec<Vec<f64>> =
            slots.iter().map(|&(slot, _)| self.rules.slot_mut(slot).to_vec()).collect();
        for _ in 0..4 {
            for (&(slot, matrix), operand) in slots.iter().zip(&operands) {
                let roundings = roundings(operand, matrix, random);
                let places = self.rules.slot_mut(slot).iter_mut().zip(operand).zip(roundings);
                places.for_each(|((place, x), rounding)| *place = x + rounding);
            }
            self.rules(dy, &mut moved)?;
            let changes = dx[rule].iter().zip(&moved[rule]).map(|(a, b)| (a - b).abs());
            most.iter_mut().zip(changes).for_each(|(most, change)| *most = most.max(change));
        }
        for (&(slot, _), operand) in slots.iter().zip(&operands) {
            self.rules.slot_mut(slot).copy_from_slice(operand);
        }
        if let Some(matrix) = self.matrix(self.operands[rule].operand) {
            for (most, dx) in most.chunks_mut(matrix).zip(dx[rule].chunks(matrix)) {
                let (noise, size) = (greatest_finite(most), greatest_finite(dx));
                // What a few roundings change so much, as the inverse of a singular matrix, they may change by any factor.
                most.fill(if noise > NOISE * size { f64::INFINITY } else { noise });
            }
        }
        Ok(most)
    }

    /// By how much y, contracted with a cotangent, changes where the operands do by a rounding, and a few roundings of its
    /// own.
    pub(crate) fn rounding(&mut self, dy: &[f64], random: &mut Random) -> Result<f64> {
        let own: f64 = self.y().iter().zip(dy).map(|(y, dy)| (y * dy).abs()).sum();
        let mut most = 0.0_f64;
        for _ in 0..4 {
            let operands = self.operands.iter();
            let directions = operands
                .map(|Judged { operand, replay, .. }| {
                    roundings(replay.point(), self.matrix(*operand), random)
                })
                .collect();
            self.joint.move_all(directions);
            self.joint.at(1.0)?;
            let changes = self.joint.numbers().iter().zip(self.joint.base()).zip(dy);
            most = most
                .max(changes.map(|((now, y), dy)| ((now - y) * dy).abs()).filter(|c| c.is_finite()).sum());
        }
        Ok(4.0 * (most + f64::EPSILON * own))
    }

    /// The operands that are judged, with y as a function of each.
    pub(crate) fn operands(&mut self) -> &mut [Judged] {
        &mut self.operands
    }

    /// y as a function of all operands that are judged.
    pub(crate) fn joint(&mut self) -> &mut Replay {
        &mut self.joint
    }

    /// Whether every operand is 0, or between `small` and one over it in magnitude, as far as a rule reads it.
    pub(crate) fn is_moderate(&mut self, small: f64) -> bool {
        let Self { leaves, rules, .. } = self;
        let is_moderate = |&x: &f64| x == 0.0 || (small..=1.0 / small).contains(&x.abs());
        let slots: Vec<usize> = leaves.iter().flatten().filter_map(|&leaf| rules.slot(leaf)).collect();
        slots.into_iter().all(|slot| rules.slot_mut(slot).iter().all(is_moderate))
    }

    /// Whether y may have kinks: the op does not say that it has none.
    pub(crate) fn has_kinks(&self) -> bool {
        self.has_kinks
    }

    /// Whether what rounding may do to y is known by measuring it alone: it may be more than the greatest number that is seen
    /// shows.
    pub(crate) fn is_normwise(&self) -> bool {
        self.matrices.is_some()
    }

    /// How many elements a matrix of an operand has, if errors are in proportion to its greatest.
    fn matrix(&self, operand: usize) -> Option<usize> {
        self.matrices.as_ref().map(|sizes| sizes[operand])
    }

    /// y at the operands.
    pub(crate) fn y(&self) -> &[f64] {
        self.joint.base()
    }
}

/// A few roundings of a rule's results, of which the greatest number that was met on the way is given; and what underflow leaves.
pub(crate) fn roundoff(met: f64) -> f64 {
    4.0 * f64::EPSILON * met + f64::MIN_POSITIVE
}
