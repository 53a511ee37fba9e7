//! Accounts: their state at any height, and their entries.

use chain::Account;
use fjall::Readable;

use super::View;
use crate::index::rows::{self, Group, Step, What};
use crate::index::{Error, schema};
use crate::model::answer::{AccountState, Entry};

impl View {
    /// The state of an account after the block at `height` (clamped to the tip); `None`: unknown as of then.
    pub fn account(&self, account: &Account, height: u64) -> Result<Option<AccountState>, Error> {
        let Some(number) = self.number(account)? else {
            return Ok(None);
        };
        let size = self
            .block_row(height.min(self.tip().height()))?
            .map_or(0, |row| row.block.header.log_size);
        let Some(group) = self.group_below(number, size)? else {
            return Ok(None);
        };
        let step = group.steps.iter().rev().find(|step| step.leaf < size);
        Ok(step.map(|step| AccountState {
            balance: step.balance,
            nonce: step.nonce,
            entries: step.sequence,
            last_leaf: if step.what == What::Nonce {
                step.previous
            } else {
                Some(step.leaf)
            },
        }))
    }

    /// Entries in ascending order of sequence, from `from_sequence` (1, 2, …) on, at most `limit`.
    pub fn entries(
        &self,
        account: &Account,
        from_sequence: u64,
        limit: usize,
    ) -> Result<Vec<Entry>, Error> {
        let Some(number) = self.number(account)? else {
            return Ok(Vec::new());
        };
        let from = self.leaf_of(number, from_sequence)?;
        let mut out = Vec::new();
        for row in self.range(
            &self.snapshot.keyspaces.history,
            schema::history(number, from)..self.end_of(number),
        ) {
            let group: Group = rows::decode(&row?.1)?;
            out.extend(
                group
                    .steps
                    .iter()
                    .filter_map(entry)
                    .filter(|entry| entry.sequence >= from_sequence),
            );
            if out.len() >= limit {
                break;
            }
        }
        out.truncate(limit);
        Ok(out)
    }

    /// Entries in descending order of sequence, below `before_sequence` (`u64::MAX`: from the last), at most `limit`.
    pub fn entries_back(
        &self,
        account: &Account,
        before_sequence: u64,
        limit: usize,
    ) -> Result<Vec<Entry>, Error> {
        let Some(number) = self.number(account)? else {
            return Ok(Vec::new());
        };
        let end = match before_sequence {
            u64::MAX => self.end_of(number),
            // The group that holds the sequence is the last that may hold lower ones.
            _ => schema::history(number, self.leaf_of(number, before_sequence)? + 1),
        };
        let mut out = Vec::new();
        for row in self
            .range(
                &self.snapshot.keyspaces.history,
                schema::history(number, 0)..end,
            )
            .rev()
        {
            let group: Group = rows::decode(&row?.1)?;
            out.extend(
                group
                    .steps
                    .iter()
                    .rev()
                    .filter_map(entry)
                    .filter(|entry| entry.sequence < before_sequence),
            );
            if out.len() >= limit {
                break;
            }
        }
        out.truncate(limit);
        Ok(out)
    }

    /// The key after the last group of an account. A crash may leave groups of blocks that are not in the index yet.
    fn end_of(&self, number: u32) -> [u8; 12] {
        schema::history(number, self.tip().header.log_size)
    }

    fn number(&self, account: &Account) -> Result<Option<u32>, Error> {
        let value = self
            .snapshot
            .store
            .get(&self.snapshot.keyspaces.accounts, account.as_bytes())?;
        let number = value.map(|value| value.as_ref().try_into().map(u32::from_be_bytes));
        number
            .transpose()
            .map_err(|_| Error::Damaged("an account has no number"))
    }

    /// The last group that begins below a leaf.
    fn group_below(&self, number: u32, leaf: u64) -> Result<Option<Group>, Error> {
        let keys = schema::history(number, 0)..schema::history(number, leaf);
        let last = self
            .range(&self.snapshot.keyspaces.history, keys)
            .next_back()
            .transpose()?;
        last.map(|(_, value)| rows::decode(&value)).transpose()
    }

    /// First leaf of the group that holds a sequence; that of the last group if it lies beyond. Groups are sorted by
    /// leaf, and sequences ascend with them, so a binary search over leaves finds it.
    fn leaf_of(&self, number: u32, sequence: u64) -> Result<u64, Error> {
        let (mut low, mut high) = (0, self.tip().header.log_size);
        let mut found = 0;
        while low < high {
            let middle = low + (high - low) / 2;
            match self.group_below(number, middle + 1)? {
                Some(group) if first_sequence(&group) > sequence => high = group.steps[0].leaf,
                Some(group) => {
                    found = group.steps[0].leaf;
                    low = middle + 1;
                }
                None => low = middle + 1,
            }
        }
        Ok(found)
    }
}

/// The lowest sequence that a group may hold.
fn first_sequence(group: &Group) -> u64 {
    group.steps.first().map_or(0, |step| {
        if step.what == What::Nonce {
            step.sequence + 1
        } else {
            step.sequence
        }
    })
}

fn entry(step: &Step) -> Option<Entry> {
    Some(Entry {
        sequence: step.sequence,
        leaf_index: step.leaf,
        previous: step.previous,
        height: step.height,
        change: step.change,
        balance: step.balance,
        kind: step.what.kind()?,
    })
}
