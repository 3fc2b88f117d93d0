"""What the programs of this folder have in common with those in `../src`: the same jobs, from the same start, timed
alike. A program is told a workload and prints one line of JSON: what it took and what it computed."""

import argparse
import gzip
import json
import time
from pathlib import Path

import numpy as np

MNIST = Path(__file__).resolve().parents[3] / "data" / "mnist"

RATE = 0.1  # the learning rate
COMPARED = 20  # steps on the same batches in every engine, before those that are timed
LAST = 100  # steps at the end whose mean loss is told

LINKS = 333  # of the chain of workload E
WIDTH = 32  # numbers in it

ADAMW_RATE = 0.001  # of workload H; its other settings are β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸, λ = 0.01
LSTM_RATE = 10.0  # of workload I: the loss is a mean over many outputs
HEADS = 4


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("workload", choices="ABDEFHI")
    parser.add_argument("--dtype", choices=["f32", "f64"], default="f32")
    parser.add_argument("--variant", default="")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=100, help="that are timed")
    parser.add_argument("--warm", type=int, default=10, help="steps before them that are not")
    return parser.parse_args()


def refuse(asked):
    raise SystemExit(f"no workload {asked.workload} in {asked.dtype} with variant `{asked.variant}` here")


def precision(asked):
    return np.float64 if asked.dtype == "f64" else np.float32


def now():
    """Two clocks: of the time that passes, and of that for which processors work on this program."""
    return np.array([time.perf_counter(), time.process_time()])


def measure(asked, step):
    """The mean time of a step in seconds by both clocks, after those that warm up."""
    for _ in range(asked.warm):
        step()
    began = now()
    for _ in range(asked.steps):
        step()
    return (now() - began) / asked.steps


def report(asked, seconds, **computed):
    passed, worked = 1e6 * seconds
    line = {
        "workload": asked.workload,
        "dtype": asked.dtype,
        "variant": asked.variant,
        "threads": asked.threads,
        "microseconds": passed,
        "processor_microseconds": worked,
        "computed": {name: float(number) for name, number in computed.items()},
    }
    print(json.dumps(line), flush=True)


def images():
    """The 60,000 images to train on, as rows of bytes, and their labels."""

    def read(name, header):
        with gzip.open(MNIST / f"{name}.gz") as file:
            return np.frombuffer(file.read(), np.uint8, offset=header)

    pixels = read("train-images-idx3-ubyte", 16).reshape(-1, 784)
    return pixels, read("train-labels-idx1-ubyte", 8).astype(np.int64)


def pixels(images, dtype):
    """Numbers from 0 to 1."""
    return images.astype(dtype) / dtype(255)


def one_hot(labels, dtype):
    return np.eye(10, dtype=dtype)[labels]


class Random:
    """The numbers of `../src/random.rs`, all of a call at once: SplitMix64."""

    STEP = np.uint64(0x9E3779B97F4A7C15)

    def __init__(self, stream):
        self.state = self.mix(np.array([stream], np.uint64))

    @staticmethod
    def mix(x):
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))

    def bits(self, n):
        states = self.state + np.arange(1, n + 1, dtype=np.uint64) * self.STEP
        self.state = states[-1:]
        return self.mix(states)

    def below(self, bound, n):
        product = (self.bits(n) >> np.uint64(32)) * np.uint64(bound)
        return (product >> np.uint64(32)).astype(np.int64)

    def normal(self, n):
        unit = (self.bits(2 * n) >> np.uint64(11)) / 2.0**53
        return np.sqrt(-2.0 * np.log(1.0 - unit[0::2])) * np.cos(2.0 * np.pi * unit[1::2])


class Training:
    """Workloads A, D and F: steps of gradient descent on images drawn at random."""

    def __init__(self, asked):
        self.asked = asked
        if asked.workload == "D":
            self.sizes, self.batch = [784, 512, 512, 10], 128
            self.deviation = lambda inputs: np.sqrt(2.0 / inputs)
        elif asked.workload == "F":
            self.batch = 64  # its parameters are those of `parameters`
        else:
            self.sizes, self.batch = [784, 50, 10], 100
            self.deviation = lambda inputs: 0.01

    def layers(self):
        """Weights and biases at the start, in f64."""
        for k, (inputs, outputs) in enumerate(zip(self.sizes, self.sizes[1:]), 1):
            weights = self.deviation(inputs) * Random(k).normal(inputs * outputs)
            yield weights.reshape(inputs, outputs), np.zeros(outputs)

    def run(self, step, draw):
        """Trains, and prints the line. A step is given the images to take as `draw` gives them, which is an engine's
        own way to draw at random and is timed; it returns its loss."""
        random = Random(0)
        losses = [step(random.below(60_000, self.batch)) for _ in range(COMPARED)]
        seconds = measure(self.asked, lambda: losses.append(step(draw(self.batch))))
        first, compared = losses[0], losses[COMPARED - 1]
        report(self.asked, seconds, first=first, compared=compared, last=np.mean(losses[-LAST:]))


def chain_operands(dtype):
    """x, a and b of workload E."""
    x = np.array([2.0 * i / (WIDTH - 1) - 1.0 for i in range(WIDTH)], dtype)
    return x, np.full(WIDTH, 0.9, dtype), np.full(WIDTH, 0.1, dtype)


# Shapes of the parameters of workloads F, H and I, and what they start with: a number, or a gain and how many inputs.
PARAMETERS = {
    "F": [
        ((16, 1, 5, 5), (2, 25)),
        ((16,), 0),
        ((32, 16, 5, 5), (2, 400)),
        ((32,), 0),
        ((512, 10), (2, 512)),
        ((10,), 0),
    ],
    "H": [
        ((128,), 1),
        ((128,), 0),
        ((384, 128), (1, 128)),
        ((384,), 0),
        ((128, 128), (1, 128)),
        ((128,), 0),
        ((128,), 1),
        ((128,), 0),
        ((128, 512), (2, 128)),
        ((512,), 0),
        ((512, 128), (2, 512)),
        ((128,), 0),
    ],
    "I": [((512, 128), (1, 128)), ((512, 128), (1, 128)), ((512,), 0), ((512,), 0)],
}


def parameters(asked):
    """The parameters at the start, as `../src/networks.rs` says, in f64."""

    def numbers(k, shape, start):
        if isinstance(start, int):
            return np.full(shape, float(start))
        gain, inputs = start
        return (np.sqrt(gain / inputs) * Random(k).normal(np.prod(shape))).reshape(shape)

    return [numbers(k, *parameter) for k, parameter in enumerate(PARAMETERS[asked.workload], 1)]


def batch(asked):
    """The inputs and the targets of workloads H and I, which every step takes, in f64."""
    shape = (8, 64, 128) if asked.workload == "H" else (32, 32, 128)
    return [Random(stream).normal(np.prod(shape)).reshape(shape) for stream in (101, 102)]


def run(asked, step):
    """Trains on one batch, and prints the line. A step returns its loss."""
    losses = [step() for _ in range(COMPARED)]
    last = losses[-1]

    def timed():
        nonlocal last
        last = step()

    seconds = measure(asked, timed)
    report(asked, seconds, first=losses[0], compared=losses[-1], last=last)
