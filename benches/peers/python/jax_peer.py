"""JAX on the CPU. Workloads A, D, E, F, H and I.

Gradient and update are compiled into one function, which draws from the images too and may overwrite the parameters
it is given. Variants of E: `unrolled`, as a program of a thousand ops; `scan`, as a loop. Of I: `scan`; `unrolled`,
the 32 times one after another."""

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


def image_loss(p, x, t):
    """Images with channels last, as XLA likes them; with channels first it takes as long."""

    def convolved(x, weights, bias):
        layout = ("NHWC", "OIHW", "NHWC")
        y = jax.nn.relu(jax.lax.conv_general_dilated(x, weights, (1, 1), "VALID", dimension_numbers=layout) + bias)
        return jax.lax.reduce_window(y, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")

    y = convolved(convolved(x, p[0], p[1]), p[2], p[3]).transpose(0, 3, 1, 2).reshape(len(x), -1)
    scores = jax.nn.log_softmax(y @ p[4] + p[5])
    return -jnp.mean(jnp.take_along_axis(scores, t[:, None], axis=1))


def images():
    training, dtype = common.Training(asked), common.precision(asked)
    parameters = [jnp.asarray(array, dtype) for array in common.parameters(asked)]
    pixels, labels = common.images()
    x, t = jnp.asarray(common.pixels(pixels, dtype)).reshape(-1, 28, 28, 1), jnp.asarray(labels)

    def descend(parameters, x, t, rows):
        loss, gradients = jax.value_and_grad(image_loss)(parameters, x[rows], t[rows])
        return loss, [p - common.RATE * g for p, g in zip(parameters, gradients)]

    descend = jax.jit(descend, donate_argnums=0)

    def step(rows):
        nonlocal parameters
        loss, parameters = descend(parameters, x, t, rows)
        return float(loss)

    rng = np.random.default_rng(1)
    training.run(step, lambda n: rng.integers(0, 60_000, n))


def block_loss(p, x, t):
    n, tokens, width = x.shape

    def normed(x, weight, bias):
        centred = x - x.mean(-1, keepdims=True)
        return centred * jax.lax.rsqrt(jnp.square(centred).mean(-1, keepdims=True) + 1e-5) * weight + bias

    def heads(y):
        return y.reshape(n, tokens, common.HEADS, -1).transpose(0, 2, 1, 3)

    q, k, v = map(heads, jnp.split(normed(x, p[0], p[1]) @ p[2].T + p[3], 3, axis=-1))
    scores = q @ k.transpose(0, 1, 3, 2) / np.sqrt(width / common.HEADS).astype(x.dtype)
    mixed = (jax.nn.softmax(scores) @ v).transpose(0, 2, 1, 3).reshape(x.shape)
    x = x + mixed @ p[4].T + p[5]
    hidden = jax.nn.gelu(normed(x, p[6], p[7]) @ p[8] + p[9], approximate=False)
    return jnp.mean(jnp.square(x + hidden @ p[10] + p[11] - t))


def lstm_loss(p, x, t):
    zeros = jnp.zeros((len(x), 128), x.dtype)

    def cell(state, part):
        h, c = state
        i, f, g, o = jnp.split(part + h @ p[1].T + p[3], 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    of_input = (x @ p[0].T + p[2]).transpose(1, 0, 2)
    _, y = jax.lax.scan(cell, (zeros, zeros), of_input, unroll=UNROLLED)
    return jnp.mean(jnp.square(y.transpose(1, 0, 2) - t))


UNROLLED = 32 if asked.variant == "unrolled" else 1  # times of a step of the loop over them


def sequences():
    dtype = common.precision(asked)
    parameters = [jnp.asarray(array, dtype) for array in common.parameters(asked)]
    x, t = (jnp.asarray(array, dtype) for array in common.batch(asked))
    adamw = asked.workload == "H"
    loss_of = block_loss if adamw else lstm_loss
    memory = [(jnp.zeros_like(p), jnp.zeros_like(p)) for p in parameters] if adamw else []

    def descend(parameters, memory, count, x, t):
        loss, gradients = jax.value_and_grad(loss_of)(parameters, x, t)
        if not adamw:
            return loss, [p - common.LSTM_RATE * g for p, g in zip(parameters, gradients)], memory
        memory = [(0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g) for (m, v), g in zip(memory, gradients)]
        scales = 1 / (1 - 0.9**count), 1 / (1 - 0.999**count)

        def updated(p, m, v):
            step = m * scales[0] / (jnp.sqrt(v * scales[1]) + 1e-8)
            return p * (1 - 0.01 * common.ADAMW_RATE) - common.ADAMW_RATE * step

        return loss, [updated(p, *mv) for p, mv in zip(parameters, memory)], memory

    descend = jax.jit(descend, donate_argnums=(0, 1))
    count = 0

    def step():
        nonlocal parameters, memory, count
        count += 1
        loss, parameters, memory = descend(parameters, memory, dtype(count), x, t)
        return float(loss)

    common.run(asked, step)


if asked.workload in "AD":
    train()
elif asked.workload == "F":
    images()
elif asked.workload in "HI":
    sequences()
elif asked.workload == "E":
    chain()
else:
    common.refuse(asked)
