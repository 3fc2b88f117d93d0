//! Right gradients that differences find hard: mixed scales, saturation, high frequencies, values held constant, kinks.

use chainrule::check::{Mode, Report, Verdict};
use chainrule::op::{Derivative, Inputs, Kernel, Op, Operand, Output, reals};
use chainrule::{Check, Float, Tape, Var};
use ndarray::{Array1, arr1, arr2};

const MODES: [Mode; 3] = [Mode::Full, Mode::CHAPTER, Mode::QUICK];

/// That gradients pass in every mode, and to second order.
#[track_caller]
pub(crate) fn passes(loss: Var<'_>, leaves: &[Var<'_>]) {
    for mode in [Mode::Full, Mode::QUICK] {
        let report = Check::new(loss, leaves).mode(mode).run().unwrap();
        assert!(report.passed(), "{mode:?}\n{report}");
    }
}

/// That no gradient is called wrong.
#[track_caller]
pub(crate) fn accuses_nobody(loss: Var<'_>, leaves: &[Var<'_>], order: usize) {
    for mode in MODES {
        let Ok(report) = Check::new(loss, leaves).mode(mode).order(order).run() else { continue };
        let mut next = Some(&report);
        while let Some(report) = next {
            let failed = report.parameters.iter().any(|p| p.verdict == Verdict::Fail);
            assert!(report.faults.is_empty() && !failed, "{mode:?}\n{report}");
            next = report.next.as_deref();
        }
    }
}

