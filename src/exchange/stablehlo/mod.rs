//! StableHLO as text: <https://openxla.org/stablehlo/spec>.

mod constants;
mod types;
mod write;
