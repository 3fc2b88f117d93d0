//! Drawings that are errors, and their messages.

use crate::Tape;

#[test]
fn a_drawing_takes_vars_and_gradients_of_one_tape_and_names_the_line_that_mixed_them() {
    let (one, two) = (Tape::new(), Tape::new());
    let (x, y) = (one.leaf("apple", 1.0), two.leaf("orange", 2.0));
    // Further along its tape than the other reaches.
    let far = y.exp().exp().exp();
    let gradients = far.backward();
    let mixed =
        [one.draw(&[x, y]), x.draw().around(y, 1), x.draw().around(far, 1), x.draw().gradients(&gradients)];
    for draw in mixed {
        let line = line!() + 1;
        let text = draw.picture().expect_err("they are of two tapes").to_string();
        assert!(text.starts_with("draw: n"), "{text}");
        assert!(text.contains("belongs to another tape than n0 `apple` []"), "{text}");
        assert!(text.contains(&format!("refusals.rs:{line}")), "{text}");
        assert!(draw.to_html().is_err());
    }
}
