//! ListRecords: the fates of a range of offsets, or the records of one block.

use proto::ledger::v1::list_records_request::Range;
use proto::ledger::v1::{ListRecordsRequest, ListRecordsResponse};
use proto::wire::required;

use super::page::Page;
use super::records::{self, Ask, Rows};
use super::{ask, encode};
use crate::index::View;
use crate::problem::{Invalid, Problem};

pub fn handle(
    view: &View,
    mut request: ListRecordsRequest,
) -> Result<ListRecordsResponse, Problem> {
    let page = Page::of(view, &mut request)?;
    let (partition, mut offsets, rows) = match required("range", request.range)? {
        Range::Height(height) => {
            let header = ask::block(view, "height", height)?.header;
            let slice = header.from_offset..header.to_offset;
            (header.partition, slice, Rows::Records)
        }
        Range::Offsets(range) => {
            let partition = ask::partition(view, "offsets.partition", range.partition)?;
            let from = range.from_offset.unwrap_or(0);
            let to = range.to_offset.unwrap_or(u64::MAX);
            if from > to {
                let field = "offsets.from_offset";
                return Err(Invalid::InvertedRange { field }.into());
            }
            let end = view.partitions()[partition as usize].end;
            (partition, from..to.min(end), Rows::All)
        }
    };
    if let Some(at) = page.number()? {
        offsets.start = offsets.start.max(at);
    }
    let piece = records::read(
        view,
        &Ask {
            partition,
            offsets,
            rows,
            limit: page.limit,
            with_raw: request.with_raw,
            taken: 0,
        },
    )?;
    Ok(ListRecordsResponse {
        records: piece.records,
        next_page_token: page.token_of(piece.next),
        tip: encode::tip(view),
    })
}
