//! What the check of an op by itself must find, and ops that do not tell what makes them different.
