//! What a plan does, as plain data and as a table.

pub(crate) mod table;
