//! Small things that would go wrong in silence, or are told without a way out.
