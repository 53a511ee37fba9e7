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
