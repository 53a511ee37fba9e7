//! GetSeries: counts and sums over time, for charts.

use std::time::{SystemTime, UNIX_EPOCH};

use proto::ledger::v1::{GetSeriesRequest, GetSeriesResponse};
use proto::wire;

use super::encode;
use crate::index::View;
use crate::problem::{Invalid, Problem};

/// Buckets, if the request does not set their number.
const DEFAULT_BUCKETS: u32 = 60;

/// Most buckets, by the contract.
const MOST_BUCKETS: u32 = 1000;

/// Length of the chart, if the request does not set it.
const DEFAULT_SPAN_MS: u64 = 60 * 60 * 1000;

/// 10000-01-01, where timestamps end.
const END_OF_TIME_MS: u64 = 253_402_300_800_000;

pub fn handle(view: &View, request: GetSeriesRequest) -> Result<GetSeriesResponse, Problem> {
    let to = match &request.to_time {
        Some(time) => moment("to_time", time)?,
        None => now_ms(),
    };
    let from = match &request.from_time {
        Some(time) => moment("from_time", time)?,
        None => to.saturating_sub(DEFAULT_SPAN_MS),
    };
    if from > to {
        return Err(Invalid::InvertedRange { field: "from_time" }.into());
    }
    let buckets = match request.buckets {
        0 => DEFAULT_BUCKETS,
        asked => asked.min(MOST_BUCKETS),
    };
    let buckets = view.series(from, to, buckets as usize)?;
    Ok(GetSeriesResponse {
        buckets: buckets.iter().map(encode::bucket).collect(),
        tip: encode::tip(view),
    })
}

fn moment(field: &'static str, time: &prost_types::Timestamp) -> Result<u64, Problem> {
    let ms = wire::timestamp_ms(field, time)?;
    if ms >= END_OF_TIME_MS || !(0..1_000_000_000).contains(&time.nanos) {
        return Err(wire::Error::bad(field, "is no time between 1970 and 9999").into());
    }
    Ok(ms)
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
