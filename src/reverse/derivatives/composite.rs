//! The op that stands at the end of a stretch of a graph and gives it a VJP of its own.

use super::template::Template;
use crate::Float;
use crate::base::shape::Layout;
use crate::error::Result;
use crate::graph::{Attribute, Attributes, Kind};
use crate::kernel::{Inputs, Output};
use crate::portable::Portable;
use crate::reverse::gradients::differentiate;
use crate::tape::op::{Derivative, Kernel, Op, Operand, RecordAgain, Zero};
use crate::tape::operands::reals;
use crate::tape::{LoadOp, Tape, Var};
use std::fmt;
use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;

/// A VJP: the operands, the result and its cotangent to the cotangents of the first operands.
pub(super) type OwnVjp =
    Arc<dyn for<'t> Fn(&[Var<'t>], Var<'t>, Var<'t>) -> Vec<Var<'t>> + Send + Sync + 'static>;

/// A user's VJP of so many operands, and what tells it from others. What it needs is given to it: another program must be able to
/// make it from its name.
pub(super) fn own_vjp<const N: usize, R>(vjp: R) -> (OwnVjp, String)
where
    R: for<'r> Fn([Var<'r>; N], Var<'r>, Var<'r>) -> [Var<'r>; N] + Send + Sync + 'static,
{
    const { assert!(size_of::<R>() == 0, "a VJP captures nothing: what it needs is given to it among `x`") }
    let rule: OwnVjp = Arc::new(move |x, y, dy| {
        let operands = std::array::from_fn(|i| x[i]);
        vjp(operands, y, dy).to_vec()
    });
    (rule, format!("{:?} {}", std::any::TypeId::of::<R>(), std::any::type_name::<R>()))
}

/// The op at the end of a stretch that is computed again.
pub(super) const CHECKPOINT: &str = "checkpoint";

/// `y = x0`, which was computed from the operands x1, x2, …: no cotangent goes to x0, all go to these.
pub(super) struct Composite {
    name: &'static str,
    label: String,
    template: Template,
    /// The user's; else that of the template, recorded again.
    vjp: Option<OwnVjp>,
    /// What tells the VJP from others.
    of: String,
    /// A hash of all this.
    digest: i64,
}

impl Composite {
    /// The end of a stretch, by the name of the op and a label.
    pub(super) fn new(
        name: &'static str,
        label: &str,
        template: Template,
        vjp: Option<(OwnVjp, String)>,
    ) -> Self {
        let (vjp, of) = vjp.unzip();
        let mut op =
            Self { name, label: label.to_owned(), template, vjp, of: of.unwrap_or_default(), digest: 0 };
        let mut hasher = DefaultHasher::new();
        hasher.write(format!("{op:?}").as_bytes());
        op.digest = hasher.finish() as i64;
        op
    }

    /// The VJP of the stretch for one operand, by recording it again.
    fn recomputed<'t>(&self, operand: usize, x: &[Var<'t>], dy: Var<'t>) -> Result<Derivative<'t>> {
        let tape = dy.tape();
        let fresh = self.template.fresh();
        let real = |i: usize| tape.kind(x[i].id()) == Kind::Real;
        // With operands that are all trained, something has to keep the two apart.
        let any = (0..x.len()).any(|i| fresh[i] && real(i));
        let mut again = x.to_vec();
        for (i, x) in again.iter_mut().enumerate() {
            if real(i) && (fresh[i] || !any) {
                *x = tape.try_apply(Recomputed, &[*x, dy])?;
            }
        }
        let y = self.template.record(tape, &again)?;
        let gradients = differentiate("checkpoint", &[(y, dy)], Some(&[again[operand]]))?;
        Ok(gradients.get(again[operand]).map_or(Derivative::Zero, Derivative::Var))
    }
}

impl fmt::Debug for Composite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} {} {:?}", self.name, self.label, self.of, self.template)
    }
}

impl RecordAgain for Composite {
    fn record<'t>(&self, tape: &'t Tape, operands: &[Var<'t>]) -> Result<Var<'t>> {
        self.template.record(tape, operands)
    }
}

impl<F: Float> Kernel<F> for Composite {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        x.real(0).copy_to(y.data);
    }
}

impl Op for Composite {
    fn name(&self) -> &'static str {
        self.name
    }

    fn symbol(&self) -> String {
        if self.label.is_empty() { self.name.to_owned() } else { self.label.clone() }
    }

    fn formula(&self) -> &'static str {
        "y = x0, as computed from the others"
    }

    fn attributes(&self) -> Attributes {
        let digest = Attributes::new().with("digest", Attribute::Int(self.digest));
        if self.label.is_empty() { digest } else { digest.with("name", Attribute::Text(self.label.clone())) }
    }

    /// The digest of all, so that stretches in stretches do not make long texts.
    fn identity(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.digest)
    }

    fn stretch(&self) -> Option<&dyn RecordAgain> {
        Some(self)
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x.get(..1).unwrap_or_default())?;
        Ok(x.to_vec())
    }

    fn reads(&self, operand: usize) -> bool {
        operand == 0
    }

    fn view(&self, x: &Layout, _: &[usize]) -> Option<Layout> {
        Some(x.clone())
    }

    fn portable<'p>(&self, x: &[Portable<'p>], _: &[usize]) -> Result<Portable<'p>, String> {
        Ok(x[0])
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let Some(operand) = operand.checked_sub(1) else { return Zero.into() };
        match &self.vjp {
            Some(vjp) => vjp(&x[1..], y, dy).get(operand).map_or(Derivative::Zero, |&dx| dx.into()),
            // What was recorded once can be recorded again; what is left is an operand without a derivative.
            None => self.recomputed(operand, &x[1..], dy).unwrap_or(Derivative::NotDifferentiable),
        }
    }
}

/// `y = x0`, a copy that is made when x1, a cotangent, is there: what is computed from it is not computed before the reverse
/// pass comes to it, and is not taken for what was computed from x0 itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recomputed;

impl<F: Float> Kernel<F> for Recomputed {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        x.real(0).copy_to(y.data);
    }
}

impl LoadOp for Recomputed {
    const NAME: &'static str = "recomputed";

    fn load(_: &Attributes) -> Result<Self, String> {
        Ok(Self)
    }

    fn examples() -> Vec<Self> {
        vec![Self]
    }
}

impl Op for Recomputed {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn formula(&self) -> &'static str {
        "y = x0, once x1 is known"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x, _] = reals(x)?;
        Ok(x.to_vec())
    }

    fn smooth(&self) -> bool {
        true
    }

    fn portable<'p>(&self, x: &[Portable<'p>], _: &[usize]) -> Result<Portable<'p>, String> {
        Ok(x[0])
    }

    fn rule<'t>(&self, operand: usize, _: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        if operand == 0 { dy.into() } else { Zero.into() }
    }
}
