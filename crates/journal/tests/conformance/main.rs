//! Every provider passes the conformance suite.

use journal::{Journal, Options, Url, conformance};

fn open(url: &str) -> Journal {
    let url = Url::parse(url).expect("a URL");
    Journal::open(&url, &Options::default()).expect("the journal opens")
}

#[test]
fn memory() {
    conformance::run(|| open("memory:"));
    conformance::run(|| open("memory:shared"));
}

#[test]
fn disk() {
    let directory = tempfile::tempdir().expect("a directory");
    let url = format!("disk:{}", directory.path().join("journal").display());
    // Reopened for every case: leftovers of earlier cases must not matter.
    conformance::run(|| open(&url));
    let second = {
        let _first = open(&url);
        Journal::open(&Url::parse(&url).expect("a URL"), &Options::default())
    };
    let error = second.err().expect("the journal is locked").to_string();
    let holder = format!("in use by process {}", std::process::id());
    assert!(
        error.contains(&holder) && error.contains("kafka://"),
        "{error}"
    );
}

#[test]
fn kafka() {
    let Some(brokers) = harness::kafka() else {
        return;
    };
    let url = format!("kafka://{brokers}/{}", harness::unique("journal"));
    conformance::run(|| open(&url));
}
