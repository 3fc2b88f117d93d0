//! What every op of the table promises besides its derivative: samples, a shape rule that refuses with words,
//! attributes that say everything, a place in the registry, no size of a batch taken over into a gradient.

use crate::support::{Operand, cases, check_vjp, cotangent, for_every_case, real};
use chainrule::op::{Attributes, Derivative, Domain, Inputs, Kernel, Kind, Operand as Shaped, Output, reals};
use chainrule::ops::{TABLE, Where};
use chainrule::{Error, Float, Graph, Op, Registry, Tape, Var};
use ndarray::{ArrayD, s};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Ops that take any number of operands from 1 on.
const VARIADIC: [&str; 3] = ["concat", "segment", "unsegment"];

#[test]
fn every_example_has_samples_a_formula_and_a_symbol() {
    for entry in TABLE {
        let examples = (entry.examples)();
        assert!(!examples.is_empty(), "{} has no examples", entry.name);
        for op in examples {
            assert!(!op.samples().is_empty(), "{op:?} has no samples");
            let formula = op.formula();
            assert!(
                formula.starts_with("y = ") && !formula.contains('\n'),
                "{op:?} has the formula {formula:?}: it is one line that begins with `y = ` and calls the operand x, or x0, x1, …"
            );
            assert!(!op.symbol().is_empty());
        }
    }
}

#[test]
fn shape_rules_refuse_wrong_operands_with_words() {
    for_every_case(|case, _| {
        let mut failures = Vec::new();
        let right: Vec<Shaped<'_>> =
            case.sample.0.iter().map(|(shape, domain)| Shaped { shape, kind: domain.kind() }).collect();
        let mut refuse = |what: String, operands: &[Shaped<'_>]| match case.op.shape(operands) {
            Ok(shape) => failures.push(format!("{what} are accepted, and give {shape:?}")),
            Err(words) if words.len() < 8 => {
                failures.push(format!("{what}: the message says no more than {words:?}"))
            }
            Err(_) => {}
        };
        for n in 0..6 {
            if n != right.len() && !(VARIADIC.contains(&case.op.name()) && n > 0) {
                refuse(format!("{n} operands"), &vec![right[0]; n]);
            }
        }
        for i in 0..right.len() {
            let mut wrong = right.clone();
            wrong[i].kind = if wrong[i].kind == Kind::Real { Kind::Index } else { Kind::Real };
            // A view of indices is one of indices.
            if case.op.kind(&wrong) == case.op.kind(&right) {
                refuse(format!("operands of which {i} is {:?}", wrong[i].kind), &wrong);
            }
        }
        // The tape adds op, operands and source line, and does not panic.
        let tape = Tape::new();
        let x = tape.input("score", [7, 11, 13, 5]);
        match tape.try_apply_shared(case.op.clone(), &[x; 5]) {
            Err(e @ Error::Operands { .. }) => {
                let text = e.to_string();
                if !(text.contains(case.op.name())
                    && text.contains("score")
                    && text.contains("[7, 11, 13, 5]"))
                {
                    failures.push(format!("the message does not name op and operands: {text}"));
                }
            }
            Err(e) => failures.push(format!("another error: {e}")),
            Ok(_) if VARIADIC.contains(&case.op.name()) => {}
            Ok(_) => failures.push("5 operands are recorded".to_owned()),
        }
        failures
    });
}

#[test]
fn a_graph_with_the_op_and_its_gradient_goes_through_a_file() {
    for_every_case(|case, rng| {
        let operands = case.operands(rng);
        let tape = Tape::new();
        let (x, y) = case.record(&tape, &operands);
        let dy = cotangent("dy", y, rng);
        let mut wanted = vec![y];
        for (x, operand) in x.iter().zip(&operands) {
            if matches!(operand, Operand::Real(_)) && case.kind() == Kind::Real {
                wanted.extend(y.vjp(dy, [*x]));
            }
        }
        let json = serde_json::to_string(&*tape.graph()).unwrap();
        let graph: Graph = serde_json::from_str(&json).unwrap();
        let loaded = Tape::from_graph(graph, &Registry::default()).unwrap_or_else(|e| panic!("{e}"));
        let at = |var: Var<'_>| loaded.var(var.id()).unwrap();
        for (x, operand) in x.iter().zip(&operands) {
            match operand {
                Operand::Real(value) => loaded.feed(at(*x), value.clone()).unwrap(),
                Operand::Index(value) => loaded.feed_indices(at(*x), value.clone()).unwrap(),
            }
        }
        loaded.feed(at(dy), dy.value()).unwrap();
        let bits = |v: Var<'_>| v.value().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        let mut failures: Vec<String> = wanted
            .iter()
            .filter(|&&v| bits(v) != bits(at(v)) || v.shape() != at(v).shape())
            .map(|v| format!("{v:?} has other values after loading"))
            .collect();
        if serde_json::to_string(&*loaded.graph()).unwrap() != json {
            failures.push("the loaded graph is written in another way".to_owned());
        }
        failures
    });
}