#[test]
fn a_small_operand_beside_ordinary_ones_passes() {
    type Function = fn(Var<'_>) -> Var<'_>;
    let functions: [(&str, Function); 8] = [
        ("ln", |x| x.ln()),
        ("sqrt", |x| x.sqrt()),
        ("recip", |x| x.recip()),
        ("powf 1.5", |x| x.powf(1.5)),
        ("powf -0.5", |x| x.powf(-0.5)),
        ("powi -2", |x| x.powi(-2)),
        ("x ln x", |x| x * x.ln()),
        ("root of a square", |x| x.square().sqrt()),
    ];
    for (name, f) in functions {
        for small in [1e-6, 1e-8, 1e-10, 1e-12] {
            let tape = Tape::new();
            let x = tape.leaf("x", arr1(&[small, 1.0]));
            let loss = f(x).sum();
            let report = Check::new(loss, &[x]).run().unwrap();
            assert!(report.faults.is_empty(), "{name} {small:e}\n{report}");
            assert_eq!(report.parameters[0].failed, 0, "{name} {small:e}\n{report}");
            assert!(report.parameters[0].kinks.is_empty(), "{name} {small:e}\n{report}");
            assert!(report.nodes.iter().all(|n| n.verdict == Verdict::Pass), "{name} {small:e}\n{report}");
        }
    }
    let tape = Tape::new();
    let x = tape.leaf("x", arr1(&[1e-10, 1.0]));
    passes(x.ln().sum(), &[x]);
}

#[test]
fn a_small_element_of_a_long_array_passes() {
    for small in [1e-8, 1e-11] {
        let tape = Tape::new();
        let numbers =
            Array1::from_iter((0..200).map(|i| if i == 70 { small } else { 0.5 + 0.01 * f64::from(i) }));
        let x = tape.leaf("x", numbers);
        let weights = tape.constant(Array1::from_iter((0..200).map(|i| f64::from(i % 7) - 2.5)));
        for loss in [(x.ln() * weights).sum(), (x.sqrt() * weights).sum(), (x * x.ln() * weights).sum()] {
            passes(loss, &[x]);
        }
        accuses_nobody((x.recip() * weights).sum(), &[x], 2);
    }
}

#[test]
fn scales_from_1e_minus_12_to_1e12_in_one_array_are_accused_of_nothing() {
    let tape = Tape::new();
    let x = tape.leaf("x", arr1(&[1e-12, 3e-9, 2e-5, 0.7, 1.3, 4e4, 2e8, 1e12]));
    let w = tape.constant(arr1(&[1.3, -0.7, 0.9, -1.1, 0.6, 1.4, -0.8, 0.5]));
    for y in [x.ln(), x.sqrt(), x.recip(), x.powf(1.5), x.square(), x * x.ln(), x.tanh(), (-x).exp()] {
        accuses_nobody((y * w).sum(), &[x], 2);
        accuses_nobody((y * w).square().mean(), &[x], 1);
    }
}

#[test]
fn cross_entropy_by_hand_with_logits_far_apart_passes() {
    let tape = Tape::new();
    let z = tape.leaf("z", arr2(&[[20.0, 0.0, -3.0], [0.5, -19.0, 1.0]]));
    let t = tape.constant(arr2(&[[0.0, 1.0, 0.0], [0.2, 0.3, 0.5]]));
    passes(-(t * z.softmax(-1).ln()).sum(), &[z]);
    for at in [20.0, -20.0] {
        let z = tape.leaf("z", arr1(&[at, 0.3]));
        let p = z.sigmoid();
        passes(-(0.3 * p.ln() + 0.7 * (1.0 - p).ln()).sum(), &[z]);
    }
}

#[test]
fn numbers_that_cancel_on_the_way_are_measured_beyond_their_roundings_whatever_the_seed() {
    let tape = Tape::new();
    let z = tape.leaf("z", arr1(&[20.0, 0.3]));
    let p = z.sigmoid();
    let loss = -(0.3 * p.ln() + 0.7 * (1.0 - p).ln()).sum();
    for seed in 0..100 {
        let report = Check::new(loss, &[z]).mode(Mode::QUICK).seed(seed).run().unwrap();
        assert!(report.passed(), "seed {seed}\n{report}");
    }
}

#[test]
fn a_saturated_softmax_is_linear_in_the_cotangent() {
    let tape = Tape::new();
    let z = tape.leaf("z", arr2(&[[0.0, -15.0, -18.0]]));
    let w = tape.constant(arr2(&[[0.7, 1.3, -0.4]]));
    passes((z.softmax(-1) * w).sum(), &[z]);
    for gap in 10..40 {
        let gap = f64::from(gap);
        let z = tape.leaf("z", arr2(&[[0.0, -gap, -gap - 3.0], [gap, 0.1, -0.4]]));
        let w = tape.constant(arr2(&[[0.7, 1.3, -0.4], [-1.2, 0.6, 0.9]]));
        accuses_nobody((z.softmax(-1) * w).sum(), &[z], 2);
        accuses_nobody((z.log_softmax(-1) * w).sum(), &[z], 2);
    }
}

#[test]
fn a_condition_is_not_moved_with_the_values() {
    let tape = Tape::new();
    let x = tape.leaf("x", arr1(&[0.5, -0.7, 2.0]));
    let loss = x.greater(0.0).select(x, 0.1 * x).relu().square().sum();
    let report = Check::new(loss, &[x]).order(2).run().unwrap();
    assert!(report.passed(), "{report}");
    // A mask of one's own, as numbers.
    let mask = x.greater(0.0) * 1.0;
    let report = Check::new(mask.select(x.square(), x * 3.0).sum(), &[x]).order(2).run().unwrap();
    assert!(report.passed(), "{report}");
}

#[test]
fn what_is_declared_constant_is_held_constant_and_the_report_says_so() {
    let tape = Tape::new();
    let x = tape.leaf("x", arr1(&[0.5, -0.7, 2.0]));
    let blocked = x * x.stop_gradient();
    // The straight-through estimator: a step forwards, the identity backwards.
    let straight = x + (x.greater(0.0) - x).stop_gradient();
    for y in [blocked, straight, (x.square().stop_gradient() * x).tanh()] {
        for mode in MODES {
            let report = Check::new(y.square().sum(), &[x]).mode(mode).order(2).run().unwrap();
            assert!(report.passed(), "{report}");
            assert_eq!(report.held.len(), 1, "{report}");
            let text = report.to_string();
            assert!(text.contains("held constant") && text.contains("differences.rs:"), "{text}");
        }
    }
    let report = Check::new(x.sin().sum(), &[x]).run().unwrap();
    assert!(report.held.is_empty() && !report.to_string().contains("held"), "{report}");
    // Nothing is left of a leaf whose every path is blocked.
    let report = Check::new(x.stop_gradient().square().sum(), &[x]).run().unwrap();
    assert_eq!(report.parameters[0].verdict, Verdict::Unreached, "{report}");
    assert!(report.faults.is_empty() && !report.passed(), "{report}");
}

#[test]
fn high_frequencies_do_not_fail() {
    for k in 0..=20 {
        let tape = Tape::new();
        let frequency = 3000.0 * f64::powi(2.0, k);
        let x = tape.leaf("x", arr1(&[0.3, -1.1, 0.8]));
        let loss = (x * frequency).sin().sum();
        if k <= 8 {
            passes(loss, &[x]);
        }
        accuses_nobody(loss, &[x], 2);
    }
    let tape = Tape::new();
    let x = tape.leaf("x", arr1(&[0.3, -1.1, 0.8]));
    let octaves: Vec<Var<'_>> =
        (0..15).map(|k| (x * (std::f64::consts::PI * f64::from(1 << k))).sin()).collect();
    let loss = octaves.iter().copied().sum::<Var<'_>>().square().mean();
    passes(loss, &[x]);
    accuses_nobody(loss, &[x], 2);
}

#[test]
fn saturation_is_zero_within_rounding() {
    let tape = Tape::new();
    let z = tape.leaf("z", arr2(&[[500.0, -500.0, 3.0], [-500.0, 500.0, 20.0]]));
    let w = tape.constant(arr2(&[[0.7, 1.3, -0.4], [-1.1, 0.6, 0.9]]));
    passes((z.softmax(-1) * w).sum(), &[z]);
    for at in [18.0, 20.0, 25.0, 30.0, 36.0, 40.0] {
        let x = tape.leaf("x", arr1(&[at, -at, at + 0.7]));
        let w = tape.constant(arr1(&[0.7, 1.3, -0.4]));
        passes((x.sigmoid() * w).sum(), &[x]);
        passes((x.tanh() * w).sum(), &[x]);
        passes((x.softplus() * w).sum(), &[x]);
    }
    let row = tape.leaf("row", arr2(&[[0.3], [-0.7]]));
    passes((row.logsumexp_over(1).tanh() * 0.3).sum(), &[row]);
    let spread = tape.leaf("spread", arr1(&[40.0, 0.0, -40.0]));
    passes(spread.logsumexp(), &[spread]);
    passes((row - row.logsumexp_keep(1)).square().sum() + row.sum(), &[row]);
}

/// `ln x` with the derivative `dy / (x + δ)`.
#[derive(Debug)]
struct SafeLn;

impl<F: Float> Kernel<F> for SafeLn {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        for (y, &x) in y.data.iter_mut().zip(x.real(0).slice()) {
            *y = x.ln();
        }
    }
}

