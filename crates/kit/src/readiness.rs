//! Readiness of a service for work, and the reasons why it is not ready.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::watch;

use crate::metrics::{KeyValue, meter};

/// The stable name, in capitals, of the cause why a condition does not hold, e.g. `CATCHING_UP`. A constant of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason(pub &'static str);

impl Reason {
    /// Adds a message for operators: for [`Condition::set`].
    pub fn because(self, message: impl Into<String>) -> Cause {
        Cause {
            reason: self,
            message: message.into(),
        }
    }
}

/// The cause why a condition does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The stable name.
    pub reason: Reason,
    /// For operators.
    pub message: String,
}

/// A condition that does not hold, as in `/ready`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unmet {
    /// The condition, e.g. `caught_up`.
    pub condition: &'static str,
    /// Stable name in capitals, e.g. `CATCHING_UP`.
    pub reason: &'static str,
    /// For operators.
    pub message: String,
}

type Conditions = BTreeMap<&'static str, Option<Unmet>>;

/// A set of named conditions; ready when all of them hold. Starts with `serving`, which the gRPC server sets.
#[derive(Clone, Debug)]
pub struct Readiness {
    conditions: Arc<watch::Sender<Conditions>>,
}

/// One condition of a [`Readiness`]. Clones share it.
#[derive(Clone, Debug)]
pub struct Condition {
    name: &'static str,
    conditions: Arc<watch::Sender<Conditions>>,
}

/// The condition that every service starts with.
const SERVING: &str = "serving";
const STARTING: Reason = Reason("STARTING");

impl Default for Readiness {
    fn default() -> Self {
        let readiness = Self {
            conditions: Arc::new(watch::Sender::new(Conditions::new())),
        };
        readiness.wait_for(SERVING, STARTING.because("the service is starting"));
        readiness
    }
}

impl Condition {
    /// Sets whether the condition holds.
    pub fn set(&self, state: Result<(), Cause>) {
        let condition = self.name;
        let state = state.err().map(|cause| Unmet {
            condition,
            reason: cause.reason.0,
            message: cause.message,
        });
        let changed = self.conditions.send_if_modified(|conditions| {
            let before = conditions.insert(condition, state.clone());
            before != Some(state.clone())
        });
        match state {
            _ if !changed => {}
            Some(Unmet {
                reason, message, ..
            }) => tracing::debug!(condition, reason, "not ready: {message}"),
            None => tracing::debug!(condition, "condition holds"),
        }
    }
}

impl Readiness {
    /// Adds a condition that holds until [`Condition::set`] changes that.
    pub fn condition(&self, name: &'static str) -> Condition {
        Condition {
            name,
            conditions: Arc::clone(&self.conditions),
        }
    }

    /// Adds a condition that does not hold until [`Condition::set`] changes that.
    pub fn wait_for(&self, name: &'static str, cause: Cause) -> Condition {
        let condition = self.condition(name);
        condition.set(Err(cause));
        condition
    }

    /// The condition that the server sets once it accepts calls.
    pub(crate) fn serving(&self) -> Condition {
        self.condition(SERVING)
    }

    /// True if every condition holds.
    pub fn is_ready(&self) -> bool {
        self.conditions.borrow().values().all(Option::is_none)
    }

    /// The conditions that do not hold, by name.
    pub fn reasons(&self) -> Vec<Unmet> {
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

    /// Exports the readiness as metrics: `service.ready` is 1 or 0, `service.unready` is 1 for each reason.
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
                for unmet in unready.reasons() {
                    let reason = KeyValue::new("reason", unmet.reason);
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
