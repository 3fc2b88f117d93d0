//! cargo run --example 24_newton_cg
//!
//! A chain of 60 springs hangs between two hooks. Its shape has the least energy; Newton's method finds it, and conjugate
//! gradients solve `H p = −g` in each iteration with products of the Hessian alone (Nocedal and Wright, *Numerical
//! Optimization*, 2nd edition, algorithm 7.1). The Hessian of 118 × 118 numbers is never formed.
//!
//! ```text
//! energy -0.211255  gradient 5.6e-1  products 15
//! energy -0.257102  gradient 1.9e0  products 5
//! energy -0.284360  gradient 1.3e0  products 8
//! energy -0.305778  gradient 1.3e0  products 1
//! energy -0.309662  gradient 6.4e-1  products 2
//! energy -0.312377  gradient 2.9e-1  products 17
//! energy -0.314265  gradient 7.6e-1  products 2
//! energy -0.316821  gradient 2.6e-1  products 21
//! energy -0.319488  gradient 3.5e-1  products 30
//! energy -0.319846  gradient 1.1e0  products 2
//! energy -0.325170  gradient 4.1e-1  products 13
//! energy -0.327115  gradient 7.9e-1  products 1
//! energy -0.328296  gradient 3.6e-1  products 4
//! energy -0.329686  gradient 2.1e-1  products 43
//! energy -0.333243  gradient 4.5e-1  products 1
//! energy -0.333637  gradient 1.5e-1  products 36
//! energy -0.335196  gradient 5.9e-1  products 2
//! energy -0.336442  gradient 2.4e-1  products 3
//! energy -0.336821  gradient 1.0e-1  products 20
//! energy -0.337531  gradient 3.6e-2  products 44
//! energy -0.337665  gradient 7.2e-3  products 54
//! energy -0.337667  gradient 5.5e-4  products 64
//! energy -0.337667  gradient 1.2e-5  products 132
//! energy -0.337667  gradient 3.1e-8  products 156
//! the lowest point is at (0.5000, -0.6186)
//! ```

use chainrule::{Plan, Result, State, Tape};
use ndarray::{Array2, ArrayD, arr2, s};

const SPRINGS: usize = 60;
/// Of each spring; together 1.5, between hooks at a distance of 1.
const LENGTH: f64 = 1.5 / SPRINGS as f64;
const STIFFNESS: f64 = 100.0;
const WEIGHT: f64 = 1.0 / SPRINGS as f64;

fn dot(a: &ArrayD<f64>, b: &ArrayD<f64>) -> f64 {
    (a * b).sum()
}

fn main() -> Result<()> {
    let tape = Tape::new();
    let nodes = [SPRINGS - 1, 2];
    let (x, v) = (tape.input("x", nodes), tape.input("v", nodes));
    let (left, right) = (tape.constant(arr2(&[[0.0, 0.0]])), tape.constant(arr2(&[[1.0, 0.0]])));
    let all = tape.concat(&[left, x, right], 0);
    let lengths = (all.slice(s![1.., ..]) - all.slice(s![..-1, ..])).square().sum_over(1).sqrt();
    let energy = (0.5 * STIFFNESS * (lengths - LENGTH).square()).sum() + WEIGHT * x.slice(s![.., 1]).sum();
    let [gradient] = energy.grad([x]);
    let [product] = energy.hvp([(x, v)]);

    let mut state = State::new();
    let mut slope = Plan::<f64>::compile([energy, gradient], [])?;
    let mut curvature = Plan::<f64>::compile([product], [])?;
    let mut at = Array2::from_shape_fn(nodes, |(i, axis)| {
        let t = (i as f64 + 1.0) / SPRINGS as f64;
        if axis == 0 { t } else { -2.0 * t * (1.0 - t) }
    })
    .into_dyn();
    for _ in 0..50 {
        slope.feed("x", &at)?;
        let outputs = slope.run(&mut state)?;
        let (e, g) = (outputs.item(energy), outputs.nth(1).to_owned());
        let norm = dot(&g, &g).sqrt();
        // Conjugate gradients, until the rest is small beside the gradient or the curvature is not positive.
        curvature.feed("x", &at)?;
        let (mut p, mut rest) = (ArrayD::zeros(g.raw_dim()), g.clone());
        let mut direction = -&rest;
        let mut products = 0;
        while dot(&rest, &rest).sqrt() > norm.sqrt().min(0.5) * norm {
            curvature.feed("v", &direction)?;
            let h = curvature.run(&mut state)?.nth(0).to_owned();
            products += 1;
            let bend = dot(&direction, &h);
            if bend <= 0.0 {
                if products == 1 {
                    p = direction;
                }
                break;
            }
            let before = dot(&rest, &rest);
            let step = before / bend;
            p.scaled_add(step, &direction);
            rest.scaled_add(step, &h);
            direction = dot(&rest, &rest) / before * direction - &rest;
        }
        println!("energy {e:9.6}  gradient {norm:.1e}  products {products}");
        if norm < 1e-6 {
            break;
        }
        // Half as far until the energy falls enough.
        let mut step = 1.0;
        loop {
            let next = &at + step * &p;
            slope.feed("x", &next)?;
            if slope.run(&mut state)?.item(energy) <= e + 1e-4 * step * dot(&g, &p) || step < 1e-10 {
                at = next;
                break;
            }
            step /= 2.0;
        }
    }
    println!("the lowest point is at ({:.4}, {:.4})", at[[SPRINGS / 2 - 1, 0]], at[[SPRINGS / 2 - 1, 1]]);
    Ok(())
}
