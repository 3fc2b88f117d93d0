//! Small and odd graphs.

use chainrule::check::Mode;
use chainrule::{Check, Tape, Var};
use ndarray::{Array, arr1, arr2};

#[test]
fn small_and_odd_graphs_are_checked_like_others() {
    let tape = Tape::new();
    let w = tape.leaf("w", 0.7);
    let one = tape.leaf("one", arr1(&[0.4]));
    let empty = tape.leaf("empty", Array::<f64, _>::zeros((0, 3)));
    let labels = tape.index_leaf("labels", arr1(&[1, 0]));
    let scores = tape.leaf("scores", arr2(&[[0.3, -0.2, 0.9], [1.1, 0.4, -0.5]]));
    let p = tape.parameter("p", [2]);
    tape.feed(p, arr1(&[0.3, -0.8])).unwrap();
    let cases: [(Var<'_>, &[Var<'_>]); 8] = [
        // The loss is the leaf itself.
        (w, &[w]),
        // One number that is no scalar; a var times itself.
        (one * one, &[one]),
        // Nothing to be wrong about.
        (empty.exp().sum() + w.exp(), &[empty, w]),
        (scores.softmax_cross_entropy(labels), &[scores]),
        ((p * p.exp()).sum() * w, &[p, w]),
        // A matrix times its own transpose, so that no operand of the product rests.
        ((scores.matmul(scores.t()) * 0.3).tanh().mean(), &[scores]),
        // A product whose leaf is read a second time.
        (scores.t().matmul(scores).sum() + scores.square().sum(), &[scores]),
        (scores.max_over(1).sum() + scores.select(scores, 0.1 * scores).mean(), &[scores]),
    ];
    for mode in [Mode::Full, Mode::CHAPTER, Mode::QUICK] {
        for (loss, leaves) in cases {
            let report = Check::new(loss, leaves).mode(mode).order(2).run().unwrap();
            assert!(report.passed(), "{loss:?}\n{report}");
        }
    }
}
