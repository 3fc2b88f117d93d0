#!/usr/bin/env python3
"""Runs the same workloads in all engines, in turn, and prints what they took as Markdown.

Every round starts each program once, one after the other, so that whatever else slows the machine down meets all of
them. A figure is the median over the rounds; a ratio is the median of each round's time over the reference's in the
same round. Who computed something else gets no ratio."""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tomllib
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILT = HERE.parents[1] / "target" / "peers"

THREADS = ["OMP", "OPENBLAS", "MKL", "RAYON", "MATMUL"]  # each with _NUM_THREADS behind it
REMOVED = ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"]  # they change which kernels OpenBLAS takes


@dataclass(frozen=True)
class Peer:
    """A row of a table: a program, and how it is told to run."""

    name: str
    program: str
    variant: str = ""
    steps: int | None = None  # if not those of the workload
    warm: int | None = None
    differs: dict[str, float | None] = field(default_factory=dict)  # numbers that are others here, and None for any

    def command(self, options, workload, dtype, threads):
        file = HERE / "python" / f"{self.program}_peer.py"
        program = [options.python, file] if file.exists() else [options.programs / f"peer-{self.program}"]
        told = {
            "dtype": dtype,
            "variant": self.variant,
            "threads": threads,
            "steps": workload.steps if self.steps is None else self.steps,
            "warm": workload.warm if self.warm is None else self.warm,
        }
        return [*map(str, program), workload.letter, *(f"--{option}={value}" for option, value in told.items())]


@dataclass(frozen=True)
class Workload:
    letter: str
    title: str
    unit: str
    per_unit: float  # microseconds
    steps: int
    warm: int
    expected: dict[str, tuple[float, float, float]]  # a number, and how far off it may be, in f32 and in f64, relatively
    reference: str  # the row that ratios are to
    peers: tuple[Peer, ...]
    dtypes: tuple[str, ...] = ("f32", "f64")
    threads: tuple[int, ...] = (1, 2)


TRAINING = (
    Peer("chainrule, images as bytes", "chainrule", "bytes"),
    Peer("chainrule, images as floats", "chainrule", "floats"),
    Peer("the book, NumPy", "numpy", "book"),
    Peer("the book without what is not needed, NumPy", "numpy", "lean"),
    Peer("PyTorch, eager", "torch", "eager"),
    Peer("PyTorch, gradient and update by hand", "torch", "manual"),
    Peer("PyTorch, compiled", "torch", "compile"),
    Peer("JAX, jit", "jax"),
    Peer("candle", "candle"),
    Peer("burn, flex", "burn"),
)

NETWORKS = (
    Peer("chainrule", "chainrule"),
    Peer("PyTorch, eager", "torch", "eager"),
    Peer("PyTorch, compiled", "torch", "compile"),
    Peer("JAX, jit", "jax"),
    Peer("candle", "candle"),
    Peer("burn, flex", "burn"),
)

# Of checks that take other steps than the chapter's.
ANY_DIFFERENCE = {"difference": None}

