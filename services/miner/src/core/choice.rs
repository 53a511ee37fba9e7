//! The choice of the next block's partition and time.

use std::cmp::Reverse;

use super::Core;
use super::attempt::Stage;
use super::lane::Lane;
use super::queue::Pending;

impl Core {
    /// True if a block may be begun: caught up, not stopped, on the list of miners, and not in the pause after a refusal.
    pub(super) fn may_begin(&self, now_ms: u64) -> bool {
        self.may_mine() && now_ms >= self.barred_until_ms
    }

    pub(super) fn may_mine(&self) -> bool {
        let chain = self.usable().filter(|_| self.follow.caught_up());
        chain.is_some_and(|chain| !chain.is_stopped() && chain.may_mine(&self.settings.account))
    }

    /// The ripe own partition with the oldest pending record; else a ripe one that its own miner does not seal.
    pub(super) fn choose(&self, now_ms: u64) -> Option<u32> {
        let ripest = |own: bool| {
            self.lanes
                .values()
                .filter(|lane| lane.own == own && lane.is_fresh(now_ms))
                .filter_map(|lane| {
                    let (pending, ripe_ms) = self.ripeness(lane)?;
                    (ripe_ms <= now_ms)
                        .then_some((Reverse(pending.oldest.age_ms(now_ms)), lane.number()))
                })
                .min()
        };
        let (_, partition) = ripest(true).or_else(|| ripest(false))?;
        Some(partition)
    }

    /// The pending records of a partition, and the time from which they may be sealed.
    pub(super) fn ripeness(&self, lane: &Lane) -> Option<(Pending, u64)> {
        let queue = lane.queue.as_ref()?;
        let pending = queue.pending().filter(|_| lane.partition.is_whole())?;
        let genesis = &self.follow.chain()?.rules().genesis;
        let enough = self.settings.block_records.min(genesis.max_block_records) as usize;
        let full = pending.bytes >= genesis.max_block_bytes as usize;
        let ripe_ms = match lane.own {
            true if full || pending.records >= enough => 0,
            true => pending.oldest.ripe_ms(self.settings.block_age_ms),
            false => pending.oldest.ripe_ms(self.settings.rescue_age_ms),
        };
        Some((pending, ripe_ms))
    }

    /// Time of the next work, unless another input comes first.
    pub(super) fn due_ms(&self) -> Option<u64> {
        let snapshot = self.snapshots.due_ms;
        if self.lanes.is_empty() {
            return snapshot;
        }
        let lanes = self.lanes.values();
        let lanes = lanes.filter_map(|lane| lane.partition.due_ms()).min();
        let attempt = match &self.attempt {
            Some(attempt) => match &attempt.stage {
                Stage::Sealing => None,
                // A comparison comes first, or reading `blockchain` to its end.
                Stage::Proposed(proposal) if proposal.waits => None,
                Stage::Proposed(proposal) => Some(proposal.again_at_ms),
            },
            None if !self.may_mine() => None,
            None => self
                .lanes
                .values()
                .filter(|lane| !lane.waits)
                .filter_map(|lane| self.ripeness(lane))
                .map(|(_, ripe_ms)| ripe_ms.max(self.barred_until_ms))
                .min(),
        };
        [lanes, attempt, snapshot, Some(self.commit_at_ms)]
            .into_iter()
            .flatten()
            .min()
    }
}
