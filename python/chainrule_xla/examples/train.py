"""Trains what Rust exported, on simulated devices, and compares every loss with that of the Rust plan.

    cargo run --manifest-path tests/interop/Cargo.toml -- target/interop trainings
    python python/chainrule_xla/examples/train.py target/interop/trainings --devices 4

The batch is split over the devices; XLA sums the gradients over them. The state at the end is saved as `NAME.xla.safetensors`,
for `State::load`.
"""

import argparse
import os
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("folder", type=Path)
parser.add_argument("--devices", type=int, default=4)
parser.add_argument("--tolerance", type=float, default=1e-5, help="how far losses may be off, relative to 1")
parser.add_argument("--tensor-parallel", action="store_true", help="split weights over the devices too")
arguments = parser.parse_args()

# Before JAX is imported: so many devices on one processor.
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={arguments.devices}"

import jax
import numpy as np
from jax.sharding import Mesh, PartitionSpec as P

import chainrule_xla

mesh = Mesh(np.array(jax.devices()[: arguments.devices]), ("data",))
rules = {"x": P("data"), "t": P("data")}
if arguments.tensor_parallel:
    # The features of the hidden layer, of its weights and all that belongs to them.
    rules |= {"*affine1/weight*": P(None, "data"), "*affine1/bias*": P("data")}
failed = False
for name in ("two_layer_net", "lenet"):
    file = lambda ending: arguments.folder / f"{name}.{ending}"
    if arguments.tensor_parallel and name == "lenet":
        continue
    module = chainrule_xla.load(file("mlir"))
    training = chainrule_xla.Training(module, chainrule_xla.load_state(file("start.safetensors")), mesh, rules)
    batches = chainrule_xla.load_state(file("batches.safetensors"))
    losses = [training.step(x=x, t=t)["loss"] for x, t in zip(batches["x"], batches["t"])]
    chainrule_xla.save_state(training.state, file("xla.safetensors"))
    off = np.abs(np.array(losses) - batches["losses"]) / np.maximum(1, np.abs(batches["losses"]))
    end = chainrule_xla.load_state(file("end.safetensors"))
    weights = max(float(np.abs(np.asarray(training.state[key]) - array).max(initial=0)) for key, array in end.items())
    first, last = batches["losses"][0], batches["losses"][-1]
    print(
        f"{name} on {arguments.devices}: {len(losses)} steps, loss {first:.4f} to {last:.4f}, off by {off.max():.1g} at most, "
        f"the state by {weights:.1g}"
    )
    failed |= bool(off.max() > arguments.tolerance)
raise SystemExit(failed)
