//! Plans that make subnormal results 0.

use chainrule::{Plan, PlanOptions, State, Tape, Var};
use ndarray::{Array1, ArrayD, arr1};

/// What a plan computes of outputs, in every way that a plan is compiled: the same bits each time.
#[track_caller]
fn run<F: chainrule::Precision>(outputs: &[Var<'_>], flush: bool, state: &State<F>) -> Vec<ArrayD<F>> {
    let mut found: Vec<Vec<ArrayD<F>>> = Vec::new();
    for (fuse, threads) in [(true, 1), (false, 1), (true, 3)] {
        let options = PlanOptions::default().fuse(fuse).threads(threads).flush_subnormals(flush);
        let mut plan = Plan::<F>::compile_with(outputs.iter().copied(), [], options).unwrap();
        let run = plan.run(&mut state.clone()).unwrap();
        found.push((0..outputs.len()).map(|k| run.nth(k).to_owned()).collect());
    }
    let bits = |arrays: &Vec<ArrayD<F>>| -> Vec<u64> {
        arrays.iter().flatten().map(|x| x.to_f64().unwrap().to_bits()).collect()
    };
    found.iter().for_each(|other| assert_eq!(bits(other), bits(&found[0])));
    found.swap_remove(0)
}

#[test]
fn subnormal_results_become_zero_with_their_sign_and_nothing_else_changes() {
    let tape = Tape::new();
    let x = tape.leaf("x", arr1(&[1e-30, -1e-30, 1e-19, f64::NAN, f64::INFINITY, -0.0, 2.0]));
    let y = x * x.abs();
    let [without] = &run::<f32>(&[y], false, &State::new())[..] else { unreachable!() };
    let [with] = &run::<f32>(&[y], true, &State::new())[..] else { unreachable!() };
    assert!(without[2].is_subnormal() && without[0] == 0.0);
    let bits = |x: &ArrayD<f32>, k: usize| x[k].to_bits();
    assert_eq!([bits(with, 0), bits(with, 2)], [0.0_f32.to_bits(); 2]);
    assert_eq!([bits(with, 1), bits(with, 5)], [(-0.0_f32).to_bits(); 2]);
    assert!(with[3].is_nan() && with[4] == f32::INFINITY && with[6] == 4.0);
    // In f64, none of these is subnormal.
    assert!(run::<f64>(&[y], true, &State::new())[0].iter().all(|y| !y.is_subnormal()));
    assert_eq!(run::<f64>(&[y], true, &State::new())[0][2], 1e-38);
}

/// Arrays and single numbers, elementwise ops and kernels, what is folded, and what lies between two nodes of one step.
#[test]
fn each_node_is_made_zero_whatever_it_is_computed_with() {
    let tape = Tape::new();
    let w = tape.parameter("w", [3, 4]);
    let numbers: Vec<Var<'_>> =
        (0..12).map(|i| tape.leaf(&format!("n{i}"), 1e-20 * f64::from(i - 5))).collect();
    let small = w * 1e-20;
    let product = small.matmul(small.t()) * 1e25;
    let sum = (small * small).sum_over(0) * 1e25;
    let softmax = (small * 1e21).softmax(1) * 1e-38;
    // 1e-40 and back again: 0 if the intermediate result was.
    let back = (small * small + small * small) * 1e30 * 1e8;
    let folded = tape.constant(arr1(&[1e-20, 1e-10])) * 1e-20 * 1e20 * 1e20;
    let of_numbers = numbers.iter().map(|&n| n * n * 1e30 * 1e8).reduce(|a, b| a + b).unwrap();
    let all = [product, sum, softmax, back, folded, of_numbers];
    let state: State<f32> = [(
        "w",
        Array1::linspace(-1.0, 1.0, 12).mapv(|x: f64| x as f32).into_shape_with_order((3, 4)).unwrap(),
    )]
    .into_iter()
    .collect();
    let found = run::<f32>(&all, true, &state);
    for k in [0, 1, 3, 5] {
        assert!(found[k].iter().all(|&y| y == 0.0), "{k}: {}", found[k]);
    }
    assert_eq!(found[4].as_slice().unwrap(), [0.0, 1e10]);
    assert!(found[2].iter().all(|y| !y.is_subnormal()));
    let without = run::<f32>(&all, false, &state);
    for k in [0, 1, 3, 4, 5] {
        assert!(without[k].iter().any(|&y| y != 0.0), "{k}: {}", without[k]);
    }
}

#[test]
fn updates_are_results_and_what_is_given_is_not() {
    let tape = Tape::new();
    let (w, x) = (tape.parameter("w", [2]), tape.input("x", [2]));
    let options = PlanOptions::default().flush_subnormals(true);
    let mut plan = Plan::<f32>::compile_with([x.reshape([2, 1]), w * 1.0], [(w, w * 0.5)], options).unwrap();
    let least = f32::from_bits(4);
    plan.feed(x, arr1(&[least, 1.0])).unwrap();
    let mut state: State<f32> = [("w", arr1(&[f32::MIN_POSITIVE, 1.0]))].into_iter().collect();
    let run = plan.run(&mut state).unwrap();
    assert_eq!(run.nth(0).iter().copied().collect::<Vec<_>>(), [least, 1.0]);
    assert_eq!(state.get("w").unwrap().as_slice().unwrap(), [0.0, 0.5]);
}

/// A recurrence whose gradient fades: without the option, hundreds of its numbers are subnormal.
#[test]
fn a_gradient_that_fades_is_zero_from_where_it_cannot_be_told() {
    let tape = Tape::new();
    let x = tape.leaf("x", Array1::linspace(-1.0, 1.0, 32));
    let steps: Vec<Var<'_>> =
        std::iter::successors(Some(x), |&x| Some((0.6 * x + 0.1).tanh())).take(260).collect();
    let subnormal = |dx: Var<'_>, flush: bool| {
        run::<f32>(&[dx], flush, &State::new())[0].iter().filter(|dx| dx.is_subnormal()).count()
    };
    let gradients: Vec<Var<'_>> = (100..260).step_by(8).map(|n| steps[n].sum().grad([x])[0]).collect();
    assert!(gradients.iter().any(|&dx| subnormal(dx, false) > 0));
    assert!(gradients.iter().all(|&dx| subnormal(dx, true) == 0));
}

/// Long steps, which threads share.
#[test]
fn parts_of_long_steps_are_made_zero_too() {
    let tape = Tape::new();
    let w = tape.parameter("w", [2048, 64]);
    let small = w * 1e-20;
    let product = small.matmul(small.slice(ndarray::s![..64, ..]).t());
    let all = [product, product.exp() * product, (small * small).softmax(1) * 1e-39, small * small];
    let numbers = Array1::linspace(-1.0_f32, 1.0, 2048 * 64).into_shape_with_order((2048, 64)).unwrap();
    let state: State<f32> = [("w", numbers)].into_iter().collect();
    assert!(run::<f32>(&all, true, &state).iter().flatten().all(|y| !y.is_subnormal()));
    assert!(run::<f32>(&all, false, &state).iter().flatten().any(|y| y.is_subnormal()));
}
