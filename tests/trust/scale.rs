//! Many leaves, many operands: time and edges grow with their number.
