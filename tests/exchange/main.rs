//! Graphs that leave for other engines: what is written, what is refused, and that every op comes back from ONNX with the values
//! of its kernel. `tests/interop` runs the same files in other engines.

mod hostile;
mod refusals;
mod round_trips;
mod text;
