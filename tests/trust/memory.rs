//! Sizes that wrap, threads without number: nothing is read or written outside of its buffer.
