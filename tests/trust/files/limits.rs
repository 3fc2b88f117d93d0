//! A graph of a few bytes that asks for more than there is time for.

use chainrule::{Graph, Limits, Plan, PlanOptions, Registry, Tape, Var};
use std::time::{Duration, Instant};

/// A graph as it comes from a file.
fn file_of(record: impl FnOnce(&Tape)) -> Graph {
    let tape = Tape::new();
    record(&tape);
    let json = serde_json::to_string(&tape.into_graph()).unwrap();
    serde_json::from_str(&json).unwrap()
}

fn refusal(graph: Graph, limits: Limits) -> String {
    Tape::from_graph_with(graph, &Registry::default(), limits).unwrap_err().to_string()
}

fn number(tape: &Tape) -> Var<'_> {
    tape.constant(0.5)
}

#[test]
fn a_small_file_that_stretches_a_number_is_refused_by_name() {
    type Stretch = fn(&Tape);
    let files: [(Stretch, &str, &str); 6] = [
        (
            |t| {
                let _ = number(t).broadcast_to([1 << 34]).exp().sum();
            },
            "node n1 (broadcast_to",
            "17179869184",
        ),
        (
            |t| {
                let _ = number(t).broadcast_to([1 << 17, 1 << 17]).sum();
            },
            "node n1 (broadcast_to",
            "17179869184",
        ),
        (
            |t| {
                let column = number(t).broadcast_to([1 << 17, 1]);
                let _ = column.matmul(column.t()).sum();
            },
            "node n3 (matmul",
            "17179869184",
        ),
        (
            |t| {
                let column = number(t).broadcast_to([1 << 17, 1]);
                let _ = column + column.t();
            },
            "node n3 (add",
            "17179869184",
        ),
        (
            |t| {
                let mut x = number(t).broadcast_to([2]);
                for _ in 0..40 {
                    x = t.concat(&[x, x], 0);
                }
            },
            "(concat",
            "2147483648",
        ),
        (
            |t| {
                let _ = t.input("image", [1 << 34]).sum();
            },
            "node n0 (input `image`",
            "17179869184",
        ),
    ];
    for (record, node, elements) in files {
        let graph = file_of(record);
        let start = Instant::now();
        let message = Tape::from_graph(graph, &Registry::default()).unwrap_err().to_string();
        assert!(start.elapsed() < Duration::from_secs(5));
        for part in [node, elements, "above the limit of 1073741824", "`Limits::elements`"] {
            assert!(message.contains(part), "{part}: {message}");
        }
    }
}

#[test]
fn what_is_large_only_together_is_refused_too() {
    let many = |t: &Tape| {
        let x = number(t).broadcast_to([1 << 30]);
        (0..200).fold(x, |y, _| y.exp());
    };
    let message = refusal(file_of(many), Limits::default());
    for part in ["(exp", "elements together, more than the limit of 17179869184", "`Limits::total`"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    // Operands and result of a product are much smaller than the work.
    let product = |t: &Tape| {
        let square = number(t).broadcast_to([1 << 15, 1 << 15]);
        let _ = square.matmul(square).sum();
    };
    let message = refusal(file_of(product), Limits::default());
    for part in ["node n2 (matmul", "35184372088832 multiplications", "`Limits::multiplications`"] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[test]
fn other_limits_are_taken() {
    let graph = file_of(|t| {
        let _ = number(t).broadcast_to([1000]).exp().sum();
    });
    let load = |limits| Tape::from_graph_with(graph.clone(), &Registry::default(), limits);
    assert!(load(Limits::default().elements(1000)).is_ok());
    assert!(load(Limits::default().elements(999)).unwrap_err().to_string().contains("node n1 (broadcast_to"));
    assert!(load(Limits::default().total(2002)).is_ok());
    assert!(load(Limits::default().total(2001)).unwrap_err().to_string().contains("node n3 (sum"));
    let large = file_of(|t| {
        let _ = number(t).broadcast_to([1 << 40]);
    });
    assert!(Tape::from_graph_with(large, &Registry::default(), Limits::none()).is_ok());
}

#[test]
fn other_shapes_of_a_loaded_graph_keep_to_its_limits() {
    let graph = file_of(|t| {
        let mut x = t.input("x", [2]);
        for _ in 0..20 {
            x = t.concat(&[x, x], 0);
        }
    });
    let limits = Limits::default().elements(1 << 22);
    let tape = Tape::from_graph_with(graph.clone(), &Registry::default(), limits).unwrap();
    let x = tape.var(chainrule::NodeId::new(0)).unwrap();
    assert!(tape.with_shapes([(x, [4])]).is_ok());
    let longer = tape.with_shapes([(x, [3])]).unwrap();
    let x = longer.var(x.id()).unwrap();
    let message = longer.with_shapes([(x, [1000])]).unwrap_err().to_string();
    assert!(message.contains("(concat") && message.contains("above the limit of 4194304"), "{message}");
}

#[test]
fn a_plan_refuses_by_name_what_no_run_would_end_with() {
    // What a program records itself is refused where it would be computed, and not before.
    let tape = Tape::new();
    let x = tape.input("x", [1 << 17, 1]);
    let wide = (x + x.t()).exp();
    let y = wide.sum();
    let message = Plan::<f32>::compile([y], []).unwrap_err().to_string();
    let parts = [
        "compile: ",
        "17179869184 elements",
        "n2 (add",
        "1073741824",
        "`PlanOptions::max_elements`",
        "limits.rs:",
    ];
    for part in parts {
        assert!(message.contains(part), "{part}: {message}");
    }
    // Only what is computed counts.
    assert!(Plan::<f32>::compile([x.exp()], []).is_ok());
    let small = PlanOptions::default().max_elements(1 << 17);
    assert!(Plan::<f64>::compile_with([x.exp()], [], small).is_ok());
    let smaller = PlanOptions::default().max_elements((1 << 17) - 1);
    let message = Plan::<f64>::compile_with([x.exp()], [], smaller).unwrap_err().to_string();
    assert!(message.contains("n0 (input `x`") && message.contains("131071"), "{message}");
    // A parameter's update, and what a constant is stretched to.
    let w = tape.parameter("w", [2]);
    let far = tape.constant(1.0).broadcast_to([1 << 32]).sum() * w;
    let message = Plan::<f64>::compile([], [(w, far)]).unwrap_err().to_string();
    assert!(message.contains("(broadcast_to") && message.contains("4294967296"), "{message}");
}

#[test]
fn what_is_recorded_on_the_spot_has_no_limit() {
    let tape = Tape::new();
    let far = tape.leaf("x", 3.0).broadcast_to([1 << 40]);
    assert_eq!(far.slice(ndarray::s![5..7]).sum().value().item(), 6.0);
    let gradient = far.slice(ndarray::s![..2]).sum();
    assert_eq!(gradient.value().item(), 6.0);
}
