//! The chain as it is read from a journal.
