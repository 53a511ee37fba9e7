//! The messages of `blocklog.chain.v1` as they are encoded: canonical, and nothing else checked.

#[cfg(test)]
mod tests;

use crate::codec::{self, NotCanonical, Reader};

/// `Transaction`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Transaction<'a> {
    pub(crate) sender: &'a [u8],
    pub(crate) recipient: &'a [u8],
    pub(crate) amount: u64,
    pub(crate) nonce: u64,
    pub(crate) memo: &'a str,
    pub(crate) valid_until: u64,
    pub(crate) signature: &'a [u8],
}

impl<'a> Transaction<'a> {
    pub(crate) fn decode(bytes: &'a [u8]) -> Result<Transaction<'a>, NotCanonical> {
        let mut reader = Reader::new(bytes);
        let transaction = Transaction {
            sender: reader.bytes(1)?,
            recipient: reader.bytes(2)?,
            amount: reader.uint64(3)?,
            nonce: reader.uint64(4)?,
            memo: reader.string(5)?,
            valid_until: reader.uint64(6)?,
            signature: reader.bytes(7)?,
        };
        reader.end()?;
        Ok(transaction)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(192 + self.memo.len());
        codec::put_bytes(&mut out, 1, self.sender);
        codec::put_bytes(&mut out, 2, self.recipient);
        codec::put_uint(&mut out, 3, self.amount);
        codec::put_uint(&mut out, 4, self.nonce);
        codec::put_bytes(&mut out, 5, self.memo.as_bytes());
        codec::put_uint(&mut out, 6, self.valid_until);
        codec::put_bytes(&mut out, 7, self.signature);
        out
    }
}

/// `Header`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Header<'a> {
    pub(crate) version: u32,
    pub(crate) height: u64,
    pub(crate) previous_hash: &'a [u8],
    pub(crate) log_root: &'a [u8],
    pub(crate) log_size: u64,
    pub(crate) timestamp_ms: u64,
    pub(crate) partition: u32,
    pub(crate) from_offset: u64,
    pub(crate) to_offset: u64,
    pub(crate) miner: &'a [u8],
    pub(crate) bits: u32,
    pub(crate) nonce: u64,
}

impl<'a> Header<'a> {
    pub(crate) fn decode(bytes: &'a [u8]) -> Result<Header<'a>, NotCanonical> {
        let mut reader = Reader::new(bytes);
        let header = Header {
            version: reader.uint32(1)?,
            height: reader.uint64(2)?,
            previous_hash: reader.bytes(3)?,
            log_root: reader.bytes(4)?,
            log_size: reader.uint64(5)?,
            timestamp_ms: reader.uint64(6)?,
            partition: reader.uint32(7)?,
            from_offset: reader.uint64(8)?,
            to_offset: reader.uint64(9)?,
            miner: reader.bytes(10)?,
            bits: reader.uint32(11)?,
            nonce: reader.fixed64(12)?,
        };
        reader.end()?;
        Ok(header)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(192);
        codec::put_uint(&mut out, 1, u64::from(self.version));
        codec::put_uint(&mut out, 2, self.height);
        codec::put_bytes(&mut out, 3, self.previous_hash);
        codec::put_bytes(&mut out, 4, self.log_root);
        codec::put_uint(&mut out, 5, self.log_size);
        codec::put_uint(&mut out, 6, self.timestamp_ms);
        codec::put_uint(&mut out, 7, u64::from(self.partition));
        codec::put_uint(&mut out, 8, self.from_offset);
        codec::put_uint(&mut out, 9, self.to_offset);
        codec::put_bytes(&mut out, 10, self.miner);
        codec::put_uint(&mut out, 11, u64::from(self.bits));
        codec::put_fixed64(&mut out, 12, self.nonce);
        out
    }
}

/// `Block` without its repeated fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Block<'a> {
    pub(crate) header: Option<Header<'a>>,
    pub(crate) signature: &'a [u8],
    pub(crate) verdicts: &'a [u8],
}

/// Field numbers of `Block`.
pub(crate) mod block_field {
    pub(crate) const HEADER: u8 = 1;
    pub(crate) const SIGNATURE: u8 = 2;
    pub(crate) const RECORDS: u8 = 3;
    pub(crate) const VERDICTS: u8 = 4;
    pub(crate) const HOLES: u8 = 5;
}

