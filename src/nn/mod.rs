//! Layers, networks, initialisers and optimisers, written with the public API alone.
//!
//! A layer is a description: its parameters, and how it records its forward pass. Parameter values live in a
//! [`State`](crate::State), under the names that a [`Sequential`] gives them, so a network can be recorded, drawn and
//! differentiated before it has values.
//!
//! ```
//! use chainrule::Tape;
//! use chainrule::nn::{Affine, Gaussian, Optimizer, Relu, Sequential, Sgd, SoftmaxWithLoss};
//! use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
//!
//! let net = Sequential::new()
//!     .push(Affine::new(784, 50).init(Gaussian(0.01)))
//!     .push(Relu)
//!     .push(Affine::new(50, 10).init(Gaussian(0.01)));
//!
//! let tape = Tape::new();
//! let (x, t) = (tape.input("x", [100, 784]), tape.input("t", [100, 10]));
//! let loss = SoftmaxWithLoss.forward(net.forward(x), t);
//! let updates = Sgd::new(0.1).updates(loss, &net.parameters(&tape));
//! assert_eq!(updates[0].0.name().as_deref(), Some("affine1/weight"));
//!
//! let state = net.init::<f32>(&mut ChaCha8Rng::seed_from_u64(1));
//! assert_eq!(state.get("affine2/bias").unwrap().shape(), [10]);
//! ```

mod accuracy;
mod activation;
mod affine;
mod conv;
mod init;
mod layer;
mod loss;
mod optimizers;
mod pool;
mod regular;
mod sequence;
mod sequential;

pub use accuracy::{accuracy, argmax_rows};
pub use activation::{
    Celu, Elu, Gelu, GeluTanh, HardSigmoid, HardSwish, HardTanh, LeakyRelu, LogSigmoid, LogSoftmax, Mish,
    Relu, Selu, Sigmoid, Silu, Softmax, Softplus, Softsign, Tanh,
};
pub use affine::Affine;
pub use conv::{Conv, Conv1d, Conv2d, Conv3d, ConvTranspose, ConvTranspose1d, ConvTranspose2d};
pub use init::{Gaussian, He, Init, LeCun, Orthogonal, TruncatedNormal, Xavier, Zeros};
pub use layer::{Layer, Parameter, Training};
pub use loss::{
    BceLoss, BceWithLogitsLoss, CosineEmbeddingLoss, CrossEntropyLoss, HuberLoss, KlDivLoss, L1Loss, MseLoss,
    NllLoss, Reduction, SmoothL1Loss, SoftmaxWithLoss, TripletMarginLoss, binary_cross_entropy,
    cosine_similarity, mae, mse,
};
pub use optimizers::{
    Accumulate, AdaGrad, Adam, AdamW, Clip, Groups, Lbfgs, Lion, Minimum, Momentum, Optimizer, Rate, RmsProp,
    Sgd, StopReason, TrainingStep, clip_by_global_norm, clip_by_value, global_norm,
};
pub use pool::{AdaptiveAvgPool, AdaptiveMaxPool, AvgPool, Flatten, MaxPool};
pub use regular::{BatchNorm, Dropout, GroupNorm, LayerNorm, Ones, RmsNorm};
pub use sequence::{
    Embedding, Gru, Lstm, MultiHeadAttention, Recurrent, Rnn, SinusoidalPositions, Stacked, TransformerBlock,
};
pub use sequential::Sequential;
