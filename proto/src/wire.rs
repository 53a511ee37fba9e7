//! Wire to chain and back.
