//! Records in bulk: as many as fit a page and a message.

use std::ops::Range;

use prost::Message as _;
use proto::ledger::v1 as wire;

use super::{encode, page};
use crate::index::View;
use crate::model::answer::{Block, Fate};
use crate::problem::Problem;

/// Bytes of a message with records: default clients take 4 MiB. What comes with them, tip and framing, fits the rest.
const MESSAGE_BYTES: usize = (4 << 20) - (16 << 10);

/// Some records, and the offset to go on from.
#[derive(Default)]
pub struct Piece {
    pub records: Vec<wire::Record>,
    /// `None`: the range ends.
    pub next: Option<u64>,
}

/// Which rows are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// One for every offset.
    All,
    /// Only where there is a record.
    Records,
}

/// What to read.
pub struct Ask {
    pub partition: u32,
    pub offsets: Range<u64>,
    pub rows: Rows,
    pub limit: usize,
    pub with_raw: bool,
    /// Bytes that the message has already.
    pub taken: usize,
}

/// The records of a block from an offset on, at most a page of them.
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

/// Reads what fits: at most the limit, and not more bytes than a message may have, but one row at least.
pub fn read(view: &View, ask: &Ask) -> Result<Piece, Problem> {
    let mut piece = Piece::default();
    let mut bytes = ask.taken;
    let mut at = ask.offsets.start;
    while at < ask.offsets.end && piece.records.len() < ask.limit {
        let room = ask.limit - piece.records.len();
        // Voids may be left out of the piece, so that it takes another look for more.
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
