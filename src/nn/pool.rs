//! Pools, and images as rows.

use super::Layer;
use crate::Var;
use crate::ops::{PerAxis, PoolOptions};

/// Defines a pool with windows: docs, type, kind, recorded expression.
macro_rules! pools {
    ($($(#[$doc:meta])* $layer:ident, $kind:literal, $method:ident;)+) => {
        $($(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $layer(PoolOptions);

        impl $layer {
            /// Windows of a size, one beside the other: one number for all axes, or one for each.
            pub fn new(size: impl Into<PerAxis>) -> Self {
                Self(PoolOptions::new(size))
            }

            /// With windows over an image as these options say.
            pub fn with(options: PoolOptions) -> Self {
                Self(options)
            }
        }

        impl Layer for $layer {
            fn kind(&self) -> &str {
                $kind
            }

            fn outputs(&self, inputs: Option<usize>) -> Option<usize> {
                places(&self.0, inputs?)
            }

            fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
                x.$method(self.0.clone())
            }
        })+
    };
}

pools! {
    /// The greatest element of each window of images `[n, channels, …]`, over any number of axes; see [`Var::max_pool`].
    MaxPool, "max_pool", max_pool;

    /// The mean of each window of images `[n, channels, …]`, over any number of axes; see [`Var::avg_pool`].
    AvgPool, "avg_pool", avg_pool;
}

/// The places of windows along the last axis.
fn places(options: &PoolOptions, n: usize) -> Option<usize> {
    let last = |each: &PerAxis| match each {
        PerAxis::All(n) => Some(*n),
        PerAxis::Each(each) => each.last().copied(),
    };
    let size = last(&options.size)?;
    let stride = options.stride.as_ref().map_or(Some(size), last)?;
    let (padding, extent) = (last(&options.padding)?, size.checked_sub(1)? * last(&options.dilation)? + 1);
    let rest = if options.ceil_mode { stride.checked_sub(1)? } else { 0 };
    let more = (n + 2 * padding + rest).checked_sub(extent)?.checked_div(stride)?;
    // No window starts behind the image.
    Some(if options.ceil_mode && more * stride >= n + padding { more } else { more + 1 })
}

/// Defines a pool with parts: docs, type, kind, recorded expression.
macro_rules! adaptive {
    ($($(#[$doc:meta])* $layer:ident, $kind:literal, $method:ident;)+) => {
        $($(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $layer(PerAxis);

        impl $layer {
            /// As many parts along each axis: one number for all axes, or one for each.
            pub fn new(outputs: impl Into<PerAxis>) -> Self {
                Self(outputs.into())
            }
        }

        impl Layer for $layer {
            fn kind(&self) -> &str {
                $kind
            }

            fn outputs(&self, _: Option<usize>) -> Option<usize> {
                match &self.0 {
                    PerAxis::All(n) => Some(*n),
                    PerAxis::Each(each) => each.last().copied(),
                }
            }

            fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
                x.$method(self.0.clone())
            }
        })+
    };
}

adaptive! {
    /// The mean of each of some parts of images `[n, channels, …]`, whatever their size; see [`Var::adaptive_avg_pool`].
    AdaptiveAvgPool, "adaptive_avg_pool", adaptive_avg_pool;

    /// The greatest element of each of some parts of images `[n, channels, …]`; see [`Var::adaptive_max_pool`].
    AdaptiveMaxPool, "adaptive_max_pool", adaptive_max_pool;
}

/// Images `[n, …]` as rows `[n, elements]`, for an affine map behind convolutions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flatten;

impl Layer for Flatten {
    fn kind(&self) -> &str {
        "flatten"
    }

    fn outputs(&self, _: Option<usize>) -> Option<usize> {
        None
    }

    fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        let shape = x.shape();
        assert!(!shape.is_empty(), "flatten takes images [n, …], got a single number");
        let elements = shape[1..].iter().product::<usize>() as isize;
        // The size of the batch is left open, so that the graph takes another.
        x.reshape(if elements == 0 { [shape[0] as isize, 0] } else { [-1, elements] })
    }
}
