//! Log output about a long replay, refused candidates and findings.

use std::time::{Duration, Instant};

use follow::Refused;

use crate::core::Core;
use crate::model::answer::Finding;

/// Interval between messages about a replay.
const INTERVAL: Duration = Duration::from_secs(5);

/// Time of the last message, and the replay's position then.
#[derive(Default)]
pub(super) struct Progress {
    last: Option<(Instant, u64)>,
    behind: bool,
}

impl Progress {
    /// Logs the progress of a replay every few seconds, and once when it is done.
    pub(super) fn log(&mut self, core: &Core) {
        let lag = core.lag();
        let (since, offset) = *self.last.get_or_insert((Instant::now(), lag.next_offset));
        if since.elapsed() < INTERVAL {
            return;
        }
        let behind = lag.records() > 0;
        if behind {
            let rate = (lag.next_offset - offset.min(lag.next_offset)) as f64
                / since.elapsed().as_secs_f64();
            let height = core
                .height()
                .map_or_else(|| "none".to_owned(), |height| height.to_string());
            tracing::info!(
                "replaying: height {height}, offset {} of {}, {rate:.0} candidates a second",
                lag.next_offset,
                lag.end
            );
        } else if self.behind {
            tracing::info!("replayed to offset {}", lag.next_offset);
        }
        self.behind = behind;
        self.last = Some((Instant::now(), lag.next_offset));
    }
}

/// Logs a candidate that did not become a block. A lost race is no fault. Offset and numbers are not part of the warning, so
/// that a flood of junk becomes one line with a count.
pub(super) fn log_refused(refused: &Refused) {
    let (offset, rule) = (refused.offset, refused.refusal.code());
    let header = refused.claims.as_ref().map(|claims| &claims.header);
    tracing::debug!(
        offset,
        rule,
        block = refused
            .claims
            .as_ref()
            .map(|claims| claims.hash.to_string()),
        height = header.map(|header| header.height),
        timestamp_ms = header.map(|header| header.timestamp_ms),
        partition = header.map(|header| header.partition),
        from_offset = header.map(|header| header.from_offset),
        to_offset = header.map(|header| header.to_offset),
        bits = header.map(|header| header.bits),
        "candidate refused: {}",
        refused.refusal
    );
    if !refused.refusal.is_stale() {
        let miner = header.and_then(|header| header.miner.as_ref());
        tracing::warn!(
            rule,
            miner = miner.map(|miner| miner.to_string()),
            "a candidate for the chain was refused; `blocklog candidates` lists those, `blocklog explain {rule}` says why"
        );
    }
}

/// Logs a finding of the audit.
pub(super) fn log_finding(finding: &Finding) {
    tracing::error!(
        height = finding.height,
        block = %finding.block_hash,
        miner = finding.miner.map(|miner| miner.to_string()),
        partition = finding.partition,
        from_offset = finding.from_offset,
        to_offset = finding.to_offset,
        in_block = finding.in_block.map(|hash| hash.to_string()),
        in_topic = finding.in_topic.map(|hash| hash.to_string()),
        "audit: a block and the topic disagree: {:?}",
        finding.fault
    );
}
