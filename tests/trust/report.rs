//! What a report says, and in which words.
