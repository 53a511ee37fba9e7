//! Lists of the rest: candidates, miners, findings, prefixes, series.

use super::View;
use crate::store::Error;
use crate::store::answer::{Bucket, Candidate, Finding, Match, Miner};

impl View {
    /// Refused candidates with an offset below `before` (`u64::MAX`: from the last), newest first, at most `limit`.
    pub fn candidates(&self, before: u64, limit: usize) -> Result<Vec<Candidate>, Error> {
        todo!("{before} {limit}")
    }

    /// Every miner that ever won, by blocks won, the most first; equals by account.
    pub fn miners(&self) -> Result<Vec<Miner>, Error> {
        todo!()
    }

    /// Findings of the audit from a number on, at most `limit`.
    pub fn findings(&self, from: u64, limit: usize) -> Result<Vec<Finding>, Error> {
        todo!("{from} {limit}")
    }

    /// Transactions, blocks and candidates whose id or hash begins with these hex digits (lower case, at least 8), at most `limit`.
    pub fn find(&self, prefix: &str, limit: usize) -> Result<Vec<Match>, Error> {
        todo!("{prefix} {limit}")
    }

    /// The time from `from_ms` to `to_ms` in at most `buckets` stretches of equal length. They begin and end on whole
    /// multiples of a resolution (a second, minute, hour or day), so that sums are exact; the first may begin earlier than asked.
    pub fn series(&self, from_ms: u64, to_ms: u64, buckets: usize) -> Result<Vec<Bucket>, Error> {
        todo!("{from_ms} {to_ms} {buckets}")
    }
}
