//! Derivatives by differences, and the verdict on one that is held against them.

pub(crate) mod calibrate;
pub(crate) mod differences;
pub(crate) mod element;
pub(crate) mod function;
pub(crate) mod judge;
mod kinks;
pub(crate) mod probe;
pub(crate) mod question;
pub(crate) mod steps;
mod trust;
