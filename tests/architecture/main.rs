//! What the sources have to keep to, read from the sources: layers, no circles of files, small folders, one meaning for each
//! name, floats that are read back as they were, the names of other libraries.

mod aliases;
mod circles;
mod floats;
mod layers;
mod rooms;
mod source;
