"""A StableHLO module that chainrule wrote, as a function of JAX."""

import dataclasses
import re
from pathlib import Path
from typing import Callable

import jax
import jax.numpy as jnp
from jax import export
from jax.extend.mlir.dialects import stablehlo

_VALUE = re.compile(r'tensor<([^>]*)> \{chainrule\.name = "((?:[^"\\]|\\.)*)", chainrule\.role = "(\w+)"\}')
_DTYPES = {
    "f64": jnp.float64,
    "f32": jnp.float32,
    "bf16": jnp.bfloat16,
    "i32": jnp.int32,
}


@dataclasses.dataclass(frozen=True)
class Value:
    """An argument or a result: its name, `data` or `state`, shape and type."""

    name: str
    role: str
    shape: tuple[int, ...]
    dtype: jnp.dtype

    def like(self) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct(self.shape, self.dtype)


@dataclasses.dataclass(frozen=True)
class Module:
    """A function with named arguments and results."""

    arguments: tuple[Value, ...]
    results: tuple[Value, ...]
    function: Callable

    def __call__(self, values: dict[str, jax.Array]) -> tuple[dict, dict]:
        """The outputs and the new state, by name; can be traced by `jax.jit`."""
        missing = [a.name for a in self.arguments if a.name not in values]
        if missing:
            raise KeyError(f"no value for {', '.join(missing)}")
        results = self.function(*[self._as(a, values[a.name]) for a in self.arguments])
        outputs, state = {}, {}
        for value, result in zip(self.results, results):
            (state if value.role == "state" else outputs)[value.name] = result
        return outputs, state

    def names(self, role: str) -> list[str]:
        """The names of the arguments of a role, `data` or `state`."""
        return [a.name for a in self.arguments if a.role == role]

    @staticmethod
    def _as(argument: Value, value) -> jax.Array:
        value = jnp.asarray(value, argument.dtype)
        if value.dtype != argument.dtype:
            raise TypeError(f"{argument.name} is {argument.dtype}: set jax_enable_x64")
        if value.shape != argument.shape:
            raise ValueError(f"{argument.name} takes shape {argument.shape}, got {value.shape}")
        return value


def _value(found: re.Match) -> Value:
    *sizes, element = found[1].split("x")
    name = re.sub(rb"\\([0-9A-F]{2})", lambda m: bytes.fromhex(m[1].decode()), found[2].encode()).decode()
    return Value(name, found[3], tuple(map(int, sizes)), jnp.dtype(_DTYPES[element]))


def load(path: str | Path) -> Module:
    """The module in a file."""
    text = Path(path).read_text()
    signature = next((line for line in text.splitlines() if "func.func public @main(" in line), None)
    if signature is None:
        raise ValueError(f"{path} has no function `main`")
    arguments, results = signature.split(") -> (", 1)
    arguments, results = (tuple(_value(m) for m in _VALUE.finditer(part)) for part in (arguments, results))
    if any(v.dtype == jnp.float64 for v in arguments + results) and not jax.config.jax_enable_x64:
        raise TypeError(f"{path} is in f64: set jax_enable_x64")

    # JAX calls modules that it exported. This one takes the place of one with the same signature.
    def alike(*_):
        return tuple(jnp.zeros(r.shape, r.dtype) for r in results)

    exported = export.export(jax.jit(alike, keep_unused=True))(*[a.like() for a in arguments])
    artifact = stablehlo.serialize_portable_artifact_str(text, stablehlo.get_current_version())
    exported = dataclasses.replace(exported, mlir_module_serialized=artifact)
    return Module(arguments, results, exported.call)
