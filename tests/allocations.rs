//! What a replay allocates, counted by the global allocator: nothing, but for what the matrix product packs.
// A counting allocator can only be written with unsafe code; it hands everything on to the system's.
#![allow(unsafe_code)]

use chainrule::check::Mode;
use chainrule::nn::{Adam, Affine, Optimizer, Relu, Sequential};
use chainrule::op::{Domain, Op};
use chainrule::{Check, Plan, PlanOptions, State, Tape, Var};
use ndarray::{Array2, ArrayD, IxDyn};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator unchanged; the counter is a plain cell of the calling thread.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: the caller's promises are handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are handed on.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: the caller's promises are handed on.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The number of allocations of this thread during a call.
fn count(f: impl FnOnce()) -> usize {
    let before = COUNT.get();
    f();
    COUNT.get() - before
}

/// Allocations of the third run; the first may warm up libraries.
fn of_a_replay(plan: &mut Plan<f32>, state: &mut State<f32>) -> usize {
    for _ in 0..2 {
        plan.run(state).unwrap();
    }
    count(|| {
        let _ = plan.run(state).unwrap();
    })
}

fn leaf<'t>(tape: &'t Tape, i: usize, shape: &[usize], domain: Domain) -> Var<'t> {
    let name = format!("x{i}");
    match domain {
        Domain::Index(n) => tape.index_leaf(&name, ArrayD::from_shape_fn(IxDyn(shape), |_| i % n.max(1))),
        _ => tape.leaf(&name, ArrayD::from_elem(IxDyn(shape), 0.5)),
    }
}

#[test]
fn no_op_but_the_matrix_product_allocates() {
    let mut seen = 0;
    for entry in chainrule::ops::TABLE {
        for op in (entry.examples)() {
            for sample in op.samples() {
                let tape = Tape::new();
                let x: Vec<Var<'_>> =
                    sample.0.iter().enumerate().map(|(i, (s, d))| leaf(&tape, i, s, *d)).collect();
                let op: Arc<dyn Op> = op.clone();
                let y = tape.try_apply_shared(op, &x).unwrap();
                let mut plan = Plan::<f32>::compile([y * 2.0], []).unwrap();
                let allocations = of_a_replay(&mut plan, &mut State::new());
                let most = if entry.name == "matmul" { 2 } else { 0 };
                assert!(allocations <= most, "{} on {:?}: {allocations} allocations", entry.name, sample.0);
                seen += 1;
            }
        }
    }
    assert!(seen > 100, "{seen} samples");
}

#[test]
fn a_training_step_allocates_twice_for_each_product() {
    let tape = Tape::new();
    let (x, t) = (tape.input("x", [100, 784]), tape.input("t", [100, 10]));
    let net = Sequential::new().push(Affine::new(784, 50)).push(Relu).push(Affine::new(50, 10));
    let loss = net.forward(x).softmax_cross_entropy(t);
    let parameters = net.parameters(&tape);
    let adam = Adam::new(1e-3);
    let updates = adam.updates(loss, &parameters);
    let mut rng = <rand_chacha::ChaCha8Rng as rand_chacha::rand_core::SeedableRng>::seed_from_u64(1);
    let mut state = net.init::<f32>(&mut rng);
    adam.init(&parameters, &mut state);
    for fuse in [true, false] {
        let options = PlanOptions::default().fuse(fuse);
        let mut plan = Plan::<f32>::compile_with([loss], updates.iter().copied(), options).unwrap();
        let (images, targets) = (Array2::from_elem((100, 784), 0.5), Array2::from_elem((100, 10), 0.1));
        plan.feed(x, &images).unwrap();
        plan.feed(t, &targets).unwrap();
        let products = 5;
        assert!(of_a_replay(&mut plan, &mut state) <= 2 * products);
        let feeding = count(|| {
            plan.feed(x, &images).unwrap();
            plan.input_mut(t).unwrap().assign(&targets);
        });
        assert_eq!(feeding, 0);
    }
}

#[test]
fn a_check_allocates_as_often_for_many_elements_as_for_few() {
    let of_a_check = |rows: usize, mode: Mode| {
        let tape = Tape::new();
        let numbers = |shape: &[usize]| {
            let n: usize = shape.iter().product();
            let wave = (0..n).map(|i| (i as f64 * 0.7).sin()).collect();
            ArrayD::from_shape_vec(IxDyn(shape), wave).unwrap()
        };
        let (x, w) = (tape.leaf("x", numbers(&[3, rows])), tape.leaf("w", numbers(&[rows, 5])));
        let loss = (x.matmul(w).tanh() * tape.constant(numbers(&[3, 5]))).sum();
        let gradients = loss.try_grad(&[w]).unwrap();
        let check = Check::new(loss, &[w]).gradients(&gradients).mode(mode);
        let run = || assert!(check.run().unwrap().passed());
        run();
        count(run)
    };
    for mode in [Mode::Full, Mode::CHAPTER] {
        // Both are large enough for their nodes to be judged along directions.
        let (few, many) = (of_a_check(20, mode), of_a_check(60, mode));
        assert!(many < few + 100, "{mode:?}: {few} allocations for 100 elements, {many} for 300");
    }
}
