//! Finds or starts the real Kafka broker for tests.
//!
//! `BLOCKLOG_TEST_KAFKA` names a running broker. Without it, each test process starts one of its own by
//! `tests/harness/kafka.py` (Python 3.11, Java 17, Maven), which ends with the process. Where neither can be, a
//! test skips itself, saying so; under `CI=true` it fails instead.

pub mod service;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};

/// Names the bootstrap servers of a broker that runs already.
const RUNNING: &str = "BLOCKLOG_TEST_KAFKA";

/// A broker started for this process. Its stdin closes when the process is gone, however it ends; then so does it.
struct Own {
    bootstrap: String,
    _watched: Child,
}

/// Bootstrap servers of a real broker, or `None` with a line that says why the test is skipped.
///
/// # Panics
/// When there is none and `CI=true`: a run that claims to have tested Kafka must have done so.
pub fn kafka() -> Option<String> {
    if let Ok(servers) = std::env::var(RUNNING)
        && !servers.is_empty()
    {
        return Some(servers);
    }
    static OWN: OnceLock<Result<Own>> = OnceLock::new();
    match OWN.get_or_init(start) {
        Ok(own) => Some(own.bootstrap.clone()),
        Err(why) if std::env::var("CI").as_deref() == Ok("true") => {
            panic!("no Kafka in CI: {why:#}")
        }
        Err(why) => {
            println!("skipped: no Kafka: {why:#}; set {RUNNING}=HOST:PORT to use a running one");
            None
        }
    }
}

/// `prefix` with something appended that no other test uses, so that tests share a broker by
/// `kafka://HOST:PORT/PREFIX`. Lower-case letters, digits and `-` only, if `prefix` is.
pub fn unique(prefix: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH);
    let nanos = elapsed.map_or(0, |time| time.as_nanos() as u64);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!(
        "{prefix}-{:x}-{:x}-{number}",
        std::process::id(),
        nanos & 0xffff_ffff
    )
}

fn start() -> Result<Own> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("kafka.py");
    let mut child = Command::new("python3")
        .arg(script)
        .args(["run", "--owner", &std::process::id().to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("python3 did not start")?;
    let stdout = child.stdout.take().context("the command has no stdout")?;
    let mut bootstrap = String::new();
    BufReader::new(stdout).read_line(&mut bootstrap)?;
    if bootstrap.trim().is_empty() {
        let output = child.wait_with_output()?;
        bail!(
            "the broker did not start: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(Own {
        bootstrap: bootstrap.trim().to_owned(),
        _watched: child,
    })
}

#[cfg(test)]
mod tests {
    //! The broker is there, and prefixes differ.

    use std::net::TcpStream;

    #[test]
    fn a_broker_listens() {
        let Some(servers) = super::kafka() else {
            return;
        };
        let first = servers
            .split(',')
            .next()
            .expect("split gives at least one part");
        TcpStream::connect(first).expect("the broker accepts connections");
        assert_eq!(super::kafka(), Some(servers), "one broker per process");
    }

    #[test]
    fn prefixes_differ() {
        assert_ne!(super::unique("a"), super::unique("a"));
    }
}
