//! Reports of the core: status and readiness.

use kit::Cause;
use topics::bootstrap::NO_BLOCK_ZERO;

use super::Core;
use super::attempt::Stage;
use super::queue::Queue;
use super::status::{Phase, Slice, Status};
use crate::readiness::{CATCHING_UP, LOG_UNAVAILABLE, NO_CHAIN, STOPPED};

impl Core {
    /// The status for the RPCs.
    pub fn status(&self) -> Status {
        let chain = self.follow.chain();
        let slice = self.attempt.as_ref().map(|attempt| {
            let header = &attempt.template.header;
            Slice {
                height: header.height,
                partition: header.partition,
                from_offset: header.from_offset,
                to_offset: header.to_offset,
                included: attempt.template.tally().included,
                rejected: attempt.template.tally().rejected,
                bits: header.bits,
            }
        });
        Status {
            chain_id: chain.map(|chain| chain.rules().chain_id),
            account: self.settings.account,
            partitions: self.settings.partitions.clone(),
            phase: self.phase(),
            tip: chain.map(|chain| (chain.tip().height(), chain.tip().hash)),
            slice,
            rate: self.rate,
            blocks_won: self.blocks_won,
            blocks_stale: self.blocks_stale,
        }
    }

    /// The own partitions, each with the number of pending records that were read.
    pub fn pending(&self) -> impl Iterator<Item = (u32, usize)> {
        let own = self.lanes.values().filter(|lane| lane.own);
        own.map(|lane| (lane.number(), lane.queue.as_ref().map_or(0, Queue::len)))
    }

    fn phase(&self) -> Phase {
        match self.attempt.as_ref().map(|attempt| &attempt.stage) {
            Some(Stage::Sealing) => Phase::Sealing,
            Some(Stage::Proposed(_)) => Phase::Proposed,
            None if self.usable().is_none() || !self.follow.caught_up() => Phase::CatchingUp,
            None => Phase::Waiting,
        }
    }

    /// The readiness; if it is not ready, the cause.
    pub fn readiness(&self) -> Result<(), Cause> {
        if let Some(chain) = self.follow.chain().filter(|chain| chain.is_stopped()) {
            let text = format!(
                "the chain has moved to version {}, which this software does not know: install a newer one",
                chain.version()
            );
            return Err(STOPPED.because(text));
        }
        let own = self.lanes.values().filter(|lane| lane.own);
        let lanes = own.filter_map(|lane| lane.partition.trouble());
        let trouble = self.read_trouble.iter().chain(&self.append_trouble);
        if let Some(trouble) = trouble.chain(lanes).next() {
            return Err(LOG_UNAVAILABLE.because(trouble));
        }
        let Some(chain) = self.follow.chain() else {
            return Err(NO_CHAIN.because(NO_BLOCK_ZERO));
        };
        if !self.follow.usable() || !self.follow.caught_up() || self.lanes.is_empty() {
            let lag = self.follow.lag();
            let text = format!(
                "reading the chain: at height {}, {} records of `blockchain` to go",
                chain.tip().height(),
                lag.records()
            );
            return Err(CATCHING_UP.because(text));
        }
        if !chain.may_mine(&self.settings.account) {
            let text = format!(
                "{} is not in the list of miners any more: the chain's admin can add it again (`miner+`)",
                self.settings.account
            );
            return Err(STOPPED.because(text));
        }
        if let Some(lane) = self
            .lanes
            .values()
            .find(|lane| lane.own && !lane.partition.is_whole())
        {
            let text = format!(
                "partition {} seems to have lost records; checking again",
                lane.number()
            );
            return Err(LOG_UNAVAILABLE.because(text));
        }
        Ok(())
    }
}
