//! Panics name the line that called, and what returns a result never panics.

mod held;
mod others;
mod results;
mod source;

mod wrong;

use chainrule::{Tape, Var};
use ndarray::{arr1, arr2};
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    static WATCHED: Cell<bool> = const { Cell::new(false) };
    static SEEN: RefCell<Option<Panic>> = const { RefCell::new(None) };
}

/// Where a panic said that it was, and what it said.
#[derive(Debug, Clone)]
struct Panic {
    file: String,
    line: u32,
    message: String,
}

/// The panic of a call, if it does.
fn panic_of(call: impl FnOnce()) -> Option<Panic> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !WATCHED.get() {
                return before(info);
            }
            let place = info.location().expect("std gives one");
            let payload = info.payload();
            let text = payload.downcast_ref::<String>().map(String::as_str);
            let message = text.or(payload.downcast_ref().copied()).unwrap_or_default().to_owned();
            let panic = Panic { file: place.file().to_owned(), line: place.line(), message };
            SEEN.with(|seen| *seen.borrow_mut() = Some(panic));
        }));
    });
    WATCHED.set(true);
    let result = catch_unwind(AssertUnwindSafe(call));
    WATCHED.set(false);
    let seen = SEEN.with(|seen| seen.borrow_mut().take());
    seen.filter(|_| result.is_err())
}

/// What cases are made of: a tape with some vars, and a var of another.
struct World<'t> {
    tape: &'t Tape,
    /// `[2, 3]`.
    x: Var<'t>,
    /// `[4, 5]`.
    y: Var<'t>,
    /// One number.
    s: Var<'t>,
    /// Indices, `[2]`.
    i: Var<'t>,
    /// A parameter, `[2, 3]`.
    p: Var<'t>,
    /// An input without a value.
    input: Var<'t>,
    /// An image of one channel, `[1, 1, 4]`.
    image: Var<'t>,
    /// A square matrix, `[2, 2]`.
    m: Var<'t>,
    /// A row of the shape of `x`, `[1, 2, 3]`.
    rows: Var<'t>,
    /// `[2, 3]`, on another tape.
    far: Var<'t>,
}

fn with_world(test: impl FnOnce(&World<'_>)) {
    let (tape, other) = (Tape::new(), Tape::new());
    let x = tape.leaf("x", arr2(&[[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]));
    let y = tape.leaf("y", ndarray::Array2::from_elem((4, 5), 0.5));
    let (s, i) = (tape.leaf("s", 0.5), tape.index_leaf("i", arr1(&[0_usize, 2])));
    let (p, input) = (tape.parameter("p", [2, 3]), tape.input("input", [2, 3]));
    let far = other.leaf("far", arr2(&[[1.0; 3]; 2]));
    let image = tape.leaf("image", ndarray::Array3::from_elem((1, 1, 4), 0.5));
    let m = tape.leaf("m", arr2(&[[2.0, 1.0], [1.0, 3.0]]));
    let rows = tape.leaf("rows", ndarray::Array3::from_elem((1, 2, 3), 0.5));
    test(&World { tape: &tape, x, y, s, i, p, input, image, m, rows, far });
}

/// A call that panics, the name of the method, and the line on which it stands.
struct Case {
    method: &'static str,
    file: &'static str,
    line: u32,
    run: fn(&World<'_>),
}

/// A case on one line, the line that must be named.
macro_rules! case {
    ($method:literal, $w:ident => $run:expr) => {
        $crate::panics::Case {
            method: $method,
            file: file!(),
            line: line!(),
            run: |$w| {
                let _ = $run;
            },
        }
    };
}
use case;

impl Case {
    /// What is wrong with the panic of the call, whose message should contain `says`.
    fn judge(&self, world: &World<'_>, says: &str) -> Option<String> {
        let Self { method, file, line, .. } = self;
        match panic_of(|| (self.run)(world)) {
            None => Some(format!("{method} (line {line}) does not panic")),
            Some(p) if p.file != *file || p.line != *line => {
                Some(format!("{method} (line {line}) panics at {}:{}: {}", p.file, p.line, p.message))
            }
            Some(p) if !p.message.contains(says) || p.message.contains("src/") => {
                Some(format!("{method} (line {line}) says: {}", p.message))
            }
            Some(_) => None,
        }
    }
}
