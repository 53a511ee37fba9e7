//! Accepting a block: the one place where a chain changes.

use super::{Chain, Tip};
use crate::accepted::Accepted;
use crate::block::{Block, Checked, Rule, Unequal};
use crate::effects::Effects;
use crate::evaluate::{self, Evaluation, Seal};
use crate::header::Header;

impl Chain {
    /// Accepts the next block, or refuses it and changes nothing. All checks of `admit` are
    /// repeated here. `append_ms` is the append time of the candidate.
    pub fn apply(&mut self, block: Block<Checked>, append_ms: u64) -> Result<Accepted, Rule> {
        self.check_header(&block, append_ms)?;
        let evaluation = self.evaluate(&block)?;
        check_verdicts(&block, &evaluation)?;
        check_log(&block, &evaluation)?;
        let effects = self.commit(block.header(), evaluation);
        Ok(Accepted {
            block,
            append_ms,
            effects,
        })
    }

    fn evaluate(&self, block: &Block<Checked>) -> Result<Evaluation, Rule> {
        let header = block.header();
        let seal = Seal {
            height: header.height,
            previous_hash: header.previous_hash,
            timestamp_ms: header.timestamp_ms,
            partition: header.partition,
            miner: header.miner.ok_or(Rule::BadMiner)?,
        };
        let slots = block.slots();
        let slots = slots.map(|(offset, slot)| (offset, slot.map(|(record, _)| record)));
        let genesis = &self.rules.genesis;
        Ok(evaluate::block(
            &self.accounts,
            &self.frontier,
            genesis,
            &seal,
            slots,
        ))
    }

    fn commit(&mut self, header: &Header, evaluation: Evaluation) -> Effects {
        let effects = evaluation.effects;
        self.accounts.commit(&effects.touched);
        self.supply += i128::from(effects.paid);
        self.frontier = evaluation.frontier;
        self.cursors[header.partition as usize] = header.to_offset;
        self.parent_timestamp_ms = self.tip.header.timestamp_ms;
        self.tip = Tip::from(*header);
        for order in &evaluation.orders {
            order.act(&mut self.miners, &mut self.version);
        }
        effects
    }
}

/// format.md, "Block validity": "verdicts equal the recomputed ones".
fn check_verdicts(block: &Block<Checked>, evaluation: &Evaluation) -> Result<(), Rule> {
    if block.verdicts() != evaluation.verdicts {
        return Err(Rule::BadVerdict);
    }
    Ok(())
}

/// format.md, "Block validity": "log size, log root".
fn check_log(block: &Block<Checked>, evaluation: &Evaluation) -> Result<(), Rule> {
    let (header, log) = (block.header(), &evaluation.frontier);
    let (found, expected) = (header.log_size, log.size());
    if found != expected || header.log_root != log.root() {
        return Err(Rule::BadLog(Unequal { found, expected }));
    }
    Ok(())
}
