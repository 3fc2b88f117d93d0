//! Every op of the table on its samples, with the gradients of a weighed sum of each result; of elementwise ops also values at
//! numbers that formulas meet with trouble.

use crate::case::{Given, write};
use chainrule::op::{Derivative, Kind};
use chainrule::ops::TABLE;
use chainrule::{Op, Tape, Var};
use ndarray::{ArrayD, IxDyn};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;

const AWKWARD: [f64; 22] = [
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 3.0, -3.0, 1e-8, -1e-8, 20.0, -20.0, 90.0, -90.0, 1e10, -1e10,
    f64::INFINITY, f64::NEG_INFINITY, f64::NAN,
];

pub(crate) fn write_op(folder: &Path, name: &str, examples: &[Arc<dyn Op>]) -> Result<(), Box<dyn Error>> {
    let mut random = ChaCha8Rng::seed_from_u64(name.bytes().fold(7, |sum: u64, b| sum.wrapping_mul(31) + u64::from(b)));
    let mut draw = || random.random::<f64>();
    let tape = Tape::new();
    let (mut given, mut outputs) = (Given::default(), Vec::new());
    for (e, op) in examples.iter().enumerate() {
        for (s, sample) in op.samples().iter().enumerate() {
            let mut x = Vec::new();
            for (i, (shape, domain)) in sample.0.iter().enumerate() {
                let name = format!("x{e}.{s}.{i}");
                let elements = domain.elements(shape, &mut draw);
                x.push(operand(&tape, &mut given, &name, shape, elements, domain.kind()));
            }
            let y = tape.try_apply_shared(op.clone(), &x)?.named(&format!("y{e}.{s}"));
            outputs.push(y);
            if tape.graph().node(y.id()).kind() == Kind::Index {
                continue;
            }
            let weights = (0..y.shape().iter().product()).map(|_| draw() - 0.5).collect();
            let dy = operand(&tape, &mut given, &format!("dy{e}.{s}"), &y.shape(), weights, Kind::Real);
            for (i, &operand) in x.iter().enumerate() {
                if let Derivative::Var(_) = op.rule(i, &x, y, dy) {
                    let [dx] = y.vjp(dy, [operand]);
                    outputs.push((dx + 0.0).named(&format!("dx{e}.{s}.{i}")));
                }
            }
        }
        if op.elementwise() {
            let arity = op.samples()[0].0.len();
            let n = AWKWARD.len();
            let x: Vec<Var<'_>> = (0..arity)
                .map(|i| {
                    let shape: Vec<usize> = (0..arity).map(|k| if k == i { n } else { 1 }).collect();
                    operand(&tape, &mut given, &format!("hard{e}.{i}"), &shape, AWKWARD.to_vec(), Kind::Real)
                })
                .collect();
            outputs.push(tape.try_apply_shared(op.clone(), &x)?.named(&format!("awkward{e}")));
        }
    }
    write(folder, name, &outputs, &[], &[], &given)?;
    Ok(())
}

fn operand<'t>(
    tape: &'t Tape,
    given: &mut Given,
    name: &str,
    shape: &[usize],
    elements: Vec<f64>,
    kind: Kind,
) -> Var<'t> {
    let array = ArrayD::from_shape_vec(IxDyn(shape), elements).expect("elements of the shape");
    match kind {
        Kind::Real => {
            given.inputs.push((name.to_owned(), array));
            tape.input(name, shape)
        }
        Kind::Index => {
            given.indices.push((name.to_owned(), array.mapv(|x| x as usize)));
            tape.index_input(name, shape)
        }
    }
}

pub(crate) fn write_all(folder: &Path, only: Option<&str>) -> Result<(), Box<dyn Error>> {
    let mut refused = 0;
    for entry in TABLE.iter().filter(|entry| only.is_none_or(|only| entry.name == only)) {
        if let Err(problem) = write_op(folder, &format!("op-{}", entry.name), &(entry.examples)()) {
            println!("{}: {problem}", entry.name);
            refused += 1;
        }
    }
    match refused {
        0 => Ok(()),
        _ => Err(format!("{refused} ops were refused").into()),
    }
}
