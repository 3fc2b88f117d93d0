//! Small things that would go wrong in silence, or are told without a way out.

use chainrule::picture::{Annotations, health};
use chainrule::{NodeId, Tape, Var};
use ndarray::arr1;

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
