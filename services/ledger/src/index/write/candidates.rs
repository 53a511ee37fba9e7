//! The most recent refused candidates.

use chain::Hash;
use fjall::OwnedWriteBatch;
use follow::Refused;

use super::Writer;
use crate::index::rows::{self, Candidate};
use crate::index::{Error, schema};

/// Number of refused candidates that are kept.
const KEPT: u64 = 100_000;

impl Writer {
    /// Adds a candidate, and drops the oldest when the limit is reached.
    pub(super) fn candidate(
        &mut self,
        refused: &Refused,
        out: &mut OwnedWriteBatch,
    ) -> Result<(), Error> {
        let claims = refused.claims.as_ref();
        let row = Candidate {
            append_ms: refused.append_ms,
            reason: refused.refusal.code().to_owned(),
            hash: claims.map(|claims| claims.hash),
            height: claims.map(|claims| claims.header.height),
            miner: claims.and_then(|claims| claims.header.miner),
        };
        let keyspaces = &self.keyspaces;
        out.insert(
            &keyspaces.candidates,
            schema::number(refused.offset),
            rows::encode(&row),
        );
        if let Some(hash) = &row.hash {
            out.insert(
                &keyspaces.candidate_hashes,
                schema::candidate_hash(hash, refused.offset),
                [],
            );
        }
        if refused.refusal.is_stale() {
            self.series.stale(refused.append_ms, keyspaces)?;
        }
        self.kept.count += 1;
        if self.kept.count > KEPT {
            self.drop_oldest(out)?;
        }
        Ok(())
    }

    fn drop_oldest(&mut self, out: &mut OwnedWriteBatch) -> Result<(), Error> {
        let keyspaces = &self.keyspaces;
        // Dropped rows lie below `first`: their tombstones need not be scanned again.
        let Some(oldest) = keyspaces
            .candidates
            .range(schema::number(self.kept.first)..)
            .next()
        else {
            return Ok(());
        };
        let (key, value) = oldest.into_inner()?;
        let offset = schema::read_number(&key)?;
        let row: Candidate = rows::decode(&value)?;
        if let Some(hash) = row.hash {
            out.remove(&keyspaces.candidate_hashes, key_of(&hash, offset));
        }
        out.remove(&keyspaces.candidates, key);
        self.kept.first = offset + 1;
        self.kept.count -= 1;
        Ok(())
    }
}

fn key_of(hash: &Hash, offset: u64) -> [u8; 40] {
    schema::candidate_hash(hash, offset)
}
