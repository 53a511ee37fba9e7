//! Whether a service may be sent work, and if not, why.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::watch;

use crate::metrics::{KeyValue, meter};

/// Why a condition does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The condition, e.g. `caught_up`.
    pub condition: &'static str,
    /// Stable name in capitals, e.g. `CATCHING_UP`.
    pub reason: &'static str,
    /// What an operator should know.
    pub message: String,
}

type Conditions = BTreeMap<&'static str, Option<Reason>>;

/// A set of named conditions; ready when all of them hold. Starts with `serving`, which the gRPC server sets.
#[derive(Clone, Debug)]
pub struct Readiness {
    conditions: Arc<watch::Sender<Conditions>>,
}

/// The condition that every service starts with.
pub(crate) const SERVING: &str = "serving";

impl Default for Readiness {
    fn default() -> Self {
        let readiness = Self {
            conditions: Arc::new(watch::Sender::new(Conditions::new())),
        };
        readiness.wait_for(SERVING, "STARTING", "the service is starting");
        readiness
    }
}

impl Readiness {
    /// Not ready before [`Readiness::set`] says that the condition holds.
    pub fn wait_for(
        &self,
        condition: &'static str,
        reason: &'static str,
        message: impl Into<String>,
    ) {
        self.set(condition, Err((reason, message.into())));
    }

    /// Says whether a condition holds; a condition not named before is added.
    pub fn set(&self, condition: &'static str, state: Result<(), (&'static str, String)>) {
        let state = state.err().map(|(reason, message)| Reason {
            condition,
            reason,
            message,
        });
        let changed = self.conditions.send_if_modified(|conditions| {
            let before = conditions.insert(condition, state.clone());
            before != Some(state.clone())
        });
        match state {
            _ if !changed => {}
            Some(Reason {
                reason, message, ..
            }) => tracing::debug!(condition, reason, "not ready: {message}"),
            None => tracing::debug!(condition, "condition holds"),
        }
    }

    /// True when every condition holds.
    pub fn is_ready(&self) -> bool {
        self.conditions.borrow().values().all(Option::is_none)
    }

    /// The conditions that do not hold, by name.
    pub fn reasons(&self) -> Vec<Reason> {
        self.conditions
            .borrow()
            .values()
            .flatten()
            .cloned()
            .collect()
    }

    /// Returns once the service is ready.
    pub async fn ready(&self) {
        let mut changes = self.conditions.subscribe();
        changes
            .wait_for(|conditions| conditions.values().all(Option::is_none))
            .await
            .expect("the sender lives as long as self");
    }

    /// Tells it as figures: `service.ready` is 1 or 0, `service.unready` is 1 for each reason.
    pub(crate) fn observe(&self, service: &'static str) {
        let (ready, unready) = (self.clone(), self.clone());
        let name = KeyValue::new("service", service);
        let label = name.clone();
        meter()
            .u64_observable_gauge("service.ready")
            .with_description("1 when the service may be sent work, else 0")
            .with_callback(move |gauge| {
                gauge.observe(ready.is_ready().into(), std::slice::from_ref(&label));
            })
            .build();
        meter()
            .u64_observable_gauge("service.unready")
            .with_description("1 for each reason that keeps work from the service")
            .with_callback(move |gauge| {
                for reason in unready.reasons() {
                    let reason = KeyValue::new("reason", reason.reason);
                    gauge.observe(1, &[name.clone(), reason]);
                }
            })
            .build();
    }

    /// A receiver that wakes at every change.
    pub(crate) fn changes(&self) -> watch::Receiver<Conditions> {
        self.conditions.subscribe()
    }
}
