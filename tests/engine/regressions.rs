//! Bugs that other engines have had, each held off by a test; the reverse pass's own corners; what errors say.

use crate::support::{check_vjp, panic_of};
use chainrule::{Tape, Var};
use ndarray::{Array, ArrayD, Dimension, arr0, arr1, arr2, s};

type Function = for<'t> fn(Var<'t>) -> Var<'t>;

/// The gradient of a scalar function of one array, as a list.
fn gradient<D: Dimension>(x: Array<f64, D>, f: impl for<'t> Fn(Var<'t>) -> Var<'t>) -> Vec<f64> {
    let tape = Tape::new();
    let x = tape.leaf("x", x);
    f(x).grad([x])[0].value().iter().copied().collect()
}

fn value<D: Dimension>(x: Array<f64, D>, f: impl for<'t> Fn(Var<'t>) -> Var<'t>) -> Vec<f64> {
    f(Tape::new().leaf("x", x)).value().iter().copied().collect()
}

#[test]
fn square_root() {
    assert_eq!(gradient(arr1(&[4.0, 0.25]), |x| x.sqrt().sum()), [0.25, 1.0]);
}

#[test]
fn a_part_times_a_number_has_a_gradient_in_its_place() {
    assert_eq!(gradient(arr1(&[5.0, 7.0]), |c| c.slice(s![1]) * 3.0), [0.0, 3.0]);
    let tape = Tape::new();
    let (c, scalar) = (tape.leaf("c", arr1(&[5.0, 7.0])), tape.leaf("scalar", 3.0));
    let [dc, ds] = (c * scalar).sum().grad([c, scalar]);
    assert_eq!((dc.value().into_array(), ds.value().item()), (arr1(&[3.0, 3.0]).into_dyn(), 12.0));
}

#[test]
fn both_operands_of_maximum_and_minimum_have_the_right_sign() {
    let tape = Tape::new();
    let (a, b) = (tape.leaf("a", arr1(&[1.0, 5.0, 2.0])), tape.leaf("b", arr1(&[3.0, 4.0, 2.0])));
    for (y, wanted_a, wanted_b) in
        [(a.maximum(b), [0.0, 1.0, 0.5], [1.0, 0.0, 0.5]), (a.minimum(b), [1.0, 0.0, 0.5], [0.0, 1.0, 0.5])]
    {
        let [da, db] = y.sum().grad([a, b]);
        assert_eq!(
            [da.value(), db.value()].map(|v| v.into_array()),
            [wanted_a, wanted_b].map(|v| arr1(&v).into_dyn())
        );
    }
}

#[test]
fn concat_stays_aligned_when_an_operand_is_not_asked_for() {
    let tape = Tape::new();
    let fixed = tape.constant(arr1(&[9.0, 9.0]));
    let (a, b) = (tape.leaf("a", arr1(&[1.0])), tape.leaf("b", arr1(&[2.0, 3.0])));
    let weights = tape.constant(arr1(&[1.0, 2.0, 3.0, 4.0, 5.0]));
    let y = (tape.concat(&[a, fixed, b], 0) * weights).sum();
    assert_eq!(y.grad([b])[0].value().into_array(), arr1(&[4.0, 5.0]).into_dyn());
    assert_eq!(y.grad([a])[0].value().into_array(), arr1(&[1.0]).into_dyn());
    let stopped = (tape.concat(&[a.stop_gradient(), b, a], 0) * weights.slice(s![..4])).sum();
    assert_eq!(stopped.grad([a])[0].value().into_array(), arr1(&[4.0]).into_dyn());
}

#[test]
fn negation_accumulates() {
    assert_eq!(gradient(arr0(3.0), |x| -x + -x + x * x), [4.0]);
    assert_eq!(gradient(arr0(3.0), |x| x - x), [0.0]);
}

