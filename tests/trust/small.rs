//! Small things that would go wrong in silence, or are told without a way out.

use chainrule::data::DataError;
use chainrule::data::mnist::Mnist;
use chainrule::picture::{Annotations, health};
use chainrule::{Check, Error, NodeId, Plan, Tape, Var, nn};
use ndarray::{arr0, arr1, arr2, s};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the health of a loss says, of the values and gradients of all its nodes.
fn told(loss: Var<'_>) -> String {
    let tape = loss.tape();
    let ids: Vec<NodeId> = tape.graph().ids().collect();
    let nodes: Vec<Var<'_>> = ids.into_iter().filter_map(|id| tape.var(id)).collect();
    let gradients = loss.try_grad(&nodes).unwrap();
    let known = Annotations {
        values: nodes.iter().map(|x| (x.id(), x.value().into_array())).collect(),
        node_gradients: nodes.iter().zip(&gradients).map(|(x, g)| (x.id(), g.value().into_array())).collect(),
        ..Annotations::default()
    };
    health(&tape.graph(), &known).into_iter().map(|finding| finding.text + "\n").collect()
}

#[test]
fn nan_from_the_branch_not_taken_is_named_with_the_idiom_that_helps() {
    type Function = for<'t> fn(Var<'t>) -> Var<'t>;
    // The value of the branch not taken is finite, infinite, or NaN; it is the first or the second, direct or far behind.
    let wrong: [Function; 5] = [
        |x| x.greater(0.0).select(x.sqrt(), 0.0),
        |x| x.greater(0.0).select(x.ln(), 0.0),
        |x| x.greater(0.0).select((x - 0.5).sqrt(), x),
        |x| x.less_equal(0.0).select(0.0, x.sqrt()),
        |x| x.greater(0.0).select((3.0 * x.sqrt() + 1.0).tanh(), 0.0),
    ];
    for f in wrong {
        let tape = Tape::new();
        let x = tape.leaf("x", arr1(&[0.0, 4.0]));
        let loss = f(x).sum();
        assert!(loss.value().item().is_finite());
        let [dx] = loss.grad([x]);
        assert!(dx.value()[0].is_nan());
        let said = told(loss);
        for words in ["NaN from the branch not taken", "double-where idiom", "where"] {
            assert!(said.contains(words), "{said}");
        }
        let picture = loss.draw().gradients(&loss.backward()).health().picture().unwrap();
        assert!(picture.to_json().contains("double-where idiom"));
    }
    // A choice that has no part in it is not blamed.
    let right: [Function; 3] = [
        |x| x.greater(0.0).select(x.greater(0.0).select(x, 1.0).sqrt(), 0.0),
        |x| (x / x).ln() + x.greater(0.0).select(x, 1.0),
        |x| x.sqrt().greater(1.0).select(x, 1.0) / x,
    ];
    for f in right {
        let tape = Tape::new();
        let x = tape.leaf("x", arr1(&[0.0, 4.0]));
        assert!(!told(f(x).sum()).contains("branch not taken"));
    }
}

#[test]
fn the_double_where_of_the_docs_has_the_right_gradient_to_second_order() {
    let tape = Tape::new();
    let x = tape.leaf("x", arr1(&[-1.0, 0.0, 4.0]));
    let positive = x.greater(0.0);
    let root = positive.select(positive.select(x, 1.0).sqrt(), 0.0);
    let [dx] = root.sum().grad([x]);
    assert_eq!(dx.value().as_slice().unwrap(), [0.0, 0.0, 0.25]);
    let [ddx] = dx.sum().grad([x]);
    assert_eq!(ddx.value().as_slice().unwrap(), [0.0, 0.0, -1.0 / 32.0]);
}

/// A folder of its own below cargo's for tests, emptied.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// An IDX file of bytes, all 1.
fn idx(axes: &[u32]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, axes.len() as u8];
    bytes.extend(axes.iter().flat_map(|n| n.to_be_bytes()));
    bytes.resize(bytes.len() + axes.iter().product::<u32>() as usize, 1);
    bytes
}

