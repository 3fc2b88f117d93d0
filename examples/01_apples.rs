//! cargo run --example 01_apples
//!
//! Two apples at 100 each, and a tax of 10 %. The forward pass computes their price, the backward pass its derivative with
//! respect to each number. `price.draw().gradients(&gradients).save("apples.svg")` draws it as in `graphs/apples.svg`.
//!
//! ```text
//! price 220.0
//! d price / d apple    2.2
//! d price / d number 110.0
//! d price / d tax    200.0
//! ```

use chainrule::{Tape, Var};

/// The price, and the leaves it is computed from.
pub(crate) fn apples(tape: &Tape) -> (Var<'_>, [Var<'_>; 3]) {
    let apple = tape.leaf("apple", 100.0);
    let number = tape.leaf("number", 2.0);
    let tax = tape.leaf("tax", 1.1);
    let price = apple * number * tax;
    (price.named("price"), [apple, number, tax])
}

fn main() {
    let tape = Tape::new();
    let (price, leaves) = apples(&tape);
    println!("price {:.1}", price.value());

    let gradients = price.backward();
    for leaf in leaves {
        let name = leaf.name().unwrap_or_default();
        println!("d price / d {name:<6} {:5.1}", gradients.of(leaf).value());
    }
}
