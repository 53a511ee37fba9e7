//! One submission on its way into the log.

use bytes::Bytes;
use chain::{Hash, Transaction};
use journal::Entry;

use super::{Headers, Submission};
use crate::rejection::{Names, Why};

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
pub(super) struct Stray {
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
    headers: Headers,
    pub(super) deadline_ms: u64,
    /// The cursor of the partition when the last append began.
    pub(super) cursor: u64,
    state: State,
    stray: Option<Stray>,
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
            headers: submission.headers,
            deadline_ms: submission.deadline_ms,
            cursor: 0,
            state: State::Waiting(None),
            stray: None,
        }
    }

    /// The entry to append now. `next_nonce` is asked once for an unnumbered transaction.
    pub(super) fn launch(
        &mut self,
        now_ms: u64,
        cursor: u64,
        chain_id: &Hash,
        next_nonce: impl FnOnce() -> u64,
    ) -> Entry {
        if let Content::Unnumbered(transaction) = &mut self.content {
            let mut transaction = std::mem::take(&mut **transaction);
            transaction.nonce = next_nonce();
            self.content = Content::Sealed(Box::new(Sealed::new(transaction, chain_id)));
        }
        self.cursor = cursor;
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
        self.state = State::Waiting(Some(reason));
        if let Content::Sealed(sealed) = &mut self.content
            && self.numbered_here
            && self.stray.is_none()
        {
            let transaction = std::mem::take(&mut sealed.transaction);
            self.content = Content::Unnumbered(Box::new(transaction));
        }
    }

    /// The last try landed below the cursor. The bytes stay the same from now on: were the cursor wrong, two
    /// nonces would be two transactions.
    pub(super) fn strayed(&mut self, stray: Stray) {
        self.stray = Some(stray);
    }

    /// What can be said when the time is over.
    pub(super) fn verdict_at_deadline(&self) -> Why {
        match (&self.state, self.stray) {
            (_, Some(Stray { offset, cursor })) => Why::LogBehind {
                partition: self.partition,
                offset,
                cursor,
            },
            (State::Appending { .. }, None) => {
                Why::OutcomeUnknown("the log has not answered in time".into())
            }
            (State::Waiting(Some(reason)), None) => Why::LogUnavailable(reason.clone()),
            (State::Waiting(None), None) => {
                Why::LogUnavailable("others wait to be appended before it".into())
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
