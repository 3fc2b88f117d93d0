//! Operators that work element by element.

use super::node::{OnnxNode, Reading, Results};
use super::value::OnnxValue;
use crate::ops::{
    Add, BroadcastTo, Div, Equal, Greater, GreaterEqual, Less, LessEqual, Maximum, Minimum, Mul, Pow,
    Remainder, Sub, Where,
};
use crate::tape::Var;

type OneOperand = for<'v> fn(Var<'v>) -> Var<'v>;

/// Functions of one operand, which are total: nothing of it can be refused.
fn one_operand(name: &str) -> Option<OneOperand> {
    Some(match name {
        "Neg" => |x| -x,
        "Abs" => |x| x.abs(),
        "Exp" => |x| x.exp(),
        "Log" => |x| x.ln(),
        "Sqrt" => |x| x.sqrt(),
        "Reciprocal" => |x| x.recip(),
        "Sin" => |x| x.sin(),
        "Cos" => |x| x.cos(),
        "Tan" => |x| x.tan(),
        "Asin" => |x| x.asin(),
        "Acos" => |x| x.acos(),
        "Atan" => |x| x.atan(),
        "Sinh" => |x| x.sinh(),
        "Cosh" => |x| x.cosh(),
        "Asinh" => |x| x.asinh(),
        "Acosh" => |x| x.acosh(),
        "Atanh" => |x| x.atanh(),
        "Tanh" => |x| x.tanh(),
        "Sigmoid" => |x| x.sigmoid(),
        "Relu" => |x| x.relu(),
        "Softplus" => |x| x.softplus(),
        "Softsign" => |x| x.softsign(),
        "HardSwish" => |x| x.hardswish(),
        "Mish" => |x| x.mish(),
        "Erf" => |x| x.erf(),
        "Floor" => |x| x.floor(),
        "Ceil" => |x| x.ceil(),
        "Round" => |x| x.round(),
        "Sign" => |x| x.sign(),
        _ => return None,
    })
}

