//! One offset of the transactions topic, even if its record is garbage.

use askama::Template;
use axum::extract::{Path, State as Shared};
use proto::ledger::v1::GetRecordRequest;
use proto::types::v1::Position;

use super::error::{Error, Rendered, render};
use super::show::RecordRow;
use crate::State;

#[derive(Template)]
#[template(path = "record.html")]
struct Page {
    record: RecordRow,
    text: String,
}

/// `/records/PARTITION/OFFSET`
pub async fn page(
    Shared(state): Shared<State>,
    Path((partition, offset)): Path<(String, String)>,
) -> Rendered {
    let (Ok(partition), Ok(offset)) = (partition.parse(), offset.parse()) else {
        return Err(Error::BadAddress(format!(
            "{partition}:{offset} is not a partition and an offset."
        )));
    };
    let position = Position {
        partition: Some(partition),
        offset: Some(offset),
    };
    let request = GetRecordRequest {
        position: Some(position),
        with_raw: true,
    };
    let record = state
        .upstream
        .ledger()
        .get_record(request)
        .await?
        .into_inner()
        .record
        .unwrap_or_default();
    let text = String::from_utf8_lossy(&record.raw).into_owned();
    render(&Page {
        record: RecordRow::from(&record),
        text,
    })
}
