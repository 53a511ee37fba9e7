//! The overview of the chain, kept fresh by one task for all pages and streams.

use std::time::Duration;

use kit::{Condition, Reason, Shutdown};
use prost_types::Timestamp;
use proto::explorer::v1::Overview;
use proto::ledger::v1::{Block, GetLedgerInfoRequest, GetLedgerInfoResponse, ListBlocksRequest};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::upstream::Upstream;

/// The contract allows at most two overviews per second.
const INTERVAL: Duration = Duration::from_millis(500);
/// Number of blocks over which the rates are computed.
const WINDOW: u32 = 50;

/// The last overview, and the time of its reply.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    overview: Overview,
    at: Option<Instant>,
}

impl Seen {
    /// The overview with its age; empty before the first reply of the ledger.
    pub fn now(&self) -> Overview {
        let age = self
            .at
            .map(|at| u64::try_from(at.elapsed().as_millis()).unwrap_or(u64::MAX));
        Overview {
            as_of_age_ms: age,
            ..self.overview.clone()
        }
    }

    /// True if the overviews differ only in age.
    pub fn same(&self, other: &Overview) -> bool {
        Overview {
            as_of_age_ms: None,
            ..other.clone()
        } == self.overview
    }
}

/// The newest overview.
pub type Watch = watch::Receiver<Seen>;

/// The ledger does not answer, or has not been asked yet.
pub const LEDGER_UNAVAILABLE: Reason = Reason(proto::reason::LEDGER_UNAVAILABLE);

/// The channel on which the task publishes.
pub fn channel() -> (watch::Sender<Seen>, Watch) {
    watch::channel(Seen::default())
}

/// Polls the ledger until shutdown.
pub async fn poll(
    upstream: Upstream,
    publish: watch::Sender<Seen>,
    ledger: Condition,
    shutdown: Shutdown,
) -> anyhow::Result<()> {
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut blocks = Vec::new();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = shutdown.cancelled() => return Ok(()),
        }
        match look(&upstream, &mut blocks).await {
            Ok(overview) => {
                ledger.set(Ok(()));
                publish.send_replace(Seen {
                    overview,
                    at: Some(Instant::now()),
                });
            }
            Err(status) => {
                let problem = format!("the ledger does not answer: {}", status.message());
                ledger.set(Err(LEDGER_UNAVAILABLE.because(problem)));
            }
        }
    }
}

/// Polls once. Requests the newest blocks only if the tip has moved.
async fn look(upstream: &Upstream, blocks: &mut Vec<Block>) -> Result<Overview, tonic::Status> {
    let info = upstream
        .ledger()
        .get_ledger_info(GetLedgerInfoRequest {})
        .await?
        .into_inner();
    let tip = info.tip.as_ref().and_then(|tip| tip.height);
    if blocks.first().and_then(|block| block.height) != tip {
        let request = ListBlocksRequest {
            page_size: WINDOW,
            ..Default::default()
        };
        *blocks = upstream
            .ledger()
            .list_blocks(request)
            .await?
            .into_inner()
            .blocks;
    }
    Ok(overview(&info, blocks))
}

fn overview(info: &GetLedgerInfoResponse, blocks: &[Block]) -> Overview {
    let pending = info
        .partitions
        .iter()
        .filter_map(|partition| Some(partition.end_offset?.saturating_sub(partition.cursor?)))
        .sum();
    let tip = info.tip.clone().unwrap_or_default();
    let (rate, interval) = rates(blocks).unzip();
    Overview {
        chain_id: info.chain_id.clone(),
        chain_name: info.chain_name.clone(),
        tip_height: tip.height,
        tip_hash: tip.hash,
        tip_timestamp: tip.timestamp,
        pending: Some(pending),
        transactions_included: info.transactions_included,
        records_rejected: info.records_rejected,
        transactions_per_second: rate,
        block_interval_ms: interval,
        as_of_age_ms: None,
    }
}

/// Transactions a second and milliseconds a block over the newest blocks; block 0 was not mined and does not count.
fn rates(blocks: &[Block]) -> Option<(f64, f64)> {
    let mined: Vec<&Block> = blocks
        .iter()
        .filter(|block| block.height.unwrap_or(0) > 0)
        .collect();
    let (newest, oldest) = (mined.first()?, mined.last()?);
    let span_ms = millis(newest.timestamp.as_ref()?) - millis(oldest.timestamp.as_ref()?);
    if mined.len() < 2 || span_ms <= 0.0 {
        return None;
    }
    let included: u32 = mined[..mined.len() - 1]
        .iter()
        .filter_map(|block| block.included)
        .sum();
    Some((
        f64::from(included) * 1000.0 / span_ms,
        span_ms / (mined.len() - 1) as f64,
    ))
}

fn millis(time: &Timestamp) -> f64 {
    time.seconds as f64 * 1000.0 + f64::from(time.nanos) / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(height: u64, seconds: i64, included: u32) -> Block {
        Block {
            height: Some(height),
            timestamp: Some(Timestamp { seconds, nanos: 0 }),
            included: Some(included),
            ..Default::default()
        }
    }

    #[test]
    fn rates_are_taken_between_the_first_and_the_last_mined_block() {
        assert_eq!(
            rates(&[
                block(3, 14, 6),
                block(2, 12, 2),
                block(1, 10, 9),
                block(0, 0, 0)
            ]),
            Some((2.0, 2000.0))
        );
        assert_eq!(rates(&[block(1, 10, 9), block(0, 0, 0)]), None);
        assert_eq!(rates(&[]), None);
    }
}
