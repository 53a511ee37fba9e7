//! A `blockchain` topic in a file: every candidate with what becomes of it, and the state after the last.

use std::collections::BTreeMap;
use std::collections::HashSet;

use bytes::Bytes;
use chain::block::Refusal;
use chain::effects::Entry;
use chain::leaf::Leaf;
use chain::log::{self, Node};
use chain::parallel::Sequential;
use chain::proof::Inclusion;
use chain::record::Signatures;
use chain::{Accepted, Account, Chain, Draft, Genesis, Hash};
use serde::Deserialize;

use crate::Hex;

/// One file, or one part of `edges.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    #[serde(default)]
    name: String,
    chain_id: Hash,
    genesis: Hex,
    candidates: Vec<Candidate>,
    leaves: Vec<Hex>,
    tip: Hash,
    #[serde(default)]
    proofs_at_tip: Vec<Proof>,
    cursors: Vec<u64>,
    miners: Vec<Account>,
    version: u32,
    accounts: BTreeMap<String, State>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Candidate {
    value: Hex,
    /// Negative if the log has no time for the record, which counts as 0.
    append_time_ms: i64,
    result: String,
    height: Option<u64>,
    hash: Option<Hash>,
    header: Option<Hex>,
    bits: Option<u32>,
    log_root: Option<Hash>,
    log_size: Option<u64>,
    verdicts: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Proof {
    leaf_index: u64,
    leaf: Hex,
    path: Vec<Hash>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    balance: i64,
    nonce: u64,
    entries: u64,
    last_leaf: u64,
}

/// How candidates go through the stages. What becomes of them must not depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Every signature is checked.
    Check,
    /// Signatures of records seen in refused candidates are not checked again.
    Remember,
    /// Bodies are checked before headers are admitted, as when reading ahead.
    Ahead,
}

/// What a replay gathers.
#[derive(Default)]
struct Replay {
    chain: Option<Chain>,
    leaves: Vec<Vec<u8>>,
    leaf_hashes: Vec<Hash>,
    nodes: Vec<Node>,
    entries: Vec<Entry>,
    good: HashSet<Hash>,
}

impl Golden {
    /// Applies every candidate, and compares everything that the file says.
    pub fn replay(&self, mode: Mode) {
        let mut replay = Replay::default();
        for (i, candidate) in self.candidates.iter().enumerate() {
            let place = format!("{} candidate {i}", self.name);
            let before = replay.chain.clone();
            match replay.apply(candidate, mode) {
                Ok(accepted) => {
                    assert_eq!(candidate.result, "OK", "{place}");
                    candidate.compare(&accepted, &place);
                    if let Some(before) = before {
                        assemble_again(&before, &accepted, &place);
                    }
                    replay.gather(&accepted);
                }
                Err(refusal) => assert_eq!(candidate.result, refusal.code(), "{place}"),
            }
        }
        self.compare(&replay);
    }

    fn compare(&self, replay: &Replay) {
        let name = &self.name;
        let chain = replay.chain.as_ref().expect("the file has a valid block 0");
        assert_eq!(chain.rules().chain_id, self.chain_id, "{name}");
        assert_eq!(chain.rules().genesis.encode(), self.genesis.0, "{name}");
        let genesis = Genesis::decode(&self.genesis.0).expect("the genesis is valid");
        assert_eq!(genesis.chain_id(), self.chain_id, "{name}");
        assert_eq!(chain.tip().hash, self.tip, "{name}");
        assert_eq!(chain.cursors(), self.cursors, "{name}");
        let (mut found, mut expected) = (chain.miners().to_vec(), self.miners.clone());
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{name}");
        assert_eq!(chain.version(), self.version, "{name}");
        self.compare_leaves(replay);
        self.compare_accounts(chain);
        self.compare_proofs(chain, replay);
        compare_snapshot(chain);
    }

    fn compare_leaves(&self, replay: &Replay) {
        assert_eq!(replay.leaves.len(), self.leaves.len(), "{}", self.name);
        for (found, expected) in replay.leaves.iter().zip(&self.leaves) {
            assert_eq!(
                hex::encode(found),
                hex::encode(&expected.0),
                "{}",
                self.name
            );
            let leaf = Leaf::decode(found).expect("a leaf decodes");
            assert_eq!(leaf.encode(), *found, "{}", self.name);
        }
    }

    fn compare_accounts(&self, chain: &Chain) {
        let numbered = (0..chain.accounts())
            .map(|number| chain.account_by_number(number).expect("numbers are dense"));
        let with_entry = numbered.clone().filter(|(_, state)| state.entries > 0);
        assert_eq!(with_entry.count(), self.accounts.len(), "{}", self.name);
        let sum: i128 = numbered.map(|(_, state)| i128::from(state.balance)).sum();
        assert_eq!(chain.supply(), sum, "{}", self.name);
        for (text, expected) in &self.accounts {
            let account: Account = text.parse().expect("accounts in files are well-formed");
            let found = chain.account(&account).expect("the account has an entry");
            assert_eq!(found.balance, expected.balance, "{} {text}", self.name);
            assert_eq!(found.nonce, expected.nonce, "{} {text}", self.name);
            assert_eq!(found.entries, expected.entries, "{} {text}", self.name);
            assert_eq!(found.last_leaf, expected.last_leaf, "{} {text}", self.name);
        }
    }