impl Op for SafeLn {
    fn name(&self) -> &'static str {
        "safe_ln"
    }

    fn formula(&self) -> &'static str {
        "y = ln x"
    }

    fn elementwise(&self) -> bool {
        true
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        Ok(x.to_vec())
    }

    fn rule<'t>(&self, _: usize, x: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        (dy / (x[0] + 1e-8)).into()
    }
}

/// The first node that a report finds wrong.
fn first_wrong(report: &Report) -> &str {
    report.first_fault().map_or("", |fault| fault.op.as_str())
}

#[test]
fn a_wrong_rule_cannot_hide_as_a_kink() {
    for small in [1e-6, 1e-8, 1e-10] {
        let tape = Tape::new();
        let x = tape.leaf("x", arr1(&[0.5, 0.49, small]));
        let loss = tape.apply(SafeLn, &[x]).sum();
        for mode in MODES {
            let report = Check::new(loss, &[x]).mode(mode).run().unwrap();
            assert!(!report.passed() && first_wrong(&report) == "safe_ln", "{small:e} {mode:?}\n{report}");
        }
    }
    let tape = Tape::new();
    let x = tape.leaf("x", arr1(&[0.5, 1e-8]));
    let report = Check::new(x.powf(1.5).sum(), &[x]).run().unwrap();
    assert_eq!((report.parameters[0].kinks.len(), report.passed()), (0, true), "{report}");
}

