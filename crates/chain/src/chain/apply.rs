//! Accepting a block: the one place where a chain changes.

use super::{Chain, Tip};
use crate::accepted::Accepted;
use crate::block::{Block, Checked, Place, Rule, walk};
use crate::evaluate::{self, Evaluation, Seal, Step};

impl Chain {
    /// Accepts the next block, or refuses it and changes nothing. Everything that `admit` checks is
    /// checked here again. `append_ms` is the append time of the candidate.
    pub fn apply(&mut self, block: Block<Checked>, append_ms: u64) -> Result<Accepted, Rule> {
        self.check_header(&block, append_ms)?;
        let evaluation = self.evaluate(&block)?;
        check_verdicts(&block, &evaluation)?;
        check_log(&block, &evaluation)?;
        self.commit(&block, &evaluation);
        Ok(Accepted::new(block, append_ms, evaluation))
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
        let records = block.records();
        let places = walk(header.from_offset, block.holes(), records.len());
        let steps = places.map(|place| match place {
            Place::Record { offset, index } => Step::Record {
                offset,
                record: &records[index],
            },
            Place::Hole(hole) => Step::Void(hole),
        });
        let genesis = &self.rules.genesis;
        Ok(evaluate::block(
            &self.accounts,
            &self.frontier,
            genesis,
            &seal,
            steps,
        ))
    }

    fn commit(&mut self, block: &Block<Checked>, evaluation: &Evaluation) {
        let header = block.header();
        self.accounts.commit(&evaluation.touched);
        self.supply += i128::from(evaluation.paid);
        self.frontier = evaluation.frontier.clone();
        self.cursors[header.partition as usize] = header.to_offset;
        self.parent_timestamp_ms = self.tip.timestamp_ms;
        self.tip = Tip::new(*header);
        for order in &evaluation.orders {
            order.act(&mut self.miners, &mut self.version);
        }
    }
}

fn check_verdicts(block: &Block<Checked>, evaluation: &Evaluation) -> Result<(), Rule> {
    if block.verdicts() != evaluation.verdicts {
        return Err(Rule::BadVerdict);
    }
    Ok(())
}

fn check_log(block: &Block<Checked>, evaluation: &Evaluation) -> Result<(), Rule> {
    let (header, log) = (block.header(), &evaluation.frontier);
    if header.log_size != log.size() || header.log_root != log.root() {
        return Err(Rule::BadLog);
    }
    Ok(())
}
