//! What returns a result returns an error while `tape.graph()` is held, and errors print as sentences.

use super::{World, panic_of, with_world};
use chainrule::check::Mode;
use chainrule::{Check, Error, Plan, Result, State, Var, ops};
use ndarray::{ArrayD, arr2};
use std::sync::Arc;

type Call = fn(&World<'_>) -> Result<()>;

fn state() -> State<f64> {
    let mut state = State::new();
    state.insert("p", arr2(&[[1.0; 3]; 2]));
    state
}

/// Every method of vars and tapes that records or computes and returns a result, and what is built on them.
#[rustfmt::skip]
pub(super) const CALLS: &[(&str, Call)] = &[
    ("try_apply", |w| w.tape.try_apply(ops::Relu, &[w.x]).map(drop_var)),
    ("try_apply", |w| w.tape.try_apply(ops::Powi { exponent: 2 }, &[w.x]).map(drop_var)),
    ("try_apply_shared", |w| w.tape.try_apply_shared(Arc::new(ops::Relu), &[w.x]).map(drop_var)),
    ("feed", |w| w.tape.feed(w.x, arr2(&[[1.0; 3]; 2]))),
    ("feed", |w| w.tape.feed(w.s, 2.0)),
    ("feed_all", |w| w.tape.feed_all([(w.s, 2.0)])),
    ("feed_indices", |w| w.tape.feed_indices(w.i, ndarray::arr1(&[0_usize, 1]))),
    ("load", |w| w.tape.load(&state())),
    ("load_partial", |w| w.tape.load_partial(&state()).map(|_| ())),
    ("values", |w| w.tape.values([w.x.id()]).map(drop)),
    ("try_grad", |w| w.s.try_grad(&[w.s]).map(drop)),
    ("try_grad", |w| w.s.try_grad(&[w.x]).map(drop)),
    ("try_vjp", |w| w.x.try_vjp(w.x, &[w.x]).map(drop)),
    ("try_vjp", |w| w.x.try_vjp(w.x, &[w.s]).map(drop)),
    ("try_jvp", |w| w.x.try_jvp(&[(w.x, w.x)]).map(drop)),
    ("try_jvp", |w| w.x.try_jvp(&[(w.s, w.s)]).map(drop)),
    ("try_hvp", |w| w.s.try_hvp(&[(w.s, w.s)]).map(drop)),
    ("try_vjps", |w| w.x.try_vjps(w.rows, &[w.x]).map(drop)),
    ("try_jvps", |w| w.x.try_jvps(&[(w.x, w.rows)]).map(drop)),
    ("try_hvps", |w| w.s.try_hvps(&[(w.x, w.rows)]).map(drop)),
    ("try_jacobian", |w| w.x.try_jacobian(&[w.x]).map(drop)),
    ("try_jacobian", |w| w.x.try_jacobian(&[w.s]).map(drop)),
    ("try_hessian", |w| w.s.try_hessian(&[w.x]).map(drop)),
    ("try_sweep", |w| w.s.try_sweep(&[w.s]).map(drop)),
    ("Check::run", |w| Check::new(w.s, &[w.s]).run().map(drop)),
    ("Check::run", |w| Check::new(w.s, &[w.s]).gradients(&[w.s]).mode(Mode::CHAPTER).run().map(drop)),
    ("Check::must_fail", |w| Check::new(w.s, &[w.s]).must_fail().map(drop)),
    ("Draw::picture", |w| w.x.draw().picture().map(drop)),
    ("Draw::picture", |w| w.tape.draw_all().values(true).picture().map(drop)),
    ("Draw::to_html", |w| w.x.draw().to_html().map(drop)),
    ("Draw::to_svg", |w| w.x.draw().to_svg().map(drop)),
    ("Draw::to_dot", |w| w.x.draw().to_dot().map(drop)),
    ("Draw::to_mermaid", |w| w.x.draw().to_mermaid().map(drop)),
    ("Draw::page", |w| w.x.draw().page().map(drop)),
    ("Draw::save", |w| w.x.draw().save("never.svg")),
    ("Draw::graphviz", |w| w.x.draw().graphviz("never.svg")),
    ("Draw::show", |w| w.x.draw().show().map(drop)),
    ("show", |w| w.tape.show().map(drop)),
];

fn drop_var(_: Var<'_>) {}

#[test]
fn what_returns_a_result_returns_an_error_while_the_graph_is_held() {
    with_world(|world| {
        let graph = world.tape.graph();
        let before = graph.len();
        for (method, call) in CALLS {
            let mut result = Ok(());
            let panic = panic_of(|| result = call(world));
            assert!(panic.is_none(), "{method}: {panic:?}");
            let error = result.expect_err(method);
            assert!(matches!(error, Error::GraphHeld { .. }), "{method}: {error}");
            let message = error.to_string();
            assert!(message.contains("while `tape.graph()` is held; drop it first"), "{method}: {message}");
            assert!(message.contains("results.rs:"), "{method} does not name the caller's line: {message}");
        }
        assert_eq!(graph.len(), before, "nothing is recorded");
    });
}

#[test]
fn all_is_as_before_when_the_graph_is_given_back() {
    with_world(|world| {
        let held = world.tape.graph();
        for (_, call) in CALLS {
            assert!(call(world).is_err());
        }
        drop(held);
        assert_eq!(world.x.value()[[1, 2]], 0.6, "nothing was fed");
        let (node, line) = (world.x.relu().id(), line!());
        let graph = world.tape.graph();
        assert_eq!((graph.node(node).scope(), graph.node(node).location().map(|l| l.line)), ("", Some(line)));
    });
}

#[test]
fn what_only_reads_the_graph_goes_on() {
    with_world(|world| {
        let y = world.x.relu().sum();
        let _graph = world.tape.graph();
        let mut plan = Plan::<f64>::compile([y], []).expect("compiling reads");
        assert!((plan.run(&mut State::new()).unwrap().item(y) - 2.1).abs() < 1e-12);
        let other = world.tape.with_shapes([(world.x, [7, 3])]).expect("another tape is made");
        assert_eq!(other.var(world.x.id()).unwrap().shape(), [7, 3]);
        let shape_only = y.draw().values(false).picture().expect("no value is computed");
        assert!(!shape_only.nodes.is_empty());
    });
}

#[test]
fn an_iterator_of_the_callers_may_look_at_the_tape() {
    with_world(|world| {
        let vars = [world.x, world.s];
        let by_shape = vars.iter().filter(|v| v.rank() == 2).map(|v| v.id());
        let mut result = Ok(Vec::<(chainrule::NodeId, ArrayD<f64>)>::new());
        let panic = panic_of(|| result = world.tape.values(by_shape));
        assert!(panic.is_none(), "{panic:?}");
        assert_eq!(result.unwrap().len(), 1);
    });
}

#[test]
fn errors_of_wrong_vars_name_the_callers_line() {
    #[rustfmt::skip]
    let calls: &[(&str, u32, Call)] = &[
        ("try_apply", line!(), |w| w.tape.try_apply(ops::Add, &[w.x, w.far]).map(drop_var)),
        ("try_apply", line!(), |w| w.tape.try_apply(ops::Add, &[w.x, w.y]).map(drop_var)),
        ("try_apply_shared", line!(), |w| w.tape.try_apply_shared(Arc::new(ops::Add), &[w.x, w.y]).map(drop_var)),
        ("feed", line!(), |w| w.tape.feed(w.far, arr2(&[[1.0; 3]; 2]))),
        ("feed_indices", line!(), |w| w.tape.feed_indices(w.far, ndarray::arr1(&[0_usize, 1]))),
        ("try_grad", line!(), |w| w.s.try_grad(&[w.far]).map(drop)),
        ("try_vjp", line!(), |w| w.x.try_vjp(w.far, &[w.x]).map(drop)),
        ("try_jvp", line!(), |w| w.x.try_jvp(&[(w.x, w.far)]).map(drop)),
        ("try_hvp", line!(), |w| w.s.try_hvp(&[(w.s, w.far)]).map(drop)),
        ("try_vjps", line!(), |w| w.x.try_vjps(w.far, &[w.x]).map(drop)),
        ("try_jvps", line!(), |w| w.x.try_jvps(&[(w.x, w.far)]).map(drop)),
        ("try_hvps", line!(), |w| w.s.try_hvps(&[(w.x, w.far)]).map(drop)),
        ("try_jacobian", line!(), |w| w.x.try_jacobian(&[w.far]).map(drop)),
        ("try_hessian", line!(), |w| w.s.try_hessian(&[w.far]).map(drop)),
        ("try_sweep", line!(), |w| w.s.try_sweep(&[w.far]).map(drop)),
        ("with_shapes", line!(), |w| w.tape.with_shapes([(w.far, [2, 3])]).map(drop)),
        ("Check::run", line!(), |w| Check::new(w.s, &[w.far]).run().map(drop)),
        ("Plan::compile", line!(), |w| Plan::<f32>::compile([w.x, w.far], []).map(drop)),
        ("Draw::picture", line!(), |w| w.tape.draw(&[w.x, w.far]).picture().map(drop)),
    ];
    for (method, line, call) in calls {
        with_world(|world| {
            let message = call(world).expect_err(method).to_string();
            assert!(message.contains(&format!("results.rs:{line}:")), "{method} (line {line}): {message}");
        });
    }
}

#[test]
fn what_a_gradient_records_has_the_callers_line() {
    with_world(|world| {
        let before = world.tape.graph().len();
        let _ = world.s.square().grad([world.s, world.x]);
        let line = line!() - 1;
        let graph = world.tape.graph();
        assert!(graph.len() > before + 3, "a seed, a rule, and zeros");
        for node in graph.nodes().skip(before).filter(|n| n.leaf().is_none() || n.constant() == Some(&[0.0]))
        {
            let place = node.location().expect("recorded here");
            assert!(place.file.ends_with("results.rs") && place.line == line, "{}: {place}", node.op());
        }
    });
}

#[test]
fn an_error_prints_as_a_sentence() {
    with_world(|world| {
        let error = world.tape.try_apply(ops::Add, &[world.x, world.y]).unwrap_err();
        assert_eq!(format!("{error:?}"), error.to_string());
        assert_eq!(format!("{error:#?}"), error.to_string());
        // As `unwrap` and a `main` that returns a result print it.
        let result: Result<Var<'_>> = world.tape.try_apply(ops::Add, &[world.x, world.y]);
        let panic = panic_of(|| drop_var(result.unwrap())).expect("an error");
        let sentence = "add: shapes";
        assert!(panic.message.contains(&format!("`Err` value: {sentence}")), "{}", panic.message);
    });
}