#[test]
fn a_product_in_front_of_what_is_badly_conditioned_is_as_linear_as_it_says() {
    for scale in [1.0, 15.0, 25.0, 60.0] {
        for k in 0..20 {
            let tape = Tape::new();
            let w = tape.leaf("w", arr2(&[[0.31, -0.7], [1.1 + 0.013 * f64::from(k), 0.4], [-0.6, 0.93]]));
            let x = tape.leaf("x", arr2(&[[0.8 * scale, -0.3, 1.1], [0.2, 0.7 * scale, 0.9]]));
            let z = x.matmul(w);
            let p = z.sigmoid();
            let losses = [
                -(0.3 * p.ln() + 0.7 * (1.0 - p).ln()).mean(),
                (z * 3000.0).sin().sum(),
                (z * 1e11).cos().sum() * 1e3,
                (z.softmax(-1).ln() * tape.constant(arr2(&[[0.2, -0.4], [0.7, 0.1]]))).sum(),
            ];
            for loss in losses.into_iter().filter(|loss| loss.value().item().is_finite()) {
                for leaf in [w, x] {
                    accuses_nobody(loss, &[leaf], 1);
                }
            }
        }
    }
}

#[test]
fn a_product_of_a_leaf_behind_a_stop_gradient_is_held() {
    let tape = Tape::new();
    let w = tape.leaf("w", arr2(&[[0.3, -0.2], [0.1, 0.4]]));
    let s = tape.constant(arr2(&[[1.0, 0.5], [0.2, -0.4]]));
    passes((w * s.matmul(w).stop_gradient()).sum(), &[w]);
    // A temporal difference with a target that is held.
    let target = (0.99 * s.matmul(w).tanh().max_keep(1) + 0.5).stop_gradient();
    passes((s.matmul(w) - target).square().mean(), &[w]);
}

#[test]
fn a_cube_root_of_zeros_that_are_masked_accuses_nobody() {
    let tape = Tape::new();
    let x = tape.leaf("x", arr2(&[[0.3, 0.5, 2.0], [0.7, 1.3, 0.9]]));
    let weights = tape.constant(arr2(&[[0.9, 1.3, -0.7], [1.1, -0.6, 0.8]]));
    // Below the diagonal the roots have infinite derivatives, which the mask hands on as zeros.
    accuses_nobody((x.triu(1).cbrt() * weights).sum(), &[x], 1);
}

#[test]
fn elements_that_stand_still_beside_their_own_size_are_not_taken_for_measured() {
    let tape = Tape::new();
    let mut numbers = Array1::zeros(108);
    for (k, x) in [2.350_707_934e8, 9.55e-4, -7.237_823_981_713_9e10, 2.52e-10].into_iter().enumerate() {
        numbers[27 * k + 5] = x;
    }
    let x = tape.leaf("x", numbers);
    let weights = tape.constant(Array1::from_iter((0..108).map(|i| f64::from(i % 7) - 2.5)));
    let loss = (x.tan() * weights).sum();
    for seed in 0..40 {
        let report = Check::new(loss, &[x]).seed(seed).run().unwrap();
        assert!(report.faults.is_empty() && report.verdict() != Verdict::Fail, "seed {seed}\n{report}");
    }
}

#[test]
fn a_comparison_behind_a_stop_gradient_is_no_kink() {
    let tape = Tape::new();
    let x = tape.leaf("x", arr2(&[[0.0, 0.0, -1.0], [0.0, 0.5, 0.0]]));
    // The straight-through estimator of x > 0, whose output jumps at 0 and is held.
    let y = x + (x.greater(0.0) - x).stop_gradient();
    let weights = tape.constant(arr2(&[[0.9, 1.3, -0.7], [1.1, -0.6, 0.8]]));
    passes((weights * y).sum(), &[x]);
    for mode in MODES {
        let report = Check::new((weights * y.sin()).sum(), &[x]).mode(mode).run().unwrap();
        assert!(report.passed() && report.parameters[0].kinks.is_empty(), "{report}");
    }
}

