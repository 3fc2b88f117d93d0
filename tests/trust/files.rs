//! What is written is read back, bit for bit, in every format; what cannot be read is refused.
