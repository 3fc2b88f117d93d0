//! Kernels that are wrong on some strides, in one precision, or from one call to the next.
