//! One submission, from its arrival to its answer.

use bytes::Bytes;
use chain::{Hash, Transaction};
use journal::Entry;

use super::senders::{Key, Try};
use super::{Headers, Submission};
use crate::rejection::{Names, Unavailable, Why};

/// Appends that landed below the cursor are made again this often. A race with a log that lost its end needs one; a
/// cursor that is wrong must not fill the log.
const MAX_LANDED_BELOW: u32 = 8;

/// What is to be appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A record as it stands: boxed, since flights move between tables.
    Sealed(Box<Sealed>),
    /// A transaction of a named sender, who signs nothing: its nonce is chosen when it is appended.
    Unnumbered(Box<Transaction>),
}

/// A transaction with the bytes that are recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// As decoded.
    pub transaction: Transaction,
    /// Its id on this chain.
    pub id: Hash,
    /// The canonical record.
    pub record: Bytes,
}

/// An append that landed where no block will look.
#[derive(Clone, Copy, Debug)]
pub(super) struct BelowCursor {
    pub(super) offset: u64,
    pub(super) cursor: u64,
}

/// A submission that has not been answered.
#[derive(Debug)]
pub(super) struct Flight<T> {
    ticket: T,
    pub(super) partition: u32,
    content: Content,
    /// The nonce was chosen here, and may be chosen anew as long as no try can have been persisted.
    numbered_here: bool,
    /// A nonce chosen here lies above this.
    above: u64,
    headers: Headers,
    pub(super) deadline_ms: u64,
    /// The stream that it came on.
    pub(super) stream: Option<u64>,
    /// A higher nonce of the sender had been handed to the log before this came.
    pub(super) late: bool,
    /// When it was handed to the log last, as [`Senders`](super::Senders) count.
    pub(super) launched: Option<u64>,
    /// The cursor of the partition when the last append began.
    pub(super) cursor: u64,
    state: State,
    below: Option<BelowCursor>,
    times_below: u32,
    /// The last try was not persisted.
    failed: bool,
}

#[derive(Debug)]
enum State {
    /// Not in the log and not on the way; with the reason if a try failed.
    Waiting(Option<String>),
    /// On the way since then.
    Appending { since_ms: u64 },
}

impl Sealed {
    fn new(transaction: Transaction, chain_id: &Hash) -> Self {
        let record = transaction.encode();
        let id = transaction.id(chain_id);
        Self {
            transaction,
            id,
            record,
        }
    }
}

impl<T> Flight<T> {
    pub(super) fn new(submission: Submission<T>) -> Self {
        Self {
            ticket: submission.ticket,
            partition: submission.partition,
            numbered_here: matches!(submission.content, Content::Unnumbered(_)),
            content: submission.content,
            above: submission.above,
            headers: submission.headers,
            deadline_ms: submission.deadline_ms,
            stream: submission.stream,
            late: false,
            launched: None,
            cursor: 0,
            state: State::Waiting(None),
            below: None,
            times_below: 0,
            failed: false,
        }
    }

    /// Whose order it has to keep.
    pub(super) fn key(&self) -> Key {
        let sender = match &self.content {
            Content::Sealed(sealed) => &sealed.transaction.sender,
            Content::Unnumbered(transaction) => &transaction.sender,
        };
        (self.partition, sender.clone())
    }

    /// The nonce, if it has one yet.
    pub(super) fn nonce(&self) -> Option<u64> {
        match &self.content {
            Content::Sealed(sealed) => Some(sealed.transaction.nonce),
            Content::Unnumbered(_) => None,
        }
    }

    /// The nonce, if the sender chose it.
    pub(super) fn own_nonce(&self) -> Option<u64> {
        self.nonce().filter(|_| !self.numbered_here)
    }

    /// What became of the last try.
    pub(super) fn last_try(&self) -> Try {
        match self.launched {
            None => Try::None,
            Some(launched) if self.failed => Try::Lost(launched),
            Some(_) => Try::Unknown,
        }
    }

