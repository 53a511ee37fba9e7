//! The order of each sender's transactions. The chain refuses a nonce that is not above the sender's last one, so a record
//! that lands behind a later one of its sender is void and must not be acknowledged.
//!
//! A sender is remembered while it has transactions in flight, and for those given up as long as there is room.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use bytes::Bytes;

/// Given-up transactions remembered, of all senders together: the default limit of submissions in flight. Beyond, the
/// oldest is forgotten. One takes about 200 bytes.
const MOST_GIVEN_UP: usize = 65_536;

/// Order is kept within a partition.
pub(super) type Key = (u32, Bytes);

/// All remembered senders.
#[derive(Debug, Default)]
pub(super) struct Senders {
    senders: HashMap<Key, Sender>,
    /// Given-up transactions in order, each with the number of its entry; some may have landed since.
    given_up: VecDeque<(u64, Key, u64)>,
    /// Counts events, to put them in order.
    moment: u64,
}

#[derive(Debug, Default)]
struct Sender {
    /// Nonces and tokens in flight, including those that have been answered.
    underway: BTreeSet<(u64, u64)>,
    /// Tokens that wait until a higher nonce has landed or failed, and those behind them.
    held: BTreeSet<u64>,
    /// Tokens that wait for the partition only.
    ready: BTreeSet<u64>,
    /// Highest nonce that has landed.
    landed: u64,
    /// Highest nonce that may have landed, and the last moment at which one of these was handed to the journal.
    unsure: (u64, u64),
    /// Nonces that were not acknowledged and are not known to have landed.
    given_up: BTreeMap<u64, GivenUp>,
}

#[derive(Clone, Copy, Debug)]
struct GivenUp {
    entry: u64,
    /// Records handed over after this moment may have landed without it. (A record lands only behind those that were in
    /// flight at its handover, unless one of them is known not to have been persisted.)
    since: u64,
}

/// The last try of a flight.
#[derive(Clone, Copy, Debug)]
pub(super) enum Try {
    /// It was never handed to the journal.
    None,
    /// It was handed over at that moment, and is known not to have been persisted.
    Lost(u64),
    /// It was handed over, and may have been persisted.
    Unknown,
}

impl Senders {
    /// True if a flight must not be appended now: earlier ones wait, a higher nonce is in flight and may land first, or
    /// a copy is in flight, without whose outcome the higher ones that have landed prove nothing.
    pub(super) fn blocks(&self, key: &Key, token: u64, nonce: Option<u64>) -> bool {
        self.senders.get(key).is_some_and(|sender| {
            sender.held.first().is_some_and(|first| *first < token) || sender.reaches(nonce)
        })
    }

    /// Holds a flight back.
    pub(super) fn hold(&mut self, key: &Key, token: u64) {
        let sender = self.entry(key);
        sender.ready.remove(&token);
        sender.held.insert(token);
    }

    /// Notes that the flight waits for its partition.
    pub(super) fn wait(&mut self, key: &Key, token: u64) {
        let sender = self.entry(key);
        sender.held.remove(&token);
        sender.ready.insert(token);
    }

    /// Notes that the flight is handed to the journal; returns the moment.
    pub(super) fn launched(&mut self, key: &Key, token: u64, nonce: u64) -> u64 {
        self.moment += 1;
        let sender = self.entry(key);
        sender.held.remove(&token);
        sender.ready.remove(&token);
        sender.underway.insert((nonce, token));
        self.moment
    }

    /// Notes that the flight's append has ended.
    pub(super) fn ended(&mut self, key: &Key, token: u64, nonce: u64) {
        if let Some(sender) = self.senders.get_mut(key) {
            sender.underway.remove(&(nonce, token));
        }
    }

    /// Notes that the flight no longer waits.
    pub(super) fn left(&mut self, key: &Key, token: u64) {
        if let Some(sender) = self.senders.get_mut(key) {
            sender.held.remove(&token);
            sender.ready.remove(&token);
        }
    }

    /// The first flight that is held back, if any.
    pub(super) fn first_held(&self, key: &Key) -> Option<u64> {
        self.senders.get(key)?.held.first().copied()
    }

