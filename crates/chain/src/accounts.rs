//! The accounts of a chain by number, and uncommitted changes to them.

use std::collections::HashMap;

use crate::account::{Account, State};

/// An account that a block changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touched {
    /// Number of the account.
    pub number: u32,
    /// The account itself.
    pub account: Account,
    /// State after the block.
    pub state: State,
}

/// All accounts that any block has changed, numbered in the order of their first change. Senders choose names and keys
/// freely, so the map's hasher has secret keys; its order is never used.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accounts {
    numbers: HashMap<Account, u32>,
    states: Vec<(Account, State)>,
}

impl Accounts {
    /// Restores the accounts in the order of their numbers; `None` if one is there twice.
    pub(crate) fn new(states: Vec<(Account, State)>) -> Option<Accounts> {
        let numbers: HashMap<Account, u32> = states
            .iter()
            .map(|(account, _)| *account)
            .zip(0..)
            .collect();
        (numbers.len() == states.len()).then_some(Accounts { numbers, states })
    }

    pub(crate) fn number(&self, account: &Account) -> Option<u32> {
        self.numbers.get(account).copied()
    }

    pub(crate) fn get(&self, number: u32) -> Option<(Account, State)> {
        self.states.get(number as usize).copied()
    }

    pub(crate) fn states(&self) -> &[(Account, State)] {
        &self.states
    }

    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.states.len()).expect("memory ends before 2^32 accounts")
    }

    /// Commits the changes of a block. New numbers must ascend from the count.
    pub(crate) fn commit(&mut self, touched: &[Touched]) {
        for change in touched {
            let state = (change.account, change.state);
            match self.states.get_mut(change.number as usize) {
                Some(old) => *old = state,
                None => {
                    self.numbers.insert(change.account, change.number);
                    self.states.push(state);
                }
            }
        }
    }
}

/// The accounts as one block leaves them, until the block is known to be valid.
pub(crate) struct Overlay<'a> {
    base: &'a Accounts,
    handles: HashMap<Account, Handle>,
    locals: Vec<Local>,
    /// Changed accounts in the order of their first change.
    changed: Vec<Handle>,
    next_number: u32,
}

/// Index of an account in an overlay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Handle(u32);

struct Local {
    account: Account,
    /// `None` while the account is new and unchanged.
    number: Option<u32>,
    changed: bool,
    state: State,
}

impl<'a> Overlay<'a> {
    pub(crate) fn new(base: &'a Accounts, expected: usize) -> Overlay<'a> {
        Overlay {
            base,
            handles: HashMap::with_capacity(expected),
            locals: Vec::with_capacity(expected),
            changed: Vec::with_capacity(expected),
            next_number: base.count(),
        }
    }

    pub(crate) fn handle(&mut self, account: &Account) -> Handle {
        let Overlay { base, locals, .. } = self;
        *self.handles.entry(*account).or_insert_with(|| {
            let number = base.number(account);
            let known = number.and_then(|number| base.get(number));
            locals.push(Local {
                account: *account,
                number,
                changed: false,
                state: known.map_or(State::default(), |(_, state)| state),
            });
            Handle(locals.len() as u32 - 1)
        })
    }

    pub(crate) fn state(&self, handle: Handle) -> &State {
        &self.locals[handle.0 as usize].state
    }

    /// The number of an account and its state, to be changed.
    pub(crate) fn change(&mut self, handle: Handle) -> (u32, &mut State) {
        let local = &mut self.locals[handle.0 as usize];
        if !local.changed {
            local.changed = true;
            self.changed.push(handle);
        }
        let number = *local.number.get_or_insert_with(|| {
            self.next_number += 1;
            self.next_number - 1
        });
        (number, &mut local.state)
    }

    /// The changed accounts.
    pub(crate) fn touched(self) -> Vec<Touched> {
        let locals = self.locals;
        let touched = self.changed.iter().map(|handle| {
            let local = &locals[handle.0 as usize];
            Touched {
                number: local.number.expect("a changed account has a number"),
                account: local.account,
                state: local.state,
            }
        });
        touched.collect()
    }
}
