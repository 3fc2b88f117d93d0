"""States as safetensors: the format is a length of 8 bytes, a header of JSON, and the numbers."""

import json
import os
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

_DTYPES = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "BF16": np.dtype(jnp.bfloat16),
    "F16": np.dtype("<f2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}


def load_state(path: str | Path) -> dict[str, np.ndarray]:
    """The arrays of a file by name, as `State::save` wrote it."""
    data = Path(path).read_bytes()
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > len(data) - 8:
        raise ValueError(f"{path} is no safetensors file: its header is cut off")
    header = json.loads(data[8 : 8 + length])
    numbers = memoryview(data)[8 + length :]
    state = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] not in _DTYPES:
            raise ValueError(f"{path}: {name} is {entry['dtype']}, which is not read")
        first, end = entry["data_offsets"]
        array = np.frombuffer(numbers[first:end], _DTYPES[entry["dtype"]])
        state[name] = array.reshape(entry["shape"])
    return state


def save_state(state: dict[str, jax.Array], path: str | Path) -> None:
    """Writes arrays by name, for `State::load`; the old file or the new one is there at any time."""
    header, parts, end = {}, [], 0
    for name in sorted(state):
        array = np.asarray(state[name])
        data = np.ascontiguousarray(array).tobytes()
        shape, dtype = list(array.shape), _NAMES[array.dtype.newbyteorder("<") if array.dtype.kind != "V" else array.dtype]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + len(data)]}
        parts.append(data)
        end += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path = Path(path)
    beside = path.with_name(path.name + ".part")
    with open(beside, "wb") as file:
        file.writelines([len(text).to_bytes(8, "little"), text, *parts])
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
