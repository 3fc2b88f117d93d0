//! Trainings, for other engines to repeat: the step, the state before it, batches of MNIST, and the losses of the plan.

use crate::models::lenet;
use chainrule::data::mnist::{CLASSES, Mnist, PIXELS};
use chainrule::exchange::{Export, ExportPrecision};
use chainrule::nn::{Adam, Affine, Optimizer, Relu, Sequential, Sgd, SoftmaxWithLoss};
use chainrule::{Plan, State, Tape, Var};
use ndarray::{Array1, ArrayD, Axis, stack};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use std::error::Error;
use std::path::Path;

const STEPS: usize = 30;

struct Training {
    name: &'static str,
    net: Sequential,
    optimizer: Box<dyn Optimizer>,
    batch: usize,
    images: bool,
}

impl Training {
    fn scores<'t>(&self, x: Var<'t>) -> Var<'t> {
        self.net.forward(if self.images { x.reshape([-1, 1, 28, 28]) } else { x })
    }

    /// `NAME.mlir`, `NAME.start.safetensors`, `NAME.end.safetensors` and `NAME.batches.safetensors`: inputs of all steps, and losses.
    fn write(&self, folder: &Path, mnist: &Mnist) -> Result<(), Box<dyn Error>> {
        let tape = Tape::new();
        let (x, t) = (tape.input("x", [self.batch, PIXELS]), tape.index_input("t", [self.batch]));
        let loss = SoftmaxWithLoss.forward(self.scores(x), t).named("loss");
        let parameters = self.net.parameters(&tape);
        let updates = self.optimizer.apply(&parameters, &loss.try_grad(&parameters)?);
        let mut state: State<f32> = self.net.init(&mut ChaCha8Rng::seed_from_u64(1));
        self.optimizer.init(&parameters, &mut state);
        let file = |ending: &str| folder.join(format!("{}.{ending}", self.name));
        let export = Export::new([loss], updates.iter().copied())?;
        std::fs::write(file("mlir"), export.to_stablehlo(ExportPrecision::F32))?;
        state.save(file("start.safetensors"))?;
        let mut step = Plan::<f32>::compile([loss], updates)?;
        let (mut images, mut labels, mut losses) = (Vec::new(), Vec::new(), Vec::new());
        for k in 0..STEPS {
            let rows: Vec<usize> = (k * self.batch..(k + 1) * self.batch).collect();
            let pixels = mnist.test.images().select(Axis(0), &rows).mapv(|byte| f32::from(byte) / 255.0);
            let classes = mnist.test.classes().select(Axis(0), &rows);
            step.feed(x, &pixels)?;
            step.feed_indices(t, &classes)?;
            losses.push(step.run(&mut state)?.item(loss));
            images.push(pixels);
            labels.push(classes.mapv(|i| i as f32));
        }
        state.save(file("end.safetensors"))?;
        let views = |all: &[ndarray::Array<f32, _>]| -> Result<ArrayD<f32>, ndarray::ShapeError> {
            Ok(stack(Axis(0), &all.iter().map(|a| a.view()).collect::<Vec<_>>())?.into_dyn())
        };
        let labels: Vec<_> = labels.iter().map(|l: &Array1<f32>| l.clone().insert_axis(Axis(0))).collect();
        let mut batches = State::<f32>::new();
        batches.insert("x", views(&images)?);
        let labels = views(&labels)?;
        batches.insert("t", labels.into_shape_with_order((STEPS, self.batch))?);
        batches.insert("losses", Array1::from(losses));
        batches.save(file("batches.safetensors"))?;
        Ok(())
    }
}

pub(crate) fn write_trainings(folder: &Path) -> Result<(), Box<dyn Error>> {
    let mnist = Mnist::load(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/mnist"))?;
    let chapter = Sequential::new().push(Affine::new(PIXELS, 50)).push(Relu).push(Affine::new(50, CLASSES));
    let sgd: Box<dyn Optimizer> = Box::new(Sgd::new(0.1));
    let trainings = [
        Training { name: "two_layer_net", net: chapter, optimizer: sgd, batch: 100, images: false },
        Training { name: "lenet", net: lenet(), optimizer: Box::new(Adam::new(2e-3)), batch: 64, images: true },
    ];
    trainings.iter().try_for_each(|training| training.write(folder, &mnist))
}
