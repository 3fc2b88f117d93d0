"""A training step, sharded over the devices of a mesh."""

import fnmatch
from collections.abc import Iterable, Mapping

import jax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from .module import Module


class Training:
    """A module whose results hold new values of its state, run again and again.

    `rules` says how arrays are laid out over the mesh: patterns of names (as in `fnmatch`) to a `PartitionSpec`, the first that
    fits. What fits none is on every device. The batch is split by a rule for the inputs, such as `{"x": PartitionSpec("data")}`;
    that alone is data-parallel training, and XLA puts in the sums over devices. Rules for weights make it tensor-parallel.
    """

    def __init__(
        self,
        module: Module,
        state: Mapping[str, jax.Array],
        mesh: Mesh | None = None,
        rules: Iterable[tuple[str, PartitionSpec]] | Mapping[str, PartitionSpec] = (),
    ):
        self.module = module
        self.mesh = mesh
        self.rules = list(rules.items() if isinstance(rules, Mapping) else rules)
        missing = [name for name in module.names("state") if name not in state]
        if missing:
            raise KeyError(f"the state has no {', '.join(missing)}")
        dtypes = {a.name: a.dtype for a in module.arguments}
        # What the module does not know stays as it is, and is saved with the rest.
        self.state = {name: self._put(name, jax.numpy.array(array, dtypes.get(name))) for name, array in state.items()}
        self._step = jax.jit(self._run, donate_argnums=0)

    def sharding(self, name: str, rank: int) -> NamedSharding | None:
        """Where an array of this name lies. A rule for more axes than it has, as for the count of steps beside a weight's
        moments, is none for it."""
        if self.mesh is None:
            return None
        fits = (spec for pattern, spec in self.rules if len(spec) <= rank and fnmatch.fnmatchcase(name, pattern))
        return NamedSharding(self.mesh, next(fits, PartitionSpec()))

    def step(self, **inputs) -> dict[str, jax.Array]:
        """One step on inputs by name; the outputs by name. The state changes."""
        return self.step_on(inputs)

    def step_on(self, inputs: Mapping[str, jax.Array]) -> dict[str, jax.Array]:
        """As `step`, for names that are no identifiers."""
        carried = {name: self.state[name] for name in self.module.names("state")}
        dtypes = {a.name: a.dtype for a in self.module.arguments}
        inputs = {name: self._put(name, jax.numpy.asarray(x, dtypes[name])) for name, x in inputs.items()}
        outputs, state = self._step(carried, inputs)
        self.state |= state
        return outputs

    def run(self, batches: Iterable[Mapping[str, jax.Array]]) -> list[dict[str, jax.Array]]:
        """A step for each batch, and their outputs."""
        return [self.step_on(batch) for batch in batches]

    def _put(self, name: str, array: jax.Array) -> jax.Array:
        sharding = self.sharding(name, array.ndim)
        return array if sharding is None else jax.device_put(array, sharding)

    def _run(self, carried, inputs):
        outputs, state = self.module({**carried, **inputs})
        if self.mesh is not None:
            state = {n: jax.lax.with_sharding_constraint(x, self.sharding(n, x.ndim)) for n, x in state.items()}
        return outputs, {**carried, **state}
