//! The one evaluation of a block: verdicts, balances, leaves. Validating and assembling both run it.

use crate::account::{Account, State};
use crate::accounts::{Accounts, Handle, Overlay};
use crate::effects::{Effects, Entry, Kind, LeafData};
use crate::genesis::Genesis;
use crate::hash::Hash;
use crate::leaf::{self, Leaf};
use crate::log::{self, Frontier};
use crate::order::Order;
use crate::record::{Judged, Record, Transfer};
use crate::slice::Slot;
use crate::verdict::Verdict;

/// Balances stay within −(2^63−1) … 2^63−1, so that every balance can be negated.
const MAX_BALANCE: i128 = i64::MAX as i128;

/// The header fields that the evaluation needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seal {
    pub(crate) height: u64,
    pub(crate) previous_hash: Hash,
    pub(crate) timestamp_ms: u64,
    pub(crate) partition: u32,
    pub(crate) miner: Account,
}

/// The result of a block, if it is valid.
pub(crate) struct Evaluation {
    pub(crate) verdicts: Vec<Verdict>,
    /// The log after the block.
    pub(crate) frontier: Frontier,
    /// Orders of the admin in the block.
    pub(crate) orders: Vec<Order>,
    pub(crate) effects: Effects,
}

/// Evaluates block 0.
pub(crate) fn genesis(genesis: &Genesis, record: &[u8]) -> Evaluation {
    let accounts = Accounts::default();
    let mut run = Run::new(&accounts, Frontier::default(), genesis.allocations.len());
    run.leaf(&Leaf::Genesis {
        record_hash: Hash::of(record),
    });
    for allocation in &genesis.allocations {
        let account = run.overlay.handle(&allocation.account);
        let entry = run.entry(
            account,
            i128::from(allocation.amount),
            Kind::Allocation,
            None,
        );
        run.leaf(&Leaf::Allocation {
            account: allocation.account,
            amount: allocation.amount,
            entry,
        });
    }
    run.finish()
}

/// Evaluates a block on top of `accounts` and `frontier`. `slots` are those of its slice, with their offsets.
pub(crate) fn block<'a>(
    accounts: &Accounts,
    frontier: &Frontier,
    genesis: &Genesis,
    seal: &Seal,
    slots: impl Iterator<Item = (u64, Slot<&'a Record>)>,
) -> Evaluation {
    let mut run = Run::new(accounts, frontier.clone(), slots.size_hint().0 + 1);
    run.pay(genesis.reward, seal);
    for (offset, slot) in slots {
        match slot {
            Slot::Record(record) => run.record(seal, genesis, offset, record),
            Slot::Hole(offsets) => run.leaf(&Leaf::Void {
                height: seal.height,
                partition: seal.partition,
                from_offset: offset,
                to_offset: offset + offsets,
            }),
        }
    }
    run.finish()
}

/// An evaluation in progress.
struct Run<'a> {
    overlay: Overlay<'a>,
    done: Evaluation,
}

/// A transfer whose accounts have been looked up.
struct Parties {
    sender: Handle,
    /// The recipient, if it is not the sender.
    other: Option<Handle>,
}

