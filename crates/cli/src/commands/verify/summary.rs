//! The observations of a verification, and its result.

use std::collections::BTreeMap;
use std::time::Duration;

use chain::{Accepted, Account, Chain, Hash, work};
use follow::{Claims, Refused};
use serde_json::{Value, json};

use crate::exit::{Exit, Failure, Outcome};
use crate::output::Rows;

/// Refused candidates listed individually, at most.
const LISTED: usize = 20;

/// Counts and inconsistencies.
pub struct Summary {
    tip: Option<Hash>,
    to: Option<u64>,
    tip_seen: bool,
    blocks: u64,
    verdicts: BTreeMap<&'static str, u64>,
    stale: u64,
    refused: u64,
    refusals: Vec<String>,
    /// The first refusal after the newest accepted block.
    since_tip: Option<String>,
    /// Hashes of the accepted blocks, by height.
    chain: Vec<Hash>,
    broken: Option<String>,
    balances: Option<Vec<(Account, i64)>>,
}

impl Summary {
    /// Searches for a trusted tip, and collects the balances at a height.
    pub fn new(tip: Option<Hash>, to: Option<u64>) -> Self {
        Self {
            tip,
            to,
            tip_seen: false,
            blocks: 0,
            verdicts: BTreeMap::new(),
            stale: 0,
            refused: 0,
            refusals: Vec::new(),
            since_tip: None,
            chain: Vec::new(),
            broken: None,
            balances: None,
        }
    }

    /// Starts over, with the replay.
    pub fn restart(&mut self) {
        *self = Self::new(self.tip, self.to);
    }

    /// Adds a block of the chain.
    pub fn accepted(&mut self, accepted: &Accepted) {
        self.blocks += 1;
        self.broken = None;
        self.since_tip = None;
        self.chain.push(accepted.hash());
        self.tip_seen |= self.tip == Some(accepted.hash());
        for verdict in accepted.block.verdicts() {
            *self.verdicts.entry(verdict.code()).or_default() += 1;
        }
        if let Some(to) = self.to {
            self.follow_balances(accepted, to);
        }
    }

    /// Collects balances, if they were requested.
    fn follow_balances(&mut self, accepted: &Accepted, to: u64) {
        if accepted.height() > to {
            return;
        }
        let balances = self.balances.get_or_insert_default();
        for touched in &accepted.effects.touched {
            let number = touched.number as usize;
            if number >= balances.len() {
                balances.resize(number + 1, (touched.account, 0));
            }
            balances[number] = (touched.account, touched.state.balance);
        }
    }

    /// Adds a refused candidate.
    pub fn refused(&mut self, refused: Refused, chain: Option<&Chain>) {
        let claims = refused.claims.as_ref();
        if refused.refusal.is_stale() {
            self.stale += 1;
            if let (Some(claims), Some(chain)) = (claims, chain) {
                self.suspect(claims, refused.offset, chain);
                // A lost race is at most at the height of the tip; this one should have been its child.
                if claims.header.height > chain.tip().height() {
                    self.since_tip.get_or_insert_with(|| line(&refused));
                }
            }
            return;
        }
        self.refused += 1;
        let line = line(&refused);
        self.since_tip.get_or_insert_with(|| line.clone());
        if self.refusals.len() < LISTED {
            self.refusals.push(line);
        }
    }

    /// A candidate of a miner, with valid work, upon a block that is not on this chain shows that the chain was another one at that
    /// time: no miner builds on a block that every reader refuses. A later accepted block clears the suspicion. On a chain with a list
    /// of miners only they can raise it; on others anyone can, at the price of the work.
    fn suspect(&mut self, claims: &Claims, offset: u64, chain: &Chain) {
        let header = &claims.header;
        let parent = header.height.checked_sub(1).map(usize::try_from);
        let builds_elsewhere = parent.is_some_and(|height| {
            height.map_or(None, |height| self.chain.get(height)) != Some(&header.previous_hash)
        });
        if self.broken.is_some()
            || !builds_elsewhere
            || !work::meets(&claims.hash, chain.rules().genesis.bits)
            || !header.miner.is_some_and(|miner| chain.may_mine(&miner))
            || !claims.is_signed()
        {
            return;
        }
        let at = header.height.min(chain.tip().height() + 2) - 1;
        self.broken = Some(format!(
            "the chain breaks at height {at}: the candidate at offset {offset} is a block of height {} upon {}, which is not on it",
            header.height, header.previous_hash
        ));
    }

    /// The failure for a damaged file.
    pub fn damaged(&self, problem: &str) -> Failure {
        let reached = match self.blocks {
            0 => "no block was read before it".to_owned(),
            blocks => format!("the chain is whole up to height {}, before it", blocks - 1),
        };
        Failure::new(Exit::DoesNotVerify, format!("{problem}; {reached}")).reason("DAMAGED")
    }

    /// The failure for a source without block 0.
    pub fn no_chain(&self, source: &str) -> Failure {
        let refused = self
            .since_tip
            .as_ref()
            .map(|line| format!("; refused: {line}"))
            .unwrap_or_default();
        let nothing = format!("{source} holds no valid block of height 0{refused}");
        Failure::new(Exit::DoesNotVerify, nothing).reason("NO_CHAIN")
    }

