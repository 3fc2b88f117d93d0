//! What `einsum` refuses, and the order in which it contracts.

use chainrule::{Graph, Tape};
use ndarray::Array2;

fn message(subscripts: &str, shapes: &[[usize; 2]]) -> String {
    let refused = std::panic::catch_unwind(|| {
        let tape = Tape::new();
        let vars: Vec<_> = shapes.iter().map(|&shape| tape.leaf("x", Array2::<f64>::zeros(shape))).collect();
        tape.einsum(subscripts, &vars);
    });
    *refused.expect_err(subscripts).downcast::<String>().unwrap()
}

#[test]
fn what_does_not_fit_is_refused() {
    for (subscripts, shapes, part) in [
        ("ij,jk->ik", &[[2, 3]][..], "labels 2 operands, got 1"),
        ("ijk->i", &[[2, 3]], "labels 3 axes of x0, which has shape [2, 3]"),
        (
            "ij,jk->ik",
            &[[2, 3], [4, 5]],
            "axis 0 of x1 has 4 elements, and another axis with the label 'j' has 3",
        ),
        ("ii->i", &[[2, 3]], "axis 1 of x0 has 3 elements, and another axis with the label 'i' has 2"),
        ("ij,jk->ik", &[[2, 1], [4, 5]], "'j' has 1"),
        ("...,...->...", &[[2, 3], [2, 4]], "axis 1 of x1 has 4 elements"),
        ("ij->ijk", &[[2, 3]], "'k' stands in the result and in no operand"),
        ("ij->ii", &[[2, 3]], "'i' stands twice in the result"),
        ("ij->...", &[[2, 3]], "`...` stands in the result and in no operand"),
        ("i1->i", &[[2, 3]], "'1' labels no axis"),
        ("i.j->i", &[[2, 3]], "'.' labels no axis"),
    ] {
        let message = message(subscripts, shapes);
        assert!(message.contains(part) && message.contains("einsum"), "{subscripts}: {message}");
    }
}

/// The chain of matrices of Cormen et al., "Introduction to Algorithms", 15.2: 15,125 multiplications, where from left to right
/// it takes 40,500.
#[test]
fn a_chain_of_matrices_is_contracted_in_the_order_with_the_fewest_multiplications() {
    let tape = Tape::new();
    let sizes = [30, 35, 15, 5, 10, 20, 25];
    let vars: Vec<_> = sizes.windows(2).map(|n| tape.input("x", [n[0], n[1]])).collect();
    tape.einsum("ab,bc,cd,de,ef,fg->ag", &vars);
    let graph: Graph = tape.graph().clone();
    let mut shapes: Vec<Vec<usize>> = graph
        .nodes()
        .filter(|node| !vars.iter().any(|var| var.id() == node.id()))
        .map(|n| n.shape().to_vec())
        .collect();
    // (A (B C)) ((D E) F), each with its axes in either order.
    shapes.iter_mut().for_each(|shape| shape.sort_unstable());
    shapes.sort();
    assert_eq!(shapes, [[5, 20], [5, 25], [5, 30], [5, 35], [25, 30]]);
}
