//! Whole processes: exit codes, signals, health checks, output.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::weather::http;

/// The example, which `cargo test` builds beside the tests.
pub fn weather() -> Command {
    let tests = std::env::current_exe().unwrap();
    let target = tests.parent().unwrap().parent().unwrap();
    let mut command = Command::new(target.join("examples").join("weather"));
    command
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// A process that is killed with its test.
pub struct Running {
    child: Child,
    stderr: BufReader<ChildStderr>,
    pub printed: String,
    pub grpc: SocketAddr,
    pub admin: SocketAddr,
}

impl Running {
    /// Starts on free ports and waits for the line with their numbers.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
            .spawn()
            .expect("cargo test builds the example");
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut printed = String::new();
        loop {
            let start = printed.len();
            assert!(
                stderr.read_line(&mut printed).unwrap() > 0,
                "ended early: {printed}"
            );
            let Some((_, ports)) = printed[start..].split_once("gRPC on ") else {
                continue;
            };
            let ports = ports.split(['"', '\n']).next().unwrap();
            let (grpc, admin) = ports.split_once(", admin on ").unwrap();
            let (grpc, admin) = (grpc.parse().unwrap(), admin.parse().unwrap());
            return Self {
                child,
                stderr,
                printed,
                grpc,
                admin,
            };
        }
    }

    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([name, &id])
                .status()
                .unwrap()
                .success()
        );
    }

    /// The exit code, and all output.
    pub fn wait(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.stderr.read_to_string(&mut rest).unwrap();
        let status = self.child.wait().unwrap();
        (status.code(), std::mem::take(&mut self.printed) + &rest)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = (self.child.kill(), self.child.wait());
    }
}

fn output(args: &[&str]) -> (Output, String) {
    let output = weather()
        .args(args)
        .output()
        .expect("cargo test builds the example");
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    (output, text)
}

#[test]
fn a_signal_ends_the_process_in_order() {
    for signal in ["-TERM", "-INT"] {
        let running = Running::start(&mut weather());
        assert!(
            running.printed.contains("token=(hidden)"),
            "{}",
            running.printed
        );
        assert!(
            running.printed.contains("shutdown_grace=20s"),
            "{}",
            running.printed
        );
        let began = Instant::now();
        running.signal(signal);
        let (code, printed) = running.wait();
        assert_eq!(code, Some(0), "{printed}");
        assert!(
            printed.contains("weather has ended") && !printed.contains("s3cret"),
            "{printed}"
        );
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn a_second_interrupt_ends_at_once() {
    let running = Running::start(weather().args(["--fail", "hang"]));
    running.signal("-INT");
    std::thread::sleep(Duration::from_millis(500));
    running.signal("-INT");
    let began = Instant::now();
    let (code, printed) = running.wait();
    assert_eq!(code, Some(130), "{printed}");
    assert!(printed.contains("second Ctrl-C"), "{printed}");
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn what_does_not_end_in_the_grace_is_named() {
    let running = Running::start(weather().args(["--fail", "hang", "--shutdown-grace", "300ms"]));
    running.signal("-TERM");
    let (code, printed) = running.wait();
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.contains("tasks=clouds"), "{printed}");
}

#[test]
fn failing_tasks_fail_the_process() {
    for (kind, word) in [("error", "no clouds"), ("panic", "thunder")] {
        let (code, printed) = Running::start(weather().args(["--fail", kind])).wait();
        assert_eq!(code, Some(1), "{printed}");
        let message = format!(
            "weather failed: task clouds failed: {}",
            match kind {
                "panic" => format!("panicked: {word}"),
                _ => word.to_owned(),
            }
        );
        assert!(printed.contains(&message), "{printed}");
    }
}

#[test]
fn usage_errors_exit_with_2_before_anything_is_opened() {
    for (args, word) in [
        (&["--token", ""][..], "--token: empty"),
        (&["--lissten", "x"], "--lissten"),
        (&["--log", "x=loud"], "--log"),
    ] {
        let (output, printed) = output(args);
        assert_eq!(output.status.code(), Some(2), "{printed}");
        assert!(printed.contains(word), "{printed}");
    }
}

#[test]
fn a_taken_port_is_a_clear_failure() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (output, printed) = output(&["--listen", &address, "--admin", "127.0.0.1:0"]);
    assert_eq!(output.status.code(), Some(1), "{printed}");
    assert!(
        printed.contains("--listen") && printed.contains(&address),
        "{printed}"
    );
}

#[test]
fn the_health_check_tells_by_its_exit_code() {
    let running = Running::start(&mut weather());
    let admin = running.admin.to_string();
    let began = Instant::now();
    while output(&["healthcheck", "--admin", &admin]).0.status.code() != Some(0) {
        assert!(began.elapsed() < Duration::from_secs(10), "never healthy");
    }
    assert_eq!(
        output(&["healthcheck", "--live", "--admin", &admin])
            .0
            .status
            .code(),
        Some(0)
    );
    drop(running);
    let (gone, printed) = output(&["healthcheck", "--admin", &admin]);
    assert_eq!(gone.status.code(), Some(1));
    assert!(printed.contains("no answer"), "{printed}");
}

#[tokio::test]
async fn the_log_filter_changes_at_run_time() {
    let running = Running::start(weather().args(["--log", "off,kit=info", "--log-format", "json"]));
    let admin = running.admin;
    assert_eq!(
        http(admin, "GET", "/log", "").await,
        (200, "off,kit=info\n".to_owned())
    );
    // Patterns over fields cost as much as their writer wants: two to the power of their length.
    for refused in ["loud=x", "", "[{m=(a|b)*a(a|b)(a|b)(a|b)}]=debug"] {
        let (code, problem) = http(admin, "PUT", "/log", refused).await;
        assert!(code == 400 && problem.contains("MODULE=LEVEL"), "{problem}");
    }
    assert_eq!(
        http(admin, "PUT", "/log", "debug").await,
        (200, "debug\n".to_owned())
    );
    assert_eq!(http(admin, "GET", "/log", "").await.1, "debug\n");
    running.signal("-TERM");
    let (_, printed) = running.wait();
    let lines: Vec<serde_json::Value> = printed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let levels = |level| {
        lines
            .iter()
            .filter(move |line| line["level"] == level)
            .count()
    };
    assert!(levels("INFO") > 2 && levels("DEBUG") > 0, "{printed}");
}