impl<'t> Reading<'t> {
    pub(super) fn elementwise(&mut self, node: &OnnxNode<'_, 't>, name: &str) -> Option<Results<'t>> {
        if let Some(f) = one_operand(name) {
            return Some(self.x(node, 0).map(|x| vec![OnnxValue::Real(f(x))]));
        }
        let truth = [
            "Equal",
            "Greater",
            "GreaterOrEqual",
            "Less",
            "LessOrEqual",
            "And",
            "Or",
            "Xor",
            "Not",
            "IsNaN",
            "IsInf",
        ];
        let found = self.several_operands(node, name).or_else(|| self.parametric(node, name))?;
        Some(
            found.map(|y| vec![if truth.contains(&name) { OnnxValue::Truth(y) } else { OnnxValue::Real(y) }]),
        )
    }

    fn several_operands(&mut self, node: &OnnxNode<'_, 't>, name: &str) -> Option<Result<Var<'t>, String>> {
        macro_rules! two {
            ($op:expr) => {
                self.two(node, |reading, a, b| reading.apply($op, &[a, b]))
            };
        }
        Some(match name {
            "Add" => two!(Add),
            "Sub" => two!(Sub),
            "Mul" => two!(Mul),
            "Div" => two!(Div),
            "Pow" => self.power(node),
            "Equal" => two!(Equal),
            "Greater" => two!(Greater),
            "GreaterOrEqual" => two!(GreaterEqual),
            "Less" => two!(Less),
            "LessOrEqual" => two!(LessEqual),
            "And" => two!(Mul),
            "Or" => two!(Maximum),
            "Xor" => two!(crate::ops::NotEqual),
            "Mod" if node.int("fmod", 0) == 0 => two!(Remainder),
            // With the sign of the dividend: x0 − x1 trunc(x0 / x1) is not exact, |x0| mod |x1| is.
            "Mod" => self.two(node, |reading, a, b| {
                let left = reading.apply(Remainder, &[a.abs(), b.abs()])?;
                reading.apply(Mul, &[a.sign(), left])
            }),
            "Sum" => self.fold(node, |reading, a, b| reading.apply(Add, &[a, b])),
            "Max" => self.fold(node, |reading, a, b| reading.apply(Maximum, &[a, b])),
            "Min" => self.fold(node, |reading, a, b| reading.apply(Minimum, &[a, b])),
            "Mean" => {
                self.fold(node, |reading, a, b| reading.apply(Add, &[a, b])).map(|y| y / node.x.len() as f64)
            }
            "PRelu" => self.two(node, |reading, x, slope| {
                let scaled = reading.apply(Mul, &[x, slope])?;
                reading.apply(Where, &[x.greater(0.0), x, scaled])
            }),
            "Where" => {
                let x = [0, 1, 2].map(|i| self.x(node, i));
                let [c, a, b] = x;
                c.and_then(|c| self.apply(Where, &[c, a?, b?]))
            }
            _ => return None,
        })
    }

    /// Functions with attributes.
    fn parametric(&mut self, node: &OnnxNode<'_, 't>, name: &str) -> Option<Result<Var<'t>, String>> {
        let known = [
            "Not",
            "IsNaN",
            "IsInf",
            "LeakyRelu",
            "Elu",
            "Celu",
            "Selu",
            "HardSigmoid",
            "ThresholdedRelu",
            "Gelu",
            "Swish",
            "Clip",
        ];
        if !known.contains(&name) {
            return None;
        }
        let x = match self.x(node, 0) {
            Ok(x) => x,
            Err(problem) => return Some(Err(problem)),
        };
        let alpha = |default: f64| node.float("alpha", default);
        Some(match name {
            "Not" => Ok(x.logical_not()),
            "IsNaN" => Ok(x.is_nan()),
            "IsInf" => Ok(match (node.int("detect_negative", 1), node.int("detect_positive", 1)) {
                (0, 0) => x.not_equal(x) * 0.0,
                (0, _) => x.equal(f64::INFINITY),
                (_, 0) => x.equal(f64::NEG_INFINITY),
                _ => x.is_infinite(),
            }),
            "Swish" => Ok(x * (x * alpha(1.0)).sigmoid()),
            "LeakyRelu" => Ok(x.leaky_relu(alpha(0.01))),
            "Elu" => Ok(x.elu(alpha(1.0))),
            "Celu" => Ok(x.celu(alpha(1.0))),
            "Selu" => Ok(node.float("gamma", 1.050_701) * x.elu(alpha(1.673_263_2))),
            "HardSigmoid" => Ok((x * alpha(0.2) + node.float("beta", 0.5)).clamp(0.0, 1.0)),
            "ThresholdedRelu" => Ok(x.greater(alpha(1.0)).select(x, 0.0)),
            "Gelu" if node.text("approximate", "none") == "tanh" => Ok(x.gelu_tanh()),
            "Gelu" => Ok(x.gelu()),
            _ => node
                .number(1, f64::NEG_INFINITY)
                .and_then(|low| Ok(x.clamp(low, node.number(2, f64::INFINITY)?))),
        })
    }

    fn two(
        &mut self,
        node: &OnnxNode<'_, 't>,
        f: impl Fn(&Self, Var<'t>, Var<'t>) -> Result<Var<'t>, String>,
    ) -> Result<Var<'t>, String> {
        let (a, b) = (self.x(node, 0)?, self.x(node, 1)?);
        f(self, a, b)
    }

    fn fold(
        &mut self,
        node: &OnnxNode<'_, 't>,
        f: impl Fn(&Self, Var<'t>, Var<'t>) -> Result<Var<'t>, String>,
    ) -> Result<Var<'t>, String> {
        let mut y = self.x(node, 0)?;
        for i in 1..node.x.len() {
            let x = self.x(node, i)?;
            y = f(self, y, x)?;
        }
        Ok(y)
    }

    /// A power whose exponent is a known number is an op of its own.
    fn power(&mut self, node: &OnnxNode<'_, 't>) -> Result<Var<'t>, String> {
        let x = self.x(node, 0)?;
        let (exponent, shape) = match node.operand(1)? {
            OnnxValue::Constant(numbers, _) if numbers.data.len() == 1 => (numbers.data[0], &numbers.shape),
            OnnxValue::Known(numbers) if numbers.data.len() == 1 => (numbers.data[0] as f64, &numbers.shape),
            _ => return self.two(node, |reading, a, b| reading.apply(Pow, &[a, b])),
        };
        if shape.len() > x.rank() {
            return self.two(node, |reading, a, b| reading.apply(Pow, &[a, b]));
        }
        let whole = exponent.fract() == 0.0 && exponent.abs() < f64::from(i32::MAX);
        Ok(if exponent == 2.0 {
            x.square()
        } else if whole {
            x.powi(exponent as i32)
        } else {
            x.powf(exponent)
        })
    }

    /// Stretched with another shape, as NumPy broadcasts.
    pub(super) fn stretched(&self, x: Var<'t>, shape: &[usize]) -> Result<Var<'t>, String> {
        let to = crate::base::shape::broadcast(&x.shape(), shape)?;
        self.apply(BroadcastTo { shape: to.into_iter().map(Some).collect() }, &[x])
    }
}