#[test]
fn kinks_and_powers_at_zero() {
    assert_eq!(gradient(arr1(&[0.0, -0.0, 2.0, -2.0]), |x| x.abs().sum()), [0.0, 0.0, 1.0, -1.0]);
    assert_eq!(gradient(arr1(&[0.0, 2.0, -2.0]), |x| x.relu().sum()), [0.0, 1.0, 0.0]);
    let squares: [Function; 4] = [|x| x.square(), |x| x.powi(2), |x| x * x, |x| x.powf(2.0)];
    for f in squares {
        assert_eq!(gradient(arr0(0.0), f), [0.0]);
        let tape = Tape::new();
        let x = tape.leaf("x", 0.0);
        let [d] = f(x).grad([x]);
        let [dd] = d.grad([x]);
        assert_eq!((dd.value().item(), dd.grad([x])[0].value().item()), (2.0, 0.0));
    }
    assert_eq!(gradient(arr0(0.0), |x| x.powi(0) + x.powi(1) + x.powf(0.0) + x.powf(1.0)), [2.0]);
}

#[test]
fn powers_of_negative_bases() {
    assert_eq!(value(arr1(&[-2.0, -0.5]), |x| x.powi(3)), [-8.0, -0.125]);
    assert_eq!(gradient(arr1(&[-2.0, -0.5]), |x| x.powi(3).sum()), [12.0, 0.75]);
    assert_eq!(gradient(arr0(-2.0), |x| x.powi(-1)), [-0.25]);
    assert_eq!(gradient(arr0(-2.0), |x| x.powf(2.0)), [-4.0]);
    assert_eq!(gradient(arr0(-1.0), |x| x.powi(i32::MIN)), [-f64::from(i32::MIN)]);
}

