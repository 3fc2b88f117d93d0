//! Allocations, counted by the global allocator: a replay makes none, except for packing in the matrix product; recording a
//! scalar graph on a reused tape makes none per node.

#[path = "support/counting.rs"]
mod counting;

use chainrule::check::Mode;
use chainrule::nn::{Adam, Affine, Optimizer, Relu, Sequential};
use chainrule::op::{Domain, Kind, Op};
use chainrule::{Check, Plan, PlanOptions, State, Tape, Var};
use counting::{COUNT, HELD, MOST};
use ndarray::{Array2, ArrayD, IxDyn};
use std::sync::Arc;

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
fn no_op_but_products_of_matrices_allocates() {
    let mut seen = 0;
    for entry in chainrule::ops::TABLE {
        for op in (entry.examples)() {
            for sample in op.samples() {
                let tape = Tape::new();
                let x: Vec<Var<'_>> =
                    sample.0.iter().enumerate().map(|(i, (s, d))| leaf(&tape, i, s, *d)).collect();
                let op: Arc<dyn Op> = op.clone();
                let y = tape.try_apply_shared(op, &x).unwrap();
                let is_real = tape.graph().node(y.id()).kind() == Kind::Real;
                let mut plan = Plan::<f32>::compile([if is_real { y * 2.0 } else { y }], []).unwrap();
                let allocations = of_a_replay(&mut plan, &mut State::new());
                // Two by the library for each product; a contraction is at most one for each element of its result.
                let products = match entry.name {
                    "matmul" => 1,
                    // Decompositions of matrices work in memory of their own, each of a batch in some dozen pieces.
                    "triangular_solve" | "cholesky" | "solve" | "det" | "cofactor" | "cofactor_vjp"
                    | "slogdet" | "qr" | "eigh" | "svd" | "pinv" | "expm" => {
                        let shape = tape.graph().node(x[0].id()).shape().to_vec();
                        30 * shape[..shape.len() - 2].iter().product::<usize>().max(6)
                    }
                    "contract" => tape.graph().node(y.id()).shape().iter().product(),
                    _ => 0,
                };
                let most = 2 * products;
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
        // Five products, of which one is two for the library: the gradient of the first weights, of 48 columns and two more.
        let products = 5 + 1;
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

/// So many ops on single numbers: chains of 333 × `v = tanh(v a + b)`, all summed.
fn chains(tape: &Tape, chains: usize) -> (Var<'_>, [Var<'_>; 2]) {
    let (a, b) = (tape.leaf("a", 0.9), tape.leaf("b", 0.1));
    let chain = |k: usize| {
        let start = tape.constant(k as f64 / chains as f64 - 0.5);
        (0..333).fold(start, |v, _| (v * a + b).tanh())
    };
    ((0..chains).map(chain).sum(), [a, b])
}

#[test]
fn nodes_of_single_numbers_allocate_nothing_on_a_tape_used_again() {
    let mut tape = Tape::new();
    let mut of_a_run = |length: usize, recorded: bool| {
        count(|| {
            tape.reset();
            let (loss, leaves) = chains(&tape, length);
            let mut numbers = loss.sweep(leaves).map(|dx| dx.item()).to_vec();
            if recorded {
                numbers.extend(loss.grad(leaves).map(|dx| dx.value().item()));
            }
            assert!(loss.value().item().is_finite() && numbers.iter().all(|x| x.is_finite()));
        })
    };
    of_a_run(40, true);
    let (few, many) = (of_a_run(10, false), of_a_run(30, false));
    assert_eq!(few, many, "for 20,000 more nodes");
    // The list of which node has which cotangent is as long as the graph, and made anew.
    assert_eq!(of_a_run(10, true), of_a_run(30, true));
}

#[test]
fn elementwise_nodes_on_arrays_allocate_nothing_on_a_tape_used_again() {
    let mut tape = Tape::new();
    let mut of_a_run = |length: usize| {
        count(|| {
            tape.reset();
            let leaf = |name, number| tape.leaf(name, ndarray::Array1::from_elem(32, number));
            let (x, a, b) = (leaf("x", 0.5), leaf("a", 0.9), leaf("b", 0.1));
            let loss = (0..length).fold(x, |x, _| (x * a + b).tanh()).sum();
            assert!(loss.sweep([x, a, b]).iter().all(|dx| dx[31].is_finite()) && loss.value().item() > 0.0);
        })
    };
    of_a_run(400);
    assert_eq!(of_a_run(30), of_a_run(333));
}

#[test]
fn a_million_single_numbers_cost_56_bytes_each_at_most() {
    let before = HELD.get();
    MOST.set(before);
    let tape = Tape::new();
    let (loss, leaves) = chains(&tape, 1000);
    let (value, [da, _]) = (loss.value(), loss.sweep(leaves));
    assert!(value.item().is_finite() && da.item().is_finite());
    let nodes = tape.graph().len();
    let bytes = (MOST.get() - before) as f64 / nodes as f64;
    println!("{bytes:.1} bytes for each of {nodes} nodes, recorded, evaluated and swept");
    assert!(bytes <= 56.0, "{bytes} bytes");
}
