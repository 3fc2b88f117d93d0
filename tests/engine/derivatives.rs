//! Derivatives in directions, Jacobians and Hessians; checkpoints; composites with a VJP of their own.

use chainrule::{Check, Plan, Registry, State, Tape, Var};
use ndarray::{Array, Array1, Array2, arr1, arr2};

fn numbers(n: usize, step: f64) -> Array1<f64> {
    Array::from_shape_fn(n, |i| (step * (i as f64 + 1.0)).sin())
}

fn matrix(n: usize, m: usize, step: f64) -> Array2<f64> {
    numbers(n * m, step).into_shape_with_order((n, m)).unwrap()
}

#[test]
fn a_jvp_is_the_jacobian_times_a_direction() {
    let tape = Tape::new();
    let (x, w) = (tape.leaf("x", matrix(4, 3, 0.7)), tape.leaf("w", numbers(3, 1.3)));
    let (dx, dw) = (tape.leaf("dx", matrix(4, 3, 2.1)), tape.leaf("dw", numbers(3, 0.4)));
    let y = x.matmul(w).tanh() * x.sum();
    let [jx, jw] = y.jacobian([x, w]);
    assert_eq!((jx.shape(), jw.shape()), (vec![4, 4, 3], vec![4, 3]));
    let expected = jx.reshape([4, 12]).matmul(dx.reshape([12])) + jw.matmul(dw);
    let error = (y.jvp([(x, dx), (w, dw)]) - expected).abs().max_over([0]).value().item();
    assert!(error < 1e-14, "{error}");
    // The adjoint: dy · J dx = J' dy · dx.
    let dy = tape.leaf("dy", numbers(4, 0.9));
    let [vjp] = y.vjp(dy, [x]);
    let difference = ((vjp * dx).sum() - (dy * y.jvp([(x, dx)])).sum()).value().item();
    assert!(difference.abs() < 1e-13, "{difference}");
}

#[test]
fn rows_and_columns_give_the_same_jacobian() {
    let tape = Tape::new();
    let (x, w) = (tape.leaf("x", matrix(4, 3, 0.7)), tape.leaf("w", numbers(3, 1.3)));
    let y = x.matmul(w).tanh() * x.sum();
    // 4 outputs and 3 inputs: by columns; with x as well, by rows.
    let [columns] = y.jacobian([w]);
    let [rows, _] = y.jacobian([w, x]);
    let error = (rows - columns).abs().max_over([0, 1]).value().item();
    assert!(error < 1e-15, "{error}");
}

#[test]
fn what_does_not_depend_and_what_is_empty_has_a_jacobian_of_its_shape() {
    let tape = Tape::new();
    let (x, other) = (tape.leaf("x", [1.0, 2.0]), tape.leaf("other", [1.0, 2.0, 3.0]));
    let y = x.square();
    assert_eq!(*y.jacobian([other])[0].value(), Array2::<f64>::zeros((2, 3)).into_dyn());
    assert_eq!(*y.sum().hessian([other])[0][0].value(), Array2::<f64>::zeros((3, 3)).into_dyn());
    assert_eq!(*y.jvp([(other, other)]).value(), arr1(&[0.0, 0.0]).into_dyn());
    assert_eq!(*y.sum().hvp([(other, other)])[0].value(), arr1(&[0.0, 0.0, 0.0]).into_dyn());
    let empty = tape.leaf("empty", Array2::<f64>::zeros((0, 3)));
    assert_eq!(empty.exp().jacobian([empty])[0].shape(), [0, 3, 0, 3]);
    assert_eq!(empty.sum().jacobian([empty])[0].shape(), [0, 3]);
    assert_eq!((empty.sum() * x).jacobian([empty])[0].shape(), [2, 0, 3]);
}