#[test]
fn large_magnitudes_neither_overflow_nor_turn_nan() {
    let large = || arr1(&[-1000.0, -40.0, 0.0, 40.0, 1000.0]);
    assert_eq!(value(large(), |x| x.softplus())[..], [0.0, (-40.0_f64).exp(), 2.0_f64.ln(), 40.0, 1000.0]);
    let slopes = gradient(large(), |x| x.softplus().sum());
    assert!(slopes[0] == 0.0 && slopes[1] > 0.0 && slopes[2..] == [0.5, 1.0, 1.0], "{slopes:?}");
    assert_eq!(value(large(), |x| x.sigmoid())[2..], [0.5, 1.0, 1.0]);
    assert_eq!(gradient(large(), |x| x.sigmoid().sum())[4], 0.0);
    assert_eq!(gradient(large(), |x| x.tanh().sum())[4], 0.0);
    assert_eq!(value(large(), |x| x.logsumexp()), [1000.0]);
    assert_eq!(gradient(large(), |x| x.logsumexp()), [0.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(value(large(), |x| x.log_softmax(0)), [-2000.0, -1040.0, -1000.0, -960.0, 0.0]);
    assert_eq!(gradient(large(), |x| x.log_softmax(0).slice(s![0])), [1.0, 0.0, 0.0, 0.0, -1.0]);
    assert_eq!(value(large() * -1.0, |x| x.softmax(0)), [1.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(value(arr1(&[f64::NEG_INFINITY; 2]), |x| x.logsumexp()), [f64::NEG_INFINITY]);
}

#[test]
fn cross_entropy_of_hopeless_scores() {
    let tape = Tape::new();
    let scores = tape.leaf("scores", arr2(&[[1000.0, -1000.0, 0.0], [-1e4, 1e4, 0.0]]));
    let labels = tape.index_leaf("labels", arr1(&[1_usize, 1]));
    let targets = tape.leaf("targets", arr2(&[[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]]));
    for loss in [scores.softmax_cross_entropy(labels), scores.softmax_cross_entropy(targets)] {
        assert_eq!(loss.value().item(), 1000.0);
        let wanted = arr2(&[[0.5, -0.5, 0.0], [0.0, 0.0, 0.0]]).into_dyn();
        assert_eq!(loss.grad([scores])[0].value().into_array(), wanted);
    }
    // A score of −∞ rules a class out.
    tape.feed(scores, arr2(&[[0.0, 0.0, f64::NEG_INFINITY], [0.0, 0.0, f64::NEG_INFINITY]])).unwrap();
    for loss in [scores.softmax_cross_entropy(labels), scores.softmax_cross_entropy(targets)] {
        assert_eq!(loss.value().item(), 2.0_f64.ln());
        assert_eq!(loss.grad([scores])[0].value().iter().sum::<f64>(), 0.0);
    }
}

#[test]
fn nothing_is_detached_in_silence() {
    let tape = Tape::new();
    let x = tape.leaf("x", arr2(&[[0.3, -0.7, 1.1], [0.9, 0.2, -0.4]]));
    let one = tape.leaf("one", 1.0);
    let ways = [
        x.t().reshape([-1]).slice(s![1..;2]).square().sum(),
        x.expand_dims(1).broadcast_to([2, 4, 3]).permute([2, 0, 1]).sin().sum(),
        x.greater(0.0).select(x * 3.0, x.exp()).sum(),
        tape.concat(&[x, x.relu()], 1).max_over(1).sum(),
        x.slice(s![-1, ..;-1]).softplus().sum(),
        x.sum_to_like(x.slice(s![..1, ..])).tanh().sum(),
    ];
    for y in ways {
        let gradients = y.backward();
        assert!(gradients.reaches(x));
        assert_eq!(check_vjp(y, one, x), [""; 0]);
    }
    assert!(!x.stop_gradient().sum().backward().reaches(x));
}

#[test]
fn ties_share_and_do_not_multiply() {
    assert_eq!(gradient(arr1(&[2.0, 1.0, 2.0, 2.0, 2.0]), |x| x.max()), [0.25, 0.0, 0.25, 0.25, 0.25]);
    let many = gradient(Array::from_elem(300, 1.0), |x| x.max());
    assert_eq!(many, [1.0 / 300.0; 300]);
    let rows = gradient(arr2(&[[1.0, 1.0], [0.0, 3.0]]), |x| x.max_over(1).sum());
    assert_eq!(rows, [0.5, 0.5, 0.0, 1.0]);
}

#[test]
fn sums_and_means_over_each_axis_kept_or_not() {
    let x = || arr2(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    for (axis, n, columns) in [(0, 2.0, [5.0, 7.0, 9.0].as_slice()), (1, 3.0, &[6.0, 15.0])] {
        assert_eq!(value(x(), |x| x.sum_over(axis)), columns);
        assert_eq!(value(x(), |x| x.sum_keep(axis)), columns);
        let means: Vec<f64> = columns.iter().map(|c| c / n).collect();
        assert_eq!(value(x(), |x| x.mean_over(axis)), means);
        let squares = gradient(x(), |x| x.sum_over(axis).square().sum());
        assert_eq!(squares, gradient(x(), |x| x.sum_keep(axis).square().sum()));
        let of_means = gradient(x(), |x| x.mean_keep(axis).square().sum());
        assert_eq!(of_means, gradient(x(), |x| x.mean_over(axis).square().sum()));
        squares.iter().zip(&of_means).for_each(|(s, m)| assert!((s - m * n * n).abs() <= 1e-13 * s.abs()));
    }
    assert_eq!(gradient(x(), |x| x.mean()), [1.0 / 6.0; 6], "the mean is not the sum");
    assert_eq!(gradient(arr0(2.0), |x| x.sum() + x.mean() + x.max()), [3.0]);
}

#[test]
fn transposes_that_are_not_square() {
    let tape = Tape::new();
    let x =
        tape.leaf("x", Array::from_iter((0..24).map(f64::from)).into_shape_with_order((2, 3, 4)).unwrap());
    let weights = ArrayD::from_shape_fn(vec![4, 2, 3], |i| (i[0] * 100 + i[1] * 10 + i[2]) as f64);
    let y = (x.permute([2, 0, 1]) * tape.constant(weights.clone())).sum();
    assert_eq!(y.grad([x])[0].value().into_array(), weights.permuted_axes(vec![1, 2, 0]));
    assert_eq!(x.t().shape(), [4, 3, 2]);
}

#[test]
fn nan_goes_through_piecewise_ops() {
    let nan = || arr1(&[f64::NAN, 1.0, f64::NAN]);
    let are_nan = |v: Vec<f64>| v.iter().map(|x| x.is_nan()).collect::<Vec<_>>();
    assert_eq!(are_nan(value(nan(), |x| x.relu())), [true, false, true]);
    let piecewise: [Function; 4] =
        [|x| x.maximum(0.5), |x| x.minimum(0.5), |x| x.tape().constant(0.5).maximum(x), |x| x.abs()];
    for f in piecewise {
        assert_eq!(are_nan(value(nan(), f)), [true, false, true]);
    }
    assert!(value(nan(), |x| x.max())[0].is_nan() && value(nan(), |x| x.logsumexp())[0].is_nan());
    assert!(are_nan(value(nan(), |x| x.softmax(0))).iter().all(|&n| n));
}

#[test]
fn a_sum_over_nothing_is_zero_wherever_it_lies() {
    let empty = || Array::<f64, _>::zeros((2, 0, 3));
    assert_eq!(value(empty(), |x| x.sum_over(1)), [0.0; 6]);
    assert_eq!(value(empty(), |x| x.sum_over([1, 2])), [0.0; 2]);
    assert_eq!(value(empty(), |x| x.permute([2, 0, 1]).sum_over(-1)), [0.0; 6]);
    assert_eq!(value(empty(), |x| x.sum()), [0.0]);
}

#[test]
fn diamonds_add_up_every_way() {
    // Eight layers of y ← y + y·x: 2⁸ ways from x to the end.
    let chain = |x: Var<'static>| (0..8).fold(x, |y, _| y + y * x);
    let tape: &'static Tape = Box::leak(Box::new(Tape::new()));
    let x = tape.leaf("x", 0.5);
    let [d] = chain(x).grad([x]);
    // y = x (1 + x)⁸, so y′ = (1 + x)⁷ (1 + 9x).
    assert!((d.value().item() - 1.5_f64.powi(7) * 5.5).abs() < 1e-12);
}

#[test]
fn the_same_output_differentiated_twice_and_its_gradient_again() {
    let tape = Tape::new();
    let (x, w) = (tape.leaf("x", 2.0), tape.leaf("w", 3.0));
    let y = (x * w).powi(3) + x;
    let [first] = y.grad([x]);
    let [again, dw] = y.grad([x, w]);
    assert_eq!((first.value().item(), again.value().item(), dw.value().item()), (325.0, 325.0, 216.0));
    // d(dy/dx)/dw of 3 x² w³ + 1 is 9 x² w²; the order does not matter.
    assert_eq!((first.grad([w])[0].value().item(), dw.grad([x])[0].value().item()), (324.0, 324.0));
    let [d3] = first.grad([x])[0].grad([x]);
    assert_eq!(d3.value().item(), 6.0 * 27.0);
    assert_eq!(y.grad([y])[0].value().item(), 1.0);
}

#[test]
fn gradients_of_intermediates_and_of_vars_along_one_way() {
    let tape = Tape::new();
    let x = tape.leaf("x", arr1(&[1.0, 2.0]));
    let inner = x * x;
    let y = (inner * inner + inner).sum();
    let [dx, d_inner] = y.grad([x, inner]);
    assert_eq!(d_inner.value().into_array(), arr1(&[3.0, 9.0]).into_dyn());
    assert_eq!(dx.value().into_array(), arr1(&[6.0, 36.0]).into_dyn());
    let all = y.backward();
    assert_eq!((all.of(x).value(), all.of(inner).value()), (dx.value(), d_inner.value()));
    // What each edge contributes adds up to the gradient.
    let graph = tape.graph().clone();
    let edges =
        graph.consumers(inner.id()).iter().filter_map(|e| all.contribution(tape.var(e.target)?, e.operand));
    let sum = edges.map(|part| part.value().into_array()).reduce(|a, b| a + b).unwrap();
    assert_eq!(sum, d_inner.value().into_array());
}

#[test]
fn what_the_output_does_not_depend_on_has_an_explicit_zero() {
    let tape = Tape::new();
    let (x, other) = (tape.leaf("x", 2.0), tape.leaf("other", arr1(&[1.0, 2.0, 3.0])));
    let y = x * x;
    let later = y * 3.0;
    let [dx, d_other, d_later] = y.grad([x, other, later]);
    assert!(!dx.is_structural_zero() && d_other.is_structural_zero() && d_later.is_structural_zero());
    assert_eq!(d_other.value().into_array(), arr1(&[0.0; 3]).into_dyn());
    let gradients = y.backward();
    assert!(gradients.reaches(x) && !gradients.reaches(other) && gradients.get(later).is_none());
    assert!((x.greater(0.0) * 2.0).grad([x])[0].is_structural_zero());
    // A zero that was computed is no structural one.
    assert!(!(x * 0.0).grad([x])[0].is_structural_zero());
}

#[test]
fn indices_have_no_gradient() {
    let tape = Tape::new();
    let x = tape.leaf("x", arr2(&[[0.1, 0.2], [0.3, 0.4]]));
    let labels = tape.index_leaf("labels", arr1(&[0_usize, 1]));
    let loss = x.softmax_cross_entropy(labels);
    let texts = [
        panic_of(|| loss.grad([labels])),
        panic_of(|| loss.grad([x, labels])),
        panic_of(|| loss.backward().of(labels)),
        panic_of(|| x.sum().grad([labels])),
        panic_of(|| labels.grad([x])),
        panic_of(|| x.sum_over(0).vjp(labels, [x])),
        loss.try_grad(&[labels]).unwrap_err().to_string(),
    ];
    for text in texts {
        assert!(text.contains("`labels` [2] of indices holds indices, which have no derivative"), "{text}");
    }
}

#[test]
fn vars_of_two_tapes_are_told_apart() {
    let (one, two) = (Tape::new(), Tape::new());
    let (x, y) = (one.leaf("apple", 1.0), two.leaf("orange", arr1(&[2.0, 3.0])));
    let line = line!() + 1;
    let text = panic_of(|| x + y);
    assert!(text.starts_with("add: n0 `orange` [2] belongs to another tape than n0 `apple` []"), "{text}");
    assert!(text.contains(&format!("regressions.rs:{line}")), "{text}");
    let calls: [&dyn Fn(); 7] = [
        &|| _ = x.grad([y.sum()]),
        &|| _ = x.vjp(y, [x]),
        &|| _ = x.backward().of(y),
        &|| _ = x.backward().get(y),
        &|| _ = x.backward().reaches(y),
        &|| one.feed(y, 1.0).unwrap_or_else(|e| panic!("{e}")),
        &|| _ = x.softmax_cross_entropy(y),
    ];
    for (i, call) in calls.iter().enumerate() {
        let text = panic_of(call);
        assert!(text.contains("another tape"), "call {i}: {text}");
    }
}

#[test]
fn a_gradient_is_that_of_one_number() {
    let tape = Tape::new();
    let line = line!() + 1;
    let y = tape.input("x", [2, 3]).square();
    let text = y.try_grad(&[]).unwrap_err().to_string();
    assert!(
        text.starts_with("grad: n1 square [2, 3] has shape [2, 3], and a gradient is that of one number"),
        "{text}"
    );
    assert!(text.contains("`.sum()`") && text.contains(&format!("regressions.rs:{line}:")), "{text}");
    let dy = tape.input("dy", [3]);
    assert!(panic_of(|| y.vjp(dy, [y])).contains("dy has shape [3]"));
    assert_eq!(
        y.slice(s![..1, ..1]).sum_keep(..).try_grad(&[y]).unwrap()[0].shape(),
        [2, 3],
        "rank is no matter"
    );
}

#[test]
fn shape_errors_say_op_names_both_shapes_and_line() {
    let tape = Tape::new();
    let (x, w) = (tape.input("x", [3, 2]), tape.parameter("weight", [3, 4]));
    for (text, line, op) in [
        (panic_of(|| x.matmul(w)), line!(), "matmul"),
        (panic_of(|| x * w), line!(), "mul"),
        (panic_of(|| x.softmax_cross_entropy(w)), line!(), "softmax_cross_entropy"),
        (panic_of(|| tape.concat(&[x, w], 0)), line!(), "concat(axis=0)"),
    ] {
        assert!(text.starts_with(&format!("{op}: ")), "{text}");
        for part in ["[3, 2]", "[3, 4]", "`x`", "`weight`", &format!("regressions.rs:{line}:")] {
            assert!(text.contains(part), "{part} is missing: {text}");
        }
    }
    // The tape goes on after an error.
    assert_eq!(x.t().matmul(w).shape(), [2, 4]);
}

#[test]
fn sizes_past_what_can_be_addressed_are_errors() {
    let tape = Tape::new();
    assert!(panic_of(|| tape.input("x", [usize::MAX, 2])).contains("more elements than can be addressed"));
    let huge = tape.input("huge", [isize::MAX as usize / 8]);
    let _ = huge.reshape([-1]).sum_keep(0);
    for text in [panic_of(|| tape.concat(&[huge; 3], 0)), panic_of(|| huge.expand_dims(1) + huge)] {
        assert!(text.contains("more elements than can be addressed"), "{text}");
    }
}

#[test]
fn an_axis_that_does_not_exist_is_named_as_it_was_asked_for() {
    let asked = |f: fn(Var<'_>)| {
        let tape = Tape::new();
        let x = tape.input("x", [2, 3, 4]);
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| f(x))).unwrap_err();
        *panic.downcast::<String>().unwrap()
    };
    let message = asked(|x| drop_var(x.sum_over(-5)));
    assert!(
        message.contains("sum: axis -5 does not exist in rank 3") && message.contains("`x` [2, 3, 4]"),
        "{message}"
    );
    assert!(asked(|x| drop_var(x.softmax(3))).contains("softmax: axis 3 does not exist in rank 3"));
    assert!(asked(|x| drop_var(x.permute([0, 1, 7]))).contains("permute: axis 7"));
    assert!(asked(|x| drop_var(x.reshape([-7]))).contains("only -1 stands for a size that is left open"));
    assert!(asked(|x| drop_var(x.tape().concat(&[x, x], 9))).contains("concat: axis 9"));
    assert!(asked(|x| drop_var(x.tape().concat(&[], 0))).contains("takes at least one operand"));
}

fn drop_var(_: Var<'_>) {}

#[test]
fn a_parameter_keeps_its_name_and_a_held_graph_says_what_it_blocks() {
    let panics = |f: fn(&Tape)| {
        let tape = Tape::new();
        tape.parameter("w", [2]);
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| f(&tape))).unwrap_err();
        panic.downcast::<String>().map_or_else(|p| p.downcast::<&str>().unwrap().to_string(), |s| *s)
    };
    assert!(panics(|tape| drop_var(tape.parameter("w", [2]).named("v"))).contains("is a parameter"));
    let message = panics(|tape| {
        let _graph = tape.graph();
        drop_var(tape.leaf("x", 1.0));
    });
    assert!(message.contains("while `tape.graph()` is held"), "{message}");
}

#[test]
fn a_kernel_that_panics_leaves_no_value_behind() {
    use chainrule::op::{Derivative, Inputs, Kernel, Op, Operand, Output, Zero};
    #[derive(Debug)]
    struct Faulty;
    impl<F: chainrule::Float> Kernel<F> for Faulty {
        fn run(&self, _: Inputs<'_, '_, F>, _: Output<'_, F>) {
            panic!("no value");
        }
    }
    impl Op for Faulty {
        fn name(&self) -> &'static str {
            "faulty"
        }
        fn formula(&self) -> &'static str {
            "y = ?"
        }
        fn shape(&self, _: &[Operand<'_>]) -> Result<Vec<usize>, String> {
            Ok(vec![2])
        }
        fn rule<'t>(&self, _: usize, _: &[Var<'t>], _: Var<'t>, _: Var<'t>) -> Derivative<'t> {
            Zero.into()
        }
    }
    let tape = Tape::new();
    let y = tape.apply(Faulty, &[tape.leaf("x", 1.0)]) + 1.0;
    for _ in 0..2 {
        let value = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| y.value()));
        assert!(value.is_err());
    }
}