    fn compare_proofs(&self, chain: &Chain, replay: &Replay) {
        let source = |level: u32, index: u64| match level {
            0 => replay.leaf_hashes.get(index as usize).copied(),
            _ => (replay.nodes.iter())
                .find(|node| node.level == level && node.index == index)
                .map(|node| node.hash),
        };
        let tip = chain.tip();
        assert_eq!(
            log::root(tip.header.log_size, &source),
            Some(tip.header.log_root),
            "{}",
            self.name
        );
        for proof in &self.proofs_at_tip {
            let path = log::inclusion_path(proof.leaf_index, tip.header.log_size, &source);
            assert_eq!(path.as_ref(), Some(&proof.path), "{}", self.name);
            let inclusion = Inclusion {
                header: tip.header.to_bytes(),
                leaf_index: proof.leaf_index,
                leaf: proof.leaf.0.clone(),
                path: proof.path.clone(),
                record: None,
            };
            assert!(inclusion.verify(&self.tip).is_ok(), "{}", self.name);
        }
    }
}

/// A chain that was written and read again is the same chain.
fn compare_snapshot(chain: &Chain) {
    let text = serde_json::to_string(chain).expect("a chain can be written");
    let again: Chain = serde_json::from_str(&text).expect("what was written can be read");
    assert_eq!(
        serde_json::to_string(&again).expect("a chain can be written"),
        text
    );
    assert_eq!(again.tip(), chain.tip());
    assert_eq!(again.next_bits(), chain.next_bits());
}

/// The same slots assembled give the same block but for the work.
fn assemble_again(before: &Chain, accepted: &Accepted, place: &str) {
    let header = accepted.block.header();
    let slots = accepted.block.slots();
    let slots = slots.map(|(_, slot)| slot.map(|(record, _)| record.clone()));
    let template = before
        .assemble(Draft {
            partition: header.partition,
            slots: slots.collect(),
            miner: header.miner.expect("an accepted block has a miner"),
            timestamp_ms: header.timestamp_ms,
        })
        .unwrap_or_else(|error| panic!("{place}: {error}"));
    assert_eq!(template.verdicts, accepted.block.verdicts(), "{place}");
    let expected = chain::Header {
        nonce: 0,
        ..*header
    };
    assert_eq!(template.header, expected, "{place}");
    let nonce = header.nonce;
    assert_eq!(template.work().search(nonce, 1), Some(nonce), "{place}");
    if !header.miner.is_some_and(|miner| miner.is_key()) {
        assert_eq!(
            template.finish(nonce, None),
            accepted.block.value(),
            "{place}"
        );
    }
}

impl Replay {
    fn apply(&mut self, candidate: &Candidate, mode: Mode) -> Result<Accepted, Refusal> {
        let value = Bytes::from(candidate.value.0.clone());
        let append_ms = candidate.append_time_ms.max(0).unsigned_abs();
        let Some(chain) = &mut self.chain else {
            let (chain, accepted) = Chain::start(&value, append_ms)?;
            self.chain = Some(chain);
            return Ok(accepted);
        };
        let framed = chain.frame(value)?;
        let block = if mode == Mode::Ahead {
            framed.clone()
        } else {
            chain.admit(framed.clone(), append_ms)?
        };
        let good = &self.good;
        let known = |hash: &Hash| mode == Mode::Remember && good.contains(hash);
        let signatures = Signatures::Check {
            seed: [7; 32],
            known: &known,
        };
        let rules = chain.rules().clone();
        let checked = match block.check(&rules, signatures, &Sequential) {
            Ok(checked) => checked,
            Err(rule) => {
                // A rule of the header comes first, if one fails.
                chain.admit(framed, append_ms)?;
                return Err(rule.into());
            }
        };
        let occurrences = checked
            .records()
            .iter()
            .filter(|record| record.id().is_some());
        self.good.extend(occurrences.map(|record| record.hash()));
        Ok(chain.apply(checked, append_ms)?)
    }

    fn gather(&mut self, accepted: &Accepted) {
        assert_eq!(accepted.effects.first_leaf, self.leaves.len() as u64);
        self.leaves
            .extend(accepted.effects.leaf_data.iter().map(<[u8]>::to_vec));
        self.leaf_hashes.extend(&accepted.effects.leaves);
        self.nodes.extend(&accepted.effects.nodes);
        for entry in &accepted.effects.entries {
            let before = (self.entries.iter()).rfind(|other| other.account == entry.account);
            assert_eq!(entry.previous, before.map(|before| before.leaf_index));
            assert_eq!(
                entry.sequence,
                before.map_or(0, |before| before.sequence) + 1
            );
            let balance = before.map_or(0, |before| i128::from(before.balance));
            assert_eq!(i128::from(entry.balance), balance + entry.change);
            self.entries.push(*entry);
        }
    }
}

impl Candidate {
    fn compare(&self, accepted: &Accepted, place: &str) {
        let header = accepted.block.header();
        let verdicts = accepted.block.verdicts().iter();
        let verdicts: Vec<String> = verdicts.map(|verdict| verdict.code().to_owned()).collect();
        if self.height.is_some() {
            assert_eq!(self.height, Some(accepted.height()), "{place}");
            assert_eq!(self.hash, Some(accepted.hash()), "{place}");
            let bytes = self.header.as_ref().map(|header| header.0.as_slice());
            assert_eq!(bytes, Some(&accepted.block.header_bytes()[..]), "{place}");
            assert_eq!(self.bits, Some(header.bits), "{place}");
            assert_eq!(self.log_root, Some(header.log_root), "{place}");
            assert_eq!(self.log_size, Some(header.log_size), "{place}");
            assert_eq!(self.verdicts.as_ref(), Some(&verdicts), "{place}");
        } else {
            assert_eq!(accepted.height(), 0, "{place}");
        }
    }
}
