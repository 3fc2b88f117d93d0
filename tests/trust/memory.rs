//! Sizes that wrap, threads without number: nothing is read or written outside of its buffer.
#![forbid(unsafe_code)]

use chainrule::op::*;
use chainrule::{Float, Plan, PlanOptions, State, Tape, Var, ops};
use ndarray::{Array2, SliceInfoElem};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A product that says of its result what it likes, and hands its operands to the crate's own kernel.
#[derive(Debug)]
struct Claims {
    shape: Vec<usize>,
    threads: usize,
}

impl<F: Float> Kernel<F> for Claims {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        ops::MatMul.run(x, Output { threads: self.threads, ..y });
    }
}

impl Op for Claims {
    fn name(&self) -> &'static str {
        "claims"
    }

    fn formula(&self) -> &'static str {
        "y = x0 · x1, of a shape of its own"
    }

    fn attributes(&self) -> Attributes {
        let threads = Attribute::Int(self.threads as i64);
        Attributes::new().with_sizes("shape", &self.shape).with("threads", threads)
    }

    fn shape(&self, _: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        Ok(self.shape.clone())
    }

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _: Var<'t>, _: Var<'t>) -> Derivative<'t> {
        Derivative::NotDifferentiable
    }
}

/// What a panic says.
fn message<T>(panics: impl FnOnce() -> T) -> String {
    let payload = catch_unwind(AssertUnwindSafe(panics)).map(drop).expect_err("this is refused");
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => payload.downcast_ref::<&str>().copied().unwrap_or_default().to_owned(),
    }
}

/// A matrix of these sizes that takes no room: one number, stretched.
fn stretched(tape: &Tape, sizes: [usize; 2]) -> Var<'_> {
    tape.leaf("x", 1.0).broadcast_to(sizes)
}

#[test]
fn a_product_whose_size_wraps_to_that_of_its_result_is_refused() {
    // m · n is the number of elements of the result, but for a multiple of 2^64.
    let cases: [([usize; 2], [usize; 2], usize); 5] = [
        ([32, 1], [1, (1 << 59) + 1], 32),
        ([(1 << 59) + 1, 1], [1, 32], 32),
        ([64, 3], [3, (1 << 58) + 2], 128),
        ([1 << 32, 2], [2, 1 << 32], 0),
        ([(1 << 58) + 1, 1], [1, 192], 192),
    ];
    for (a, b, elements) in cases {
        for threads in [1, 2, 7] {
            let tape = Tape::new();
            let operands = [stretched(&tape, a), stretched(&tape, b)];
            let y = tape.apply(Claims { shape: vec![elements], threads }, &operands);
            let found = message(|| y.value());
            assert!(found.contains("matmul: sizes do not fit"), "{a:?} · {b:?}: {found}");
            assert!(!found.contains("overflow"), "{a:?} · {b:?}: {found}");
            // Above any limit of elements, and in both precisions.
            let options = PlanOptions::default().max_elements(usize::MAX);
            let mut plan = Plan::<f64>::compile_with([y], [], options).unwrap();
            let found = message(|| plan.run(&mut State::new()));
            assert!(found.contains("matmul: sizes do not fit"), "{a:?} · {b:?}: {found}");
            let mut plan = Plan::<f32>::compile_with([y], [], options).unwrap();
            let found = message(|| plan.run(&mut State::new()));
            assert!(found.contains("matmul: sizes do not fit"), "{a:?} · {b:?}: {found}");
        }
    }
}

#[test]
fn a_product_in_as_many_parts_as_can_be_asked_for_is_right() {
    for threads in [0, 1, 1000, 1 << 40, usize::MAX - 1, usize::MAX] {
        let tape = Tape::new();
        let a = tape.leaf("a", Array2::from_shape_fn([90, 81], |(i, j)| (i * 3 + j) as f64));
        let b = tape.leaf("b", Array2::from_shape_fn([81, 77], |(i, j)| (i + 5 * j) as f64));
        let y = tape.apply(Claims { shape: vec![90 * 77], threads }, &[a, b]);
        assert_eq!(
            y.value().into_array(),
            a.matmul(b).reshape([-1]).value().into_array(),
            "{threads} threads"
        );
    }
}

