//! Recording and computing while `tape.graph()` is held.

use super::{Case, case, with_world};
use chainrule::nn::{
    Accumulate, AdaGrad, Adam, AdamW, Affine, BceLoss, BceWithLogitsLoss, Clip, CrossEntropyLoss, Groups,
    HuberLoss, KlDivLoss, Lion, Momentum, MseLoss, Optimizer, Rate, Relu, RmsProp, Sequential, Sgd,
    SoftmaxWithLoss, TripletMarginLoss, clip_by_global_norm, clip_by_value, cosine_similarity, global_norm,
};
use chainrule::{Var, ops};
use ndarray::{arr1, s};
use std::iter::Sum;

/// Every method that records or computes, and does not return a result.
#[rustfmt::skip]
pub(super) const CASES: &[Case] = &[
    // Leaves
    case!("leaf", w => w.tape.leaf("z", 1.0)),
    case!("leaf", w => w.tape.leaf("z", arr1(&[1.0]))),
    case!("index_leaf", w => w.tape.index_leaf("z", arr1(&[1_usize]))),
    case!("index_leaf", w => w.tape.index_leaf("z", [1, 0])),
    case!("leaf", w => w.tape.leaf("z", 1)),
    case!("leaf", w => w.tape.leaf("z", vec![1.0, 2.0])),
    case!("input", w => w.tape.input("z", [2])),
    case!("index_input", w => w.tape.index_input("z", [2])),
    case!("parameter", w => w.tape.parameter("z", [2])),
    case!("constant", w => w.tape.constant(1.0)),
    case!("constant", w => w.tape.constant(arr1(&[1.0, 2.0]))),
    // Ops by themselves
    case!("apply", w => w.tape.apply(ops::Relu, &[w.x])),
    case!("apply", w => w.tape.apply(ops::Powi { exponent: 2 }, &[w.x])),
    case!("concat", w => w.tape.concat(&[w.x, w.x], 0)),
    // Scopes
    case!("stack", w => w.tape.stack(&[w.x, w.x], 0)),
    case!("einsum", w => w.tape.einsum("ij,kj->ik", &[w.x, w.x])),
    case!("root_scope", w => w.tape.root_scope()),
    case!("scope", w => w.tape.scope("z")),
    case!("updating", w => w.tape.updating()),
    // Operators
    case!("+", w => w.x + w.x),
    case!("+", w => w.x + 1.0),
    case!("+", w => 1.0 + w.x),
    case!("+=", w => { let mut x = w.x; x += w.x; x }),
    case!("+=", w => { let mut x = w.x; x += 1.0; x }),
    case!("-", w => w.x - w.p),
    case!("-", w => w.x - 1.0),
    case!("-", w => 1.0 - w.x),
    case!("*", w => w.x * w.x),
    case!("*", w => w.x * 2.0),
    case!("*", w => 2.0 * w.x),
    case!("/", w => w.x / w.p),
    case!("/", w => w.x / 2.0),
    case!("/", w => 2.0 / w.x),
    case!("-", w => -w.x),
    case!("sum", w => <Var<'_> as Sum>::sum([w.x, w.x, w.x].into_iter())),
    // Elementwise
    case!("neg", w => w.x.neg()),
    case!("recip", w => w.x.recip()),
    case!("square", w => w.x.square()),
    case!("sqrt", w => w.x.sqrt()),
    case!("exp", w => w.x.exp()),
    case!("exp_m1", w => w.x.exp_m1()),
    case!("ln", w => w.x.ln()),
    case!("sin", w => w.x.sin()),
    case!("cos", w => w.x.cos()),
    case!("tanh", w => w.x.tanh()),
    case!("sigmoid", w => w.x.sigmoid()),
    case!("softplus", w => w.x.softplus()),
    case!("softsign", w => w.x.softsign()),
    case!("tan", w => w.x.tan()),
    case!("asin", w => w.x.asin()),
    case!("acos", w => w.x.acos()),
    case!("atan", w => w.x.atan()),
    case!("sinh", w => w.x.sinh()),
    case!("cosh", w => w.x.cosh()),
    case!("asinh", w => w.x.asinh()),
    case!("acosh", w => w.x.acosh()),
    case!("atanh", w => w.x.atanh()),
    case!("exp2", w => w.x.exp2()),
    case!("ln_1p", w => w.x.ln_1p()),
    case!("log2", w => w.x.log2()),
    case!("log10", w => w.x.log10()),
    case!("cbrt", w => w.x.cbrt()),
    case!("rsqrt", w => w.x.rsqrt()),
    case!("erf", w => w.x.erf()),
    case!("erfc", w => w.x.erfc()),
    case!("erfinv", w => w.x.erfinv()),
    case!("lgamma", w => w.x.lgamma()),
    case!("digamma", w => w.x.digamma()),
    case!("sinc", w => w.x.sinc()),
    case!("floor", w => w.x.floor()),
    case!("ceil", w => w.x.ceil()),
    case!("round", w => w.x.round()),
    case!("trunc", w => w.x.trunc()),
    case!("sign", w => w.x.sign()),
    case!("elu", w => w.x.elu(1.0)),
    case!("selu", w => w.x.selu()),
    case!("celu", w => w.x.celu(1.0)),
    case!("gelu", w => w.x.gelu()),
    case!("gelu_tanh", w => w.x.gelu_tanh()),
    case!("silu", w => w.x.silu()),
    case!("mish", w => w.x.mish()),
    case!("hardtanh", w => w.x.hardtanh()),
    case!("hardsigmoid", w => w.x.hardsigmoid()),
    case!("hardswish", w => w.x.hardswish()),
    case!("log_sigmoid", w => w.x.log_sigmoid()),
    case!("polygamma", w => w.x.polygamma(1)),
    case!("leaky_relu", w => w.x.leaky_relu(0.1)),
    case!("logical_not", w => w.x.logical_not()),
    case!("is_finite", w => w.x.is_finite()),
    case!("is_infinite", w => w.x.is_infinite()),
    case!("is_nan", w => w.x.is_nan()),
    case!("atan2", w => w.x.atan2(w.x)),
    case!("hypot", w => w.x.hypot(w.x)),
    case!("pow", w => w.x.pow(w.x)),
    case!("logaddexp", w => w.x.logaddexp(w.x)),
    case!("xlogy", w => w.x.xlogy(w.x)),
    case!("xlog1py", w => w.x.xlog1py(w.x)),
    case!("remainder", w => w.x.remainder(w.x)),
    case!("logical_and", w => w.x.logical_and(w.x)),
    case!("logical_or", w => w.x.logical_or(w.x)),
    case!("logical_xor", w => w.x.logical_xor(w.x)),
    case!("clamp", w => w.x.clamp(0.0, 1.0)),
    case!("leaky_relu", w => w.x.leaky_relu(w.x)),
    case!("abs", w => w.x.abs()),
    case!("relu", w => w.x.relu()),
    case!("powi", w => w.x.powi(3)),
    case!("powf", w => w.x.powf(0.5)),
    case!("maximum", w => w.x.maximum(w.x)),
    case!("maximum", w => w.x.maximum(0.0)),
    case!("minimum", w => w.x.minimum(w.x)),
    case!("tanh_grad", w => w.x.tanh_grad(w.x)),
    case!("sigmoid_grad", w => w.x.sigmoid_grad(w.x)),
    case!("greater", w => w.x.greater(w.x)),
    case!("greater_equal", w => w.x.greater_equal(w.x)),
    case!("less", w => w.x.less(0.5)),
    case!("less_equal", w => w.x.less_equal(w.x)),
    case!("equal", w => w.x.equal(w.x)),
    case!("not_equal", w => w.x.not_equal(w.x)),
    case!("select", w => w.x.select(w.x, w.x)),
    case!("select", w => w.x.select(w.x, 0.0)),
    case!("stop_gradient", w => w.x.stop_gradient()),
    // Reductions
    case!("sum", w => w.x.sum()),
    case!("sum_over", w => w.x.sum_over(0)),
    case!("sum_keep", w => w.x.sum_keep(-1)),
    case!("mean", w => w.x.mean()),
    case!("mean_over", w => w.x.mean_over(0)),
    case!("mean_keep", w => w.x.mean_keep(0)),
    case!("max", w => w.x.max()),
    case!("max_over", w => w.x.max_over(0)),
    case!("max_keep", w => w.x.max_keep(0)),
    case!("prod", w => w.x.prod()),
    case!("prod_over", w => w.x.prod_over(0)),
    case!("prod_keep", w => w.x.prod_keep(0)),
    case!("min", w => w.x.min()),
    case!("min_over", w => w.x.min_over(0)),
    case!("min_keep", w => w.x.min_keep(0)),
    case!("any", w => w.x.any()),
    case!("any_over", w => w.x.any_over(0)),
    case!("any_keep", w => w.x.any_keep(0)),
    case!("all", w => w.x.all()),
    case!("all_over", w => w.x.all_over(0)),
    case!("all_keep", w => w.x.all_keep(0)),
    case!("count_nonzero", w => w.x.count_nonzero()),
    case!("count_nonzero_over", w => w.x.count_nonzero_over(0)),
    case!("count_nonzero_keep", w => w.x.count_nonzero_keep(0)),
    case!("var", w => w.x.var(0)),
    case!("var_over", w => w.x.var_over(0, 1)),
    case!("var_keep", w => w.x.var_keep(0, 1)),
    case!("std", w => w.x.std(0)),
    case!("std_over", w => w.x.std_over(0, 1)),
    case!("std_keep", w => w.x.std_keep(0, 1)),
    case!("norm", w => w.x.norm(2.0)),
    case!("norm_over", w => w.x.norm_over(0, 1.0)),
    case!("norm_keep", w => w.x.norm_keep(0, 3.0)),
    case!("median", w => w.x.median()),
    case!("median_over", w => w.x.median_over(0)),
    case!("median_keep", w => w.x.median_keep(0)),
    case!("quantile", w => w.x.quantile(0.5)),
    case!("quantile_over", w => w.x.quantile_over(0, 0.5)),
    case!("quantile_keep", w => w.x.quantile_keep(0, 0.5)),
    case!("logsumexp", w => w.x.logsumexp()),
    case!("logsumexp_over", w => w.x.logsumexp_over(0)),
    case!("logsumexp_keep", w => w.x.logsumexp_keep(0)),
    case!("sum_to", w => w.x.sum_to([3])),
    case!("sum_to_like", w => w.x.sum_to_like(w.x)),
    case!("count_per", w => w.x.count_per(w.s)),
    // Shapes
    case!("reshape", w => w.x.reshape([3, -1])),
    case!("reshape_like", w => w.x.reshape_like(w.x)),
    case!("permute", w => w.x.permute([1, 0])),
    case!("t", w => w.x.t()),
    case!("expand_dims", w => w.x.expand_dims(0)),
    case!("squeeze", w => w.x.squeeze([])),
    case!("broadcast_to", w => w.x.broadcast_to([4, 2, 3])),
    case!("broadcast_like", w => w.s.broadcast_like(w.x)),
    case!("slice", w => w.x.slice(s![0, ..])),
    case!("split", w => w.x.split([1, 1], 0)),
    case!("argmax", w => w.x.argmax(-1)),
    case!("argsort", w => w.x.argsort(0)),
    case!("sort", w => w.x.sort(-1)),
    case!("take_along_axis", w => w.x.take_along_axis(w.i, 0)),
    case!("to_real", w => w.i.to_real()),
    case!("take", w => w.x.take(w.i, 1)),
    case!("scatter_add", w => w.x.scatter_add(w.i, w.x, 0)),
    case!("index_add", w => w.x.index_add(w.i, w.x, 1)),
    case!("argmin", w => w.x.argmin(-1)),
    case!("argsort_descending", w => w.x.argsort_descending(0)),
    case!("sort_descending", w => w.x.sort_descending(0)),
    case!("top_k", w => w.x.top_k(1, 0)),
    case!("cumsum", w => w.x.cumsum(0)),
    case!("cumprod", w => w.x.cumprod(0)),
    case!("cummax", w => w.x.cummax(0)),
    case!("cummin", w => w.x.cummin(0)),
    case!("cumargmax", w => w.x.cumargmax(0)),
    case!("logcumsumexp", w => w.x.logcumsumexp(0)),
    case!("flatten", w => w.x.flatten(0, -1)),
    case!("expand", w => w.s.expand([2])),
    case!("flip", w => w.x.flip(0)),
    case!("roll", w => w.x.roll(1, 0)),
    case!("repeat", w => w.x.repeat(2, 0)),
    case!("tile", w => w.x.tile([2, 2])),
    case!("array_split", w => w.x.array_split(2, 0)),
    case!("unstack", w => w.x.unstack(0)),
    case!("masked_fill", w => w.x.masked_fill(w.x, 0.0)),
    case!("meshgrid", w => { let v = w.tape.var(w.i.id()).unwrap(); w.tape.meshgrid([v, v]) }),
    case!("diagonal", w => w.x.diagonal(0)),
    case!("diag", w => w.x.diag(0)),
    case!("diag_embed", w => w.x.diag_embed(0)),
    case!("trace", w => w.x.trace()),
    case!("tril", w => w.x.tril(0)),
    case!("triu", w => w.x.triu(0)),
    // Products and classification
    case!("matmul", w => w.x.matmul(w.x)),
    case!("contract", w => w.x.expand_dims(0).matmul(w.x)),
    case!("dot", w => w.x.slice(s![0, ..]).dot(w.x.slice(s![1, ..]))),
    case!("outer", w => w.x.slice(s![0, ..]).outer(w.x.slice(s![1, ..]))),
    // Convolution
    case!("pad", w => w.x.pad([(1, 1)], ops::PadMode::Reflect)),
    case!("windows", w => w.x.windows([2], [1], [1])),
    case!("fold", w => w.x.fold([1], [1], [0])),
    case!("conv", w => w.image.conv(w.image, ops::ConvOptions::default())),
    case!("conv_transpose", w => w.image.conv_transpose(w.image, ops::ConvOptions::default(), 0)),
    case!("max_pool", w => w.image.max_pool(ops::PoolOptions::new(1))),
    case!("avg_pool", w => w.image.avg_pool(ops::PoolOptions::new(1))),
    case!("adaptive_avg_pool", w => w.image.adaptive_avg_pool(1)),
    case!("adaptive_max_pool", w => w.image.adaptive_max_pool(1)),
    case!("softmax", w => w.x.softmax(-1)),
    case!("log_softmax", w => w.x.log_softmax(-1)),
    case!("softmax_cross_entropy", w => w.x.softmax_cross_entropy(w.x)),
    case!("softmax_cross_entropy", w => w.x.softmax_cross_entropy(w.i)),
    case!("one_hot", w => w.i.one_hot(3)),
    case!("one_hot_like", w => w.i.one_hot_like(w.x)),
    case!("rand_like", w => w.x.rand_like(w.i, w.i, 0)),
    case!("randn_like", w => w.x.randn_like(w.i, w.i, 0)),
    case!("one_hot_like_ignoring", w => w.i.one_hot_like_ignoring(w.x, 7)),
    // Values and gradients
    case!("named", w => w.x.named("z")),
    case!("value", w => w.x.value()),
    case!("grad", w => w.s.grad([w.s])),
    case!("vjp", w => w.x.vjp(w.x, [w.x])),
    case!("jvp", w => w.x.jvp([(w.x, w.x)])),
    case!("hvp", w => w.s.hvp([(w.s, w.s)])),
    case!("jacobian", w => w.x.jacobian([w.x])),
    case!("jacobian", w => w.x.jacobian([w.s])),
    case!("hessian", w => w.s.hessian([w.s])),
    case!("checkpoint", w => w.tape.checkpoint(|| w.x)),
    case!("with_vjp", w => w.tape.with_vjp("z", [w.x], |[x]| x, |_, _, dy| [dy])),
    case!("backward", w => w.s.backward()),
    case!("sweep", w => w.s.sweep([w.s])),
    // Networks
    case!("Sequential::forward", w => Sequential::new().push(Affine::new(3, 2)).forward(w.x)),
    case!("Sequential::forward", w => Sequential::new().push(Relu).forward(w.x)),
    case!("Sequential::parameters", w => Sequential::new().push(Affine::new(3, 2)).parameters(w.tape)),
    case!("SoftmaxWithLoss::forward", w => SoftmaxWithLoss.forward(w.x, w.i)),
    case!("MseLoss::forward", w => MseLoss::default().forward(w.x, w.x)),
    case!("HuberLoss::forward", w => HuberLoss::default().forward(w.x, w.x)),
    case!("BceLoss::forward", w => BceLoss::default().forward(w.x, w.x)),
    case!("BceWithLogitsLoss::forward", w => BceWithLogitsLoss::default().forward(w.x, w.x)),
    case!("KlDivLoss::forward", w => KlDivLoss::default().forward(w.x, w.x)),
    case!("CrossEntropyLoss::forward", w => CrossEntropyLoss::default().label_smoothing(0.1).forward(w.x, w.x)),
    case!("TripletMarginLoss::forward", w => TripletMarginLoss::default().forward(w.x, w.x, w.x)),
    case!("cosine_similarity", w => cosine_similarity(w.x, w.x)),
    case!("Sgd::apply", w => Sgd::new(0.1).apply(&[w.p], &[w.x])),
    case!("Momentum::apply", w => Momentum::new(0.1, 0.9).apply(&[w.p], &[w.x])),
    case!("Adam::apply", w => Adam::new(0.1).apply(&[w.p], &[w.x])),
    case!("AdamW::apply", w => AdamW::new(Rate::cosine(0.1, 0.0, 9)).apply(&[w.p], &[w.x])),
    case!("AdaGrad::apply", w => AdaGrad::new(0.1).apply(&[w.p], &[w.x])),
    case!("RmsProp::apply", w => RmsProp::new(0.1).apply(&[w.p], &[w.x])),
    case!("Lion::apply", w => Lion::new(0.1).apply(&[w.p], &[w.x])),
    case!("Clip::apply", w => Clip::by_global_norm(Sgd::new(0.1), 1.0).apply(&[w.p], &[w.x])),
    case!("Clip::apply", w => Clip::by_value(Sgd::new(0.1), 1.0).apply(&[w.p], &[w.x])),
    case!("Accumulate::apply", w => Accumulate::new(Sgd::new(0.1), 2).apply(&[w.p], &[w.x])),
    case!("Groups::apply", w => Groups::new(Sgd::new(0.1)).apply(&[w.p], &[w.x])),
    case!("Rate::at", w => Rate::cosine(0.1, 0.0, 9).at(w.s)),
    case!("Rate::at", w => Rate::one_cycle(0.1, 9).warm_up(3).at(w.s)),
    case!("Rate::at", w => Rate::milestones(0.1, &[2, 3], 0.5).at(w.s)),
    case!("global_norm", w => global_norm(&[w.p])),
    case!("clip_by_global_norm", w => clip_by_global_norm(&[w.p], 1.0)),
    case!("clip_by_value", w => clip_by_value(&[w.p], 1.0)),
    case!("Optimizer::step", w => Adam::new(0.1).step(w.s, &[w.p])),
    case!("Optimizer::updates", w => Adam::new(0.1).updates(w.s, &[w.p])),
    case!("Optimizer::updates", w => boxed(Sgd::new(0.1)).updates(w.s, &[w.p])),
    case!("Optimizer::apply", w => boxed(Momentum::new(0.1, 0.9)).apply(&[w.p], &[w.x])),
];

pub(super) fn boxed(optimizer: impl Optimizer + 'static) -> Box<dyn Optimizer> {
    Box::new(optimizer)
}

#[test]
fn whatever_records_or_computes_names_the_line_that_called() {
    with_world(|world| {
        let graph = world.tape.graph();
        let before = graph.len();
        let wrong: Vec<String> =
            CASES.iter().filter_map(|case| case.judge(world, "while `tape.graph()` is held")).collect();
        assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), CASES.len(), wrong.join("\n"));
        assert_eq!(graph.len(), before, "nothing is recorded");
    });
}

#[test]
fn a_scope_that_ends_while_the_graph_is_held_has_ended() {
    with_world(|world| {
        let (scope, updating) = (world.tape.scope("inner"), world.tape.updating());
        let graph = world.tape.graph();
        drop(updating);
        drop(scope);
        drop(graph);
        let after = world.x.relu().id();
        let graph = world.tape.graph();
        assert_eq!(graph.node(after).scope(), "");
        assert_eq!(graph.node(after).origin(), chainrule::graph::Origin::Forward);
    });
}

#[test]
fn what_only_reads_goes_on() {
    with_world(|world| {
        let _graph = world.tape.graph();
        let x = world.x;
        assert_eq!((x.shape(), x.rank(), x.name().as_deref()), (vec![2, 3], 2, Some("x")));
        assert!(x.location().is_some() && !x.is_structural_zero() && format!("{x:?}").contains("`x`"));
        assert!(world.tape.var(x.id()).is_some() && world.tape.parameters().len() == 1);
        assert_eq!(world.tape.parameter("p", [2, 3]).id(), world.p.id(), "it is there already");
        assert!(world.tape.graph().len() > 5);
        world.tape.evcxr_display();
        x.evcxr_display();
    });
}
