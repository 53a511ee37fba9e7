//! Takes transactions and appends them to the journal.
