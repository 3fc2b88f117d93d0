"""Runs the cases that the Rust program wrote in other engines, and compares.

    python check.py FOLDER [PATTERN]
"""

import os
import sys
import time
from pathlib import Path

import jax

jax.config.update("jax_enable_x64", True)

import numpy as np
import onnx
import onnxruntime

import chainrule_xla

TOLERANCE = {"f64": 1e-12, "f32": 1e-5}
ENGINES = os.environ.get("ENGINES", "jax onnxruntime").split()
worst: dict[str, tuple[float, str]] = {}
failures = []


def compare(engine: str, case: str, precision: str, name: str, found, wanted) -> None:
    found, wanted = np.asarray(found, np.float64), np.asarray(wanted, np.float64)
    if found.shape != wanted.shape:
        failures.append(f"{engine} {case}.{precision} {name}: shape {found.shape}, not {wanted.shape}")
        return
    same = (found == wanted) | (np.isnan(found) & np.isnan(wanted))
    with np.errstate(all="ignore"):
        offs = np.where(same, 0.0, np.abs(found - wanted) / np.maximum(1.0, np.abs(wanted)))
    offs = np.where(np.isnan(offs), np.inf, offs)
    off = float(np.max(offs, initial=0.0))
    key = f"{engine} {precision}"
    worst[key] = max(worst.get(key, (0.0, "")), (off, f"{case} {name}"))
    if off > TOLERANCE[precision]:
        at = np.unravel_index(np.argmax(offs), found.shape)
        failures.append(f"{engine} {case}.{precision} {name}: off by {off:.2g}, {found[at]!r} not {wanted[at]!r} at {tuple(map(int, at))}")


def in_jax(file: Path, arguments: dict) -> dict:
    module = chainrule_xla.load(file)
    outputs, state = jax.jit(module)(arguments)
    return {**outputs, **state}


def in_onnxruntime(file: Path, arguments: dict) -> dict:
    onnx.checker.check_model(str(file), full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    types = {"tensor(int64)": np.int64, "tensor(float)": np.float32, "tensor(double)": np.float64}
    given = {x.name: arguments[x.name].astype(types[x.type]) for x in session.get_inputs()}
    names = [y.name for y in session.get_outputs()]
    return dict(zip([name.removesuffix(".next") for name in names], session.run(names, given)))


def main() -> None:
    folder = Path(sys.argv[1])
    pattern = sys.argv[2] if len(sys.argv) > 2 else "*"
    start, count = time.time(), 0
    for file in sorted(folder.glob(f"{pattern}.arguments.safetensors")):
        case, precision = file.name.removesuffix(".arguments.safetensors").rsplit(".", 1)
        # `NAME@BATCH` runs the graph of `NAME`, which has its batch size open in ONNX.
        graph, _, batch = case.partition("@")
        of = lambda ending: folder / f"{graph}.{precision}.{ending}"
        arguments = chainrule_xla.load_state(file)
        wanted = chainrule_xla.load_state(folder / f"{case}.{precision}.results.safetensors")
        for engine, run, ending in [("jax", in_jax, "mlir"), ("onnxruntime", in_onnxruntime, "onnx")]:
            if engine not in ENGINES or (batch and engine == "jax"):
                continue
            try:
                for name, found in run(of(ending), arguments).items():
                    compare(engine, case, precision, name, found, wanted[name])
            except Exception as problem:
                failures.append(f"{engine} {case}.{precision}: {str(problem)[:600]}")
        count += 1
    for engine, (off, where) in sorted(worst.items()):
        print(f"{engine}: off by {off:.2g} at most, at {where}")
    print(f"{count} cases in {time.time() - start:.0f} s, {len(failures)} failures")
    print("\n".join(failures[:100]))
    sys.exit(bool(failures))


main()
