//! The state of a chain as a snapshot, without what can be derived from it.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Chain, Tip};
use crate::account::{self, Account};
use crate::accounts::Accounts;
use crate::genesis::{Genesis, Rules};
use crate::header::Header;
use crate::log::Frontier;

/// The content of a snapshot. The genesis is kept as block 0 carries it, so that it is validated again.
#[derive(Serialize, Deserialize)]
struct Snapshot {
    genesis: Vec<u8>,
    tip: Header,
    parent_timestamp_ms: u64,
    cursors: Vec<u64>,
    miners: Vec<Account>,
    version: u32,
    accounts: Vec<(Account, account::State)>,
    frontier: Frontier,
}

impl Serialize for Chain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Snapshot {
            genesis: self.rules.genesis.encode().to_vec(),
            tip: self.tip.header,
            parent_timestamp_ms: self.parent_timestamp_ms,
            cursors: self.cursors.clone(),
            miners: self.miners.clone(),
            version: self.version,
            accounts: self.accounts.states().to_vec(),
            frontier: self.frontier.clone(),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Chain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Chain, D::Error> {
        let snapshot = Snapshot::deserialize(deserializer)?;
        Chain::restore(snapshot).map_err(de::Error::custom)
    }
}

impl Chain {
    fn restore(snapshot: Snapshot) -> Result<Chain, &'static str> {
        let genesis = Genesis::decode(&snapshot.genesis).map_err(|_| "the genesis is not valid")?;
        let tip = Tip::from(snapshot.tip);
        let consistent = snapshot.cursors.len() == genesis.partitions as usize
            && snapshot.parent_timestamp_ms <= tip.header.timestamp_ms
            && snapshot.frontier.is_whole()
            && snapshot.frontier.size() == tip.header.log_size
            && snapshot.frontier.root() == tip.header.log_root;
        if !consistent {
            return Err("the parts of the snapshot do not fit each other");
        }
        let supply = (snapshot.accounts.iter())
            .map(|(_, state)| i128::from(state.balance))
            .sum();
        let accounts = Accounts::new(snapshot.accounts).ok_or("an account is there twice")?;
        Ok(Chain {
            rules: Arc::new(Rules {
                chain_id: genesis.chain_id(),
                genesis,
            }),
            tip,
            parent_timestamp_ms: snapshot.parent_timestamp_ms,
            cursors: snapshot.cursors,
            miners: snapshot.miners,
            version: snapshot.version,
            supply,
            accounts,
            frontier: snapshot.frontier,
        })
    }
}
