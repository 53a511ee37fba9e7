//! Services as processes of their own, for tests and benchmarks.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

/// The longest that a service may take to start, or to end.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(2);

/// A process that is killed with its owner.
#[derive(Debug)]
pub struct Running {
    child: Child,
    log: PathBuf,
    /// Where its gRPC is.
    pub url: String,
    /// Address of its admin port.
    pub admin: String,
}

/// The folder that cargo builds binaries into, in the profile of the caller. Makes sure that they are there and new:
/// `cargo test` builds a binary only for the tests of its own package.
///
/// # Panics
/// When they do not build.
pub fn built() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let test = std::env::current_exe().expect("a process knows its binary");
        let profile = test
            .ancestors()
            .nth(2)
            .expect("a test is in target/PROFILE/deps");
        let target = profile.parent().expect("a profile is in target");
        // Just what `cargo test --workspace` builds: other packages, other features, another build of everything.
        let status = Command::new(env!("CARGO"))
            .args([
                "build",
                "--workspace",
                "--all-targets",
                "--locked",
                "--target-dir",
            ])
            .arg(target)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status();
        assert!(
            status.is_ok_and(|it| it.success()),
            "the services do not build"
        );
        profile.to_owned()
    })
}

impl Running {
    /// Starts a service on free ports and waits until it is ready. Its log goes to the file `log`; `set_up` adds flags and
    /// variables.
    ///
    /// # Errors
    /// When it is not ready in time; with its log.
    pub fn start(binary: &Path, log: &Path, set_up: impl FnOnce(&mut Command)) -> Result<Running> {
        let mut command = Command::new(binary);
        command
            .args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(log)?);
        set_up(&mut command);
        let child = command
            .spawn()
            .with_context(|| binary.display().to_string())?;
        let mut running = Running {
            child,
            log: log.to_owned(),
            url: String::new(),
            admin: String::new(),
        };
        let (grpc, admin) = running.wait(ports)?;
        running.url = format!("http://{grpc}");
        running.admin.clone_from(&admin);
        running.wait(|_| ready(&admin).then_some(()))?;
        Ok(running)
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Asks it to end (SIGTERM), and waits for that.
    ///
    /// # Errors
    /// When it does not end in time, or says that something went wrong.
    pub fn stop(mut self) -> Result<()> {
        let asked = Command::new("kill").arg(self.pid().to_string()).status()?;
        ensure!(asked.success(), "there is no process {}", self.pid());
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "{status}: {}", self.log());
                return Ok(());
            }
            std::thread::sleep(PAUSE);
        }
        bail!("it does not end: {}", self.log());
    }

    fn wait<T>(&mut self, found: impl Fn(&str) -> Option<T>) -> Result<T> {
        let began = Instant::now();
        loop {
            let log = self.log();
            if let Some(found) = found(&log) {
                return Ok(found);
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("ended ({status}) instead of getting ready: {log}");
            }
            ensure!(began.elapsed() < PATIENCE, "not ready in time: {log}");
            std::thread::sleep(PAUSE);
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

/// The addresses of gRPC and admin port, as a service logs them.
fn ports(log: &str) -> Option<(String, String)> {
    let (_, rest) = log.split_once("gRPC on ")?;
    let (line, _) = rest.split_once('\n')?;
    let (grpc, admin) = line.split_once(", admin on ")?;
    Some((grpc.to_owned(), admin.trim().to_owned()))
}

fn ready(admin: &str) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = std::net::TcpStream::connect(admin)?;
        stream.write_all(b"GET /ready HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}
