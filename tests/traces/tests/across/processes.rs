//! The services as processes of their own.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The longest that anything may take that is waited for.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A process that is killed with its test.
pub struct Running {
    child: Child,
    log: PathBuf,
    pub url: String,
}

/// The folder that cargo builds into. The test makes sure that the services are there: `cargo test` builds a binary
/// only for the tests of its own package.
fn built() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let profile = test.parent().unwrap().parent().unwrap();
        let status = Command::new(env!("CARGO"))
            .args(["build", "--locked", "--target-dir"])
            .arg(profile.parent().unwrap())
            .args(["-p", "ingest", "-p", "miner", "-p", "ledger", "--bins"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status();
        assert!(status.unwrap().success(), "the services build");
        profile.to_owned()
    })
}

impl Running {
    /// Starts a service and waits until it is ready.
    pub fn start(kind: &str, folder: &Path, endpoint: &str, flags: &[&str]) -> Running {
        static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        // What nobody asks to be traced is not, since spans are counted; but for the miner's batches.
        let sampler = match kind {
            "miner" => "parentbased_always_on",
            _ => "parentbased_always_off",
        };
        let log = folder.join(format!("{kind}-{number}.log"));
        let child = Command::new(built().join(format!("blocklog-{kind}")))
            .args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
            .args(flags)
            .current_dir(folder)
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
            .env("OTEL_METRICS_EXPORTER", "none")
            .env("OTEL_TRACES_SAMPLER", sampler)
            .env("OTEL_BSP_SCHEDULE_DELAY", "100")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut running = Running {
            child,
            log,
            url: String::new(),
        };
        let admin = running.ports();
        running.wait_ready(&admin);
        running
    }

    /// Reads the log until it tells the ports; the admin port.
    fn ports(&mut self) -> String {
        let ports = self.wait(|log| {
            let (_, rest) = log.split_once("gRPC on ")?;
            let (line, _) = rest.split_once('\n')?;
            let (grpc, admin) = line.split_once(", admin on ")?;
            Some((grpc.to_owned(), admin.trim().to_owned()))
        });
        self.url = format!("http://{}", ports.0);
        ports.1
    }

    fn wait_ready(&mut self, admin: &str) {
        use std::io::{Read as _, Write as _};
        self.wait(|_| {
            let mut stream = std::net::TcpStream::connect(admin).ok()?;
            let request = "GET /ready HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n";
            stream.write_all(request.as_bytes()).ok()?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).ok()?;
            answer.starts_with("HTTP/1.1 200").then_some(())
        });
    }

    fn wait<T>(&mut self, found: impl Fn(&str) -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            let log = std::fs::read_to_string(&self.log).unwrap();
            if let Some(found) = found(&log) {
                return found;
            }
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none() && began.elapsed() < PATIENCE, "{log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
