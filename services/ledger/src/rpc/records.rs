//! Records in bulk: as many as fit into a page and a message.

use std::ops::Range;

use prost::Message as _;
use proto::ledger::v1 as wire;

use super::{encode, page};
use crate::index::View;
use crate::model::answer::{Block, Fate};
use crate::problem::Problem;

/// Bytes of the records in a message: default clients take 4 MiB. The rest is for tip and framing.
const MESSAGE_BYTES: usize = (4 << 20) - (16 << 10);

/// Some records, and the offset to continue from.
#[derive(Default)]
pub struct Piece {
    pub records: Vec<wire::Record>,
    /// `None`: the range is exhausted.
    pub next: Option<u64>,
}

/// The rows of an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// One for every offset.
    All,
    /// Only where there is a record.
    Records,
}

/// A read of records.
pub struct Ask {
    pub partition: u32,
    pub offsets: Range<u64>,
    pub rows: Rows,
    pub limit: usize,
    pub with_raw: bool,
    /// Bytes already used in the message.
    pub taken: usize,
}

/// Reads records of a block from an offset on, at most a page of them.
pub fn of_block(
    view: &View,
    block: &Block,
    from: u64,
    with_raw: bool,
    taken: usize,
) -> Result<Piece, Problem> {
    read(
        view,
        &Ask {
            partition: block.header.partition,
            offsets: from..block.header.to_offset,
            rows: Rows::Records,
            limit: page::MOST,
            with_raw,
            taken,
        },
    )
}

/// Reads as many rows as fit both the limit and the message, but one at least.
pub fn read(view: &View, ask: &Ask) -> Result<Piece, Problem> {
    let mut piece = Piece::default();
    let mut bytes = ask.taken;
    let mut at = ask.offsets.start;
    while at < ask.offsets.end && piece.records.len() < ask.limit {
        let room = ask.limit - piece.records.len();
        // Holes may be left out, so that another read is needed.
        let rows = view.records(ask.partition, at..ask.offsets.end, room)?;
        let full = rows.len() == room;
        for row in &rows {
            if ask.rows == Rows::Records && matches!(row.fate, Fate::Void { .. }) {
                at = row.offset + 1;
                continue;
            }
            let record = encode::record(row, ask.with_raw);
            bytes += record.encoded_len() + 4;
            if bytes > MESSAGE_BYTES && !piece.records.is_empty() {
                piece.next = Some(row.offset);
                return Ok(piece);
            }
            piece.records.push(record);
            at = row.offset + 1;
        }
        if !full {
            return Ok(piece);
        }
    }
    piece.next = Some(at).filter(|at| *at < ask.offsets.end);
    Ok(piece)
}
