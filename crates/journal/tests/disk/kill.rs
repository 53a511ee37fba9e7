//! Acknowledged records of a disk journal survive a kill of the process at any moment.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use journal::{Journal, Options, Url};

/// A line of the appender: partition, offset, checksum.
type Line = (u32, u64, u32);

#[test]
fn survives_kill_9() {
    rounds(3);
}

#[test]
#[ignore = "takes half a minute"]
fn survives_kill_9_twenty_times() {
    rounds(20);
}

fn rounds(count: u32) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("journal");
    let mut acknowledged = Vec::new();
    for round in 1..=count {
        let moment = Duration::from_millis(rand::random_range(50..1000));
        let lines = run_and_kill(&path, moment);
        println!(
            "round {round}: killed after {moment:?}, {} appends acknowledged",
            lines.len()
        );
        acknowledged.extend(lines);
        check(&path, &acknowledged);
    }
    assert!(acknowledged.len() > 100, "the appender hardly ran");
}

fn run_and_kill(path: &Path, moment: Duration) -> Vec<Line> {
    let mut child = Command::new(appender())
        .arg(path)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdout = child.stdout.take().expect("a pipe");
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).expect("text");
        text
    });
    std::thread::sleep(moment);
    child.kill().expect("killed");
    child.wait().expect("it is gone");
    let text = reader.join().expect("no panic");
    // The last line may have been cut off.
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().map(line).collect()
}

fn line(text: &str) -> Line {
    let mut words = text.split(' ');
    let mut word = || words.next().expect("three words");
    let (partition, offset) = (
        word().parse().expect("a number"),
        word().parse().expect("a number"),
    );
    (
        partition,
        offset,
        u32::from_str_radix(word(), 16).expect("a checksum"),
    )
}

/// Every acknowledged line exists, and the partition has neither holes nor damage.
fn check(path: &Path, acknowledged: &[Line]) {
    let url = Url::parse(&format!("disk:{}", path.display())).expect("a URL");
    let journal = Journal::open(&url, &Options::default()).expect("it recovers");
    for partition in 0..2 {
        let end = match journal.offsets("kill", partition) {
            Ok(offsets) => offsets.end,
            // Killed before the topic was created.
            Err(error) => return assert!(acknowledged.is_empty(), "{error}"),
        };
        let mut reader = journal.reader("kill", partition, 0).expect("a reader");
        let mut found = Vec::new();
        while (found.len() as u64) < end {
            for record in reader
                .next(8 << 20, Duration::ZERO)
                .expect("it reads")
                .records
            {
                assert_eq!(record.offset, found.len() as u64);
                found.push(crc32c::crc32c(&record.value));
            }
        }
        for (_, offset, checksum) in acknowledged.iter().filter(|line| line.0 == partition) {
            assert_eq!(
                found.get(*offset as usize),
                Some(checksum),
                "{partition}/{offset} was acknowledged"
            );
        }
    }
}

/// The example beside this test, built if it does not exist yet.
fn appender() -> PathBuf {
    let test = std::env::current_exe().expect("a path");
    let profile = test
        .parent()
        .and_then(Path::parent)
        .expect("target/PROFILE/deps/NAME");
    let binary = profile
        .join("examples")
        .join(format!("appender{}", std::env::consts::EXE_SUFFIX));
    if !binary.exists() {
        let built = Command::new(env!("CARGO"))
            .args(["build", "--package", "journal", "--example", "appender"])
            .status()
            .expect("cargo runs");
        assert!(built.success(), "the example does not build");
    }
    binary
}
