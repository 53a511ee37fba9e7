//! Named, supervised tasks and threads: the first one that fails or panics ends the service.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio_util::task::TaskTracker;

use crate::Shutdown;

type Name = Cow<'static, str>;

/// Cheap to clone; every clone spawns into the same set.
#[derive(Clone, Debug)]
pub struct Tasks {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    shutdown: Shutdown,
    tracker: TaskTracker,
    running: Mutex<Vec<(u64, Name, tokio::task::AbortHandle)>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next_id: u64,
    failure: Option<anyhow::Error>,
}

impl Tasks {
    /// An empty set; a failure triggers `shutdown`.
    pub fn new(shutdown: Shutdown) -> Self {
        let (tracker, running, state) = Default::default();
        Self {
            shared: Arc::new(Shared {
                shutdown,
                tracker,
                running,
                state,
            }),
        }
    }

    /// Runs a task until it returns. `Err` and panics end the service; `Ok` means that its work is done.
    pub fn spawn<F>(&self, name: impl Into<Name>, task: F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        use tracing::Instrument as _;
        let name = name.into();
        let handle = tokio::spawn(task.in_current_span());
        let id = self.shared.enlist(name.clone(), handle.abort_handle());
        let shared = Arc::clone(&self.shared);
        self.shared.tracker.spawn(async move {
            let outcome = match handle.await {
                Ok(outcome) => outcome,
                Err(error) if error.is_cancelled() => Ok(()),
                Err(error) => Err(anyhow::anyhow!(
                    "panicked: {}",
                    panic_text(&*error.into_panic())
                )),
            };
            shared.ended(id, &name, outcome);
        });
    }

    /// Runs a blocking job on its own thread, under the same rules. It must poll the shutdown token itself.
    pub fn thread<F>(&self, name: impl Into<Name>, job: F)
    where
        F: FnOnce() -> anyhow::Result<()> + Send + 'static,
    {
        let name = name.into();
        let (done, outcome) = tokio::sync::oneshot::channel();
        let started = std::thread::Builder::new()
            .name(name.clone().into_owned())
            .spawn(move || {
                let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
                let result = result.unwrap_or_else(|panic| {
                    Err(anyhow::anyhow!("panicked: {}", panic_text(&*panic)))
                });
                // The receiver is gone once the grace has passed.
                let _ = done.send(result);
            });
        self.spawn(name, async move {
            started.map_err(|error| anyhow::anyhow!("cannot start the thread: {error}"))?;
            outcome.await.unwrap_or(Ok(()))
        });
    }

    /// Waits for the shutdown token, then at most `grace` for the tasks; those still running are logged and aborted.
    /// Returns the failure that ended the service, if any.
    pub async fn finish(self, grace: Duration) -> anyhow::Result<()> {
        self.shared.shutdown.cancelled().await;
        self.shared.tracker.close();
        if tokio::time::timeout(grace, self.shared.tracker.wait())
            .await
            .is_err()
        {
            let left = std::mem::take(&mut *self.shared.running.lock());
            let names: Vec<_> = left.iter().map(|(_, name, _)| name.as_ref()).collect();
            let grace = humantime::format_duration(grace);
            tracing::warn!(
                tasks = names.join(","),
                "still running after {grace}; ended by force"
            );
            left.iter().for_each(|(_, _, handle)| handle.abort());
        }
        match self.shared.state.lock().failure.take() {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }
}

impl Shared {
    fn enlist(&self, name: Name, handle: tokio::task::AbortHandle) -> u64 {
        let mut state = self.state.lock();
        state.next_id += 1;
        self.running.lock().push((state.next_id, name, handle));
        state.next_id
    }

    fn ended(&self, id: u64, name: &str, outcome: anyhow::Result<()>) {
        self.running.lock().retain(|(running, _, _)| *running != id);
        let Err(error) = outcome else {
            tracing::debug!(task = name, "task ended");
            return;
        };
        tracing::error!(task = name, "task failed: {error:#}");
        self.state
            .lock()
            .failure
            .get_or_insert_with(|| error.context(format!("task {name} failed")));
        self.shutdown.trigger();
    }
}

/// The message of a panic.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&'static str>().copied())
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn the_first_failure_ends_the_service_and_is_its_result() {
        let tasks = Tasks::new(Shutdown::new());
        let shutdown = tasks.shared.shutdown.clone();
        tasks.spawn("steady", async move {
            shutdown.cancelled().await;
            Ok(())
        });
        tasks.spawn("finite", async { Ok(()) });
        tasks.spawn("broken", async { anyhow::bail!("no paper") });
        let error = tasks.finish(GRACE).await.unwrap_err();
        assert_eq!(format!("{error:#}"), "task broken failed: no paper");
    }

    #[tokio::test]
    async fn panics_of_tasks_and_threads_count_as_failures() {
        let tasks = Tasks::new(Shutdown::new());
        tasks.spawn("task", async { panic!("boom {}", 1) });
        assert_eq!(
            format!("{:#}", tasks.finish(GRACE).await.unwrap_err()),
            "task task failed: panicked: boom 1"
        );
        let tasks = Tasks::new(Shutdown::new());
        tasks.thread("thread", || panic!("bang"));
        assert_eq!(
            format!("{:#}", tasks.finish(GRACE).await.unwrap_err()),
            "task thread failed: panicked: bang"
        );
    }

    #[tokio::test]
    async fn a_task_that_does_not_end_is_ended_after_the_grace() {
        let shutdown = Shutdown::new();
        let tasks = Tasks::new(shutdown.clone());
        tasks.spawn("stubborn", std::future::pending());
        shutdown.trigger();
        tasks.finish(Duration::from_millis(20)).await.unwrap();
    }
}