impl<'a> Block<'a> {
    /// Reads a whole block. Records and holes go to the callers' functions, so that these decide how
    /// many to keep.
    pub(crate) fn decode(
        bytes: &'a [u8],
        mut record: impl FnMut(&'a [u8]),
        mut hole: impl FnMut(u64, u64),
    ) -> Result<Block<'a>, NotCanonical> {
        let mut reader = Reader::new(bytes);
        let header = reader.element(block_field::HEADER)?;
        let header = header.map(Header::decode).transpose()?;
        let signature = reader.bytes(block_field::SIGNATURE)?;
        while let Some(bytes) = reader.element(block_field::RECORDS)? {
            record(bytes);
        }
        let verdicts = reader.bytes(block_field::VERDICTS)?;
        while let Some(bytes) = reader.element(block_field::HOLES)? {
            let mut inner = Reader::new(bytes);
            let (from, to) = (inner.uint64(1)?, inner.uint64(2)?);
            inner.end()?;
            hole(from, to);
        }
        reader.end()?;
        Ok(Block {
            header,
            signature,
            verdicts,
        })
    }
}

/// Appends a hole to an encoded block.
pub(crate) fn put_hole(out: &mut Vec<u8>, from: u64, to: u64) {
    let mut hole = Vec::with_capacity(22);
    codec::put_uint(&mut hole, 1, from);
    codec::put_uint(&mut hole, 2, to);
    codec::put_element(out, block_field::HOLES, &hole);
}

/// `Genesis`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Genesis<'a> {
    pub(crate) name: &'a str,
    pub(crate) timestamp_ms: u64,
    pub(crate) open: bool,
    pub(crate) partitions: u32,
    pub(crate) reward: u64,
    pub(crate) bits: u32,
    pub(crate) target_block_ms: u64,
    pub(crate) max_block_records: u32,
    pub(crate) max_block_bytes: u32,
    pub(crate) allocations: Vec<(&'a [u8], u64)>,
    pub(crate) miners: Vec<&'a [u8]>,
    pub(crate) admin: &'a [u8],
}

impl<'a> Genesis<'a> {
    pub(crate) fn decode(bytes: &'a [u8]) -> Result<Genesis<'a>, NotCanonical> {
        let mut reader = Reader::new(bytes);
        let mut genesis = Genesis {
            name: reader.string(1)?,
            timestamp_ms: reader.uint64(2)?,
            open: reader.boolean(3)?,
            partitions: reader.uint32(4)?,
            reward: reader.uint64(5)?,
            bits: reader.uint32(6)?,
            target_block_ms: reader.uint64(7)?,
            max_block_records: reader.uint32(8)?,
            max_block_bytes: reader.uint32(9)?,
            ..Genesis::default()
        };
        while let Some(bytes) = reader.element(10)? {
            let mut inner = Reader::new(bytes);
            genesis
                .allocations
                .push((inner.bytes(1)?, inner.uint64(2)?));
            inner.end()?;
        }
        while let Some(miner) = reader.element(11)? {
            genesis.miners.push(miner);
        }
        genesis.admin = reader.bytes(12)?;
        reader.end()?;
        Ok(genesis)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        codec::put_bytes(&mut out, 1, self.name.as_bytes());
        codec::put_uint(&mut out, 2, self.timestamp_ms);
        codec::put_uint(&mut out, 3, u64::from(self.open));
        codec::put_uint(&mut out, 4, u64::from(self.partitions));
        codec::put_uint(&mut out, 5, self.reward);
        codec::put_uint(&mut out, 6, u64::from(self.bits));
        codec::put_uint(&mut out, 7, self.target_block_ms);
        codec::put_uint(&mut out, 8, u64::from(self.max_block_records));
        codec::put_uint(&mut out, 9, u64::from(self.max_block_bytes));
        for (account, amount) in &self.allocations {
            let mut allocation = Vec::new();
            codec::put_bytes(&mut allocation, 1, account);
            codec::put_uint(&mut allocation, 2, *amount);
            codec::put_element(&mut out, 10, &allocation);
        }
        for miner in &self.miners {
            codec::put_element(&mut out, 11, miner);
        }
        codec::put_bytes(&mut out, 12, self.admin);
        out
    }
}