    /// Whether it is on its way into the log.
    pub(super) fn is_underway(&self) -> bool {
        matches!(self.state, State::Appending { .. })
    }

    /// The entry to append now. `next_nonce` is asked once for an unnumbered transaction, with the nonce to stay above.
    pub(super) fn launch(
        &mut self,
        now_ms: u64,
        cursor: u64,
        chain_id: &Hash,
        next_nonce: impl FnOnce(u64) -> u64,
    ) -> Entry {
        if let Content::Unnumbered(transaction) = &mut self.content {
            let mut transaction = std::mem::take(&mut **transaction);
            transaction.nonce = next_nonce(self.above);
            self.content = Content::Sealed(Box::new(Sealed::new(transaction, chain_id)));
        }
        self.cursor = cursor;
        self.failed = false;
        self.state = State::Appending { since_ms: now_ms };
        let Content::Sealed(sealed) = &self.content else {
            unreachable!("it was sealed above")
        };
        Entry {
            partition: self.partition,
            key: Some(sealed.transaction.sender.clone()),
            value: sealed.record.clone(),
            headers: self.headers.to_vec(),
        }
    }

    /// Whether another try that takes as long as the last one would end after the deadline: the client is better served by
    /// what is known now than by an unknown outcome then.
    pub(super) fn is_hopeless(&self, now_ms: u64) -> bool {
        match self.state {
            State::Appending { since_ms } => {
                now_ms.saturating_add(now_ms.saturating_sub(since_ms)) > self.deadline_ms
            }
            State::Waiting(_) => false,
        }
    }

    /// The last try was not persisted. A nonce chosen here is given back: by the next try others of the same sender may
    /// have been appended with higher ones.
    pub(super) fn grounded(&mut self, reason: String) {
        self.failed = true;
        self.state = State::Waiting(Some(reason));
        if let Content::Sealed(sealed) = &mut self.content
            && self.numbered_here
            && self.below.is_none()
        {
            let transaction = std::mem::take(&mut sealed.transaction);
            self.content = Content::Unnumbered(Box::new(transaction));
        }
    }

    /// The last try is over.
    pub(super) fn ended(&mut self) {
        self.state = State::Waiting(None);
    }

    /// The last try landed below the cursor; false if that was the last one. The bytes stay the same from now on: were
    /// the cursor wrong, two nonces would be two transactions.
    pub(super) fn landed_below(&mut self, below: BelowCursor) -> bool {
        self.state = State::Waiting(None);
        self.below = Some(below);
        self.times_below += 1;
        self.times_below <= MAX_LANDED_BELOW
    }

    /// What is known at the deadline.
    pub(super) fn verdict_at_deadline(&self) -> Why {
        match (&self.state, self.below) {
            (_, Some(BelowCursor { offset, cursor })) => Why::LogBehind {
                partition: self.partition,
                offset,
                cursor,
            },
            (State::Appending { .. }, None) => {
                Why::OutcomeUnknown("the log has not answered in time".into())
            }
            (State::Waiting(Some(reason)), None) => Unavailable::Log(reason.clone()).into(),
            (State::Waiting(None), None) => {
                Unavailable::Log("others wait to be appended before it".into()).into()
            }
        }
    }

    /// The end of a flight that made it.
    pub(super) fn land(self) -> (T, Sealed) {
        let Content::Sealed(sealed) = self.content else {
            unreachable!("only sealed records are appended")
        };
        (self.ticket, *sealed)
    }

    /// The end of one that did not. The nonce of an unnumbered one is nobody's business.
    pub(super) fn fail(self) -> (T, Option<Box<Names>>) {
        let names = match &self.content {
            Content::Sealed(sealed) => Some(Box::new(Names {
                id: sealed.id,
                nonce: sealed.transaction.nonce,
            })),
            Content::Unnumbered(_) => None,
        };
        (self.ticket, names)
    }
}
