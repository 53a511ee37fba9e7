//! All four services in one process.
