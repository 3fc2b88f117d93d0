//! Many leaves, probed in groups: a probe costs a replay of the graph, so probes of each leaf of its own would cost the
//! square of their number.

use crate::check::end_to_end::output::{EndToEnd, at_ties};
use crate::check::end_to_end::rows::{GradientRow, counted};
use crate::check::end_to_end::unseen::{ProbeSight, unseen};
use crate::check::measure::element::{Element, Reason};
use crate::check::measure::judge::Judge;
use crate::check::measure::question::{Answer, Question};
use crate::check::measure::steps::{Reach, rms, start};
use crate::check::random::{Random, signed};
use crate::check::replay::Replay;
use crate::check::report::parameter::ParameterReport;
use crate::error::Result;
use crate::tape::Var;
use std::ops::Range;

/// Up to so many leaves, each has probes of its own.
pub(crate) const MANY: usize = 64;
/// The groups that more leaves are put in.
const GROUPS: usize = 16;
/// How often a group is halved to find the leaf that its probes failed for, or that lies at a kink.
const HALVES: usize = 128;

/// A leaf that is probed together with others.
#[derive(Debug, Clone, Copy)]
struct Member {
    /// Its place among the leaves.
    leaf: usize,
    /// How far it is moved by a direction of magnitude 1: the rms of its elements.
    scale: f64,
    /// By how much the output changes then, at the most.
    effect: f64,
}

/// The leaves of a check on their way to being probed.
pub(crate) struct LeafGroups<'a, 'c, 't> {
    output: &'a EndToEnd<'c, 't>,
    probes: usize,
    leaves: &'a [Var<'t>],
    gradients: &'a [&'a [f64]],
    /// The loss as a function of all of them.
    replay: Replay,
    judge: Judge,
    members: Vec<Member>,
}

impl<'a, 'c, 't> LeafGroups<'a, 'c, 't> {
    /// Leaves that the loss depends on.
    pub(crate) fn new(
        output: &'a EndToEnd<'c, 't>,
        probes: usize,
        leaves: &'a [Var<'t>],
        gradients: &'a [&'a [f64]],
    ) -> Result<Self> {
        let replay = Replay::new(output.loss, leaves, &output.comparisons, false)?;
        let member = |leaf: usize| {
            let scale = Some(rms(replay.point_of(leaf))).filter(|&rms| rms > 0.0).unwrap_or(1.0);
            let greatest = gradients[leaf].iter().fold(0.0_f64, |m, g| m.max(g.abs()));
            Member { leaf, scale, effect: greatest * scale }
        };
        let mut members: Vec<Member> =
            (0..leaves.len()).filter(|&leaf| !gradients[leaf].is_empty()).map(member).collect();
        // What has a small effect would not be seen beside what has a large one.
        members.sort_by(|a, b| a.effect.total_cmp(&b.effect));
        let judge = output.judge();
        Ok(Self { output, probes, leaves, gradients, replay, judge, members })
    }

    /// Probes all groups, and fills in the reports of the leaves. A group that fails, or lies at a kink, is halved until
    /// it is one leaf, which then has probes of its own.
    pub(crate) fn run(&mut self, reports: &mut [&mut ParameterReport], random: &mut Random) -> Result<()> {
        let count = self.members.len();
        let mut open: Vec<Range<usize>> =
            (0..GROUPS).map(|k| k * count / GROUPS..(k + 1) * count / GROUPS).collect();
        let mut halves = HALVES;
        while let Some(group) = open.pop() {
            if let &[Member { leaf, .. }] = &self.members[group.clone()] {
                self.alone(leaf, reports[leaf], random)?;
                continue;
            }
            let answers = self.probe(group.clone(), random)?;
            let clear = |answer: &Answer| !answer.at_kink && answer.element != Element::Fail;
            if halves > 0 && !answers.iter().all(clear) {
                halves -= 1;
                let middle = group.start + group.len() / 2;
                open.extend([middle..group.end, group.start..middle]);
                continue;
            }
            for member in &self.members[group] {
                self.count(*member, &answers, reports[member.leaf]);
            }
        }
        self.output.note_unsteady(&self.judge);
        for (gradient, report) in self.gradients.iter().zip(reports) {
            if gradient.is_empty() {
                report.close();
            }
        }
        Ok(())
    }

    /// The answers of probes that move all leaves of a group.
    fn probe(&mut self, group: Range<usize>, random: &mut Random) -> Result<Vec<Answer>> {
        let Self { output, gradients, replay, judge, members, .. } = self;
        let members = &members[group];
        let (mut squares, mut greatest) = (0.0, 0.0_f64);
        for member in members {
            squares += member.scale * member.scale * gradients[member.leaf].len() as f64;
            greatest = greatest.max(member.scale);
        }
        let mut answers = Vec::with_capacity(self.probes);
        for _ in 0..self.probes {
            let mut backprop = 0.0;
            let mut direction = Vec::with_capacity(members.len());
            for &Member { leaf, scale, .. } in members {
                let gradient = gradients[leaf];
                let mut along = signed(gradient.len(), random);
                along.iter_mut().for_each(|v| *v *= scale);
                backprop += gradient.iter().zip(&along).map(|(g, v)| g * v).sum::<f64>();
                direction.push((leaf, along));
            }
            replay.move_some(direction);
            let question = Question {
                // Roundings of many elements average out.
                uncertain: output.scale.uncertain * f64::sqrt(squares),
                slope: output.scale.slope * greatest,
                ..output.scale.question(backprop, Reach::in_proportion(1.0))
            };
            answers.push(counted(output.right, judge.judge(replay, question)?));
        }
        Ok(answers)
    }

    /// What the probes of a group say of one of its leaves. What failed and was not halved further has a wrong leaf in it,
    /// and says of none that it is the one.
    fn count(&self, member: Member, answers: &[Answer], report: &mut ParameterReport) {
        let Member { leaf, scale, .. } = member;
        report.step = start(1.0) * scale;
        let mut seen = Vec::with_capacity(answers.len());
        for answer in answers {
            let open = answer.at_kink || answer.element == Element::Fail;
            let element = match answer.element {
                _ if answer.at_kink => Element::Unresolved(Reason::Tie),
                Element::Fail => Element::Unresolved(Reason::Group),
                element => element,
            };
            if !open {
                let threshold = self.judge.threshold(answer.compared) / scale;
                seen.push(ProbeSight { threshold, scales: None });
            }
            report.count(Vec::new, answer.compared, element);
        }
        report.unseen = unseen(self.gradients[leaf], &seen, 0);
        report.close();
    }

    /// A leaf with probes of its own.
    fn alone(&mut self, leaf: usize, report: &mut ParameterReport, random: &mut Random) -> Result<()> {
        let (name, shape) = (format!("{:?}", self.leaves[leaf]), report.shape.clone());
        let gradient = self.gradients[leaf];
        let EndToEnd { scale, right, .. } = *self.output;
        let row = GradientRow { name: &name, shape: &shape, gradient, scale, right };
        self.replay.lead(leaf);
        row.probes(self.probes, &mut self.replay, &mut self.judge, report, random, at_ties)
    }
}
