//! One token that says "stop", shared by everything in a process or in one service of it.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// How long a process may take to end, unless told otherwise. Kubernetes kills after 30 s.
pub const DEFAULT_GRACE: Duration = Duration::from_secs(20);

/// Longest grace that can be asked for: with the flush of telemetry after it, it must fit into those 30 s.
pub const MAX_GRACE: Duration = Duration::from_secs(25);

/// Cheap to clone; readable from threads and from async code.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    token: CancellationToken,
}

impl Shutdown {
    /// A token of its own, not yet triggered.
    pub fn new() -> Self {
        Self::default()
    }

    /// A token that is triggered with this one, and can be triggered alone.
    pub fn child(&self) -> Self {
        Self {
            token: self.token.child_token(),
        }
    }

    /// Tells everyone who holds this token, or a child of it, to stop.
    pub fn trigger(&self) {
        self.token.cancel();
    }

    /// Returns once the token has been triggered; at once if it has been already.
    pub async fn cancelled(&self) {
        self.token.cancelled().await;
    }

    /// For threads: has it been triggered?
    pub fn is_cancelled(&self) -> bool {
        self.token.is_cancelled()
    }

    /// The future of [`Shutdown::cancelled`] without a borrow.
    pub fn cancelled_owned(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        self.token.clone().cancelled_owned()
    }
}
