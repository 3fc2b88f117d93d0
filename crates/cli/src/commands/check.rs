use crate::failure::Failure;
use crate::loaded::{Loaded, ModelFile, Numbers, normal};
use crate::output::say;
use chainrule::Var;
use chainrule::check::{Mode, ParameterReport, Report, Verdict};
use chainrule::graph::{Kind, Leaf};
use clap::{Args, ValueEnum};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use serde_json::json;

/// Checks the gradients of a model against finite differences, and names the op that is wrong.
///
/// What is differentiated is the sum of all outputs of real numbers, each number times a random one; with respect to the parameters, and
/// to the inputs.
#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    model: ModelFile,
    /// How thoroughly.
    #[arg(long, value_enum, default_value_t = Thoroughness::Quick)]
    mode: Thoroughness,
    /// The highest order of derivatives.
    #[arg(long, default_value_t = 1)]
    order: usize,
    #[arg(long, default_value_t = 1)]
    /// In how many threads.
    threads: usize,
    #[command(flatten)]
    numbers: Numbers,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Thoroughness {
    /// A few random directions for each leaf.
    Quick,
    /// Every element.
    Full,
    /// Every element, by the plain difference of the book.
    Chapter,
}

impl Check {
    pub(crate) fn run(self) -> Result<bool, Failure> {
        let mut loaded = self.model.load()?;
        loaded.give(&self.numbers)?;
        let loss = contracted(&loaded, self.numbers.seed)?;
        let leaves: Vec<Var<'_>> = [Leaf::Parameter, Leaf::Input]
            .into_iter()
            .flat_map(|kind| loaded.leaves(kind))
            .filter(|(_, leaf)| loaded.tape.graph().node(leaf.id()).kind() == Kind::Real)
            .map(|(_, leaf)| leaf)
            .collect();
        let mode = match self.mode {
            Thoroughness::Quick => Mode::QUICK,
            Thoroughness::Full => Mode::Full,
            Thoroughness::Chapter => Mode::CHAPTER,
        };
        let check = chainrule::Check::new(loss, &leaves).mode(mode).order(self.order);
        let report = check.threads(self.threads).seed(self.numbers.seed).run()?;
        say(self.json, || report.to_string(), || json!(report))?;
        Ok(passes(&report))
    }
}

/// Whether nothing is wrong or open, in any order. That an output does not depend on an input is no fault.
fn passes(report: &Report) -> bool {
    let is_fine =
        |p: &ParameterReport| matches!(p.verdict, Verdict::Pass | Verdict::Kink | Verdict::Unreached);
    report.faults.is_empty()
        && report.parameters.iter().all(is_fine)
        && report.next.as_deref().is_none_or(passes)
}

/// The sum of all outputs of real numbers, weighed by random numbers.
fn contracted(loaded: &Loaded, seed: u64) -> Result<Var<'_>, Failure> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed.wrapping_add(1));
    let outputs = loaded.outputs();
    let real = outputs.into_iter().filter(|y| loaded.tape.graph().node(y.id()).kind() == Kind::Real);
    let terms = real.map(|y| (y * loaded.tape.constant(normal(&y.shape(), &mut rng))).sum());
    terms.reduce(|a, b| a + b).ok_or_else(|| {
        Failure::Problem("the model has no output of real numbers to differentiate".to_owned())
    })
}
