//! A user's op whose parts are given one by one.

use chainrule::Var;
use chainrule::op::{
    Attribute, Attributes, Derivative, Domain, Inputs, Kernel, Op, Operand, Output, Sample, reals,
};

/// A kernel in one precision.
pub(super) type Run<F> = fn(Inputs<'_, '_, F>, Output<'_, F>);
/// A rule for every operand, from operands, result and cotangent.
pub(super) type Rule = for<'t> fn(usize, &[Var<'t>], Var<'t>, Var<'t>) -> Derivative<'t>;

/// An op made of functions, told from others by its name.
#[derive(Debug, Clone)]
pub(super) struct Custom {
    pub(super) name: &'static str,
    pub(super) elementwise: bool,
    pub(super) by_rows: bool,
    pub(super) shape: fn(&[Operand<'_>]) -> Result<Vec<usize>, String>,
    pub(super) wide: Run<f64>,
    pub(super) single: Run<f32>,
    pub(super) rule: Rule,
    pub(super) domain: Option<Domain>,
}

impl Custom {
    /// An elementwise op of one operand.
    pub(super) fn map(name: &'static str, wide: Run<f64>, single: Run<f32>, rule: Rule) -> Self {
        Self { elementwise: true, ..Self::of_one(name, wide, single, rule) }
    }

    /// An op of one operand, whose kernel is given it as a whole.
    pub(super) fn of_one(name: &'static str, wide: Run<f64>, single: Run<f32>, rule: Rule) -> Self {
        let shape = |x: &[Operand<'_>]| reals(x).map(|[x]| x.to_vec());
        Self { name, elementwise: false, by_rows: false, shape, wide, single, rule, domain: None }
    }

    pub(super) fn of_shape(self, shape: fn(&[Operand<'_>]) -> Result<Vec<usize>, String>) -> Self {
        Self { shape, ..self }
    }
}

impl Kernel<f64> for Custom {
    fn run(&self, x: Inputs<'_, '_, f64>, y: Output<'_, f64>) {
        (self.wide)(x, y);
    }
}

impl Kernel<f32> for Custom {
    fn run(&self, x: Inputs<'_, '_, f32>, y: Output<'_, f32>) {
        (self.single)(x, y);
    }
}

impl Op for Custom {
    fn name(&self) -> &'static str {
        "custom"
    }

    fn formula(&self) -> &'static str {
        "y = f(x)"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with("name", Attribute::Text(self.name.to_owned()))
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        (self.shape)(x)
    }

    fn elementwise(&self) -> bool {
        self.elementwise
    }

    fn by_rows(&self) -> bool {
        self.by_rows
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        (self.rule)(operand, x, y, dy)
    }

    fn samples(&self) -> Vec<Sample> {
        self.domain.map(|domain| Sample::of([&[3, 4]], domain)).into_iter().collect()
    }
}
