//! The history of accounts: every entry, in groups of one account.

use std::collections::HashMap;

use crate::index::rows::{self, Group, Step, What};
use crate::index::schema::{self, GROUP_ENTRIES, Row};
use crate::model::Applied;

/// The steps of all accounts in these blocks, in groups: key and row. A group is of one account and one block, so that
/// groups do not depend on how blocks are batched.
pub(super) fn groups(blocks: &[Applied], out: &mut Vec<Row>) {
    for applied in blocks {
        let mut steps = Vec::new();
        collect(applied, &mut steps);
        // Stable: the steps of one account stay in leaf order.
        steps.sort_by_key(|(account, _)| *account);
        for same in steps.chunk_by(|a, b| a.0 == b.0) {
            for group in same.chunks(GROUP_ENTRIES) {
                let (account, first) = (group[0].0, group[0].1.leaf);
                let steps = group.iter().map(|(_, step)| *step).collect();
                let key = schema::history(account, first);
                out.push((key.into(), rows::encode(&Group { steps }).into()));
            }
        }
    }
}

fn collect(applied: &Applied, steps: &mut Vec<(u32, Step)>) {
    let accepted = &*applied.accepted;
    // A state is only queried as of the end of a block, so every step of a block may carry the final nonce.
    let nonces: HashMap<u32, u64> = accepted
        .effects
        .touched
        .iter()
        .map(|touched| (touched.number, touched.state.nonce))
        .collect();
    for entry in &accepted.effects.entries {
        let step = Step {
            leaf: entry.leaf_index,
            height: accepted.height(),
            what: What::from(entry.kind),
            previous: entry.previous,
            sequence: entry.sequence,
            change: entry.change,
            balance: entry.balance,
            nonce: nonces.get(&entry.account).copied().unwrap_or(0),
        };
        steps.push((entry.account, step));
    }
    for touched in &accepted.effects.touched {
        let entry_here = touched
            .state
            .last_entry()
            .is_some_and(|leaf| leaf >= accepted.effects.first_leaf);
        if !entry_here {
            let step = Step {
                leaf: accepted.effects.first_leaf,
                height: accepted.height(),
                what: What::Nonce,
                previous: touched.state.last_entry(),
                sequence: touched.state.entries,
                change: 0,
                balance: touched.state.balance,
                nonce: touched.state.nonce,
            };
            steps.push((touched.number, step));
        }
    }
}