#[test]
fn attributes_make_the_op_again_and_a_missing_one_is_named() {
    for case in cases() {
        let tape = Tape::new();
        let (_, y) = case.record(&tape, &case.operands(&mut ChaCha8Rng::seed_from_u64(1)));
        let mut record = tape.graph().node(y.id()).op().clone();
        let json = serde_json::to_string(&record.attributes).unwrap();
        record.attributes = serde_json::from_str(&json).unwrap();
        let again = Registry::default().load(&record).unwrap();
        let parts = |op: &dyn Op| (op.name(), op.attributes(), op.symbol(), op.formula(), format!("{op:?}"));
        assert_eq!(parts(&*again), parts(&*case.op));

        let names: Vec<String> = record.attributes.iter().map(|(name, _)| name.to_owned()).collect();
        record.attributes = Attributes::new();
        match (Registry::default().load(&record), names.first()) {
            (Ok(_), None) => {}
            (Err(e), Some(name)) => {
                assert!(e.contains(&format!("`{name}` is missing")), "{}: {e}", case.label)
            }
            (found, _) => panic!("{}: without attributes: {found:?}", case.label),
        }
    }
}

#[test]
fn unknown_ops_and_broken_attributes_are_errors() {
    let tape = Tape::new();
    let x = tape.input("x", [3, 4]);
    let _ = x.sum_over(1);
    let json = serde_json::to_string(&*tape.graph()).unwrap();
    let load = |json: &str| {
        let graph: Graph = serde_json::from_str(json).unwrap();
        Tape::from_graph(graph, &Registry::default()).unwrap_err().to_string()
    };
    assert!(load(&json.replace("\"sum\"", "\"some\"")).contains("there is no op `some` in the registry"));
    assert!(
        load(&json.replace("{\"flag\":false}", "{\"int\":3}")).contains("`keep` wants true or false, got 3")
    );
    assert!(
        load(&json.replace("{\"ints\":[1]}", "{\"ints\":[7]}")).contains("axis 7 does not exist in rank 2")
    );
    assert!(load(&json.replace("{\"ints\":[1]}", "{\"ints\":[0]}")).contains("[4] would be right"));
}

/// A program of an input `x` and a parameter `w`; the loss is one number.
type Program = for<'t> fn(Var<'t>, Var<'t>) -> Var<'t>;

/// Programs, the shape of w, and x recorded at batch 3.
const PROGRAMS: [(&str, Program, &[usize]); 13] = [
    ("mean", |x, w| (x * w).mean(), &[4]),
    ("mean over the batch", |x, w| (x * w).mean_over(0).square().sum(), &[4]),
    ("mean kept", |x, w| ((x - (x * w).mean_keep(0)).square() * w).mean(), &[4]),
    ("sum", |x, w| (x * w).square().sum(), &[4]),
    ("sum to", |x, w| (x.square() * w).sum_to([4]).square().sum(), &[4]),
    ("max", |x, w| (x * w).max_over(0).square().sum(), &[4]),
    ("log of the sum of exponentials", |x, w| (x * w).logsumexp_over(0).square().sum(), &[4]),
    ("a bias", |x, w| (x + w).tanh().mean(), &[4]),
    ("a kept bias", |x, w| (x + w).tanh().mean(), &[1, 4]),
    ("a slice of the other axis", |x, w| (x * w).slice(s![.., 1..;2]).square().mean(), &[4]),
    ("concat", |x, w| x.tape().concat(&[x * w, x.square(), x], -1).tanh().mean(), &[4]),
    ("softmax cross-entropy", |x, w| (x * w).softmax_cross_entropy(x.softmax(-1).stop_gradient()), &[4]),
    ("products", |x, w| x.matmul(w).tanh().t().matmul(x).square().mean(), &[4, 2]),
];

