//! One submission, from its arrival to its answer.

use chain::Hash;
use journal::Entry;

use super::senders::{Key, Try};
use super::{Content, Headers, Sealed, Submission};
use crate::rejection::{Names, Unavailable, Why};

/// Retries after an append landed below the cursor. A race with a partition that lost its end needs one; a wrong cursor
/// must not fill the partition.
const MAX_LANDED_BELOW: u32 = 8;

/// An append that landed where no block will read it.
#[derive(Clone, Copy, Debug)]
pub(super) struct BelowCursor {
    pub(super) offset: u64,
    pub(super) cursor: u64,
}

/// A submission without an answer.
#[derive(Debug)]
pub(super) struct Flight<T> {
    ticket: T,
    pub(super) partition: u32,
    content: Content,
    /// The nonce was chosen here, and may be chosen again as long as no try can have been persisted.
    numbered_here: bool,
    /// A nonce chosen here lies above this.
    above: u64,
    headers: Headers,
    pub(super) deadline_ms: u64,
    /// The stream of the submission, if it came on one.
    pub(super) stream: Option<u64>,
    /// A higher nonce of the sender had been handed to the journal before this came.
    pub(super) late: bool,
    /// Moment of the last handover to the journal, as counted by [`Senders`](super::Senders).
    pub(super) launched: Option<u64>,
    /// The cursor of the partition when the last append began.
    pub(super) cursor: u64,
    state: State,
    below: Option<BelowCursor>,
    times_below: u32,
    /// The last try was not persisted.
    failed: bool,
}

/// A record in flight whose submission has been answered.
#[derive(Debug)]
pub(super) struct Abandoned {
    pub(super) key: Key,
    pub(super) nonce: u64,
    pub(super) cursor: u64,
    pub(super) launched: u64,
}

#[derive(Debug)]
enum State {
    /// Not persisted and not in flight; with the reason if a try failed.
    Waiting(Option<String>),
    /// In flight since then.
    Appending { since_ms: u64 },
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

    /// Partition and sender: the scope of its order.
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

    /// The outcome of the last try.
    pub(super) fn last_try(&self) -> Try {
        match self.launched {
            None => Try::None,
            Some(launched) if self.failed => Try::Lost(launched),
            Some(_) => Try::Unknown,
        }
    }

    /// True if an append is in flight.
    pub(super) fn is_underway(&self) -> bool {
        matches!(self.state, State::Appending { .. })
    }

    /// Returns the entry to append. `next_nonce` is called once for an unnumbered transaction, with its exclusive lower bound.
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

    /// True if a retry as long as the last try would end after the deadline: a known outcome now serves the client
    /// better than an unknown one then.
    pub(super) fn is_hopeless(&self, now_ms: u64) -> bool {
        match self.state {
            State::Appending { since_ms } => {
                now_ms.saturating_add(now_ms.saturating_sub(since_ms)) > self.deadline_ms
            }
            State::Waiting(_) => false,
        }
    }

    /// Notes that the last try was not persisted. A nonce chosen here is dropped: by the next try others of the same
    /// sender may have been appended with higher ones.
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

    /// Notes that the last try is over.
    pub(super) fn ended(&mut self) {
        self.state = State::Waiting(None);
    }

    /// Notes that the last try landed below the cursor; false if there is no other try. The bytes stay the same from
    /// now on: if the cursor were wrong, two nonces would be two transactions.
    pub(super) fn landed_below(&mut self, below: BelowCursor) -> bool {
        self.state = State::Waiting(None);
        self.below = Some(below);
        self.times_below += 1;
        self.times_below <= MAX_LANDED_BELOW
    }

    /// The rejection at the deadline.
    pub(super) fn verdict_at_deadline(&self) -> Why {
        match (&self.state, self.below) {
            (_, Some(BelowCursor { offset, cursor })) => Why::LogBehind {
                partition: self.partition,
                offset,
                cursor,
            },
            (State::Appending { .. }, None) => {
                Why::OutcomeUnknown("the journal has not answered in time".into())
            }
            (State::Waiting(Some(reason)), None) => Unavailable::Log(reason.clone()).into(),
            (State::Waiting(None), None) => {
                Unavailable::Log("others are queued before it".into()).into()
            }
        }
    }

    /// Ends a flight that succeeded.
    pub(super) fn land(self) -> (T, Sealed) {
        let Content::Sealed(sealed) = self.content else {
            unreachable!("only sealed records are appended")
        };
        (self.ticket, *sealed)
    }

    /// Ends a flight that failed. The nonce of an unnumbered one is not reported.
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
