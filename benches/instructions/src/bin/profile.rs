//! One step of the workload that the argument names, for `profile.py` to look at under valgrind.

use chainrule_instructions::{again, check, numbers, passes, replay, small_ops, swept, training_step, used};
use std::hint::black_box;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("training_step") => {
            let (mut plan, mut state) = training_step::<f32>();
            measured(&mut || replay(&mut plan, &mut state).into());
        }
        Some("small_ops") => {
            let (mut plan, mut state) = small_ops::<f32>();
            measured(&mut || replay(&mut plan, &mut state).into());
        }
        Some("numbers_replay") => {
            let (mut plan, mut state) = numbers::<f64>(100);
            measured(&mut || replay(&mut plan, &mut state));
        }
        Some("numbers_sweep") => {
            let (mut tape, chains) = used(100, swept);
            measured(&mut || again(&mut tape, chains, swept)[0]);
        }
        Some("check") => {
            let check = check([784, 50, 10]);
            measured(&mut || f64::from(u8::from(passes(&check))));
        }
        other => panic!("no workload {other:?}"),
    }
}

/// What is collected: valgrind is told this name.
#[inline(never)]
fn measured(step: &mut dyn FnMut() -> f64) {
    black_box(step());
}
