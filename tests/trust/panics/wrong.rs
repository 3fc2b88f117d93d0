//! Operands and arguments that do not fit.

use super::{Case, case, with_world};
use chainrule::nn::{Adam, Affine, Momentum, Optimizer, Sequential, Sgd, SoftmaxWithLoss};
use chainrule::{Var, ops};
use ndarray::{arr1, s};
use std::iter::Sum;

/// Methods of vars and tapes, and what the message says.
#[rustfmt::skip]
pub(super) const CASES: &[(Case, &str)] = &[
    // Leaves
    (case!("parameter", w => w.tape.parameter("p", [5])), "parameter"),
    (case!("input", w => w.tape.input("z", [usize::MAX, 3])), "z"),
    (case!("index_input", w => w.tape.index_input("z", [usize::MAX, 3])), "z"),
    (case!("parameter", w => w.tape.parameter("z", [usize::MAX, 3])), "z"),
    (case!("index_leaf", w => w.tape.index_leaf("z", [1, -3])), "`z` takes indices from 0, got -3 at [1]"),
    // Ops by themselves
    (case!("apply", w => w.tape.apply(ops::Relu, &[w.x, w.x])), "relu: takes 1 operands, got 2"),
    (case!("apply", w => w.tape.apply(ops::Add, &[w.x, w.y])), "add"),
    (case!("apply", w => w.tape.apply(ops::Add, &[w.x, w.far])), "another tape"),
    (case!("apply", w => w.tape.apply(ops::Powi { exponent: 2 }, &[w.i])), "indices"),
    (case!("apply", w => w.tape.apply(ops::Add, &[])), "add"),
    (case!("concat", w => w.tape.concat(&[], 0)), "at least one"),
    (case!("concat", w => w.tape.concat(&[w.x, w.y], 0)), "concat"),
    (case!("concat", w => w.tape.concat(&[w.x, w.x], 2)), "concat"),
    (case!("concat", w => w.tape.concat(&[w.x, w.far], 0)), "another tape"),
    (case!("concat", w => w.tape.concat(&[w.x, w.i], 0)), "operand 1 holds indices"),
    (case!("concat", w => w.tape.concat(&[w.i, w.x], 0)), "indices are wanted, as in operand 0"),
    // Indices and parts
    (case!("to_real", w => w.x.to_real()), "operand 0 holds real numbers, and indices are wanted"),
    (case!("take", w => w.x.take(w.x, 0)), "indices are wanted"),
    (case!("take", w => w.x.take(w.i, 2)), "axis 2"),
    (case!("take_along_axis", w => w.x.take_along_axis(w.i, 0)), "that shape but for this axis, got [2]"),
    (case!("scatter_add", w => w.x.scatter_add(w.i, w.x, 0)), "indices along axis 0"),
    (case!("index_add", w => w.x.index_add(w.i, w.x, 1)), "want numbers of shape [2, 2], got [2, 3]"),
    (case!("top_k", w => w.x.top_k(4, 1)), "the 4 greatest of 3"),
    (case!("one_hot", w => w.x.one_hot(3)), "class labels"),
    (case!("expand", w => w.x.expand([-2, 3])), "size -2 is negative"),
    (case!("expand", w => w.x.expand([-1, 2, 3])), "axis 0 is a new one"),
    (case!("flatten", w => w.x.flatten(1, 0)), "axes from 1 to 0"),
    (case!("flip", w => w.x.flip(2)), "axis 2"),
    (case!("flip", w => w.x.flip([0, -2])), "axis 0 is listed twice"),
    (case!("quantile_over", w => w.x.quantile_over([0, 0], 0.5)), "axis 0 is listed twice"),
    (case!("roll", w => w.x.roll(1, 2)), "axis 2"),
    (case!("repeat", w => w.x.repeat(1, 2)), "axis 2"),
    (case!("array_split", w => w.x.array_split(0, 0)), "at least one part"),
    (case!("unstack", w => w.x.unstack(2)), "axis 2"),
    (case!("meshgrid", w => w.tape.meshgrid([w.tape.var(w.x.id()).unwrap()])), "takes vectors"),
    (case!("diag", w => w.s.diag(0)), "a vector or a matrix"),
    (case!("diagonal", w => w.s.diagonal(0)), "matrices in the last two axes"),
    (case!("diag_embed", w => w.s.diag_embed(0)), "got a scalar"),
    (case!("tril", w => w.s.tril(0)), "matrices in the last two axes"),
    (case!("norm", w => w.x.norm(f64::NAN)), "p is NaN"),
    (case!("quantile", w => w.x.quantile(1.5)), "between 0 and 1, got 1.5"),
    (case!("prod_over", w => w.x.prod_over(2)), "axis 2"),
    (case!("var_over", w => w.x.var_over(2, 0)), "axis 2"),
    (case!("cumprod", w => w.x.cumprod(2)), "axis 2"),
    (case!("cummax", w => w.x.cummax(2)), "axis 2"),
    (case!("logcumsumexp", w => w.x.logcumsumexp(2)), "axis 2"),
    // Operators
    (case!("+", w => w.x + w.y), "add"),
    (case!("+", w => w.x + w.i), "indices"),
    (case!("+", w => w.x + w.far), "another tape"),
    (case!("+", w => 1.0 + w.i), "indices"),
    (case!("+", w => w.i + 1.0), "indices"),
    (case!("-", w => w.x - w.y), "sub"),
    (case!("-", w => 1.0 - w.i), "indices"),
    (case!("-", w => w.i - 1.0), "indices"),
    (case!("*", w => w.x * w.y), "mul"),
    (case!("*", w => 2.0 * w.i), "indices"),
    (case!("*", w => w.i * 2.0), "indices"),
    (case!("/", w => w.x / w.y), "div"),
    (case!("/", w => 2.0 / w.i), "indices"),
    (case!("/", w => w.i / 2.0), "indices"),
    (case!("-", w => -w.i), "indices"),
    (case!("sum", w => <Var<'_> as Sum>::sum([w.x, w.y].into_iter())), "add"),
    (case!("sum", _w => <Var<'_> as Sum>::sum(std::iter::empty())), "at least one"),
    // Elementwise
    (case!("neg", w => w.i.neg()), "neg"),
    (case!("recip", w => w.i.recip()), "recip"),
    (case!("square", w => w.i.square()), "square"),
    (case!("sqrt", w => w.i.sqrt()), "sqrt"),
    (case!("exp", w => w.i.exp()), "exp"),
    (case!("exp_m1", w => w.i.exp_m1()), "exp_m1"),
    (case!("ln", w => w.i.ln()), "ln"),
    (case!("sin", w => w.i.sin()), "sin"),
    (case!("cos", w => w.i.cos()), "cos"),
    (case!("tanh", w => w.i.tanh()), "tanh"),
    (case!("sigmoid", w => w.i.sigmoid()), "sigmoid"),
    (case!("softplus", w => w.i.softplus()), "softplus"),
    (case!("softsign", w => w.i.softsign()), "softsign"),
    (case!("abs", w => w.i.abs()), "abs"),
    (case!("relu", w => w.i.relu()), "relu"),
    (case!("powi", w => w.i.powi(3)), "powi(exponent=3)"),
    (case!("powf", w => w.i.powf(0.5)), "powf(exponent=0.5)"),
    (case!("maximum", w => w.x.maximum(w.y)), "maximum"),
    (case!("maximum", w => w.i.maximum(1.0)), "maximum"),
    (case!("minimum", w => w.x.minimum(w.y)), "minimum"),
    (case!("tanh_grad", w => w.x.tanh_grad(w.y)), "tanh_grad"),
    (case!("sigmoid_grad", w => w.x.sigmoid_grad(w.y)), "sigmoid_grad"),
    (case!("greater", w => w.x.greater(w.y)), "greater"),
    (case!("greater_equal", w => w.x.greater_equal(w.y)), "greater_equal"),
    (case!("less", w => w.x.less(w.far)), "another tape"),
    (case!("less_equal", w => w.x.less_equal(w.y)), "less_equal"),
    (case!("equal", w => w.x.equal(w.y)), "equal"),
    (case!("not_equal", w => w.x.not_equal(w.y)), "not_equal"),
    (case!("select", w => w.x.select(w.y, 0.0)), "where"),
    (case!("select", w => w.i.select(1.0, 0.0)), "indices"),
    (case!("select", w => w.x.select(w.x, w.far)), "another tape"),
    (case!("stop_gradient", w => w.i.stop_gradient()), "indices"),
    // Reductions
    (case!("sum", w => w.i.sum()), "sum"),
    (case!("sum_over", w => w.x.sum_over(2)), "from -2 to 1"),
    (case!("sum_over", w => w.x.sum_over([0, -2])), "listed twice"),
    (case!("sum_keep", w => w.x.sum_keep(-3)), "from -2 to 1"),
    (case!("mean", w => w.i.mean()), "mean"),
    (case!("mean_over", w => w.x.mean_over(2)), "mean"),
    (case!("mean_keep", w => w.x.mean_keep(2)), "mean"),
    (case!("max", w => w.i.max()), "max"),
    (case!("max_over", w => w.x.max_over(2)), "max"),
    (case!("max_keep", w => w.x.max_keep(2)), "max"),
    (case!("logsumexp", w => w.i.logsumexp()), "logsumexp"),
    (case!("logsumexp_over", w => w.x.logsumexp_over(2)), "logsumexp"),
    (case!("logsumexp_keep", w => w.x.logsumexp_keep(2)), "logsumexp"),
    (case!("sum_to", w => w.x.sum_to([5])), "sum_to"),
    (case!("sum_to_like", w => w.x.sum_to_like(w.y)), "sum_to_like"),
    (case!("count_per", w => w.x.count_per(w.far)), "another tape"),
    // Shapes
    (case!("reshape", w => w.x.reshape([5])), "reshape"),
    (case!("reshape", w => w.x.reshape([-2])), "negative"),
    (case!("reshape", w => w.x.reshape([-1, -1])), "reshape"),
    (case!("reshape_like", w => w.x.reshape_like(w.y)), "reshape_like"),
    (case!("permute", w => w.x.permute([0])), "permute"),
    (case!("permute", w => w.x.permute([0, 2])), "permute"),
    (case!("permute", w => w.x.permute([0, 0])), "permute"),
    (case!("expand_dims", w => w.x.expand_dims(4)), "expand_dims"),
    (case!("expand_dims", w => w.x.expand_dims([0, 0])), "listed twice"),
    (case!("squeeze", w => w.x.squeeze(0)), "squeeze"),
    (case!("squeeze", w => w.x.squeeze(2)), "squeeze"),
    (case!("broadcast_to", w => w.x.broadcast_to([5])), "broadcast_to"),
    (case!("broadcast_like", w => w.x.broadcast_like(w.y)), "broadcast_like"),
    (case!("slice", w => w.x.slice(s![5, ..])), "slice"),
    (case!("slice", w => w.x.slice(s![.., 1..9])), "slice"),
    (case!("slice", w => w.x.slice(s![0])), "slice"),
    (case!("split", w => w.x.split([1, 2], 0)), "axis 0 has size 2"),
    (case!("argmax", w => w.x.argmax(2)), "argmax"),
    (case!("argsort", w => w.x.argsort(2)), "argsort"),
    (case!("argsort", w => w.s.argsort(0)), "a scalar has no axes"),
    (case!("sort", w => w.i.sort(0)), "indices"),
    (case!("take_along_axis", w => w.x.take_along_axis(w.x, 0)), "indices are wanted"),
    (case!("take_along_axis", w => w.x.take_along_axis(w.i, 0)), "take_along_axis"),
    (case!("cumsum", w => w.x.cumsum(-3)), "cumsum"),
    // Products and classification
    (case!("matmul", w => w.x.matmul(w.y)), "matmul"),
    (case!("matmul", w => w.x.matmul(w.far)), "another tape"),
    (case!("softmax", w => w.x.softmax(2)), "softmax"),
    (case!("softmax", w => w.s.softmax(-1)), "softmax"),
    (case!("log_softmax", w => w.x.log_softmax(2)), "log_softmax"),
    (case!("softmax_cross_entropy", w => w.x.softmax_cross_entropy(w.y)), "softmax_cross_entropy"),
    (case!("softmax_cross_entropy", w => w.y.softmax_cross_entropy(w.i)), "softmax_cross_entropy"),
    (case!("softmax_cross_entropy", w => w.x.softmax_cross_entropy(w.far)), "another tape"),
    (case!("one_hot_like", w => w.x.one_hot_like(w.x)), "one_hot"),
    // Values and gradients
    (case!("named", w => w.p.named("z")), "is a parameter"),
    (case!("value", w => w.input.value()), "has no value"),
    (case!("value", w => (w.input + 1.0).value()), "has no value"),
    (case!("grad", w => w.x.grad([w.x])), "grad"),
    (case!("grad", w => w.s.grad([w.far])), "another tape"),
    (case!("grad", w => w.s.grad([w.i])), "indices"),
    (case!("grad", w => w.i.one_hot_like(w.x).sum().grad([w.i])), "indices"),
    (case!("vjp", w => w.x.vjp(w.y, [w.x])), "dy has shape"),
    (case!("vjp", w => w.x.vjp(w.far, [w.x])), "another tape"),
    (case!("vjp", w => w.x.vjp(w.x, [w.far])), "another tape"),
    (case!("backward", w => w.x.backward()), "grad"),
    (case!("sweep", w => w.x.sweep([w.x])), "grad"),
    (case!("sweep", w => w.s.sweep([w.far])), "another tape"),
    (case!("sweep", w => w.input.square().sum().sweep([w.input])), "has no value"),
    (case!("Gradients::of", w => w.s.square().backward().of(w.far)), "another tape"),
    (case!("Gradients::of", w => w.s.square().backward().of(w.i)), "indices"),
    (case!("Gradients::get", w => w.s.square().backward().get(w.far)), "another tape"),
    (case!("Gradients::reaches", w => w.s.square().backward().reaches(w.far)), "another tape"),
    (case!("Value::item", w => w.x.value().item()), "not one number"),
    // Networks
    (case!("Sequential::forward", w => Sequential::new().push(Affine::new(4, 2)).forward(w.x)), "matmul"),
    (case!("Sequential::forward", w => Sequential::new().push(chainrule::nn::Softmax).forward(w.s)), "softmax"),
    (case!("Sequential::forward", w => Sequential::new().push(chainrule::nn::Relu).forward(w.i)), "relu"),
    (case!("Layer::forward", w => chainrule::nn::Layer::forward(&Affine::new(4, 2), w.x)), "matmul"),
    (case!("SoftmaxWithLoss::forward", w => SoftmaxWithLoss.forward(w.x, w.y)), "softmax_cross_entropy"),
    (case!("push_named", _w => Sequential::new().push_named("", Affine::new(4, 2))), "not empty"),
    (case!("betas", _w => Adam::new(0.1).betas(1.0, 0.9)), "decay rate"),
    (case!("Optimizer::apply", w => Sgd::new(0.1).apply(&[w.p], &[])), "one gradient"),
    (case!("Optimizer::apply", w => Adam::new(0.1).apply(&[w.p], &[w.y])), "its shape"),
    (case!("Optimizer::apply", w => Momentum::new(0.1, 0.9).apply(&[w.x + 1.0], &[w.x])), "has no name"),
    (case!("Optimizer::apply", w => Adam::new(0.1).apply(&[w.x + 1.0], &[w.x])), "has no name"),
    (case!("Optimizer::apply", w => super::held::boxed(Adam::new(0.1)).apply(&[w.p], &[w.y])), "its shape"),
    (case!("Optimizer::memory", w => Momentum::new(0.1, 0.9).memory(&[w.x + 1.0])), "has no name"),
    (case!("Optimizer::memory", w => super::held::boxed(Adam::new(0.1)).memory(&[w.x + 1.0])), "has no name"),
    (case!("Optimizer::init", w => init(&[w.x + 1.0])), "has no name"),
    (case!("Optimizer::updates", w => Sgd::new(0.1).updates(w.x, &[w.p])), "grad"),
];

#[track_caller]
fn init(parameters: &[Var<'_>]) {
    Adam::new(0.1).init(parameters, &mut chainrule::State::<f32>::new());
}

#[test]
fn operands_and_arguments_that_do_not_fit_are_refused_at_the_line_that_called() {
    let mut wrong = Vec::new();
    for (case, says) in CASES {
        with_world(|world| wrong.extend(case.judge(world, says)));
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), CASES.len(), wrong.join("\n"));
}

#[test]
fn a_leaf_named_twice_may_be_anything_but_a_parameter() {
    with_world(|world| {
        let twice = [world.tape.leaf("x", 1.0), world.tape.leaf("x", arr1(&[1.0]))];
        assert_ne!(twice[0].id(), twice[1].id());
    });
}
