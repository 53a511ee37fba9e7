//! Services of different chains, and services of another kind than expected.

use std::path::Path;

use proto::ledger::v1::WatchTransactionResponse;
use proto::ledger::v1::transaction_status::State;
use tempfile::tempdir;

use crate::stage::Stage;
use crate::world::{Ended, Lies, World, run};

const PAYMENT: [&str; 10] = [
    "--to", "bob", "--amount", "5", "--nonce", "1", "--from", "alice", "--memo", "a note",
];

/// The ingest of one world, the ledger and the miner of another.
struct Mixed {
    own: World,
    other: World,
}

impl Mixed {
    fn new() -> Self {
        Self {
            own: World::honest(),
            other: World::of(Stage::new("other"), Lies::default()),
        }
    }

    fn run(&self, folder: &Path, words: &[&str]) -> Ended {
        let (ingest, ledger) = (&self.own.ingest, &self.other.ledger);
        let addresses = [
            "--ingest",
            ingest,
            "--ledger",
            ledger,
            "--miner",
            &self.other.miner,
        ];
        run(folder, words, &addresses)
    }

    /// Both ids, as the message must name them.
    fn ids(&self) -> [String; 2] {
        [&self.own, &self.other].map(|world| world.stage.chain_id().to_string())
    }

    fn is_nothing_sent(&self) -> bool {
        self.own
            .sent
            .lock()
            .expect("nobody panics with it")
            .is_empty()
    }
}

#[test]
fn nothing_is_sent_where_ingest_and_ledger_differ() {
    let (folder, mixed) = (tempdir().expect("a folder"), Mixed::new());
    let [own, other] = mixed.ids();
    let words = ["WRONG_CHAIN", "nothing was sent", &own, &other, "--ingest"];
    let send = [&["tx", "send"], &PAYMENT[..]].concat();
    mixed.run(folder.path(), &send).fails(4, &words);
    let hasty = [&send[..], &["--no-wait"]].concat();
    mixed.run(folder.path(), &hasty).fails(4, &words);
    mixed
        .run(folder.path(), &["keys", "new", "key.pem"])
        .succeeds(&[]);
    let signed = ["tx", "send", "--key", "key.pem", "--memo", "a note"];
    mixed.run(folder.path(), &signed).fails(4, &words);
    let encoded = [
        "tx", "encode", "--key", "key.pem", "--memo", "a note", "-o", "tx",
    ];
    mixed
        .run(folder.path(), &encoded)
        .fails(4, &["WRONG_CHAIN"]);
    assert!(!folder.path().join("tx").exists(), "nothing is signed");
    let plain = [&["tx", "encode", "-o", "tx"], &PAYMENT[..]].concat();
    mixed.run(folder.path(), &plain).succeeds(&[]);
    mixed
        .run(folder.path(), &["tx", "submit", "tx"])
        .fails(4, &words);
    assert!(mixed.is_nothing_sent());
}

#[test]
fn the_chain_that_is_given_is_that_of_names_too() {
    let world = World::honest();
    let other = Stage::new("other").chain_id().to_string();
    let send = [&["tx", "send", "--chain-id", &other], &PAYMENT[..]].concat();
    let own = world.stage.chain_id().to_string();
    world
        .run(&send)
        .fails(4, &["WRONG_CHAIN", "nothing was sent", &own, &other]);
    assert!(world.sent.lock().expect("nobody panics with it").is_empty());
}

#[test]
fn a_submission_names_its_chain() {
    let world = World::honest();
    let own = world.stage.chain_id().to_string();
    let send = [&["tx", "send"], &PAYMENT[..]].concat();
    world
        .run(&send)
        .succeeds(&["INCLUDED", &format!("stage {own}")]);
    let sent = world.sent.lock().expect("nobody panics with it");
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].chain_id, own, "ingest can refuse it elsewhere");
}

#[test]
fn what_no_ledger_sees_is_not_waited_for() {
    let world = World::honest();
    let send = [&["tx", "send"], &PAYMENT[..]].concat();
    // The miner has no blocks, but it answers.
    let nobody = ["--ingest", &world.ingest, "--ledger", &world.miner];
    run(Path::new("."), &send, &nobody).fails(2, &["nothing was sent", "is a miner", "--no-wait"]);
    assert!(world.sent.lock().expect("nobody panics with it").is_empty());
    let hasty = [&send[..], &["--no-wait"]].concat();
    run(Path::new("."), &hasty, &nobody).succeeds(&[&world.stage.id(1)]);
    assert_eq!(world.sent.lock().expect("nobody panics with it").len(), 1);
}

#[test]
fn a_transaction_that_may_be_on_another_chain_is_not_waited_for() {
    let mixed = Mixed::new();
    let [own, other] = mixed.ids();
    let id = mixed.own.stage.id(1);
    mixed
        .run(Path::new("."), &["tx", "watch", &id])
        .fails(4, &["WRONG_CHAIN", &own, &other, "--ledger"]);
    // The ledger has the transaction: the chain of ingest does not matter.
    let id = mixed.other.stage.id(1);
    mixed
        .run(Path::new("."), &["tx", "watch", &id])
        .succeeds(&["INCLUDED"]);
}

