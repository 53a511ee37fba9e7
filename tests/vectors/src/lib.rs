//! The golden vectors of the format, run against the rules.