#[test]
fn mnist_is_found_with_a_dot_for_a_dash() {
    let write = |folder: &Path, images: &str, labels: &str, counts: [u32; 2]| {
        for (half, n) in ["train", "t10k"].into_iter().zip(counts) {
            fs::write(folder.join(format!("{half}-{images}")), idx(&[n, 28, 28])).unwrap();
            fs::write(folder.join(format!("{half}-{labels}")), idx(&[n])).unwrap();
        }
    };
    let counts = |folder: &Path| Mnist::load(folder).map(|mnist| [mnist.train.len(), mnist.test.len()]);

    let dots = folder("mnist-dots");
    write(&dots, "images.idx3-ubyte", "labels.idx1-ubyte", [3, 2]);
    assert_eq!(counts(&dots), Ok([3, 2]));

    // As they come out of some archives: a folder of the name, and the file beside it.
    fs::create_dir(dots.join("train-images-idx3-ubyte")).unwrap();
    fs::create_dir(dots.join("t10k-labels-idx1-ubyte")).unwrap();
    assert_eq!(counts(&dots), Ok([3, 2]));

    // One kind may be compressed, and the names with a dash come first.
    let both = folder("mnist-both");
    write(&both, "images.idx3-ubyte", "labels.idx1-ubyte", [3, 2]);
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(&idx(&[3, 28, 28])).unwrap();
    fs::write(both.join("train-images.idx3-ubyte.gz"), gz.finish().unwrap()).unwrap();
    fs::remove_file(both.join("train-images.idx3-ubyte")).unwrap();
    assert_eq!(counts(&both), Ok([3, 2]));
    write(&both, "images-idx3-ubyte", "labels-idx1-ubyte", [5, 4]);
    assert_eq!(counts(&both), Ok([5, 4]));

    let missing = Mnist::load(folder("mnist-none")).unwrap_err();
    assert!(matches!(missing, DataError::Missing { .. }), "{missing}");
}

#[test]
fn what_is_computed_or_fixed_is_not_fed_and_the_message_says_what_is() {
    let tape = Tape::new();
    let (x, w) = (tape.input("x", [3]), tape.parameter("w", [3]));
    let (c, i) = (tape.constant(arr1(&[1.0, 2.0, 3.0])), tape.index_input("i", [1]));
    let hidden = x * w + c;
    let loss = (hidden.tanh() * 2.0).sum() + tape.constant(arr2(&[[0.1, 0.2]])).softmax_cross_entropy(i);
    let mut plan = Plan::<f64>::compile([loss], []).unwrap();
    let value = arr1(&[1.0, 2.0, 3.0]);
    let node = format!("{}", hidden.id());
    for error in
        [tape.feed(hidden, value.clone()), plan.feed(hidden, &value), plan.feed_all([(hidden, &value)])]
    {
        let text = error.unwrap_err().to_string();
        for words in [&*node, "computed by add", "`x`", "`w`", "small.rs"] {
            assert!(text.contains(words), "{text}");
        }
    }
    let cases = [
        (tape.feed(c, value.clone()), "constant"),
        (plan.feed(c, &value), "constant"),
        (tape.feed(i, value.clone()), "feed_indices"),
        (plan.feed(i, &value), "feed_indices"),
        (tape.feed_indices(x, arr1(&[0])), "`feed`"),
        (plan.feed_indices(x, &arr1(&[0])), "`feed`"),
        (plan.feed(w, &value), "state"),
        (tape.feed_indices(hidden, arr1(&[0])), "computed by add"),
        (plan.feed_indices(hidden, &arr1(&[0])), "computed by add"),
        (tape.feed(x, 1.0), "shape [3]"),
        (plan.feed(x, &arr0(1.0)), "shape [3]"),
    ];
    for (result, words) in cases {
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Feed { .. }), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
    }
    // What the plan does not read, and names that several have, are told apart.
    let unread = tape.input("unread", []);
    let error = plan.feed(unread, &arr0(1.0)).unwrap_err().to_string();
    assert!(error.contains("that the plan reads") && error.contains("`x`"), "{error}");
    let twins = [tape.input("twin", []), tape.input("twin", [])];
    let mut plan = Plan::<f64>::compile([twins[0] * twins[1]], []).unwrap();
    let error = plan.feed("twin", &arr0(1.0)).unwrap_err().to_string();
    assert!(error.contains("several"), "{error}");
}

type Loss = for<'t> fn(Var<'t>, Var<'t>) -> Var<'t>;
/// Called from here, so that their panics are at a line of this file.
const LOSSES: [(&str, Loss); 3] = [
    ("mse", |x, t| nn::mse(x, t)),
    ("mae", |x, t| nn::mae(x, t)),
    ("binary_cross_entropy", |x, t| nn::binary_cross_entropy(x, t)),
];