#[test]
fn operands_of_a_product_that_do_not_fit_each_other_are_refused() {
    let cases: [(&[usize], &[usize], usize); 7] = [
        (&[40, 33], &[34, 40], 1600),
        (&[40, 34], &[33, 40], 1600),
        (&[40, 1], &[1 << 54, 40], 1600),
        (&[40, 1 << 54], &[1, 40], 1600),
        (&[40, 33], &[33, 40], 1599),
        (&[40, 33], &[33, 40], 1601),
        (&[40], &[40], 1600),
    ];
    for (a, b, elements) in cases {
        let tape = Tape::new();
        let x = tape.leaf("x", 1.0);
        let y =
            tape.apply(Claims { shape: vec![elements], threads: 2 }, &[x.broadcast_to(a), x.broadcast_to(b)]);
        let found = message(|| y.value());
        assert!(found.contains("matmul"), "{a:?} · {b:?}: {found}");
    }
}

#[test]
fn more_multiplications_than_can_be_counted_are_refused() {
    // The operands and the result each have a size that can be addressed; all multiplications together have not.
    for [m, k, n] in [[64, 1 << 53, 64], [1 << 10, 1 << 49, 1 << 10], [40, 1 << 54, 40]] {
        let tape = Tape::new();
        let y = stretched(&tape, [m, k]).matmul(stretched(&tape, [k, n]));
        let found = message(|| y.value());
        assert!(found.contains("matmul: a product of [") && !found.contains("overflow"), "{found}");
    }
}

/// An op whose view is a layout that it made up.
#[derive(Debug)]
struct MadeUp {
    layout: Vec<usize>,
    turned: bool,
}

impl<F: Float> Kernel<F> for MadeUp {
    fn run(&self, _: Inputs<'_, '_, F>, y: Output<'_, F>) {
        y.data.fill(F::zero());
    }
}

impl Op for MadeUp {
    fn name(&self) -> &'static str {
        "made_up"
    }

    fn formula(&self) -> &'static str {
        "y = some of x"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with("layout", Attribute::Text(format!("{self:?}")))
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        Ok(x.to_vec())
    }

    fn view(&self, _: &Layout, _: &[usize]) -> Option<Layout> {
        let layout = Layout::contiguous(&self.layout);
        Some(if self.turned { layout.permuted(&[1, 0]) } else { layout })
    }

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        dy.into()
    }
}

#[test]
fn views_that_an_op_made_up_reach_nothing_outside() {
    let half = 1_usize << 63;
    let layouts: [[usize; 2]; 10] = [
        [4, 5],
        [5, 4],
        [40, 40],
        [0, 4],
        [half, half],
        [half + 2, 2],
        [4, half + 4],
        [usize::MAX, 4],
        [4, usize::MAX],
        [1 << 40, 1 << 40],
    ];
    for layout in layouts {
        for turned in [false, true] {
            for left in [true, false] {
                let tape = Tape::new();
                let x = tape.leaf("x", Array2::<f64>::ones([4, 4]));
                let view = tape.apply(MadeUp { layout: layout.to_vec(), turned }, &[x]);
                let y = if left { view.matmul(x) } else { x.matmul(view) };
                let found = message(|| y.value());
                assert!(found.contains("matmul") && !found.contains("overflow"), "{layout:?}: {found}");
            }
        }
    }
}

#[test]
fn sizes_of_a_layout_that_wrap_have_no_small_product() {
    for sizes in [vec![1 << 40, 1 << 40], vec![usize::MAX, 2], vec![1 << 32, 1 << 32], vec![4, 1 << 62, 4]] {
        let layout = Layout::contiguous(&sizes);
        assert!(layout.len() >= 1 << 62 && !layout.is_empty(), "{sizes:?}: {}", layout.len());
    }
    assert_eq!(Layout::contiguous(&[1 << 40, 1 << 40, 0]).len(), 0);
}

