//! Ops of users, written with nothing but what `chainrule::op` has, go wherever built-in ones go.

use chainrule::check::OpCheck;
use chainrule::op::*;
use chainrule::{Check, Float, Graph, Plan, PlanOptions, State, Tape, Var, op_settings, ops};
use ndarray::{Array2, arr1, arr2};

/// Huber's loss of a difference: `y = r²/2` with `r = x0 − x1` where |r| ≤ δ, else `δ (|r| − δ/2)`; `dx0 = dy r` where |r| ≤ δ,
/// else `dy δ sgn r`, `dx1 = −dx0`.
#[derive(Debug)]
struct Huber {
    delta: f64,
}

op_settings!(Huber, "huber", [delta], [Self { delta: 1.0 }, Self { delta: 0.25 }]);

impl<F: Float> Kernel<F> for Huber {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let (delta, half) = (F::of(self.delta), F::of(0.5));
        map(
            #[inline(always)]
            |[a, b]| {
                let r = (a - b).abs();
                if r <= delta { half * r * r } else { delta * (r - half * delta) }
            },
            [0, 1].map(|i| x.real(i).slice()),
            y.data,
        );
    }
}

impl Op for Huber {
    op_settings!();

    fn formula(&self) -> &'static str {
        "y = r²/2 where |r| ≤ δ, else δ (|r| − δ/2), r = x0 − x1"
    }

    fn elementwise(&self) -> bool {
        true
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        broadcast(&reals::<2>(x)?)
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let r = (x[0] - x[1]).maximum(-self.delta).minimum(self.delta);
        (if operand == 0 { dy * r } else { -(dy * r) }).into()
    }

    fn samples(&self) -> Vec<Sample> {
        // x0 is near 0, and x1 away from where |x0 − x1| is δ: from kinks of the first derivative.
        let far = Domain::AwayFrom { points: &[1.0, -1.0, 0.25, -0.25], gap: 0.05, range: (-2.0, 2.0) };
        let near = Domain::Between(-0.02, 0.02);
        vec![
            Sample(vec![(vec![3, 4], near), (vec![3, 4], far)]),
            Sample(vec![(vec![3, 1], near), (vec![4], far)]),
        ]
    }
}

/// The middle one of the elements along an axis, of which there is an odd number; equal ones share `dy` equally.
#[derive(Debug)]
struct Median {
    axis: isize,
}

op_settings!(Median, "median", [axis], [Self { axis: 0 }, Self { axis: -1 }]);

impl<F: Float> Kernel<F> for Median {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let axis = axis(self.axis, x.shape(0).len()).expect("the shape rule has accepted it");
        let scratch = y.scratch;
        for_each_line(x.real(0), axis, y.data, 1, |_, x, mut y| {
            x.copy_to(scratch);
            scratch.sort_unstable_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
            y[0] = scratch[scratch.len() / 2];
        });
    }
}

impl Op for Median {
    op_settings!();

    fn formula(&self) -> &'static str {
        "y = middle element of x"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        let axis = axis(self.axis, x.len())?;
        let mut shape = x.to_vec();
        match std::mem::replace(&mut shape[axis], 1) {
            n if n % 2 == 1 => Ok(shape),
            n => Err(format!("takes an odd number of elements along axis {axis}, got {n}")),
        }
    }

    fn scratch(&self, x: &[&Layout], _: &[usize]) -> usize {
        axis(self.axis, x[0].shape().len()).map_or(0, |axis| x[0].shape()[axis])
    }

    fn rule<'t>(&self, _: usize, x: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let middle = x[0].equal(y);
        (middle * (dy / middle.sum_keep(self.axis))).into()
    }

    fn samples(&self) -> Vec<Sample> {
        [&[3, 5][..], &[1, 1], &[5, 2, 3]].map(|s| Sample::of([s], Domain::Spaced(0.0))).to_vec()
    }
}