impl<'a> Run<'a> {
    fn new(accounts: &'a Accounts, frontier: Frontier, expected: usize) -> Run<'a> {
        Run {
            overlay: Overlay::new(accounts, expected),
            done: Evaluation {
                verdicts: Vec::with_capacity(expected),
                effects: Effects {
                    first_leaf: frontier.size(),
                    leaves: Vec::with_capacity(expected),
                    leaf_data: LeafData::with_capacity(expected, leaf::MAX_BYTES),
                    nodes: Vec::with_capacity(expected),
                    paid: 0,
                    entries: Vec::with_capacity(2 * expected),
                    touched: Vec::new(),
                },
                frontier,
                orders: Vec::new(),
            },
        }
    }

    fn finish(mut self) -> Evaluation {
        self.done.effects.touched = self.overlay.touched();
        self.done
    }

    fn pay(&mut self, reward: u64, seal: &Seal) {
        let miner = self.overlay.handle(&seal.miner);
        let room = MAX_BALANCE - i128::from(self.overlay.state(miner).balance);
        let paid = i128::from(reward).min(room);
        let entry = (paid > 0).then(|| self.entry(miner, paid, Kind::Reward, None));
        self.done.effects.paid = u64::try_from(paid).expect("no balance exceeds the bound");
        self.leaf(&Leaf::Block {
            height: seal.height,
            previous_hash: seal.previous_hash,
            timestamp_ms: seal.timestamp_ms,
            miner: seal.miner,
            paid: self.done.effects.paid,
            entry,
        });
    }

    fn record(&mut self, seal: &Seal, genesis: &Genesis, offset: u64, record: &Record) {
        let mut entries = (None, None);
        let verdict = match record.judged() {
            Judged::Refused(verdict) => *verdict,
            Judged::Good(transfer) => {
                let parties = self.parties(transfer);
                let verdict = self.judge(seal.height, transfer, &parties);
                if verdict == Verdict::Included {
                    entries = self.include(transfer, &parties);
                    self.done
                        .orders
                        .extend(Order::of(record, transfer, genesis));
                }
                let uses_nonce = [
                    Verdict::Included,
                    Verdict::InsufficientFunds,
                    Verdict::BalanceOverflow,
                ];
                if uses_nonce.contains(&verdict) {
                    self.overlay.change(parties.sender).1.nonce = transfer.nonce;
                }
                verdict
            }
        };
        self.done.verdicts.push(verdict);
        self.leaf(&Leaf::Record {
            height: seal.height,
            partition: seal.partition,
            offset,
            record_hash: record.hash(),
            verdict,
            sender: entries.0,
            recipient: entries.1,
        });
    }

    fn parties(&mut self, transfer: &Transfer) -> Parties {
        let other = transfer
            .recipient
            .filter(|recipient| *recipient != transfer.sender);
        Parties {
            sender: self.overlay.handle(&transfer.sender),
            other: other.map(|recipient| self.overlay.handle(&recipient)),
        }
    }

    /// Gives the verdict, from EXPIRED on.
    fn judge(&self, height: u64, transfer: &Transfer, parties: &Parties) -> Verdict {
        let sender = self.overlay.state(parties.sender);
        let recipient = parties.other.map(|other| self.overlay.state(other));
        if expired(height, transfer) {
            Verdict::Expired
        } else if transfer.nonce <= sender.nonce {
            Verdict::NonceTooLow
        } else if lacks_funds(transfer, sender) {
            Verdict::InsufficientFunds
        } else if recipient.is_some_and(|recipient| overflows(transfer.amount, sender, recipient)) {
            Verdict::BalanceOverflow
        } else {
            Verdict::Included
        }
    }

    fn include(
        &mut self,
        transfer: &Transfer,
        parties: &Parties,
    ) -> (Option<leaf::Entry>, Option<leaf::Entry>) {
        let record = Some(self.done.verdicts.len() as u32);
        let Some(other) = parties.other else {
            let entry = self.entry(parties.sender, 0, Kind::Sent, record);
            return (Some(entry), None);
        };
        let amount = i128::from(transfer.amount);
        let sent = self.entry(parties.sender, -amount, Kind::Sent, record);
        let received = self.entry(other, amount, Kind::Received, record);
        (Some(sent), Some(received))
    }

    /// Adds an entry of the next leaf.
    fn entry(
        &mut self,
        account: Handle,
        change: i128,
        kind: Kind,
        record: Option<u32>,
    ) -> leaf::Entry {
        let leaf_index = self.done.frontier.size();
        let (number, state) = self.overlay.change(account);
        let entry = leaf::Entry {
            previous: state.last_entry(),
            sequence: state.entries + 1,
            balance: i64::try_from(i128::from(state.balance) + change)
                .expect("the bounds were checked"),
        };
        state.balance = entry.balance;
        state.entries = entry.sequence;
        state.last_leaf = leaf_index;
        self.done.effects.entries.push(Entry {
            account: number,
            leaf_index,
            previous: entry.previous,
            sequence: entry.sequence,
            change,
            balance: entry.balance,
            kind,
            record,
        });
        entry
    }

    fn leaf(&mut self, leaf: &Leaf) {
        let Evaluation {
            effects, frontier, ..
        } = &mut self.done;
        let hash = log::leaf_hash(effects.leaf_data.push(leaf));
        effects.leaves.push(hash);
        frontier.append_with(hash, |node| effects.nodes.push(node));
    }
}

/// format.md, "Verdicts", EXPIRED: "`valid_until` > 0 and below the block's height".
fn expired(height: u64, transfer: &Transfer) -> bool {
    transfer.valid_until > 0 && transfer.valid_until < height
}

/// format.md, "Verdicts", INSUFFICIENT_FUNDS: "key sender with a balance below the amount".
fn lacks_funds(transfer: &Transfer, sender: &State) -> bool {
    transfer.sender.is_key() && i128::from(sender.balance) < i128::from(transfer.amount)
}

/// format.md, "Verdicts", BALANCE_OVERFLOW: "a balance would leave −(2^63−1) … 2^63−1".
fn overflows(amount: u64, sender: &State, recipient: &State) -> bool {
    i128::from(sender.balance) - i128::from(amount) < -MAX_BALANCE
        || i128::from(recipient.balance) + i128::from(amount) > MAX_BALANCE
}