#[test]
fn positions_and_ranges_past_every_axis_are_refused_by_name() {
    let ends = [isize::MAX, isize::MAX - 1, isize::MIN, isize::MIN + 1, 5, -6];
    let tape = Tape::new();
    let x = tape.input("x", [5]);
    for at in ends {
        let position = [SliceInfoElem::Index(at)];
        let found = message(|| x.slice(position));
        assert!(found.contains("does not lie in an axis of size 5"), "{at}: {found}");
    }
    for (start, end, step) in [
        (isize::MAX, None, 1),
        (isize::MIN, None, 1),
        (0, Some(isize::MAX), isize::MIN),
        (0, Some(isize::MIN), isize::MAX),
        (isize::MAX, Some(isize::MAX), -1),
    ] {
        let range = [SliceInfoElem::Slice { start, end, step }];
        let found = message(|| x.slice(range));
        assert!(found.contains("does not lie in an axis of size 5"), "{start} {end:?} {step}: {found}");
    }
    for step in [isize::MIN, isize::MIN + 1, isize::MAX] {
        assert_eq!(x.slice([SliceInfoElem::Slice { start: 0, end: None, step }]).shape(), [1]);
    }
    for axis in [isize::MAX, isize::MIN, 1, -2] {
        assert!(message(|| x.sum_over(axis)).contains("does not exist in rank 1"), "{axis}");
        assert!(message(|| x.softmax(axis)).contains("does not exist in rank 1"), "{axis}");
        assert!(message(|| tape.concat(&[x, x], axis)).contains("does not exist in rank 1"), "{axis}");
    }
}

#[test]
fn shapes_that_cannot_be_addressed_are_refused_wherever_they_come_up() {
    let tape = Tape::new();
    let (x, half) = (tape.leaf("x", 1.0), tape.leaf("x", 1.0).broadcast_to([1 << 59]));
    type Refused<'t> = Box<dyn Fn() -> Var<'t> + 't>;
    let refusals: [(&str, Refused<'_>); 7] = [
        ("leaf", Box::new(|| tape.input("z", [1 << 40, 1 << 40]))),
        ("empty leaf", Box::new(|| tape.input("z", [0, usize::MAX, usize::MAX]))),
        ("broadcast", Box::new(|| x.broadcast_to([usize::MAX, 2]))),
        ("reshape", Box::new(|| half.reshape([isize::MAX, isize::MAX, 4]))),
        ("concat", Box::new(|| tape.concat(&[half; 40], 0))),
        ("matmul", Box::new(|| half.reshape([-1, 1]).matmul(half.reshape([1, -1])))),
        ("sum of two", Box::new(|| half.reshape([-1, 1]) + half)),
    ];
    for (what, refused) in refusals {
        let found = message(refused);
        let says = ["more elements than can be addressed", "elements do not fit"];
        assert!(says.iter().any(|says| found.contains(says)), "{what}: {found}");
    }
}

#[test]
fn results_that_are_together_too_large_to_be_addressed_have_no_room() {
    let tape = Tape::new();
    let x = tape.leaf("x", 1.0).broadcast_to([(1 << 60) - 1]);
    let outputs: Vec<Var<'_>> = (0..40).map(|k| x * f64::from(k + 2)).collect();
    let options = PlanOptions::default().max_elements(usize::MAX);
    let message = Plan::<f64>::compile_with(outputs, [], options).unwrap_err().to_string();
    assert!(message.contains("there is no room for an array of 1152921504606846975 elements"), "{message}");
}

#[test]
fn sizes_of_parameters_that_are_together_too_large_are_shown() {
    let tape = Tape::new();
    let parts = (0..40).map(|k| {
        tape.parameter(&format!("w{k}"), [(1 << 60) - 1]).slice([SliceInfoElem::Slice {
            start: 0,
            end: Some(1),
            step: 1,
        }])
    });
    let parts: Vec<Var<'_>> = parts.collect();
    let plan = Plan::<f64>::compile_with(parts.clone(), [], PlanOptions::default().max_elements(usize::MAX));
    assert!(plan.unwrap().to_string().contains("w39"));
    let drawing = tape.draw(&[tape.concat(&parts, 0)]).picture().unwrap().to_svg();
    assert!(drawing.contains("w39"));
}
