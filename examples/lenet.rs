//! Run with:
//!
//! ```sh
//! cargo run --release --example lenet
//! ```
//!
//! The chapter after the one on backpropagation: a convolutional network in the manner of LeNet (LeCun and others 1998), on
//! the real MNIST. Three times through all images, in an order drawn anew each time and at a lower rate; then at least 0.988
//! of the test images are read right, or the program fails. A step, gradients and updates included, is one plan.
//!
//! What it prints (times and last digits differ between processors; these are of two cores that other programs used
//! as well):
//!
//! ```text
//! layer      output  parameters                        numbers
//! conv1           ?  weight [16, 1, 5, 5], bias [16]       416
//! relu1           ?                                          0
//! max_pool1       ?                                          0
//! conv2           ?  weight [32, 16, 5, 5], bias [32]   12,832
//! relu2           ?                                          0
//! max_pool2       ?                                          0
//! flatten1        ?                                          0
//! affine1        10  weight [512, 10], bias [10]         5,130
//! total                                                 18,378
//!
//! epoch    loss    test
//!     1  0.1500  0.9797  (9.0 s)
//!     2  0.0431  0.9855  (11.3 s)
//!     3  0.0272  0.9904  (12.6 s)
//! ```

#[path = "support/accuracy.rs"]
mod accuracy;

use accuracy::{Accuracy, pixel};
use chainrule::data::mnist::{CLASSES, Mnist, PIXELS};
use chainrule::nn::{
    Adam, Affine, Conv2d, Flatten, MaxPool, Optimizer, Rate, Relu, Sequential, SoftmaxWithLoss,
};
use chainrule::{Plan, PlanOptions, Tape};
use rand::seq::SliceRandom;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use std::error::Error;
use std::time::Instant;

const BATCH: usize = 64;
/// The learning rate of each time through the images.
const RATES: [f64; 3] = [2e-3, 1e-3, 2e-4];

fn main() -> Result<(), Box<dyn Error>> {
    let net = Sequential::new()
        .push(Conv2d::new(1, 16, 5))
        .push(Relu)
        .push(MaxPool::new(2))
        .push(Conv2d::new(16, 32, 5))
        .push(Relu)
        .push(MaxPool::new(2))
        .push(Flatten)
        .push(Affine::new(32 * 4 * 4, CLASSES));
    println!("{net}");
    let mnist = Mnist::load("data/mnist")?;
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let options = PlanOptions::default().threads(std::thread::available_parallelism()?.get());

    // Images come as rows of pixels; as images they have one channel.
    let tape = Tape::new();
    let x = tape.input("x", [BATCH, PIXELS]);
    let t = tape.index_input("t", [BATCH]);
    let loss = SoftmaxWithLoss.forward(net.forward(x.reshape([-1, 1, 28, 28])), t);
    let parameters = net.parameters(&tape);
    let epoch = (mnist.train.len() / BATCH) as f64;
    let adam = Adam::new(Rate::from_fn(move |t| {
        let [first, second, last] = RATES;
        t.less(epoch).select(first, t.less(2.0 * epoch).select(second, last))
    }));
    let mut state = net.init::<f32>(&mut rng);
    adam.init(&parameters, &mut state);
    let mut step = Plan::<f32>::compile_with([loss], adam.updates(loss, &parameters), options)?;

    let mut test = Accuracy::<f32>::new(|x| net.forward(x.reshape([-1, 1, 28, 28])), &mnist.test, options)?;
    let labels = mnist.train.classes();
    let mut order: Vec<usize> = (0..mnist.train.len()).collect();
    let mut accuracy = 0.0;
    println!("epoch    loss    test");
    for epoch in 1..=RATES.len() {
        let (began, mut sum, mut steps) = (Instant::now(), 0.0, 0);
        order.shuffle(&mut rng);
        for batch in order.chunks_exact(BATCH) {
            step.feed_rows(x, mnist.train.images(), batch, pixel)?;
            step.feed_indices(t, &labels.select(ndarray::Axis(0), batch))?;
            sum += f64::from(step.run(&mut state)?.item(loss));
            steps += 1;
        }
        let seconds = began.elapsed().as_secs_f64();
        accuracy = test.of(&mut state)?;
        println!("{epoch:>5}  {:.4}  {accuracy:.4}  ({seconds:.1} s)", sum / f64::from(steps));
    }
    if accuracy < 0.988 {
        return Err(format!("the accuracy is {accuracy}, and 0.988 was to be reached").into());
    }
    Ok(())
}
