"""JAX on the CPU. Workloads A, D and E.

A and D: gradient and update compiled into one function, which draws from the images too and may overwrite the
parameters it is given. Variants of E: `unrolled`, as a program of a thousand ops; `scan`, as a loop."""

import os

import common

asked = common.arguments()
# Read when JAX is imported.
several = str(asked.threads > 1).lower()
os.environ["XLA_FLAGS"] = (
    f"--xla_cpu_multi_thread_eigen={several} intra_op_parallelism_threads={asked.threads}"
)

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_enable_x64", asked.dtype == "f64")


def loss_of(parameters, x, t):
    *hidden, (weights, bias) = parameters
    for w, b in hidden:
        x = jax.nn.relu(x @ w + b)
    scores = jax.nn.log_softmax(x @ weights + bias)
    return -jnp.mean(jnp.sum(scores * t, axis=1))


def train():
    training, dtype = common.Training(asked), common.precision(asked)
    parameters = [(jnp.asarray(w, dtype), jnp.asarray(b, dtype)) for w, b in training.layers()]
    images, labels = common.images()
    x, t = jnp.asarray(common.pixels(images, dtype)), jnp.asarray(common.one_hot(labels, dtype))

    def descend(parameters, x, t, rows):
        loss, gradients = jax.value_and_grad(loss_of)(parameters, x[rows], t[rows])
        return loss, jax.tree.map(lambda p, g: p - common.RATE * g, parameters, gradients)

    descend = jax.jit(descend, donate_argnums=0)

    def step(rows):
        nonlocal parameters
        loss, parameters = descend(parameters, x, t, rows)
        return float(loss)  # waits for it

    rng = np.random.default_rng(1)
    training.run(step, lambda n: rng.integers(0, 60_000, n))


def chain():
    operands = [jnp.asarray(array) for array in common.chain_operands(common.precision(asked))]

    def unrolled(x, a, b):
        for _ in range(common.LINKS):
            x = jnp.tanh(x * a + b)
        return x.sum()

    def scan(x, a, b):
        x, _ = jax.lax.scan(lambda x, _: (jnp.tanh(x * a + b), None), x, length=common.LINKS)
        return x.sum()

    loss_of = scan if asked.variant == "scan" else unrolled
    value_and_grad = jax.jit(jax.value_and_grad(loss_of, argnums=(0, 1, 2)))

    def step():
        step.last = jax.block_until_ready(value_and_grad(*operands))

    seconds = common.measure(asked, step)
    loss, (_, da, db) = step.last
    common.report(asked, seconds, loss=loss, da=da.sum(), db=db.sum())


if asked.workload in "AD":
    train()
elif asked.workload == "E":
    chain()
else:
    common.refuse(asked)
