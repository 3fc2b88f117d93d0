//! The twelve graphs.

use chainrule::nn::{
    Adam, Affine, Layer, Lstm, MultiHeadAttention, Optimizer, Relu, Sequential, Sigmoid, TransformerBlock,
};
use chainrule::picture::{Level, Picture};
use chainrule::{Result, Tape, Var};

type Draw = fn(&Tape) -> Result<Picture>;

/// The widest drawing that a page of text shows with letters of 7 pixels: 880 pixels wide, and letters of 11.
pub(crate) const WIDEST: u32 = 1_380;

/// Every graph with its name.
pub(crate) const ALL: [(&str, Draw); 12] = [
    ("transformer", transformer),
    ("lstm", lstm),
    ("fan_in", fan_in),
    ("ladder", ladder),
    ("butterfly", butterfly),
    ("gan", gan),
    ("second_order", second_order),
    ("adam", adam),
    ("long_names", long_names),
    ("random", random),
    ("chain", chain),
    ("residual", residual),
];

/// Twelve blocks of a transformer.
fn transformer(tape: &Tape) -> Result<Picture> {
    let block = || TransformerBlock::new(64, 256, MultiHeadAttention::new(64, 4).causal());
    let net = (0..12).fold(Sequential::new(), |net, _| net.push(block()));
    let y = net.forward(tape.input("x", [2, 16, 64]));
    y.square().mean().draw().max_width(WIDEST).picture()
}

/// Twenty time steps of a long short-term memory, all open.
fn lstm(tape: &Tape) -> Result<Picture> {
    let y = Lstm::new(8, 16).forward(tape.input("x", [1, 20, 8]));
    y.square().mean().draw().level(Level::Nodes).max_width(WIDEST).picture()
}

/// A thousand inputs joined by one op.
fn fan_in(tape: &Tape) -> Result<Picture> {
    let all: Vec<Var<'_>> = (0..1_000).map(|i| tape.input(&format!("x{i}"), [2, 1])).collect();
    tape.concat(&all, 1).sum().draw().max_width(WIDEST).picture()
}

/// Two chains with rungs between them.
fn ladder(tape: &Tape) -> Result<Picture> {
    let (mut a, mut b) = (tape.leaf("a", 1.0), tape.leaf("b", 2.0));
    for _ in 0..8 {
        (a, b) = (a + b, (a * b).sin());
    }
    (a - b).draw().max_width(WIDEST).picture()
}

/// The butterflies of a Fourier transform of eight numbers.
fn butterfly(tape: &Tape) -> Result<Picture> {
    let mut all: Vec<Var<'_>> = (0..8).map(|i| tape.leaf(&format!("x{i}"), f64::from(i))).collect();
    for stage in 0..3 {
        let step = 1 << stage;
        let pair = |i: usize| if i & step == 0 { all[i] + all[i | step] } else { all[i & !step] - all[i] };
        all = (0..8).map(pair).collect();
    }
    tape.draw(&all).max_width(WIDEST).picture()
}

/// A generator, and a discriminator that sees its pictures and real ones.
fn gan(tape: &Tape) -> Result<Picture> {
    let layers = |sizes: [usize; 3]| {
        Sequential::new()
            .push(Affine::new(sizes[0], sizes[1]))
            .push(Relu)
            .push(Affine::new(sizes[1], sizes[2]))
    };
    let (generator, discriminator) = (layers([16, 64, 784]), layers([784, 64, 1]));
    let (z, real) = (tape.input("z", [32, 16]), tape.input("real", [32, 784]));
    let fake = {
        let _scope = tape.scope("generator");
        generator.forward(z).sigmoid().named("fake")
    };
    let [on_fake, on_real] = [fake, real].map(|x| {
        let _scope = tape.scope("discriminator");
        discriminator.forward(x)
    });
    let d = ((-on_real).softplus().mean() + on_fake.softplus().mean()).named("loss D");
    let g = (-on_fake).softplus().mean().named("loss G");
    tape.draw(&[d, g]).max_width(WIDEST).picture()
}

/// A second derivative, with the nodes that both passes recorded.
fn second_order(tape: &Tape) -> Result<Picture> {
    let x = tape.leaf("x", 2.0);
    let y = x.powi(4) - 2.0 * x.square();
    let [dy] = y.grad([x]);
    let [ddy] = dy.grad([x]);
    (x - dy / ddy).draw().backward(true).max_width(WIDEST).picture()
}

/// A step of Adam: loss, gradients and updates.
fn adam(tape: &Tape) -> Result<Picture> {
    let net = Sequential::new().push(Affine::new(2, 8)).push(Sigmoid).push(Affine::new(8, 1));
    let loss = (net.forward(tape.input("x", [4, 2])) - tape.input("t", [4, 1])).square().mean();
    let updates = Adam::new(0.05).updates(loss, &net.parameters(tape));
    let new: Vec<Var<'_>> = std::iter::once(loss).chain(updates.into_iter().map(|(_, new)| new)).collect();
    tape.draw(&new).max_width(WIDEST).picture()
}

/// Names that are longer than what they name.
fn long_names(tape: &Tape) -> Result<Picture> {
    let named = |name: &str| tape.input(name, [128, 64]);
    let features = named("the_features_of_all_customers_before_the_first_of_january");
    let weights = tape.parameter("encoder/projection/weight_of_the_customers_features", [64, 32]);
    let _scope = tape.scope("a_scope_with_a_name_that_is_as_long_as_the_others");
    let y = features.matmul(weights).named("the product of features and weights, before the activation");
    let z = y.tanh().named("what_is_left_after_the_activation") * y.sigmoid().named("gate");
    z.sum().named("the_loss_over_all_customers_in_the_batch").draw().max_width(WIDEST).picture()
}

/// Nineteen hundred numbers, each made of two before it.
fn random(tape: &Tape) -> Result<Picture> {
    let mut state = 7_u64;
    let mut below = |limit: usize| {
        // The constants of Knuth's MMIX.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit
    };
    let mut all = vec![tape.leaf("x", 0.5)];
    for node in 1..1_900 {
        let (a, b) = (all[below(node)], all[below(node)]);
        all.push(if below(2) == 0 { a + b } else { a * b });
    }
    tape.draw_all().values(false).max_width(WIDEST).picture()
}

/// Forty thousand ops one after the other.
fn chain(tape: &Tape) -> Result<Picture> {
    let mut x = tape.leaf("x", 0.5);
    for _ in 0..10_000 {
        x = (x.sin() * 1.1 + 0.1).tanh();
    }
    x.draw().values(false).max_width(WIDEST).picture()
}

/// Eight residual blocks, all open.
fn residual(tape: &Tape) -> Result<Picture> {
    let mut x = tape.input("x", [4, 6]);
    for block in 1..=8 {
        let _scope = tape.scope(&format!("block{block}"));
        let inner = Sequential::new().push(Affine::new(6, 6)).push(Sigmoid).push(Affine::new(6, 6));
        x = x + inner.forward(x);
    }
    x.square().mean().draw().level(Level::Nodes).max_width(WIDEST).picture()
}
