//! SIGINT and SIGTERM.

use std::time::Duration;

use tokio::time::Instant;

use crate::Shutdown;

/// Supervisors and shells sometimes deliver one Ctrl-C twice: two signals within this time count as one.
const DEBOUNCE: Duration = Duration::from_millis(300);

/// Exit code of a process that was interrupted: 128 + SIGINT.
const INTERRUPTED: i32 = 130;

/// Installs the handlers now, not at the first poll, so that an early signal does not kill the process. The future triggers
/// the token at the first signal. A second Ctrl-C ends the process at once.
pub(super) fn watch(shutdown: Shutdown, grace: Duration) -> impl Future<Output = ()> {
    let mut signals = Signals::listen();
    async move {
        let name = signals.next().await;
        let first = Instant::now();
        let grace = humantime::format_duration(grace);
        tracing::info!("{name}: ending within {grace}; Ctrl-C again ends at once");
        shutdown.trigger();
        loop {
            if signals.next().await == "SIGINT" && first.elapsed() > DEBOUNCE {
                tracing::warn!("second Ctrl-C: ended at once; work in progress is abandoned");
                std::process::exit(INTERRUPTED);
            }
        }
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).expect("a tokio runtime with IO can listen to signals");
        Self {
            interrupt: listen(SignalKind::interrupt()),
            terminate: listen(SignalKind::terminate()),
        }
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> Self {
        Self
    }

    async fn next(&mut self) -> &'static str {
        match tokio::signal::ctrl_c().await {
            Ok(()) => "SIGINT",
            Err(_) => std::future::pending().await,
        }
    }
}
