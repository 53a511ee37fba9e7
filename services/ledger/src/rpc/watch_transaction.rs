//! WatchTransaction: the path of a transaction into a block.

use std::time::Duration;

use chain::{Hash, Verdict};
use kit::server::stream::Source;
use proto::ledger::v1::transaction_status::State;
use proto::ledger::v1::{TransactionStatus, WatchTransactionRequest, WatchTransactionResponse};
use proto::wire;
use tokio::time::{Instant, sleep_until};

use super::live::Watch;
use super::{ask, encode};
use crate::index::{Reader, View};
use crate::model::answer::{Fate, Occurrence, Record};
use crate::problem::{Failed, Problem};

/// Shortest time between two views: under load the queue moves more often than a client wants to read.
const SHORTEST: Duration = Duration::from_millis(20);

/// One reader's transaction.
pub struct Watched {
    watch: Watch,
    id: Hash,
    /// Its position, from the request or as it was seen.
    place: Option<(u32, u64)>,
    /// State and queue position in the last reply.
    sent: Option<(i32, Option<u64>)>,
    looked: Option<Instant>,
    ended: bool,
}

pub fn handle(
    view: &View,
    reader: Reader,
    request: &WatchTransactionRequest,
) -> Result<Watched, Problem> {
    let id = wire::hash("id", &request.id)?;
    let mut place = None;
    if let Some(position) = &request.position {
        let partition = ask::partition(view, "position.partition", position.partition)?;
        // A receipt without an offset gives no position.
        place = position.offset.map(|offset| (partition, offset));
    }
    Ok(Watched {
        watch: Watch::new(reader),
        id,
        place,
        sent: None,
        looked: None,
        ended: false,
    })
}

impl Source for Watched {
    type Reply = WatchTransactionResponse;
    type Error = Problem;

    async fn next(&mut self, _: Duration) -> Result<Option<WatchTransactionResponse>, Problem> {
        if self.ended {
            return Ok(None);
        }
        let mut due = false;
        loop {
            if let Some(looked) = self.looked {
                sleep_until(looked + SHORTEST).await;
            }
            self.looked = Some(Instant::now());
            if let Some(view) = self.watch.look() {
                let status = self.status(&view)?;
                let queue = status.record.as_ref().and_then(|record| record.queue_ahead);
                let now = Some((status.state, queue));
                if due || now != self.sent {
                    self.sent = now;
                    self.watch.replied();
                    self.ended = is_final(status.state());
                    return Ok(Some(WatchTransactionResponse {
                        status: Some(status),
                        tip: encode::tip(&view),
                    }));
                }
            }
            due = !self.watch.wait().await;
            if due {
                // A heartbeat is due even without a view.
                self.watch.replied();
            }
        }
    }

    fn shutting_down(&self) -> Option<Problem> {
        Some(Failed::ShuttingDown { resume_from: None }.into())
    }
}

impl Watched {
    fn status(&mut self, view: &View) -> Result<TransactionStatus, Problem> {
        let known = match view.transaction(&self.id)? {
            None => self.at_place(view)?,
            // One copy was left out, and this stream is about a later one.
            Some(Occurrence::Omitted(record)) if self.is_elsewhere(&record) => {
                self.at_place(view)?
            }
            known => known,
        };
        let Some(known) = known else {
            return Ok(TransactionStatus {
                id: self.id.to_string(),
                state: State::Unknown.into(),
                ..Default::default()
            });
        };
        if let Occurrence::Pending(record) = &known {
            self.place = Some((record.partition, record.offset));
        }
        ask::status(view, &self.id, &known)
    }

    /// The fate of the offset at its position, while its id is unknown: its record may not have been read yet, or
    /// not been compared with the block that consumed it.
    fn at_place(&self, view: &View) -> Result<Option<Occurrence>, Problem> {
        let Some((partition, offset)) = self.place else {
            return Ok(None);
        };
        let Some(record) = view.record(partition, offset)? else {
            return Ok(None);
        };
        let is_it = self.is_in(&record);
        Ok(match record.fate {
            Fate::Pending { .. } if record.value.is_none() || is_it => {
                Some(Occurrence::Pending(record))
            }
            Fate::Pending { .. } => None,
            // Refused before its signature was checked, or because of it: still the record at the requested position.
            Fate::Judged { .. } if is_it => Some(Occurrence::Judged(record)),
            Fate::Judged {
                verdict: Verdict::TooLarge,
                height,
                ..
            } => too_large(view, record, height)?,
            Fate::Judged { .. } | Fate::Void { .. } => Some(Occurrence::Omitted(record)),
        })
    }

    fn is_elsewhere(&self, record: &Record) -> bool {
        let place = (record.partition, record.offset);
        self.place.is_some_and(|known| known != place)
    }

    fn is_in(&self, record: &Record) -> bool {
        let found = record.transaction.as_ref();
        found.is_some_and(|found| found.id == Some(self.id))
    }
}

/// TOO_LARGE may be a lie. The audit finds out: if it finds the transaction there, the id is known as left out.
fn too_large(view: &View, record: Record, height: u64) -> Result<Option<Occurrence>, Problem> {
    let audited = view.audit()?.checked_height;
    let settled = audited.is_some_and(|audited| audited >= height);
    Ok(settled.then_some(Occurrence::Judged(record)))
}

fn is_final(state: State) -> bool {
    matches!(state, State::Included | State::Rejected | State::Omitted)
}
