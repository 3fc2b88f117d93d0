//! How long elementwise maths takes, a plan of one op beside a loop over std's function. Run with
//! `cargo bench --bench maths`; items per second are elements.

use chainrule::{Plan, Precision, State, Tape, Var};
use divan::Bencher;
use divan::counter::ItemsCount;
use ndarray::Array1;

fn main() {
    divan::main();
}

/// As many as stay in a first-level cache, operand and result.
const LEN: usize = 4096;

/// Numbers without order between two bounds.
fn numbers<F: Precision>(low: f64, high: f64) -> Vec<F> {
    (0..LEN).map(|i| F::of(low + (high - low) * (i as f64 * 0.618_033_988_749_895).fract())).collect()
}

/// An op as any plan runs it.
fn ours<F: Precision>(
    bencher: Bencher<'_, '_>,
    low: f64,
    high: f64,
    op: impl for<'t> Fn(Var<'t>) -> Var<'t>,
) {
    let tape = Tape::new();
    let x = tape.input("x", [LEN]);
    let y = op(x);
    let mut plan = Plan::<F>::compile([y], []).expect("one op compiles");
    plan.feed(x, &Array1::from(numbers(low, high))).expect("the shapes agree");
    let mut state = State::new();
    bencher.counter(ItemsCount::new(LEN)).bench_local(|| {
        plan.run(&mut state).expect("x was fed");
    });
}

/// A function in a plain loop.
fn std<F: Precision>(bencher: Bencher<'_, '_>, low: f64, high: f64, f: impl Fn(F) -> F) {
    let (x, mut y) = (numbers::<F>(low, high), vec![F::zero(); LEN]);
    bencher.counter(ItemsCount::new(LEN)).bench_local(|| {
        y.iter_mut().zip(divan::black_box(&x)).for_each(|(y, x)| *y = f(*x));
        divan::black_box_drop(&y);
    });
}

macro_rules! functions {
    ($($name:ident in $low:literal .. $high:literal, |$x:ident| $of:expr;)+) => {
        $(mod $name {
            use super::*;

            #[divan::bench(types = [f32, f64])]
            fn ours<F: Precision>(bencher: Bencher<'_, '_>) {
                super::ours::<F>(bencher, $low, $high, |x| x.$name());
            }

            #[divan::bench(types = [f32, f64])]
            fn std<F: Precision>(bencher: Bencher<'_, '_>) {
                super::std::<F>(bencher, $low, $high, |$x| $of);
            }
        })+
    };
}

functions! {
    exp in -4.0 .. 4.0, |x| x.exp();
    exp_m1 in -4.0 .. 4.0, |x| x.exp_m1();
    ln in 0.01 .. 4.0, |x| x.ln();
    tanh in -4.0 .. 4.0, |x| x.tanh();
    sigmoid in -4.0 .. 4.0, |x| F::one() / (F::one() + (-x).exp());
    softplus in -4.0 .. 4.0, |x| x.max(F::zero()) + (-x.abs()).exp().ln_1p();
    sin in -4.0 .. 4.0, |x| x.sin();
    cos in -4.0 .. 4.0, |x| x.cos();
    relu in -4.0 .. 4.0, |x| x.max(F::zero());
}
