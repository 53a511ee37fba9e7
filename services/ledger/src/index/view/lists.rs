//! Other lists: candidates, miners, findings, prefixes.

use chain::{Account, Hash};
use fjall::Readable;

use super::View;
use crate::index::Error;
use crate::index::rows::{self, Chunk, Place, Slot};
use crate::index::schema::{self, ID_BYTES};
use crate::model::answer::{Candidate, Finding, Match, Miner};
use crate::model::pending;

impl View {
    /// Refused candidates with an offset below `before` (`u64::MAX`: from the last), newest first, at most `limit`.
    pub fn candidates(&self, before: u64, limit: usize) -> Result<Vec<Candidate>, Error> {
        let rows = self
            .range(
                &self.snapshot.keyspaces.candidates,
                ..schema::number(before),
            )
            .rev()
            .take(limit);
        rows.map(|row| {
            let (key, value) = row?;
            let rows::Candidate {
                append_ms,
                reason,
                hash,
                height,
                miner,
            } = rows::decode(&value)?;
            Ok(Candidate {
                topic_offset: schema::read_number(&key)?,
                append_ms,
                reason,
                hash,
                height,
                miner,
            })
        })
        .collect()
    }

    /// All miners that ever won, most blocks first; ties by account.
    pub fn miners(&self) -> Result<Vec<Miner>, Error> {
        let miner = |guard: fjall::Guard| {
            let (key, value) = guard.into_inner()?;
            let account =
                Account::from_bytes(&key).map_err(|_| Error::Damaged("a miner is no account"))?;
            let rows::Miner {
                blocks,
                rewards,
                first_height,
                last_height,
            } = rows::decode(&value)?;
            Ok(Miner {
                account,
                blocks,
                rewards,
                first_height,
                last_height,
            })
        };
        let miners = self
            .snapshot
            .store
            .iter(&self.snapshot.keyspaces.miners)
            .map(miner);
        let mut miners = miners.collect::<Result<Vec<_>, Error>>()?;
        miners.sort_by(|a, b| b.blocks.cmp(&a.blocks).then(a.account.cmp(&b.account)));
        Ok(miners)
    }

    /// Findings of the audit from a number on, at most `limit`.
    pub fn findings(&self, from: u64, limit: usize) -> Result<Vec<Finding>, Error> {
        let rows = self
            .range(&self.snapshot.keyspaces.findings, schema::number(from)..)
            .take(limit);
        rows.map(|row| rows::decode(&row?.1)).collect()
    }

    /// Transactions, blocks and candidates whose id or hash begins with these hex digits (lower case, at least 8), at
    /// most `limit`. Any other prefix finds nothing.
    pub fn find(&self, prefix: &str, limit: usize) -> Result<Vec<Match>, Error> {
        let Some((low, high)) = bounds(prefix) else {
            return Ok(Vec::new());
        };
        let keyspaces = &self.snapshot.keyspaces;
        let mut out = Vec::new();
        for row in self.range(&keyspaces.heights, low.0..=high.0) {
            let (hash, height) = row?;
            if out.len() >= limit {
                break;
            }
            // A crash may leave rows of blocks that are not in the index yet.
            if schema::read_number(&height)? <= self.tip().height() {
                out.extend(Hash::from_slice(&hash).map(Match::Block));
            }
        }
        let (first, last) = (&low.0[..ID_BYTES], &high.0[..ID_BYTES]);
        for row in self.range(&keyspaces.ids, first..=last) {
            if out.len() >= limit {
                break;
            }
            let place: Place = rows::decode(&row?.1)?;
            out.extend(
                self.id_at(place)?
                    .filter(|id| (low..=high).contains(id))
                    .map(Match::Transaction),
            );
        }
        let (from, to) = (pending::beginning(&low), pending::beginning(&high));
        let pending = self
            .snapshot
            .pending
            .iter()
            .flat_map(|pending| pending.ids(from, to))
            .filter(|id| (low..=high).contains(id));
        out.extend(pending.map(Match::Transaction));
        for row in self.range(
            &keyspaces.candidate_hashes,
            schema::candidate_hash(&low, 0)..=schema::candidate_hash(&high, u64::MAX),
        ) {
            if out.len() >= limit {
                break;
            }
            out.extend(
                row?.0
                    .get(..32)
                    .and_then(Hash::from_slice)
                    .map(Match::Candidate),
            );
        }
        // A candidate may have been appended twice, or be a copy of a block; a transaction may be pending a second time.
        let mut seen = std::collections::BTreeSet::new();
        out.retain(|found| {
            let (Match::Transaction(hash) | Match::Block(hash) | Match::Candidate(hash)) = found;
            seen.insert(*hash)
        });
        out.truncate(limit);
        Ok(out)
    }

    fn id_at(&self, place: Place) -> Result<Option<Hash>, Error> {
        if place.chunk >= self.tip().header.log_size {
            return Ok(None);
        }
        let row = self.chunk(place.chunk)?;
        let chunk: Chunk<'_> = rows::decode(&row)?;
        let Some(Slot::Record { carried, .. }) = chunk.slots.get(usize::from(place.slot)) else {
            return Ok(None);
        };
        Ok(chain::Transaction::decode(carried)
            .ok()
            .and_then(|transaction| transaction.id(&self.chain_id())))
    }
}

/// The least and the greatest hash with these first digits.
fn bounds(prefix: &str) -> Option<(Hash, Hash)> {
    if prefix.len() < 8 || prefix.len() > 64 {
        return None;
    }
    Some((
        format!("{prefix:0<64}").parse().ok()?,
        format!("{prefix:f<64}").parse().ok()?,
    ))
}