WORKLOADS = (
    Workload(
        "A",
        "A training step, 784-50-10 on 100 images",
        "µs",
        1,
        2000,
        480,
        # The first step and the twentieth are on the same batches everywhere, the last hundred are drawn anew. The
        # book adds 1e-7 below the logarithm, which shows in the seventh digit.
        {"first": (2.3029191013, 1e-5, 1e-6), "compared": (2.2937361726, 1e-5, 1e-6), "last": (0.203, 0.1, 0.1)},
        "the book, NumPy",
        TRAINING,
    ),
    Workload(
        "D",
        "A training step, 784-512-512-10 on 128 images",
        "µs",
        1,
        150,
        30,
        {"first": (2.496060652, 1e-5, 1e-6), "compared": (0.8747128876, 1e-5, 1e-6), "last": (0.34, 0.2, 0.2)},
        "the book, NumPy",
        TRAINING,
    ),
    Workload(
        "E",
        "A chain of 1,000 elementwise ops on 32 numbers, and its gradient",
        "µs",
        1,
        200,
        50,
        {"loss": (16.0510707, 1e-5, 1e-8), "da": (36.7991, 1e-4, 1e-5), "db": (73.3640, 1e-4, 1e-5)},
        "the book's layers, NumPy",
        (
            Peer("chainrule, replayed", "chainrule", "replay"),
            Peer("chainrule, recorded anew, in f64", "chainrule", "sweep"),
            Peer("the book's layers, NumPy", "numpy"),
            Peer("PyTorch, eager", "torch", "eager"),
            Peer("PyTorch, compiled", "torch", "compile"),
            Peer("JAX, jit", "jax", "unrolled"),
            Peer("JAX, jit of a scan", "jax", "scan"),
            Peer("candle", "candle"),
            Peer("burn, flex", "burn"),
        ),
        dtypes=("f32",),
    ),
    Workload(
        "C",
        "A graph of 1,001,001 scalars made anew, and its gradient; first of a process (cold) or later (warm)",
        "ns a node",
        1001.001,
        5,
        1,
        {"sum": (501.5959675, 1e-9, 1e-9), "da": (1149.97152, 1e-8, 1e-8), "db": (2292.62514, 1e-8, 1e-8)},
        "reverse, warm",
        (
            Peer("chainrule, swept, warm", "chainrule", "sweep"),
            Peer("chainrule, swept, cold", "chainrule", "sweep", steps=1, warm=0),
            Peer("chainrule, recorded gradient, warm", "chainrule", "grad"),
            Peer("chainrule, the same plan replayed", "chainrule", "replay"),
            Peer("reverse, warm", "reverse"),
            Peer("reverse, cold", "reverse", steps=1, warm=0),
        ),
        dtypes=("f64",),
        threads=(1,),
    ),
    Workload(
        "B",
        "The gradient check of 784-50-10 on 3 images, all 39,760 parameters",
        "ms",
        1000,
        5,
        1,
        {"loss": (2.3004044276, 1e-6, 1e-6), "difference": (1.197e-10, 0.05, 0.05), "passed": (1, 0, 0)},
        "the book's differences, NumPy",
        (
            Peer("chainrule, the chapter's differences", "chainrule", "chapter"),
            Peer("chainrule, with an estimate of the error", "chainrule", "full", differs=ANY_DIFFERENCE),
            Peer("chainrule, random directions", "chainrule", "quick", differs=ANY_DIFFERENCE),
            # What it adds below the logarithm is in its loss and not in its derivative.
            Peer("the book's differences, NumPy", "numpy", differs={"difference": 1.396e-7}),
            Peer("the book's differences, PyTorch", "torch", "book"),
            Peer("PyTorch's gradcheck, fast mode", "torch", "gradcheck", differs=ANY_DIFFERENCE),
        ),
        dtypes=("f64",),
    ),
    Workload(
        "F",
        "A training step of a LeNet on 64 images",
        "µs",
        1,
        150,
        30,
        # As in A.
        {"first": (2.7711727632, 1e-5, 1e-6), "compared": (0.7823087969, 1e-4, 1e-6), "last": (0.25, 0.4, 0.4)},
        "PyTorch, eager",
        NETWORKS,
        dtypes=("f32",),
    ),
    Workload(
        "H",
        "A training step of a block of a transformer, 8 sequences of 64 tokens of width 128",
        "µs",
        1,
        150,
        30,
        {"first": (3.9104288683, 1e-5, 1e-6), "compared": (1.6764944069, 1e-4, 1e-6)},
        "PyTorch, eager",
        NETWORKS,
        dtypes=("f32",),
    ),
    Workload(
        "I",
        "A training step of an LSTM of 128 units over 32 times, 32 sequences",
        "µs",
        1,
        150,
        30,
        {"first": (1.0371967542, 1e-5, 1e-6), "compared": (0.9888809161, 1e-5, 1e-6)},
        "PyTorch, eager",
        (
            Peer("chainrule", "chainrule"),
            Peer("PyTorch, eager", "torch", "eager"),
            Peer("JAX, jit of a scan", "jax", "scan"),
            Peer("JAX, jit, unrolled", "jax", "unrolled"),
            Peer("candle", "candle"),
            Peer("burn, flex", "burn"),
        ),
        dtypes=("f32",),
    ),
)


def main():
    options = arguments()
    chosen = [w for w in WORKLOADS if w.letter in options.workloads]
    lines = defaultdict(dict)  # by workload, dtype, threads and name: the line of each round
    failed = {}
    for turn in range(options.rounds):
        for workload in chosen:
            for dtype, threads, peer in rows(options, workload):
                key = workload.letter, dtype, threads, peer.name
                if key in failed:
                    continue
                print("round", turn + 1, *key, file=sys.stderr, flush=True)
                found = run(peer.command(options, workload, dtype, threads), threads)
                if isinstance(found, str):
                    failed[key] = found
                    print(found, file=sys.stderr, flush=True)
                else:
                    lines[key][turn] = found
                    if options.log:
                        with options.log.open("a") as log:
                            log.write(json.dumps({"round": turn, "name": peer.name, **found}) + "\n")

    clock = "processor_microseconds" if options.processor else "microseconds"
    print(heading(options))
    for workload in chosen:
        print(f"\n### {workload.letter}. {workload.title}")
        for dtype in workload.dtypes:
            for threads in thread_counts(options, workload):
                print_table(workload, dtype, threads, lines, clock)
    for (letter, dtype, threads, name), error in failed.items():
        last = error.strip().splitlines()[-1:] or ["it printed nothing"]
        print(f"\nNot measured: {letter}, {dtype}, {threads} threads, {name}: {last[0]}")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workloads", default="ADECBFHI", help="letters of those to run (ADECBFHI)")
    parser.add_argument("--threads", default="1,2", help="1, 2 or 1,2")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="peers whose name has one of these words, with commas between")
    parser.add_argument("--dtype", choices=["f32", "f64"], help="only this precision")
    parser.add_argument(
        "--processor",
        action="store_true",
        help="take the time for which processors worked, of all threads added up, instead of the time that passed: "
        "on a machine that has other things to do, and for one thread",
    )
    parser.add_argument("--log", type=Path, help="a file to add all lines to, as JSON")
    parser.add_argument("--programs", type=Path, default=BUILT / "release", help="the folder with the built programs")
    parser.add_argument("--python", default=str(BUILT / "venv" / "bin" / "python"), help="the Python of the peers")
    options = parser.parse_args()
    options.threads = [int(n) for n in options.threads.split(",")]
    return options


