//! The rules of block validity that need the chain and the header only: one function each, in order.

use bytes::Bytes;

use super::Chain;
use crate::block::{self, Block, Rule, State, Unchecked, Unequal};
use crate::header::Header;
use crate::limits::MAX_AHEAD_MS;
use crate::work;

impl Chain {
    /// Reads the header of a candidate: STOPPED, OVERSIZE, UNDECODABLE, BAD_VERSION.
    pub fn frame(&self, value: Bytes) -> Result<Block<Unchecked>, Rule> {
        self.check_value(&value)?;
        block::frame(value)
    }

    /// Checks the rules that come before framing: STOPPED, OVERSIZE.
    pub fn check_value(&self, value: &[u8]) -> Result<(), Rule> {
        self.check_stopped()?;
        self.check_size(value)
    }

    /// Checks the header against the tip: STALE to BAD_BLOCK_SIGNATURE. Cheap, so do it before checking the
    /// body. The returned block records that its signature holds. `append_ms` is the append time of the candidate.
    pub fn admit(&self, block: Block<Unchecked>, append_ms: u64) -> Result<Block<Unchecked>, Rule> {
        self.check_header(&block, append_ms)?;
        Ok(block.signature_checked())
    }

    pub(super) fn check_header<S: State>(
        &self,
        block: &Block<S>,
        append_ms: u64,
    ) -> Result<(), Rule> {
        let header = block.header();
        self.check_stopped()?;
        self.check_parent(header)?;
        self.check_height(header)?;
        self.check_slice(header)?;
        self.check_time(header, append_ms)?;
        self.check_bits(header)?;
        check_work(block)?;
        self.check_miner(header)?;
        check_signature(block)
    }

    /// format.md, "Block validity": "no `version N` order that this software does not know has acted".
    fn check_stopped(&self) -> Result<(), Rule> {
        refuse_if(self.is_stopped(), Rule::Stopped(self.version))
    }

    /// format.md, "Block validity": "value ≤ `max_block_bytes`".
    fn check_size(&self, value: &[u8]) -> Result<(), Rule> {
        let (bytes, max) = (value.len() as u64, self.rules.genesis.max_block_bytes);
        refuse_if(bytes > u64::from(max), Rule::Oversize { bytes, max })
    }

    /// format.md, "Block validity": "previous hash is the tip. If not: it lost the race, or is a copy; no error".
    fn check_parent(&self, header: &Header) -> Result<(), Rule> {
        refuse_if(header.previous_hash != self.tip.hash, Rule::Stale)
    }

    /// format.md, "Block validity": "height = parent + 1".
    fn check_height(&self, header: &Header) -> Result<(), Rule> {
        expect(header.height, self.tip.height() + 1, Rule::BadHeight)
    }

    /// format.md, "Block validity": "partition < `partitions`; then from = cursor of that partition; then from < to ≤ from +
    /// `max_block_records`".
    fn check_slice(&self, header: &Header) -> Result<(), Rule> {
        let Header {
            partition,
            from_offset,
            to_offset,
            ..
        } = *header;
        let cursor = self.cursors.get(partition as usize);
        let cursor = *cursor.ok_or(Rule::BadPartition(partition))?;
        expect(from_offset, cursor, Rule::BadFrom)?;
        let length = to_offset.checked_sub(from_offset);
        let max = self.rules.genesis.max_block_records;
        let fits = length.is_some_and(|length| (1..=u64::from(max)).contains(&length));
        let misfit = Rule::BadSlice {
            from_offset,
            to_offset,
            max,
        };
        refuse_if(!fits, misfit)
    }

    /// format.md, "Block validity": "parent's timestamp ≤ timestamp ≤ max(parent's timestamp, append time of the block's record +
    /// 10 000 ms)".
    fn check_time(&self, header: &Header, append_ms: u64) -> Result<(), Rule> {
        let (timestamp_ms, parent_ms) = (header.timestamp_ms, self.tip.header.timestamp_ms);
        let early = Rule::TooEarly {
            timestamp_ms,
            parent_ms,
        };
        refuse_if(timestamp_ms < parent_ms, early)?;
        let latest_ms = append_ms.saturating_add(MAX_AHEAD_MS).max(parent_ms);
        let late = Rule::TooLate {
            timestamp_ms,
            append_ms,
        };
        refuse_if(timestamp_ms > latest_ms, late)
    }

    /// format.md, "Block validity": "bits as the work rule says".
    fn check_bits(&self, header: &Header) -> Result<(), Rule> {
        expect(header.bits, self.next_bits(), Rule::BadBits)
    }

    /// format.md, "Block validity": "miner well-formed, in the list of miners unless that is empty, named only if open".
    fn check_miner(&self, header: &Header) -> Result<(), Rule> {
        let allowed = header.miner.is_some_and(|miner| self.may_mine(&miner));
        refuse_if(!allowed, Rule::BadMiner)
    }
}

/// format.md, "Block validity": "hash ≤ target".
fn check_work<S: State>(block: &Block<S>) -> Result<(), Rule> {
    let bits = block.header().bits;
    refuse_if(!work::meets(&block.hash(), bits), Rule::BadWork(bits))
}

/// format.md, "Accounts": "Ed25519 checked by the ZIP-215 rules".
fn check_signature<S: State>(block: &Block<S>) -> Result<(), Rule> {
    refuse_if(!block.is_signed(), Rule::BadBlockSignature)
}

fn expect<T: PartialEq>(
    found: T,
    expected: T,
    rule: impl FnOnce(Unequal<T>) -> Rule,
) -> Result<(), Rule> {
    let equal = found == expected;
    refuse_if(!equal, rule(Unequal { found, expected }))
}

fn refuse_if(broken: bool, rule: Rule) -> Result<(), Rule> {
    if broken { Err(rule) } else { Ok(()) }
}
