//! Panics and errors name the caller's line; what returns a result does not panic.
