//! Ops as they are, but for a rule of one's own: users' ops of the public trait.

use chainrule::Var;
use chainrule::op::{
    Attribute, Attributes, Derivative, Inputs, Kernel, Layout, Op, Operand, Output, Precision, Sample,
};
use std::sync::Arc;

/// What a rule is given: the letters of all rules, and whether to go wrong.
pub(crate) struct Given<'a, 't> {
    pub(crate) right: &'a dyn Op,
    pub(crate) wrong: bool,
    pub(crate) operand: usize,
    pub(crate) x: &'a [Var<'t>],
    pub(crate) y: Var<'t>,
    pub(crate) dy: Var<'t>,
}

/// A rule for every operand.
pub(crate) type Rule = for<'a, 't> fn(Given<'a, 't>) -> Derivative<'t>;

/// An op that leaves everything but the rules to another.
#[derive(Debug, Clone)]
pub(crate) struct Altered {
    pub(crate) right: Arc<dyn Op>,
    /// What tells its rules from those of others.
    pub(crate) what: &'static str,
    /// The operand whose rule is wrong, if one is.
    pub(crate) wrong: Option<usize>,
    pub(crate) rule: Rule,
}

impl<F: Precision> Kernel<F> for Altered {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        F::kernel(&*self.right).run(x, y);
    }
}

impl Op for Altered {
    fn name(&self) -> &'static str {
        "altered"
    }

    fn formula(&self) -> &'static str {
        self.right.formula()
    }

    fn attributes(&self) -> Attributes {
        let wrong = self.wrong.map(|operand| operand as i64);
        Attributes::new()
            .with("of", Attribute::Text(format!("{:?}", self.right)))
            .with("what", Attribute::Text(self.what.to_owned()))
            .with("wrong", Attribute::Ints(vec![wrong]))
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        self.right.shape(x)
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let wrong = self.wrong == Some(operand);
        (self.rule)(Given { right: &*self.right, wrong, operand, x, y, dy })
    }

    fn scratch(&self, x: &[&Layout], shape: &[usize]) -> usize {
        self.right.scratch(x, shape)
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

    fn column(
        &self,
        operand: usize,
        x: Inputs<'_, '_, f64>,
        element: usize,
        add: &mut dyn FnMut(usize, f64),
    ) -> bool {
        self.right.column(operand, x, element, add)
    }

    fn samples(&self) -> Vec<Sample> {
        self.right.samples()
    }
}
