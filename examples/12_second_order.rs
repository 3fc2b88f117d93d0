//! cargo run --example 12_second_order
//!
//! A recorded gradient consists of nodes, so it can be differentiated again. Newton's method minimises `y = x⁴ − 2x²` with
//! both derivatives: `x ← x − y′ / y″`, recorded once and fed in every iteration.
//!
//! ```text
//! x 2.000000  y  8.000000  y′ 24.000000  y″ 44.000000
//! x 1.454545  y  0.244792  y′  6.491360  y″ 21.388430
//! x 1.151047  y -0.894434  y′  1.495941  y″ 11.898905
//! x 1.025326  y -0.997369  y′  0.210369  y″  8.615519
//! x 1.000908  y -0.999997  y′  0.007278  y″  8.021813
//! x 1.000001  y -1.000000  y′  0.000010  y″  8.000030
//! x 1.000000  y -1.000000  y′  0.000000  y″  8.000000
//! ```

use chainrule::{Result, Tape};

fn main() -> Result<()> {
    let tape = Tape::new();
    let x = tape.leaf("x", 2.0);
    let y = x.powi(4) - 2.0 * x.square();
    let [dy] = y.grad([x]);
    let [ddy] = dy.grad([x]);
    let next = x - dy / ddy;

    for _ in 0..7 {
        println!("x {:.6}  y {:9.6}  y′ {:9.6}  y″ {:9.6}", x.value(), y.value(), dy.value(), ddy.value());
        tape.feed(x, next.value())?;
    }
    Ok(())
}
