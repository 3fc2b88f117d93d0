//! What losses refuse, and how they are recorded.

use chainrule::nn::{
    BceLoss, BceWithLogitsLoss, CosineEmbeddingLoss, CrossEntropyLoss, HuberLoss, KlDivLoss, L1Loss, MseLoss,
    NllLoss, Reduction, SmoothL1Loss, TripletMarginLoss, binary_cross_entropy, cosine_similarity, mae, mse,
};
use chainrule::{Plan, State, Tape, Var, assert_gradients};
use ndarray::{arr1, arr2, array};

fn refusal<T: std::fmt::Debug>(call: impl FnOnce() -> T) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).expect_err("to be refused");
    *panic.downcast::<String>().expect("a message")
}

/// A loss of two operands that want the same shape, under the name that messages have.
type Pairwise = (&'static str, for<'t> fn(Var<'t>, Var<'t>) -> Var<'t>);

const PAIRWISE: &[Pairwise] = &[
    ("mse", |y, t| MseLoss::default().forward(y, t)),
    ("mse", |y, t| mse(y, t)),
    ("mae", |y, t| mae(y, t)),
    ("l1", |y, t| L1Loss::default().forward(y, t)),
    ("huber", |y, t| HuberLoss::default().forward(y, t)),
    ("smooth_l1", |y, t| SmoothL1Loss::default().forward(y, t)),
    ("bce", |y, t| BceLoss::default().forward(y, t)),
    ("bce_with_logits", |y, t| BceWithLogitsLoss::default().forward(y, t)),
    ("binary_cross_entropy", |y, t| binary_cross_entropy(y, t)),
    ("kl_div", |y, t| KlDivLoss::default().forward(y, t)),
    ("cross_entropy", |y, t| CrossEntropyLoss::default().label_smoothing(0.1).forward(y, t)),
    ("cosine_similarity", |y, t| cosine_similarity(y, t)),
    ("cosine_embedding", |y, t| CosineEmbeddingLoss::default().forward(y, t, t)),
    ("triplet_margin", |y, t| TripletMarginLoss::default().forward(y, y, t)),
    ("triplet_margin", |y, t| TripletMarginLoss::default().forward(y, t, y)),
];

#[test]
fn no_loss_broadcasts_by_accident() {
    let tape = Tape::new();
    let column = tape.leaf("y", arr2(&[[1.0], [2.0], [3.0]]));
    let row = tape.leaf("t", arr1(&[1.0, 2.0, 3.0]));
    let one = tape.leaf("one", 1.0);
    for &(name, loss) in PAIRWISE {
        for target in [row, one] {
            let nodes = tape.graph().len();
            let message = refusal(|| loss(column, target));
            assert!(message.starts_with(name), "{message}");
            assert!(
                message.contains("does not broadcast") && message.contains("[3, 1]"),
                "{name}: {message}"
            );
            assert!(message.contains("losses.rs"), "{name}: {message}");
            assert_eq!(tape.graph().len(), nodes, "{name}: nothing is recorded");
        }
    }
}

#[test]
fn labels_and_weights_that_do_not_fit_are_refused() {
    let tape = Tape::new();
    let scores = tape.leaf("scores", arr2(&[[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]));
    let labels = tape.index_leaf("labels", array![0, 1]);
    let three = tape.index_leaf("three", array![0, 1, 2]);
    let smooth = || CrossEntropyLoss::default().label_smoothing(0.1);
    let message = refusal(|| smooth().forward(scores, three));
    assert!(
        message.contains("[2, 3] want one target each, of shape [2]") && message.contains("[3]"),
        "{message}"
    );
    let message = refusal(|| NllLoss::default().forward(scores, three));
    assert!(message.starts_with("nll"), "{message}");
    let message = refusal(|| smooth().class_weights([1.0, 2.0]).forward(scores, labels));
    assert!(message.contains("2 class weights, and 3 classes"), "{message}");
    let message = refusal(|| CrossEntropyLoss::default().ignore_index(0).forward(scores, scores));
    assert!(message.contains("targets are probabilities"), "{message}");
    let message =
        refusal(|| BceWithLogitsLoss::default().positive_weights([1.0, 2.0]).forward(scores, scores));
    assert!(message.contains("2 weights") && message.contains("1 or 3"), "{message}");
    let message = refusal(|| CosineEmbeddingLoss::default().forward(scores, scores, scores));
    assert!(message.contains("one target each"), "{message}");
    let message = refusal(|| CrossEntropyLoss::default().label_smoothing(1.5));
    assert!(message.contains("from 0 to 1, got 1.5"), "{message}");
    // A label past the last class is an error when it is computed, but the one that is ignored.
    let far = tape.index_leaf("far", array![0, 3]);
    let error = tape.values([smooth().forward(scores, far).id()]).unwrap_err().to_string();
    assert!(error.contains("label 3 at index [1]"), "{error}");
    assert!(smooth().ignore_index(3).forward(scores, far).value().item().is_finite());
}

#[test]
fn a_loss_is_one_named_node_in_its_scope() {
    let tape = Tape::new();
    let y = tape.leaf("y", arr2(&[[0.25, 0.75], [0.5, 0.5]]));
    let labels = tape.index_leaf("labels", array![0, 1]);
    let losses = [
        HuberLoss::default().forward(y, y),
        BceLoss::default().forward(y, y),
        KlDivLoss::default().reduction(Reduction::Sum).forward(y, y),
        CrossEntropyLoss::default().forward(y, labels),
        NllLoss::default().class_weights([1.0, 2.0]).forward(y, labels),
        TripletMarginLoss::default().forward(y, y, y),
    ];
    for loss in losses {
        assert_eq!((loss.name().as_deref(), loss.shape()), (Some("loss"), vec![]));
        assert_eq!(tape.graph().node(loss.id()).scope(), "loss");
    }
    let each = CrossEntropyLoss::default().reduction(Reduction::None).forward(y, labels);
    assert_eq!(each.shape(), [2]);
}

#[test]
fn another_batch_size_needs_no_other_recording() {
    let record = |tape: &Tape, rows: usize| {
        let (scores, labels) = (tape.input("scores", [rows, 3]), tape.index_input("labels", [rows]));
        let loss =
            CrossEntropyLoss::default().class_weights([1.0, 2.0, 0.5]).label_smoothing(0.1).ignore_index(1);
        let loss = loss.forward(scores, labels);
        let [gradient] = loss.grad([scores]);
        [scores, labels, loss, gradient].map(|v| v.id())
    };
    let run = |tape: &Tape, ids: [chainrule::NodeId; 4]| {
        let [scores, labels, loss, gradient] = ids.map(|id| tape.var(id).unwrap());
        let mut plan = Plan::<f64>::compile([loss, gradient], []).unwrap();
        let numbers = arr2(&[[0.3, -1.2, 0.7], [1.1, 0.4, -0.6], [0.2, 0.1, 0.9], [0.0, 2.0, 1.0]]);
        plan.feed(scores, &numbers).unwrap();
        plan.feed_indices(labels, &array![0, 2, 1, 2]).unwrap();
        let out = plan.run(&mut State::new()).unwrap();
        [0, 1].map(|k| out.nth(k).to_owned())
    };
    let (two, four) = (Tape::new(), Tape::new());
    let (of_two, of_four) = (record(&two, 2), record(&four, 4));
    let [scores, labels] = [0, 1].map(|k| two.var(of_two[k]).unwrap());
    let stretched = two.with_shapes([(scores, vec![4, 3]), (labels, vec![4])]).unwrap();
    assert_eq!(run(&stretched, of_two), run(&four, of_four));
}

#[test]
fn a_class_that_cannot_be_does_not_spoil_the_others() {
    let tape = Tape::new();
    let masked = tape.leaf("masked", arr2(&[[0.0, f64::NEG_INFINITY], [1.0, 2.0]]));
    let labels = tape.index_leaf("labels", array![0, 1]);
    let loss = CrossEntropyLoss::default().class_weights([1.0, 3.0]).forward(masked, labels);
    let [gradient] = loss.grad([masked]);
    assert!(loss.value().item().is_finite());
    assert!(gradient.value().iter().all(|g| g.is_finite()), "{:?}", gradient.value());
}

#[test]
fn gradients_are_those_of_differences() {
    let tape = Tape::new();
    let scores = tape.leaf("scores", arr2(&[[0.3, -1.2, 0.7], [1.1, 0.4, -0.6], [0.2, 0.1, 0.9]]));
    let other = tape.leaf("other", arr2(&[[1.3, -0.2, 0.4], [-1.1, 0.8, -0.3], [0.5, 1.1, -0.9]]));
    let labels = tape.index_leaf("labels", array![0, 2, 1]);
    let signs = tape.leaf("signs", arr1(&[1.0, -1.0, 1.0]));
    let cross_entropy = CrossEntropyLoss::default().class_weights([1.0, 2.0, 0.5]).label_smoothing(0.1);
    assert_gradients!(cross_entropy.ignore_index(2).forward(scores, labels), [scores]);
    assert_gradients!(HuberLoss::new(0.7).forward(scores, other), [scores, other]);
    assert_gradients!(
        TripletMarginLoss::default().p(3.0).forward(scores, other, scores.t()),
        [scores, other]
    );
    assert_gradients!(CosineEmbeddingLoss::default().forward(scores, other, signs), [scores, other]);
    assert_gradients!(
        KlDivLoss::default().forward(scores.log_softmax(-1), other.softmax(-1)),
        [scores, other]
    );
}

#[test]
fn losses_run_as_plans() {
    let tape = Tape::new();
    let scores = tape.leaf("scores", arr1(&[0.0, 40.0]));
    let targets = tape.leaf("targets", arr1(&[1.0, 1.0]));
    let loss = BceWithLogitsLoss::default().reduction(Reduction::None).forward(scores, targets);
    let mut plan = Plan::<f32>::compile([loss], []).unwrap();
    let out = plan.run(&mut State::new()).unwrap();
    assert_eq!(out.nth(0).iter().copied().collect::<Vec<f32>>()[0], std::f32::consts::LN_2);
}
