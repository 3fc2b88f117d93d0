//! cargo run --example 02_apples_and_oranges
//!
//! Two apples at 100 and three oranges at 150, with a tax of 10 %: a sum of two products propagates its whole derivative to
//! each of them. Drawn in `graphs/apples_and_oranges.svg`.
//!
//! ```text
//! price 715.0
//! d price / d apple     2.2
//! d price / d apples  110.0
//! d price / d orange    3.3
//! d price / d oranges 165.0
//! d price / d tax     650.0
//! ```

use chainrule::{Tape, Var};

/// The price, and the leaves it is computed from.
pub(crate) fn apples_and_oranges(tape: &Tape) -> (Var<'_>, [Var<'_>; 5]) {
    let (apple, apples) = (tape.leaf("apple", 100.0), tape.leaf("apples", 2.0));
    let (orange, oranges) = (tape.leaf("orange", 150.0), tape.leaf("oranges", 3.0));
    let tax = tape.leaf("tax", 1.1);
    let price = (apple * apples + orange * oranges) * tax;
    (price.named("price"), [apple, apples, orange, oranges, tax])
}

fn main() {
    let tape = Tape::new();
    let (price, leaves) = apples_and_oranges(&tape);
    println!("price {:.1}", price.value());

    // `grad` records the derivatives with respect to these vars alone; `backward` computes all of them.
    for (leaf, gradient) in leaves.into_iter().zip(price.grad(leaves)) {
        println!("d price / d {:<7} {:5.1}", leaf.name().unwrap_or_default(), gradient.value());
    }
}
