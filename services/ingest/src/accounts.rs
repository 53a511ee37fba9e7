//! The last nonces of senders, from a ledger: a nonce chosen here must lie above. The clock alone is not enough, since
//! earlier nonces may come from a clock that was ahead.
//!
//! A sender is looked up once, and again when the answer is old. While the ledger does not answer, an old answer
//! counts; for a sender without one no nonce is chosen, rather than one that may be void.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use chain::Account;
use kit::client::Channel;
use proto::ledger::v1::GetAccountRequest;
use proto::ledger::v1::ledger_service_client::LedgerServiceClient;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::errors;
use crate::rejection::{Unavailable, Why};

/// Senders remembered; each takes about 100 bytes.
const MOST_KNOWN: usize = 65_536;
/// Lifetime of an answer: another ingest may have chosen higher nonces since.
const FRESH: Duration = Duration::from_secs(10);
/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Questions in flight at once.
const MOST_QUESTIONS: usize = 64;

/// The known senders.
#[derive(Debug)]
pub struct Accounts {
    ledger: Option<LedgerServiceClient<Channel>>,
    known: quick_cache::sync::Cache<Bytes, Known>,
    /// `Ok` if the ledger has this chain; `None` until it has answered.
    trusted: watch::Sender<Option<Result<(), String>>>,
    questions: Semaphore,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    nonce: u64,
    asked: Instant,
}

impl Accounts {
    /// Creates it with a ledger to ask, or without: then only the clock counts.
    pub fn new(ledger: Option<Channel>) -> Self {
        Self {
            ledger: ledger.map(LedgerServiceClient::new),
            known: quick_cache::sync::Cache::new(MOST_KNOWN),
            trusted: watch::Sender::new(None),
            questions: Semaphore::new(MOST_QUESTIONS),
        }
    }

    /// Notes whether the ledger answers, and for this chain.
    pub fn trust(&self, state: Result<(), String>) {
        self.trusted.send_if_modified(|before| {
            let changed = before.as_ref() != Some(&state);
            *before = Some(state);
            changed
        });
    }

    /// The sender's last nonce on the chain; 0 if it has none, or there is no ledger.
    pub async fn last_nonce(&self, sender: &Bytes) -> Result<u64, Why> {
        let Some(ledger) = &self.ledger else {
            return Ok(0);
        };
        let known = self.known.get(sender);
        if let Some(known) = known.filter(|known| known.asked.elapsed() < FRESH) {
            return Ok(known.nonce);
        }
        let asked = Instant::now();
        let answer = tokio::time::timeout(PATIENCE, self.ask(ledger.clone(), sender)).await;
        match answer.unwrap_or_else(|_| Err(self.silence())) {
            Ok(nonce) => {
                self.known.insert(sender.clone(), Known { nonce, asked });
                Ok(nonce)
            }
            Err(error) => match known {
                Some(known) => Ok(known.nonce),
                None => Err(Unavailable::Ledger(error).into()),
            },
        }
    }

    /// The last nonces of several senders, looked up concurrently.
    pub async fn last_nonces(
        self: &Arc<Self>,
        senders: impl Iterator<Item = Bytes>,
    ) -> BTreeMap<Bytes, Result<u64, Why>> {
        let mut nonces = BTreeMap::new();
        if self.ledger.is_none() {
            return nonces;
        }
        let mut asked = JoinSet::new();
        for sender in senders {
            if nonces.contains_key(&sender) {
                continue;
            }
            nonces.insert(sender.clone(), Ok(0));
            let accounts = Arc::clone(self);
            asked.spawn(async move {
                let nonce = accounts.last_nonce(&sender).await;
                (sender, nonce)
            });
        }
        while let Some(answer) = asked.join_next().await {
            let (sender, nonce) = answer.expect("asking does not panic");
            nonces.insert(sender, nonce);
        }
        nonces
    }

    /// The reason for a missing answer.
    fn silence(&self) -> String {
        match &*self.trusted.borrow() {
            Some(Err(why)) => why.clone(),
            _ => "no answer in time".to_owned(),
        }
    }

    async fn ask(
        &self,
        mut ledger: LedgerServiceClient<Channel>,
        sender: &Bytes,
    ) -> Result<u64, String> {
        // A ledger that starts may have reported a moment ago that it has no chain yet.
        let mut trusted = self.trusted.subscribe();
        let answers = trusted.wait_for(|state| matches!(state, Some(Ok(()))));
        drop(answers.await.expect("the sender lives as long as self"));
        let _turn = self.questions.acquire().await;
        let account = Account::from_bytes(sender).map_err(|error| error.to_string())?;
        let request = GetAccountRequest {
            account: account.to_string(),
            at_height: None,
        };
        match ledger.get_account(request).await {
            Ok(answer) => Ok(answer
                .into_inner()
                .account
                .and_then(|account| account.nonce)
                .unwrap_or(0)),
            Err(status) if errors::is_unknown(&status) => Ok(0),
            Err(status) => Err(status.message().to_owned()),
        }
    }
}
