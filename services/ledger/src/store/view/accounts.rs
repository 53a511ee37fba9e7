//! Accounts: their state at any height, and their entries.

use chain::Account;

use super::View;
use crate::store::Error;
use crate::store::answer::{AccountState, Entry};

impl View {
    /// The state of an account after the block at `height` (clamped to the tip); `None`: unknown as of then.
    pub fn account(&self, account: &Account, height: u64) -> Result<Option<AccountState>, Error> {
        todo!("{account} {height}")
    }

    /// Entries in ascending order of sequence, from `from_sequence` (1, 2, …) on, at most `limit`.
    pub fn entries(
        &self,
        account: &Account,
        from_sequence: u64,
        limit: usize,
    ) -> Result<Vec<Entry>, Error> {
        todo!("{account} {from_sequence} {limit}")
    }

    /// Entries in descending order of sequence, those below `before_sequence` (`u64::MAX`: from the last), at most `limit`.
    pub fn entries_back(
        &self,
        account: &Account,
        before_sequence: u64,
        limit: usize,
    ) -> Result<Vec<Entry>, Error> {
        todo!("{account} {before_sequence} {limit}")
    }
}