#[test]
fn a_gradient_recorded_at_one_batch_size_is_right_at_another() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for (name, program, shape) in PROGRAMS {
        let weights = real(shape, Domain::Signed(0.4, 1.6), &mut rng);
        let recorded = Tape::new();
        let (x, w) = (recorded.input("x", [3, 4]), recorded.parameter("w", shape));
        let loss = program(x, w);
        let [dx, dw] = loss.grad([x, w]);
        for batch in [7, 1, 2, 3] {
            let values = real(&[batch, 4], Domain::Spaced(0.05), &mut rng);
            let other = recorded.with_shapes([(x, [batch, 4])]).unwrap();
            let feed = |tape: &Tape, x: Var<'_>, w: Var<'_>| {
                tape.feed(x, values.clone()).unwrap();
                tape.feed(w, weights.clone()).unwrap();
            };
            feed(&other, other.var(x.id()).unwrap(), other.var(w.id()).unwrap());

            let fresh = Tape::new();
            let (fresh_x, fresh_w) = (fresh.input("x", [batch, 4]), fresh.parameter("w", shape));
            feed(&fresh, fresh_x, fresh_w);
            let fresh_loss = program(fresh_x, fresh_w);
            let [fresh_dx, fresh_dw] = fresh_loss.grad([fresh_x, fresh_w]);
            for (old, new) in [(loss, fresh_loss), (dx, fresh_dx), (dw, fresh_dw)] {
                let [old, new]: [ArrayD<f64>; 2] =
                    [other.var(old.id()).unwrap(), new].map(|v| v.value().into_array());
                assert_eq!(old, new, "{name} at batch {batch}");
            }
            let one = fresh.leaf("one", 1.0);
            assert_eq!(check_vjp(fresh_loss, one, fresh_w), [""; 0], "{name} at batch {batch}");
        }
    }
}

#[test]
fn a_gradient_recorded_at_batch_size_1_is_never_wrong_at_another() {
    for (name, program, shape) in PROGRAMS {
        let recorded = Tape::new();
        let (x, w) = (recorded.input("x", [1, 4]), recorded.parameter("w", shape));
        let [_, dw] = program(x, w).grad([x, w]);
        match recorded.with_shapes([(x, [5, 4])]) {
            Ok(other) => assert_eq!(other.var(dw.id()).unwrap().shape(), shape, "{name}"),
            Err(e) => assert!(e.to_string().contains("other rules"), "{name}: {e}"),
        }
    }
}

#[test]
fn another_batch_size_may_be_refused_with_the_line_that_cannot_take_it() {
    let tape = Tape::new();
    let (x, t) = (tape.input("x", [3, 4]), tape.input("t", [3, 4]));
    let line = line!() + 1;
    let _ = x.softmax_cross_entropy(t);
    let error = tape.with_shapes([(x, [5, 4])]).unwrap_err().to_string();
    assert!(error.contains(&format!("contract.rs:{line}")), "{error}");
    assert!(tape.with_shapes([(x, [5, 4]), (t, [5, 4])]).is_ok());
    let y = tape.apply(Where, &[x, x, t]);
    assert!(tape.with_shapes([(y, [5, 4])]).unwrap_err().to_string().contains("not an input or a parameter"));
}

/// `y = x`, read as an array of ndarray's.
#[derive(Debug)]
struct Copied;

impl<F: Float> Kernel<F> for Copied {
    fn run(&self, x: Inputs<'_, '_, F>, mut y: Output<'_, F>) {
        y.array().assign(&x.real(0).array());
    }
}

impl Op for Copied {
    fn name(&self) -> &'static str {
        "copied"
    }

    fn formula(&self) -> &'static str {
        "y = x"
    }

    fn shape(&self, x: &[Shaped<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        Ok(x.to_vec())
    }

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        dy.into()
    }
}

#[test]
fn a_users_kernel_reads_any_view_as_an_array() {
    let tape = Tape::new();
    let numbers = ArrayD::from_shape_fn(vec![3, 4, 2], |i| (i[0] * 100 + i[1] * 10 + i[2]) as f64);
    let x = tape.leaf("x", numbers);
    let views = [
        x,
        x.t(),
        x.slice(s![..;-1, 1..;2, ..;-1]),
        x.slice(s![1, ..;-2, ..]).t().broadcast_to([3, 2, 2]),
        x.slice(s![2.., 4.., ..;-1]),
        x.slice(s![.., 1..1, ..]).t().slice(s![..;-1, .., ..]),
        x.slice(s![2, 3, 1]),
        x.sum().broadcast_to([2, 0]),
    ];
    for view in views {
        let y = tape.apply(Copied, &[view]);
        assert_eq!(y.value(), view.value());
        assert_eq!(y.sum().grad([view])[0].value().iter().sum::<f64>(), view.value().len() as f64);
    }
}
