//! Checks of plain functions.