#[test]
fn losses_refuse_what_broadcasting_would_square() {
    let shapes: [[&[usize]; 2]; 6] =
        [[&[4, 1], &[4]], [&[4], &[4, 1]], [&[4, 3], &[3]], [&[4], &[1]], [&[4], &[]], [&[3], &[4]]];
    for (name, loss) in LOSSES {
        for [a, b] in shapes {
            let tape = Tape::new();
            let (prediction, target) = (tape.input("score", a), tape.input("wanted", b));
            let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| loss(prediction, target)));
            let text = *panic.unwrap_err().downcast::<String>().unwrap();
            for words in [name, &format!("{a:?}"), &format!("{b:?}"), "`score`", "`wanted`", "small.rs"] {
                assert!(text.contains(words), "{text}");
            }
            assert_eq!(tape.graph().len(), 2, "nothing was recorded");
        }
    }
}

#[test]
fn losses_are_what_they_say_and_have_right_gradients() {
    let (x, t) =
        (arr2(&[[0.3, -1.2, 800.0], [-0.4, 2.0, -800.0]]), arr2(&[[1.0, 0.25, 1.0], [0.0, 0.5, 0.0]]));
    let pairs = || x.iter().zip(&t);
    let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
    let expected = [
        pairs().map(|(x, t)| (x - t) * (x - t)).sum::<f64>() / 6.0,
        pairs().map(|(x, t)| (x - t).abs()).sum::<f64>() / 6.0,
        pairs().map(|(x, t)| softplus(*x) - t * x).sum::<f64>() / 6.0,
    ];
    for ((name, loss), expected) in LOSSES.into_iter().zip(expected) {
        let tape = Tape::new();
        let y = loss(tape.leaf("x", &x), tape.leaf("t", &t));
        assert!((y.value().item() - expected).abs() <= 1e-15 * expected, "{name}: {} {expected}", y.value());
        assert_eq!(y.name().as_deref(), Some("loss"));

        let (x, t) = (
            tape.leaf("x", x.slice(s![.., ..2]).to_owned()),
            tape.leaf("t", t.slice(s![.., ..2]).to_owned()),
        );
        assert!(Check::new(loss(x, t), &[x, t]).order(2).run().unwrap().passed(), "{name}");
        // Any shape, and another batch size.
        let (x, t) = (tape.input("x", [3]), tape.input("t", [3]));
        let [dx] = loss(x, t).grad([x]);
        let other = tape.with_shapes([(x, [7]), (t, [7])]).unwrap();
        assert_eq!(other.var(dx.id()).unwrap().shape(), [7]);
    }
    // At 0 the derivative of the loss of two classes is no kink.
    let tape = Tape::new();
    let (x, t) = (tape.leaf("x", 0.0), tape.leaf("t", 1.0));
    assert_eq!(nn::binary_cross_entropy(x, t).grad([x])[0].value().item(), -0.5);
}

#[test]
fn examples_write_to_the_folder_that_they_were_built_in() {
    let program = std::env::current_exe().unwrap();
    let built = program.ancestors().nth(3).unwrap();
    let name = format!("15_watching_training{}", std::env::consts::EXE_SUFFIX);
    let cargo = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--profile",
            "test",
            "-p",
            "chainrule",
            "--example",
            "15_watching_training",
            "--target-dir",
        ])
        .arg(built)
        .current_dir(crate::ROOT)
        .status();
    assert!(cargo.unwrap().success());
    // As if `CARGO_TARGET_DIR` had named that folder.
    let elsewhere = folder("built-elsewhere");
    let examples = elsewhere.join("debug/examples");
    fs::create_dir_all(&examples).unwrap();
    fs::copy(built.join("debug/examples").join(&name), examples.join(&name)).unwrap();
    let run = Command::new(examples.join(&name)).current_dir(crate::ROOT).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert!(fs::read_to_string(elsewhere.join("watching_training.html")).unwrap().contains("<html"));
}

#[test]
fn no_example_names_the_folder_that_is_built_in() {
    let mut open = vec![Path::new(crate::ROOT).join("examples")];
    let mut seen = 0;
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let source = fs::read_to_string(&path).unwrap();
            let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
            let named: Vec<&str> = code.filter(|line| line.contains("\"target/")).collect();
            assert!(named.is_empty(), "{}: {named:?}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
}
