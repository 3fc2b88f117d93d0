"""Reads models of others in Rust, and compares: the tests of operators that the package `onnx` carries.

    python read.py PROGRAM FOLDER
"""

import collections
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases

import chainrule_xla

TYPES = [np.float32, np.float64, np.int32, np.int64, np.bool_]


def main() -> None:
    program, root = sys.argv[1], Path(sys.argv[2])
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    wanted, skipped = {}, 0
    for case in collect_testcases(None):
        model, (inputs, outputs) = case.model, case.data_sets[0]
        plain = all(isinstance(x, np.ndarray) and x.dtype in TYPES for x in [*inputs, *outputs])
        if not plain or len(inputs) != len(model.graph.input):
            skipped += 1
            continue
        inputs, outputs = ([x.astype(np.float64) for x in part] for part in (inputs, outputs))
        # Shapes and axes are inputs of these tests; in models they are constants, and here they are made such.
        given, kept = {}, []
        for info, array in zip(model.graph.input, inputs):
            integral = info.type.tensor_type.elem_type in (onnx.TensorProto.INT32, onnx.TensorProto.INT64)
            if integral:
                element = np.int64 if info.type.tensor_type.elem_type == onnx.TensorProto.INT64 else np.int32
                model.graph.initializer.append(numpy_helper.from_array(array.astype(element), info.name))
            else:
                given[info.name] = array
                kept.append(info)
        del model.graph.input[:]
        model.graph.input.extend(kept)
        folder = root / case.name
        folder.mkdir()
        onnx.save(model, folder / "model.onnx")
        chainrule_xla.save_state(given, folder / "inputs.safetensors")
        wanted[case.name] = (model, outputs)
    subprocess.run([program, str(root), "--read"], check=True)
    right, wrong, reasons = 0, [], collections.Counter()
    for name, (model, outputs) in wanted.items():
        folder = root / name
        refused = folder / "refused.txt"
        if refused.exists():
            reasons[refused.read_text().split("; operands")[0][-90:]] += 1
            continue
        found = chainrule_xla.load_state(folder / "outputs.safetensors")
        tolerance = 1e-5
        for k, array in enumerate(outputs):
            close = found[f"{k}"].shape == array.shape and np.allclose(found[f"{k}"], array, tolerance, tolerance, equal_nan=True)
            if not close:
                wrong.append(f"{name}: {found[f'{k}'].ravel()[:6]} of {found[f'{k}'].shape}, not {array.ravel()[:6]} of {array.shape}")
                break
        else:
            right += 1
    print(f"{right} models of operators read and right, {len(wrong)} wrong, {sum(reasons.values())} refused, {skipped} of other types")
    if "-v" in sys.argv:
        for reason, count in reasons.most_common():
            print(f"  {count} {reason}")
    print("\n".join(wrong[:60]))
    sys.exit(bool(wrong))


main()