def thread_counts(options, workload):
    return [n for n in options.threads if n in workload.threads]


def rows(options, workload):
    """What is run in a round, the reference always with it."""
    words = options.only.split(",")
    for dtype in workload.dtypes:
        if options.dtype not in (None, dtype):
            continue
        for threads in thread_counts(options, workload):
            for peer in workload.peers:
                if peer.name == workload.reference or any(word in peer.name for word in words):
                    yield dtype, threads, peer


def run(command, threads):
    """The line that a program prints, or what went wrong."""
    environment = {k: v for k, v in os.environ.items() if k not in REMOVED}
    environment |= {f"{library}_NUM_THREADS": str(threads) for library in THREADS}
    if threads == 1:
        # The last core, for interrupts tend to come to the first.
        command = ["taskset", "--cpu-list", str(max(os.sched_getaffinity(0))), *command]
    try:
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    lines = [line for line in ended.stdout.splitlines() if line.startswith("{")]
    return json.loads(lines[-1]) if lines and ended.returncode == 0 else ended.stderr or "it printed nothing"


def print_table(workload, dtype, threads, lines, clock):
    measured = [(peer, lines.get((workload.letter, dtype, threads, peer.name))) for peer in workload.peers]
    if not any(rounds for _, rounds in measured):
        return
    reference = lines.get((workload.letter, dtype, threads, workload.reference), {})
    print(f"\n| {dtype}, {threads} thread{'s'[: threads - 1]} | {workload.unit} | least to most | ratio |")
    print("| --- | ---: | ---: | ---: |")
    differ = []
    for peer, rounds in measured:
        if not rounds:
            continue
        times = [line[clock] / workload.per_unit for line in rounds.values()]
        wrong = {text for line in rounds.values() for text in differences(workload, peer, dtype, line["computed"])}
        if wrong:
            differ.append(f"{peer.name} computes something else: {'; '.join(sorted(wrong))}")
            ratio = "–"
        else:
            own = [rounds[k][clock] / reference[k][clock] for k in rounds if k in reference]
            ratio = f"{statistics.median(own):.3g}" if own else "–"
        spread = f"{number(min(times))} – {number(max(times))}"
        print(f"| {peer.name} | {number(statistics.median(times))} | {spread} | {ratio} |")
    for text in differ:
        print(f"\n{text}")


def differences(workload, peer, dtype, computed):
    """What a run computed that is not what it should be."""
    for name, (right, *tolerances) in workload.expected.items():
        tolerance = tolerances[dtype == "f64"]
        right = peer.differs.get(name, right)
        if right is None:
            continue
        found = computed.get(name)
        # Not a number is neither less nor greater.
        if found is None or not abs(found - right) <= tolerance * abs(right):
            yield f"{name} is {found} instead of {right}"


def number(x):
    return f"{x:,.0f}" if x >= 100 else f"{x:.3g}"


def heading(options):
    """The machine, and the versions."""
    cpu = platform.processor() or platform.machine()
    if (info := Path("/proc/cpuinfo")).exists():
        fields = dict(re.findall(r"^(.+?)\s*: (.*)$", info.read_text(), re.MULTILINE))
        if "model name" in fields:
            cpu = f"{fields['model name']} (family {fields['cpu family']}, model {fields['model']})"
    # Written by the build.
    with (HERE / "Cargo.lock").open("rb") as file:
        versions = {package["name"]: package["version"] for package in tomllib.load(file)["package"]}
    for line in (HERE / "python" / "requirements.txt").read_text().splitlines():
        versions |= [line.split("==")] if "==" in line else []
    names = ["numpy", "torch", "jax", "candle-core", "burn", "reverse"]
    return (
        f"{cpu}, {os.cpu_count()} cores; " + ", ".join(f"{name} {versions[name]}" for name in names)
        + f"; medians of {options.rounds} rounds{', processor time' * options.processor}; load when done {os.getloadavg()[1]:.1f}."
    )


if __name__ == "__main__":
    main()