#[test]
fn a_plan_of_a_jvp_has_no_dead_step_and_no_value_of_the_dummy_cotangent() {
    let tape = Tape::new();
    let (x, dx) = (tape.input("x", [5]), tape.input("dx", [5]));
    let y = x.sin();
    let jvp = y.jvp([(x, dx)]);
    let mut plan = Plan::<f64>::compile([jvp], []).unwrap();
    // dx · cos x, in one fused step: neither y, nor u · cos x, nor u.
    assert_eq!(plan.steps(), 1, "{}", plan.schedule());
    assert_eq!(plan.input_names().collect::<Vec<_>>(), ["x", "dx"]);
    let by_hand = Plan::<f64>::compile([dx * x.cos()], []).unwrap();
    assert_eq!(plan.memory(), by_hand.memory());
    plan.feed(x, numbers(5, 1.0)).unwrap();
    plan.feed("dx", [1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
    let expected = numbers(5, 1.0).mapv(f64::cos) * arr1(&[1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(plan.run(&mut State::new()).unwrap().get(jvp).unwrap(), expected.into_dyn());
    // Of a deep chain, the steps grow as those of a gradient do.
    let mut h = x;
    let w = tape.parameter("w", [5, 5]);
    for _ in 0..20 {
        h = h.matmul(w).tanh();
    }
    let steps = |outputs: &[Var<'_>]| Plan::<f64>::compile(outputs.iter().copied(), []).unwrap().steps();
    let (forward, jvp) = (steps(&[h]), steps(&[h.jvp([(x, dx)])]));
    assert!(jvp <= 2 * forward, "{jvp} steps for a forward pass of {forward}");
}

#[test]
fn the_nodes_of_a_jacobian_grow_with_the_fewer_of_outputs_and_inputs() {
    let recorded = |n: usize| {
        let tape = Tape::new();
        let (a, b) = (tape.leaf("a", 0.3), tape.leaf("b", 0.9));
        let mut x = a;
        let mut all = Vec::new();
        for _ in 0..n {
            x = x + 0.01 * (b * x).sin();
            all.push(x);
        }
        let y = tape.stack(&all, 0);
        let before = tape.graph().len();
        let _ = y.jacobian([a, b]);
        tape.graph().len() - before
    };
    let (some, many) = (recorded(100), recorded(400));
    assert!(many < 5 * some, "{some} nodes for 100 outputs of 2 inputs, {many} for 400");
}

#[test]
fn hessians_and_their_products_agree_to_third_order() {
    let tape = Tape::new();
    let (x, y) = (tape.leaf("x", numbers(3, 0.8)), tape.leaf("y", 0.7));
    let loss = (x * x.sin() * y).sum() + x.sum().powi(3) * y.exp();
    let [[xx, xy], [yx, yy]] = loss.hessian([x, y]);
    assert_eq!((xx.shape(), xy.shape(), yx.shape(), yy.shape()), (vec![3, 3], vec![3], vec![3], vec![]));
    let (u, v) = (tape.leaf("u", numbers(3, 2.0)), tape.leaf("v", 0.3));
    let [hx, hy] = loss.hvp([(x, u), (y, v)]);
    let errors = [
        (hx - xx.matmul(u) - xy * v).abs().sum(),
        (hy - (yx * u).sum() - yy * v).abs(),
        (xy - yx).abs().sum(),
    ];
    for error in errors {
        assert!(error.value().item() < 1e-13, "{error:?}");
    }
    let product = (hx * x).sum() + hy;
    let report = Check::new(product, &[x, y]).order(2).run().unwrap();
    assert!(report.passed(), "{report}");
}

#[test]
fn a_jvp_of_a_vjp_and_of_a_jvp() {
    let tape = Tape::new();
    let (x, u) = (tape.leaf("x", numbers(3, 0.8)), tape.leaf("u", numbers(3, 2.0)));
    let y = x.sin() * x.sum();
    let [vjp] = y.vjp(u, [x]);
    let expected = (y * u).sum().hvp([(x, u)])[0];
    let error = (vjp.jvp([(x, u)]) - expected).abs().sum().value().item();
    assert!(error < 1e-14, "{error}");
    // d²/dt² of y(x + t u).
    let t = tape.leaf("t", 0.0);
    let at = x + t * u;
    let along = at.sin() * at.sum();
    let [[twice]] = along.slice(ndarray::s![1]).hessian([t]);
    let again = y.jvp([(x, u)]).jvp([(x, u)]).slice(ndarray::s![1]);
    assert!((twice - again).value().item().abs() < 1e-14);
}

#[test]
fn directions_of_other_shapes_and_indices_are_refused() {
    let tape = Tape::new();
    let (x, v) = (tape.leaf("x", [1.0, 2.0]), tape.leaf("v", [1.0, 2.0, 3.0]));
    let message = x.square().try_jvp(&[(x, v)]).unwrap_err().to_string();
    assert!(message.contains("shape [3]") && message.contains("jvp"), "{message}");
    let message = x.square().sum().try_hvp(&[(x, v)]).unwrap_err().to_string();
    assert!(message.contains("shape [3]") && message.contains("hvp"), "{message}");
    let places = tape.index_leaf("places", [0, 1]);
    assert!(x.try_jacobian(&[places]).is_err());
    assert!(x.argmax(0).try_jacobian(&[x]).is_err());
    assert!(x.try_hessian(&[x]).unwrap_err().to_string().contains("[2]"));
}

/// A deep network whose layers come in blocks of four.
fn deep<'t>(tape: &'t Tape, checkpoints: bool) -> (Var<'t>, Vec<Var<'t>>) {
    const BATCH: usize = 64;
    const WIDTH: usize = 16;
    let mut h = tape.leaf("x", matrix(BATCH, WIDTH, 0.37));
    let mut parameters = Vec::new();
    for block in 0..8 {
        let w: Vec<_> = (0..4)
            .map(|i| {
                tape.leaf(&format!("w{block}{i}"), matrix(WIDTH, WIDTH, 0.11 * (block * 4 + i + 1) as f64))
            })
            .collect();
        let forward = || w.iter().fold(h, |h, &w| (h.matmul(w) * 0.5).tanh().softplus());
        h = if checkpoints { tape.checkpoint(forward) } else { forward() };
        parameters.extend(w);
    }
    (h.square().mean(), parameters)
}

#[test]
fn checkpoints_need_much_less_memory_and_give_the_same_bits() {
    let run = |checkpoints: bool| {
        let tape = Tape::new();
        let (loss, parameters) = deep(&tape, checkpoints);
        let gradients = loss.try_grad(&parameters).unwrap();
        let outputs: Vec<_> = [loss].into_iter().chain(gradients.iter().copied()).collect();
        let mut plan = Plan::<f64>::compile(outputs.iter().copied(), []).unwrap();
        let all: Vec<_> = {
            let mut state = State::new();
            let run = plan.run(&mut state).unwrap();
            outputs.iter().map(|&output| run.get(output).unwrap().to_owned()).collect()
        };
        let asked: Vec<_> = outputs.iter().map(|output| output.value()).collect();
        for (asked, planned) in asked.iter().zip(&all) {
            assert_eq!(**asked, *planned);
        }
        (all, plan.memory(), Plan::<f64>::compile([loss], []).unwrap().memory())
    };
    let ((kept, all, forward), (again, less, same)) = (run(false), run(true));
    assert_eq!(kept, again);
    assert_eq!(forward, same, "a checkpoint costs nothing where there is no gradient");
    assert!(less < all / 2, "{less} bytes with checkpoints, {all} without");
}

#[test]
fn a_checkpoint_has_every_derivative_and_the_checker_agrees() {
    let tape = Tape::new();
    let (x, w) = (tape.leaf("x", matrix(4, 3, 0.7)), tape.leaf("w", matrix(3, 3, 1.3)));
    let f = |x: Var<'_>| -> f64 { x.value().item() };
    let block = || x.matmul(w).tanh() * w.sum() + 0.5;
    let (plain, checked) = (block(), tape.checkpoint(block));
    assert_eq!(plain.value(), checked.value());
    let (u, v) = (tape.leaf("u", matrix(4, 3, 0.2)), tape.leaf("v", matrix(3, 3, 0.9)));
    let [a, b] = [plain, checked].map(|y| {
        let loss = (y.square() * y.sin()).sum();
        let [hx, hw] = loss.hvp([(x, u), (w, v)]);
        (f(loss), hx.value(), hw.value(), y.jvp([(x, u), (w, v)]).value())
    });
    assert_eq!(a.0, b.0);
    let close = |a: &chainrule::Value, b: &chainrule::Value| {
        a.iter().zip(b.iter()).all(|(a, b)| (a - b).abs() < 1e-12)
    };
    assert!(close(&a.1, &b.1) && close(&a.2, &b.2) && close(&a.3, &b.3));
    let nested = tape.checkpoint(|| tape.checkpoint(|| checked.sin() * x).exp() + w.sum());
    let report = Check::new(nested.sum(), &[x, w]).order(2).run().unwrap();
    assert!(report.passed(), "{report}");
}

fn log1pexp<'t>(tape: &'t Tape, x: Var<'t>) -> Var<'t> {
    tape.with_vjp("log1pexp", [x], |[x]| (1.0 + x.exp()).ln(), |[x], _, dy| [dy * x.sigmoid()])
}

#[test]
fn a_composite_uses_its_own_vjp_to_every_order() {
    let tape = Tape::new();
    let x = tape.leaf("x", [-3.0, 0.5, 2.0]);
    let y = log1pexp(&tape, x);
    let [dx] = y.sum().grad([x]);
    assert_eq!(dx.value(), x.sigmoid().value());
    assert_eq!(y.sum().sweep([x])[0], dx.value());
    // Two of one kind are one op of the graph.
    let z = log1pexp(&tape, y).sum();
    let report = Check::new(z, &[x]).order(2).run().unwrap();
    assert!(report.passed(), "{report}");
    // Where the parts' own rules would give NaN.
    let large = tape.leaf("large", 800.0);
    assert!((1.0 + large.exp()).ln().grad([large])[0].value().item().is_nan());
    assert_eq!(log1pexp(&tape, large).grad([large])[0].value().item(), 1.0);
    // A VJP of another size is another op, and broadcasting is undone.
    let [row, all] = [tape.leaf("row", [1.0, 2.0]), tape.leaf("all", matrix(3, 2, 0.4))];
    let product = tape.with_vjp("product", [row, all], |[a, b]| a * b, |[a, b], _, dy| [dy * b, dy * a]);
    let report = Check::new(product.sin().sum(), &[row, all]).order(2).run().unwrap();
    assert!(report.passed(), "{report}");
}

#[test]
fn the_checker_names_a_composite_whose_vjp_is_wrong() {
    let tape = Tape::new();
    let x = tape.leaf("x", arr2(&[[-3.0, 0.5], [2.0, 1.0]]));
    let right = x.tanh();
    let wrong = tape.with_vjp("swish", [right], |[x]| x * x.sigmoid(), |[x], _, dy| [dy * x.sigmoid()]);
    let report = Check::new(wrong.exp().sum(), &[x]).run().unwrap();
    assert!(!report.passed());
    let text = report.to_string();
    assert!(text.contains("with_vjp") && text.contains("swish"), "{text}");
    assert_eq!(report.faults.iter().map(|fault| fault.node).collect::<Vec<_>>(), [wrong.id()], "{text}");
}

#[test]
#[should_panic(expected = "is not among its operands, so that its gradient would be lost")]
fn a_composite_reads_its_operands_alone() {
    let tape = Tape::new();
    let (x, w) = (tape.leaf("x", 1.0), tape.leaf("w", 2.0));
    let _ = tape.with_vjp("f", [x], |[x]| x * w, |[x], _, dy| [dy * x]);
}

#[test]
fn vars_are_assigned_to() {
    let tape = Tape::new();
    let x = tape.leaf("x", [1.0, 2.0]);
    let mut y = x;
    y += x;
    y *= 3.0;
    y -= 1.0;
    y /= x;
    assert_eq!(*y.value(), arr1(&[5.0, 5.5]).into_dyn());
    assert_eq!(*y.sum().grad([x])[0].value(), arr1(&[1.0, 0.25]).into_dyn());
}

#[test]
fn outputs_have_names_and_the_last_name_of_a_node_counts() {
    let tape = Tape::new();
    let x = tape.input("x", [2]).named("first").named("second");
    let (a, b) = ((2.0 * x).named("same"), (3.0 * x).named("same"));
    let sum = (a + b).sum().named("sum");
    let mut plan = Plan::<f32>::compile([a, b, sum, sum], []).unwrap();
    assert!(plan.feed("first", [1.0, 2.0]).is_err());
    plan.feed("second", [1.0, 2.0]).unwrap();
    let mut state = State::new();
    let outputs = plan.run(&mut state).unwrap();
    assert!(outputs.get("same").is_none());
    assert_eq!((outputs.item("sum"), outputs.item(sum)), (15.0, 15.0));
}

/// A graph with stretches in stretches, of its own VJPs and of none, and its gradient.
fn stretches(tape: &Tape) -> [Var<'_>; 4] {
    let x = tape.leaf("x", arr1(&[0.5, -1.25, 2.0]));
    let w = tape.leaf("w", arr1(&[1.5, 0.25, -0.75]));
    let layer = |x| tape.checkpoint(|| log1pexp(tape, x * w) + 2.0);
    let y = tape.checkpoint(|| layer(layer(x)).tanh() * x).sum();
    [x, w, y, y.grad([w])[0]]
}

#[test]
fn stretches_are_loaded_from_files() {
    let tape = Tape::new();
    let recorded = stretches(&tape).map(|var| var.id());
    let file = serde_json::to_string(&*tape.graph()).unwrap();
    let registry = Registry::default().with_vjp("log1pexp", |[x], _, dy| [dy * x.sigmoid()]);
    let loaded = Tape::from_graph(serde_json::from_str(&file).unwrap(), &registry).unwrap();
    assert_eq!(loaded.graph().len(), tape.graph().len());
    // The first gradient, which was recorded, and one that is recorded now; both are differentiated once more.
    let run = |tape: &Tape| {
        let [x, w, y, first] = recorded.map(|id| tape.var(id).unwrap());
        tape.feed(x, arr1(&[0.5, -1.25, 2.0])).unwrap();
        tape.feed(w, arr1(&[1.5, 0.25, -0.75])).unwrap();
        let report = Check::new(y, &[x, w]).order(2).run().unwrap();
        assert!(report.passed(), "{report}");
        let all = [vec![y, first], y.grad([x, w]).to_vec(), first.sum().grad([x, w]).to_vec()].concat();
        let mut plan = Plan::<f64>::compile(all, []).unwrap();
        let mut state = State::new();
        let outputs = plan.run(&mut state).unwrap();
        (0..6).map(|i| outputs.nth(i).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(run(&tape), run(&loaded));
    // A name that nobody knows, and a VJP of more operands.
    let read = |registry: &Registry| {
        Tape::from_graph(serde_json::from_str(&file).unwrap(), registry).unwrap_err().to_string()
    };
    let message = read(&Registry::default());
    assert!(
        message.contains("no VJP `log1pexp` in the registry; add it with `Registry::with_vjp`"),
        "{message}"
    );
    let message = read(&Registry::default().with_vjp("log1pexp", |x: [Var<'_>; 3], _, _| x));
    assert!(message.contains("takes 3 operands, and there are 1"), "{message}");
}

#[test]
fn a_stretch_of_a_file_that_is_not_closed_is_refused() {
    let tape = Tape::new();
    let (x, w) = (tape.leaf("x", 2.0), tape.leaf("w", 3.0));
    tape.checkpoint(|| x.sin() * w);
    let load = |edit: &dyn Fn(&mut serde_json::Value)| {
        let mut file = serde_json::to_value(&*tape.graph()).unwrap();
        edit(file["nodes"].as_array_mut().unwrap().last_mut().unwrap());
        Tape::from_graph(serde_json::from_value(file).unwrap(), &Registry::default())
    };
    assert!(load(&|_| ()).is_ok());
    // With x twice instead of x and w, w is read from outside.
    let twice = |node: &mut serde_json::Value| node[3][2] = node[3][1].clone();
    let message = load(&twice).unwrap_err().to_string();
    assert!(message.contains("which is not among the others") && message.contains("checkpoint"), "{message}");
}

#[test]
fn many_directions_take_as_many_nodes_as_few() {
    let recorded = |count: usize| {
        let tape = Tape::new();
        let (x, w) = (tape.leaf("x", matrix(4, 3, 0.7)), tape.leaf("w", matrix(3, 5, 1.3)));
        let y = (x.matmul(w).tanh() + w.sum_over(0)).softmax(1).ln() * x.sum();
        let dys = tape.leaf("dys", Array::from_shape_fn((count, 4, 5), |(i, j, k)| (i + j * k) as f64));
        let dws = tape.leaf("dws", Array::from_shape_fn((count, 3, 5), |(i, j, k)| (i + j * k) as f64));
        let before = tape.graph().len();
        let _ = (y.vjps(dys, [x, w]), y.jvps([(w, dws)]), y.sum().hvps([(w, dws)]));
        tape.graph().len() - before
    };
    assert_eq!(recorded(3), recorded(1000));
    assert_eq!(recorded(3), recorded(0));
}

#[test]
fn a_jacobian_of_many_rows_or_columns_is_a_few_nodes_and_right() {
    let tape = Tape::new();
    let (x, a) = (tape.leaf("x", numbers(12, 0.8)), tape.leaf("a", matrix(30, 12, 0.3)));
    let few = |tape: &Tape, from: usize| assert!(tape.graph().len() - from < 120);
    let y = a.matmul(x).sin() * x.sum();
    let from = tape.graph().len();
    let [columns] = y.jacobian([x]);
    few(&tape, from);
    let (rows, from) = (x.square().matmul(a.t()).slice(ndarray::s![..10]), tape.graph().len());
    let [rows] = rows.jacobian([x]);
    few(&tape, from);
    let slope = (y.square()).sum();
    let from = tape.graph().len();
    let [[hessian]] = slope.hessian([x]);
    few(&tape, from);
    assert_eq!([columns.shape(), rows.shape(), hessian.shape()], [[30, 12], [10, 12], [12, 12]]);
    let by_hand = a.matmul(x).cos().expand_dims(1) * a * x.sum() + a.matmul(x).sin().expand_dims(1);
    let errors = [
        (columns - by_hand).abs().sum(),
        (rows - a.slice(ndarray::s![..10, ..]) * (2.0 * x)).abs().sum(),
        (hessian - hessian.t()).abs().sum(),
        (hessian.matmul(x) - slope.hvp([(x, x)])[0]).abs().sum(),
    ];
    for error in errors {
        assert!(error.value().item() < 1e-9, "{error:?}");
    }
    let report = Check::new(columns.square().sum(), &[x]).run().unwrap();
    assert!(report.passed(), "{report}");
}

#[test]
fn directions_that_do_not_fit_are_refused_and_none_is_none() {
    let tape = Tape::new();
    let (x, z) = (tape.leaf("x", [1.0, 2.0]), tape.leaf("z", 3.0));
    let rows = |n: usize, m: usize| tape.leaf(&format!("r{n}{m}"), Array2::<f64>::ones((n, m)));
    let y = x.square() * z;
    for message in [
        y.try_vjps(rows(2, 3), &[x]).unwrap_err().to_string(),
        y.try_jvps(&[(x, x)]).unwrap_err().to_string(),
        y.sum().try_hvps(&[(x, rows(2, 3))]).unwrap_err().to_string(),
    ] {
        assert!(message.contains("wants rows of its own"), "{message}");
    }
    let message =
        y.try_jvps(&[(x, rows(2, 2)), (z, tape.leaf("three", [1.0, 2.0, 3.0]))]).unwrap_err().to_string();
    assert!(message.contains("[2, …]"), "{message}");
    assert!(y.try_jvps(&[]).unwrap_err().to_string().contains("no direction"));
    assert_eq!(y.vjps(rows(0, 2), [x, z])[0].shape(), [0, 2]);
    assert_eq!(y.vjps(rows(0, 2), [x, z])[0].value().into_array().len(), 0);
    let other = tape.leaf("other", [1.0]);
    assert_eq!(*y.vjps(rows(3, 2), [other])[0].value(), Array2::<f64>::zeros((3, 1)).into_dyn());
    assert_eq!(*y.jvps([(other, rows(3, 1))]).value(), Array2::<f64>::zeros((3, 2)).into_dyn());
    // Numbers by themselves, of which the directions are told apart.
    let (a, b) = (tape.leaf("a", 2.0), tape.leaf("b", 5.0));
    let (da, db) = (tape.leaf("da", [1.0, 0.0, 1.0]), tape.leaf("db", [0.0, 1.0, 1.0]));
    assert_eq!((a * b).jvps([(a, da), (b, db)]).value().as_slice().unwrap(), [5.0, 2.0, 7.0]);
    assert_eq!(a.vjps(da, [a])[0].id(), da.id());
}
