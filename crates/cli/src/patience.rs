//! Waits for a service that is still starting.

use std::time::Duration;

use indicatif::ProgressBar;
use proto::reason;
use tokio::time::{Instant, sleep};
use tonic::Status;
use tonic_types::StatusExt;

use crate::exit::{Failure, Outcome};

/// Longest wait, and the pauses between attempts, each twice the one before.
const LONGEST: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Retries a call until the service has found its chain and read it, for at most half a minute. Any other failure is final.
pub async fn call<T>(
    service: &str,
    spinner: &ProgressBar,
    mut attempt: impl AsyncFnMut() -> Result<T, Status>,
) -> Outcome<T> {
    let deadline = Instant::now() + LONGEST;
    let mut pause = FIRST_PAUSE;
    loop {
        let status = match attempt().await {
            Ok(reply) => return Ok(reply),
            Err(status) => status,
        };
        let Some(reason) = starting(&status) else {
            return Err(status.into());
        };
        if Instant::now() + pause > deadline {
            let mut failure = Failure::from(status);
            failure.message = format!(
                "{} (waited {LONGEST:?} for {service}; `blocklog doctor` looks for the cause)",
                failure.message
            );
            return Err(failure);
        }
        spinner.set_message(format!("{service} is still starting ({reason})"));
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// The reason if the service is still starting.
fn starting(status: &Status) -> Option<String> {
    let reason = status.get_details_error_info()?.reason;
    [reason::NO_CHAIN, reason::CATCHING_UP]
        .contains(&reason.as_str())
        .then_some(reason)
}

#[cfg(test)]
mod tests {
    use tonic::Code;
    use tonic_types::ErrorDetails;

    use super::*;
    use crate::exit::Exit;

    fn status(reason: &str) -> Status {
        let details = ErrorDetails::with_error_info(reason, "blocklog", []);
        Status::with_error_details(Code::Unavailable, "not yet", details)
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_starts_is_waited_for() {
        let mut tries = 0;
        let spinner = ProgressBar::hidden();
        let reply = call("ledger", &spinner, async || {
            tries += 1;
            match tries {
                1 => Err(status(reason::NO_CHAIN)),
                2 => Err(status(reason::CATCHING_UP)),
                _ => Ok(7),
            }
        });
        assert_eq!(reply.await.expect("it has started"), 7);
        assert_eq!(tries, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn not_for_ever_and_not_for_anything_else() {
        let (mut tries, spinner) = (0, ProgressBar::hidden());
        let begun = Instant::now();
        let never = async || {
            tries += 1;
            Err::<(), _>(status(reason::NO_CHAIN))
        };
        let failure = call("ingest", &spinner, never)
            .await
            .expect_err("it never starts");
        assert!(failure.message.contains("30s for ingest"), "{failure}");
        assert!(begun.elapsed() <= LONGEST && begun.elapsed() + LONGEST_PAUSE > LONGEST);
        assert_eq!(
            tries, 19,
            "after 0, 0.1, 0.3, 0.7, 1.5, 3.1 s, and every two seconds from then on"
        );
        let mut tries = 0;
        let other = async || {
            tries += 1;
            Err::<(), _>(Status::unavailable("nobody listens"))
        };
        let failure = call("ingest", &spinner, other).await.expect_err("final");
        assert_eq!((failure.exit, tries), (Exit::Unavailable, 1));
    }
}
