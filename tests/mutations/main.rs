//! The checker under test: 46 ways to get gradients wrong, each of which must be caught and located – the right node,
//! the right operand, the line that recorded it – while the same code with the fault switched off must pass.
//!
//! Wrong rules are those of users' ops of the public trait; faults of the engine are edited into a recorded backward
//! graph; a plan is made to overwrite what it still needs; kernels are wrong where the usual run of a check does not look.

mod alone;
mod altered;
mod batch_norm;
mod composed;
mod convolution;
mod edited;
mod engine;
mod finding;
mod flipped;
mod functions;
mod gather;
mod identity;
mod kernels;
mod layers;
mod one_element;
mod replay;
mod rules;
mod specimen;
#[path = "../support/mod.rs"]
mod support;

use finding::Finding;
use specimen::Specimen;
use std::collections::BTreeMap;

/// A fault by its number in the list; several of one number are variants, and all of them count as one.
struct Mutation {
    number: usize,
    what: &'static str,
    /// The check of a graph that has the fault, or has it switched off.
    run: Box<dyn Fn(bool) -> Finding>,
}

impl Mutation {
    fn new(number: usize, what: &'static str, run: impl Fn(bool) -> Finding + 'static) -> Self {
        Self { number, what, run: Box::new(run) }
    }
}

/// How many there are.
const COUNT: usize = 46;

fn specimens() -> Vec<Specimen> {
    [rules::all(), functions::all(), gather::all(), batch_norm::all(), convolution::all(), layers::all()]
        .into_iter()
        .flatten()
        .collect()
}

fn mutations() -> Vec<Mutation> {
    let rule = |s: Specimen| Mutation::new(s.number, s.what, move |wrong| s.run(wrong));
    let rules = specimens().into_iter().map(rule);
    let others =
        [engine::all(), replay::all(), one_element::all(), kernels::all(), alone::all(), identity::all()];
    let mut all: Vec<Mutation> = rules.chain(others.into_iter().flatten()).collect();
    all.sort_by_key(|m| m.number);
    all
}

#[test]
fn every_mutation_is_caught_and_located() {
    // By number: whether every variant is caught, and located.
    let mut caught: BTreeMap<usize, [bool; 2]> = BTreeMap::new();
    let mut failures = Vec::new();
    for Mutation { number, what, run } in mutations() {
        let right = run(false);
        if right.caught {
            failures.push(format!("{number} ({what}): the right twin does not pass\n{}", right.text));
        }
        let wrong = run(true);
        println!("{number:2} {what}: {}", wrong.first);
        if !(wrong.caught && wrong.located) {
            let how = if wrong.caught { "caught, but not located" } else { "not caught" };
            failures.push(format!("{number} ({what}): {how}\n{}", wrong.text));
        }
        let [is_caught, is_located] = caught.entry(number).or_insert([true; 2]);
        *is_caught &= wrong.caught;
        *is_located &= wrong.located;
    }
    let count = |k: usize| caught.values().filter(|found| found[k]).count();
    println!("{} of {COUNT} caught, {} located", count(0), count(1));
    assert!(caught.keys().copied().eq(1..=COUNT));
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert_eq!([count(0), count(1)], [COUNT; 2]);
}

/// The control: what a loss of `op(x).sum()` cannot show, whose cotangent is ones, is found nevertheless, since rules are
/// judged under random cotangents.
#[test]
fn what_hides_under_a_cotangent_of_ones_is_caught_and_located() {
    let mut hidden = 0;
    let mut failures = Vec::new();
    for specimen in specimens().iter().filter(|s| !s.misfits) {
        let (number, what) = (specimen.number, specimen.what);
        let gradients = [false, true].map(|wrong| specimen.gradient_under_ones(wrong));
        let hides = gradients[0].iter().zip(&gradients[1]).all(|(a, b)| (a - b).abs() < 1e-12);
        assert_eq!(hides, specimen.hides_under_ones, "{number} ({what}): {gradients:?}");
        if !hides {
            continue;
        }
        hidden += 1;
        let [right, wrong] = [false, true].map(|wrong| specimen.run_under_ones(wrong));
        println!("{number:2} {what}: hidden from a sum; {}", wrong.first);
        for (finding, located) in [(right, false), (wrong, true)] {
            if finding.differs_end_to_end || finding.located != located {
                failures.push(format!("{number} ({what}), located: {located}\n{}", finding.text));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert_eq!(hidden, 7);
}