    /// The exact extent of the checks: for programs, and for people.
    pub fn report(
        &self,
        chain: &Chain,
        source: &str,
        assumed: Option<Hash>,
        took: Duration,
    ) -> (Value, Rows) {
        let tip = chain.tip();
        let records: u64 = self.verdicts.values().sum();
        let signatures = match assumed {
            None => "every signature of transactions and blocks".to_owned(),
            Some(hash) => format!("signatures after block {hash} only"),
        };
        let value = json!({
            "source": source, "chainId": chain.rules().chain_id.to_string(), "name": chain.rules().genesis.name,
            "height": tip.height(), "tip": tip.hash.to_string(), "logRoot": tip.header.log_root.to_string(), "logSize": tip.header.log_size,
            "blocks": self.blocks, "records": records, "verdicts": self.verdicts, "stale": self.stale,
            "refused": self.refused, "refusals": self.refusals, "afterTip": self.since_tip, "accounts": chain.accounts(),
            "supply": chain.supply().to_string(), "signatures": signatures, "seconds": took.as_secs_f64(),
            "balances": self.balances.as_ref().map(|balances| balances.iter()
                .map(|(account, balance)| json!({ "account": account.to_string(), "balance": balance })).collect::<Vec<_>>()),
        });
        (value, self.rows(chain, source, &signatures, took))
    }

    fn rows(&self, chain: &Chain, source: &str, signatures: &str, took: Duration) -> Rows {
        let tip = chain.tip();
        let records: u64 = self.verdicts.values().sum();
        let rate = records as f64 / took.as_secs_f64().max(1e-9);
        let verdicts: Vec<String> = self
            .verdicts
            .iter()
            .map(|(code, count)| format!("{count} {code}"))
            .collect();
        let mut rows: Rows = vec![
            ("checked", source.to_owned()),
            (
                "rules",
                format!(
                    "every rule of format 1; {signatures}; not: that blocks hold what the transactions topic holds (`blocklog audit`)"
                ),
            ),
            (
                "chain",
                format!("{} {}", chain.rules().genesis.name, chain.rules().chain_id),
            ),
            ("tip", format!("{} {}", tip.height(), tip.hash)),
            (
                "log",
                format!(
                    "{} leaves, root {}",
                    tip.header.log_size, tip.header.log_root
                ),
            ),
            (
                "blocks",
                format!(
                    "{} accepted, {} stale, {} refused",
                    self.blocks, self.stale, self.refused
                ),
            ),
            ("records", format!("{records}: {}", verdicts.join(", "))),
            (
                "accounts",
                format!("{}, supply {}", chain.accounts(), chain.supply()),
            ),
            (
                "took",
                format!("{:.2} s, {rate:.0} records/s", took.as_secs_f64()),
            ),
        ];
        rows.extend(
            self.broken
                .iter()
                .map(|broken| ("suspicion", broken.clone())),
        );
        rows.extend(self.since_tip.iter().map(|line| {
            let advice = "if this copy should continue, it was changed there: --tip HASH decides";
            ("after the tip", format!("{line} ({advice})"))
        }));
        rows.extend(self.refusals.iter().map(|line| ("refused", line.clone())));
        rows.extend(
            self.balances
                .iter()
                .flatten()
                .map(|(account, balance)| ("balance", format!("{account} {balance}"))),
        );
        rows
    }

    /// Fails if the chain does not verify.
    pub fn verdict(&self, chain: &Chain) -> Outcome {
        if let (Some(tip), false) = (self.tip, self.tip_seen) {
            let missing = format!(
                "block {tip}, which you trust, is not on this chain, which ends at height {} ({}); {}",
                chain.tip().height(),
                chain.tip().hash,
                self.broken
                    .as_deref()
                    .or(self.since_tip.as_deref())
                    .unwrap_or("the copy may be cut, or of another chain")
            );
            return Err(Failure::new(Exit::DoesNotVerify, missing).reason("TIP_NOT_ON_CHAIN"));
        }
        if let Some(to) = self.to.filter(|to| *to > chain.tip().height()) {
            let short = format!("height {to} is above the tip, {}", chain.tip().height());
            return Err(Failure::new(Exit::NotFound, short).reason("HEIGHT_ABOVE_TIP"));
        }
        // A trusted tip on the chain overrules the suspicion, which anyone who may write to the topic can raise.
        match self.broken.as_ref().filter(|_| self.tip.is_none()) {
            None => Ok(()),
            Some(broken) => {
                let refused = self
                    .since_tip
                    .as_ref()
                    .map(|line| format!("; refused there: {line}"))
                    .unwrap_or_default();
                Err(
                    Failure::new(Exit::DoesNotVerify, format!("{broken}{refused}"))
                        .reason("BROKEN"),
                )
            }
        }
    }
}

/// One line about a refused candidate.
fn line(refused: &Refused) -> String {
    let height = refused.claims.as_ref().map_or_else(String::new, |claims| {
        format!(", which claims height {}", claims.header.height)
    });
    let (offset, refusal) = (refused.offset, &refused.refusal);
    format!("offset {offset}{height}: {}, {refusal}", refusal.code())
}