    /// All waiting flights of the sender.
    pub(super) fn waiting(&self, key: &Key) -> Vec<u64> {
        let tokens = |sender: &Sender| sender.ready.union(&sender.held).copied().collect();
        self.senders.get(key).map(tokens).unwrap_or_default()
    }

    /// Notes that a record has landed.
    pub(super) fn landed(&mut self, key: &Key, nonce: u64) {
        if let Some(sender) = self.senders.get_mut(key) {
            sender.landed = sender.landed.max(nonce);
            sender.given_up.remove(&nonce);
        }
    }

    /// Notes that a record handed over at that moment has not been acknowledged, and may have landed.
    pub(super) fn unsure(&mut self, key: &Key, nonce: u64, launched: u64) {
        if let Some(sender) = self.senders.get_mut(key) {
            let (highest, last) = sender.unsure;
            sender.unsure = (highest.max(nonce), last.max(launched));
        }
    }

    /// Notes that a record was not acknowledged, and that a copy may come.
    pub(super) fn give_up(&mut self, key: &Key, nonce: u64, last: Try) {
        self.moment += 1;
        let entry = self.moment;
        let since = match last {
            Try::Lost(launched) => launched,
            Try::None | Try::Unknown => entry,
        };
        let sender = self.entry(key);
        if let Some(before) = sender.given_up.get_mut(&nonce) {
            if !matches!(last, Try::None) {
                before.since = since;
            }
            return;
        }
        sender.given_up.insert(nonce, GivenUp { entry, since });
        self.given_up.push_back((entry, key.clone(), nonce));
        if self.given_up.len() > MOST_GIVEN_UP
            && let Some((entry, key, nonce)) = self.given_up.pop_front()
            && let Some(sender) = self.senders.get_mut(&key)
        {
            if sender
                .given_up
                .get(&nonce)
                .is_some_and(|it| it.entry == entry)
            {
                sender.given_up.remove(&nonce);
            }
            self.tidy(&key);
        }
    }

    /// True if the nonce is among those given up.
    pub(super) fn is_given_up(&self, key: &Key, nonce: u64) -> bool {
        let sender = self.senders.get(key);
        sender.is_some_and(|sender| sender.given_up.contains_key(&nonce))
    }

    /// True if a record with this nonce is in flight.
    pub(super) fn is_underway(&self, key: &Key, nonce: u64) -> bool {
        let sender = self.senders.get(key);
        sender.is_some_and(|sender| {
            sender
                .underway
                .range((nonce, 0)..=(nonce, u64::MAX))
                .count()
                > 0
        })
    }

    /// The nonce that makes this one void: it landed, or may have, after a copy was given up, or after the failed try
    /// at the moment `failed`.
    pub(super) fn overtaken(&self, key: &Key, nonce: u64, failed: Option<u64>) -> Option<u64> {
        let sender = self.senders.get(key)?;
        let since = failed.or(sender.given_up.get(&nonce).map(|it| it.since))?;
        let (unsure, last) = sender.unsure;
        let unsure = if last > since { unsure } else { 0 };
        let by = sender.landed.max(unsure);
        (by > nonce).then_some(by)
    }

    /// Highest nonce that has landed or may land; 0 if none is known.
    pub(super) fn top(&self, key: &Key) -> u64 {
        self.senders.get(key).map_or(0, |sender| {
            let underway = sender.underway.last().map_or(0, |(nonce, _)| *nonce);
            sender.landed.max(underway)
        })
    }

    /// Forgets a sender without flights and given-up transactions.
    pub(super) fn tidy(&mut self, key: &Key) {
        if self.senders.get(key).is_some_and(Sender::is_idle) {
            self.senders.remove(key);
        }
    }

    fn entry(&mut self, key: &Key) -> &mut Sender {
        if !self.senders.contains_key(key) {
            self.senders.insert(key.clone(), Sender::default());
        }
        self.senders.get_mut(key).expect("it was just put there")
    }
}

impl Sender {
    fn reaches(&self, nonce: Option<u64>) -> bool {
        let highest = self.underway.last().map(|(nonce, _)| *nonce);
        // A nonce chosen at the append is above all of them.
        nonce.is_some_and(|nonce| highest >= Some(nonce))
    }

    fn is_idle(&self) -> bool {
        self.underway.is_empty()
            && self.held.is_empty()
            && self.ready.is_empty()
            && self.given_up.is_empty()
    }
}