#[test]
fn a_jump_is_said_to_be_one() {
    let jumps: [for<'t> fn(Var<'t>) -> Var<'t>; 4] =
        [|x| x.floor(), |x| x.ceil(), |x| x.remainder(1.0), |x| x.square().trunc()];
    for jump in jumps {
        let tape = Tape::new();
        let x = tape.leaf("x", arr1(&[2.0, 0.3]));
        let report = Check::new((jump(x) * tape.constant(arr1(&[1.3, 0.7]))).sum(), &[x]).run().unwrap();
        let reasons = &report.parameters[0].reasons;
        assert_eq!(report.verdict(), Verdict::Unresolved, "{report}");
        assert!(reasons.iter().all(|reason| reason.contains("jumps")) && reasons.len() == 1, "{report}");
    }
    // A root of infinite slope, a kink and a high frequency are none.
    let tape = Tape::new();
    let x = tape.leaf("x", arr1(&[0.3, 1e-9]));
    for y in [x.sqrt().sum(), (x - 0.3).abs().sum(), (x * 1e12).sin().sum()] {
        let report = Check::new(y, &[x]).run().unwrap();
        let reasons = &report.parameters[0].reasons;
        assert!(reasons.iter().all(|reason| !reason.contains("jumps")), "{report}");
    }
}

#[test]
fn numbers_whose_neighbours_are_a_whole_number_away_accuse_no_wave() {
    for x in [2.042_282_705_260_898_4e16, 9.1e15, 3.0e18, -4.6e15] {
        let tape = Tape::new();
        let x = tape.leaf("x", arr1(&[x, 0.3, 1.7]));
        let weights = tape.constant(arr1(&[1e9, 0.7, -1.3]));
        for y in [x.sinc(), x.remainder(2.0), (x * 3.0).sin()] {
            accuses_nobody((y * weights).sum(), &[x], 2);
        }
    }
}

#[test]
fn numbers_that_move_at_long_steps_alone_are_not_taken_for_constant() {
    // The greatest of these logarithms moves by 2e-9 of a step, and has a rounding of 1 in it: ln(1 + 8e-8).
    for k in 0..40 {
        let tape = Tape::new();
        let x = tape
            .leaf("x", arr2(&[[-0.757_927, 15.983_217 + 0.1 * f64::from(k % 7), -3.945_439, -1.415_096]]));
        let weights = tape.constant(arr2(&[[0.9, 1.3 + 0.1 * f64::from(k), -0.7 - 0.3 * f64::from(k), 1.1]]));
        for y in [x.log_softmax(1).sigmoid(), x.softmax(1), x - x.logsumexp_keep(1)] {
            accuses_nobody(((1.0 - y.sigmoid()).ln() * weights).sum(), &[x], 1);
            accuses_nobody((y * weights).sum(), &[x], 2);
        }
        accuses_nobody(((1.0 - x.log_softmax(1).sigmoid()).ln() * weights).sum(), &[x], 2);
    }
}

#[test]
fn elements_near_a_singularity_beside_large_ones_do_not_look_tied() {
    let tape = Tape::new();
    let y = tape.leaf("y", arr2(&[[0.0, -318.766_6, -318.766_6], [-17.724_2, -4.013_319_035e-8, -17.724_2]]));
    let x =
        tape.leaf("x", arr2(&[[0.0, 101_612.161_2, 101_612.161_3], [314.147_6, 1.610_67e-15, 314.147_5]]));
    let weights = tape.constant(arr2(&[[1.2, -0.7, 0.9], [1.1, -1.3, 0.6]]));
    for z in [y.atan2(x), y.hypot(x), y / (x.square() + 1e-12)] {
        accuses_nobody((z * weights).sum(), &[x, y], 1);
    }
}