#[test]
fn a_loss_from_outside_is_checked_saved_and_run() {
    for op in Huber::examples() {
        let report = OpCheck::new(op).run().unwrap();
        assert!(report.passed() && report.note.is_none(), "{report}");
    }
    let tape = Tape::new();
    let x = tape.leaf("x", arr1(&[0.0, 0.5, 3.0]));
    let y = tape.apply(Huber { delta: 1.0 }, &[x, tape.constant(0.0)]);
    assert_eq!(y.value().as_slice().unwrap(), [0.0, 0.125, 2.5]);
    assert_eq!(y.sum().grad([x])[0].value().as_slice().unwrap(), [0.0, 0.5, 1.0]);
    let json = serde_json::to_string(&*tape.graph()).unwrap();
    let graph: Graph = serde_json::from_str(&json).unwrap();
    let loaded = Tape::from_graph(graph, &Registry::default().with::<Huber>()).unwrap();
    assert_eq!(loaded.graph().node(y.id()).op().to_string(), "huber(delta=1)");
    let edited = json.replace(r#"["delta",{"number":1.0}]"#, r#"["delta",{"flag":true}]"#);
    assert_ne!(edited, json);
    let graph: Graph = serde_json::from_str(&edited).unwrap();
    let message = Tape::from_graph(graph, &Registry::default().with::<Huber>()).unwrap_err().to_string();
    assert!(message.contains("attribute `delta` wants a number, got true"), "{message}");
}

#[test]
fn an_op_from_outside_is_given_the_workspace_that_it_asks_for() {
    for op in Median::examples() {
        let report = OpCheck::new(op).run().unwrap();
        assert!(report.passed(), "{report}");
    }
    let tape = Tape::new();
    let x = tape.leaf("x", Array2::from_shape_fn((301, 7), |(i, j)| ((37 * i + 11 * j) % 301) as f64));
    let (rows, columns) = (tape.apply(Median { axis: 0 }, &[x]), tape.apply(Median { axis: -1 }, &[x.exp()]));
    assert_eq!(rows.value(), tape.constant(Array2::from_elem((1, 7), 150.0)).value());
    for threads in [1, 2] {
        let options = PlanOptions::default().threads(threads);
        let mut plan = Plan::<f64>::compile_with([rows, columns], [], options).unwrap();
        // Of both, the longer one.
        assert!(plan.schedule().registers >= 301 * size_of::<f64>(), "{plan}");
        let out = plan.run(&mut State::new()).unwrap();
        assert_eq!(out.nth(0), rows.value().view());
        assert_eq!(out.nth(1), columns.value().view());
    }
}

#[test]
fn indices_are_operands_and_no_gradient_goes_through_them() {
    let tape = Tape::new();
    let x = tape.leaf("x", arr2(&[[0.5, 2.0, -1.0], [3.0, 1.0, 2.5]]));
    let greatest = x.argmax(-1).expand_dims(-1);
    let y = x.take_along_axis(greatest, -1);
    assert_eq!(y.value().as_slice().unwrap(), [2.0, 3.0]);
    let weights = tape.constant(arr2(&[[10.0], [20.0]]));
    let loss = (y * weights).sum();
    let [dx] = loss.grad([x]);
    assert_eq!(dx.value().as_slice().unwrap(), [0.0, 10.0, 0.0, 20.0, 0.0, 0.0]);
    assert_eq!(loss.try_sweep(&[x]).unwrap()[0].as_slice(), dx.value().as_slice());
    assert!(Check::new(loss, &[x]).run().unwrap().passed());
    // One hot positions, of labels that are computed.
    let hot = x.argmax(0).one_hot_like(x.t());
    assert_eq!(hot.value().as_slice().unwrap(), [0.0, 1.0, 1.0, 0.0, 0.0, 1.0]);
    assert!(hot.sum().grad([x])[0].is_structural_zero());
    assert!(loss.draw().picture().unwrap().to_svg().contains("argmax"));
    let message = tape.try_apply(ops::Exp, &[greatest]).unwrap_err().to_string();
    assert!(message.contains("holds indices"), "{message}");
    // What is after a plan's own indices is computed from them, run after run.
    let mut plan = Plan::<f32>::compile([y, dx, greatest], []).unwrap();
    plan.feed(x, &arr2(&[[5.0_f32, 2.0, -1.0], [3.0, 1.0, 7.5]])).unwrap();
    let out = plan.run(&mut State::new()).unwrap();
    assert_eq!(out.nth(0), arr2(&[[5.0_f32], [7.5]]).into_dyn());
    assert_eq!(out.nth(1), arr2(&[[10.0_f32, 0.0, 0.0], [0.0, 0.0, 20.0]]).into_dyn());
    assert_eq!(out.indices(greatest).unwrap(), arr2(&[[0_usize], [2]]).into_dyn());
    assert!(out.get(greatest).is_none());
    assert!(plan.schedule().to_string().contains("of indices"), "{plan}");
    // Drawn with the values of the plan's run, indices among them.
    let drawn = loss.draw().values_of(&plan, &State::<f32>::new()).picture().unwrap();
    assert!(drawn.to_svg().contains("argmax"));
}

#[test]
fn an_index_that_an_op_computes_is_checked_before_it_is_used() {
    let tape = Tape::new();
    let x = tape.leaf("x", arr1(&[0.5, 2.0, -1.0]));
    let short = tape.leaf("short", arr1(&[1.0, 2.0]));
    let y = short.take_along_axis(x.argsort(0), 0);
    let message = tape.values([y.id()]).unwrap_err().to_string();
    assert!(message.contains("index 2 at [0] of x1 is past the end of an axis of size 2"), "{message}");
    let mut plan = Plan::<f64>::compile([y], []).unwrap();
    let message = plan.run(&mut State::new()).unwrap_err().to_string();
    assert!(message.contains("index 2 at [0] of x1 is past the end of an axis of size 2"), "{message}");
}

#[test]
fn indices_keep_their_kind_in_files_and_at_other_sizes() {
    let tape = Tape::new();
    let x = tape.input("x", [2, 3]);
    let greatest = x.argmax(0);
    let y = x.take_along_axis(greatest.expand_dims(0), 0);
    let other = tape.with_shapes([(x, [4, 2])]).unwrap();
    other.feed(other.var(x.id()).unwrap(), arr2(&[[0.0, 3.0], [5.0, 1.0], [2.0, 8.0], [1.0, 1.0]])).unwrap();
    assert_eq!(other.var(y.id()).unwrap().value().as_slice().unwrap(), [5.0, 8.0]);
    let kind = |tape: &Tape| tape.graph().node(greatest.id()).kind();
    assert_eq!((kind(&tape), kind(&other)), (Kind::Index, Kind::Index));

    let json = serde_json::to_string(&*tape.graph()).unwrap();
    let load = |json: &str| {
        let graph = serde_json::from_str::<Graph>(json).map_err(|e| e.to_string())?;
        Tape::from_graph(graph, &Registry::default()).map_err(|e| e.to_string())
    };
    assert_eq!(kind(&load(&json).unwrap()), Kind::Index);
    // A file that says of numbers that they are indices, or the other way round.
    let of_indices = 1_u64 << 31;
    let place = tape.graph().nodes().map(|n| n.shape().to_vec()).collect::<Vec<_>>();
    assert_eq!(place[0], [2, 3]);
    let with_bit = format!("[4,{},0,[0],", of_indices + 2);
    assert!(json.contains(&with_bit), "{json}");
    let message = load(&json.replace(&with_bit, "[4,2,0,[0],")).unwrap_err();
    assert!(message.contains("elements of kind Real, and Index would be right"), "{message}");
    let message = load(&json.replace("[0,1,0,[],", &format!("[0,{},0,[],", of_indices + 1))).unwrap_err();
    assert!(message.contains("is a leaf that says of itself that an op computes its indices"), "{message}");
}

#[test]
fn elements_are_sorted_along_any_axis_and_their_gradients_go_back() {
    let tape = Tape::new();
    let x = tape.leaf("x", arr2(&[[3.0, 1.0], [1.0, f64::NAN], [2.0, 0.0]]));
    assert_eq!(x.argsort(0).value().as_slice().unwrap(), [1.0, 2.0, 2.0, 0.0, 0.0, 1.0]);
    let tied = tape.leaf("tied", arr1(&[1.0, 0.0, 1.0, 0.0]));
    assert_eq!(tied.argsort(0).value().as_slice().unwrap(), [1.0, 3.0, 0.0, 2.0]);
    let x = tape.leaf("y", arr2(&[[3.0, 1.0], [1.0, 5.0], [2.0, 0.0]]));
    let weights = tape.constant(arr2(&[[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]));
    let loss = (x.sort(0).square() * weights).sum();
    assert_eq!(x.sort(0).value().as_slice().unwrap(), [1.0, 0.0, 2.0, 1.0, 3.0, 5.0]);
    assert!(Check::new(loss, &[x]).order(2).run().unwrap().passed());
    assert_eq!(loss.try_sweep(&[x]).unwrap()[0].as_slice(), loss.grad([x])[0].value().as_slice());
    let mut plan = Plan::<f64>::compile([x.sort(0)], []).unwrap();
    assert_eq!(plan.run(&mut State::new()).unwrap().nth(0), x.sort(0).value().view());
    // The lines of the transpose do not lie side by side: the workspace is for one of them.
    assert!(plan.schedule().registers >= 3 * size_of::<f64>());
}

/// `y = x0` in the order of x1; its rule sorts.
#[derive(Debug)]
struct InOrderOf;

op_settings!(InOrderOf, "in_order_of");

impl<F: Float> Kernel<F> for InOrderOf {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let (x, key) = (x.real(0), x.real(1));
        for (i, key_i) in key.iter().enumerate() {
            let before = |(k, key_k): &(usize, F)| *key_k < key_i || (*key_k == key_i && *k < i);
            y.data[key.iter().enumerate().filter(before).count()] = x.get(i);
        }
    }
}

impl Op for InOrderOf {
    op_settings!();

    fn formula(&self) -> &'static str {
        "y = x0 in the order of x1"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        match reals(x)? {
            [&[m], &[n]] if m == n => Ok(vec![m]),
            [x, key] => Err(format!("takes two lines of equal length, got shapes {x:?} and {key:?}")),
        }
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        match operand {
            0 => dy.tape().apply(ops::AddAlongAxis { axis: 0 }, &[dy, x[1].argsort(0), x[0]]).into(),
            _ => Derivative::Zero,
        }
    }

    fn smooth(&self) -> bool {
        true
    }

    fn samples(&self) -> Vec<Sample> {
        vec![Sample(vec![(vec![5], Domain::Between(-1.0, 1.0)), (vec![5], Domain::Spaced(0.0))])]
    }
}

#[test]
fn a_rule_may_compute_indices_on_its_way() {
    let report = OpCheck::new(InOrderOf).run().unwrap();
    assert!(report.passed(), "{report}");
    let tape = Tape::new();
    let (x, key) = (tape.leaf("x", arr1(&[10.0, 20.0, 30.0])), tape.leaf("key", arr1(&[0.3, 0.1, 0.2])));
    let weights = tape.constant(arr1(&[1.0, 2.0, 3.0]));
    let loss = (tape.apply(InOrderOf, &[x, key]) * weights).sum();
    assert_eq!(loss.value().item(), 20.0 + 2.0 * 30.0 + 3.0 * 10.0);
    assert_eq!(loss.try_sweep(&[x]).unwrap()[0].as_slice().unwrap(), [3.0, 1.0, 2.0]);
    assert_eq!(loss.grad([x])[0].value().as_slice().unwrap(), [3.0, 1.0, 2.0]);
}