#[test]
fn omitted_is_said_of_the_right_chain_only() {
    let omitted = |told: &mut Vec<WatchTransactionResponse>| {
        let status = told[0].status.as_mut().expect("a status");
        status.state = State::Omitted.into();
    };
    let world = World::lying(Lies::default().about("WatchTransaction", omitted));
    let send = [&["tx", "send"], &PAYMENT[..]].concat();
    world.run(&send).fails(4, &["OMITTED", "submit it again"]);
    let other = World::of(
        Stage::new("other"),
        Lies::default().about("WatchTransaction", omitted),
    );
    let ended = run(
        Path::new("."),
        &send,
        &["--ingest", &world.ingest, "--ledger", &other.ledger],
    );
    ended.fails(4, &["WRONG_CHAIN"]);
    assert!(!ended.err.contains("submit it again"), "{}", ended.err);
}

#[test]
fn status_and_doctor_say_that_the_services_differ() {
    let mixed = Mixed::new();
    let [own, other] = mixed.ids();
    let status = mixed.run(Path::new("."), &["status"]);
    status.fails(4, &["WRONG_CHAIN", &own, &other]);
    assert!(status.out.contains("WRONG CHAIN"), "{}", status.out);
    let doctor = mixed.run(Path::new("."), &["doctor"]);
    doctor.fails(1, &["FAULTS"]);
    for told in ["not all serve the same chain", &own, &other, "--ledger"] {
        assert!(doctor.out.contains(told), "{told}: {}", doctor.out);
    }
    let world = World::honest();
    world.run(&["status"]).succeeds(&["stage"]);
    world
        .run(&["doctor"])
        .succeeds(&["ingest accepts transactions for stage"]);
}

#[test]
fn doctor_compares_the_journal_with_the_services() {
    let folder = tempdir().expect("a folder");
    let world = World::honest();
    let new = [
        "genesis",
        "new",
        "--name",
        "third",
        "--open",
        "--out",
        "genesis.json",
    ];
    world.run_in(folder.path(), &new).succeeds(&[]);
    let init = [
        "init",
        "--journal",
        "disk:journal",
        "--genesis",
        "genesis.json",
    ];
    world.run_in(folder.path(), &init).succeeds(&[]);
    let doctor = world.run_in(folder.path(), &["doctor", "--journal", "disk:journal"]);
    doctor.fails(1, &["FAULTS"]);
    for told in [
        "journal disk:journal: third",
        "ledger http",
        "ingest http",
        "miner http",
    ] {
        assert!(doctor.out.contains(told), "{told}: {}", doctor.out);
    }
    // Without an admin miners cannot be listed later.
    assert!(!doctor.out.contains("admin miner add"), "{}", doctor.out);
    assert!(doctor.out.contains("--allow-miner"), "{}", doctor.out);
}

#[test]
fn doctor_is_not_content_with_nothing() {
    // The command would wait for bound and silent ports; unbound ones refuse at once.
    let nobody = [
        "--ingest",
        "http://127.0.0.1:1",
        "--ledger",
        "http://127.0.0.1:1",
        "--miner",
        "http://127.0.0.1:1",
    ];
    let doctor = run(Path::new("."), &["doctor"], &nobody);
    doctor.fails(1, &["FAULTS"]);
    assert!(doctor.out.contains("nothing answered"), "{}", doctor.out);
}

#[test]
fn a_service_where_another_was_expected_is_named() {
    let world = World::honest();
    let send = [&["tx", "send"], &PAYMENT[..]].concat();
    let (ledger, ingest, miner) = (&world.ledger, &world.ingest, &world.miner);
    let cases: [(&[&str], [&str; 2], &str); 4] = [
        (
            &send,
            ["--ingest", ledger],
            "is a ledger, where an ingest was expected",
        ),
        (
            &["block", "list"],
            ["--ledger", ingest],
            "is an ingest, where a ledger was expected",
        ),
        (
            &["tip", "save", "never"],
            ["--ledger", miner],
            "is a miner, where a ledger was expected",
        ),
        (
            &["tx", "status", &world.stage.id(1)],
            ["--ledger", miner],
            "is a miner",
        ),
    ];
    for (words, address, told) in cases {
        let ended = run(Path::new("."), words, &address);
        ended.fails(2, &[address[1], told, address[0]]);
    }
}

#[test]
fn a_port_of_web_pages_is_named_as_one() {
    let world = World::honest();
    let pages = world.pages();
    let ended = run(Path::new("."), &["block", "list"], &["--ledger", &pages]);
    ended.fails(2, &[&pages, "is not a gRPC service", "--ledger"]);
}
