//! One sign flipped in one rule: the checker finds it, for every op of the table and in every layer of the chapter's
//! net. The wrong ops are users' ops of the public trait, which leave everything but the sign to the right ones.

mod support;

use chainrule::check::Verdict;
use chainrule::op::{
    Attribute, Attributes, Derivative, Inputs, Kernel, Layout, Op, Operand, Output, Precision, Sample,
};
use chainrule::{Check, Tape, Var, ops};
use std::sync::Arc;
use support::{cotangent, for_every_case, real};

/// An op with the sign of one operand's rule flipped.
#[derive(Debug, Clone)]
struct Flipped {
    right: Arc<dyn Op>,
    operand: usize,
}

impl<F: Precision> Kernel<F> for Flipped {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        F::kernel(&*self.right).run(x, y);
    }
}

impl Op for Flipped {
    fn name(&self) -> &'static str {
        "flipped"
    }

    fn formula(&self) -> &'static str {
        self.right.formula()
    }

    fn attributes(&self) -> Attributes {
        let right = format!("{:?}", self.right);
        let operand = Attribute::Int(self.operand as i64);
        Attributes::new().with("right", Attribute::Text(right)).with("operand", operand)
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        self.right.shape(x)
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        match self.right.rule(operand, x, y, dy) {
            Derivative::Var(dx) if operand == self.operand => (-dx).into(),
            right => right,
        }
    }

    fn reads(&self, operand: usize) -> bool {
        self.right.reads(operand)
    }

    fn elementwise(&self) -> bool {
        self.right.elementwise()
    }

    fn view(&self, x: &Layout, shape: &[usize]) -> Option<Layout> {
        self.right.view(x, shape)
    }

    fn samples(&self) -> Vec<Sample> {
        self.right.samples()
    }
}

#[test]
fn a_flipped_sign_in_any_rule_is_found() {
    let found = std::cell::Cell::new(0);
    for_every_case(|case, rng| {
        let operands = case.operands(rng);
        let mut failures = Vec::new();
        for operand in 0..operands.len() {
            let tape = Tape::new();
            let (x, y) = case.record(&tape, &operands);
            if matches!(operands[operand], support::Operand::Index(_)) {
                continue;
            }
            let weights = cotangent("weights", y, rng);
            let gradient = y.vjp(weights, [x[operand]])[0].value();
            if !gradient.iter().any(|g| g.abs() > 1e-3) {
                continue;
            }
            let wrong = tape.apply(Flipped { right: case.op.clone(), operand }, &x);
            for (y, verdict) in [(y, Verdict::Pass), (wrong, Verdict::Fail)] {
                let report = Check::new((y * weights).sum(), &[x[operand]]).run().unwrap();
                if report.parameters[0].verdict != verdict {
                    failures.push(format!("operand {operand}, not {verdict}:\n{report}"));
                }
            }
            found.set(found.get() + 1);
        }
        failures
    });
    assert!(found.get() > 150, "{} rules flipped", found.get());
}

/// The chapter's net on three rows, smaller, with the sign of rule `wrong` flipped: rules are counted through the net.
fn net<'t>(tape: &'t Tape, wrong: Option<usize>) -> (Var<'t>, [Var<'t>; 4]) {
    let mut rng = <rand_chacha::ChaCha8Rng as rand_chacha::rand_core::SeedableRng>::seed_from_u64(7);
    let mut leaf = |name: &str, shape: &[usize]| {
        let domain = chainrule::op::Domain::Signed(0.1, 0.9);
        tape.leaf(name, real(shape, domain, &mut rng))
    };
    let x = leaf("x", &[3, 12]);
    let parameters = [leaf("W1", &[12, 7]), leaf("b1", &[7]), leaf("W2", &[7, 10]), leaf("b2", &[10])];
    let [w1, b1, w2, b2] = parameters;
    let labels = tape.index_leaf("t", ndarray::arr1(&[5, 0, 4]));
    let mut rules = 0;
    let mut apply = |op: Arc<dyn Op>, x: &[Var<'t>]| {
        let first = rules;
        rules += x.len();
        match wrong {
            Some(k) if (first..rules).contains(&k) => {
                tape.apply(Flipped { right: op, operand: k - first }, x)
            }
            _ => tape.try_apply_shared(op, x).unwrap(),
        }
    };
    let product = apply(Arc::new(ops::MatMul), &[x, w1]);
    let affine = apply(Arc::new(ops::Add), &[product, b1]);
    let hidden = apply(Arc::new(ops::Relu), &[affine]);
    let product = apply(Arc::new(ops::MatMul), &[hidden, w2]);
    let scores = apply(Arc::new(ops::Add), &[product, b2]);
    (apply(Arc::new(ops::CrossEntropyIndex), &[scores, labels]), parameters)
}

#[test]
fn a_flipped_sign_in_any_layer_of_the_chapters_net_is_found() {
    let passes = |wrong| {
        let tape = Tape::new();
        let (loss, parameters) = net(&tape, wrong);
        let report = Check::new(loss, &parameters).run().unwrap();
        (report.passed(), report)
    };
    let (passed, report) = passes(None);
    assert!(passed, "{report}");
    // Operand 0 of the first product is the input, and the labels have no derivative: 9 rules that gradients go through.
    for wrong in [1, 2, 3, 4, 5, 6, 7, 8, 9] {
        let (passed, report) = passes(Some(wrong));
        assert!(!passed, "rule {wrong}\n{report}");
        assert!(report.parameters.iter().any(|p| p.verdict == Verdict::Fail), "rule {wrong}\n{report}");
    }
}
