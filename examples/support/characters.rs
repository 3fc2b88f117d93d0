//! Networks that predict the next character of a text, the Apache licence of this repository.

use chainrule::nn::{Adam, CrossEntropyLoss, Optimizer, Sequential};
use chainrule::{Plan, Result, Tape};
use ndarray::{Array1, Array2};
use rand::RngExt;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use std::collections::{BTreeSet, HashMap};

/// How many characters a network sees, and in how many places of the text at once.
pub(crate) const TIMES: usize = 32;
const BATCH: usize = 16;

/// A text as numbers of characters.
pub(crate) struct Text {
    characters: Vec<char>,
    numbers: Vec<usize>,
}

impl Text {
    /// The licence, with one blank in place of many.
    pub(crate) fn licence() -> Self {
        let words: Vec<&str> = include_str!("../../LICENSE-APACHE").split_whitespace().collect();
        let text = words.join(" ").to_lowercase();
        let characters: Vec<char> = text.chars().collect::<BTreeSet<_>>().into_iter().collect();
        let number: HashMap<char, usize> = characters.iter().copied().zip(0..).collect();
        Self { numbers: text.chars().map(|c| number[&c]).collect(), characters }
    }

    /// How many different characters there are.
    pub(crate) fn characters(&self) -> usize {
        self.characters.len()
    }

    /// The least loss of any table of pairs: the mean of −ln (how often the pair occurs / how often its first character does).
    pub(crate) fn bigram_loss(&self) -> f64 {
        let n = self.characters();
        let mut counts = Array2::<f64>::zeros((n, n));
        for pair in self.numbers.windows(2) {
            counts[[pair[0], pair[1]]] += 1.0;
        }
        let of_first = |first: usize| counts.row(first).sum();
        let loss = |(at, &count): ((usize, usize), &f64)| {
            if count > 0.0 { -count * (count / of_first(at.0)).ln() } else { 0.0 }
        };
        counts.indexed_iter().map(loss).sum::<f64>() / counts.sum()
    }
}

/// Trains a network from characters `[n, times]` to scores `[n, times, characters]`, and prints its mean loss over the last 20
/// steps and what it writes.
pub(crate) fn train_and_write(text: &Text, net: &Sequential, steps: usize) -> Result<()> {
    let tape = Tape::new();
    let x = tape.index_input("x", [BATCH, TIMES]);
    let t = tape.index_input("t", [BATCH * TIMES]);
    let scores = net.forward(x).reshape([-1, text.characters() as isize]);
    let loss = CrossEntropyLoss::default().forward(scores, t);
    let (adam, parameters) = (Adam::new(0.01), net.parameters(&tape));
    let mut plan = Plan::<f32>::compile([loss], adam.updates(loss, &parameters))?;
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut state = net.init::<f32>(&mut rng);
    adam.init(&parameters, &mut state);

    let mut last = 0.0;
    for step in 0..steps {
        let starts: Vec<usize> =
            (0..BATCH).map(|_| rng.random_range(0..text.numbers.len() - TIMES)).collect();
        let at = |i: usize, time: usize| text.numbers[starts[i] + time];
        plan.feed_indices(x, &Array2::from_shape_fn((BATCH, TIMES), |(i, time)| at(i, time)))?;
        plan.feed_indices(t, &Array1::from_shape_fn(BATCH * TIMES, |k| at(k / TIMES, k % TIMES + 1)))?;
        let loss = plan.run(&mut state)?.nth(0).sum();
        if step + 20 >= steps {
            last += f64::from(loss) / 20.0;
        }
    }
    println!("loss {last:.2}, of the best table of pairs {:.2}", text.bigram_loss());

    let seen = tape.index_input("seen", [1, TIMES]);
    let next = net.forward(seen).slice(ndarray::s![0, -1, ..]).softmax(0);
    let mut plan = Plan::<f32>::compile([next], [])?;
    let mut written = text.numbers[..TIMES].to_vec();
    for _ in 0..48 {
        let end = written[written.len() - TIMES..].to_vec();
        plan.feed_indices(seen, &Array2::from_shape_fn((1, TIMES), |(_, time)| end[time]))?;
        let run = plan.run(&mut state)?;
        // The first character at which the sum of the probabilities exceeds a random number.
        let (mut sum, random) = (0.0, rng.random_range(0.0..1.0_f32));
        let exceeds = |&p: &f32| {
            sum += p;
            sum > random
        };
        written.push(run.nth(0).iter().position(exceeds).unwrap_or_default());
    }
    let written: String = written.iter().map(|&number| text.characters[number]).collect();
    let (given, own) = written.split_at(TIMES);
    println!("given: {given}\nwrites: {own}");
    Ok(())
}
