//! Hints say what the numbers show, and nothing that is a coincidence.
