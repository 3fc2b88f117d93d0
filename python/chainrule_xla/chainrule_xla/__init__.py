"""Graphs of the Rust crate chainrule in JAX.

A graph leaves Rust as StableHLO (`Export::to_stablehlo`) and its state as safetensors (`State::save`); here both are loaded, run
on one device or sharded over many, and the state is saved for Rust to load.
"""

from .module import Module, Value, load
from .states import load_state, save_state
from .training import Training

__all__ = ["Module", "Training", "Value", "load", "load_state", "save_state"]
