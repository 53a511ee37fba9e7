//! Lies that every reader refuses: one for each rule of a block that the miner's own bytes can break.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use chain::{Secret, Verdict};
use prost::Message as _;
use proto::chain::v1;

use crate::{Ground, hash};

/// A day, in milliseconds: later than any clock's fault.
const DAY_MS: u64 = 86_400_000;

/// Which rule is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Fault {
    /// A verdict that the record does not deserve
    Verdict,
    /// Records in another order than the one that was hashed
    Order,
    /// A log root of its own
    Root,
    /// A log with a leaf more
    Size,
    /// Too little work
    Work,
    /// Easier work than the chain asks for
    Bits,
    /// A signature of other bytes
    Signature,
    /// A miner that is not listed
    Stranger,
    /// Another height
    Height,
    /// A partition that is not there
    Partition,
    /// Offsets that are skipped
    From,
    /// No offsets at all
    Slice,
    /// From before its parent
    Early,
    /// From tomorrow
    Late,
    /// A hole outside the slice
    Holes,
    /// A record less
    Count,
    /// Another version
    Version,
    /// More bytes than a block may have
    Oversize,
    /// A field that nobody knows
    Form,
}

impl Fault {
    /// The rule that names it.
    pub fn expected(self) -> &'static str {
        match self {
            Fault::Verdict => "BAD_VERDICT",
            Fault::Order | Fault::Root | Fault::Size => "BAD_LOG",
            Fault::Work => "BAD_WORK",
            Fault::Bits => "BAD_BITS",
            Fault::Signature => "BAD_BLOCK_SIGNATURE",
            Fault::Stranger => "BAD_MINER",
            Fault::Height => "BAD_HEIGHT",
            Fault::Partition => "BAD_PARTITION",
            Fault::From => "BAD_FROM",
            Fault::Slice => "BAD_SLICE",
            Fault::Early => "TOO_EARLY",
            Fault::Late => "TOO_LATE",
            Fault::Holes => "BAD_HOLES",
            Fault::Count => "BAD_RECORD_COUNT",
            Fault::Version => "BAD_VERSION",
            Fault::Oversize => "OVERSIZE",
            Fault::Form => "UNDECODABLE",
        }
    }

    /// Makes an honest block a bad one, and seals it.
    pub fn commit(self, ground: &Ground, mut block: v1::Block) -> Result<Bytes> {
        self.change_header(
            ground,
            block.header.as_mut().context("a block has a header")?,
        );
        self.change_body(ground, &mut block)?;
        let sealed = ground.seal(block, self != Fault::Work);
        self.change_sealed(ground, sealed)
    }

    fn change_header(self, ground: &Ground, header: &mut v1::Header) {
        match self {
            Fault::Root => header.log_root = vec![7; 32].into(),
            Fault::Size => header.log_size += 1,
            Fault::Bits => header.bits = 0x207f_ffff,
            Fault::Stranger => {
                let stranger = Secret::from_seed([9; 32]).account();
                header.miner = stranger.as_bytes().to_vec().into();
            }
            Fault::Height => header.height += 1,
            Fault::Partition => header.partition = ground.chain.rules().genesis.partitions,
            Fault::From => {
                header.from_offset += 1;
                header.to_offset += 1;
            }
            Fault::Slice => header.to_offset = header.from_offset,
            Fault::Early => header.timestamp_ms = ground.chain.tip().header.timestamp_ms - 1,
            Fault::Late => header.timestamp_ms += DAY_MS,
            Fault::Version => header.version = 2,
            _ => {}
        }
    }

    fn change_body(self, ground: &Ground, block: &mut v1::Block) -> Result<()> {
        match self {
            Fault::Verdict => block.verdicts = flipped(&block.verdicts)?,
            Fault::Order => {
                let last = block.records.len() - 1;
                block.records.swap(0, last);
            }
            Fault::Holes => block.holes.push(v1::Hole {
                from_offset: ground.end,
                to_offset: ground.end + 1,
            }),
            Fault::Count => {
                block.records.pop().context("it carries records")?;
            }
            Fault::Oversize => {
                let limit = ground.chain.rules().genesis.max_block_bytes as usize;
                block.records.push(vec![0; limit].into());
            }
            _ => {}
        }
        Ok(())
    }

    fn change_sealed(self, ground: &Ground, sealed: Bytes) -> Result<Bytes> {
        match self {
            Fault::Signature => {
                let mut block = v1::Block::decode(sealed)?;
                block.signature = ground.sign(&chain::Hash::of(b"another block"));
                Ok(block.encode_to_vec().into())
            }
            Fault::Stranger => {
                let mut block = v1::Block::decode(sealed)?;
                let message = [b"blocklog:block:v1", &hash(&block).0[..]].concat();
                let stranger = Secret::from_seed([9; 32]);
                block.signature = Bytes::copy_from_slice(&stranger.sign(&message));
                Ok(block.encode_to_vec().into())
            }
            // Field 9, which the format does not have.
            Fault::Form => Ok([&sealed[..], b"\x48\x01"].concat().into()),
            _ => Ok(sealed),
        }
    }
}

/// The first verdict is another one that a record of this kind could have.
fn flipped(verdicts: &[u8]) -> Result<Bytes> {
    let mut verdicts = verdicts.to_vec();
    let first = verdicts.first_mut().context("it carries records")?;
    *first = if *first == Verdict::Included.byte() {
        Verdict::NonceTooLow.byte()
    } else {
        Verdict::Included.byte()
    };
    Ok(verdicts.into())
}
